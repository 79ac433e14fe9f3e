//! A telephone line: 300–3400 Hz at 8 kHz, and µ-law there and back.
//!
//! The band edges are Butterworth filters of fourth order, each as two biquads by the bilinear
//! transform (Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients").

use super::halving::Halving;
use crate::audio::Resampler;
use crate::error::BuildError;
use crate::wire::g711::{linear_to_mulaw, mulaw_to_linear};
use std::f64::consts::TAU;

/// The rate behind the line, Hz.
pub const LINE_RATE: u32 = 8_000;
const LOW_HZ: f64 = 300.0;
const HIGH_HZ: f64 = 3_400.0;
/// Quality of the two halves of a Butterworth filter of fourth order.
const BUTTERWORTH_Q: [f64; 2] = [0.541_196, 1.306_563];

/// What is halved to that, Hz.
const WIDE_RATE: u32 = 2 * LINE_RATE;

/// One call's line. Remembers its filters.
pub struct Line {
    /// From the source's rate to 16 kHz, and from there to 8 kHz, as far as that is needed.
    resampler: Option<Resampler>,
    halving: Option<Halving>,
    wide: Vec<f32>,
    filters: [Biquad; 4],
}

impl Line {
    /// For a source at `source_hz`.
    ///
    /// # Errors
    /// The rate cannot be brought to 16 kHz.
    pub fn new(source_hz: u32) -> Result<Self, BuildError> {
        let resampler = match source_hz {
            LINE_RATE | WIDE_RATE => None,
            _ => Some(Resampler::new(source_hz, WIDE_RATE)?),
        };
        let [wide, sharp] = BUTTERWORTH_Q;
        Ok(Self {
            resampler,
            halving: (source_hz != LINE_RATE).then(Halving::new),
            wide: Vec::new(),
            filters: [
                Biquad::high_pass(LOW_HZ, wide),
                Biquad::high_pass(LOW_HZ, sharp),
                Biquad::low_pass(HIGH_HZ, wide),
                Biquad::low_pass(HIGH_HZ, sharp),
            ],
        })
    }

    /// Appends to `out` what comes out of the line when `samples` go in.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        let from = out.len();
        let wide: &[f32] = match &mut self.resampler {
            None => samples,
            Some(resampler) => {
                self.wide.clear();
                let mut rest = samples;
                while !rest.is_empty() {
                    let (taken, chunk) = resampler.fill(rest, false);
                    let ready = chunk.map_or(&[][..], |(chunk, _)| chunk);
                    self.wide.extend_from_slice(ready);
                    rest = &rest[taken..];
                }
                &self.wide
            }
        };
        match &mut self.halving {
            None => out.extend_from_slice(wide),
            Some(halving) => halving.push(wide, out),
        }
        self.filter(&mut out[from..]);
    }

    /// Appends what is still inside the line.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let tail = self.resampler.as_ref().map_or(0, Resampler::tail);
        self.push(&vec![0.0; tail], out);
        let from = out.len();
        if let Some(halving) = &mut self.halving {
            halving.finish(out);
        }
        self.filter(&mut out[from..]);
    }

    /// The band, in place.
    fn filter(&mut self, samples: &mut [f32]) {
        for sample in samples {
            let filters = self.filters.iter_mut();
            *sample = filters.fold(f64::from(*sample), |x, filter| filter.push(x)) as f32;
        }
    }
}

/// µ-law there and back, in place.
pub fn code(samples: &mut [f32]) {
    for sample in samples {
        // The cast saturates, as the codec does.
        let code = linear_to_mulaw((*sample * 32_768.0).round() as i16);
        *sample = f32::from(mulaw_to_linear(code)) / 32_768.0;
    }
}

/// A filter of second order, transposed direct form II.
struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    state: [f64; 2],
}

impl Biquad {
    fn low_pass(hz: f64, q: f64) -> Self {
        let cosine = (TAU * hz / f64::from(LINE_RATE)).cos();
        let side = (1.0 - cosine) / 2.0;
        Self::new(hz, q, [side, 2.0 * side, side])
    }

    fn high_pass(hz: f64, q: f64) -> Self {
        let cosine = (TAU * hz / f64::from(LINE_RATE)).cos();
        let side = (1.0 + cosine) / 2.0;
        Self::new(hz, q, [side, -2.0 * side, side])
    }

    fn new(hz: f64, q: f64, b: [f64; 3]) -> Self {
        let (sine, cosine) = (TAU * hz / f64::from(LINE_RATE)).sin_cos();
        let alpha = sine / (2.0 * q);
        Self {
            b: b.map(|b| b / (1.0 + alpha)),
            a: [-2.0 * cosine, 1.0 - alpha].map(|a| a / (1.0 + alpha)),
            state: [0.0; 2],
        }
    }

    fn push(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.state[0];
        self.state[0] = self.b[1] * x - self.a[0] * y + self.state[1];
        self.state[1] = self.b[2] * x - self.a[1] * y;
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Level of a tone of `hz` behind the line over its level before, dB.
    fn gain_db(hz: f64, source_hz: u32) -> f64 {
        let rate = f64::from(source_hz);
        let tone = |n: u32| (TAU * hz * f64::from(n) / rate).sin() as f32 * 0.5;
        let samples: Vec<f32> = (0..source_hz).map(tone).collect();
        let (mut line, mut out) = (Line::new(source_hz).unwrap(), Vec::new());
        line.push(&samples, &mut out);
        line.finish(&mut out);
        code(&mut out);
        let middle = &out[2_000..6_000];
        let power = middle.iter().map(|x| f64::from(x * x)).sum::<f64>() / middle.len() as f64;
        10.0 * (power / 0.125).log10()
    }

    #[test]
    fn the_edges_of_the_band_are_three_decibels_down() {
        for rate in [8_000, 16_000] {
            assert!(gain_db(1_000.0, rate).abs() < 0.2);
            for edge in [LOW_HZ, HIGH_HZ] {
                assert!((gain_db(edge, rate) + 3.0).abs() < 0.4, "{edge} at {rate}");
            }
            assert!(gain_db(75.0, rate) < -40.0);
        }
    }

    #[test]
    fn an_odd_rate_keeps_its_length() {
        let (mut line, mut out) = (Line::new(44_100).unwrap(), Vec::new());
        line.push(&vec![0.1; 44_100], &mut out);
        line.finish(&mut out);
        assert!((8_000..8_400).contains(&out.len()), "{}", out.len());
    }
}
