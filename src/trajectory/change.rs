//! Evidence of a change that lasts: a likelihood ratio over every onset it may have had.
//!
//! Of `n` seconds of speech since an onset the mean evidence m, in standard deviations, has the
//! variance σ²/n + τ² in a caller who is calm: σ² averages out, τ² is this caller's own and this
//! day's, and does not. The strength of an onset is m / √(τ² + σ²/n) up to a factor, which is
//! m √(n / (n + n₀)) with n₀ = σ²/τ²; the strongest onset is the back-dated one. So evidence
//! that is weak for ever stays weak, which a cumulative sum would not grant.
//! Source: generalised likelihood ratio, Siegmund & Venkatraman (1995), with a random effect.

use crate::error::MemoryError;
use crate::units::StreamTime;
use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

/// σ²/τ², s of speech.
const OFFSET_S: f64 = 3.0;
/// The longest speech behind an onset, s.
const SPAN_S: f64 = 20.0;
/// The most readings it may be made of.
const CELLS: usize = 128;
/// One reading may count for this much and no more: a shout is not a minute of anger.
const LIMIT_SD: f64 = 7.0;

/// One reading: what it adds, and what was known when it came.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    excess: f64,
    speech_s: f64,
    confidence: f64,
    from: StreamTime,
    calm_before_s: f64,
}

/// The strongest onset, dated back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Onset {
    /// Strength, standard deviations.
    pub strength: f64,
    /// Where it lies in the stream.
    pub from: StreamTime,
    /// The speech that was weighed, s.
    pub speech_s: f64,
    /// Calm speech heard before it, s.
    pub calm_before_s: f64,
    /// The model's mean confidence since then.
    pub confidence: f64,
}

/// Looks for a change in one stream of evidence.
#[derive(Clone, Debug)]
pub struct Change {
    cells: [Cell; CELLS],
    next: usize,
    count: usize,
    best: Option<Onset>,
}

impl Default for Change {
    fn default() -> Self {
        Self {
            cells: [Cell::default(); CELLS],
            next: 0,
            count: 0,
            best: None,
        }
    }
}

impl Change {
    /// Adds `sd` standard deviations over the `speech_s` seconds of speech that end at `at`.
    pub fn add(
        &mut self,
        sd: f64,
        speech_s: f64,
        at: StreamTime,
        confidence: f64,
        calm_before_s: f64,
    ) {
        if !sd.is_finite() || speech_s <= 0.0 {
            return;
        }
        self.cells[self.next] = Cell {
            excess: sd.clamp(-LIMIT_SD, LIMIT_SD) * speech_s,
            speech_s,
            confidence: confidence * speech_s,
            from: StreamTime::from_seconds(at.seconds() - speech_s),
            calm_before_s,
        };
        self.next = (self.next + 1) % CELLS;
        self.count = (self.count + 1).min(CELLS);
        self.best = self.strongest();
    }

    fn strongest(&self) -> Option<Onset> {
        let (mut excess, mut speech_s, mut confidence) = (0.0, 0.0, 0.0);
        let (mut best, mut mean): (Option<Onset>, f64) = (None, 0.0);
        for back in 1..=self.count {
            let cell = &self.cells[(self.next + CELLS - back) % CELLS];
            excess += cell.excess;
            speech_s += cell.speech_s;
            confidence += cell.confidence;
            if speech_s > SPAN_S {
                break;
            }
            let strength = excess / speech_s * (speech_s / (speech_s + OFFSET_S)).sqrt();
            if strength > best.map_or(0.0, |best| best.strength) {
                best = Some(Onset {
                    strength,
                    from: cell.from,
                    speech_s,
                    calm_before_s: cell.calm_before_s,
                    confidence: confidence / speech_s,
                });
                mean = excess / speech_s;
            }
        }
        best.map(|best| self.dated_back(best, mean))
    }

    /// The onset where a change from nothing to `mean` most likely began, which may lie before the
    /// speech that was weighed: where the sum of what exceeds half of it is largest (Page 1954).
    fn dated_back(&self, best: Onset, mean: f64) -> Onset {
        let (mut sum, mut most, mut onset) = (0.0, 0.0, best);
        for back in 1..=self.count {
            let cell = &self.cells[(self.next + CELLS - back) % CELLS];
            sum += cell.excess - cell.speech_s * mean / 2.0;
            if sum > most && cell.from <= best.from {
                (most, onset.from, onset.calm_before_s) = (sum, cell.from, cell.calm_before_s);
            }
        }
        onset
    }

