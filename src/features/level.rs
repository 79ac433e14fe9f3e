//! Active speech level in the manner of ITU-T P.56 (12/2011), method B.
//!
//! A two-stage exponential envelope (30 ms) is held against 15 thresholds, 6 dB apart; each
//! counts the time during which it was exceeded in the last 200 ms. The active level is the
//! energy per active time at the threshold that lies 15.9 dB under it. Where P.56 tests every
//! sample we test once a millisecond: the envelope cannot move by more than 0.3 dB in between.

use super::frame::FeatureFrame;
use crate::error::MemoryError;
use crate::units::{SILENCE_DB, decibels};
use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

const THRESHOLDS: usize = 15;
const MARGIN_DB: f32 = 15.9;
/// From one threshold to the next: 20 log10 2.
const HALVING_DB: f32 = 6.020_6;
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
            let level = decibels((self.energy / active_samples).max(1e-20) as f32);
            let distance = level + HALVING_DB * (j + 1) as f32;
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

/// Energy, samples, and the time over each threshold in ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LevelMemory(f64, u64, [u64; THRESHOLDS]);

impl LevelMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        MemoryError::within("level.energy", self.0, 0.0, 1e15)?;
        MemoryError::count("level.samples", self.1)?;
        let mut active_ms = self.2.iter();
        active_ms.try_for_each(|ms| MemoryError::count("level.active_ms", *ms))
    }
}

impl ActiveLevel {
    /// What was counted; the envelope, 30 ms long, begins anew.
    pub fn memory(&self) -> LevelMemory {
        LevelMemory(self.energy, self.samples, self.active_ms)
    }

    /// Counts on from there.
    pub fn recall(&mut self, memory: &LevelMemory) {
        (self.energy, self.samples, self.active_ms) = (memory.0, memory.1, memory.2);
    }
}

/// Frames that the spread is taken over: ten seconds.
const SPREAD_FRAMES: usize = 1_000;
/// Voiced frames that the running mean is made of: three seconds of voice.
const MEAN_FRAMES: f32 = 300.0;
const CELL_DB: f32 = 0.5;
const CELLS: usize = 160;
/// The running mean lies in the middle of the cells.
const CENTRE: f32 = CELLS as f32 / 2.0;
/// Under half a second of voice a spread says nothing.
const LEAST: u32 = 50;

/// Level against the caller's own, in two figures that a gain control leaves alone.
pub struct Dynamics {
    mean: f32,
    voiced: f32,
    /// The cell of each of the last frames; none where it was not voiced.
    cells: [Option<u8>; SPREAD_FRAMES],
    counts: [u16; CELLS],
    total: u32,
    at: usize,
}

impl Dynamics {
    pub fn new() -> Self {
        Self {
            mean: 0.0,
            voiced: 0.0,
            cells: [None; SPREAD_FRAMES],
            counts: [0; CELLS],
            total: 0,
            at: 0,
        }
    }

    /// Takes a frame. Gives its level over the active level, and the spread of voiced frames.
    ///
    /// The spread is of the distance to a running mean: a gain that moves slower than three
    /// seconds moves both and cancels.
    pub fn push(&mut self, frame: &FeatureFrame) -> (f32, f32) {
        let cell = (frame.voiced && frame.speech).then(|| self.cell(frame.level_db));
        let gone = std::mem::replace(&mut self.cells[self.at], cell);
        self.at = (self.at + 1) % SPREAD_FRAMES;
        if let Some(cell) = cell {
            self.counts[usize::from(cell)] += 1;
            self.total += 1;
        }
        if let Some(cell) = gone {
            self.counts[usize::from(cell)] -= 1;
            self.total -= 1;
        }
        let relative = if frame.active_level_db > SILENCE_DB {
            frame.level_db - frame.active_level_db
        } else {
            0.0
        };
        (relative, self.spread())
    }

