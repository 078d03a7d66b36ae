use proptest::prelude::*;

use super::{
    testkit::{Builder, Indexed, MATERIAL},
    *,
};
use crate::source::{Counted, Known, Memory, Sparse};

fn inspect(bytes: &[u8]) -> Result<Inspected> {
    Mxf.inspect(&Memory::new("A001C001.mxf", bytes))
}

/// Acquisition metadata of a frame: ISO 800, T 4 (2^2: 65536 * 3/4), 4300 K.
fn acquisition_sets() -> Vec<u8> {
    let set = |n: u8, items: &[u8]| {
        [&[6, 0x0e, 0x2b, 0x34, 2, 0x53, 1, 1, 0x0c, 2, 1, 1, n, 1, 0, 0, 0x83, 0, 0, items.len() as u8], items]
            .concat()
    };
    let lens = set(1, &[0x80, 8, 0, 2, 0xc0, 0]);
    let camera = set(2, &[0x81, 0x0b, 0, 2, 3, 0x20, 0x81, 0x0e, 0, 2, 0x10, 0xcc]);
    [lens, camera].concat()
}

#[test]
fn frames_of_one_size_say_the_class_that_the_label_leaves_open() {
    // 300 Mb/s at 29.97 frames is 1.251 MB a frame.
    for (codec, label, expected) in [
        ("XAVC", Some("intra"), Some("Intra Class 300")),
        ("XAVC", None, Some("Intra Class 300")),
        ("XAVC", Some("Class 100"), Some("Class 100")),
        ("XF-AVC", Some("intra"), Some("intra")),
    ] {
        let mut said = Said::default();
        said.codec(codec.to_owned(), "label");
        said.compression(label.map(str::to_owned), "label");
        say_class(1_251_250, &mut said);
        assert_eq!(said.metadata.compression.as_deref(), expected);
    }
}

#[test]
fn a_clip_says_what_its_header_does() {
    let m = inspect(&Builder::default().build(&[100, 200, 300])).unwrap();
    let (m, frames) = (m.metadata, m.frames);
    assert_eq!(m.findings, [""; 0]);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    assert_eq!([text(&m.container), text(&m.codec), text(&m.compression)], ["MXF", "XAVC", "intra"]);
    assert_eq!([text(&m.camera_make), text(&m.camera_model), text(&m.firmware)], ["Sony", "PMW-F55", "8.00"]);
    // Two fields of 1088 lines are stored, of which 1080 are shown: the rest fills the last row of blocks.
    assert_eq!((text(&m.resolution), m.active_area), ("4096x2160".into(), None));
    assert_eq!(m.sources["height"], "Picture DisplayHeight");
    assert_eq!((m.display_size, m.pixel_aspect_ratio), (Some([4096, 2160]), Some(1.0)));
    assert_eq!(
        (m.bit_depth, text(&m.chroma_subsampling), text(&m.color_range)),
        (Some(10), "4:2:2".into(), "legal".into())
    );
    assert_eq!([text(&m.scan), text(&m.color_encoding)], ["interlaced top field first", "S-Log3"]);
    assert_eq!([text(&m.color_primaries), text(&m.decoder_needed)], ["S-Gamut3", "H.264 decoder"]);
    // The material package counts from 0, so the file package's timecode is told.
    assert_eq!([text(&m.start_timecode), text(&m.timecode_rate)], ["01:00:00;00", "30000/1001"]);
    assert_eq!((text(&m.frame_rate), m.frame_count), ("30000/1001".into(), Some(3)));
    assert_eq!([text(&m.tape_name), text(&m.reel_name)], ["A001", "A001"]);
    assert_eq!([text(&m.recorded_at), text(&m.clip_uuid)], ["2024-02-29T12:34:56".into(), "11".repeat(MATERIAL.len())]);
    let sources: Vec<&String> = m.sources.keys().collect();
    let value = serde_json::to_value(&m).unwrap();
    for field in value.as_object().unwrap().keys().filter(|field| !["sources", "findings"].contains(&field.as_str())) {
        assert!(sources.contains(&field), "{field} has no source");
    }
    // A frame begins 97 bytes before its picture: system item 77, key and length 20.
    let empty = Builder::default().unit(0).len() as u64;
    let first = frames.span(0).unwrap();
    assert_eq!(
        (first.len, frames.span(1).unwrap()),
        (100 + empty, FrameSpan { offset: first.offset + 100 + empty, len: 200 + empty })
    );
    assert_eq!((frames.span(2).unwrap().len, frames.count()), (300 + empty, 3));
}

