//! What the first frame of ProRes and DNx says of itself, where the container leaves it open: one more read, if there is one left.

use serde_json::Value;

use super::{
    boxes::{array, u16_at},
    codecs, color,
};
use crate::{
    camera::{
        FrameSpan,
        said::{Said, whole32},
    },
    error::Result,
    source::{Source as _, Windows},
};

/// Bytes of a frame that hold its header's fields.
const HEADER: u64 = 64;

/// Reads the header of the first frame, when its coding is one of these and something of it is not known yet.
///
/// # Errors
/// [`crate::error::Error::Missing`] and [`crate::error::Error::Io`].
pub(in crate::camera) fn note_first_frame(file: &Windows<'_>, frame: Option<FrameSpan>, said: &mut Said) -> Result<()> {
    let format = said.tags.get("stsd:format").and_then(Value::as_str).unwrap_or_default();
    let m = &said.metadata;
    let is_prores = format.starts_with("ap") && (m.scan.is_none() || m.color_matrix.is_none());
    let is_dnx = format.starts_with("AVd") && (m.scan.is_none() || m.bit_depth.is_none());
    let Some(frame) = frame.filter(|frame| (is_prores || is_dnx) && frame.len >= HEADER) else { return Ok(()) };
    let range = frame.offset..frame.offset.saturating_add(HEADER);
    // A file that is cut off before it says so elsewhere.
    if range.end > file.len() {
        return Ok(());
    }
    if !file.holds(&range) && (file.reads_left() == 0 || file.bytes_left() < super::WINDOW) {
        return Ok(());
    }
    let header = file.read(range).map(std::borrow::Cow::into_owned);
    let Some(header) = said.or_finding(header)? else { return Ok(()) };
    let note = if is_prores { prores } else { dnx };
    note(&header, said);
    Ok(())
}

/// ProRes (SMPTE RDD 36, 5.1 and 6.1): the size of the frame, `icpf`, then its header.
fn prores(frame: &[u8], said: &mut Said) {
    if frame.get(4..8) != Some(b"icpf") || u16_at(frame, 8).is_none_or(|len| len < 20) {
        return;
    }
    let Some([flags, _, primaries, transfer, matrix]) = array(frame, 20) else { return };
    said.tag("icpf:interlace_mode", flags >> 2 & 3);
    for (name, number) in [("icpf:primaries", primaries), ("icpf:transfer", transfer), ("icpf:matrix", matrix)] {
        said.tag(name, number);
    }
    let scan = match flags >> 2 & 3 {
        0 => Some("progressive"),
        1 => Some("interlaced top field first"),
        2 => Some("interlaced bottom field first"),
        _ => None,
    };
    said.scan(scan.map(str::to_owned), "icpf:interlace_mode");
    said.color_primaries(color::primaries(primaries.into()).map(str::to_owned), "icpf:primaries");
    said.color_encoding(color::encoding(transfer.into()).map(str::to_owned), "icpf:transfer");
    said.color_matrix(color::matrix(matrix.into()).map(str::to_owned), "icpf:matrix");
}

/// VC-3 (SMPTE ST 2019-1, 6.2): prefix, coding control, and the picture's geometry with the bits of its samples.
fn dnx(frame: &[u8], said: &mut Said) {
    if frame.get(..4) != Some(&[0, 0, 2, 0x80]) {
        return;
    }
    let (Some(&control), Some(&depth)) = (frame.get(5), frame.get(0x21)) else { return };
    said.tag("dnx:interlaced", control & 2 != 0);
    let bits = match depth >> 5 {
        1 => Some(8),
        2 => Some(10),
        3 => Some(12),
        _ => None,
    };
    said.tag("dnx:bit_depth", bits);
    let id: Option<[u8; 4]> = array(frame, 0x28);
    said.tag("dnx:frame_compression_id", id.map(u32::from_be_bytes));
    said.bit_depth(bits, "dnx:bit_depth");
    let scan = if control & 2 == 0 { "progressive" } else { "interlaced" };
    said.scan(scan.to_owned(), "dnx:interlaced");
    // Of files without Avid's boxes.
    if let Some(dnx) = said.tags.get("dnx:frame_compression_id").and_then(whole32).and_then(codecs::dnx) {
        said.chroma_subsampling(dnx.chroma.to_owned(), "dnx:frame_compression_id");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prores_frame_says_its_fields_and_its_colour() {
        let mut frame = vec![0, 0, 2, 0];
        frame.extend(b"icpf\0\x94\0\0apl0\x07\x80\x04\x38");
        // 4:2:2 with the top field first; no aspect and rate; BT.709 throughout.
        frame.extend([0x84, 0, 1, 1, 1, 0]);
        frame.resize(64, 0);
        let mut said = Said::default();
        prores(&frame, &mut said);
        let m = said.metadata;
        assert_eq!(m.scan.as_deref(), Some("interlaced top field first"));
        assert_eq!((m.color_primaries.as_deref(), m.color_matrix.as_deref()), (Some("BT.709"), Some("BT.709")));
        let mut other = Said::default();
        prores(&frame[4..], &mut other);
        assert_eq!(other.metadata, Said::default().metadata);
    }

    /// The first bytes of frames that FFmpeg 5.1 wrote as DNxHR HQX in 10 bits and as DNxHD in 8, interlaced.
    #[test]
    fn a_dnx_frame_says_its_bits_and_its_fields() {
        for (control, depth, id, bits, scan, chroma) in [
            (1, 0x58, 1271u32, 10, "progressive", "4:2:2"),
            (3, 0x38, 1242, 8, "interlaced", "4:2:2"),
            (1, 0x78, 1270, 12, "progressive", "4:4:4"),
        ] {
            let mut frame = vec![0; 64];
            frame[..6].copy_from_slice(&[0, 0, 2, 0x80, 3, control]);
            frame[0x21] = depth;
            frame[0x28..0x2c].copy_from_slice(&id.to_be_bytes());
            let mut said = Said::default();
            dnx(&frame, &mut said);
            let m = said.metadata;
            assert_eq!((m.bit_depth, m.scan.as_deref()), (Some(bits), Some(scan)), "{id}");
            assert_eq!(m.chroma_subsampling.as_deref(), Some(chroma), "{id}");
        }
    }
}
