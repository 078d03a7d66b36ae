//! Colour temperature: the Planckian locus, and light sources by their EXIF codes.

/// Kelvin that white balance accepts, and the range of the locus below.
pub(crate) const RANGE: std::ops::RangeInclusive<f64> = 1_000.0..=40_000.0;

/// CIE 1960 uv of a black body. Source: Krystek, "An algorithm to calculate correlated colour temperature", Color Research
/// and Application 10 (1985): within 1e-4 from 1,000 to 15,000 K, and smooth beyond.
fn planckian_uv(kelvin: f64) -> [f64; 2] {
    let t = kelvin;
    let u = (0.860_117_757 + 1.541_182_54e-4 * t + 1.286_412_12e-7 * t * t)
        / (1.0 + 8.424_202_35e-4 * t + 7.081_451_63e-7 * t * t);
    let v = (0.317_398_726 + 4.228_062_45e-5 * t + 4.204_816_91e-8 * t * t)
        / (1.0 - 2.897_418_16e-5 * t + 1.614_560_53e-7 * t * t);
    [u, v]
}

fn uv_of([x, y]: [f64; 2]) -> [f64; 2] {
    let d = -2.0 * x + 12.0 * y + 3.0;
    [4.0 * x / d, 6.0 * y / d]
}

fn xy_of([u, v]: [f64; 2]) -> [f64; 2] {
    let d = 2.0 * u - 8.0 * v + 4.0;
    [3.0 * u / d, 2.0 * v / d]
}

/// Chromaticity of a temperature and a tint. Tint moves along the normal of the locus in CIE 1960 uv, 1/3000 a unit, as the
/// DNG reference code counts it: positive takes green out of the picture's light, negative puts it in.
pub(crate) fn xy_of_temperature(kelvin: f64, tint: f64) -> [f64; 2] {
    let [u, v] = planckian_uv(kelvin);
    let step = kelvin * 1e-4;
    let ([u1, v1], [u2, v2]) = (planckian_uv(kelvin - step), planckian_uv(kelvin + step));
    let (du, dv) = (u2 - u1, v2 - v1);
    let length = (du * du + dv * dv).sqrt().max(f64::MIN_POSITIVE);
    // The normal that points to smaller v (magenta).
    let (nu, nv) = (-dv / length, du / length);
    let sign = if nv <= 0.0 { 1.0 } else { -1.0 };
    let offset = sign * tint / 3000.0;
    xy_of([u + nu * offset, v + nv * offset])
}

/// Correlated colour temperature: the nearest point of the locus in CIE 1960 uv, by its definition.
pub(crate) fn temperature_of(xy: [f64; 2]) -> f64 {
    let target = uv_of(xy);
    let distance = |mired: f64| {
        let [u, v] = planckian_uv(1e6 / mired);
        (u - target[0]).powi(2) + (v - target[1]).powi(2)
    };
    // The distance has one minimum in reciprocal megakelvin near the locus: narrow it by thirds.
    let (mut low, mut high) = (1e6 / RANGE.end(), 1e6 / RANGE.start());
    for _ in 0..200 {
        let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if distance(a) < distance(b) { high = b } else { low = a }
    }
    2e6 / (low + high)
}

/// Kelvin of an EXIF LightSource code; `None` for unknown ones. Source: DNG 1.7 specification, CalibrationIlluminant.
pub(crate) fn kelvin_of_light_source(code: u16) -> Option<f64> {
    Some(match code {
        3 | 17 => 2_856.0,
        24 => 3_200.0,
        15 => 3_450.0,
        2 | 14 => 4_150.0,
        13 | 23 => 5_003.0,
        1 | 4 | 9 | 18 => 5_500.0,
        20 => 5_503.0,
        12 => 6_430.0,
        10 | 19 | 21 => 6_504.0,
        11 | 22 => 7_504.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_temperature_of_standard_illuminants_is_the_published_one() {
        // CIE 15: A 2856 K, D50 5003 K, D65 6504 K.
        for (xy, kelvin) in [([0.44757, 0.40745], 2856.0), ([0.34567, 0.35850], 5003.0), ([0.31272, 0.32903], 6504.0)] {
            let found = temperature_of(xy);
            assert!((found - kelvin).abs() < 0.005 * kelvin, "{found} {kelvin}");
        }
    }

    #[test]
    fn a_temperature_reads_back_with_its_tint() {
        for kelvin in [2_000.0, 3_200.0, 5_600.0, 10_000.0] {
            for tint in [-20.0, 0.0, 20.0] {
                let found = temperature_of(xy_of_temperature(kelvin, tint));
                assert!((found - kelvin).abs() < 0.01 * kelvin, "{kelvin} {tint} {found}");
            }
        }
    }

    #[test]
    fn a_positive_tint_is_towards_magenta() {
        assert!(xy_of_temperature(5_600.0, 20.0)[1] < xy_of_temperature(5_600.0, 0.0)[1]);
    }
}
