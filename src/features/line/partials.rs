//! Partials that hold still: what an instrument does and a voice does not.
//!
//! A voice glides: within 50 ms its harmonics move by several hertz, the upper ones most. A note
//! is held, on a string or a key, and its partials stay where they were. Spectra of 128 ms, 50 ms
//! apart, have bins of 7.8 Hz; a peak is a partial when it stands clear of the valleys beside it,
//! and is steady when the spectrum before had one at the same place. Partial tracking after
//! McAulay & Quatieri (1986); steadiness of partials against speech after Hawley (1993) and
//! Seyerlehner et al. (2007).

use crate::features::spectrum::{Transform, hann};
use crate::units::power_to_db;
use arrayvec::ArrayVec;

/// Width of a bin, Hz.
pub const BIN_HZ: f32 = 7.8125;
const WINDOW_S: f32 = 0.128;
/// Where partials are looked for: the telephone band, in bins.
const FROM: usize = (300.0 / BIN_HZ) as usize;
const TO: usize = (3_400.0 / BIN_HZ) as usize;
/// A partial is this much stronger than the lowest bin of the valley on each side …
const CLEAR: f32 = 30.0;
/// … which lies this many bins away: beyond the main lobe of the window.
const VALLEY: std::ops::RangeInclusive<usize> = 5..=7;
/// … and holds this share of the band's power.
const LEAST_SHARE: f32 = 1e-3;
/// Steady is within 2.7 Hz of the place 50 ms before.
const SAME_BIN: f32 = 0.35;
const MOST: usize = 64;

/// A peak of the spectrum.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Partial {
    /// Its place, Hz.
    pub hz: f32,
    /// Share of the band's power, 0..1.
    pub share: f32,
}

/// What one spectrum shows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Partials {
    /// Level of 300–3400 Hz, dBFS.
    pub level_db: f32,
    /// Share of the band's power in steady partials, 0..1.
    pub steady_share: f32,
    /// How many there are.
    pub steady: usize,
    /// The two strongest steady partials, strongest first; share 0 where there is none.
    pub strongest: [Partial; 2],
}

/// Takes spectra 50 ms apart. Allocates only when built.
pub struct PartialTracker {
    transform: Transform,
    power: Vec<f32>,
    scale: f32,
    /// Places of the last partials in bins, rising.
    last: ArrayVec<f32, MOST>,
}

impl PartialTracker {
    pub fn new(rate: u32) -> Self {
        let len = (rate as f32 * WINDOW_S) as usize;
        let weight: f32 = hann(len).iter().map(|w| w * w).sum();
        Self {
            transform: Transform::new(len, len),
            power: vec![0.0; len / 2 + 1],
            scale: 2.0 / (weight * len as f32),
            last: ArrayVec::new(),
        }
    }

    /// Length of the window, samples.
    pub fn window_len(&self) -> usize {
        self.transform.window_len()
    }

    /// The mean square in each bin of the last spectrum, 0 Hz to half the rate.
    pub fn power(&self) -> &[f32] {
        &self.power
    }

    /// Forgets where partials were: what follows does not join on.
    pub fn interrupt(&mut self) {
        self.last.clear();
    }

    pub fn push(&mut self, samples: &[f32]) -> Partials {
        self.transform.power(samples, &mut self.power);
        self.power.iter_mut().for_each(|p| *p *= self.scale);
        let total = self.power[FROM..TO].iter().sum::<f32>();
        let mut found = Partials {
            level_db: power_to_db(total),
            ..Partials::default()
        };
        let mut places = ArrayVec::new();
        for bin in FROM..TO {
            if places.is_full() || !self.is_partial(bin, total) {
                continue;
            }
            let place = self.place(bin);
            places.push(place);
            if self.last.iter().all(|l| (l - place).abs() >= SAME_BIN) {
                continue;
            }
            let share = self.power[bin - 2..=bin + 2].iter().sum::<f32>() / total;
            let hz = place * BIN_HZ;
            found.steady += 1;
            found.steady_share += share;
            let [first, second] = &mut found.strongest;
            if share > first.share {
                *second = std::mem::replace(first, Partial { hz, share });
            } else if share > second.share {
                *second = Partial { hz, share };
            }
        }
        // Main lobes of close partials overlap and are counted twice.
        found.steady_share = found.steady_share.min(1.0);
        self.last = places;
        found
    }

    fn is_partial(&self, bin: usize, total: f32) -> bool {
        let power = &self.power;
        let here = power[bin];
        if here <= total * LEAST_SHARE || here <= power[bin - 1] || here < power[bin + 1] {
            return false;
        }
        let low = |sum: f32, p: f32| sum.min(p);
        let below = VALLEY.map(|d| power[bin - d]).fold(f32::MAX, low);
        let above = VALLEY.map(|d| power[bin + d]).fold(f32::MAX, low);
        here > CLEAR * below.max(above)
    }

    /// The place of a peak in bins, between bins: a parabola over the logarithm.
    fn place(&self, bin: usize) -> f32 {
        let log = |bin: usize| self.power[bin].max(1e-20).ln();
        let (left, here, right) = (log(bin - 1), log(bin), log(bin + 1));
        let curve = (2.0 * here - left - right).max(1e-6);
        bin as f32 + (0.5 * (right - left) / curve).clamp(-0.5, 0.5)
    }
}
