//! Keys pressed on the line: DTMF.
//!
//! ITU-T Q.23 (the frequencies) and Q.24 (what a receiver takes: 1.5 % of frequency error, but
//! not 3.5 %; 40 ms; the upper line up to 4 dB over the lower one and 8 dB under it). Both lines
//! are read off the 32 ms analysis spectrum between its bins; a key is reported when two spectra
//! in a row, 10 ms apart, agree and nearly all power is in the two lines, which no speech manages.

use crate::features::spectrum::{BIN_HZ, sum};

const LOW_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH_HZ: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
const KEYS: [[u8; 4]; 4] = [*b"123A", *b"456B", *b"789C", *b"*0#D"];
/// Between the 1.5 % that must pass and the 3.5 % that must not.
const TOLERANCE: f32 = 0.022;
/// High over low, dB: Q.24 and a decibel for the line's own slope and the reading.
const TWIST_DB: (f32, f32) = (-9.0, 5.0);
/// Share of all power in the two lines.
const PURE: f32 = 0.92;
const LEAST_POWER: f32 = 1e-6;
const RUN: u32 = 2;
/// A key is held on for this many hops after its last spectrum: gaps under 20 ms are none.
const HOLD: u32 = 3;

/// The key whose two lines make up a 32 ms analysis spectrum, as its ASCII letter.
pub fn key(power: &[f32]) -> Option<u8> {
    let total = sum(power);
    if total < LEAST_POWER {
        return None;
    }
    let (low_hz, low) = line(power, 600.0, 1_050.0);
    let (high_hz, high) = line(power, 1_100.0, 1_800.0);
    if low + high < PURE * total {
        return None;
    }
    let twist = 10.0 * (high / low.max(1e-12)).log10();
    if !(TWIST_DB.0..=TWIST_DB.1).contains(&twist) {
        return None;
    }
    let nearest = |all: [f32; 4], hz: f32| all.iter().position(|f| (hz - f).abs() <= TOLERANCE * f);
    Some(KEYS[nearest(LOW_HZ, low_hz)?][nearest(HIGH_HZ, high_hz)?])
}

/// The strongest line between two frequencies: its place and its power.
fn line(power: &[f32], from_hz: f32, to_hz: f32) -> (f32, f32) {
    let (from, to) = ((from_hz / BIN_HZ) as usize, (to_hz / BIN_HZ) as usize);
    let mut peak = from;
    for bin in from..=to {
        if power[bin] > power[peak] {
            peak = bin;
        }
    }
    // A Hann window's main lobe: the ratio of the two strongest bins gives the place exactly
    // (Grandke 1983).
    let (side, sign) = if power[peak + 1] > power[peak - 1] {
        (power[peak + 1], 1.0)
    } else {
        (power[peak - 1], -1.0)
    };
    let ratio = (side / power[peak].max(1e-20)).sqrt().min(1.0);
    let shift = ((2.0 * ratio - 1.0) / (ratio + 1.0)).max(0.0);
    let hz = (peak as f32 + sign * shift) * BIN_HZ;
    (hz, power[peak - 2..=peak + 2].iter().sum())
}

/// Decides when a key is down.
#[derive(Default)]
pub struct KeyDetector {
    last: Option<u8>,
    run: u32,
    down: Option<u8>,
    since: u32,
}

impl KeyDetector {
    /// Takes the key of one spectrum; gives the key that is down.
    pub fn push(&mut self, key: Option<u8>) -> Option<u8> {
        self.run = match key {
            Some(_) if key == self.last => self.run + 1,
            Some(_) => 1,
            None => 0,
        };
        self.last = key;
        self.since += 1;
        if self.run >= RUN {
            (self.down, self.since) = (key, 0);
        } else if self.since > HOLD {
            self.down = None;
        }
        self.down
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::spectrum::Spectrum;

    /// A spectrum of two lines: frequencies, the high one's level over the low one's, and noise
    /// so far under both, dB.
    fn spectrum_of(low: f32, high: f32, twist_db: f32, noise_db: f32) -> Vec<f32> {
        let mut spectrum = Spectrum::new(8_000);
        let sine = |hz: f32, i: usize| (std::f32::consts::TAU * hz * i as f32 / 8e3).sin();
        let gain = 10f32.powf(twist_db / 20.0);
        let power = 0.5 * 0.01 * (1.0 + gain * gain);
        // Uniform noise of half width a has a power of a²/3.
        let half = (3.0 * power * 10f32.powf(-noise_db / 10.0)).sqrt();
        let mut seed = 1u32;
        let samples: Vec<f32> = (0..spectrum.window_len())
            .map(|i| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (seed >> 8) as f32 / (1 << 23) as f32 - 1.0;
                0.1 * (sine(low, i) + gain * sine(high, i)) + half * noise
            })
            .collect();
        spectrum.of(&samples).to_vec()
    }

    #[test]
    fn every_key_is_read_within_what_q24_allows() {
        for (row, low) in LOW_HZ.iter().enumerate() {
            for (column, high) in HIGH_HZ.iter().enumerate() {
                let expected = Some(KEYS[row][column]);
                for off in [-0.015, 0.0, 0.015] {
                    for twist in [-8.0, 0.0, 4.0] {
                        let (low, high) = (low * (1.0 + off), high * (1.0 + off));
                        let power = spectrum_of(low, high, twist, 15.0);
                        assert_eq!(key(&power), expected, "{low} {high} {twist}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_q24_forbids_is_no_key() {
        assert_eq!(key(&spectrum_of(770.0 * 1.035, 1_336.0, 0.0, 60.0)), None);
        assert_eq!(key(&spectrum_of(770.0, 1_336.0 * 0.965, 0.0, 60.0)), None);
        assert_eq!(key(&spectrum_of(770.0, 1_336.0, 7.0, 60.0)), None);
        assert_eq!(key(&spectrum_of(770.0, 1_336.0, -11.0, 60.0)), None);
        assert_eq!(key(&spectrum_of(770.0, 1_336.0, 0.0, 3.0)), None);
        assert_eq!(key(&[0.0; 128]), None);
    }

    #[test]
    fn a_key_needs_two_spectra_and_survives_a_short_gap() {
        let mut keys = KeyDetector::default();
        let one = Some(b'1');
        assert_eq!(keys.push(one), None);
        assert_eq!(keys.push(one), one);
        assert_eq!(keys.push(None), one);
        assert_eq!(keys.push(None), one);
        assert_eq!(keys.push(None), one);
        assert_eq!(keys.push(None), None);
        assert_eq!([one, Some(b'2'), one].map(|k| keys.push(k)), [None; 3]);
    }
}
