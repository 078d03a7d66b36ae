//! Camera originals from elsewhere, decoded and compared with what other readers got from them.

use std::{env, path::PathBuf};

use platefleet_media::{
    camera::{Dng, Format, recognise},
    raw::{Cfa, Rect},
    source::{Counted, File},
};
use sha2::{Digest, Sha256};

/// A file of the reference data; none, and said aloud, where there is none.
fn reference(path: &str) -> Option<PathBuf> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let file = env::var_os("PLATEFLEET_REFERENCE").map_or_else(default, PathBuf::from).join(path);
    if !file.exists() {
        eprintln!("SKIPPED: {} is not there (PLATEFLEET_REFERENCE)", file.display());
        return None;
    }
    Some(file)
}

#[test]
fn a_photograph_of_14_bits_decodes_to_the_codes_that_libraw_finds() {
    let Some(path) = reference("samples/dng/colorchart.dng") else { return };
    let file = Counted::new(File::open(&path).unwrap());
    let format = recognise("colorchart.dng", &file).unwrap();
    let metadata = format.inspect(&file).unwrap().metadata;
    assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
    assert_eq!(metadata.resolution.as_deref(), Some("1888x1182"));
    let mosaic = format.decode(&file, 0).unwrap();
    assert_eq!((mosaic.width, mosaic.height, mosaic.cfa), (1888, 1182, Cfa::Rggb));
    // samples/README.md: ActiveArea top 26, left 152, bottom 1182, right 1886; black 2056, white 15000.
    assert_eq!(mosaic.active, Rect { left: 152, top: 26, width: 1734, height: 1156 });
    assert!(mosaic.levels.black.iter().all(|b| (*b - 2056.0).abs() < 1.0), "{:?}", mosaic.levels.black);
    assert!((mosaic.levels.white - 15000.0).abs() < 0.5);
    let bytes: Vec<u8> = mosaic.samples.iter().flat_map(|code| code.to_le_bytes()).collect();
    let digest = Sha256::digest(&bytes);
    assert_eq!(digest[..8], [0x4b, 0x85, 0x89, 0x70, 0xf8, 0x13, 0x15, 0x49]);
}

#[test]
fn demosaiced_and_pixelless_files_are_inspected_and_not_decoded() {
    for (name, kind, what) in [
        ("05_PGTM2_unsigned8.dng", "unsupported", "LinearRaw"),
        ("06_PGTM2_unsigned16.dng", "unsupported", "LinearRaw"),
        ("07_PGTM2_float16.dng", "unsupported", "LinearRaw"),
        ("DNG.dng", "unsupported", "lossless JPEG"),
    ] {
        let Some(path) = reference(&format!("samples/dng/{name}")) else { continue };
        let file = Counted::new(File::open(&path).unwrap());
        let metadata = Dng.inspect(&file).unwrap().metadata;
        assert!(file.reads() <= 5 && file.bytes() <= 1 << 20, "{} reads, {} bytes", file.reads(), file.bytes());
        assert!(metadata.camera_model.is_some() && metadata.resolution.is_some(), "{metadata:?}");
        let error = Dng.decode(&file, 0).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}
