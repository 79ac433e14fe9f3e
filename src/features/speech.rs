//! Speech or pause.
//!
//! Four facts about a frame make log odds of speech: how far its strongest band stands clear of
//! that band's noise floor, how far the caller's active level does, how periodic the sound is,
//! and whether the level rises or falls across it. A two-state path with a price on every change
//! (Viterbi 1967) turns the odds into turns, and is read [`PATH_LAG`] frames back, so that a
//! word's end is not drawn out by a hang-over. The path bridges the closures of stop consonants.
//!
//! The four weights were fitted (logistic regression) on EmoDB sentences, CC0, in synthetic noise
//! of 8 to 50 dB, where the clean signal says what is speech: within 20 dB of its active level,
//! or not within 26. The offset and the price were then chosen by a look at hand-labelled
//! recordings: people end a word before its echo ends.

use super::floor::NoiseFloor;
use super::pitch::PATH_LAG;
use super::spectrum::band;
use crate::error::MemoryError;
use crate::units::power_to_db;
use serde::{Deserialize, Serialize};

/// Nine bands of equal width in mel, and last the telephone band.
const BANDS: usize = 10;
const TELEPHONE: usize = 9;
const EDGES_HZ: [f32; BANDS] = [
    200.0, 376.0, 587.0, 839.0, 1_140.0, 1_501.0, 1_931.0, 2_447.0, 3_063.0, 3_800.0,
];

const OFFSET: f32 = -2.25;
const PER_CLEAR_DB: f32 = 0.42;
const PER_RANGE_DB: f32 = -0.193;
const PER_VOICING: f32 = 2.35;
const PER_RISE_DB: f32 = 0.163;
/// Further than this a band does not stand clear.
const CLEAR_MAX_DB: f32 = 40.0;
/// From the floor to the active level. A floor further down, such as digital silence, is taken
/// for this far down.
const RANGE_DB: (f32, f32) = (10.0, 45.0);
const RISE_MAX_DB: f32 = 20.0;
/// The rise is counted from this many frames before.
const RISE_FRAMES: usize = 2;
/// Log odds that a change of state must be worth.
const CHANGE_COST: f32 = 10.0;

const KEPT: usize = PATH_LAG + 1 + RISE_FRAMES;

/// The decision for a frame, and what it rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SpeechDecision {
    pub speech: bool,
    /// Smoothed level of 300–3400 Hz above the noise floor, dB.
    pub snr_db: f32,
    /// The noise floor itself, dBFS.
    pub floor_db: f32,
}

/// What is known of a frame when its turn comes.
#[derive(Clone, Copy, Default)]
struct Heard {
    clear_db: f32,
    voicing: f32,
    level_db: f32,
    lost: bool,
    decision: SpeechDecision,
}

/// Keeps the floors and the path. It begins undecided: a stream may begin inside a word.
pub struct SpeechDetector {
    floor: NoiseFloor<BANDS>,
    /// Newest last.
    heard: [Heard; KEPT],
    frames: u32,
    odds: f32,
}

impl SpeechDetector {
    pub fn new() -> Self {
        Self {
            floor: NoiseFloor::new(),
            heard: [Heard::default(); KEPT],
            frames: 0,
            odds: 0.0,
        }
    }

    /// Hears a frame's spectrum and its strongest periodicity; decides about the frame
    /// [`PATH_LAG`] before it, once there is one. A lost frame is a pause, teaches nothing about
    /// the floor, and leaves the path where it is.
    /// The floor of each band.
    pub fn memory(&self) -> FloorMemory {
        FloorMemory(self.floor.memory())
    }

    /// Begins with it.
    pub fn recall(&mut self, memory: &FloorMemory) {
        self.floor.recall(&memory.0);
    }

    pub fn push(
        &mut self,
        power: &[f32],
        voicing: f32,
        active_db: f32,
        lost: bool,
    ) -> Option<SpeechDecision> {
        let heard = self.hear(power, voicing, lost);
        if self.frames == 0 {
            self.heard.fill(heard);
        }
        self.heard.rotate_left(1);
        self.heard[KEPT - 1] = heard;
        self.frames = self.frames.saturating_add(1);
        if self.frames <= PATH_LAG as u32 {
            return None;
        }
        let ahead = (RISE_FRAMES + 1..KEPT).rev().fold(0.0, |odds: f32, at| {
            (odds + self.log_odds(at, active_db)).clamp(-CHANGE_COST, CHANGE_COST)
        });
        self.odds =
            self.odds.clamp(-CHANGE_COST, CHANGE_COST) + self.log_odds(RISE_FRAMES, active_db);
        let heard = self.heard[RISE_FRAMES];
        Some(SpeechDecision {
            speech: self.odds + ahead > 0.0 && !heard.lost,
            ..heard.decision
        })
    }

