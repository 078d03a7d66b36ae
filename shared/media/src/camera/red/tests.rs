//! Files made by hand, after the one real header that is public.

use proptest::prelude::*;

use super::*;
use crate::source::{Counted, Memory, Sparse};

fn entry(tag: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len() + 4).unwrap();
    [&len.to_be_bytes()[..], &tag.to_be_bytes(), value].concat()
}

fn tags() -> Vec<Vec<u8>> {
    vec![
        entry(0x1001, b"10:00:59:22\0"),
        entry(0x1006, b"130-246-CE5\0"),
        entry(0x2008, &20_833.333f32.to_be_bytes()),
        entry(0x200d, &5600f32.to_be_bytes()),
        entry(0x200e, &(-1.5f32).to_be_bytes()),
        entry(0x1019, b"A"),
        entry(0x101a, b"001"),
        entry(0x1023, b"20220303\0"),
        entry(0x1024, b"132146\0"),
        entry(0x4037, &[0, 0, 0, 0, 0x10, 0, 0x08, 0x70]),
        entry(0x403b, &250u16.to_be_bytes()),
        entry(0x1056, b"A001_C066_0303LZ_002.R3D\0"),
        entry(0x2066, &48f32.to_be_bytes()),
        entry(0x406a, &56u16.to_be_bytes()),
        entry(0x406b, &40u16.to_be_bytes()),
        entry(0x606c, &410i32.to_be_bytes()),
        entry(0x10a0, b"RANGER MONSTRO 8K VV\0"),
        entry(0x1071, b"RANGER\0"),
        entry(0x1057, b"of no name"),
    ]
}

/// A header of RED2 in its block of 4096 bytes: 4096x2160, 24 frames a second.
fn red_two() -> Vec<u8> {
    let mut block = vec![0; 0x5c];
    block[4..8].copy_from_slice(b"RED2");
    block[0x40] = 1;
    block[0x44..0x48].copy_from_slice(b"rdi\x01");
    block[0x4c..0x50].copy_from_slice(&4096u32.to_be_bytes());
    block[0x50..0x54].copy_from_slice(&2160u32.to_be_bytes());
    block[0x56..0x58].copy_from_slice(&1u16.to_be_bytes());
    block[0x58..0x5c].copy_from_slice(&24u32.to_be_bytes());
    let directory = tags().concat();
    block.extend_from_slice(&u16::try_from(directory.len()).unwrap().to_be_bytes());
    block.extend_from_slice(&directory);
    let len = u32::try_from(block.len()).unwrap();
    block[..4].copy_from_slice(&len.to_be_bytes());
    block.resize(4096, 0);
    block
}

/// A frame's own block: its time, and a directory.
fn rdi(microseconds: u64, focus_mm: i32) -> Vec<u8> {
    let mut block = vec![0; 88];
    block[..4].copy_from_slice(&200u32.to_be_bytes());
    block[4..8].copy_from_slice(b"RDI\x01");
    block[56..64].copy_from_slice(&microseconds.to_be_bytes());
    let directory = entry(0x606c, &focus_mm.to_be_bytes());
    block[86..88].copy_from_slice(&u16::try_from(directory.len()).unwrap().to_be_bytes());
    block.extend(directory);
    block.resize(4096, 0);
    block
}

/// The end of a file: where its list of frames is, how many there are.
fn reob(list: u64, frames: u32) -> Vec<u8> {
    let mut block = vec![0; 56];
    block[3] = 56;
    block[4..8].copy_from_slice(b"REOB");
    block[8..12].copy_from_slice(&u32::try_from(list).unwrap().to_be_bytes());
    block[24..28].copy_from_slice(&frames.to_be_bytes());
    block
}

fn rdvo(offsets: &[u32]) -> Vec<u8> {
    let list: Vec<u8> = offsets.iter().flat_map(|o| o.to_be_bytes()).collect();
    [&u32::try_from(list.len() + 8).unwrap().to_be_bytes()[..], b"RDVO", &list].concat()
}

fn inspect(bytes: &[u8]) -> Inspected {
    R3d.inspect(&Memory::new("A001_C066_0303LZ_002.R3D", bytes)).unwrap()
}

