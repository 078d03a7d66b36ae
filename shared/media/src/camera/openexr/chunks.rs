//! Whether the pixels of a flat file of one part are all there: the table of its chunks, and the last of them.

use super::attributes::lines_of_chunk;
use crate::{
    camera::said::{Said, text, whole},
    error::Result,
    source::{Source, Windows},
};

/// Longest table that is looked at, in bytes.
const MAX_TABLE: u64 = 256 << 10;

/// Looks for the end of the pixels; the table of chunks begins at byte `table`. A file that ends before is a finding.
///
/// # Errors
/// Those of reading.
pub(super) fn look(file: &Windows<'_>, table: u64, said: &mut Said) -> Result<()> {
    let len = file.len();
    let Some(count) = count(said) else { return Ok(()) };
    let bytes = count.saturating_mul(8);
    let end = table.saturating_add(bytes);
    if end > len {
        said.finding(format!(
            "the table of its {count} chunks ends at byte {end}, but the file has {len}: it is cut short"
        ));
        return Ok(());
    }
    if bytes > MAX_TABLE {
        return Ok(());
    }
    let table = file.read(table..end)?;
    let offsets = || table.as_chunks().0.iter().map(|b| u64::from_le_bytes(*b));
    let unwritten = offsets().filter(|at| *at == 0).count();
    if unwritten > 0 {
        said.finding(format!("{unwritten} of its {count} chunks were never written"));
    }
    let last = offsets().max().unwrap_or(0);
    // A chunk begins with its place (a line, or two coordinates and two levels) and its length.
    let head = if said.tags.contains_key("tiles") { 20 } else { 8 };
    let data = last.saturating_add(head);
    let mut end = data;
    if data <= len && last > 0 {
        let size = file.read(data - 4..data)?;
        end += size.as_ref().try_into().map_or(0, |size| u64::from(u32::from_le_bytes(size)));
    }
    if end > len {
        said.finding(format!("the pixels end at byte {end}, but the file has {len}: the frame is cut short"));
    }
    Ok(())
}

/// Number of chunks: of lines by compression, or of tiles of a single level.
fn count(said: &Said) -> Option<u64> {
    let (width, height) = (u64::from(said.metadata.width?), u64::from(said.metadata.height?));
    let Some(tiles) = said.tags.get("tiles") else {
        return Some(height.div_ceil(lines_of_chunk(&text(said.tags.get("compression")?)?)?));
    };
    let side = |i: usize| tiles.as_array()?.get(i).and_then(whole);
    let (tile_width, tile_height) = (side(0).filter(|n| *n > 0)?, side(1).filter(|n| *n > 0)?);
    let single_level = side(2)? % 16 == 0;
    single_level.then(|| width.div_ceil(tile_width).saturating_mul(height.div_ceil(tile_height)))
}
