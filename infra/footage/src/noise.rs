//! Noise that depends on nothing but seed, frame and place, so threads may draw it in any order.

/// Sebastiano Vigna's splitmix64 finaliser: every bit of the result depends on every bit of `n`.
fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// The stream of one frame.
#[derive(Clone, Copy)]
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64, frame: u64) -> Self {
        Self(mix(seed.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ mix(frame.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// A number of mean 0 and variance 1 for this photosite, close to normal and never beyond 3.5: the sum of four
    /// uniform ones.
    pub(crate) fn at(self, photosite: u64) -> f32 {
        let bits = mix(self.0.wrapping_add(photosite.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let sum: u32 = (0..4).map(|i| (bits >> (16 * i)) as u32 & 0xffff).sum();
        // Four uniforms on 0..=65535: mean 131070, standard deviation 65536 * sqrt(4 / 12).
        (sum as f32 - 131_070.0) / 37_837.2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_mean_zero_and_variance_one_and_repeats() {
        let noise = Noise::new(7, 3);
        let values: Vec<f64> = (0..200_000).map(|i| f64::from(noise.at(i))).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.01, "{mean} {variance}");
        assert!((noise.at(5) - Noise::new(7, 3).at(5)).abs() < f32::EPSILON);
        assert!((noise.at(5) - Noise::new(7, 4).at(5)).abs() > f32::EPSILON);
    }
}
