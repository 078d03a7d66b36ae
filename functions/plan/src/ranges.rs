//! How many frames one invocation of `render` gets.

use std::{ops::Range, time::Duration};

use platefleet_media::{exr::Compression, plate::Recipe, raw::Debayer};

/// Most frames of a range, however small they are: its result stays one small document.
const MAX_FRAMES: u64 = 1_000;
/// Nanoseconds that a photosite takes from the bucket to the bucket on one processor, at debayer `quality`. With the one below
/// about twice what a range of 1280x720 took on a processor of 2026 (110 ns, ZIP): one of Lambda is slower, and a range that is
/// too short costs little.
const DEMOSAIC_NS: u64 = 40;
/// The same for deflating the plate.
const DEFLATE_NS: u64 = 160;

/// Frames of a range that takes about this long.
pub(crate) fn frames_in(time: Duration, photosites: u64, recipe: &Recipe) -> u64 {
    // Half a picture has a quarter of the pixels to compress.
    let scale = if recipe.debayer == Debayer::Half { 4 } else { 1 };
    let deflate = if recipe.compression == Compression::None { 0 } else { DEFLATE_NS };
    let frame_ns = photosites.max(1).saturating_mul(DEMOSAIC_NS + deflate) / scale;
    let frames = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX) / frame_ns.max(1);
    frames.clamp(1, MAX_FRAMES)
}

/// Cuts so many frames into ranges of at most `most`, as even as can be.
pub(crate) fn cut(frames: usize, most: u64) -> Vec<Range<usize>> {
    let most = usize::try_from(most.max(1)).unwrap_or(usize::MAX);
    let count = frames.div_ceil(most).max(1);
    (0..count).map(|i| frames * i / count..frames * (i + 1) / count).filter(|r| !r.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn large_frames_make_short_ranges_and_tiny_ones_long_ranges() {
        let frames = |w: u64, h: u64| frames_in(Duration::from_secs(24), w * h, &Recipe::default());
        assert!((4..=12).contains(&frames(4448, 3096)), "{}", frames(4448, 3096));
        assert_eq!((frames(64, 48), frames(1 << 20, 1 << 20)), (MAX_FRAMES, 1));
        let stored = Recipe { compression: Compression::None, ..Recipe::default() };
        assert!(frames_in(Duration::from_secs(24), 4448 * 3096, &stored) > frames(4448, 3096));
    }

    proptest! {
        #[test]
        fn ranges_follow_each_other_and_hold_every_frame(frames in 1usize..5_000, most in 1u64..300) {
            let ranges = cut(frames, most);
            prop_assert_eq!(ranges.first().map(|r| r.start), Some(0));
            prop_assert_eq!(ranges.last().map(|r| r.end), Some(frames));
            prop_assert!(ranges.windows(2).all(|w| w[0].end == w[1].start));
            let (least, longest) = (ranges.iter().map(Range::len).min(), ranges.iter().map(Range::len).max());
            prop_assert!(longest.zip(least).is_some_and(|(l, s)| l as u64 <= most && l - s <= 1));
        }
    }
}
