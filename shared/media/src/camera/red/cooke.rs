//! Cooke /i: what a lens says of itself (`N`, text), and of every frame (`d`, six bits in each byte).

use serde_json::Value;

use super::tag;
use crate::camera::said::Said;

/// Letter and length of the parts of `N`, and the tag that each is noted as.
const FIXED: &[(u8, usize, &str)] = &[
    (b'S', 9, "CookeSerialNumber"),
    (b'O', 31, "CookeOwner"),
    (b'L', 1, "CookeLensType"),
    (b'N', 3, "CookeShortestFocalLength"),
    (b'f', 3, "CookeShortestFocalLength"),
    (b'M', 3, "CookeLongestFocalLength"),
    (b'U', 1, "CookeUnits"),
    (b'T', 4, "CookeTransmission"),
    (b'B', 4, "CookeFirmwareVersion"),
];

/// The record as REDline writes it: text, or bytes in hexadecimal.
pub(super) fn written(bytes: &[u8]) -> Value {
    let text = bytes.split(|b| *b == 0).next().unwrap_or_default();
    match str::from_utf8(text) {
        Ok(text) if text.starts_with('N') => text.trim().into(),
        _ => bytes.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join("/").into(),
    }
}

/// Notes the values of a record.
pub(super) fn note(bytes: &[u8], said: &mut Said) {
    match bytes.split_first() {
        Some((b'N', rest)) => fixed(rest, said),
        Some((b'd', rest)) => of_frame(rest, said),
        _ => {}
    }
}

fn fixed(mut rest: &[u8], said: &mut Said) {
    while let Some((letter, after)) = rest.split_first() {
        let Some((_, len, name)) = FIXED.iter().find(|(known, ..)| known == letter) else { return };
        let len = (*len).min(after.len());
        said.tag(*name, String::from_utf8_lossy(&after[..len]).trim().to_owned());
        rest = &after[len..];
    }
}

/// Focus and depth of field in millimetres, aperture in hundredths of a T-stop, focal length of a zoom in millimetres.
fn of_frame(rest: &[u8], said: &mut Said) {
    let sixes = |at: usize, len: usize| {
        let bytes = rest.get(at..at + len)?;
        Some(bytes.iter().fold(0_u32, |sum, byte| sum << 6 | u32::from(byte & 0x3f)))
    };
    tag(said, "CookeFocusDistance", sixes(0, 4));
    tag(said, "CookeAperture", sixes(4, 2).map(|hundredths| f64::from(hundredths) / 100.0));
    tag(said, "CookeFocalLength", sixes(8, 2).map(|mm| mm & 0x3ff));
    tag(said, "CookeHyperfocalDistance", sixes(10, 4));
    tag(said, "CookeNearFocus", sixes(14, 4));
    tag(said, "CookeFarFocus", sixes(18, 4));
    // It follows the position of the zoom, where there is one.
    if let Some(number) = [26, 28].iter().find_map(|at| rest.get(at + 1..at + 10).filter(|_| rest[*at] == b'S')) {
        said.tag("CookeSerialNumber", String::from_utf8_lossy(number).trim().to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_lens_says_itself_and_each_frame() {
        let mut said = Said::default();
        let lens = b"NSG53599764OSIGMA                          LPN040M040UIT94  B1.00";
        note(lens, &mut said);
        assert_eq!(written(lens), json!(str::from_utf8(lens).unwrap()));
        for (tag, expected) in [
            ("CookeSerialNumber", json!("G53599764")),
            ("CookeOwner", json!("SIGMA")),
            ("CookeLensType", json!("P")),
            ("CookeShortestFocalLength", json!("040")),
            ("CookeLongestFocalLength", json!("040")),
            ("CookeTransmission", json!("94")),
            ("CookeFirmwareVersion", json!("1.00")),
        ] {
            assert_eq!(said.tags[tag], expected, "{tag}");
        }
        // The first frame of RED's A001_C066_0303LZ, as REDline exports it: at T5.6, focus between its near and far.
        let export = "64/40/40/46/68/48/70/B8/80/40/40/40/42/66/6D/40/40/46/5E/40/40/46/73/45/4E/41/7F/40/40/53/47/35/33\
                      /35/39/39/37/36/34/0A/0D";
        let frame: Vec<u8> = export.split('/').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
        let mut said = Said::default();
        note(&frame, &mut said);
        assert_eq!(written(&frame), json!(export));
        for (tag, expected) in [
            ("CookeAperture", json!(5.6)),
            ("CookeNearFocus", json!(414)),
            ("CookeFocusDistance", json!(424)),
            ("CookeFarFocus", json!(435)),
            ("CookeFocalLength", json!(0)),
            ("CookeSerialNumber", json!("G53599764")),
        ] {
            assert_eq!(said.tags[tag], expected, "{tag}");
        }
    }

    proptest! {
        #[test]
        fn no_record_panics(first in prop_oneof![Just(b'N'), Just(b'd'), any::<u8>()], rest in any::<Vec<u8>>()) {
            let bytes = [&[first], &rest[..]].concat();
            let mut said = Said::default();
            note(&bytes, &mut said);
            written(&bytes);
        }
    }
}