#[test]
fn a_recording_cameras_open_header_is_completed_by_its_footer() {
    let open = Builder { header_status: 1, ..Builder::default() };
    let read = inspect(&open.build(&[50; 4])).unwrap();
    assert_eq!((read.metadata.findings.len(), read.metadata.frame_count, read.frames.count()), (0, Some(4), 4));
    let unended = Builder { footer_has_metadata: false, ..open };
    let read = inspect(&unended.build(&[50; 4])).unwrap();
    assert_eq!(
        read.metadata.findings,
        ["the header is open or incomplete, and no footer completes it: its recording was not ended"]
    );
    // The index still counts them.
    assert_eq!((read.metadata.frame_count, read.frames.count()), (Some(4), 4));
}

#[test]
fn a_run_in_moves_everything() {
    let plain = Builder { indexed: Indexed::Even, ..Builder::default() };
    let shifted = Builder { run_in: vec![7; 1000], ..plain.clone() };
    let (plain, shifted) = (inspect(&plain.build(&[50; 4])).unwrap(), inspect(&shifted.build(&[50; 4])).unwrap());
    assert_eq!(plain.metadata, shifted.metadata);
    let FrameTable::Even { offset, stride, len, count } = plain.frames else { panic!("{:?}", plain.frames) };
    assert_eq!(shifted.frames, FrameTable::Even { offset: offset + 1000, stride, len, count });
    assert_eq!((stride, len, count), (147, 147, 4));
}

#[test]
fn a_file_that_is_cut_off_tells_how_many_frames_are_whole() {
    let cut = |indexed: Indexed| {
        let whole = Builder { indexed, ..Builder::default() }.build(&[1000; 10]);
        let offset = inspect(&whole).unwrap().frames.span(4).unwrap().offset as usize;
        (inspect(&whole[..offset + 5]).unwrap(), offset + 5, whole)
    };
    let (read, end, whole) = cut(Indexed::EvenInHeader);
    let [cut_off, frames] = &read.metadata.findings[..] else { panic!("{:?}", read.metadata.findings) };
    assert!(cut_off.starts_with(&format!("it ends at byte {end}, before its footer at ")), "{cut_off}");
    assert_eq!(frames, &format!("of 10 frames 4 are whole: it is cut off at byte {end}"));
    assert_eq!((read.metadata.frame_count, read.metadata.resolution.as_deref()), (Some(10), Some("4096x2160")));
    assert_eq!(read.frames.count(), 4);
    // The index was in the footer.
    let (read, ..) = cut(Indexed::Even);
    assert_eq!(read.metadata.findings[1], "there is no index table: its frames are not found one by one");
    assert_eq!((read.metadata.frame_count, read.frames.count()), (Some(10), 0));
    let none = inspect(&whole[..400]).unwrap().metadata;
    assert_eq!(none.container.as_deref(), Some("MXF"));
    let error = inspect(&whole[..60]).unwrap_err();
    assert_eq!(error.kind(), "invalid", "{error}");
}

#[test]
fn each_frame_tells_its_own_acquisition_metadata_and_timecode() {
    let builder = Builder { ancillary: acquisition_sets(), ..Builder::default() };
    let bytes = builder.build(&[70_000, 300, 200_000]);
    let file = Counted::new(Memory::new("A001C001.mxf", bytes));
    let m = Mxf.inspect(&file).unwrap().metadata;
    assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
    assert_eq!((m.iso, m.t_stop, m.white_balance_kelvin), (Some(800.0), Some(4.0), Some(4300.0)));
    let mut told = Vec::new();
    Mxf.each_frame(&file, &mut |values| {
        told.push((values.frame, values.values["timecode"].clone(), values.values["iso"].clone()));
        Ok(())
    })
    .unwrap();
    let expected = [(0, "01:00:00;00"), (1, "01:00:00;01"), (2, "01:00:00;02")];
    assert_eq!(told, expected.map(|(frame, timecode)| (frame, timecode.into(), 800.0.into())));
    let silent = Memory::new("A001C001.mxf", Builder::default().build(&[10]));
    Mxf.each_frame(&silent, &mut |values| panic!("{values:?}")).unwrap();
}

/// A file of 100 GB of which the pictures are holes.
fn huge(builder: &Builder, sizes: &[u64]) -> Sparse {
    let (pieces, len) = builder.layout(sizes);
    assert!(len > 100 << 30, "{len}");
    pieces.into_iter().fold(Sparse::new("A001C001.mxf", len), |file, (at, piece)| file.with(at, piece))
}

