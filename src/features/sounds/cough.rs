//! Coughing: a short explosion of noise out of quiet.
//!
//! Korpáš, Sadloňová & Vrabec (1996): a burst as the glottis opens, then noise, 0.2 to 0.5 s in all.
//! On a telephone line: at full level within 30 ms, out of at least 0.2 s without a sound, mostly
//! noise. Sneezes and shouted plosives look alike.

use super::segment::Event;

const ATTACK: u32 = 3;
const FRAMES: std::ops::RangeInclusive<u32> = 8..=60;
const NOISE_SHARE: f32 = 0.7;
const RISE_DB: f32 = 25.0;
const PAUSE: u32 = 20;
/// Noise frames at which the evidence is 1. Half is 0.2 s.
const FULL: f32 = 40.0;
/// Evidence in 0..1 of an event.
pub fn cough(event: &Event) -> f32 {
    let explosion = event.attack <= ATTACK
        && event.pause >= PAUSE
        && event.peak_db - event.before_db >= RISE_DB;
    if explosion && FRAMES.contains(&event.frames) && event.noise_share() >= NOISE_SHARE {
        (event.noise as f32 / FULL).min(1.0)
    } else {
        0.0
    }
}
