//! Sobbing: high voiced bursts, one to three a second, with near silence between them.
//!
//! Weeping breaks the breath into convulsive parts (Provine 2012, ch. 4). Stressed syllables of an
//! excited speaker look much the same, so alike spectra are asked for and the rule is a strict
//! one: it finds few sobs.

use super::bursts::{Burst, Chain};

const INTERVAL_S: std::ops::RangeInclusive<f32> = 0.3..=1.0;
const REGULARITY: f32 = 2.5;
const DEPTH_DB: f32 = 16.0;
const UNLIKENESS_DB: f32 = 14.0;
const HIGH_SHARE: f32 = 0.4;
/// Links at which the evidence is 1: seven sobs. Half is four.
const FULL: f32 = 6.0;

/// Counts sobs.
#[derive(Default)]
pub struct SobDetector {
    chain: Chain,
}

impl SobDetector {
    /// Evidence in 0..1 after a frame that may have completed a burst.
    pub fn push(&mut self, burst: Option<&Burst>) -> f32 {
        let fits = |burst: &Burst| {
            INTERVAL_S.contains(&burst.interval_s)
                && burst.depth_db >= DEPTH_DB
                && burst.unlikeness_db <= UNLIKENESS_DB
                && burst.high_share >= HIGH_SHARE
        };
        let links = self.chain.push(burst, fits, REGULARITY, *INTERVAL_S.end());
        (links as f32 / FULL).min(1.0)
    }
}
