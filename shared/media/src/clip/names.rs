//! One spelling for every maker and model, whatever a file says.

/// How makers write themselves in files, lower case and without `Inc.` and the like -> how we write them.
const MAKES: &[(&str, &str)] = &[
    ("aaton", "Aaton"),
    ("apple", "Apple"),
    ("arnold & richter", "ARRI"),
    ("arri", "ARRI"),
    ("atomos", "Atomos"),
    ("blackmagic", "Blackmagic Design"),
    ("canon", "Canon"),
    ("dji", "DJI"),
    ("fujifilm", "FUJIFILM"),
    ("gopro", "GoPro"),
    ("hasselblad", "Hasselblad"),
    ("jvc", "JVC"),
    ("kinefinity", "Kinefinity"),
    ("leica", "Leica"),
    ("nikon", "Nikon"),
    ("olympus", "Olympus"),
    ("panasonic", "Panasonic"),
    ("red", "RED"),
    ("sigma", "SIGMA"),
    ("sony", "Sony"),
    ("vision research", "Vision Research"),
    ("z cam", "Z CAM"),
];

/// The maker's name in its one spelling: `SONY` and `Sony Corporation` are `Sony`, `Blackmagic` is `Blackmagic Design`.
/// An unknown maker keeps its own.
pub fn make(text: &str) -> String {
    let text = text.trim();
    let lower = text.to_lowercase();
    let known = MAKES.iter().find(|(begins, _)| {
        lower.strip_prefix(begins).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    });
    known.map_or_else(|| text.to_owned(), |(_, name)| (*name).to_owned())
}

/// A model's name as its maker writes it, with ARRI's in ARRI's own spelling: `Alexa Mini LF` and `ARRI ALEXA Mini LF` are
/// `ALEXA Mini LF`.
pub fn model(text: &str) -> String {
    let text = text.trim();
    let brief = strip_prefix_ignoring_case(text, "ARRI ").map_or(text, str::trim_start);
    for spelling in ["ALEXA", "AMIRA"] {
        if let Some(rest) = strip_prefix_ignoring_case(brief, spelling) {
            return format!("{spelling}{rest}");
        }
    }
    text.to_owned()
}

fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_maker_becomes_one() {
        for (written, known) in [
            ("ARRI", "ARRI"),
            ("Arri AG", "ARRI"),
            ("Blackmagic Design", "Blackmagic Design"),
            ("Blackmagic", "Blackmagic Design"),
            ("SONY", "Sony"),
            ("Sony Corporation", "Sony"),
            ("CANON INC.", "Canon"),
            ("Red Digital Cinema", "RED"),
            ("RED.COM", "RED"),
            ("NIKON CORPORATION", "Nikon"),
            ("Redlake", "Redlake"),
            (" Bolex ", "Bolex"),
        ] {
            assert_eq!(make(written), known, "{written}");
        }
    }

    #[test]
    fn arris_models_have_one_spelling_and_others_their_makers() {
        for (written, known) in [
            ("Alexa Mini LF", "ALEXA Mini LF"),
            ("ARRI ALEXA 35", "ALEXA 35"),
            ("ALEXA65", "ALEXA65"),
            ("Canon EOS C300 Mark III ", "Canon EOS C300 Mark III"),
            ("Blackmagic URSA Mini Pro 4.6K", "Blackmagic URSA Mini Pro 4.6K"),
            ("MPC-3610", "MPC-3610"),
            ("", ""),
        ] {
            assert_eq!(model(written), known, "{written}");
        }
    }
}