#[test]
fn the_directory_of_a_take_is_in_the_record() {
    let Inspected { metadata: m, tags, .. } = inspect(&[red_two(), rdi(0, 410)].concat());
    assert_eq!(m.findings, [""; 0]);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    // The values that REDline exports of A001_C066_0303LZ, but for rates and timecode.
    assert_eq!((text(&m.camera_make), text(&m.camera_model)), ("RED".into(), "RANGER MONSTRO 8K VV".into()));
    assert_eq!((text(&m.clip_name), text(&m.reel_name)), ("A001_C066_0303LZ".into(), "A001".into()));
    assert_eq!((text(&m.camera_index), text(&m.camera_serial)), ("A".into(), "130-246-CE5".into()));
    assert_eq!(text(&m.recorded_at), "2022-03-03T13:21:46");
    assert_eq!((m.width, m.height, text(&m.frame_rate)), (Some(4096), Some(2160), "24/1".into()));
    assert_eq!((text(&m.sensor_frame_rate), text(&m.start_timecode)), ("48/1".into(), "10:00:59:22".into()));
    assert_eq!((m.iso, m.white_balance_kelvin, m.tint), (Some(250.0), Some(5600.0), Some(-1.5)));
    assert_eq!((m.f_number, m.focal_length_mm, m.focus_distance_m), (Some(5.6), Some(40.0), Some(0.41)));
    assert_eq!((m.exposure_time_seconds, m.active_area), (Some(0.020_833_332), Some([0, 0, 4096, 2160])));
    assert_eq!((tags["0x1057"].as_str(), m.decoder_needed.as_deref()), (Some("of no name"), Some("RED R3D SDK")));
}

#[test]
fn the_red_one_has_its_tags_in_a_second_block() {
    let mut block = vec![0; 0x200];
    block[..4].copy_from_slice(&0x200u32.to_be_bytes());
    block[4..8].copy_from_slice(b"RED1");
    block[0x34..0x38].copy_from_slice(&4096u32.to_be_bytes());
    block[0x38..0x3c].copy_from_slice(&2048u32.to_be_bytes());
    block[0x3e..0x42].copy_from_slice(&[0x5d, 0xc0, 0x03, 0xe9]);
    block[0x42] = 4;
    block[0x43..0x5b].copy_from_slice(b"A001_C001_0101AB_001.R3D");
    let directory = [entry(0x101a, b"001"), entry(0x1019, b"B"), entry(0x403b, &320u16.to_be_bytes())].concat();
    let mut second = vec![0; 0x22];
    second[4..8].copy_from_slice(b"RDID");
    second.extend_from_slice(&u16::try_from(directory.len()).unwrap().to_be_bytes());
    second.extend(directory);
    let len = u32::try_from(second.len()).unwrap();
    second[..4].copy_from_slice(&len.to_be_bytes());
    let m = inspect(&[block, second, vec![0; 100]].concat()).metadata;
    assert_eq!((m.width, m.height, m.audio_channels), (Some(4096), Some(2048), Some(4)));
    assert_eq!(m.frame_rate.as_deref(), Some("24000/1001"));
    assert_eq!((m.clip_name.as_deref(), m.reel_name.as_deref()), (Some("A001_C001_0101AB"), Some("B001")));
    assert_eq!(m.iso, Some(320.0));
    assert_eq!(m.findings, ["no list of frames (REOB, RDVO) is at the end of the file: it is cut short"]);
}

#[test]
fn the_end_of_a_file_says_where_its_frames_are() {
    let mut file = red_two();
    file.resize(16_384, 7);
    file.extend(rdvo(&[4096, 8192, 12_000]));
    file.extend(reob(16_384, 3));
    let Inspected { metadata, frames, .. } = inspect(&file);
    let spans = [(4096, 4096), (8192, 3808), (12_000, 4384)].map(|(offset, len)| FrameSpan { offset, len });
    assert_eq!(frames, FrameTable::Listed(spans.to_vec()));
    assert_eq!((metadata.frame_count, metadata.duration_seconds), (Some(3), Some(0.125)));
}

