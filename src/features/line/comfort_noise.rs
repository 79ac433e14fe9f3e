//! What fills the pauses: the caller's room, a generator, or nothing at all.
//!
//! A sender with discontinuous transmission sends nothing in pauses, and the receiver plays either
//! digital silence or a Gaussian comfort noise (RFC 3389; ITU-T G.711 Appendix II). Digital silence
//! is counted. Comfort noise betrays itself by its evenness: the level of 32 ms of it varies by
//! about 0.7 dB, that of a room by two and more. No feature of the pauses means much on such a line.

use crate::units::SILENCE_DB;

/// Frames after the end of speech that are its decay.
const SETTLE: u32 = 15;
/// Digital silence lies under any line's idle noise.
const NOTHING_DB: f32 = SILENCE_DB + 5.0;
/// Frames of pause that are remembered for the share, and for the evenness.
const MEMORY: u32 = 1_000;
const EVEN_MEMORY: u32 = 200;

/// Watches the pauses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PauseFloor {
    /// Share of the pauses that is digital silence, 0..1.
    pub gated_share: f32,
    /// Standard deviation of the level of the pauses, dB; 0 while unknown.
    pub sd_db: f32,
    run: u32,
    frames: u32,
    even: u32,
    mean: f32,
    variance: f32,
}

impl PauseFloor {
    /// Takes a frame.
    pub fn push(&mut self, level_db: f32, speech: bool, lost: bool) {
        self.run = if speech || lost { 0 } else { self.run + 1 };
        if self.run <= SETTLE {
            return;
        }
        let nothing = level_db <= NOTHING_DB;
        self.frames = (self.frames + 1).min(MEMORY);
        let gated = f32::from(u8::from(nothing));
        self.gated_share += (gated - self.gated_share) / self.frames as f32;
        if nothing {
            return;
        }
        self.even = (self.even + 1).min(EVEN_MEMORY);
        let weight = 1.0 / self.even as f32;
        let off = level_db - self.mean;
        self.mean += weight * off;
        // West (1979): mean and variance in one pass, here with a memory that ends.
        self.variance = (1.0 - weight) * (self.variance + weight * off * off);
        self.sd_db = self.variance.sqrt();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digital_silence_is_counted_and_speech_is_not() {
        let mut floor = PauseFloor::default();
        for frame in 0..3_000 {
            let (speech, odd) = (frame % 300 < 150, frame % 600 < 300);
            let level = match (speech, odd) {
                (true, _) => -20.0,
                (false, true) => -55.0,
                (false, false) => SILENCE_DB,
            };
            floor.push(level, speech, false);
        }
        assert!((floor.gated_share - 0.5).abs() < 0.07, "{floor:?}");
        assert!(floor.sd_db < 1e-3, "{floor:?}");
    }

    /// A level that alternates by ±d around its mean has a standard deviation of d.
    #[test]
    fn the_evenness_is_the_standard_deviation() {
        for d in [0.5f32, 3.0] {
            let mut floor = PauseFloor::default();
            for frame in 0..2_000 {
                let level = if frame % 2 == 0 { -60.0 - d } else { -60.0 + d };
                floor.push(level, false, false);
            }
            assert!((floor.sd_db - d).abs() < 0.02 * d, "{floor:?}");
        }
    }
}
