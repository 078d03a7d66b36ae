//! How the code values of a DNG picture become linear, where its picture stands, and behind which filters.

use super::{directories::Directories, picture::Picture, tags};
use crate::{
    error::Result,
    raw::{Cfa, Levels, Rect},
};

/// Most entries of a LinearizationTable: one for each 16-bit code.
const MAX_TABLE: usize = 65_536;
/// Longest side of the cell in which black levels repeat.
const MAX_BLACK_CELL: u64 = 16;

/// ActiveArea; the whole picture when absent.
///
/// # Errors
/// [`crate::Error::Invalid`] when it is empty or leaves the picture.
pub(super) fn active_area(dng: &Directories<'_>, picture: &Picture) -> Result<Rect> {
    let Some(entry) = dng.of_raw(tags::ACTIVE_AREA) else {
        return Ok(Rect { left: 0, top: 0, width: picture.width, height: picture.height });
    };
    let area = dng.tiff.integers(entry, tags::ACTIVE_AREA, 4)?;
    let [top, left, bottom, right] = area[..] else {
        return Err(dng.problem(tags::ACTIVE_AREA, format!("{} values where 4 are expected", area.len())));
    };
    if top >= bottom || left >= right || bottom > picture.height as u64 || right > picture.width as u64 {
        let size = format!("{}x{}", picture.width, picture.height);
        let problem =
            format!("top {top}, left {left}, bottom {bottom}, right {right} is no part of the {size} picture");
        return Err(dng.problem(tags::ACTIVE_AREA, problem));
    }
    let [top, left, bottom, right] = [top, left, bottom, right].map(|n| n as usize);
    Ok(Rect { left, top, width: right - left, height: bottom - top })
}

/// The filters as seen from the top left of the *stored* picture.
///
/// CFAPattern begins at the top left of the active area.
///
/// # Errors
/// [`crate::Error::Unsupported`] for anything but a 2x2 Bayer cell of red, green and blue on a square grid.
pub(super) fn filters(dng: &Directories<'_>, active: Rect) -> Result<Cfa> {
    let cell = |tag| match dng.of_raw(tag) {
        Some(entry) => dng.tiff.integers(entry, tag, 256).map(Some),
        None => Ok(None),
    };
    let unsupported = |tag, what: String| Err(dng.unsupported(tag, what));
    let size = cell(tags::CFA_REPEAT_PATTERN_DIM)?.unwrap_or_else(|| vec![2, 2]);
    if size != [2, 2] {
        return unsupported(tags::CFA_REPEAT_PATTERN_DIM, format!("a filter array that repeats in {size:?}, not 2x2"));
    }
    if let Some(layout) = dng.integer(dng.of_raw(tags::CFA_LAYOUT), tags::CFA_LAYOUT)?.filter(|l| *l != 1) {
        return unsupported(tags::CFA_LAYOUT, format!("filter array layout {layout} (staggered)"));
    }
    let planes = cell(tags::CFA_PLANE_COLOR)?.unwrap_or_else(|| vec![0, 1, 2]);
    if planes != [0, 1, 2] {
        return unsupported(tags::CFA_PLANE_COLOR, format!("filter colours {planes:?}, not red, green, blue"));
    }
    let Some(pattern) = cell(tags::CFA_PATTERN)? else {
        return Err(dng.problem(tags::CFA_PATTERN, "the tag is missing"));
    };
    let of_active = match pattern[..] {
        [0, 1, 1, 2] => Cfa::Rggb,
        [1, 0, 2, 1] => Cfa::Grbg,
        [1, 2, 0, 1] => Cfa::Gbrg,
        [2, 1, 1, 0] => Cfa::Bggr,
        _ => return unsupported(tags::CFA_PATTERN, format!("filter pattern {pattern:?}, which is not Bayer's")),
    };
    // A cell repeats every two photosites, so a step forward is a step back.
    Ok(of_active.shifted(active.left & 1, active.top & 1))
}

/// Table, black and white.
///
/// # Errors
/// [`crate::Error::Invalid`] when a value is missing or contradicts another.
pub(super) fn levels(dng: &Directories<'_>, picture: &Picture, active: Rect) -> Result<Levels> {
    let linearization = match dng.of_raw(tags::LINEARIZATION_TABLE) {
        Some(entry) => {
            let table = dng.tiff.integers(entry, tags::LINEARIZATION_TABLE, MAX_TABLE)?;
            if table.is_empty() {
                return Err(dng.problem(tags::LINEARIZATION_TABLE, "a table of no entries"));
            }
            let too_large = |_| dng.problem(tags::LINEARIZATION_TABLE, "an entry is above 65535");
            Some(table.into_iter().map(u16::try_from).collect::<Result<Vec<_>, _>>().map_err(too_large)?)
        }
        None => None,
    };
    let black_repeat = match dng.of_raw(tags::BLACK_LEVEL_REPEAT_DIM) {
        Some(entry) => dng.tiff.integers(entry, tags::BLACK_LEVEL_REPEAT_DIM, 2)?,
        None => vec![1, 1],
    };
    let [rows, columns] = black_repeat[..] else {
        return Err(dng.problem(tags::BLACK_LEVEL_REPEAT_DIM, "one value where 2 are expected"));
    };
    if !(1..=MAX_BLACK_CELL).contains(&rows) || !(1..=MAX_BLACK_CELL).contains(&columns) {
        let problem = format!("{rows}x{columns} is not in 1x1 to {MAX_BLACK_CELL}x{MAX_BLACK_CELL}");
        return Err(dng.problem(tags::BLACK_LEVEL_REPEAT_DIM, problem));
    }
    let black_repeat = [rows as usize, columns as usize];
    let cell = black_repeat[0] * black_repeat[1];
    let numbers = |tag, max| {
        let found = dng.numbers(dng.of_raw(tag), tag, max)?;
        Ok(found.map(|values| values.into_iter().map(|v| v as f32).collect::<Vec<_>>()))
    };
    let black = numbers(tags::BLACK_LEVEL, 256)?.unwrap_or_else(|| vec![0.0; cell]);
    if black.len() != cell {
        return Err(
            dng.problem(tags::BLACK_LEVEL, format!("{} values, but they repeat in {rows}x{columns}", black.len()))
        );
    }
    let delta = |tag, len: usize| {
        let deltas = numbers(tag, len)?.unwrap_or_default();
        if deltas.is_empty() || deltas.len() == len {
            return Ok(deltas);
        }
        Err(dng.problem(tag, format!("{} values, but the active area has {len}", deltas.len())))
    };
    let black_delta_h = delta(tags::BLACK_LEVEL_DELTA_H, active.width)?;
    let black_delta_v = delta(tags::BLACK_LEVEL_DELTA_V, active.height)?;
    let declared = dng.numbers(dng.of_raw(tags::WHITE_LEVEL), tags::WHITE_LEVEL, 16)?;
    let largest_code = ((1u64 << picture.bits) - 1) as f64;
    let white = declared.and_then(|levels| levels.first().copied()).unwrap_or(largest_code) as f32;
    let highest = |values: &[f32]| values.iter().copied().fold(0.0, f32::max);
    let black_at_most = highest(&black) + highest(&black_delta_h) + highest(&black_delta_v);
    if white <= black_at_most {
        let problem = format!("white level {white} is not above black level {black_at_most}");
        return Err(dng.problem(tags::WHITE_LEVEL, problem));
    }
    Ok(Levels { linearization, black, black_repeat, black_delta_h, black_delta_v, white })
}
