//! The plate writer: half RGB scanline OpenEXR, single part.
//!
//! Equal inputs make equal bytes: attributes are written in the order of their names, lines from the top, compression with
//! one setting. Source: OpenEXR file layout 2.0; SMPTE ST 2065-4 for the `aces-strict` profile.

mod header;
mod preview;

use std::io::Cursor;

use exr::prelude::{
    AnyChannel, AnyChannels, Blocks, Compression as Exr, Encoding, FlatSamples, Image, Layer, LineOrder, SmallVec,
    WritableImage as _,
};
use half::{f16, slice::HalfFloatSliceExt as _};
use serde::{Deserialize, Serialize};

pub use header::{Header, Profile};
pub use preview::{preview, read};

use crate::{
    error::{Error, Result},
    raw::{Rect, Rgb},
};

/// How plates are compressed. All are lossless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Deflate over 16 lines.
    #[default]
    Zip,
    /// Deflate over each line.
    Zips,
    /// Wavelet over 32 lines: small for grain.
    Piz,
    /// As it is.
    None,
}

/// Largest finite half; brighter values become it, so that a plate has no infinity.
const LARGEST: f32 = 65_504.0;

/// Writes the part of a picture that `crop` keeps as an EXR file. The window begins at 0,0; when something is cut away,
/// `originalDataWindow` says where the whole picture was.
///
/// # Errors
/// [`Error::Invalid`] when the crop is not inside the picture, or when the header and the profile contradict.
pub fn write(rgb: &Rgb, crop: Rect, compression: Compression, header: &Header) -> Result<Vec<u8>> {
    let inside = crop.left + crop.width <= rgb.width && crop.top + crop.height <= rgb.height;
    if !inside || crop.width == 0 || crop.height == 0 {
        return Err(Error::invalid("the crop is not inside the picture"));
    }
    if header.profile == Profile::AcesStrict && compression != Compression::None {
        return Err(Error::invalid("the profile aces-strict (ST 2065-4) has compression none: ask for that too"));
    }
    // By name, as files have them.
    let channels: SmallVec<[AnyChannel<FlatSamples>; 4]> = [("B", 2), ("G", 1), ("R", 0)]
        .into_iter()
        .map(|(name, plane)| AnyChannel::new(name, FlatSamples::F16(to_half(&rgb.planes[plane], rgb.width, crop))))
        .collect();
    let encoding = Encoding {
        compression: match compression {
            Compression::Zip => Exr::ZIP16,
            Compression::Zips => Exr::ZIP1,
            Compression::Piz => Exr::PIZ,
            Compression::None => Exr::Uncompressed,
        },
        blocks: Blocks::ScanLines,
        line_order: LineOrder::Increasing,
    };
    let size = (crop.width, crop.height);
    let (image_attributes, layer_attributes) = header.attributes(rgb, crop)?;
    let layer = Layer::new(size, layer_attributes, encoding, AnyChannels::sort(channels));
    let mut image = Image::from_layer(layer);
    image.attributes = image_attributes;
    let mut bytes = Vec::with_capacity(crop.width * crop.height * 6 + (64 << 10));
    image
        .write()
        .non_parallel()
        .to_buffered(Cursor::new(&mut bytes))
        .map_err(|e| Error::invalid(format!("the plate cannot be written: {e}")))?;
    header::sort(&mut bytes)?;
    Ok(bytes)
}

