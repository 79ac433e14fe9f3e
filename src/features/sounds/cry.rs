//! Crying aloud: a voice held high, clean and unbroken.
//!
//! Words break a voice every tenth of a second; a wail holds on (Wasz-Höckert et al. 1968 measured
//! seconds of unbroken phonation in infants; adult weeping is lower and shorter). Counted is how
//! long, over the last two seconds, a voice over 250 Hz has run on beyond the 0.2 s that
//! syllables reach. Whispered and low-voiced crying is missed.

use super::FeatureFrame;
use super::segment::Heard;

const HIGH_HZ: f32 = 250.0;
const HNR_DB: f32 = 8.0;
/// A high pitch brighter than this is a scream; dB.
const SCREAM_ALPHA_DB: f32 = 0.0;
/// Frames that a syllable may hold.
const SYLLABLE: u32 = 20;
/// Forgetting per frame: a time constant of two seconds.
const MEMORY: f32 = 0.995;
/// Frames at which the evidence is 1. Half is 0.4 s in all beyond a syllable each.
const FULL: f32 = 80.0;

/// Counts held frames.
#[derive(Default)]
pub struct CryDetector {
    run: u32,
    doubt: u32,
    held: f32,
}

impl CryDetector {
    /// Evidence in 0..1.
    pub fn push(&mut self, frame: &FeatureFrame, heard: &Heard, high_hz: f32) -> f32 {
        let scream = high_hz > 0.0 && frame.alpha_ratio_db > SCREAM_ALPHA_DB;
        let high = frame.voiced && frame.f0_hz > HIGH_HZ && frame.hnr_db > HNR_DB;
        self.held *= MEMORY;
        if self.held < 0.5 {
            self.held = 0.0;
        }
        if high && !scream && heard.loud {
            self.run += 1;
            self.doubt = 0;
            if self.run > SYLLABLE {
                self.held = (self.held + 1.0).min(FULL);
            }
        } else {
            self.doubt += 1;
            // One frame of doubt does not end a voice.
            if self.doubt > 1 {
                self.run = 0;
            }
        }
        self.held / FULL
    }
}
