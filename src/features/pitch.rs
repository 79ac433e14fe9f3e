//! Candidates for the fundamental: peaks of the autocorrelation.
//!
//! Boersma (1993), "Accurate short-term analysis of the fundamental frequency and the
//! harmonics-to-noise ratio of a sampled sound": the autocorrelation of the windowed signal is
//! divided by that of the window, which undoes the taper and leaves the height of a peak as the
//! share of periodic power. A telephone line removes the fundamental itself; its period still
//! stands in the harmonics, which is why lags are searched and not spectral peaks.
//!
//! Where one formant outweighs all other harmonics, half a period looks nearly as good as a whole
//! one. A second autocorrelation, of the compressed spectrum (Tolonen & Karjalainen 2000: |X|^p
//! with p < 2, here p = 1/2), gives all harmonics a say and decides between candidates; heights
//! are read off the first.

use super::spectrum::Transform;
use arrayvec::ArrayVec;

/// Lowest fundamental looked for, Hz.
pub const F0_MIN: f32 = 62.0;
/// Highest fundamental looked for, Hz.
pub const F0_MAX: f32 = 500.0;
/// Candidates kept of a frame, beside "unvoiced".
pub const CANDIDATES: usize = 8;

const WINDOW_S: f32 = 0.046;
/// Preference for the shorter of two equal lags, per octave.
const OCTAVE_COST: f32 = 0.03;
/// Weight of the compressed autocorrelation in the choice between candidates.
const COMPRESSED_WEIGHT: f32 = 0.5;
/// The compressed spectrum would raise what lies outside the telephone band to the same height.
const COMPRESSED_HZ: (f32, f32) = (60.0, 3_800.0);
/// Peaks under this height are noise.
const FLOOR: f32 = 0.2;
/// Half width of the interpolating sinc, lags.
const SINC_DEPTH: i32 = 12;

/// One explanation of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Fundamental frequency, Hz.
    pub f0_hz: f32,
    /// Height of the peak, 0..1: the share of periodic power.
    pub height: f32,
    /// What the path search weighs: the strongest candidate has the height of the highest peak,
    /// the others are behind it by octave cost and compressed evidence.
    pub strength: f32,
}

/// All explanations of a frame.
pub type Candidates = ArrayVec<Candidate, CANDIDATES>;

/// Finds candidates in windows of 46 ms.
pub struct PitchAnalysis {
    transform: Transform,
    rate: f32,
    power: Vec<f32>,
    lags: Vec<f32>,
    compressed: Vec<f32>,
    /// Bins that take part in the compressed spectrum.
    band: std::ops::Range<usize>,
    /// 1 / autocorrelation of the window.
    compensation: Vec<f32>,
}

