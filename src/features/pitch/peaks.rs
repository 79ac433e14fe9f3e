//! Candidates for the fundamental: peaks of the autocorrelation.
//!
//! Boersma (1993), "Accurate short-term analysis of the fundamental frequency and the
//! harmonics-to-noise ratio of a sampled sound": the autocorrelation of the windowed signal is
//! divided by that of the window, which undoes the taper and leaves the height of a peak as the
//! share of periodic power. A telephone line removes the fundamental itself; its period still
//! stands in the harmonics, which is why lags are searched and not spectral peaks.
//!
//! Where one formant outweighs all other harmonics, half a period looks nearly as good as a whole
//! one. So each candidate is also looked up in the autocorrelation of the compressed spectrum
//! (Tolonen & Karjalainen 2000: |X|^p with p < 2, here p = 1/2), which gives all harmonics a say,
//! in three bands by themselves, and at a half and a third of its period.

use super::evidence::{BANDS_HZ, Peak, Window};
use crate::features::spectrum::{Transform, hann, sum};
use arrayvec::ArrayVec;
use std::array::from_fn;
use std::f32::consts::{PI, TAU};
use std::ops::Range;

/// Lowest fundamental looked for, Hz.
pub const F0_MIN: f32 = 62.0;
/// Highest fundamental looked for, Hz.
pub const F0_MAX: f32 = 500.0;
/// Candidates kept of a frame, beside "unvoiced".
pub const CANDIDATES: usize = 8;

const WINDOW_S: f32 = 0.046;
/// The compressed spectrum would raise what lies outside the telephone band to the same height.
const COMPRESSED_HZ: (f32, f32) = (60.0, 3_800.0);
/// Peaks under this height are noise.
const FLOOR: f32 = 0.2;
/// Half width of the interpolating sinc, lags.
const SINC_DEPTH: usize = 12;

/// The peaks of a window, in the order of their lags.
pub type Peaks = ArrayVec<Peak, CANDIDATES>;

/// Finds candidates in windows of 46 ms.
pub struct PeakAnalysis {
    transform: Transform,
    rate: f32,
    power: Vec<f32>,
    lags: Vec<f32>,
    compressed: Vec<f32>,
    /// Bins that take part in the compressed spectrum.
    compressed_band: Range<usize>,
    bands: [Range<usize>; 3],
    /// Sum of the power spectrum → mean square.
    scale: f32,
    /// 1 / autocorrelation of the window.
    compensation: Vec<f32>,
}

impl PeakAnalysis {
    pub fn new(rate: u32) -> Self {
        let window = (rate as f32 * WINDOW_S) as usize;
        let fft = (rate as usize * 512).div_ceil(8_000);
        let lag_count = (rate as f32 / F0_MIN) as usize + SINC_DEPTH + 2;
        let mut transform = Transform::new(window, fft);
        let bin = |hz: f32| (hz / rate as f32 * fft as f32) as usize;
        let mut compensation = vec![0.0; lag_count];
        transform.window_autocorrelation(&mut compensation);
        compensation.iter_mut().for_each(|lag| *lag = 1.0 / *lag);
        Self {
            power: vec![0.0; fft / 2 + 1],
            lags: vec![0.0; lag_count],
            compressed: vec![0.0; lag_count],
            compressed_band: bin(COMPRESSED_HZ.0)..bin(COMPRESSED_HZ.1),
            bands: BANDS_HZ.map(|(from, to)| bin(from)..bin(to)),
            scale: 2.0 / (fft as f32 * hann(window).iter().map(|w| w * w).sum::<f32>()),
            rate: rate as f32,
            compensation,
            transform,
        }
    }

    /// Length of the window, samples.
    pub fn window_len(&self) -> usize {
        self.transform.window_len()
    }

    /// The autocorrelation of the last window, lag 0 first: 1 at lag 0, the window's own undone.
    pub fn lags(&self) -> &[f32] {
        &self.lags
    }

