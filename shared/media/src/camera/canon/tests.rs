use proptest::prelude::*;

use super::*;
use crate::{
    camera::{
        dng::testkit::{Builder, Value},
        isobmff::testkit::{UPRIGHT, Video, boxed, entry, header, movie, nested, table, track, words},
        recognise,
    },
    source::{Counted, Sparse},
};

/// A directory of tags.
fn tiff(tags: Vec<(u16, Value)>) -> Vec<u8> {
    Builder::new(tags, Vec::new()).build()
}

fn record(kind: u16, body: &[u8]) -> Vec<u8> {
    [&(12 + body.len() as u32).to_le_bytes()[..], &kind.to_le_bytes(), &[0, 0, 0, 1, 0xff, 0xff], body].concat()
}

fn halves(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// The records of a frame of an EOS C300 as its export shows it: f/4.5, 180 degrees, 18 mm, 5600 K.
fn records(kelvin: u16) -> Vec<u8> {
    let time = [&[0, 0][..], &2022u16.to_le_bytes(), &[1, 1, 0, 1, 46, 0, 0, 0]].concat();
    let exposure = [halves(&[45, 10, 18000, 100]), 0x8000_0640u32.to_le_bytes().to_vec()].concat();
    let white = [&[3, 4, 0, 0x80][..], &kelvin.to_le_bytes(), &[0xff, 0xff]].concat();
    [record(1, &time), record(4, &halves(&[180, 10])), record(5, &exposure), record(6, &white), record(99, &[1])]
        .concat()
}

/// The movie of a clip of `count` frames from byte 8192; the records of its frames from byte 4096, alike in length.
fn moov(count: u32, frame: u32) -> Vec<u8> {
    let cmp1 =
        boxed(b"CMP1", &[&[0xff, 0, 0, 0x30, 1, 0, 0, 0][..], &words(&[5952, 3140, 5952, 3140]), &[12, 0x40]].concat());
    let extensions = [vec![0; 4], cmp1].concat();
    let lens = vec![frame; count as usize];
    let picture = Video { format: *b"CRAW", size: [5952, 3140], extensions, offset: 8192, lens, ..Video::default() };
    let tables = [
        boxed(b"stsd", &[words(&[0, 1]), entry(*b"CTMD", &[])].concat()),
        table(b"stts", 1, &[count, 1001]),
        table(b"stsc", 1, &[1, count, 1]),
        boxed(b"stsz", &words(&[0, records(0).len() as u32, count])),
        table(b"stco", 1, &[4096]),
    ];
    let uuid = [
        UUID.to_vec(),
        boxed(b"CNCV", b"CanonCRM0001/02.10.00/00.00.00"),
        boxed(b"CMT1", &tiff(vec![(271, Value::Text("Canon")), (272, Value::Text("Canon EOS C300 Mark III"))])),
        boxed(b"CMT2", &tiff(vec![(0xa431, Value::Text("012345")), (0xa434, Value::Text("CN7x17 KAS S"))])),
        boxed(
            b"CMT3",
            &tiff(vec![
                (7, Value::Text("Firmware Version 1.0.1")),
                // Size, sensor, two unknown, borders.
                (0xe0, Value::Short(vec![34, 5952, 3140, 1, 1, 16, 10, 5935, 3129, 0, 0, 0, 0, 0, 0, 0, 0])),
            ]),
        ),
        boxed(b"CMT4", b"broken"),
    ];
    let size = [5952 << 16, 3140 << 16];
    movie(&[nested(b"uuid", &uuid), picture.track(), track(4, b"meta", 24000, 1, &UPRIGHT, size, &tables)])
}

fn ftyp() -> Vec<u8> {
    boxed(b"ftyp", b"crx \0\0\0\x01crx isom")
}

fn clip() -> Vec<u8> {
    let mut file = ftyp();
    file.extend(boxed(b"mdat", &vec![0; 9192 - file.len() - 8]));
    let records = [records(5600), records(4300)].concat();
    file[4096..4096 + records.len()].copy_from_slice(&records);
    file.extend(moov(2, 500));
    file
}

#[test]
fn clip_and_first_frame_say_what_they_are() {
    let file = Counted::new(Memory::new("A001C001.CRM", clip()));
    let Inspected { metadata, frames, tags } = recognise("A001C001.CRM", &file).unwrap().inspect(&file).unwrap();
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    assert_eq!(
        (text(&metadata.camera_make), text(&metadata.camera_model)),
        ("Canon".into(), "Canon EOS C300 Mark III".into())
    );
    assert_eq!((text(&metadata.codec), text(&metadata.container)), ("Canon Cinema RAW Light".into(), "CRM".into()));
    assert_eq!((text(&metadata.resolution), metadata.bit_depth), ("5952x3140".into(), Some(12)));
    assert_eq!((metadata.active_area, metadata.display_size), (Some([16, 10, 5920, 3120]), Some([5920, 3120])));
    assert_eq!((text(&metadata.camera_serial), text(&metadata.firmware)), ("012345".into(), "1.0.1".into()));
    assert_eq!((metadata.f_number, metadata.shutter_angle_degrees), (Some(4.5), Some(180.0)));
    assert_eq!(
        (metadata.iso, metadata.focal_length_mm, metadata.white_balance_kelvin),
        (Some(1600.0), Some(18.0), Some(5600.0))
    );
    assert_eq!(text(&metadata.recorded_at), "2022-01-01T00:01:46");
    assert_eq!(text(&metadata.lens_model), "CN7x17 KAS S");
    assert_eq!((text(&metadata.frame_rate), metadata.frame_count), ("24000/1001".into(), Some(2)));
    assert_eq!(text(&metadata.decoder_needed), "Canon RAW (CRX) decoder");
    assert_eq!(frames.span(1), Some(FrameSpan { offset: 8692, len: 500 }));
    assert_eq!(metadata.findings.len(), 1, "{:?}", metadata.findings);
    assert!(metadata.findings[0].starts_with("CMT4: "), "{:?}", metadata.findings);
    assert_eq!(tags["CTMD:99"], "1 bytes");
}

#[test]
fn the_version_of_gps_is_no_directory() {
    // GPSVersionID has the number 0, and its four bytes are no places in the file.
    let gps = Memory::new("A.CR3", tiff(vec![(0, Value::Byte(vec![2, 3, 0, 0]))]));
    let mut said = Said::default();
    directories::note(&gps, "CMT4", &mut said).unwrap();
    assert_eq!(said.tags["CMT4:0"], serde_json::json!([2, 3, 0, 0]));
}

#[test]
fn every_frame_tells_its_own() {
    let mut frames = Vec::new();
    let mut told = |values: FrameValues| {
        frames.push((values.frame, values.values["white_balance_kelvin"].clone()));
        Ok(())
    };
    Canon.each_frame(&Memory::new("A.CRM", clip()), &mut told).unwrap();
    assert_eq!(frames, [(0, 5600.0.into()), (1, 4300.0.into())]);
}

#[test]
fn a_file_of_100_gb_costs_five_reads_wherever_its_movie_is() {
    const LEN: u64 = 100 << 30;
    let moov = moov(30_000, 3_000_000);
    let start = LEN - moov.len() as u64;
    let at_end =
        Sparse::new("A.CRM", LEN).with(0, [ftyp(), header(b"mdat", start - 24)].concat()).with(start, moov.clone());
    let first = [ftyp(), moov].concat();
    let media = header(b"mdat", LEN - first.len() as u64);
    let at_start = Sparse::new("A.CRM", LEN).with(0, [first, media].concat());
    for (file, records) in [(at_end.with(4096, records(5600)), true), (at_start, false)] {
        let file = Counted::new(file);
        let inspected = Canon.inspect(&file).unwrap();
        assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
        assert_eq!((inspected.frames.count(), inspected.metadata.iso.is_some()), (30_000, records));
        assert_eq!(inspected.metadata.camera_model.as_deref(), Some("Canon EOS C300 Mark III"));
    }
}

proptest! {
    #[test]
    fn no_bytes_panic_or_break_the_budget(
        flips in proptest::collection::vec((0usize..12_000, any::<u8>()), 0..16),
        cut in 0usize..3000,
        noise in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut bytes = clip();
        for (at, byte) in flips {
            let len = bytes.len();
            bytes[at % len] = byte;
        }
        bytes.truncate(bytes.len().saturating_sub(cut));
        let file = Counted::new(Memory::new("A.CRM", bytes));
        let _ = Canon.inspect(&file);
        prop_assert!(file.reads() <= 5 && file.bytes() <= 1 << 20);
        let mut said = Said::default();
        records::note(&noise, &mut said);
        records::note(&record(7, &noise), &mut said);
    }
}
