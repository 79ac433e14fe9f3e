//! Sighing: one long smooth noise.
//!
//! A sigh is a breath of two or three times the usual depth (Vlemincx et al. 2013): audible
//! as noise for half a second and longer, with an onset, without the roughness that a cough or
//! blowing one's nose has. Fricatives are shorter; heavy panting and yawning look alike and
//! are taken for it.

use super::segment::Event;

const NOISE_SHARE: f32 = 0.5;
const FLUX_DB: f32 = 1.8;
const ALPHA_DB: std::ops::Range<f32> = -10.0..10.0;
/// A noise longer than this is no breath; frames.
const LONGEST: u32 = 250;
/// Frames at which the evidence is 1. Half is 0.6 s.
const FULL: f32 = 120.0;

/// Evidence in 0..1 of an event.
pub fn sigh(event: &Event) -> f32 {
    let breath = event.noise_share() >= NOISE_SHARE
        && event.flux_db() < FLUX_DB
        && ALPHA_DB.contains(&event.alpha_db())
        && event.frames < LONGEST;
    if breath {
        (event.frames as f32 / FULL).min(1.0)
    } else {
        0.0
    }
}
