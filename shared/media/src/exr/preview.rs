//! Reading our own plates back, and a small picture of one for people.

use std::io::Cursor;

use exr::prelude::{ReadChannels as _, ReadLayers as _};

use crate::{
    color::{AP0, Gamut, REC709, apply},
    error::{Error, Result},
    raw::Rgb,
};

/// Widest preview in pixels.
const MAX_WIDTH: usize = 960;
/// Largest picture that is read back.
const MAX_PIXELS: usize = 256 << 20;

/// Reads the R, G and B planes of an EXR file, with the gamut that it states (AP0 when it states none).
///
/// # Errors
/// [`Error::Invalid`] when it is no EXR file with these channels; [`Error::Unsupported`] when it is too large.
pub fn read(bytes: &[u8]) -> Result<(Rgb, Gamut)> {
    let invalid = |e: exr::error::Error| Error::invalid(format!("not a readable EXR file: {e}"));
    let meta = exr::meta::MetaData::read_from_buffered(Cursor::new(bytes), true).map_err(invalid)?;
    let header = meta.headers.first().ok_or_else(|| Error::invalid("an EXR file without a picture"))?;
    if header.layer_size.area() > MAX_PIXELS {
        return Err(Error::unsupported(format!("an EXR picture of more than {MAX_PIXELS} pixels")));
    }
    let gamut = header.shared_attributes.chromaticities.map_or(AP0, |c| {
        let point = |v: exr::prelude::Vec2<f32>| [f64::from(v.0), f64::from(v.1)];
        Gamut { primaries: [point(c.red), point(c.green), point(c.blue)], white: point(c.white) }
    });
    let image = exr::prelude::read()
        .no_deep_data()
        .largest_resolution_level()
        .all_channels()
        .first_valid_layer()
        .all_attributes()
        .non_parallel()
        .from_buffered(Cursor::new(bytes))
        .map_err(invalid)?;
    let layer = &image.layer_data;
    let plane = |name: &str| -> Result<Vec<f32>> {
        let channel = layer.channel_data.list.iter().find(|c| c.name.eq(name));
        let channel = channel.ok_or_else(|| Error::invalid(format!("the EXR file has no channel {name}")))?;
        Ok(channel.sample_data.values_as_f32().collect())
    };
    let planes = [plane("R")?, plane("G")?, plane("B")?];
    Ok((Rgb { width: layer.size.0, height: layer.size.1, planes }, gamut))
}

/// An 8-bit sRGB PNG of a plate, at most 960 pixels wide: averaged boxes, Rec.709 primaries, everything above 1 cut, sRGB
/// curve. For people to look at; a plate is judged in its own values.
///
/// # Errors
/// Those of [`read`].
pub fn preview(bytes: &[u8]) -> Result<Vec<u8>> {
    let (rgb, gamut) = read(bytes)?;
    let mut small = shrink(&rgb, rgb.width.div_ceil(MAX_WIDTH).max(1));
    apply(&gamut.to(&REC709), &mut small);
    let mut pixels = Vec::with_capacity(small.width * small.height * 3);
    for i in 0..small.width * small.height {
        pixels.extend(small.planes.iter().map(|plane| srgb(plane[i])));
    }
    let mut png = Vec::new();
    let (width, height) = (small.width as u32, small.height as u32);
    let mut encoder = png::Encoder::new(&mut png, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::RelativeColorimetric);
    let write = |e: png::EncodingError| Error::invalid(format!("the preview cannot be written: {e}"));
    let mut writer = encoder.write_header().map_err(write)?;
    writer.write_image_data(&pixels).map_err(write)?;
    writer.finish().map_err(write)?;
    Ok(png)
}

fn shrink(rgb: &Rgb, factor: usize) -> Rgb {
    let (width, height) = ((rgb.width / factor).max(1), (rgb.height / factor).max(1));
    let average = |plane: &Vec<f32>| -> Vec<f32> {
        let mut out = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let (mut sum, mut count) = (0.0, 0.0);
                for row in (y * factor..(y + 1) * factor).filter(|r| *r < rgb.height) {
                    let start = row * rgb.width + x * factor;
                    for value in &plane[start..(start + factor).min((row + 1) * rgb.width)] {
                        sum += value;
                        count += 1.0;
                    }
                }
                out.push(if count > 0.0 { sum / count } else { 0.0 });
            }
        }
        out
    };
    Rgb { width, height, planes: [average(&rgb.planes[0]), average(&rgb.planes[1]), average(&rgb.planes[2])] }
}

/// IEC 61966-2-1, to 0..=255.
fn srgb(linear: f32) -> u8 {
    let v = linear.clamp(0.0, 1.0);
    let coded = if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
    (coded * 255.0 + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn srgb_has_its_published_values() {
        // 0.18 -> 118 (46 %), 0.5 -> 188.
        assert_eq!([0.0, 0.18, 0.5, 1.0, 7.0].map(srgb), [0, 118, 188, 255, 255]);
    }

    #[test]
    fn shrinking_averages_boxes() {
        let rgb = Rgb { width: 4, height: 2, planes: [0; 3].map(|_| vec![1.0, 3.0, 0.0, 0.0, 5.0, 7.0, 0.0, 8.0]) };
        let small = shrink(&rgb, 2);
        assert_eq!((small.width, small.height, small.planes[0].clone()), (2, 1, vec![4.0, 2.0]));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }
    }
}
