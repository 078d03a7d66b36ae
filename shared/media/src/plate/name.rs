//! Names of shots and plates, as studios publish them: `SHOT_PL01_v001.1001.exr`.

use crate::error::{Error, Result};

/// Longest shot name.
const MAX_SHOT: usize = 64;

/// Checks a shot and a plate name: a shot of letters, digits, `.`, `_` and `-` that begins with a letter or digit; a plate
/// of two capital letters and two digits (`PL01`, `BG01`). Source: Netflix, "VFX shot and version naming recommendations".
///
/// # Errors
/// [`Error::Invalid`] with what is wrong.
pub fn check_name(shot: &str, plate: &str) -> Result<()> {
    let refuse = |why: String| Err(Error::invalid(why));
    let shown: String = shot.chars().take(MAX_SHOT).collect();
    if shot.is_empty() {
        return refuse("the shot has no name".into());
    }
    if shot.len() > MAX_SHOT {
        return refuse(format!("shot `{shown}...` is longer than {MAX_SHOT} characters"));
    }
    if let Some(bad) = shot.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))) {
        let bad = bad.escape_debug();
        return refuse(format!(
            "shot `{}` has the character `{bad}`; letters, digits, `.`, `_` and `-` are allowed",
            shown.escape_debug()
        ));
    }
    if !shot.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return refuse(format!("shot `{shown}` does not begin with a letter or a digit"));
    }
    let bytes = plate.as_bytes();
    let good =
        bytes.len() == 4 && bytes[..2].iter().all(u8::is_ascii_uppercase) && bytes[2..].iter().all(u8::is_ascii_digit);
    if !good {
        return refuse(format!(
            "plate `{}` is not two capital letters and two digits, like PL01",
            plate.escape_debug()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn names_are_those_that_studios_accept() {
        assert!(check_name("AGM_104_065_010", "PL01").is_ok());
        for (shot, plate) in [
            ("", "PL01"),
            ("A B", "PL01"),
            ("../A", "PL01"),
            (".A", "PL01"),
            ("A", "pl01"),
            ("A", "PLATE"),
            ("é", "PL01"),
        ] {
            assert!(check_name(shot, plate).is_err(), "{shot} {plate}");
        }
    }
}