#[test]
fn a_list_that_leads_back_is_a_finding() {
    let mut file = red_two();
    file.resize(16_384, 7);
    file.extend(rdvo(&[8192, 4096]));
    file.extend(reob(16_384, 2));
    let Inspected { metadata, frames, .. } = inspect(&file);
    assert_eq!(
        (metadata.findings.as_slice(), frames.count()),
        (&["RDVO: its frames are not in order".to_owned()][..], 0)
    );
}

#[test]
fn frames_say_their_own_focus_and_time() {
    let file = [red_two(), rdi(1_000_000, 410), rdi(1_041_666, 420)].concat();
    let mut said = Vec::new();
    let mut told = |frame: FrameValues| {
        said.push(format!("{} {} {}", frame.frame, frame.values["timecode"], frame.values["focus_distance_m"]));
        Ok(())
    };
    R3d.each_frame(&Memory::new("A.R3D", &file[..]), &mut told).unwrap();
    assert_eq!(said, [r#"0 "10:00:59:22" 0.41"#, r#"1 "10:00:59:23" 0.42"#]);
}

#[test]
fn a_header_alone_says_that_the_frames_are_cut_off() {
    let findings = inspect(&red_two()).metadata.findings;
    assert_eq!(findings, ["the file ends at byte 4096 with its header: the frames are cut off"]);
    let findings = inspect(&red_two()[..300]).metadata.findings;
    assert!(findings[0].contains("within its header of"), "{findings:?}");
    let error = R3d.inspect(&Memory::new("A.R3D", &b"\0\0\0\x10RED2"[..])).unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("a header of 16 bytes")), ("invalid", true));
}

#[test]
fn a_file_of_100_gigabytes_takes_few_reads() {
    let len = 100 << 30;
    let list = 3 << 30;
    let tail = [rdvo(&[4096, 8192]), reob(list, 2)].concat();
    let file =
        Sparse::new("A.R3D", len).with(0, red_two()).with(list, rdvo(&[4096, 8192])).with(len - 56, reob(list, 2));
    let counted = Counted::new(file);
    let inspected = R3d.inspect(&counted).unwrap();
    assert_eq!((inspected.frames.count(), tail.len()), (2, 72));
    assert!(counted.reads() <= 5 && counted.bytes() <= 1 << 20, "{} reads, {} bytes", counted.reads(), counted.bytes());
}

#[test]
fn frames_of_a_list_too_long_to_be_inspected_are_looked_up() {
    let count = 200_000_u32;
    let offsets: Vec<u32> = (0..count).map(|frame| 4096 + frame * 4096 + frame % 7).collect();
    let list = 1 << 30;
    let end = rdvo(&offsets);
    let len = (list + end.len() as u64).next_multiple_of(512) + 56;
    let file = Sparse::new("A.R3D", len).with(0, red_two()).with(list, end).with(len - 56, reob(list, count));
    let table = R3d.inspect(&file).unwrap().frames;
    assert_eq!(table, FrameTable::Own { count: 200_000 });
    let counted = Counted::new(file);
    let spans = R3d.spans(&counted, 6..8).unwrap();
    assert_eq!(spans, [(28_678, 4090), (32_768, 4097)].map(|(offset, len)| FrameSpan { offset, len }));
    assert!(counted.bytes() <= 1 << 20, "{} bytes", counted.bytes());
    // The last frame ends where the list begins.
    let last = R3d.spans(&counted, 199_999..200_000).unwrap();
    let offset = u64::from(offsets[199_999]);
    assert_eq!(last, [FrameSpan { offset, len: list - offset }]);
    let error = R3d.spans(&counted, 199_999..200_001).unwrap_err();
    assert!(error.to_string().contains("there is no frame 200000"), "{error}");
}

#[test]
fn tags_that_are_not_where_they_should_be_are_found_or_told() {
    // A table of records that no reader knows moves the directory, which begins with the edge code.
    let mut moved = red_two();
    let directory = [entry(0x1000, b"01:00:00:00"), entry(0x403b, &640u16.to_be_bytes())].concat();
    moved[0x40..].fill(0);
    moved[0x80..0x82].copy_from_slice(&u16::try_from(directory.len()).unwrap().to_be_bytes());
    moved[0x82..0x82 + directory.len()].copy_from_slice(&directory);
    let Inspected { metadata, tags, .. } = inspect(&moved);
    assert_eq!((metadata.iso, tags["StartEdgeCode"].as_str()), (Some(640.0), Some("01:00:00:00")));
    let mut none = red_two();
    none[0x40..].fill(0);
    let findings = inspect(&none).metadata.findings;
    assert_eq!(findings[0], "no directory of tags is at byte 68 of its block");
}

