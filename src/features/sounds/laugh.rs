//! Laughter: alike bursts in an even rhythm.
//!
//! Bachorowski, Smoski & Owren (2001) count 4.4 calls a second in bouts of laughter; Provine &
//! Yong (1991) find "ha" notes of 75 ms, 210 ms apart, stereotyped within a bout. So: peaks 120
//! to 350 ms apart, each interval within 1.3 times the one before, dips of 16 dB between them,
//! the same vowel in each, some voicing. Syllables come as fast, but neither as evenly nor with
//! one vowel.

use super::bursts::{Burst, Chain};

const INTERVAL_S: std::ops::RangeInclusive<f32> = 0.115..=0.355;
const REGULARITY: f32 = 1.3;
const DEPTH_DB: f32 = 16.0;
const UNLIKENESS_DB: f32 = 10.0;
const VOICING: f32 = 0.6;
/// Links at which the evidence is 1: nine notes. Half is five notes.
const FULL: f32 = 8.0;

/// Counts notes.
#[derive(Default)]
pub struct LaughDetector {
    chain: Chain,
}

impl LaughDetector {
    /// Evidence in 0..1 after a frame that may have completed a burst.
    pub fn push(&mut self, burst: Option<&Burst>) -> f32 {
        let fits = |burst: &Burst| {
            INTERVAL_S.contains(&burst.interval_s)
                && burst.depth_db >= DEPTH_DB
                && burst.unlikeness_db <= UNLIKENESS_DB
                && burst.voicing >= VOICING
        };
        let links = self.chain.push(burst, fits, REGULARITY, *INTERVAL_S.end());
        (links as f32 / FULL).min(1.0)
    }
}
