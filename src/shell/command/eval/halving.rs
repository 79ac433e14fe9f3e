//! 16 kHz to 8 kHz with a filter that leaves the telephone band alone.
//!
//! A sinc under a Hann window (Oppenheim & Schafer, "Discrete-Time Signal Processing", §7.5): 127
//! taps pass 3.5 kHz and stop 4 kHz. The engine's own resampler, made for 10 ms blocks, is 10 dB
//! down at 3.4 kHz.

use std::f64::consts::{PI, TAU};

/// The half of the filter beside its middle tap.
const HALF: usize = 63;
/// Where the sinc is cut off, as a share of the rate before: 3.75 kHz of 16 kHz.
const CUT_OFF: f64 = 3_750.0 / 16_000.0;

/// Takes every other sample of a filtered signal. Its delay is taken out.
pub struct Halving {
    taps: Vec<f32>,
    waiting: Vec<f32>,
}

impl Halving {
    pub fn new() -> Self {
        let tap = |place: usize| {
            let at = place as f64 - HALF as f64;
            let sinc = match place {
                HALF => 2.0 * CUT_OFF,
                _ => (TAU * CUT_OFF * at).sin() / (PI * at),
            };
            (sinc * (0.5 + 0.5 * (PI * at / (HALF as f64 + 1.0)).cos())) as f32
        };
        Self {
            taps: (0..=2 * HALF).map(tap).collect(),
            waiting: vec![0.0; HALF],
        }
    }

    /// Appends to `out` what can be had after `samples`.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.waiting.extend_from_slice(samples);
        let mut from = 0;
        while let Some(window) = self.waiting.get(from..from + self.taps.len()) {
            out.push(window.iter().zip(&self.taps).map(|(x, tap)| x * tap).sum());
            from += 2;
        }
        // The last window began two samples before `from`, so these are all there.
        self.waiting.drain(..from);
    }

    /// Appends what waits for its future, which is silence.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        self.push(&[0.0; HALF], out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halved(hz: f64, block: usize) -> Vec<f32> {
        let tone = |n: u32| (TAU * hz * f64::from(n) / 16_000.0).cos() as f32;
        let samples: Vec<f32> = (0..16_001).map(tone).collect();
        let (mut halving, mut out) = (Halving::new(), Vec::new());
        samples
            .chunks(block)
            .for_each(|block| halving.push(block, &mut out));
        halving.finish(&mut out);
        out
    }

    #[test]
    fn the_band_stays_in_place_and_what_would_fold_is_gone() {
        for hz in [300.0, 1_000.0, 3_400.0] {
            for (n, sample) in halved(hz, 160).iter().enumerate().take(7_900).skip(100) {
                let truth = (TAU * hz * n as f64 / 8_000.0).cos() as f32;
                assert!((sample - truth).abs() < 0.02, "{hz} Hz at {n}");
            }
        }
        let folded = &halved(4_200.0, 160)[100..7_900];
        assert!(folded.iter().all(|sample| sample.abs() < 0.01));
    }

    #[test]
    fn blocks_of_any_size_give_the_same() {
        let whole = halved(440.0, 16_001);
        assert_eq!(whole.len(), 8_001);
        for block in [1, 7, 160] {
            assert_eq!(halved(440.0, block), whole);
        }
    }
}
