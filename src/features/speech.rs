//! Speech or pause, over a noise floor that adapts.
//!
//! The floor is the minimum of the smoothed band level over the last four seconds (minimum
//! statistics, Martin 2001, in one band): it follows a line that gets noisier within seconds
//! and needs no decision about what is noise. Speech is what stands clear of it, with help from
//! voicing, begins after 30 ms and ends after 80 ms.

use crate::units::power_to_db;

const SUB_WINDOW: usize = 40;
const SUB_WINDOWS: usize = 10;
/// The minimum of a noise lies under its mean: with 25 ms smoothing by about 2.5 dB.
const MINIMUM_BIAS_DB: f32 = 2.5;
const SMOOTHING: f32 = 0.6;
const CLEAR_DB: f32 = 10.0;
const CLEAR_VOICED_DB: f32 = 5.0;
/// Voices further than this under the caller's active level are somebody else's.
const BELOW_ACTIVE_DB: f32 = 32.0;
const BEGIN_FRAMES: u32 = 3;
const END_FRAMES: u32 = 8;

/// The decision for a frame, and what it rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpeechDecision {
    pub speech: bool,
    /// Smoothed band level above the noise floor, dB.
    pub snr_db: f32,
    /// The noise floor itself, dBFS.
    pub floor_db: f32,
}

/// Keeps the floor and the hang-over.
pub struct SpeechDetector {
    smoothed: f32,
    minima: [f32; SUB_WINDOWS],
    current: f32,
    frames: usize,
    clear_run: u32,
    pause_run: u32,
    speech: bool,
}

impl SpeechDetector {
    pub fn new() -> Self {
        Self {
            smoothed: 0.0,
            minima: [f32::INFINITY; SUB_WINDOWS],
            current: f32::INFINITY,
            frames: 0,
            clear_run: 0,
            pause_run: END_FRAMES,
            speech: false,
        }
    }

    /// `band_power` is the mean square between 300 and 3400 Hz. A lost frame is a pause and
    /// teaches nothing about the floor.
    pub fn push(
        &mut self,
        band_power: f32,
        voiced: bool,
        active_db: f32,
        lost: bool,
    ) -> SpeechDecision {
        if !lost {
            self.track_floor(band_power);
        }
        let floor = self.minima.iter().copied().fold(self.current, f32::min);
        let floor_db = power_to_db(floor.min(1.0)) + MINIMUM_BIAS_DB;
        let level_db = power_to_db(self.smoothed);
        let snr_db = (level_db - floor_db).max(0.0);
        let needed = if voiced { CLEAR_VOICED_DB } else { CLEAR_DB };
        let clear = !lost && snr_db > needed && level_db > active_db - BELOW_ACTIVE_DB;
        self.decide(clear);
        SpeechDecision {
            speech: self.speech,
            snr_db: if lost { 0.0 } else { snr_db },
            floor_db,
        }
    }

    fn track_floor(&mut self, band_power: f32) {
        self.smoothed = if self.frames == 0 {
            band_power
        } else {
            SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * band_power
        };
        self.current = self.current.min(self.smoothed);
        self.frames += 1;
        if self.frames.is_multiple_of(SUB_WINDOW) {
            self.minima[(self.frames / SUB_WINDOW) % SUB_WINDOWS] = self.current;
            self.current = self.smoothed;
        }
    }

    fn decide(&mut self, clear: bool) {
        if clear {
            self.clear_run += 1;
            self.pause_run = 0;
        } else {
            self.clear_run = 0;
            self.pause_run += 1;
        }
        self.speech = if self.speech {
            self.pause_run < END_FRAMES
        } else {
            self.clear_run >= BEGIN_FRAMES
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_pauses_are_found_whatever_the_gain() {
        for gain in [1e-3f32, 1.0] {
            let mut detector = SpeechDetector::new();
            let mut wrong = 0;
            for frame in 0..1_000 {
                let on = frame % 100 >= 50;
                let power = gain * if on { 1e-2 } else { 1e-6 };
                let active = power_to_db(gain * 1e-2);
                let decision = detector.push(power, on, active, false);
                wrong += usize::from(decision.speech != on && frame > 150);
            }
            // 3 frames to begin, up to 8 + smoothing to end, eight and a half times.
            assert!(wrong <= 9 * 30, "{wrong}");
            assert!(wrong >= 9 * 8, "hang-over is there: {wrong}");
        }
    }

    #[test]
    fn steady_noise_of_any_level_is_no_speech() {
        let mut detector = SpeechDetector::new();
        for power in [1e-8f32, 1e-2] {
            for frame in 0..1_000 {
                let decision = detector.push(power, false, -20.0, false);
                assert!(!decision.speech || frame < 480, "{power} at {frame}");
            }
        }
    }
}
