//! What the codings of picture and sound say.

use super::*;

#[test]
fn the_codings_say_their_bits_and_chroma() {
    // avcC: version, profile, constraints, level, length size, one set of 2 bytes, one of 1, then chroma and bits.
    let avc = boxed(b"avcC", &[1, 122, 0x10, 41, 0xff, 0xe1, 0, 2, 9, 9, 1, 0, 1, 9, 0xfe, 0xfa, 0xfa, 0]);
    let mut hevc = vec![0u8; 23];
    (hevc[1], hevc[12], hevc[16], hevc[17]) = (2, 153, 0xfd, 0xfa);
    let named = boxed(b"ADHR", &[b"ADHR0001".to_vec(), words(&[1274])].concat());
    // As FFmpeg writes it.
    let adhr = boxed(b"ADHR", &[b"0001".to_vec(), words(&[1271, 0, 1, 0, 0])].concat());
    for (format, extensions, codec, compression, bits, chroma) in [
        (*b"avc1", avc, "H.264", Some("H.264 High 4:2:2 Intra"), Some(10), Some("4:2:2")),
        (*b"hvc1", boxed(b"hvcC", &hevc), "HEVC", Some("HEVC Main 10"), Some(10), Some("4:2:0")),
        (*b"AVdh", named, "Avid DNxHR LB", None, Some(8), Some("4:2:2")),
        (*b"AVdh", adhr, "Avid DNxHR HQX", None, None, Some("4:2:2")),
        (*b"aprh", Vec::new(), "Apple ProRes RAW HQ", None, Some(12), None),
        (*b"zzzz", Vec::new(), "zzzz", None, None, None),
    ] {
        let metadata = inspect(&clip(&[Video { format, extensions, ..Video::default() }.track()])).metadata;
        assert_eq!(metadata.codec.as_deref(), Some(codec));
        assert_eq!(metadata.compression.as_deref(), compression);
        assert_eq!((metadata.bit_depth, metadata.chroma_subsampling.as_deref()), (bits, chroma), "{codec}");
        assert!(metadata.decoder_needed.is_some());
    }
}

#[test]
fn dnxhd_says_by_its_id_whether_it_is_interlaced() {
    for (id, more, scan) in [
        (1237, Vec::new(), Some("progressive")),
        (1242, Vec::new(), Some("interlaced")),
        (1242, boxed(b"fiel", &[2, 1]), Some("interlaced top field first")),
        (1272, Vec::new(), None),
    ] {
        let ares = boxed(b"ARES", &[b"ARES0001".to_vec(), words(&[id, 1920, 1080, 1])].concat());
        let extensions = [ares, more].concat();
        let metadata = inspect(&clip(&[Video { format: *b"AVdn", extensions, ..Video::default() }.track()])).metadata;
        assert_eq!(metadata.scan.as_deref(), scan, "{id}");
    }
}

#[test]
fn xdcam_says_its_chroma_by_its_format() {
    for (format, chroma) in [(*b"xd5c", Some("4:2:2")), (*b"xdv3", Some("4:2:0")), (*b"xdhd", None)] {
        let metadata = inspect(&clip(&[Video { format, ..Video::default() }.track()])).metadata;
        assert_eq!((metadata.codec.as_deref(), metadata.chroma_subsampling.as_deref()), (Some("XDCAM MPEG-2"), chroma));
    }
}

#[test]
fn channels_of_aac_are_those_of_its_configuration() {
    // As FFmpeg writes AAC LC at 48 kHz: lengths of four bytes; 0x11 0x88 is one channel, 0x11 0xb0 is six.
    let esds = |second: u8| {
        let own = [5, 0x80, 0x80, 0x80, 2, 0x11, second];
        let decoder = [&[4, 0x80, 0x80, 0x80, 20, 0x40, 0x15][..], &[0; 11], &own].concat();
        boxed(b"esds", &[&[0, 0, 0, 0, 3, 0x80, 0x80, 0x80, 28, 0, 2, 0][..], &decoder].concat())
    };
    let fields = [&[0; 8][..], &2u16.to_be_bytes(), &16u16.to_be_bytes(), &[0; 4], &words(&[48_000 << 16])].concat();
    let wave = nested(b"wave", &[boxed(b"frma", b"mp4a"), esds(0xb0)]);
    let quicktime = [&[0, 1][..], &fields[2..], &[0; 16], &wave].concat();
    for (fields, channels) in [
        ([&fields[..], &esds(0x88)].concat(), 1),
        ([&fields[..], &esds(0xb0)].concat(), 6),
        (quicktime, 6),
        // Neither known nor there: as described.
        ([&fields[..], &esds(0x80)].concat(), 2),
        (fields.clone(), 2),
    ] {
        let tables = [boxed(b"stsd", &[words(&[0, 1]), entry(*b"mp4a", &fields)].concat())];
        let sound = track(2, b"soun", 48_000, 96_000, &UPRIGHT, [0, 0], &tables);
        let metadata = inspect(&clip(&[Video::default().track(), sound])).metadata;
        assert_eq!((metadata.audio_channels, metadata.findings), (Some(channels), Vec::new()));
    }
}

#[test]
fn avids_levels_are_the_range() {
    for (level, range) in [(1, Some("legal")), (2, Some("full")), (0, None)] {
        let extensions = boxed(b"ACLR", &[b"ACLR0001".to_vec(), words(&[level, 0])].concat());
        let metadata = inspect(&clip(&[Video { format: *b"AVdn", extensions, ..Video::default() }.track()])).metadata;
        assert_eq!(metadata.color_range.as_deref(), range);
    }
}

#[test]
fn a_clean_aperture_is_the_active_area() {
    let clap = boxed(b"clap", &words(&[1888, 1, 1062, 1, 0, 1, 0, 1]));
    let metadata = inspect(&clip(&[Video { extensions: clap, ..Video::default() }.track()])).metadata;
    assert_eq!(metadata.active_area, Some([16, 9, 1888, 1062]));
}