impl PitchAnalysis {
    pub fn new(rate: u32) -> Self {
        let window = (rate as f32 * WINDOW_S) as usize;
        let fft = (rate as usize * 512).div_ceil(8_000);
        let lag_count = (rate as f32 / F0_MIN) as usize + SINC_DEPTH as usize + 2;
        let mut transform = Transform::new(window, fft);
        let bin = |hz: f32| (hz / rate as f32 * fft as f32) as usize;
        let mut compensation = vec![0.0; lag_count];
        transform.window_autocorrelation(&mut compensation);
        compensation.iter_mut().for_each(|lag| *lag = 1.0 / *lag);
        Self {
            power: vec![0.0; fft / 2 + 1],
            lags: vec![0.0; lag_count],
            compressed: vec![0.0; lag_count],
            band: bin(COMPRESSED_HZ.0)..bin(COMPRESSED_HZ.1),
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

    /// The candidates of one window, strongest first.
    pub fn candidates(&mut self, samples: &[f32]) -> Candidates {
        let mut found = Candidates::new();
        self.transform.power(samples, &mut self.power);
        self.transform.autocorrelation(&self.power, &mut self.lags);
        if self.lags[0] <= 1e-12 {
            return found;
        }
        normalise(&mut self.lags, &self.compensation);
        let shortest = (self.rate / F0_MAX) as usize;
        let longest = (self.rate / F0_MIN) as usize;
        for lag in shortest.max(2)..=longest {
            let (left, here, right) = (self.lags[lag - 1], self.lags[lag], self.lags[lag + 1]);
            if here > left && here >= right && here > FLOOR {
                let candidate = self.refine(lag);
                let weakest = found.iter().map(|c| c.height).fold(f32::MAX, f32::min);
                if found.is_full() && candidate.height > weakest {
                    found.retain(|c| c.height > weakest);
                }
                let _ = found.try_push(candidate);
            }
        }
        if found.len() > 1 {
            self.weigh(&mut found);
        }
        found.sort_unstable_by(|a, b| b.strength.total_cmp(&a.strength));
        found
    }

    /// Sets the strengths of candidates that compete.
    fn weigh(&mut self, found: &mut Candidates) {
        for (bin, power) in self.power.iter_mut().enumerate() {
            // |X|^½ = (|X|²)^¼.
            *power = if self.band.contains(&bin) {
                power.sqrt().sqrt()
            } else {
                0.0
            };
        }
        self.transform
            .autocorrelation(&self.power, &mut self.compressed);
        normalise(&mut self.compressed, &self.compensation);
        let mut highest = f32::MIN;
        let mut best = f32::MIN;
        for candidate in found.iter_mut() {
            let lag = (self.rate / candidate.f0_hz).round() as usize;
            let near = &self.compressed[lag - 1..=lag + 1];
            let compressed = near.iter().copied().fold(f32::MIN, f32::max);
            highest = highest.max(candidate.height);
            candidate.strength = candidate.height + COMPRESSED_WEIGHT * compressed
                - OCTAVE_COST * (F0_MAX / candidate.f0_hz).log2();
            best = best.max(candidate.strength);
        }
        for candidate in found.iter_mut() {
            candidate.strength += highest - best;
        }
    }

    /// The true maximum near an integer lag: a parabola for the place, then a second parabola
    /// over sinc-interpolated values around it.
    fn refine(&self, lag: usize) -> Candidate {
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
        Candidate {
            f0_hz: self.rate / period,
            height,
            strength: height,
        }
    }

    /// The autocorrelation between its samples: a sinc under a Hann taper. The function is even,
    /// so lags left of 0 are those right of it.
    fn sinc(&self, at: f32) -> f32 {
        let nearest = at.round();
        if (at - nearest).abs() < 1e-4 {
            return self.lags[nearest as usize];
        }
        let base = at.floor() as i32;
        let fraction = at - base as f32;
        let numerator = (std::f32::consts::PI * fraction).sin() / std::f32::consts::PI;
        let mut sum = 0.0;
        for offset in 1 - SINC_DEPTH..=SINC_DEPTH {
            let Some(value) = self.lags.get((base + offset).unsigned_abs() as usize) else {
                continue;
            };
            let distance = fraction - offset as f32;
            // sin(π(x − n)) = ±sin(πx): one sine serves all taps.
            let sign = if offset & 1 == 0 { 1.0 } else { -1.0 };
            let taper = 1.0 - (distance / (SINC_DEPTH as f32 + 0.5)).powi(2);
            sum += sign * numerator / distance * taper * taper * value;
        }
        sum
    }
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
            let mut analysis = PitchAnalysis::new(rate);
            for f0 in [70.0f32, 93.7, 121.3, 180.0, 246.9, 331.0, 447.0] {
                let (from, to) = ((300.0 / f0).ceil() as u32, (3_400.0 / f0) as u32);
                let signal = harmonics(rate, f0, from, to, analysis.window_len());
                let best = analysis.candidates(&signal)[0];
                let cents = 1_200.0 * (best.f0_hz / f0).log2();
                assert!(cents.abs() < 3.0, "{rate} {f0}: {best:?} {cents}");
                assert!(best.height > 0.9, "{best:?}");
            }
        }
    }

    #[test]
    fn silence_has_no_candidate() {
        let mut analysis = PitchAnalysis::new(8_000);
        assert!(analysis.candidates(&[0.0; 368]).is_empty());
    }
}
