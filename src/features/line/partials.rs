//! Partials that hold still: what an instrument does and a voice does not.
//!
//! A voice glides: within 50 ms its harmonics move by several hertz, the upper ones most. A note
//! is held, on a string or a key, and its partials stay where they were. Spectra of 128 ms, 50 ms
//! apart, have bins of 7.8 Hz; a peak is a partial when it stands clear of the valleys beside it,
//! and is steady when the spectrum before had one at the same place. Partial tracking after
//! McAulay & Quatieri (1986); steadiness of partials against speech after Hawley (1993) and
//! Seyerlehner et al. (2007).

use crate::features::spectrum::{Transform, hann, sum};
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
/// A line that was there all the time is a hum and no note: each bin's least power is remembered,
/// rises by 2 dB a second, and what is less than 9 dB over it does not count.
const FLOOR_RISE: f32 = 1.023;
const OVER_FLOOR: f32 = 8.0;
/// The first spectrum is taken to lie 12 dB over its floor.
const FIRST_FLOOR: f32 = 0.06;
const LEAST_FLOOR: f32 = 1e-10;

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
    floor: Vec<f32>,
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
            floor: Vec::with_capacity(TO),
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
        let total = sum(&self.power[FROM..TO]);
        self.track_floor();
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

    fn track_floor(&mut self) {
        if self.floor.is_empty() {
            // Within the capacity: nothing is allocated.
            let first = self.power[..TO].iter().map(|p| p * FIRST_FLOOR);
            self.floor.extend(first);
        }
        for (floor, power) in self.floor.iter_mut().zip(&self.power) {
            // Never under what a converter's last bit makes, or it would take minutes to rise.
            *floor = (*floor * FLOOR_RISE).min(*power).max(LEAST_FLOOR);
        }
    }

    fn is_partial(&self, bin: usize, total: f32) -> bool {
        let power = &self.power;
        let here = power[bin];
        if here <= total * LEAST_SHARE || here <= power[bin - 1] || here < power[bin + 1] {
            return false;
        }
        if here < OVER_FLOOR * self.floor[bin] {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// What is found in a second of harmonics of a fundamental that moves by `glide` Hz a second.
    fn partials_of(rate: u32, f0: f64, glide: f64, harmonics: u32) -> Vec<Partials> {
        let mut tracker = PartialTracker::new(rate);
        let samples: Vec<f32> = (0..rate)
            .map(|i| {
                let t = f64::from(i) / f64::from(rate);
                let phase = TAU * (f0 * t + 0.5 * glide * t * t);
                let sum: f64 = (1..=harmonics).map(|h| (phase * f64::from(h)).sin()).sum();
                (0.05 * sum) as f32
            })
            .collect();
        // Silence first, as on a line: what was there from the first spectrum on is a hum.
        tracker.push(&vec![0.0; tracker.window_len()]);
        samples
            .windows(tracker.window_len())
            .step_by(rate as usize / 20)
            .map(|window| tracker.push(window))
            .collect()
    }

    #[test]
    fn held_harmonics_are_steady_and_lie_where_they_are() {
        for rate in [8_000, 16_000] {
            let found = partials_of(rate, 350.0, 0.0, 4);
            assert_eq!((found[0].steady, found[0].steady_share), (0, 0.0));
            for partials in &found[1..] {
                assert_eq!(partials.steady, 4, "{rate}: {partials:?}");
                assert!(partials.steady_share > 0.99, "{rate}: {partials:?}");
                let off = partials
                    .strongest
                    .map(|p| (p.hz / 350.0 - (p.hz / 350.0).round()).abs());
                assert!(off.iter().all(|off| *off < 0.001), "{partials:?}");
            }
        }
    }

    /// 100 Hz a second are 5 Hz in 50 ms: more than the 2.7 Hz that are the same place.
    #[test]
    fn a_gliding_voice_has_none() {
        for partials in partials_of(8_000, 350.0, 100.0, 4) {
            assert_eq!(partials.steady, 0, "{partials:?}");
        }
    }

    #[test]
    fn a_hum_that_was_always_there_does_not_count() {
        let mut tracker = PartialTracker::new(8_000);
        let len = tracker.window_len();
        let hum: Vec<f32> = (0..len + 8_000 * 10)
            .map(|i| 0.01 * (std::f64::consts::TAU * 400.0 * i as f64 / 8e3).sin() as f32)
            .collect();
        let found: Vec<usize> = hum
            .windows(len)
            .step_by(400)
            .map(|window| tracker.push(window).steady)
            .collect();
        assert!(found[1..20].contains(&1), "at first it may be a note");
        // (12 − 9) dB at 2 dB a second.
        assert!(found[40..].iter().all(|steady| *steady == 0), "{found:?}");
    }
}
