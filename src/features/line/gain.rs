//! Gain control at work: the noise of a pause that rises, and falls back when speech returns.
//!
//! An automatic gain control with a slow release lifts the noise while nobody speaks, and the next
//! word presses it down again (ITU-T G.169, which bounds both). A room does neither in step with
//! the speech. So each pause is measured twice, at its beginning and at its end, and counts by the
//! smaller of two figures: how far the noise rose in it, and how far under its end the next pause
//! began. The definition is ours.

/// Frames after the speech ended before the noise is taken: its decay is over.
const SETTLE: u32 = 15;
/// Frames that a level is averaged over.
const SPAN: u32 = 10;
/// Frames before the decision for speech that may already hold its onset.
const ONSET: usize = 6;
/// Shorter pauses tell nothing.
const LEAST: u32 = 60;
const MOST_DB: f32 = 20.0;
/// Pauses that the figure remembers.
const MEMORY: u32 = 4;
const RING: usize = 16;

/// Measures the pauses of one caller.
#[derive(Default)]
pub struct GainControl {
    levels: [f32; RING],
    pause: u32,
    start_sum: f32,
    /// Rise and end of the last pause.
    last: Option<(f32, f32)>,
    pauses: u32,
    pumping_db: f32,
}

impl GainControl {
    /// Takes a frame; gives the pumping in dB, 0 where the gain stands still.
    pub fn push(&mut self, level_db: f32, speech: bool, lost: bool) -> f32 {
        if lost {
            // What was not received is neither noise nor speech: the pause is given up.
            self.pause = 0;
            self.start_sum = 0.0;
        } else if speech {
            self.close();
        } else {
            self.levels[self.pause as usize % RING] = level_db;
            self.pause += 1;
            if (SETTLE..SETTLE + SPAN).contains(&(self.pause - 1)) {
                self.start_sum += level_db;
            }
        }
        self.pumping_db
    }

    fn close(&mut self) {
        let frames = std::mem::take(&mut self.pause);
        let start = std::mem::take(&mut self.start_sum) / SPAN as f32;
        if frames < LEAST {
            return;
        }
        let end = (0..SPAN as usize)
            .map(|back| self.levels[(frames as usize - 1 - ONSET - back) % RING])
            .sum::<f32>()
            / SPAN as f32;
        if let Some((rise, before)) = self.last {
            let drop = before - start;
            let pumping = rise.min(drop).clamp(0.0, MOST_DB);
            self.pauses = (self.pauses + 1).min(MEMORY);
            self.pumping_db += (pumping - self.pumping_db) / self.pauses as f32;
        }
        self.last = Some((end - start, end));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of speech and a second of pause, whose noise moves by `rise_db` from end to end.
    fn pumping(rise_db: f32, falls_back: bool) -> f32 {
        let mut gain = GainControl::default();
        let mut noise = -60.0;
        let mut now = 0.0;
        for frame in 0..2_000 {
            let speech = frame % 200 < 100;
            if speech && falls_back {
                noise = -60.0;
            }
            noise += if speech { 0.0 } else { rise_db / 100.0 };
            now = gain.push(if speech { -20.0 } else { noise }, speech, false);
        }
        now
    }

    /// Between the middles of the two spans lie 100 − 15 − 5 − 6 − 5.5 frames.
    #[test]
    fn the_rise_of_the_noise_is_measured_in_decibels() {
        for rise in [0.0, 5.0, 12.0] {
            let expected = rise * 0.69;
            let found = pumping(rise, true);
            assert!(
                (found - expected).abs() < 0.05 * rise + 0.01,
                "{rise}: {found}"
            );
        }
    }

    #[test]
    fn noise_that_only_rises_or_only_falls_is_no_gain_control() {
        assert_eq!(pumping(1.0, false), 0.0);
        assert_eq!(pumping(-6.0, true), 0.0);
    }
}