    fn hear(&mut self, power: &[f32], voicing: f32, lost: bool) -> Heard {
        if !lost {
            let mut bands = [0.0; BANDS];
            for (to, edges) in bands.iter_mut().zip(EDGES_HZ.windows(2)) {
                *to = band(power, edges[0], edges[1]);
            }
            bands[TELEPHONE] = band(power, 300.0, 3_400.0);
            self.floor.push(&bands);
        }
        let over = |at| self.floor.smoothed(at) / self.floor.floor(at).max(1e-10);
        let strongest = (0..TELEPHONE).map(over).fold(0.0, f32::max);
        let level_db = if lost {
            self.heard[KEPT - 1].level_db
        } else {
            power_to_db(band(power, 300.0, 3_400.0))
        };
        let floor_db = power_to_db(self.floor.floor(TELEPHONE));
        let snr_db = power_to_db(self.floor.smoothed(TELEPHONE)) - floor_db;
        Heard {
            clear_db: power_to_db(strongest),
            voicing,
            level_db,
            lost,
            decision: SpeechDecision {
                speech: false,
                snr_db: if lost { 0.0 } else { snr_db.max(0.0) },
                floor_db,
            },
        }
    }

    /// Log odds of speech in one of the frames kept.
    fn log_odds(&self, at: usize, active_db: f32) -> f32 {
        let heard = self.heard[at];
        if heard.lost {
            return 0.0;
        }
        let range_db = active_db - heard.decision.floor_db;
        let clear_db = heard.clear_db - (range_db - RANGE_DB.1).max(0.0);
        let rise_db = self.heard[KEPT - 1].level_db - self.heard[at - RISE_FRAMES].level_db;
        OFFSET
            + PER_CLEAR_DB * clear_db.clamp(0.0, CLEAR_MAX_DB)
            + PER_RANGE_DB * range_db.clamp(RANGE_DB.0, RANGE_DB.1)
            + PER_VOICING * heard.voicing
            + PER_RISE_DB * rise_db.clamp(-RISE_MAX_DB, RISE_MAX_DB)
    }
}

/// The noise floor of each band, as mean squares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FloorMemory([f32; BANDS]);

impl FloorMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        let mut floors = self.0.iter();
        floors.try_for_each(|it| MemoryError::within("floor", (*it).into(), 0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::spectrum::BINS;
    use super::*;

    /// A flat spectrum of a given power in 300-3400 Hz, about.
    fn flat(power: f32) -> [f32; BINS] {
        [power / 99.0; BINS]
    }

    fn run(frames: usize, sound: impl Fn(usize) -> (f32, f32, bool), active_db: f32) -> Vec<bool> {
        let mut detector = SpeechDetector::new();
        (0..frames)
            .filter_map(|frame| {
                let (power, voicing, lost) = sound(frame);
                detector.push(&flat(power), voicing, active_db, lost)
            })
            .map(|decision| decision.speech)
            .collect()
    }

    #[test]
    fn known_pauses_are_found_to_a_frame_whatever_the_gain() {
        for gain in [1e-3f32, 1.0] {
            let on = |frame: usize| frame % 100 >= 50;
            let sound = |frame| {
                let (power, voicing) = if on(frame) { (1e-2, 0.9) } else { (1e-6, 0.3) };
                (gain * power, voicing, false)
            };
            let decided = run(1_000, sound, power_to_db(gain * 1e-2));
            let wrong = (0..decided.len()).filter(|&f| decided[f] != on(f)).count();
            // Nineteen edges of a few frames each: the smoothing's tail and no hang-over.
            assert!(wrong <= 19 * 6, "{wrong}");
        }
    }

    #[test]
    fn the_closure_of_a_stop_does_not_end_a_turn() {
        // 50 ms of closure every half second, 20 dB under the voice.
        let sound = |frame: usize| match frame {
            0..100 => (1e-5, 0.3, false),
            _ if frame % 50 < 5 => (3e-5, 0.3, false),
            _ => (3e-3, 0.9, false),
        };
        let decided = run(400, sound, -25.0);
        assert!(decided[110..].iter().all(|speech| *speech));
    }

    #[test]
    fn steady_noise_of_any_level_is_no_speech() {
        for (power, later) in [(1e-8f32, 1e-8), (1e-2, 1e-2), (1e-8, 1e-2)] {
            let sound = |frame| (if frame < 1_000 { power } else { later }, 0.3, false);
            let decided = run(2_000, sound, -20.0);
            // A step up is new noise once the floor's window has passed.
            for (frame, speech) in decided.iter().enumerate() {
                assert!(!speech || (1_000..1_450).contains(&frame), "{frame}");
            }
        }
    }

    #[test]
    fn a_stream_that_begins_inside_a_word_is_heard_from_its_first_syllables_end() {
        // A voice at once, dipping 20 dB for 60 ms between its syllables of 300 ms.
        let sound = |frame: usize| {
            let power = if frame % 30 < 24 { 1e-2 } else { 1e-4 };
            (power, 0.9, false)
        };
        let decided = run(200, sound, -20.0);
        assert!(
            decided[30..].iter().filter(|speech| !**speech).count() <= 24,
            "{decided:?}"
        );
    }

    #[test]
    fn a_lost_frame_is_a_pause_and_does_not_end_the_turn() {
        let lost = |frame: usize| (200..230).contains(&frame);
        let sound = |frame: usize| match frame {
            0..100 => (1e-6, 0.3, false),
            _ if lost(frame) => (0.0, 0.0, true),
            _ => (1e-2, 0.9, false),
        };
        let decided = run(300, sound, -20.0);
        assert!((200..230).all(|f| !decided[f]));
        assert!((110..199).chain(230..290).all(|f| decided[f]));
    }
}
