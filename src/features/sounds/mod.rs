//! Sounds that are not words: crying, sobbing, screaming, sighing, laughing, coughing, breath.
//!
//! - **Takes** completed [`FeatureFrame`]s, and the autocorrelation for pitches over 500 Hz.
//! - **Gives** [`Sounds`]: evidence in 0..1 for each sound, a frame at a time.
//! - **Remembers** the event under way, the last burst, and a few counts. Nothing grows.
//! - **Source**: see each file. Rules with round numbers, no fitted weights; what they reach
//!   stands in EVALUATION.md.

mod breath;
mod bursts;
mod cough;
mod cry;
mod high_pitch;
mod laugh;
mod scream;
mod segment;
mod sigh;
mod sob;
mod verdict;

use crate::features::FeatureFrame;
use breath::BreathDetector;
use bursts::Bursts;
use cough::cough;
use cry::CryDetector;
pub(super) use high_pitch::high_pitch;
use laugh::LaughDetector;
use scream::ScreamDetector;
use segment::Segmenter;
use sigh::sigh;
use sob::SobDetector;
use verdict::Verdict;

/// Evidence of each sound, 0..1. From 0.5 on a sound is marked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sounds {
    /// A voice held high and even: wailing, weeping aloud.
    pub cry: f32,
    /// High voiced bursts one to three times a second.
    pub sob: f32,
    /// A periodic sound of 500 to 2000 Hz.
    pub scream: f32,
    /// One long smooth breath.
    pub sigh: f32,
    /// Alike bursts three to eight times a second.
    pub laugh: f32,
    /// A short explosion of noise out of quiet.
    pub cough: f32,
    /// Breath noise in a pause.
    pub breath: f32,
}

/// All detectors of the room.
#[derive(Default)]
pub struct SoundDetector {
    segmenter: Segmenter,
    bursts: Bursts,
    breath: BreathDetector,
    cry: CryDetector,
    sob: SobDetector,
    scream: ScreamDetector,
    laugh: LaughDetector,
    sigh: Verdict,
    cough: Verdict,
}

impl SoundDetector {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a frame that is complete but for its sounds, and its [`high_pitch`].
    pub fn push(&mut self, frame: &FeatureFrame, high_hz: f32) -> Sounds {
        let heard = self.segmenter.push(frame);
        let burst = self.bursts.push(frame, heard.loud);
        Sounds {
            cry: self.cry.push(frame, &heard, high_hz),
            sob: self.sob.push(burst.as_ref()),
            scream: self.scream.push(frame, &heard, high_hz),
            sigh: self.sigh.push(&heard, sigh),
            laugh: self.laugh.push(burst.as_ref()),
            cough: self.cough.push(&heard, cough),
            breath: self.breath.push(frame),
        }
    }
}
