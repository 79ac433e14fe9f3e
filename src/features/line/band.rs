//! How wide the line is.
//!
//! The long-term spectrum of the caller's speech in steps of 250 Hz, with a memory of ten
//! seconds. The band ends where it has fallen 45 dB under its strongest step: long-term speech
//! (Byrne et al. 1994) is still 35 dB under it at 7 kHz, and what a telephone's filter leaves is
//! not. It begins at 250 Hz where the lowest step is 25 dB down, as behind a telephone's high-pass.

use super::partials::BIN_HZ;

const STEP_HZ: f32 = 250.0;
const STEP_BINS: usize = (STEP_HZ / BIN_HZ) as usize;
/// Steps up to 8 kHz.
const STEPS: usize = 32;
/// −45 and −25 dB.
const UPPER: f32 = 3.162_277_7e-5;
const LOWER: f32 = 3.162_277_7e-3;
/// Spectra of speech, 50 ms apart, that are ten seconds; and those before which nothing is said.
const MEMORY: u32 = 200;
const LEAST: u32 = 20;

/// Averages spectra of speech.
pub struct Band {
    mean: [f32; STEPS],
    count: u32,
}

impl Band {
    pub fn new() -> Self {
        Self {
            mean: [0.0; STEPS],
            count: 0,
        }
    }

    /// Takes the power in bins of 7.8 Hz.
    pub fn push(&mut self, power: &[f32]) {
        self.count = (self.count + 1).min(MEMORY);
        let weight = 1.0 / self.count as f32;
        // The last bin of all, half the rate, belongs to no step.
        for (mean, bins) in self.mean.iter_mut().zip(power.chunks_exact(STEP_BINS)) {
            *mean += (bins.iter().sum::<f32>() - *mean) * weight;
        }
    }

    /// Lower and upper edge in Hz; zeros until a second of speech was heard.
    pub fn edges_hz(&self) -> (f32, f32) {
        if self.count < LEAST {
            return (0.0, 0.0);
        }
        let strongest = self.mean.iter().copied().fold(0.0, f32::max);
        let over = |share: f32| move |mean: &f32| *mean > strongest * share;
        let low = self.mean.iter().position(over(LOWER)).unwrap_or(0);
        let high = self.mean.iter().rposition(over(UPPER)).map_or(0, |i| i + 1);
        (low as f32 * STEP_HZ, high as f32 * STEP_HZ)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Power that falls by `slope_db` a step from the first step that is let through.
    fn edges(from: usize, to: usize, slope_db: f32) -> (f32, f32) {
        let mut band = Band::new();
        let power: Vec<f32> = (0..STEPS * STEP_BINS + 1)
            .map(|bin| match bin / STEP_BINS {
                step if (from..to).contains(&step) => 10f32.powf(-slope_db * step as f32 / 10.0),
                _ => 1e-12,
            })
            .collect();
        (0..LEAST).for_each(|_| band.push(&power));
        band.edges_hz()
    }

    #[test]
    fn the_edges_are_those_of_the_filter() {
        assert_eq!(edges(1, 14, 1.0), (250.0, 3_500.0));
        assert_eq!(edges(0, 28, 1.0), (0.0, 7_000.0));
    }

    /// 2 dB a step are −44 dB in the 23rd step and −46 dB in the 24th.
    #[test]
    fn without_a_filter_the_band_ends_at_forty_five_decibels() {
        assert_eq!(edges(0, 32, 2.0), (0.0, 5_750.0));
    }

    #[test]
    fn nothing_is_said_before_a_second_was_heard() {
        let mut band = Band::new();
        (0..LEAST - 1).for_each(|_| band.push(&[1.0; 513]));
        assert_eq!(band.edges_hz(), (0.0, 0.0));
        band.push(&[1.0; 513]);
        assert_eq!(band.edges_hz(), (0.0, 4_000.0));
    }
}
