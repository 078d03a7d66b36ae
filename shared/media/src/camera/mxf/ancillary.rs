//! Ancillary data of an edit unit (SMPTE ST 436), in which cameras write acquisition metadata (RDD 18).

use std::ops::Range;

use super::klv::{Klv, u16_at, u32_at};
use crate::{error::Result, source::Source};

/// Most elements of an edit unit that are passed over.
const MAX_ELEMENTS: usize = 64;
/// Longest ancillary data of an edit unit.
const MAX_ANCILLARY: u64 = 512 << 10;
/// DID and SDID of acquisition metadata.
const ACQUISITION: [u8; 2] = [0x43, 0x05];

/// The acquisition metadata of the edit unit that begins at `unit.start` and ends at `unit.end` at the latest; empty when
/// it has none.
pub(super) fn acquisition(file: &dyn Source, unit: Range<u64>) -> Result<Vec<u8>> {
    let mut at = unit.start;
    for _ in 0..MAX_ELEMENTS {
        if at >= unit.end {
            break;
        }
        let Some(klv) = Klv::read(file, at)? else { break };
        let is_next_unit = at > unit.start && klv.key[12..14] == [4, 1] && klv.key[4] == 2;
        if klv.is_partition() || is_next_unit {
            break;
        }
        let len = klv.value.end - klv.value.start;
        if is_ancillary(&klv) && len <= MAX_ANCILLARY && klv.end() <= file.len() {
            return Ok(packets(&file.read(klv.value)?));
        }
        at = klv.end();
    }
    Ok(Vec::new())
}

fn is_ancillary(klv: &Klv) -> bool {
    klv.is_essence() && klv.key[12] == 0x17 && klv.key[14] == 2
}

/// The acquisition metadata out of the lines of an ancillary data element, joined.
fn packets(element: &[u8]) -> Vec<u8> {
    let mut sets = Vec::new();
    let mut rest = element.get(2..).unwrap_or_default();
    for _ in 0..u16_at(element, 0).unwrap_or(0) {
        // Line u16, wrapping u8, sample coding u8, samples u16, then an array of bytes.
        let Some(size) = u32_at(rest, 6).zip(u32_at(rest, 10)).and_then(|(count, each)| count.checked_mul(each)) else {
            break;
        };
        let Some((line, after)) = rest.get(14..).and_then(|rest| rest.split_at_checked(size as usize)) else { break };
        if line.starts_with(&ACQUISITION)
            && let Some(words) = line.get(2).and_then(|count| line.get(4..3 + usize::from(*count)))
        {
            // The first word counts the packets.
            sets.extend_from_slice(words);
        }
        rest = after;
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_acquisition_metadata_are_joined_and_others_passed_over() {
        let line = |did: [u8; 2], payload: &[u8]| {
            let packet = [&did[..], &[payload.len() as u8 + 1, 1], payload, &[0xaa]].concat();
            let len = packet.len().next_multiple_of(4);
            let head = [&[0, 9, 2, 4, 0, packet.len() as u8][..], &(len as u32).to_be_bytes(), &[0, 0, 0, 1]].concat();
            let padding = vec![0; len - packet.len()];
            [head, packet, padding].concat()
        };
        let element =
            [vec![0, 3], line(ACQUISITION, b"one"), line([0x61, 1], b"captions"), line(ACQUISITION, b"two")].concat();
        assert_eq!(packets(&element), b"onetwo");
        assert_eq!(packets(&element[..40]), b"one");
        assert_eq!(packets(&[0xff; 40]), b"");
    }
}
