//! SMPTE universal labels of colour, in the names that people use.
//!
//! Sources: the SMPTE labels register (`04.01.01.01`), and the makers' private labels (`0E.06` Sony, `0E.15` Canon) as open
//! readers of their files know them.

use std::fmt::Write as _;

/// A universal label: 16 bytes, of which the eighth is only the version of the register.
pub(crate) type Label = [u8; 16];

/// What follows `06.0E.2B.34.04.01.01.vv` -> its name.
type Names = &'static [([u8; 8], &'static str)];

const TRANSFERS: Names = &[
    ([4, 1, 1, 1, 1, 0x01, 0, 0], "BT.470"),
    ([4, 1, 1, 1, 1, 0x02, 0, 0], "BT.709"),
    ([4, 1, 1, 1, 1, 0x03, 0, 0], "SMPTE 240M"),
    ([4, 1, 1, 1, 1, 0x04, 0, 0], "BT.709"), // ST 274 and ST 296, the same curve
    ([4, 1, 1, 1, 1, 0x05, 0, 0], "BT.1361"),
    ([4, 1, 1, 1, 1, 0x06, 0, 0], "Linear"),
    ([4, 1, 1, 1, 1, 0x07, 0, 0], "SMPTE 428-1"),
    ([4, 1, 1, 1, 1, 0x08, 0, 0], "xvYCC"),
    ([4, 1, 1, 1, 1, 0x09, 0, 0], "BT.2020"),
    ([4, 1, 1, 1, 1, 0x0a, 0, 0], "PQ"),
    ([4, 1, 1, 1, 1, 0x0b, 0, 0], "HLG"),
    ([4, 1, 1, 1, 1, 0x10, 0, 0], "Canon Log 2"),
    ([4, 1, 1, 1, 1, 0x11, 0, 0], "Canon Log 3"),
    ([0x0e, 6, 4, 1, 1, 1, 2, 1], "HG3250G36"),
    ([0x0e, 6, 4, 1, 1, 1, 2, 2], "HG4600G30"),
    ([0x0e, 6, 4, 1, 1, 1, 2, 3], "HG3259G40"),
    ([0x0e, 6, 4, 1, 1, 1, 2, 4], "HG4609G33"),
    ([0x0e, 6, 4, 1, 1, 1, 2, 5], "HG8000G36"),
    ([0x0e, 6, 4, 1, 1, 1, 2, 6], "HG8000G30"),
    ([0x0e, 6, 4, 1, 1, 1, 2, 7], "HG8009G40"),
    ([0x0e, 6, 4, 1, 1, 1, 2, 8], "HG8009G33"),
    ([0x0e, 6, 4, 1, 1, 1, 5, 1], "S-Log"),
    ([0x0e, 6, 4, 1, 1, 1, 5, 2], "FS-Log"),
    ([0x0e, 6, 4, 1, 1, 1, 5, 3], "R709 180%"),
    ([0x0e, 6, 4, 1, 1, 1, 5, 4], "R709 800%"),
    ([0x0e, 6, 4, 1, 1, 1, 5, 6], "Cine-Log"),
    ([0x0e, 6, 4, 1, 1, 1, 5, 7], "ASC CDL"),
    ([0x0e, 6, 4, 1, 1, 1, 5, 8], "S-Log2"),
    ([0x0e, 6, 4, 1, 1, 1, 6, 2], "Still"),
    ([0x0e, 6, 4, 1, 1, 1, 6, 4], "S-Log3"),
    ([0x0e, 6, 4, 1, 1, 1, 6, 5], "S-Log3"), // in S-Gamut3.Cine
    ([0x0e, 6, 4, 1, 1, 1, 7, 5], "S-Cinetone"),
    ([0x0e, 6, 4, 1, 1, 1, 7, 6], "ACEScct"),
    ([0x0e, 0x15, 0, 1, 1, 0, 0, 0], "Canon Log"),
    ([0x0e, 0x15, 0, 1, 2, 0, 0, 0], "Canon Log 2"),
    ([0x0e, 0x15, 0, 1, 6, 0, 0, 0], "DCI"),
    ([0x0e, 0x15, 0, 1, 7, 0, 0, 0], "Canon Log 3"),
];

