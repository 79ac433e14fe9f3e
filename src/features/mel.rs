//! Log-mel energies in the telephone band.
//!
//! Triangular filters of equal width on the mel scale of O'Shaughnessy (1987),
//! m = 2595 log10(1 + f/700), from 200 to 3800 Hz, area-normalised so that white noise reads
//! the same in each band.

use super::frame::MEL_BANDS;
use super::spectrum::{BIN_HZ, BINS};
use std::ops::Range;

const LOW_HZ: f32 = 200.0;
const HIGH_HZ: f32 = 3_800.0;

/// The filter bank.
pub struct MelBank {
    /// First bin and weights of each band.
    filters: Vec<(usize, Vec<f32>)>,
    centres_hz: [f32; MEL_BANDS],
    /// Weights of the slope over the bands.
    slope: [f32; MEL_BANDS],
}

impl MelBank {
    pub fn new() -> Self {
        let to_mel = |hz: f32| 2595.0 * (1.0 + hz / 700.0).log10();
        let to_hz = |mel: f32| 700.0 * (10f32.powf(mel / 2595.0) - 1.0);
        let (low, high) = (to_mel(LOW_HZ), to_mel(HIGH_HZ));
        let edge = |i: usize| to_hz(low + (high - low) * i as f32 / (MEL_BANDS + 1) as f32);
        let mut centres_hz = [0.0; MEL_BANDS];
        let filters = (0..MEL_BANDS)
            .map(|band| {
                let (left, centre, right) = (edge(band), edge(band + 1), edge(band + 2));
                centres_hz[band] = centre;
                let weight = |bin: usize| {
                    let hz = bin as f32 * BIN_HZ;
                    ((hz - left) / (centre - left))
                        .min((right - hz) / (right - centre))
                        .max(0.0)
                };
                let first = (left / BIN_HZ).ceil() as usize;
                let last = ((right / BIN_HZ).floor() as usize).min(BINS - 1);
                let mut weights: Vec<f32> = (first..=last).map(weight).collect();
                let area: f32 = weights.iter().sum();
                weights.iter_mut().for_each(|w| *w /= area);
                (first, weights)
            })
            .collect();
        Self {
            filters,
            centres_hz,
            slope: slope_weights(&centres_hz),
        }
    }

    /// The mean bin power in each band.
    pub fn power(&self, power: &[f32]) -> [f32; MEL_BANDS] {
        let mut out = [0.0; MEL_BANDS];
        for (to, (first, weights)) in out.iter_mut().zip(&self.filters) {
            let terms = weights.iter().zip(&power[*first..]);
            *to = terms.map(|(w, p)| w * p).sum();
        }
        out
    }

    /// The bands whose centres lie in `from_hz..to_hz`.
    pub fn bands(&self, from_hz: f32, to_hz: f32) -> Range<usize> {
        let first = |hz: f32| self.centres_hz.partition_point(|centre| *centre < hz);
        first(from_hz)..first(to_hz)
    }

    /// Least-squares slope of the bands between 300 and 3400 Hz over log2(f), dB per octave.
    pub fn tilt(&self, log_mel: &[f32; MEL_BANDS]) -> f32 {
        let terms = self.slope.iter().zip(log_mel);
        terms.map(|(weight, db)| weight * db).sum()
    }
}

/// The weights whose sum with the bands is their slope: Σ (x − x̄) y / Σ (x − x̄)².
fn slope_weights(centres_hz: &[f32; MEL_BANDS]) -> [f32; MEL_BANDS] {
    let inside = |hz: f32| (300.0..=3_400.0).contains(&hz);
    let octaves = centres_hz.map(|hz| if inside(hz) { Some(hz.log2()) } else { None });
    let count = octaves.iter().flatten().count() as f32;
    let mean = octaves.iter().flatten().sum::<f32>() / count;
    let spread: f32 = octaves.iter().flatten().map(|x| (x - mean).powi(2)).sum();
    octaves.map(|x| x.map_or(0.0, |x| (x - mean) / spread))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::power_to_db;

    fn log_mel(bank: &MelBank, power: &[f32]) -> [f32; MEL_BANDS] {
        bank.power(power).map(power_to_db)
    }

    #[test]
    fn white_noise_is_flat_and_gain_moves_every_band_alike() {
        let bank = MelBank::new();
        let flat = log_mel(&bank, &[1e-4; BINS]);
        assert!(flat.iter().all(|db| (db + 40.0).abs() < 1e-3), "{flat:?}");
        assert!(bank.tilt(&flat).abs() < 1e-3);
        let louder = log_mel(&bank, &[1e-3; BINS]);
        assert!(
            flat.iter()
                .zip(louder)
                .all(|(a, b)| (b - a - 10.0).abs() < 1e-3)
        );
    }

    #[test]
    fn tilt_reads_a_known_slope() {
        let bank = MelBank::new();
        let mut spectrum = [0.0; BINS];
        for (bin, power) in spectrum.iter_mut().enumerate().skip(1) {
            // −6.02 dB per octave is power ∝ 1/f².
            *power = 1.0 / (bin as f32 * bin as f32);
        }
        let tilt = bank.tilt(&log_mel(&bank, &spectrum));
        assert!((tilt + 6.02).abs() < 0.15, "{tilt}");
    }
}
