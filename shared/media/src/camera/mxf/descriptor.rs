//! Descriptors of picture, sound and ancillary data (SMPTE ST 377-1, annexes): how the essence is made.

use serde_json::Value;

use super::{
    codecs, items,
    packages::ratio,
    sets::{Set, Sets},
};
use crate::camera::{
    labels,
    said::{Rule, Said, positive, text, whole, whole32},
};

/// Descriptors of a file package.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Descriptors<'a> {
    pub(super) picture: Option<Set<'a>>,
    sound: Option<Set<'a>>,
    /// Channels of all sound together.
    channels: u32,
    /// True when there is ancillary data (ST 436), in which cameras write what they know of each frame.
    pub(super) has_ancillary: bool,
}

const PICTURE_RULES: &[Rule] = &[
    ("Picture DisplayWidth", |said, value, tag| {
        said.width(above_0(value).filter(|shown| is_padded(said, "StoredWidth", *shown, 16)), tag);
    }),
    ("Picture DisplayHeight", |said, value, tag| {
        let shown = above_0(value).filter(|shown| is_padded(said, "StoredHeight", *shown, 16));
        said.height(shown.and_then(|height| height.checked_mul(fields(said))), tag);
    }),
    ("Picture StoredWidth", |said, value, tag| said.width(above_0(value), tag)),
    ("Picture StoredHeight", |said, value, tag| {
        said.height(above_0(value).and_then(|height| height.checked_mul(fields(said))), tag);
    }),
    ("Picture DisplayWidth", display),
    ("Picture AspectRatio", |said, value, tag| said.pixel_aspect_ratio(pixel_aspect(said, value), tag)),
    ("Picture FrameLayout", |said, value, tag| said.scan(scan(said, value).map(str::to_owned), tag)),
    ("Picture ComponentDepth", |said, value, tag| said.bit_depth(above_0(value).filter(|bits| *bits <= 64), tag)),
    ("Picture PixelLayout", |said, value, tag| said.bit_depth(depth_of_layout(value), tag)),
    ("Picture ComponentMaxRef", |said, value, tag| {
        said.bit_depth(
            above_0(value).map(|white| 32 - white.leading_zeros()).filter(|bits| (8..=16).contains(bits)),
            tag,
        );
    }),
    ("Picture HorizontalSubsampling", |said, value, tag| said.chroma_subsampling(subsampling(said, value), tag)),
    ("Picture TransferCharacteristic", |said, value, tag| said.color_encoding(named(value, labels::transfer), tag)),
    ("Picture ColorPrimaries", |said, value, tag| said.color_primaries(named(value, labels::primaries), tag)),
    ("Picture TransferCharacteristic", |said, value, tag| {
        said.color_primaries(named(value, labels::primaries_of_transfer), tag);
    }),
    ("Picture CodingEquations", |said, value, tag| said.color_matrix(named(value, labels::matrix), tag)),
    ("Picture BlackRefLevel", |said, value, tag| said.color_range(range(said, value), tag)),
    ("Picture ComponentMinRef", |said, value, tag| said.color_range(range(said, value), tag)),
];

const SOUND_RULES: &[Rule] = &[
    ("Sound AudioSamplingRate", |said, value, tag| {
        said.audio_sample_rate_hz(positive(value).map(|rate| rate.round() as u32).filter(|rate| *rate > 0), tag);
    }),
    ("Sound QuantizationBits", |said, value, tag| said.audio_bit_depth(above_0(value).filter(|bits| *bits <= 64), tag)),
];

