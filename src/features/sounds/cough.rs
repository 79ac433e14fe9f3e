//! Coughing: a short explosion of noise out of quiet.
//!
//! Korpáš, Sadloňová & Vrabec (1996): a burst as the glottis opens, then noise, 0.2 to 0.5 s in all.
//! On a telephone line: at full level within 30 ms, out of at least 0.2 s without a sound, mostly
//! noise. Sneezes and shouted plosives look alike. The judgement falls when the sound has
//! ended, because only then is it short.

use super::segment::{Event, Heard};

const ATTACK: u32 = 3;
const FRAMES: std::ops::RangeInclusive<u32> = 8..=60;
const NOISE_SHARE: f32 = 0.7;
const RISE_DB: f32 = 25.0;
const PAUSE: u32 = 20;
/// Noise frames at which the evidence is 1. Half is 0.1 s.
const FULL: f32 = 20.0;
/// While it lasts it may still become too long: less than what is marked.
const UNDECIDED: f32 = 0.4;
/// Frames for which the judgement stands.
const STANDS: u32 = 5;

/// Judges events.
#[derive(Default)]
pub struct CoughDetector {
    judged: f32,
    stands: u32,
}

impl CoughDetector {
    /// Evidence in 0..1.
    pub fn push(&mut self, heard: &Heard) -> f32 {
        if let Some(event) = &heard.ended {
            self.judged = cough(event);
            self.stands = STANDS;
        }
        if self.stands > 0 {
            self.stands -= 1;
            return self.judged;
        }
        heard.event.as_ref().map_or(0.0, cough).min(UNDECIDED)
    }
}

fn cough(event: &Event) -> f32 {
    let explosion = event.attack <= ATTACK
        && event.pause >= PAUSE
        && event.peak_db - event.before_db >= RISE_DB;
    if explosion && FRAMES.contains(&event.frames) && event.noise_share() >= NOISE_SHARE {
        (event.noise as f32 / FULL).min(1.0)
    } else {
        0.0
    }
}