    /// What one window says, and its peaks.
    pub fn analyse(&mut self, samples: &[f32]) -> (Window, Peaks) {
        let mut peaks = Peaks::new();
        self.transform.power(samples, &mut self.power);
        self.transform.autocorrelation(&self.power, &mut self.lags);
        let of = |bins: &Range<usize>| sum(&self.power[bins.clone()]);
        let window = Window {
            band_power: self.bands.each_ref().map(of),
            power: sum(&self.power) * self.scale,
            peak: largest(samples),
        };
        if self.lags[0] <= 1e-12 {
            return (window, peaks);
        }
        normalise(&mut self.lags, &self.compensation);
        let shortest = (self.rate / F0_MAX) as usize;
        let longest = (self.rate / F0_MIN) as usize;
        for lag in shortest.max(2)..=longest {
            let (left, here, right) = (self.lags[lag - 1], self.lags[lag], self.lags[lag + 1]);
            if here > left && here >= right && here > FLOOR {
                let peak = self.refine(lag);
                let lowest = peaks.iter().map(|p| p.height).fold(f32::MAX, f32::min);
                if peaks.is_full() && peak.height > lowest {
                    peaks.retain(|p| p.height > lowest);
                }
                let _ = peaks.try_push(peak);
            }
        }
        if !peaks.is_empty() {
            self.look_up_bands(&window, &mut peaks);
            self.look_up_compressed(&mut peaks);
        }
        (window, peaks)
    }

    /// The autocorrelation of each band at each peak's period τ: Σ |X(k)|² cos(2πkτ/N).
    fn look_up_bands(&self, window: &Window, peaks: &mut Peaks) {
        let fft = 2.0 * (self.power.len() - 1) as f32;
        let first = self.bands[0].start as f32;
        // cos(kθ) by Chebyshev's recurrence, for all peaks at once; the bands follow each other.
        let mut before = [0.0f32; CANDIDATES];
        let mut now = [0.0f32; CANDIDATES];
        let mut twice = [0.0f32; CANDIDATES];
        for (lane, peak) in peaks.iter().enumerate() {
            let angle = TAU * self.rate / (peak.f0_hz * fft);
            twice[lane] = 2.0 * angle.cos();
            now[lane] = (first * angle).cos();
            before[lane] = ((first - 1.0) * angle).cos();
        }
        for (band, bins) in self.bands.iter().enumerate() {
            let mut sums = [0.0f32; CANDIDATES];
            for power in &self.power[bins.clone()] {
                let next = from_fn(|lane| twice[lane] * now[lane] - before[lane]);
                sums = from_fn(|lane| sums[lane] + power * now[lane]);
                (before, now) = (now, next);
            }
            let total = window.band_power[band] + 1e-12;
            for (peak, sum) in peaks.iter_mut().zip(sums) {
                let compensation = between(&self.compensation, self.rate / peak.f0_hz);
                peak.bands[band] = (sum / total * compensation).clamp(-1.0, 1.2);
            }
        }
    }

    fn look_up_compressed(&mut self, peaks: &mut Peaks) {
        let Range { start, end } = self.compressed_band;
        self.power[..start].fill(0.0);
        // |X|^½ = (|X|²)^¼.
        let band = self.power[start..end].iter_mut();
        band.for_each(|power| *power = power.sqrt().sqrt());
        self.power[end..].fill(0.0);
        self.transform
            .autocorrelation(&self.power, &mut self.compressed);
        normalise(&mut self.compressed, &self.compensation);
        for peak in peaks {
            let period = self.rate / peak.f0_hz;
            let lag = period.round() as usize;
            let near = &self.compressed[lag - 1..=lag + 1];
            peak.compressed = near.iter().copied().fold(f32::MIN, f32::max);
            let both = |at| [between(&self.lags, at), between(&self.compressed, at)];
            (peak.half, peak.third) = (both(period / 2.0), both(period / 3.0));
        }
    }

