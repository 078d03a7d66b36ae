//! The CinemaDNG file of one frame (DNG 1.4, CinemaDNG 1.1): one little-endian TIFF directory, EXIF, and one strip.

use platefleet_media::{raw::Cfa, timecode::Timecode};

use crate::{
    Clip,
    camera::{Camera, FORWARD, LIGHT_SOURCE_D55, NEUTRAL, color_matrix},
};

/// A value of a tag.
enum Value {
    Bytes(Vec<u8>),
    Text(String),
    Shorts(Vec<u16>),
    Longs(Vec<u32>),
    Rationals(Vec<(u32, u32)>),
    SignedRationals(Vec<(i32, i32)>),
}

impl Value {
    /// TIFF type, count, and bytes.
    fn encode(&self) -> (u16, u32, Vec<u8>) {
        match self {
            Self::Bytes(b) => (1, b.len() as u32, b.clone()),
            Self::Text(t) => (2, t.len() as u32 + 1, [t.as_bytes(), b"\0"].concat()),
            Self::Shorts(n) => (3, n.len() as u32, n.iter().flat_map(|n| n.to_le_bytes()).collect()),
            Self::Longs(n) => (4, n.len() as u32, n.iter().flat_map(|n| n.to_le_bytes()).collect()),
            Self::Rationals(r) => {
                (5, r.len() as u32, r.iter().flat_map(|(n, d)| [n.to_le_bytes(), d.to_le_bytes()].concat()).collect())
            }
            Self::SignedRationals(r) => {
                (10, r.len() as u32, r.iter().flat_map(|(n, d)| [n.to_le_bytes(), d.to_le_bytes()].concat()).collect())
            }
        }
    }
}

/// A number as so many ten-thousandths; what the constants of the camera are written in.
fn signed(n: f64) -> (i32, i32) {
    ((n * 10_000.0).round() as i32, 10_000)
}

fn unsigned(n: f64) -> (u32, u32) {
    ((n * 10_000.0).round() as u32, 10_000)
}

/// A directory at `at`, its values behind it.
fn directory(tags: &[(u16, Value)], at: usize) -> Vec<u8> {
    let mut sorted: Vec<_> = tags.iter().map(|(tag, value)| (*tag, value.encode())).collect();
    sorted.sort_by_key(|(tag, _)| *tag);
    let mut table = (sorted.len() as u16).to_le_bytes().to_vec();
    let mut values = Vec::new();
    let values_at = at + 2 + sorted.len() * 12 + 4;
    for (tag, (kind, count, mut bytes)) in sorted {
        table.extend([&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes()].concat());
        if bytes.len() > 4 {
            bytes.resize(bytes.len().next_multiple_of(2), 0);
            let place = (values_at + values.len()) as u32;
            values.append(&mut bytes);
            bytes.extend(place.to_le_bytes());
        }
        bytes.resize(4, 0);
        table.append(&mut bytes);
    }
    table.extend([0; 4]);
    table.append(&mut values);
    table
}

