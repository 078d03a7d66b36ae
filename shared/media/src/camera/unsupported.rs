//! Formats that are known by name but not read, so that a refusal says what the file is.

use crate::error::Error;

/// A format: its name, what to do instead, its extensions, and what its files have in their first bytes.
struct Known {
    name: &'static str,
    hint: &'static str,
    extensions: &'static [&'static str],
    magic: fn(&[u8]) -> bool,
}

const MAKERS_SDK: &str = "only its maker's SDK decodes it";
const NOT_YET: &str = "CinemaDNG, MXF, QuickTime and MP4 are read";

/// Closer descriptions before wider ones: many makers use QuickTime.
const KNOWN: &[Known] = &[
    Known {
        name: "RED R3D",
        hint: MAKERS_SDK,
        extensions: &["r3d"],
        magic: |h| has(h, 4, b"RED1") || has(h, 4, b"RED2"),
    },
    Known { name: "Nikon N-RAW", hint: MAKERS_SDK, extensions: &["nev"], magic: |h| has(h, 4, b"ftypniko") },
    Known {
        name: "ARRIRAW",
        hint: "it begins with `ARRI`",
        extensions: &["ari", "arx"],
        magic: |h| has(h, 0, b"ARRI"),
    },
    Known { name: "DPX", hint: NOT_YET, extensions: &["dpx"], magic: |h| has(h, 0, b"SDPX") || has(h, 0, b"XPDS") },
    Known {
        name: "OpenEXR as a source",
        hint: NOT_YET,
        extensions: &["exr"],
        magic: |h| has(h, 0, &[0x76, 0x2f, 0x31, 1]),
    },
    Known { name: "Magic Lantern MLV", hint: NOT_YET, extensions: &["mlv"], magic: |h| has(h, 0, b"MLVI") },
    Known {
        name: "Phantom Cine",
        hint: NOT_YET,
        extensions: &["cine"],
        magic: |h| has(h, 0, b"CI") && has(h, 4, b"\0\0\x01\0"),
    },
    Known { name: "Cintel CRI", hint: NOT_YET, extensions: &["cri"], magic: |h| has(h, 0, b"\x01\0\0\0\x04\0\0\0DV") },
    Known {
        name: "sound (RIFF or AIFF)",
        hint: "pictures are read",
        extensions: &["wav", "bwf", "rf64", "aif", "aiff"],
        magic: is_sound,
    },
    Known {
        name: "TIFF that is not named .dng",
        hint: "name a DNG file .dng",
        extensions: &["tif", "tiff"],
        magic: super::tiff::is_tiff,
    },
];

fn has(head: &[u8], at: usize, magic: &[u8]) -> bool {
    head.get(at..).is_some_and(|rest| rest.starts_with(magic))
}

fn is_sound(head: &[u8]) -> bool {
    (has(head, 0, b"RIFF") || has(head, 0, b"RF64") || has(head, 0, b"FORM"))
        && (has(head, 8, b"WAVE") || has(head, 8, b"AIF"))
}

/// Why a file that no reader recognised is refused.
///
/// A format that is known both by extension and by its bytes, or by its bytes alone, is unsupported; a known extension
/// over other bytes is a broken file.
pub(super) fn refusal(extension: &str, head: &[u8]) -> Error {
    let named = KNOWN.iter().find(|k| k.extensions.contains(&extension));
    if let Some(known) = named.filter(|k| (k.magic)(head)).or_else(|| KNOWN.iter().find(|k| (k.magic)(head))) {
        return Error::unsupported(format!("{} ({})", known.name, known.hint));
    }
    match (named, extension) {
        (Some(known), _) => Error::invalid(format!("it is named .{extension}, but does not begin like {}", known.name)),
        (None, "dng") => Error::invalid("it is named .dng, but does not begin like one (II* or MM*)"),
        _ => Error::invalid("it is no camera format that is known by name or content"),
    }
    .at_offset(0)
}

#[cfg(test)]
mod tests {
    use crate::{camera::recognise, source::Memory};

    #[test]
    fn a_known_format_is_refused_by_name_and_a_broken_file_by_what_it_should_be() {
        for (name, bytes, kind, what) in [
            ("A.R3D", &b"\0\0\x01\0RED2...."[..], "unsupported", "RED R3D"),
            ("no-extension", b"\0\0\x01\0RED2....", "unsupported", "RED R3D"),
            ("A.ari", b"garbage garbage", "invalid", "it is named .ari, but does not begin like ARRIRAW"),
            ("A.dpx", b"XPDS\0\0\0\0", "unsupported", "DPX"),
            ("A.exr", b"\x76\x2f\x31\x01\x02\0\0\0", "unsupported", "OpenEXR"),
            ("A.wav", b"RIFF\0\0\0\0WAVEfmt ", "unsupported", "sound"),
            ("A.tif", b"II*\0\x08\0\0\0", "unsupported", "TIFF"),
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
