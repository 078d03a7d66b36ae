//! Formats that are known by name but not read, so that a refusal says what the file is.

use crate::error::Error;

/// A format: its name, its extensions, and what its files have in their first bytes.
struct Known {
    name: &'static str,
    extensions: &'static [&'static str],
    magic: fn(&[u8]) -> bool,
}

/// Closer descriptions before wider ones.
const KNOWN: &[Known] = &[
    Known { name: "Magic Lantern MLV", extensions: &["mlv"], magic: |h| has(h, 0, b"MLVI") },
    Known { name: "Phantom Cine", extensions: &["cine"], magic: |h| has(h, 0, b"CI") && has(h, 4, b"\0\0\x01\0") },
    Known { name: "Cintel CRI", extensions: &["cri"], magic: |h| has(h, 0, b"\x01\0\0\0\x04\0\0\0DV") },
    Known { name: "Sony Wave64", extensions: &["w64"], magic: |h| has(h, 0, b"riff\x2e\x91\xcf\x11") },
    Known { name: "FLAC", extensions: &["flac"], magic: |h| has(h, 0, b"fLaC") },
    Known { name: "MP3", extensions: &["mp3"], magic: |h| has(h, 0, b"ID3") },
    Known { name: "AVI", extensions: &["avi"], magic: |h| has(h, 0, b"RIFF") && has(h, 8, b"AVI ") },
    Known { name: "Matroska or WebM", extensions: &["mkv", "webm"], magic: |h| has(h, 0, b"\x1a\x45\xdf\xa3") },
    Known { name: "JPEG", extensions: &["jpg", "jpeg"], magic: |h| has(h, 0, b"\xff\xd8\xff") },
    Known { name: "PNG", extensions: &["png"], magic: |h| has(h, 0, b"\x89PNG\r\n") },
    Known { name: "HEIF", extensions: &["heic", "heif"], magic: |h| has(h, 4, b"ftyphei") || has(h, 4, b"ftypmif1") },
    Known { name: "MPEG-4 sound (M4A)", extensions: &["m4a"], magic: |h| has(h, 4, b"ftypM4A") },
    Known {
        name: "MPEG transport stream",
        extensions: &["mts", "m2ts"],
        magic: |h| h.first() != Some(&b'G') && has(h, 4, b"G") && h.get(196) == Some(&b'G'),
    },
];

/// Extensions of the formats that are read, and how their files begin.
const READ: &[(&[&str], &str)] = &[
    (&["ari", "arx"], "ARRIRAW (`ARRI`)"),
    (&["dng", "tif", "tiff"], "one (II* or MM*)"),
    (&["dpx"], "DPX (`SDPX` or `XPDS`)"),
    (&["exr"], "OpenEXR (76 2f 31 01)"),
    (&["mxf"], "MXF (a partition pack)"),
    (&["r3d"], "RED R3D (`RED1` or `RED2` after four bytes)"),
    (&["braw", "cr3", "crm", "mov", "mp4", "nev"], "QuickTime or MP4 (`ftyp`, `moov`, `wide` ... after four bytes)"),
    (&["wav", "bwf", "rf64", "aif", "aiff"], "sound (`RIFF`, `RF64`, `BW64` or `FORM`)"),
];

fn has(head: &[u8], at: usize, magic: &[u8]) -> bool {
    head.get(at..).is_some_and(|rest| rest.starts_with(magic))
}

/// Why a file that no reader recognised is refused.
///
/// A format that is known both by extension and by its bytes, or by its bytes alone, is unsupported; a known extension
/// over other bytes is a broken file.
pub(super) fn refusal(extension: &str, head: &[u8]) -> Error {
    if let Some(known) = KNOWN.iter().find(|k| (k.magic)(head)) {
        return Error::unsupported(known.name);
    }
    let unread = KNOWN.iter().find(|k| k.extensions.contains(&extension)).map(|k| k.name);
    let read = READ.iter().find(|(extensions, _)| extensions.contains(&extension)).map(|(_, begins)| *begins);
    match unread.or(read) {
        Some(format) => Error::invalid(format!("it is named .{extension}, but does not begin like {format}")),
        None => Error::invalid("it is no camera format that is known by name or content"),
    }
    .at_offset(0)
}

#[cfg(test)]
mod tests {
    use crate::{camera::recognise, source::Memory};

    #[test]
    fn a_known_format_is_refused_by_name_and_a_broken_file_by_what_it_should_be() {
        for (name, bytes, kind, what) in [
            ("A.cine", &b"CI\x2c\0\0\0\x01\0"[..], "unsupported", "Phantom Cine"),
            ("no-extension", b"MLVI....", "unsupported", "Magic Lantern"),
            ("A.w64", b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb", "unsupported", "Sony Wave64"),
            ("A.avi", b"RIFF\0\0\0\0AVI LIST", "unsupported", "AVI"),
            ("A.mkv", b"\x1a\x45\xdf\xa3\x01\0\0\0", "unsupported", "Matroska"),
            ("A.heic", b"\0\0\0\x18ftypheic", "unsupported", "HEIF"),
            ("A.m4a", b"\0\0\0\x20ftypM4A ", "unsupported", "M4A"),
            ("A.flac", b"fLaC\0\0\0\x22", "unsupported", "FLAC"),
            ("A.mlv", b"garbage garbage", "invalid", "it is named .mlv, but does not begin like Magic Lantern MLV"),
            ("A.ari", b"garbage garbage", "invalid", "it is named .ari, but does not begin like ARRIRAW"),
            ("A.mov", b"garbage garbage", "invalid", "it is named .mov, but does not begin like QuickTime"),
            ("A.mxf", b"garbage garbage", "invalid", "it is named .mxf, but does not begin like MXF"),
            ("A.r3d", b"garbage garbage", "invalid", "it is named .r3d, but does not begin like RED R3D"),
            ("A.dng", b"garbage garbage", "invalid", "it is named .dng, but does not begin like one"),
            ("A.xyz", b"garbage garbage", "invalid", "it is no camera format that is known"),
            ("A.mov", b"", "invalid", "the file is empty"),
        ] {
            let Err(error) = recognise(name, &Memory::new(name, bytes)) else { panic!("{name} was recognised") };
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().starts_with(&format!("{name}: ")) && error.to_string().contains(what), "{error}");
        }
    }
}
