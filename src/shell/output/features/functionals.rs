//! One row a recording: means and spreads over its voiced sound, and how it is voiced.
//!
//! Names and definitions are those of eGeMAPS (Eyben et al. 2016, section 3) where the descriptor is
//! the same one: values of voiced frames alone, smoothed over three frames (`sma3nz`); `stddevNorm`
//! is the standard deviation over the mean. What differs has our column's name in it.

use super::selection::{self, Field};
use crate::features::FeatureFrame;

/// Frames in a second.
const RATE: f64 = 100.0;
/// Column, name in the output, and whether percentiles are given.
const MEASURES: [(&str, &str, bool); 8] = [
    ("F0semitoneFrom27.5Hz", "F0semitoneFrom27.5Hz_sma3nz", true),
    ("jitterLocal", "jitterLocal_sma3nz", false),
    ("HNRdBACF", "HNRdBACF_sma3nz", false),
    ("shimmer_db", "shimmer_db_sma3nz", false),
    ("cpp_db", "cpp_db_sma3nz", false),
    ("alpha_ratio_db", "alpha_ratio_dbV_sma3nz", false),
    ("hammarberg_db", "hammarberg_dbV_sma3nz", false),
    ("slope_500_1500_db", "slope_500_1500_dbV_sma3nz", false),
];

/// Collects one recording: 33 bytes a frame, 12 MB an hour.
pub struct Functionals {
    fields: Vec<Field>,
    /// By measure: the value of each frame, NaN where it is unvoiced or not carried.
    values: Vec<Vec<f32>>,
    voiced: Vec<bool>,
    power: f64,
}

impl Default for Functionals {
    fn default() -> Self {
        let known = [selection::all(), selection::egemaps()].concat();
        let field = |(column, _, _): &(&str, &str, bool)| {
            known.iter().find(|field| field.name == *column).cloned()
        };
        Self {
            fields: MEASURES.iter().filter_map(field).collect(),
            values: vec![Vec::new(); MEASURES.len()],
            voiced: Vec::new(),
            power: 0.0,
        }
    }
}

impl Functionals {
    /// The next frame.
    pub fn push(&mut self, frame: &FeatureFrame) {
        for (values, field) in self.values.iter_mut().zip(&self.fields) {
            values.push(if frame.voiced {
                field.value(frame) as f32
            } else {
                f32::NAN
            });
        }
        self.voiced.push(frame.voiced);
        self.power += 10f64.powf(f64::from(frame.level_db) / 10.0);
    }

    /// Names and values; NaN where the recording has no such sound.
    pub fn row(&self) -> Vec<(String, f64)> {
        let mut row = Vec::new();
        for (values, (_, name, percentiles)) in self.values.iter().zip(MEASURES) {
            let mut smooth = smoothed(values);
            let (mean, deviation) = mean_and_deviation(&smooth);
            row.push((format!("{name}_amean"), mean));
            row.push((format!("{name}_stddevNorm"), deviation / mean));
            if percentiles {
                smooth.sort_unstable_by(f64::total_cmp);
                let [low, middle, high] = [0.2, 0.5, 0.8].map(|share| percentile(&smooth, share));
                row.push((format!("{name}_percentile20.0"), low));
                row.push((format!("{name}_percentile50.0"), middle));
                row.push((format!("{name}_percentile80.0"), high));
                row.push((format!("{name}_pctlrange0-2"), high - low));
            }
        }
        let seconds = self.voiced.len() as f64 / RATE;
        let (voiced, unvoiced) = (self.segments(true), self.segments(false));
        let mut put = |name: &str, value: f64| row.push((name.to_owned(), value));
        put("VoicedSegmentsPerSec", voiced.len() as f64 / seconds);
        let (mean, deviation) = mean_and_deviation(&voiced);
        put("MeanVoicedSegmentLengthSec", mean);
        put("StddevVoicedSegmentLengthSec", deviation);
        let (mean, deviation) = mean_and_deviation(&unvoiced);
        put("MeanUnvoicedSegmentLength", mean);
        put("StddevUnvoicedSegmentLength", deviation);
        put(
            "equivalentSoundLevel_dBp",
            10.0 * (self.power * RATE.recip() / seconds).log10(),
        );
        put("duration_s", seconds);
        row
    }

    /// Lengths in s of the runs of frames that are voiced, or are not.
    fn segments(&self, voiced: bool) -> Vec<f64> {
        let runs = self.voiced.chunk_by(|a, b| a == b);
        let runs = runs.filter(|run| run.first() == Some(&voiced));
        runs.map(|run| run.len() as f64 / RATE).collect()
    }
}

/// Each present value averaged with those of its two neighbours that are present.
fn smoothed(values: &[f32]) -> Vec<f64> {
    let present = |i: usize| values.get(i).copied().filter(|v| v.is_finite());
    let mean = |i: usize| {
        present(i)?;
        let near = [present(i.wrapping_sub(1)), present(i), present(i + 1)];
        let (sum, count) = near
            .into_iter()
            .flatten()
            .fold((0.0, 0.0), |(sum, count), v| {
                (sum + f64::from(v), count + 1.0)
            });
        Some(sum / count)
    };
    (0..values.len()).filter_map(mean).collect()
}

/// Mean and population standard deviation; NaN of nothing.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// Linear between the two nearest ranks; NaN of nothing.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = share * last as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(row: &[(String, f64)], name: &str) -> f64 {
        row.iter().find(|(n, _)| n == name).unwrap().1
    }

    #[test]
    fn a_known_voice_has_its_functionals() {
        let mut functionals = Functionals::default();
        assert_eq!(functionals.fields.len(), MEASURES.len());
        // Twice: 0.2 s unvoiced, 0.3 s at 110 Hz, 0.5 s at 220 Hz. 110 Hz is 24 semitones, 220 36.
        for i in 0..200 {
            let at = i % 100;
            functionals.push(&FeatureFrame {
                voiced: at >= 20,
                f0_hz: [0.0, 110.0, 220.0][usize::from(at >= 20) + usize::from(at >= 50)],
                level_db: -20.0,
                ..FeatureFrame::default()
            });
        }
        let row = functionals.row();
        let f0 = |name: &str| value(&row, &format!("F0semitoneFrom27.5Hz_sma3nz_{name}"));
        assert!((f0("amean") - (24.0 * 3.0 + 36.0 * 5.0) / 8.0).abs() < 1e-6);
        assert_eq!(
            [
                f0("percentile20.0"),
                f0("percentile50.0"),
                f0("percentile80.0")
            ],
            [24.0, 36.0, 36.0]
        );
        assert_eq!(f0("pctlrange0-2"), 12.0);
        // The step is smoothed: of 80 values 29 are 24, 49 are 36, one each is 28 and 32.
        let spread = [(29.0, -7.5), (49.0, 4.5), (1.0, -3.5), (1.0, 0.5)];
        let variance: f64 = spread.iter().map(|(n, d)| n * d * d / 80.0).sum();
        assert!((f0("stddevNorm") - variance.sqrt() / 31.5).abs() < 1e-6);
        assert!((value(&row, "VoicedSegmentsPerSec") - 1.0).abs() < 1e-9);
        assert!((value(&row, "MeanVoicedSegmentLengthSec") - 0.8).abs() < 1e-9);
        assert!((value(&row, "MeanUnvoicedSegmentLength") - 0.2).abs() < 1e-9);
        assert!((value(&row, "equivalentSoundLevel_dBp") + 20.0).abs() < 1e-6);
        // Nothing said that jitter could be carried.
        assert!(value(&row, "jitterLocal_sma3nz_amean").is_nan());
    }
}
