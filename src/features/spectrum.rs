//! The Fourier transforms of the room.
//!
//! The analysis spectrum is a 32 ms Hann window, so a bin is 31.25 Hz wide at both analysis
//! rates and everything under 4 kHz is the same list of bins for a telephone and a wideband call.

use crate::units::power_to_db;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::cell::RefCell;
use std::sync::Arc;

/// Width of a bin of the analysis spectrum, Hz.
pub const BIN_HZ: f32 = 31.25;
/// Bins from 0 to 4 kHz, the last one exclusive.
pub const BINS: usize = 128;

/// A Hann window of `len` samples, without the two zeros at its ends.
pub fn hann(len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| {
            let phase = std::f64::consts::TAU * (i as f64 + 0.5) / len as f64;
            (0.5 - 0.5 * phase.cos()) as f32
        })
        .collect()
}

thread_local! {
    /// Plans, whose tables are shared by all extractors that a thread builds.
    static PLANS: RefCell<RealFftPlanner<f32>> = RefCell::new(RealFftPlanner::new());
}

/// Windowed power spectrum, and on demand its autocorrelation. Owns all its scratch.
pub struct Transform {
    window: Vec<f32>,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    time: Vec<f32>,
    bins: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl Transform {
    /// A Hann window of `window_len` samples, zero-padded to `fft_len`.
    pub fn new(window_len: usize, fft_len: usize) -> Self {
        let (forward, inverse) = PLANS.with_borrow_mut(|planner| {
            (
                planner.plan_fft_forward(fft_len),
                planner.plan_fft_inverse(fft_len),
            )
        });
        let scratch_len = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            window: hann(window_len),
            time: forward.make_input_vec(),
            bins: forward.make_output_vec(),
            scratch: vec![Complex::default(); scratch_len],
            forward,
            inverse,
        }
    }

    /// Length of the window, samples.
    pub fn window_len(&self) -> usize {
        self.window.len()
    }

    /// Windows `samples` without their mean and writes |X|² of each bin to `power`.
    pub fn power(&mut self, samples: &[f32], power: &mut [f32]) {
        let mean = sum(samples) / samples.len() as f32;
        for ((to, from), weight) in self.time.iter_mut().zip(samples).zip(&self.window) {
            *to = (from - mean) * weight;
        }
        self.time[self.window.len()..].fill(0.0);
        self.forward_transform();
        for (to, bin) in power.iter_mut().zip(&self.bins) {
            *to = bin.norm_sqr();
        }
    }

    /// The autocorrelation that belongs to a power spectrum over all bins, lag 0 first,
    /// as many lags as `lags` holds. Unnormalised.
    pub fn autocorrelation(&mut self, power: &[f32], lags: &mut [f32]) {
        for (bin, power) in self.bins.iter_mut().zip(power) {
            *bin = Complex::new(*power, 0.0);
        }
        // The lengths come from the plan itself, so the transform cannot refuse them.
        let _ =
            self.inverse
                .process_with_scratch(&mut self.bins, &mut self.time, &mut self.scratch);
        lags.copy_from_slice(&self.time[..lags.len()]);
    }

    /// Autocorrelation of the window itself, normalised to 1 at lag 0.
    pub fn window_autocorrelation(&mut self, lags: &mut [f32]) {
        let mut power = vec![0.0; self.bins.len()];
        self.time[..self.window.len()].copy_from_slice(&self.window);
        self.time[self.window.len()..].fill(0.0);
        self.forward_transform();
        for (to, bin) in power.iter_mut().zip(&self.bins) {
            *to = bin.norm_sqr();
        }
        self.autocorrelation(&power, lags);
        let zero = lags[0];
        lags.iter_mut().for_each(|lag| *lag /= zero);
    }

    fn forward_transform(&mut self) {
        // As above: input, output and scratch were made by the plan.
        let _ =
            self.forward
                .process_with_scratch(&mut self.time, &mut self.bins, &mut self.scratch);
    }
}

/// The 32 ms analysis spectrum: mean square per bin, so that the bins of a window sum to its
/// mean square (Parseval), full scale = 1.
pub struct Spectrum {
    transform: Transform,
    power: Vec<f32>,
    scale: f32,
}