    /// The strongest onset; none while nothing is above the caller's own mean.
    pub fn onset(&self) -> Option<Onset> {
        self.best
    }

    /// Its strength, or 0.
    pub fn strength(&self) -> f64 {
        self.best.map_or(0.0, |best| best.strength)
    }
}

/// The readings, oldest first: excess, speech in s, confidence, ticks, calm speech before in s. In
/// single precision, whose error is far below that of any reading.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeMemory(ArrayVec<(f32, f32, f32, u64, f32), CELLS>);

impl ChangeMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        for (excess, speech_s, confidence, from, calm_before_s) in &self.0 {
            MemoryError::within("change.speech_s", (*speech_s).into(), 1e-6, 60.0)?;
            MemoryError::within("change.excess", (*excess).into(), -1e3, 1e3)?;
            MemoryError::within("change.confidence", (*confidence).into(), 0.0, 60.0)?;
            MemoryError::place("change.from", *from)?;
            MemoryError::within("change.calm_before_s", (*calm_before_s).into(), 0.0, 1e9)?;
        }
        Ok(())
    }
}

impl Change {
    /// The readings that still count.
    pub fn memory(&self) -> ChangeMemory {
        let oldest = self.next + CELLS - self.count;
        let cells = (0..self.count).map(|place| self.cells[(oldest + place) % CELLS]);
        let told = cells.map(|cell| {
            (
                cell.excess as f32,
                cell.speech_s as f32,
                cell.confidence as f32,
                cell.from.ticks(),
                cell.calm_before_s as f32,
            )
        });
        ChangeMemory(told.collect())
    }

    /// Goes on from there.
    pub fn recall(&mut self, memory: &ChangeMemory) {
        *self = Self::default();
        for (cell, told) in self.cells.iter_mut().zip(&memory.0) {
            *cell = Cell {
                excess: told.0.into(),
                speech_s: told.1.into(),
                confidence: told.2.into(),
                from: StreamTime::from_ticks(told.3),
                calm_before_s: told.4.into(),
            };
        }
        self.count = memory.0.len();
        self.next = self.count % CELLS;
        self.best = self.strongest();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(sd: impl Fn(f64) -> f64, seconds: f64) -> (Change, f64) {
        let (mut change, mut most) = (Change::default(), 0.0_f64);
        for i in 1..=(seconds * 4.0) as u32 {
            let at = f64::from(i) * 0.25;
            change.add(sd(at), 0.25, StreamTime::from_seconds(at), 0.8, at);
            most = most.max(change.strength());
        }
        (change, most)
    }

    #[test]
    fn a_step_is_found_where_it_was_and_is_as_strong_as_the_formula_says() {
        let (change, _) = run(|t| if t <= 30.0 { 0.0 } else { 3.0 }, 50.0);
        let onset = change.onset().unwrap();
        assert!((onset.from.seconds() - 30.0).abs() < 1e-6, "{onset:?}");
        let expected = 3.0 * (20.0_f64 / 23.0).sqrt();
        assert!((onset.strength - expected).abs() < 1e-9, "{onset:?}");
        assert!(
            (onset.calm_before_s - 30.25).abs() < 1e-6 && (onset.confidence - 0.8).abs() < 1e-9
        );
    }

    #[test]
    fn a_change_older_than_the_span_is_dated_back_to_where_it_began() {
        let (change, _) = run(|t| if t <= 30.0 { 0.0 } else { 3.0 }, 58.0);
        let onset = change.onset().unwrap();
        assert!(
            (onset.from.seconds() - 30.0).abs() < 1e-6 && onset.speech_s <= SPAN_S,
            "{onset:?}"
        );
    }

    #[test]
    fn weak_evidence_for_ever_stays_weak_and_an_outburst_is_half_a_change() {
        assert!(run(|_| 1.0, 600.0).1 < 1.0);
        let (after, most) = run(|t| if (40.0..42.0).contains(&t) { 6.0 } else { 0.0 }, 90.0);
        assert!(most < 6.0 * (2.25_f64 / 5.25).sqrt() + 1e-9, "{most}");
        assert!(after.strength() < 1e-9);
    }

    #[test]
    fn what_is_not_a_number_counts_for_nothing_and_one_reading_for_so_much_and_no_more() {
        let (mut change, _) = run(|_| 0.0, 10.0);
        change.add(f64::NAN, 0.25, StreamTime::from_seconds(11.0), 1.0, 0.0);
        assert_eq!(change.strength(), 0.0);
        change.add(1e9, 0.25, StreamTime::from_seconds(12.0), 1.0, 0.0);
        assert!(change.strength() <= LIMIT_SD);
    }
}
