//! Screaming: a periodic sound of 500 to 2000 Hz that lasts.
//!
//! Speech stays under 500 Hz but for single loud syllables; screams lie above it (Anikin & Persson
//! 2017) and last half a second or more. Level says little behind an automatic gain control,
//! so it is used only against the stream's own recent peak. A siren, a whistle or a held note is
//! taken for a scream.

use super::FeatureFrame;
use super::segment::Heard;

/// A voice pressed to a scream has its energy over 1 kHz; dB.
pub const ALPHA_DB: f32 = -6.0;
/// Frames of doubt that do not end a scream.
const DOUBT: u32 = 3;
/// Frames at which the evidence is 1. Half is 0.5 s.
const FULL: f32 = 100.0;

/// Counts frames.
#[derive(Default)]
pub struct ScreamDetector {
    frames: u32,
    doubt: u32,
}

impl ScreamDetector {
    /// Evidence in 0..1.
    pub fn push(&mut self, frame: &FeatureFrame, heard: &Heard, high_hz: f32) -> f32 {
        if heard.loud && high_hz > 0.0 && frame.alpha_ratio_db > ALPHA_DB {
            self.frames += 1;
            self.doubt = 0;
        } else {
            self.doubt += 1;
            if self.doubt > DOUBT {
                self.frames = 0;
            }
        }
        (self.frames as f32 / FULL).min(1.0)
    }
}