impl Spectrum {
    /// For signals at `rate` Hz.
    pub fn new(rate: u32) -> Self {
        let len = (rate as f32 / BIN_HZ) as usize;
        let weight: f32 = hann(len).iter().map(|w| w * w).sum();
        Self {
            transform: Transform::new(len, len),
            power: vec![0.0; len / 2 + 1],
            scale: 2.0 / (weight * len as f32),
        }
    }

    /// Length of the window, samples.
    pub fn window_len(&self) -> usize {
        self.transform.window_len()
    }

    /// Mean square in each of the bins 0..4 kHz.
    pub fn of(&mut self, samples: &[f32]) -> &[f32] {
        self.transform.power(samples, &mut self.power);
        self.power[0] = 0.0;
        for power in &mut self.power {
            *power *= self.scale;
        }
        &self.power[..BINS]
    }
}

/// The sum of many numbers: in eight strands, which the processor adds side by side.
pub fn sum(values: &[f32]) -> f32 {
    let (strands, rest) = values.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for strand in strands {
        for (sum, value) in sums.iter_mut().zip(strand) {
            *sum += value;
        }
    }
    sums.iter().chain(rest).sum()
}

/// Sum of the bins whose centre lies in `from_hz..to_hz`.
pub fn band(power: &[f32], from_hz: f32, to_hz: f32) -> f32 {
    sum(&power[bin_at(from_hz)..bin_at(to_hz)])
}

/// Strongest bin whose centre lies in `from_hz..to_hz`.
pub fn strongest(power: &[f32], from_hz: f32, to_hz: f32) -> f32 {
    power[bin_at(from_hz)..bin_at(to_hz)]
        .iter()
        .copied()
        .fold(0.0, f32::max)
}

/// Least-squares slope of the level of the bins in `from_hz..to_hz`, dB per kHz.
pub fn slope(power: &[f32], from_hz: f32, to_hz: f32) -> f32 {
    let bins = &power[bin_at(from_hz)..bin_at(to_hz)];
    let n = bins.len() as f32;
    let middle = (n - 1.0) / 2.0;
    let moment = |(i, power): (usize, &f32)| (i as f32 - middle) * power_to_db(*power);
    let moment: f32 = bins.iter().enumerate().map(moment).sum();
    // Σ (i − middle)² over n equidistant points is n (n² − 1) / 12.
    moment / (n * (n * n - 1.0) / 12.0) * 1_000.0 / BIN_HZ
}

fn bin_at(hz: f32) -> usize {
    (hz / BIN_HZ).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_has_its_power_in_its_band_at_both_rates() {
        for rate in [8_000, 16_000] {
            let mut spectrum = Spectrum::new(rate);
            let sine: Vec<f32> = (0..spectrum.window_len())
                .map(|i| (std::f32::consts::TAU * 1_000.0 * i as f32 / rate as f32).sin())
                .collect();
            let power = spectrum.of(&sine);
            let db = 10.0 * band(power, 900.0, 1_100.0).log10();
            assert!((db + 3.0103).abs() < 0.01, "{db}");
            assert!(band(power, 2_000.0, 4_000.0) < 1e-6);
        }
    }

    #[test]
    fn a_slope_is_read_back() {
        let falling: Vec<f32> = (0..BINS)
            .map(|bin| 10f32.powf(-0.012 * bin as f32 * BIN_HZ / 10.0))
            .collect();
        assert!((slope(&falling, 500.0, 1_500.0) + 12.0).abs() < 1e-3);
    }

    #[test]
    fn window_autocorrelation_falls_from_one() {
        let mut lags = vec![0.0; 140];
        Transform::new(368, 512).window_autocorrelation(&mut lags);
        assert_eq!(lags[0], 1.0);
        assert!(lags.windows(2).all(|pair| pair[1] < pair[0]));
        // Closed form for a Hann window (Boersma 1993, eq. 8) at a third of its length.
        let x: f64 = 122.0 / 368.0;
        let tau = std::f64::consts::TAU;
        let truth = (1.0 - x) * (2.0 / 3.0 + (tau * x).cos() / 3.0) + (tau * x).sin() / tau;
        assert!((f64::from(lags[122]) - truth).abs() < 1e-3);
    }
}