impl<'a> Descriptors<'a> {
    pub(super) fn of(package: &Set<'a>) -> Self {
        let Some(descriptor) = package.child(0x4701) else { return Self::default() };
        let mut all = vec![descriptor];
        all.extend(descriptor.children(0x3f01));
        let sounds: Vec<_> = all.iter().filter(|set| matches!(set.class(), Some(0x42 | 0x47 | 0x48))).collect();
        let channels = sounds.iter().filter_map(|set| set.number(0x3d07)).fold(0u64, u64::saturating_add);
        Self {
            picture: all.iter().find(|set| is_picture(set)).copied(),
            sound: sounds.first().map(|set| **set),
            channels: u32::try_from(channels).ok().filter(|n| *n <= 1024).unwrap_or(0),
            has_ancillary: all.iter().any(|set| set.class() == Some(0x5c)),
        }
    }

    /// Notes and says what the descriptors know. `company` made the file.
    pub(super) fn say(&self, sets: &Sets, company: &str, said: &mut Said) {
        if let Some(picture) = &self.picture {
            items::note(sets, picture, "Picture", said);
            for sub in picture.children(0x3f01).into_iter().take(16) {
                items::note(sets, &sub, &format!("Picture {}", items::name_of(&sub)), said);
            }
            said.apply(PICTURE_RULES);
            active_area(said);
            let (coding, container) = (picture.label(0x3201), picture.label(0x3004));
            let tag = if coding.is_some() { "Picture PictureEssenceCoding" } else { "Picture EssenceContainer" };
            if let Some(found) = codecs::picture(coding.as_ref(), container.as_ref(), company) {
                said.codec(found.name, tag);
                said.compression(found.compression, tag);
                said.decoder_needed(found.decoder.map(str::to_owned), tag);
            } else if let Some(label) = coding.or(container) {
                said.decoder_needed(format!("a decoder of {}", labels::dotted(&label)), tag);
            }
        }
        if let Some(sound) = &self.sound {
            items::note(sets, sound, "Sound", said);
            said.apply(SOUND_RULES);
            said.audio_channels(Some(self.channels).filter(|n| *n > 0), "Sound ChannelCount");
            said.audio_codec(codecs::sound(sound.label(0x3d06).as_ref()).to_owned(), "Sound SoundEssenceCoding");
        }
        let rate = self.picture.and_then(|picture| ratio(&picture, 0x3001));
        said.frame_rate(rate, "Picture SampleRate");
    }

    /// Edit units of the essence, as its descriptor counts them.
    pub(super) fn duration(&self) -> Option<u64> {
        self.picture.and_then(|picture| picture.length(0x3002)).filter(|n| *n > 0)
    }
}

fn is_picture(set: &Set<'_>) -> bool {
    // The key of ARRI's picture descriptor before RDD 54.
    let is_arris = set.key[8..14] == [0x0f, 1, 1, 1, 1, 1];
    is_arris || matches!(set.class(), Some(0x27..=0x29 | 0x51)) || (set.class().is_none() && set.get(0x3203).is_some())
}

fn above_0(value: &Value) -> Option<u32> {
    whole32(value).filter(|n| *n > 0)
}

fn tagged(said: &Said, name: &str) -> Option<u64> {
    said.tags.get(&format!("Picture {name}")).and_then(whole)
}

fn signed(said: &Said, name: &str) -> i64 {
    said.tags.get(&format!("Picture {name}")).and_then(Value::as_i64).unwrap_or(0)
}

/// Whether more is stored than is shown only because the coding fills whole blocks: 1088 lines for 1080. D-10 stores 608 lines
/// for 576, as its recorders had them.
fn is_padded(said: &Said, stored: &str, shown: u32, block: u32) -> bool {
    tagged(said, stored)
        .is_some_and(|stored| stored > u64::from(shown) && stored == u64::from(shown.next_multiple_of(block)))
}

/// Fields that a frame is stored in: heights are those of one.
fn fields(said: &Said) -> u32 {
    if tagged(said, "FrameLayout") == Some(1) { 2 } else { 1 }
}

fn scan(said: &Said, value: &Value) -> Option<&'static str> {
    match (whole(value)?, tagged(said, "FieldDominance")) {
        (0 | 4, _) => Some("progressive"),
        (1, Some(2)) => Some("interlaced bottom field first"),
        (1, Some(1)) => Some("interlaced top field first"),
        (1..=3, _) => Some("interlaced"),
        _ => None,
    }
}