const PRIMARIES: Names = &[
    ([4, 1, 1, 1, 3, 0x01, 0, 0], "BT.601 NTSC"),
    ([4, 1, 1, 1, 3, 0x02, 0, 0], "BT.601 PAL"),
    ([4, 1, 1, 1, 3, 0x03, 0, 0], "BT.709"),
    ([4, 1, 1, 1, 3, 0x04, 0, 0], "BT.2020"),
    ([4, 1, 1, 1, 3, 0x05, 0, 0], "XYZ"),
    ([4, 1, 1, 1, 3, 0x06, 0, 0], "P3-D65"),
    ([4, 1, 1, 1, 3, 0x07, 0, 0], "ACES"),
    ([4, 1, 1, 1, 3, 0x08, 0, 0], "XYZ"),
    ([4, 1, 1, 1, 3, 0x0e, 0, 0], "Cinema Gamut"),
    ([0x0e, 6, 4, 1, 1, 3, 1, 3], "S-Gamut"),
    ([0x0e, 6, 4, 1, 1, 3, 1, 4], "S-Gamut3"),
    ([0x0e, 6, 4, 1, 1, 3, 1, 5], "S-Gamut3.Cine"),
    ([0x0e, 0x15, 0, 2, 2, 0, 0, 0], "Cinema Gamut"),
    ([0x0e, 0x15, 0, 2, 4, 0, 0, 0], "DCI-P3"),
];

const MATRICES: Names = &[
    ([4, 1, 1, 1, 2, 0x01, 0, 0], "BT.601"),
    ([4, 1, 1, 1, 2, 0x02, 0, 0], "BT.709"),
    ([4, 1, 1, 1, 2, 0x03, 0, 0], "SMPTE 240M"),
    ([4, 1, 1, 1, 2, 0x04, 0, 0], "YCgCo"),
    ([4, 1, 1, 1, 2, 0x05, 0, 0], "Identity"),
    ([4, 1, 1, 1, 2, 0x06, 0, 0], "BT.2020"),
];

/// The curve of `TransferCharacteristic`, also of Sony's and Canon's capture gamma.
pub(crate) fn transfer(label: &Label) -> Option<&'static str> {
    name(TRANSFERS, label)
}

/// The gamut of `ColorPrimaries`.
pub(crate) fn primaries(label: &Label) -> Option<&'static str> {
    name(PRIMARIES, label)
}

/// The gamut that a curve's label implies: Sony's S-Log3 has one for each gamut.
pub(crate) fn primaries_of_transfer(label: &Label) -> Option<&'static str> {
    name(&[([0x0e, 6, 4, 1, 1, 1, 6, 4], "S-Gamut3"), ([0x0e, 6, 4, 1, 1, 1, 6, 5], "S-Gamut3.Cine")], label)
}

/// The matrix of `CodingEquations`.
pub(crate) fn matrix(label: &Label) -> Option<&'static str> {
    name(MATRICES, label)
}

/// True for a label of the register of labels, of any version.
pub(crate) fn is_label(label: &Label) -> bool {
    label.starts_with(&[6, 0x0e, 0x2b, 0x34, 4, 1, 1])
}

/// As it is written: `060e2b34.0401010d.04010101.01020000`.
pub(crate) fn dotted(label: &Label) -> String {
    label.chunks(4).map(hex).collect::<Vec<_>>().join(".")
}

/// Two digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What [`dotted`] wrote.
pub(crate) fn parse(text: &str) -> Option<Label> {
    let digits: Vec<char> = text.chars().filter(|c| *c != '.').collect();
    let bytes = digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok());
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

fn name(names: &[([u8; 8], &'static str)], label: &Label) -> Option<&'static str> {
    let rest = label.get(8..)?;
    names.iter().find(|(known, _)| is_label(label) && known == rest).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(version: u8, rest: [u8; 8]) -> Label {
        let mut label = [6, 0x0e, 0x2b, 0x34, 4, 1, 1, version, 0, 0, 0, 0, 0, 0, 0, 0];
        label[8..].copy_from_slice(&rest);
        label
    }

    #[test]
    fn labels_are_known_whatever_version_of_the_register_they_are_of() {
        for version in [1, 6, 0x0d] {
            assert_eq!(transfer(&label(version, [4, 1, 1, 1, 1, 0x0a, 0, 0])), Some("PQ"));
        }
        let cine = label(6, [0x0e, 6, 4, 1, 1, 1, 6, 5]);
        assert_eq!((transfer(&cine), primaries_of_transfer(&cine)), (Some("S-Log3"), Some("S-Gamut3.Cine")));
        assert_eq!(primaries(&label(6, [4, 1, 1, 1, 3, 4, 0, 0])), Some("BT.2020"));
        assert_eq!(matrix(&label(1, [4, 1, 1, 1, 2, 2, 0, 0])), Some("BT.709"));
        assert_eq!(transfer(&[0; 16]), None);
        assert_eq!(dotted(&cine), "060e2b34.04010106.0e060401.01010605");
        assert_eq!(parse("060e2b34.04010106.0e060401.01010605"), Some(cine));
        assert_eq!((parse("060e2b34"), parse("not a label")), (None, None));
    }
}
