//! Voice or music: evidence that adds up.
//!
//! Each 50 ms of sound votes with the steadiness of its partials: half the share of power that
//! lies in steady partials, half their number (up to four). Speech is at 0.05–0.2, music at
//! 0.4–0.9. The votes' distance from a dividing line is summed between two limits, which is a
//! sequential test (Wald 1945; Page 1954) with memory: who was heard for long is believed for
//! longer. Only voiced speech votes for a voice, so noise and drums never become a caller.

use super::partials::Partials;
use crate::error::MemoryError;
use serde::{Deserialize, Serialize};

/// Speech stays below, music above.
const DIVIDE: f32 = 0.30;
/// The vote of a number of partials is full at a chord's.
const CHORD: usize = 4;
/// Evidence at which a voice is believed: about a second and a half of speech.
const VOICE_AT: f32 = -4.0;
/// Evidence at which music is believed: about a second of it.
const MUSIC_AT: f32 = 5.0;
/// Evidence stops here: how much of the other must come before the belief changes.
const LIMITS: (f32, f32) = (-10.0, 9.0);

/// Weight of steady sound that does not stand clear of its floor: a pad, or a hum in the pauses.
const BETWEEN: f32 = 0.25;

/// What the evidence says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Belief {
    /// Too little was heard.
    #[default]
    Open,
    /// A voice.
    Voice,
    /// Music.
    Music,
}

/// Sums the votes of one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MusicDetector {
    evidence: f32,
    belief: Belief,
}

impl MusicDetector {
    /// Takes 50 ms in which there was sound.
    pub fn push(&mut self, partials: &Partials, speech: bool, voiced: bool) -> Belief {
        let vote = steadiness(partials) - DIVIDE;
        let weight = match (vote > 0.0, speech, voiced) {
            (true, true, _) | (false, true, true) => 1.0,
            (true, false, _) => BETWEEN,
            (false, _, _) => 0.0,
        };
        self.evidence = (self.evidence + weight * vote).clamp(LIMITS.0, LIMITS.1);
        if self.evidence >= MUSIC_AT {
            self.belief = Belief::Music;
        } else if self.evidence <= VOICE_AT {
            self.belief = Belief::Voice;
        }
        self.belief
    }

    /// What was believed last.
    pub fn belief(&self) -> Belief {
        self.belief
    }

    /// Evidence for music above zero, for a voice below.
    pub fn evidence(&self) -> f32 {
        self.evidence
    }

    /// # Errors
    /// When a value that was remembered cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        let (from, to) = (LIMITS.0.into(), LIMITS.1.into());
        MemoryError::within("line.evidence", self.evidence.into(), from, to)
    }

    /// A voice that was believed is none: begin anew.
    pub fn reopen(&mut self) {
        *self = Self::default();
    }
}

/// 0 where nothing holds still, 1 for a held chord.
pub fn steadiness(partials: &Partials) -> f32 {
    let number = partials.steady.min(CHORD) as f32 / CHORD as f32;
    0.5 * partials.steady_share + 0.5 * number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(share: f32, steady: usize) -> Partials {
        Partials {
            steady_share: share,
            steady,
            ..Partials::default()
        }
    }

    fn belief_after(detector: &mut MusicDetector, windows: usize, partials: &Partials) -> Belief {
        (0..windows).fold(Belief::Open, |_, _| detector.push(partials, true, true))
    }

    #[test]
    fn a_voice_and_a_chord_are_told_apart_within_two_seconds() {
        let mut detector = MusicDetector::default();
        assert_eq!(belief_after(&mut detector, 10, &of(0.1, 0)), Belief::Open);
        assert_eq!(belief_after(&mut detector, 10, &of(0.1, 0)), Belief::Voice);
        let mut detector = MusicDetector::default();
        assert_eq!(belief_after(&mut detector, 12, &of(0.7, 3)), Belief::Music);
    }

    /// From limit to limit: (10 + 5) / 0.425 windows of a chord, (9 + 4) / 0.25 of a voice.
    #[test]
    fn a_belief_held_for_long_is_given_up_slowly() {
        let mut detector = MusicDetector::default();
        belief_after(&mut detector, 1_000, &of(0.1, 0));
        assert_eq!(belief_after(&mut detector, 35, &of(0.7, 3)), Belief::Voice);
        assert_eq!(belief_after(&mut detector, 2, &of(0.7, 3)), Belief::Music);
        belief_after(&mut detector, 1_000, &of(0.7, 3));
        assert_eq!(belief_after(&mut detector, 51, &of(0.1, 0)), Belief::Music);
        assert_eq!(belief_after(&mut detector, 2, &of(0.1, 0)), Belief::Voice);
    }

    #[test]
    fn what_is_not_voiced_speech_is_never_taken_for_a_voice() {
        let mut detector = MusicDetector::default();
        for _ in 0..10_000 {
            assert_eq!(detector.push(&of(0.0, 0), true, false), Belief::Open);
        }
    }
}