/// [width, height] of what is shown; the height of one field is half of it.
fn display(said: &mut Said, width: &Value, tag: &str) {
    let height = said.tags.get("Picture DisplayHeight").and_then(above_0).and_then(|h| h.checked_mul(fields(said)));
    said.display_size(above_0(width).zip(height).map(|(width, height)| [width, height]), tag);
}

/// What is shown, where it is a part of what is stored.
fn active_area(said: &mut Said) {
    let (Some([width, height]), Some(stored)) =
        (said.metadata.display_size, said.metadata.width.zip(said.metadata.height))
    else {
        return;
    };
    let offset =
        |axis: &str| signed(said, &format!("Sampled{axis}Offset")) + signed(said, &format!("Display{axis}Offset"));
    let (left, top) = (u32::try_from(offset("X")), u32::try_from(offset("Y")));
    let (Ok(left), Ok(top)) = (left, top) else { return };
    let top = top.saturating_mul(fields(said));
    let fits = left.saturating_add(width) <= stored.0 && top.saturating_add(height) <= stored.1;
    if fits && (width, height) != stored {
        said.active_area([left, top, width, height], "Picture DisplayXOffset");
    }
}

fn pixel_aspect(said: &Said, aspect: &Value) -> Option<f64> {
    let shown = said.metadata.display_size.or(said.metadata.width.zip(said.metadata.height).map(|(w, h)| [w, h]));
    let [width, height] = shown?;
    let ratio = positive(aspect)? * f64::from(height) / f64::from(width);
    // Aspects are often rounded (178/100): a pixel that is square to a hundredth is square.
    Some(if (ratio - 1.0).abs() < 0.01 { 1.0 } else { (ratio * 10_000.0).round() / 10_000.0 })
}

/// `R10G10B10F2`: bits of the first; a half float (code 253) has 16.
fn depth_of_layout(value: &Value) -> Option<u32> {
    let layout = text(value)?;
    let digits: String = layout.chars().skip(1).take_while(char::is_ascii_digit).collect();
    match digits.parse().ok()? {
        253 => Some(16),
        254 => Some(32),
        bits @ 1..=64 => Some(bits),
        _ => None,
    }
}

fn subsampling(said: &Said, horizontal: &Value) -> Option<String> {
    let vertical = tagged(said, "VerticalSubsampling").unwrap_or(1);
    let name = match (whole(horizontal)?, vertical) {
        (1, 0 | 1) => "4:4:4",
        (2, 0 | 1) => "4:2:2",
        (2, 2) => "4:2:0",
        (4, 0 | 1) => "4:1:1",
        _ => return None,
    };
    Some(name.to_owned())
}

/// `full` when black is 0, `legal` when it is where BT.709 has it.
fn range(said: &Said, black: &Value) -> Option<String> {
    let bits = said.metadata.bit_depth.filter(|bits| (8..=16).contains(bits))?;
    match whole(black)? {
        0 => Some("full".to_owned()),
        black if black == 16 << (bits - 8) => Some("legal".to_owned()),
        _ => None,
    }
}

fn named(value: &Value, name: fn(&labels::Label) -> Option<&'static str>) -> Option<String> {
    labels::parse(&text(value)?).and_then(|label| name(&label)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn which_field_is_first_is_said_where_the_descriptor_does() {
        for (layout, dominance, expected) in [
            (0, None, "progressive"),
            (1, Some(1), "interlaced top field first"),
            (1, Some(2), "interlaced bottom field first"),
            (1, None, "interlaced"),
            (3, Some(1), "interlaced"),
        ] {
            let mut said = Said::default();
            said.tag("Picture FieldDominance", dominance.map(|n| json!(n)));
            assert_eq!(scan(&said, &json!(layout)), Some(expected));
        }
    }
}
