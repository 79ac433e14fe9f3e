//! How likely each candidate is the caller's fundamental: evidence in, log odds out.
//!
//! In noise, and most of all among other voices, the height of an autocorrelation peak alone says
//! little. Seventeen plain measurements of a candidate and seven of its frame are weighed by two
//! small networks (24 and 8 hidden units) whose outputs compete in a softmax: the hybrid of
//! network and path search of Bourlard & Morgan (1994). `models/training/pitch.py` trains them on
//! voices whose pitch is known exactly, and writes the weights.

use super::peaks::CANDIDATES;
use super::weights::{self, CANDIDATE_UNITS, FRAME_UNITS};
use crate::features::floor::NoiseFloor;
use crate::units::power_to_db;

/// Measurements of a candidate.
pub const CANDIDATE_EVIDENCE: usize = 17;
/// Measurements of a frame.
pub const FRAME_EVIDENCE: usize = 7;
/// Bands in which a candidate's period is looked for, Hz.
pub const BANDS_HZ: [(f32, f32); 3] = [(200.0, 900.0), (900.0, 1_800.0), (1_800.0, 3_500.0)];
/// Decibels that make a unit of evidence.
const DB: f32 = 20.0;
/// Octaves are counted from here, Hz.
const MIDDLE_HZ: f32 = 150.0;
/// The recent peak is forgotten with a time constant of ten seconds.
const PEAK_DECAY: f32 = 0.999;

/// What speaks for a candidate.
pub type CandidateEvidence = [f32; CANDIDATE_EVIDENCE];
/// What speaks for a voiced frame.
pub type FrameEvidence = [f32; FRAME_EVIDENCE];

/// What the analysis of one window says about a candidate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Peak {
    /// Fundamental, Hz.
    pub f0_hz: f32,
    /// Autocorrelation at the period.
    pub height: f32,
    /// The same of the compressed spectrum.
    pub compressed: f32,
    /// Both at a half and at a third of the period: high where the period is a multiple.
    pub half: [f32; 2],
    pub third: [f32; 2],
    /// Autocorrelation at the period in each of [`BANDS_HZ`].
    pub bands: [f32; 3],
}

/// What the window says beside its candidates.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// Power in each of [`BANDS_HZ`], arbitrary units.
    pub band_power: [f32; 3],
    /// Mean square of the windowed samples, full scale = 1.
    pub power: f32,
    /// Largest sample.
    pub peak: f32,
}

/// Follows what evidence is relative to: the recent peak and the noise floor.
pub struct Evidence {
    recent_peak: f32,
    floor: NoiseFloor<1>,
    level_db: Option<f32>,
}

impl Evidence {
    pub fn new() -> Self {
        Self {
            recent_peak: 0.0,
            floor: NoiseFloor::new(),
            level_db: None,
        }
    }

    /// The evidence of a frame, and of each of its candidates in their order.
    pub fn weigh(
        &mut self,
        window: &Window,
        peaks: &[Peak],
    ) -> (FrameEvidence, [CandidateEvidence; CANDIDATES]) {
        self.recent_peak = window.peak.max(self.recent_peak * PEAK_DECAY);
        let relative = (window.peak.max(1e-7) / self.recent_peak.max(1e-7)).log10();
        self.floor.push(&[window.power]);
        let snr_db = power_to_db(self.floor.smoothed(0)) - power_to_db(self.floor.floor(0));
        let level_db = power_to_db(window.power);
        let rise_db = self.level_db.map_or(0.0, |before| level_db - before);
        self.level_db = Some(level_db);

        let highest = |of: fn(&Peak) -> f32| peaks.iter().map(of).reduce(f32::max).unwrap_or(0.0);
        let (height, compressed) = (highest(|p| p.height), highest(|p| p.compressed));
        let clarity = peaks
            .iter()
            .map(|p| clarity_of(p.height))
            .reduce(f32::max)
            .unwrap_or(0.0);
        let relative = relative.clamp(-3.0, 0.0);
        let snr = (snr_db / DB).clamp(0.0, 2.0);
        let [low, middle, high] = window.band_power.map(|power| power + 1e-12);
        let frame = [
            height,
            compressed,
            relative,
            snr,
            (middle / low).log10(),
            (high / low).log10(),
            rise_db / DB,
        ];
        let mut candidates = [[0.0; CANDIDATE_EVIDENCE]; CANDIDATES];
        for (to, peak) in candidates.iter_mut().zip(peaks) {
            let octave = (peak.f0_hz / MIDDLE_HZ).log2();
            let clear = clarity_of(peak.height);
            let [low, middle, high] = peak.bands;
            *to = [
                peak.height,
                peak.compressed,
                low,
                middle,
                high,
                octave,
                peak.height - height,
                peak.compressed - compressed,
                peak.half[0],
                peak.half[1],
                relative,
                snr,
                clear,
                clear - clarity,
                octave * octave,
                peak.third[0],
                peak.third[1],
            ];
        }
        (frame, candidates)
    }
}

