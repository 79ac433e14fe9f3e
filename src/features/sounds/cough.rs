//! Coughing: a short explosion of noise out of quiet.
//!
//! Korpáš, Sadloňová & Vrabec (1996): a burst as the glottis opens, then noise, 0.2 to 0.5 s in all.
//! On a telephone line: at full level within 30 ms, out of at least 0.2 s without a sound,
//! rough and in part noise. Sneezes and shouted plosives look alike.

use super::segment::Event;

const ATTACK: u32 = 3;
const FRAMES: std::ops::RangeInclusive<u32> = 8..=60;
const NOISE_SHARE: f32 = 0.3;
/// An explosion changes the spectrum at once, and what follows is rough.
const FLUX_DB: f32 = 2.4;
const RISE_DB: f32 = 30.0;
const PAUSE: u32 = 20;
/// Noise frames at which the evidence is 1. Half is 0.15 s.
const FULL: f32 = 30.0;
/// Evidence in 0..1 of an event.
pub fn cough(event: &Event) -> f32 {
    let explosion = event.attack <= ATTACK
        && event.pause >= PAUSE
        && event.peak_db - event.before_db >= RISE_DB;
    let rough = event.noise_share() >= NOISE_SHARE && event.flux_db() >= FLUX_DB;
    if explosion && rough && FRAMES.contains(&event.frames) {
        (event.noise as f32 / FULL).min(1.0)
    } else {
        0.0
    }
}
