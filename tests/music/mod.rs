//! Hold music of our own, as a line carries it: an endless seeded band.
//!
//! Pieces of 30 to 60 seconds in a random key, tempo and progression: chords, arpeggios, a bass,
//! a lead with vibrato, drums, each present or not; plucked, blown or bowed; a second of silence in
//! between. Behind it a telephone's filter and µ-law.
#![allow(dead_code)]

use std::f64::consts::TAU;
use undertone::wire::g711::{linear_to_mulaw, mulaw_to_linear};

const RATE: f64 = 8_000.0;
const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
const PROGRESSIONS: [[i32; 4]; 4] = [[0, 4, 5, 3], [0, 5, 3, 4], [1, 4, 0, 0], [0, 3, 0, 4]];

/// A linear congruential generator: the same music on every machine.
pub struct Dice(pub u64);

impl Dice {
    pub fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1u64 << 24) as f64
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }
}

/// How a note sounds.
#[derive(Clone, Copy)]
struct Timbre {
    harmonics: u32,
    /// Power of 1/h that the harmonics fall by.
    fall: f64,
    /// Decay, 1/s; 0 for what is blown or bowed.
    decay: f64,
    /// Depth of the vibrato, semitones.
    vibrato: f64,
}

impl Timbre {
    fn roll(dice: &mut Dice, lead: bool) -> Self {
        Self {
            harmonics: 2 + dice.below(9) as u32,
            fall: 0.8 + dice.unit(),
            decay: if dice.chance(0.5) {
                1.0 + 3.0 * dice.unit()
            } else {
                0.0
            },
            vibrato: if lead && dice.chance(0.5) {
                0.3 * dice.unit()
            } else {
                0.0
            },
        }
    }
}

fn note(out: &mut [f64], from_s: f64, length_s: f64, midi: i32, gain: f64, timbre: Timbre) {
    let hz = 440.0 * (f64::from(midi - 69) / 12.0).exp2();
    let (from, len) = ((from_s * RATE) as usize, (length_s * RATE) as usize);
    let mut phase = 0.0;
    for (i, sample) in out.iter_mut().skip(from).take(len).enumerate() {
        let t = i as f64 / RATE;
        let bend = timbre.vibrato * (TAU * 5.5 * t).sin() * (t / 0.3).min(1.0);
        phase += hz * (bend / 12.0).exp2() / RATE;
        let attack = (t / 0.015).min(1.0);
        let release = ((length_s - t) / 0.03).clamp(0.0, 1.0);
        let envelope = gain * attack * release * (-timbre.decay * t).exp();
        for h in 1..=timbre.harmonics {
            let h = f64::from(h);
            if hz * h < 3_800.0 {
                *sample += envelope * h.powf(-timbre.fall) * (TAU * phase * h).sin();
            }
        }
    }
}

fn drum(out: &mut [f64], at_s: f64, decay: f64, gain: f64, dice: &mut Dice) {
    let from = (at_s * RATE) as usize;
    for (i, sample) in out.iter_mut().skip(from).take(1_600).enumerate() {
        let envelope = gain * (-decay * i as f64 / RATE).exp();
        *sample += envelope * (2.0 * dice.unit() - 1.0);
    }
}

/// One piece, up to a minute, at 8 kHz, at about −20 dBFS.
pub fn piece(dice: &mut Dice) -> Vec<f32> {
    let seconds = 30.0 + 30.0 * dice.unit();
    let beat = 60.0 / (60.0 + 80.0 * dice.unit());
    let key = 48 + dice.below(12) as i32;
    let progression = PROGRESSIONS[dice.below(4)];
    let (pad, lead, bass) = (
        Timbre::roll(dice, false),
        Timbre::roll(dice, true),
        Timbre::roll(dice, false),
    );
    let (arpeggio, has_lead, has_bass, drums) = (
        dice.chance(0.4),
        dice.chance(0.7),
        dice.chance(0.7),
        dice.chance(0.5),
    );
    let degree = |d: i32| key + 12 * d.div_euclid(7) + MAJOR[d.rem_euclid(7) as usize];
    let mut out = vec![0.0; (seconds * RATE) as usize];
    let mut place = 7;
    for bar in 0..(seconds / beat / 4.0) as usize {
        let (chord, at) = (progression[bar % 4], bar as f64 * 4.0 * beat);
        if arpeggio {
            for (k, step) in [0, 2, 4, 7, 9, 7, 4, 2].into_iter().enumerate() {
                let at = at + k as f64 * beat / 2.0;
                note(&mut out, at, beat, degree(chord + step), 0.3, pad);
            }
        } else {
            for step in [0, 2, 4] {
                note(&mut out, at, 3.9 * beat, degree(chord + step), 0.2, pad);
            }
        }
        for quarter in 0..4 {
            let at = at + f64::from(quarter) * beat;
            if has_bass {
                note(&mut out, at, 0.9 * beat, degree(chord - 7), 0.3, bass);
            }
            if drums {
                drum(
                    &mut out,
                    at,
                    if quarter % 2 == 0 { 40.0 } else { 20.0 },
                    0.4,
                    dice,
                );
                drum(&mut out, at + beat / 2.0, 80.0, 0.2, dice);
            }
        }
        let mut now = 0.0;
        while has_lead && now < 4.0 {
            let length = [0.5, 0.5, 1.0, 1.5, 2.0][dice.below(5)];
            place = (place + dice.below(5) as i32 - 2).clamp(3, 14);
            if dice.chance(0.9) {
                let at = at + now * beat;
                note(&mut out, at, length * beat, degree(place), 0.35, lead);
            }
            now += length;
        }
    }
    let power = out.iter().map(|x| x * x).sum::<f64>() / out.len() as f64;
    let gain = 0.1 / power.sqrt().max(1e-9);
    line(out.into_iter().map(|x| gain * x))
}

/// A telephone's high-pass and µ-law.
pub fn line(samples: impl Iterator<Item = f64>) -> Vec<f32> {
    let pole = 1.0 - TAU * 250.0 / RATE;
    let (mut input, mut output) = (0.0, 0.0);
    samples
        .map(|x| {
            output = x - input + pole * output;
            input = x;
            mulaw_to_linear(linear_to_mulaw((output.clamp(-1.0, 1.0) * 32_767.0) as i16))
        })
        .map(|x| f32::from(x) / 32_768.0)
        .collect()
}