/// Height on a logarithmic scale: 0 is noise, 1 a line without any (Boersma 1993, eq. 4, over 25 dB).
fn clarity_of(height: f32) -> f32 {
    -(1.003 - height.min(1.0)).log10() / 2.5
}

/// Log odds of a candidate, up to a constant that all states of a frame share.
pub fn voiced_strength(evidence: &CandidateEvidence) -> f32 {
    let mut sum = weights::CANDIDATE_BIAS + dot(&weights::CANDIDATE_DIRECT, evidence);
    for unit in 0..CANDIDATE_UNITS {
        let hidden = weights::CANDIDATE_IN_BIAS[unit] + dot(&weights::CANDIDATE_IN[unit], evidence);
        sum += weights::CANDIDATE_OUT[unit] * hidden.max(0.0);
    }
    sum
}

/// The same of "unvoiced".
pub fn unvoiced_strength(evidence: &FrameEvidence) -> f32 {
    let mut sum = weights::FRAME_BIAS;
    for unit in 0..FRAME_UNITS {
        let hidden = weights::FRAME_IN_BIAS[unit] + dot(&weights::FRAME_IN[unit], evidence);
        sum += weights::FRAME_OUT[unit] * hidden.max(0.0);
    }
    sum
}

fn dot<const N: usize>(a: &[f32; N], b: &[f32; N]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peak(f0_hz: f32, height: f32) -> Peak {
        Peak {
            f0_hz,
            height,
            compressed: height / 2.0,
            bands: [height; 3],
            ..Peak::default()
        }
    }

    fn window(gain: f32) -> Window {
        Window {
            band_power: [0.1 * gain * gain; 3],
            power: 0.01 * gain * gain,
            peak: 0.5 * gain,
        }
    }

    #[test]
    fn evidence_does_not_know_the_gain() {
        let weigh = |gain| {
            let mut evidence = Evidence::new();
            evidence.weigh(&window(0.01 * gain), &[]);
            evidence.weigh(&window(gain), &[peak(120.0, 0.9), peak(60.0, 0.8)])
        };
        let (soft, loud) = (weigh(0.1), weigh(1.0));
        let all = |(frame, candidates): (FrameEvidence, [CandidateEvidence; CANDIDATES])| {
            frame.into_iter().chain(candidates.into_iter().flatten())
        };
        for (a, b) in all(soft).zip(all(loud)) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }

    #[test]
    fn a_clear_period_is_voiced_and_a_weak_one_is_not() {
        let odds = |height| {
            let mut evidence = Evidence::new();
            evidence.weigh(&window(0.01), &[]);
            let (frame, candidates) = evidence.weigh(&window(1.0), &[peak(120.0, height)]);
            voiced_strength(&candidates[0]) - unvoiced_strength(&frame)
        };
        assert!(odds(0.98) > 0.0 && odds(0.25) < 0.0);
        assert!(odds(0.98) > odds(0.6));
    }
}