/// The values of a crop as halves, nearest even, without infinities; NaN becomes 0.
fn to_half(plane: &[f32], stride: usize, crop: Rect) -> Vec<f16> {
    let mut halves = vec![f16::ZERO; crop.width * crop.height];
    let mut line = vec![0f32; crop.width];
    for (y, out) in halves.chunks_exact_mut(crop.width).enumerate() {
        let start = (crop.top + y) * stride + crop.left;
        for (value, source) in line.iter_mut().zip(&plane[start..start + crop.width]) {
            *value = if source.is_nan() { 0.0 } else { source.clamp(-LARGEST, LARGEST) };
        }
        out.convert_from_f32_slice(&line);
    }
    halves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clip::Metadata, color::WorkingSpace};

    fn picture(width: usize, height: usize) -> Rgb {
        let plane = |k: f32| (0..width * height).map(|i| i as f32 * 0.01 + k).collect();
        Rgb { width, height, planes: [plane(0.0), plane(1.0), plane(2.0)] }
    }

    fn header() -> Header {
        let metadata = Metadata {
            camera_make: Some("maker".into()),
            reel_name: Some("A001".into()),
            t_stop: Some(2.8),
            ..Metadata::default()
        };
        Header {
            profile: Profile::Plate,
            space: WorkingSpace::Aces20651,
            metadata,
            frame: 1001,
            timecode: None,
            rate: "24/1".parse().ok(),
            colour_basis: "test".into(),
            recipe: "00".into(),
            fdl: Some("{\"fdl\":\"é\"}".into()),
        }
    }

    fn whole(rgb: &Rgb) -> Rect {
        Rect { left: 0, top: 0, width: rgb.width, height: rgb.height }
    }

    #[test]
    fn every_compression_holds_the_same_half_values() {
        let rgb = picture(37, 21);
        for compression in [Compression::Zip, Compression::Zips, Compression::Piz, Compression::None] {
            let (back, _) = read(&write(&rgb, whole(&rgb), compression, &header()).unwrap()).unwrap();
            for (plane, original) in back.planes.iter().zip(&rgb.planes) {
                for (a, b) in plane.iter().zip(original) {
                    assert_eq!(a.to_bits(), f16::from_f32(*b).to_f32().to_bits(), "{compression:?}");
                }
            }
        }
    }

    #[test]
    fn equal_pictures_make_equal_bytes() {
        let rgb = picture(16, 40);
        let first = write(&rgb, whole(&rgb), Compression::Zip, &header()).unwrap();
        for _ in 0..8 {
            assert_eq!(write(&rgb, whole(&rgb), Compression::Zip, &header()).unwrap(), first);
        }
    }

    #[test]
    fn a_crop_is_a_copy_of_the_whole_picture() {
        let rgb = picture(20, 10);
        let crop = Rect { left: 3, top: 2, width: 9, height: 5 };
        let (all, _) = read(&write(&rgb, whole(&rgb), Compression::Piz, &header()).unwrap()).unwrap();
        let (part, _) = read(&write(&rgb, crop, Compression::Zip, &header()).unwrap()).unwrap();
        assert_eq!((part.width, part.height), (9, 5));
        for y in 0..5 {
            assert_eq!(part.planes[1][y * 9..][..9], all.planes[1][(y + 2) * 20 + 3..][..9]);
        }
    }

    #[test]
    fn what_a_half_cannot_hold_becomes_finite() {
        let mut rgb = picture(4, 1);
        rgb.planes[0] = vec![f32::INFINITY, f32::NAN, -1e9, 65_519.0];
        let (back, _) = read(&write(&rgb, whole(&rgb), Compression::None, &header()).unwrap()).unwrap();
        assert_eq!(back.planes[0], [65_504.0, 0.0, -65_504.0, 65_504.0]);
    }

    #[test]
    fn the_strict_profile_wants_no_compression_and_ap0() {
        let rgb = picture(4, 4);
        let strict = Header { profile: Profile::AcesStrict, ..header() };
        assert!(write(&rgb, whole(&rgb), Compression::Zip, &strict).is_err());
        let bytes = write(&rgb, whole(&rgb), Compression::None, &strict).unwrap();
        // Version field 2: single part scanlines, names of at most 31 bytes.
        assert_eq!(bytes[..8], [0x76, 0x2f, 0x31, 0x01, 2, 0, 0, 0]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.contains("acesImageContainerFlag"));
        let ap1 = Header { space: WorkingSpace::AcesCg, ..strict };
        assert!(write(&rgb, whole(&rgb), Compression::None, &ap1).is_err());
    }
}