    /// The true maximum near an integer lag: a parabola for the place, then a second parabola
    /// over sinc-interpolated values around it.
    fn refine(&self, lag: usize) -> Peak {
        let vertex = |left: f32, here: f32, right: f32| {
            let curve = 2.0 * here - left - right;
            if curve > 0.0 {
                ((right - left) / (2.0 * curve)).clamp(-0.5, 0.5)
            } else {
                0.0
            }
        };
        let at = lag as f32 + vertex(self.lags[lag - 1], self.lags[lag], self.lags[lag + 1]);
        const STEP: f32 = 0.2;
        let (left, here, right) = (self.sinc(at - STEP), self.sinc(at), self.sinc(at + STEP));
        let shift = vertex(left, here, right);
        let period = at + shift * STEP;
        let height = (here + 0.25 * (right - left) * shift).min(0.9999);
        Peak {
            f0_hz: self.rate / period,
            height,
            ..Peak::default()
        }
    }

    /// The autocorrelation between its samples: a sinc under a Hann taper.
    fn sinc(&self, at: f32) -> f32 {
        let base = at.floor() as usize;
        let fraction = at - base as f32;
        if fraction < 1e-4 {
            return self.lags[base];
        }
        // The shortest lag is longer than the sinc's arm, so all taps are there.
        let taps = &self.lags[base + 1 - SINC_DEPTH..=base + SINC_DEPTH];
        let mut products = [0.0; 2 * SINC_DEPTH];
        for (n, (product, value)) in products.iter_mut().zip(taps).enumerate() {
            let distance = fraction + (SINC_DEPTH - 1) as f32 - n as f32;
            let reach = distance / (SINC_DEPTH as f32 + 0.5);
            let taper = 1.0 - reach * reach;
            // sin(π(x − n)) = ±sin(πx): one sine serves all taps.
            let sign = if n % 2 == 1 { 1.0 } else { -1.0 };
            *product = sign * taper * taper * value / distance;
        }
        (PI * fraction).sin() / PI * sum(&products)
    }
}

/// The largest excursion, in eight strands.
fn largest(samples: &[f32]) -> f32 {
    let (strands, rest) = samples.as_chunks::<8>();
    let mut peaks = [0.0f32; 8];
    for strand in strands {
        for (peak, x) in peaks.iter_mut().zip(strand) {
            *peak = peak.max(x.abs());
        }
    }
    let all = peaks.iter().chain(rest);
    all.fold(0.0, |peak, x| peak.max(x.abs()))
}

/// Between two lags, on a straight line.
fn between(lags: &[f32], at: f32) -> f32 {
    let left = at as usize;
    lags[left] + (at - left as f32) * (lags[left + 1] - lags[left])
}

/// Divides by the value at lag 0 and by the window's own autocorrelation.
fn normalise(lags: &mut [f32], compensation: &[f32]) {
    let zero = lags[0].max(1e-20);
    for (lag, factor) in lags.iter_mut().zip(compensation) {
        *lag *= factor / zero;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn harmonics(rate: u32, f0: f32, from: u32, to: u32, len: usize) -> Vec<f32> {
        (0..len)
            .map(|i| {
                (from..=to)
                    .map(|h| {
                        let hz = f0 * h as f32;
                        let phase = std::f32::consts::TAU * hz * i as f32 / rate as f32;
                        0.1 * (phase + h as f32).cos()
                    })
                    .sum()
            })
            .collect()
    }

    #[test]
    fn the_missing_fundamental_is_found_to_a_cent() {
        for rate in [8_000, 16_000] {
            let mut analysis = PeakAnalysis::new(rate);
            for f0 in [70.0f32, 93.7, 121.3, 180.0, 246.9, 331.0, 447.0] {
                let (from, to) = ((300.0 / f0).ceil() as u32, (3_400.0 / f0) as u32);
                let signal = harmonics(rate, f0, from, to, analysis.window_len());
                let (_, peaks) = analysis.analyse(&signal);
                let highest = |a: &&Peak, b: &&Peak| a.compressed.total_cmp(&b.compressed);
                let best = peaks.iter().max_by(highest).unwrap();
                let cents = 1_200.0 * (best.f0_hz / f0).log2();
                assert!(cents.abs() < 3.0, "{rate} {f0}: {best:?} {cents}");
                assert!(best.height > 0.9, "{best:?}");
            }
        }
    }

    #[test]
    fn silence_has_no_candidate() {
        let mut analysis = PeakAnalysis::new(8_000);
        assert!(analysis.analyse(&[0.0; 368]).1.is_empty());
    }
}