    fn cell(&mut self, level_db: f32) -> u8 {
        self.voiced = (self.voiced + 1.0).min(MEAN_FRAMES);
        self.mean += (level_db - self.mean) / self.voiced;
        let cell = (level_db - self.mean) / CELL_DB + CENTRE;
        cell.clamp(0.0, CELLS as f32 - 1.0) as u8
    }

    fn spread(&self) -> f32 {
        if self.total < LEAST {
            return 0.0;
        }
        let percentile = |share: f32| {
            let wanted = share * self.total as f32;
            let mut sum = 0.0;
            for (cell, count) in self.counts.iter().enumerate() {
                let count = f32::from(*count);
                if sum + count >= wanted && count > 0.0 {
                    return (cell as f32 + (wanted - sum) / count) * CELL_DB;
                }
                sum += count;
            }
            CELLS as f32 * CELL_DB
        };
        percentile(0.9) - percentile(0.1)
    }
}

/// The running mean in dBFS, the voiced frames in it, and the cells of the last frames, oldest
/// first; [`CELLS`] for one that was not voiced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DynamicsMemory(f32, f32, ArrayVec<u8, SPREAD_FRAMES>);

impl DynamicsMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        MemoryError::within("dynamics.mean", self.0.into(), -1e3, 1e3)?;
        MemoryError::within("dynamics.voiced", self.1.into(), 0.0, MEAN_FRAMES.into())?;
        let (mut cells, most) = (self.2.iter(), CELLS as f64);
        cells.try_for_each(|cell| MemoryError::within("dynamics.cell", (*cell).into(), 0.0, most))
    }
}

impl Dynamics {
    /// The spread of ten seconds: a caller's range that begins anew would be learnt as too small.
    pub fn memory(&self) -> DynamicsMemory {
        let (new, old) = self.cells.split_at(self.at);
        let cells = old.iter().chain(new);
        let told = cells.map(|cell| cell.unwrap_or(CELLS as u8));
        DynamicsMemory(self.mean, self.voiced, told.collect())
    }

    /// Goes on from there.
    pub fn recall(&mut self, memory: &DynamicsMemory) {
        *self = Self::new();
        (self.mean, self.voiced) = (memory.0, memory.1);
        for (place, cell) in self.cells.iter_mut().zip(&memory.2) {
            if let Some(count) = self.counts.get_mut(usize::from(*cell)) {
                *count += 1;
                self.total += 1;
                *place = Some(*cell);
            }
        }
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

    /// Voiced levels that fall from 0 to −12 dB and start again, four times a second, under a
    /// gain that climbs by `ramp_db` in ten seconds.
    fn spread_of(gain_db: f32, ramp_db: f32) -> f32 {
        let mut dynamics = Dynamics::new();
        let mut spread = 0.0;
        for i in 0..2_000u16 {
            let gain = gain_db + ramp_db * f32::from(i) / 1_000.0;
            let frame = FeatureFrame {
                voiced: true,
                speech: true,
                level_db: gain - f32::from(i % 25) * 0.5,
                ..FeatureFrame::default()
            };
            spread = dynamics.push(&frame).1;
        }
        spread
    }

    #[test]
    fn the_spread_is_four_fifths_of_an_even_range_at_any_gain() {
        // 25 levels, half a decibel apart, fill 12.5 dB of cells.
        for gain in [-50.0, -20.0] {
            let spread = spread_of(gain, 0.0);
            assert!((spread - 10.0).abs() < 0.3, "{spread}");
        }
    }

    #[test]
    fn a_gain_control_that_climbs_ten_decibels_hardly_moves_the_spread() {
        for ramp in [10.0, -10.0] {
            let moved = spread_of(-30.0, ramp) - spread_of(-30.0, 0.0);
            assert!(moved.abs() < 0.5, "{ramp}: {moved}");
        }
    }

    #[test]
    fn the_relative_level_is_none_where_there_is_no_speech() {
        let silent = FeatureFrame::default();
        assert_eq!(Dynamics::new().push(&silent), (0.0, 0.0));
    }
}