#[test]
fn dates_rates_and_lenses_of_other_cameras_are_read() {
    let with = |entries: &[Vec<u8>]| {
        let mut block = red_two();
        block.truncate(0x5c);
        block[0x40] = 0;
        block.truncate(0x44);
        let directory = entries.concat();
        block.extend_from_slice(&u16::try_from(directory.len()).unwrap().to_be_bytes());
        block.extend_from_slice(&directory);
        let len = u32::try_from(block.len()).unwrap();
        block[..4].copy_from_slice(&len.to_be_bytes());
        block.resize(4096, 0);
        inspect(&block).metadata
    };
    // exiftool knows the RED ONE's date and time in one text.
    assert_eq!(with(&[entry(0x1005, b"20090704123456\0")]).recorded_at.as_deref(), Some("2009-07-04T12:34:56"));
    assert_eq!(with(&[entry(0x1005, b"not yet known.\0")]).recorded_at, None);
    assert_eq!(with(&[entry(0x1023, b"20220303\0")]).shoot_day.as_deref(), Some("2022-03-03"));
    let rates = with(&[entry(0x60b0, &24_000i32.to_be_bytes()), entry(0x60bf, &48_048i32.to_be_bytes())]);
    assert_eq!((rates.frame_rate.as_deref(), rates.sensor_frame_rate.as_deref()), (Some("24000/1001"), Some("48/1")));
    // Of a lens that speaks Cooke /i: 45 of T2.8, focus at 1 m, a zoom at 70 mm.
    let lens = [&b"d\x40\x40\x4f\x68\x44\x58\x9c\x80\x41\x46"[..], &[0x40; 16]].concat();
    let m = with(&[entry(0x603c, &[0; 4]), entry(0x703a, &lens), entry(0x606c, &(-1i32).to_be_bytes())]);
    assert_eq!((m.t_stop, m.focal_length_mm, m.focus_distance_m), (Some(2.8), Some(70.0), Some(1.0)));
    let unknown = with(&[entry(0x606c, &0i32.to_be_bytes()), entry(0x406a, &[0, 0]), entry(0x1071, b"\0")]);
    assert_eq!((unknown.focus_distance_m, unknown.f_number, unknown.camera_model), (None, None, None));
}

proptest! {
    #[test]
    fn no_file_panics(at in 0usize..4200, byte in any::<u8>(), cut in 0usize..9000) {
        let mut file = [red_two(), rdi(0, 1)].concat();
        file[at] = byte;
        file.truncate(cut);
        let file = Memory::new("A.R3D", file);
        if R3d.inspect(&file).is_ok() {
            R3d.each_frame(&file, &mut |_| Ok(())).unwrap();
        }
    }

    #[test]
    fn no_bytes_after_the_magic_number_panic(
        version in prop_oneof![Just(b'1'), Just(b'2')],
        len in 0x44u32..2048,
        rest in proptest::collection::vec(any::<u8>(), 0..2048),
        frames in 0u64..4,
    ) {
        let file = [&len.to_be_bytes()[..], b"RED", &[version], &rest].concat();
        let counted = Counted::new(Memory::new("A.R3D", file));
        if R3d.inspect(&counted).is_ok() {
            prop_assert!(counted.reads() <= 5);
            R3d.each_frame(&counted, &mut |_| Ok(())).unwrap();
            let _ = R3d.spans(&counted, 0..frames);
        }
    }

    #[test]
    fn no_list_of_frames_panics(at in 16_384usize..16_460, byte in any::<u8>(), frames in 0u64..5) {
        let mut file = red_two();
        file.resize(16_384, 7);
        file.extend(rdvo(&[4096, 8192, 12_000]));
        file.extend(reob(16_384, 3));
        file[at] = byte;
        let table = inspect(&file).frames;
        prop_assert!(table.end() <= file.len() as u64);
        let _ = R3d.spans(&Memory::new("A.R3D", file), 0..frames);
    }
}