/// Everything before the pixels, padded to whole sectors.
pub(crate) fn header(clip: &Clip, timecode: Timecode, picture_bytes: usize) -> Vec<u8> {
    let camera = &clip.camera;
    let time = timecode.digits();
    let date = clip.date;
    let moment =
        format!("{:04}:{:02}:{:02} {:02}:{:02}:{:02}", date.0, date.1, date.2, time.hours, time.minutes, time.seconds);
    let exposure_time = clip.exposure_time();
    let focal = u32::from(u16::try_from(camera.focal_length_mm).unwrap_or(u16::MAX));
    let exif = [
        (33434, Value::Rationals(vec![exposure_time])),
        (33437, Value::Rationals(vec![unsigned(camera.t_stop)])),
        (34855, Value::Shorts(vec![camera.iso])),
        (36867, Value::Text(moment.clone())),
        (37386, Value::Rationals(vec![(focal, 1)])),
        (42036, Value::Text(camera.lens.clone())),
    ];
    let pattern = match camera.phase {
        Cfa::Rggb => [0, 1, 1, 2],
        Cfa::Grbg => [1, 0, 2, 1],
        Cfa::Gbrg => [1, 2, 0, 1],
        Cfa::Bggr => [2, 1, 1, 0],
    };
    let (width, height) = (clip.width as u32, clip.height as u32);
    let matrix = |m: [[f64; 3]; 3]| Value::SignedRationals(m.concat().into_iter().map(signed).collect());
    let codes = timecode.to_dng().map_or_else(Vec::new, Vec::from);
    let mut tags = vec![
        (254, Value::Longs(vec![0])),
        (256, Value::Longs(vec![width])),
        (257, Value::Longs(vec![height])),
        (258, Value::Shorts(vec![camera.bits as u16])),
        (259, Value::Shorts(vec![1])),
        (262, Value::Shorts(vec![32803])),
        (271, Value::Text(Camera::MAKE.to_owned())),
        (272, Value::Text(Camera::MODEL.to_owned())),
        (274, Value::Shorts(vec![1])),
        (277, Value::Shorts(vec![1])),
        (278, Value::Longs(vec![height])),
        (279, Value::Longs(vec![picture_bytes as u32])),
        (284, Value::Shorts(vec![1])),
        (305, Value::Text(format!("platefleet-footage {}", env!("CARGO_PKG_VERSION")))),
        (306, Value::Text(moment)),
        (33421, Value::Shorts(vec![2, 2])),
        (33422, Value::Bytes(pattern.to_vec())),
        (50706, Value::Bytes(vec![1, 4, 0, 0])),
        (50707, Value::Bytes(vec![1, 1, 0, 0])),
        (50708, Value::Text(format!("{} {}", Camera::MAKE, Camera::MODEL))),
        (50710, Value::Bytes(vec![0, 1, 2])),
        (50711, Value::Shorts(vec![1])),
        (50713, Value::Shorts(vec![1, 1])),
        (50714, Value::Shorts(vec![camera.black])),
        (50717, Value::Longs(vec![u32::from(camera.white)])),
        (50718, Value::Rationals(vec![(1, 1), (1, 1)])),
        (50719, Value::Longs(vec![0, 0])),
        (50720, Value::Longs(vec![width, height])),
        (50721, matrix(color_matrix())),
        (50728, Value::Rationals(NEUTRAL.into_iter().map(unsigned).collect())),
        (50730, Value::SignedRationals(vec![(0, 1)])),
        (50735, Value::Text(camera.serial.clone())),
        (50736, Value::Rationals(vec![(focal, 1), (focal, 1), (0, 0), (0, 0)])),
        (50778, Value::Shorts(vec![LIGHT_SOURCE_D55])),
        (50829, Value::Longs(vec![0, 0, height, width])),
        (50964, matrix(FORWARD)),
        (51044, Value::SignedRationals(vec![(clip.rate.num() as i32, clip.rate.den() as i32)])),
        (51058, Value::Rationals(vec![unsigned(camera.t_stop)])),
        (51081, Value::Text(clip.reel.clone())),
        (51105, Value::Text(camera.label.clone())),
    ];
    if !codes.is_empty() {
        tags.push((51043, Value::Bytes(codes)));
    }
    // Offsets do not change lengths: lay out once to know where things come to stand.
    tags.extend([(273, Value::Longs(vec![0])), (34665, Value::Longs(vec![0]))]);
    let exif_at = 8 + directory(&tags, 8).len();
    let exif = directory(&exif, exif_at);
    let picture_at = (exif_at + exif.len()).next_multiple_of(512);
    tags.retain(|(tag, _)| ![273, 34665].contains(tag));
    tags.extend([(273, Value::Longs(vec![picture_at as u32])), (34665, Value::Longs(vec![exif_at as u32]))]);
    let mut header = [&b"II*\0\x08\0\0\0"[..], &directory(&tags, 8), &exif].concat();
    header.resize(picture_at, 0);
    header
}

/// Appends a row of code values: 12 bits most significant first, or 16 bits little-endian. Rows begin at whole bytes.
pub(crate) fn pack_row(codes: &[u16], bits: u32, packed: &mut [u8]) {
    if bits == 16 {
        for (out, code) in packed.chunks_exact_mut(2).zip(codes) {
            out.copy_from_slice(&code.to_le_bytes());
        }
        return;
    }
    for (out, pair) in packed.chunks_exact_mut(3).zip(codes.chunks_exact(2)) {
        out[0] = (pair[0] >> 4) as u8;
        out[1] = ((pair[0] & 15) << 4 | pair[1] >> 8) as u8;
        out[2] = pair[1] as u8;
    }
}
