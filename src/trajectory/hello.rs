//! Bad from hello: the mean over all speech since the call began, against calm callers in general.
//!
//! Nobody's own habit is known yet, so this compares people with people, which is far less sure
//! than a caller with himself; it is asked only while the caller is new.

use super::Voice;
use super::voice::{BALANCE, FLUX, LENGTHENING, RANGE};
use crate::error::MemoryError;
use crate::units::StreamTime;
use serde::{Deserialize, Serialize};

/// Speech after which a caller is no longer new, s.
const UNTIL_S: f64 = 25.0;
/// Speech at which half of the variance averages out, s: as in [`super::Change`].
const OFFSET_S: f64 = 4.0;
const LIMIT_SD: f64 = 5.0;

/// What anger sounds like in a stranger: a descriptor of the voice, its mean over calm callers on
/// the telephone and their spread, and how much it counts. Mean and spread are near those of EmoDB's
/// ten speakers (`benches/calm_voices.py`, which weighs frames alike and so has more of the first
/// seconds, over which the range of levels still grows). The model's word is not among them: it takes callers
/// with lively voices for angry ones as long as it does not know them.
const AMONG_CALLERS: [(usize, f64, f64, f64); 4] = [
    (BALANCE, -10.1, 2.3, 1.0),
    (FLUX, 1.54, 0.07, 1.0),
    (LENGTHENING, 0.035, 0.003, -1.0),
    (RANGE, 16.3, 1.5, 0.3),
];

/// Where a voice stands among calm callers, in their standard deviations; above 0 is as anger is.
pub(super) fn among_callers(voice: &Voice) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (descriptor, mean, sd, weight) in AMONG_CALLERS {
        let now = voice.now(descriptor).unwrap_or(mean);
        sum += weight * ((now - mean) / sd).clamp(-LIMIT_SD, LIMIT_SD);
        weights += weight.abs();
    }
    sum / weights
}

/// Follows one caller from the first word.
#[derive(Clone, Debug, Default)]
pub struct Hello {
    sum: f64,
    confidence: f64,
    speech_s: f64,
    from: Option<StreamTime>,
}

impl Hello {
    /// Adds `sd` standard deviations over the `speech_s` seconds of speech that end at `at`.
    pub fn add(&mut self, sd: f64, speech_s: f64, at: StreamTime, confidence: f64) {
        if !sd.is_finite() {
            return;
        }
        let from = StreamTime::from_seconds(at.seconds() - speech_s);
        self.from.get_or_insert(from);
        self.sum += sd.clamp(-LIMIT_SD, LIMIT_SD) * speech_s;
        self.confidence += confidence * speech_s;
        self.speech_s += speech_s;
    }

    /// The strength, standard deviations; 0 once the caller is no longer new.
    pub fn strength(&self) -> f64 {
        let n = self.speech_s;
        if n <= 0.0 || n > UNTIL_S {
            return 0.0;
        }
        (self.sum / n * (n / (n + OFFSET_S)).sqrt()).max(0.0)
    }

    /// The first word.
    pub fn from(&self) -> Option<StreamTime> {
        self.from
    }

    /// Speech since then, s.
    pub fn speech_s(&self) -> f64 {
        self.speech_s
    }

    /// The model's mean confidence.
    pub fn confidence(&self) -> f64 {
        self.confidence / self.speech_s.max(1e-9)
    }
}

/// The sums so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HelloMemory {
    sum: f64,
    confidence: f64,
    speech_s: f64,
    from: Option<u64>,
}

impl HelloMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        MemoryError::within("hello.sum", self.sum, -1e9, 1e9)?;
        MemoryError::within("hello.confidence", self.confidence, 0.0, 1e9)?;
        MemoryError::within("hello.speech_s", self.speech_s, 0.0, 1e9)?;
        MemoryError::place("hello.from", self.from.unwrap_or(0))
    }
}

impl Hello {
    /// The sums so far.
    pub fn memory(&self) -> HelloMemory {
        HelloMemory {
            sum: self.sum,
            confidence: self.confidence,
            speech_s: self.speech_s,
            from: self.from.map(StreamTime::ticks),
        }
    }

    /// Goes on from there.
    pub fn recall(&mut self, memory: &HelloMemory) {
        *self = Self {
            sum: memory.sum,
            confidence: memory.confidence,
            speech_s: memory.speech_s,
            from: memory.from.map(StreamTime::from_ticks),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_heard_stands_in_the_middle() {
        assert_eq!(among_callers(&Voice::new()), 0.0);
    }

    #[test]
    fn a_caller_is_new_for_a_while_of_speech() {
        let mut hello = Hello::default();
        assert_eq!(hello.strength(), 0.0);
        let mut add = |i: u32, sd: f64| {
            hello.add(
                sd,
                0.25,
                StreamTime::from_seconds(1.0 + f64::from(i) * 0.25),
                0.5,
            );
            hello.strength()
        };
        let mut last = 0.0;
        for i in 1..=100 {
            last = add(i, 2.0);
        }
        assert!((last - 2.0 * (25.0_f64 / 29.0).sqrt()).abs() < 1e-9);
        assert_eq!(add(101, 2.0), 0.0);
        assert_eq!(hello.from(), Some(StreamTime::from_seconds(1.0)));
        assert!((hello.confidence() - 0.5).abs() < 1e-9);
    }
}
