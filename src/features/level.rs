//! Active speech level in the manner of ITU-T P.56 (12/2011), method B.
//!
//! A two-stage exponential envelope (30 ms) is held against 15 thresholds, 6 dB apart; each
//! counts the time during which it was exceeded in the last 200 ms. The active level is the
//! energy per active time at the threshold that lies 15.9 dB under it. Where P.56 tests every
//! sample we test once a millisecond: the envelope cannot move by more than 0.3 dB in between.

use crate::units::SILENCE_DB;

const THRESHOLDS: usize = 15;
const MARGIN_DB: f32 = 15.9;
const HANGOVER_MS: u32 = 200;
const TIME_CONSTANT_S: f32 = 0.03;

/// The level of the speech alone, however long the pauses are.
pub struct ActiveLevel {
    samples_per_ms: usize,
    smoothing: f32,
    first_stage: f32,
    envelope: f32,
    energy: f64,
    samples: u64,
    phase: usize,
    active_ms: [u64; THRESHOLDS],
    hangover_ms: [u32; THRESHOLDS],
}

impl ActiveLevel {
    pub fn new(rate: u32) -> Self {
        Self {
            samples_per_ms: (rate / 1_000) as usize,
            smoothing: (-1.0 / (rate as f32 * TIME_CONSTANT_S)).exp(),
            first_stage: 0.0,
            envelope: 0.0,
            energy: 0.0,
            samples: 0,
            phase: 0,
            active_ms: [0; THRESHOLDS],
            hangover_ms: [HANGOVER_MS; THRESHOLDS],
        }
    }

    pub fn push(&mut self, hop: &[f32]) {
        let g = self.smoothing;
        let mut energy = 0.0;
        for sample in hop {
            energy += sample * sample;
            self.first_stage = g * self.first_stage + (1.0 - g) * sample.abs();
            self.envelope = g * self.envelope + (1.0 - g) * self.first_stage;
            self.phase += 1;
            if self.phase == self.samples_per_ms {
                self.phase = 0;
                self.count();
            }
        }
        self.energy += f64::from(energy);
        self.samples += hop.len() as u64;
        // Below any threshold, and on the way to denormal numbers.
        if self.envelope < 1e-12 {
            (self.first_stage, self.envelope) = (0.0, 0.0);
        }
    }

    fn count(&mut self) {
        let mut threshold = 0.5;
        // Highest first: 2⁻¹, 2⁻², … 2⁻¹⁵ of full scale.
        for (active, hangover) in self.active_ms.iter_mut().zip(&mut self.hangover_ms) {
            if self.envelope >= threshold {
                *active += 1;
                *hangover = 0;
            } else if *hangover < HANGOVER_MS {
                *active += 1;
                *hangover += 1;
            }
            threshold *= 0.5;
        }
    }

    /// The active speech level so far, dBFS; [`SILENCE_DB`] while there was none.
    pub fn db(&self) -> f32 {
        // Lowest threshold first: there the distance is largest, and it falls as the threshold
        // rises, until so little lies above the threshold that the figure means nothing.
        let mut below: Option<(f32, f32)> = None;
        for (j, active) in self.active_ms.iter().enumerate().rev() {
            if *active == 0 {
                break;
            }
            let active_samples = *active as f64 * self.samples_per_ms as f64;
            let level = (10.0 * (self.energy / active_samples).max(1e-20).log10()) as f32;
            let distance = level - 20.0 * 0.5f32.powi(j as i32 + 1).log10();
            if distance <= MARGIN_DB {
                // Between the two thresholds whose distances enclose the margin.
                let Some((lower, lower_distance)) = below else {
                    return level.max(SILENCE_DB);
                };
                let share = (lower_distance - MARGIN_DB) / (lower_distance - distance);
                return (lower + share * (level - lower)).max(SILENCE_DB);
            }
            below = Some((level, distance));
        }
        below.map_or(SILENCE_DB, |(level, _)| level.max(SILENCE_DB))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level_of(rate: u32, seconds_on: usize, seconds_off: usize, amplitude: f32) -> f32 {
        let mut level = ActiveLevel::new(rate);
        let hop = rate as usize / 100;
        for second in 0..20 {
            let on = second % (seconds_on + seconds_off) < seconds_on;
            for start in (0..rate as usize).step_by(hop) {
                let samples: Vec<f32> = (start..start + hop)
                    .map(|i| {
                        let phase = std::f32::consts::TAU * 800.0 * i as f32 / rate as f32;
                        if on { amplitude * phase.sin() } else { 0.0 }
                    })
                    .collect();
                level.push(&samples);
            }
        }
        level.db()
    }

    #[test]
    fn a_sine_reads_its_rms_and_pauses_do_not_dilute_it() {
        for rate in [8_000, 16_000] {
            let steady = level_of(rate, 1, 0, 0.1);
            assert!((steady + 23.01).abs() < 0.1, "{steady}");
            // One second in five: the mean is 7 dB lower, the active level only by the hang-over.
            let sparse = level_of(rate, 1, 4, 0.1);
            assert!((sparse + 23.01 + 1.1).abs() < 0.4, "{sparse}");
        }
    }

    #[test]
    fn one_loud_click_does_not_become_the_level() {
        let mut level = ActiveLevel::new(8_000);
        let sine = |i: usize| 0.05 * (std::f32::consts::TAU * 800.0 * i as f32 / 8e3).sin();
        for start in (0..8_000 * 30).step_by(80) {
            let click = start == 8_000 * 10;
            let hop: Vec<f32> = (start..start + 80)
                .map(|i| if click { 0.9 } else { sine(i) })
                .collect();
            level.push(&hop);
        }
        // The click holds a fifth of the energy: 0.9 dB, and no more.
        assert!((level.db() + 28.1).abs() < 0.3, "{}", level.db());
    }

    #[test]
    fn silence_has_no_level() {
        assert_eq!(level_of(8_000, 1, 0, 0.0), SILENCE_DB);
    }
}