#[test]
fn a_hundred_gigabytes_of_even_frames_take_five_reads_and_a_mebibyte() {
    let builder =
        Builder { indexed: Indexed::Even, header_status: 1, ancillary: acquisition_sets(), ..Builder::default() };
    let file = Counted::new(huge(&builder, &vec![12_000_000; 9000]));
    let read = Mxf.inspect(&file).unwrap();
    assert_eq!(read.metadata.findings, [""; 0]);
    assert_eq!((read.metadata.iso, read.frames.count()), (Some(800.0), 9000));
    assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
}

#[test]
fn a_hundred_gigabytes_of_uneven_frames_take_five_reads_and_a_mebibyte() {
    for (frames, size) in [(20_000, 6_000_000u64), (200_000, 600_000)] {
        let builder = Builder { ancillary: acquisition_sets(), ..Builder::default() };
        let sizes: Vec<u64> = (0..frames).map(|i| size + i % 7).collect();
        let file = Counted::new(huge(&builder, &sizes));
        let read = Mxf.inspect(&file).unwrap();
        assert_eq!(read.metadata.findings, [""; 0]);
        assert_eq!((read.metadata.iso, read.frames.count()), (Some(800.0), frames));
        assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
        // 220 kB of index are read, 2.2 MB are left in the file.
        assert_eq!(read.frames == FrameTable::Own { count: frames }, frames == 200_000);
        let empty = builder.unit(0).len() as u64;
        let first = Mxf.spans(&file, 0..1).unwrap()[0].offset;
        let before: u64 = sizes[..19_998].iter().map(|size| size + empty).sum();
        let spans = Mxf.spans(&file, 19_998..20_000).unwrap();
        let expected = [
            FrameSpan { offset: first + before, len: sizes[19_998] + empty },
            FrameSpan { offset: first + before + sizes[19_998] + empty, len: sizes[19_999] + empty },
        ];
        assert_eq!(spans, expected);
        let error = Mxf.spans(&file, frames - 1..frames + 1).unwrap_err().to_string();
        assert_eq!(error, format!("A001C001.mxf: there is no frame {frames} in the index"));
    }
}

#[test]
fn over_a_remote_store_it_is_read_range_by_range() {
    let builder = Builder { ancillary: acquisition_sets(), ..Builder::default() };
    let bytes = builder.build(&[200_000, 150_000, 400_000]);
    let mut known = Known::new("A001C001.mxf", bytes.len() as u64);
    let mut fetched = 0;
    let read = loop {
        match Mxf.inspect(&known) {
            Err(Error::Missing { range, .. }) => {
                known.insert(range.start, bytes[range.start as usize..range.end as usize].to_vec());
                fetched += 1;
            }
            other => break other.unwrap(),
        }
    };
    let whole = inspect(&bytes).unwrap();
    assert_eq!((read.metadata, read.frames), (whole.metadata, whole.frames));
    assert!(fetched <= 5, "{fetched}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damage_is_told_or_refused_and_never_more_is_read(
        flips in prop::collection::vec((0usize..4000, any::<u8>()), 0..8),
        cut in 0usize..4000,
        status in 1u8..5,
        is_even: bool,
    ) {
        let indexed = if is_even { Indexed::Even } else { Indexed::Listed };
        let builder =
            Builder { header_status: status, indexed, ancillary: acquisition_sets(), ..Builder::default() };
        let mut bytes = builder.build(&[30, 40, 50]);
        let len = bytes.len();
        for (at, by) in &flips {
            bytes[at % len] ^= by;
        }
        for bytes in [&bytes[..], &bytes[..cut % len]] {
            let file = Counted::new(Memory::new("A001C001.mxf", bytes));
            let read = Mxf.inspect(&file);
            prop_assert!(file.reads() <= 5 && file.bytes() <= 1 << 20);
            if let Ok(read) = read {
                prop_assert!(read.tags.len() <= 4096 && read.frames.end() <= bytes.len() as u64);
                let _ = Mxf.spans(&file, 0..3.min(read.frames.count()));
                let _ = Mxf.each_frame(&file, &mut |values| if values.frame < 100 { Ok(()) } else { Err(Error::invalid("enough")) });
            }
        }
    }

    #[test]
    fn any_bytes_after_a_partition_key_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let key = [6, 0x0e, 0x2b, 0x34, 2, 5, 1, 1, 0x0d, 1, 2, 1, 1, 2, 4, 0, 88];
        let _ = inspect(&[&key[..], &bytes].concat());
    }
}
