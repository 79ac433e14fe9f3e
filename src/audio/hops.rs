//! Blocks of any size → hops of exactly 10 ms.

use super::{Resampler, analysis_rate};
use crate::error::BuildError;

/// 10 ms at the analysis rate.
#[derive(Clone, Copy, Debug)]
pub struct Hop<'a> {
    /// 80 samples at 8 kHz or 160 at 16 kHz, without DC.
    pub samples: &'a [f32],
    /// Share of samples at or beyond full scale.
    pub clipped: f32,
    /// Most of the hop was never received.
    pub lost: bool,
}

/// Cuts the stream. Everything that happens here happens per sample or per fixed chunk, so the
/// hops do not depend on how the stream was split into blocks.
pub struct Hops {
    rate: u32,
    source_rate: u32,
    resampler: Option<Resampler>,
    dc: DcBlocker,
    hop: Vec<f32>,
    /// Resampled samples that did not fit the hop yet.
    backlog: Vec<f32>,
    backlog_at: usize,
    backlog_lost: bool,
    filled: usize,
    lost: usize,
    clipped: usize,
    ready: bool,
}

impl Hops {
    /// For a source of `source_hz`.
    ///
    /// # Errors
    /// When the rate cannot be analysed; see [`analysis_rate`].
    pub fn new(source_hz: u32) -> Result<Self, BuildError> {
        let rate = analysis_rate(source_hz)?;
        let resampler = (rate != source_hz)
            .then(|| Resampler::new(source_hz, rate))
            .transpose()?;
        // One chunk of the resampler is the most that can wait here.
        let backlog = match &resampler {
            Some(_) => Vec::with_capacity(rate as usize * 4),
            None => Vec::new(),
        };
        Ok(Self {
            rate,
            source_rate: source_hz,
            resampler,
            dc: DcBlocker::new(rate),
            hop: vec![0.0; rate as usize / 100],
            backlog,
            backlog_at: 0,
            backlog_lost: false,
            filled: 0,
            lost: 0,
            clipped: 0,
            ready: false,
        })
    }

    /// The analysis rate, Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The source's rate, Hz.
    pub fn source_rate(&self) -> u32 {
        self.source_rate
    }

    /// Silence, in source samples, that brings everything received through the resampler.
    pub fn tail(&self) -> usize {
        self.resampler.as_ref().map_or(0, Resampler::tail)
    }

    /// Takes samples until a hop is ready, and gives how many were taken. Call [`Hops::take`]
    /// until it gives `None`, then come back with the rest.
    pub fn fill(&mut self, samples: &[f32], lost: bool) -> usize {
        debug_assert!(!self.ready && self.backlog_at == self.backlog.len());
        let Some(resampler) = &mut self.resampler else {
            return self.assemble(samples, lost);
        };
        // Cleaned in small pieces on the stack: NaN must not reach the resampler's filter.
        let mut clean = [0.0; 256];
        let n = samples.len().min(clean.len());
        for (to, from) in clean.iter_mut().zip(samples) {
            *to = finite(*from);
        }
        let (taken, chunk) = resampler.fill(&clean[..n], lost);
        if let Some((out, lost)) = chunk {
            self.backlog.clear();
            self.backlog.extend_from_slice(out);
            self.backlog_at = 0;
            self.backlog_lost = lost;
            self.drain_backlog();
        }
        taken
    }

    /// The hop that [`Hops::fill`] completed.
    pub fn take(&mut self) -> Option<Hop<'_>> {
        if !self.ready {
            self.drain_backlog();
        }
        if !self.ready {
            return None;
        }
        self.ready = false;
        let (clipped, lost) = (self.clipped, self.lost);
        (self.filled, self.clipped, self.lost) = (0, 0, 0);
        Some(Hop {
            samples: &self.hop,
            clipped: clipped as f32 / self.hop.len() as f32,
            lost: lost * 2 >= self.hop.len(),
        })
    }

    fn drain_backlog(&mut self) {
        let backlog = std::mem::take(&mut self.backlog);
        self.backlog_at += self.assemble(&backlog[self.backlog_at..], self.backlog_lost);
        self.backlog = backlog;
    }

    fn assemble(&mut self, samples: &[f32], lost: bool) -> usize {
        let taken = samples.len().min(self.hop.len() - self.filled);
        for (to, from) in self.hop[self.filled..].iter_mut().zip(samples) {
            let sample = finite(*from);
            self.clipped += usize::from(sample.abs() >= 0.998);
            *to = self.dc.next(sample);
        }
        self.filled += taken;
        self.lost += if lost { taken } else { 0 };
        self.ready = self.filled == self.hop.len();
        taken
    }
}

/// Bad input is normal: what is not a number is silence, and what is beyond any converter's
/// range is held at four times full scale, so that no later square overflows.
fn finite(sample: f32) -> f32 {
    if sample.is_finite() {
        sample.clamp(-4.0, 4.0)
    } else {
        0.0
    }
}

/// A first-order high-pass at 20 Hz: speech has nothing there, converters have an offset.
struct DcBlocker {
    pole: f32,
    input: f32,
    output: f32,
}

impl DcBlocker {
    fn new(rate: u32) -> Self {
        Self {
            pole: 1.0 - std::f32::consts::TAU * 20.0 / rate as f32,
            input: 0.0,
            output: 0.0,
        }
    }

    fn next(&mut self, sample: f32) -> f32 {
        self.output = sample - self.input + self.pole * self.output;
        // A decaying tail must not sink into denormal numbers: they cost a hundredfold.
        if self.output.abs() < 1e-20 {
            self.output = 0.0;
        }
        self.input = sample;
        self.output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hops_of(rate: u32, signal: &[f32], block: usize) -> Vec<f32> {
        let mut hops = Hops::new(rate).unwrap();
        let mut out = Vec::new();
        for mut piece in signal.chunks(block) {
            while !piece.is_empty() {
                piece = &piece[hops.fill(piece, false)..];
                while let Some(hop) = hops.take() {
                    out.extend_from_slice(hop.samples);
                }
            }
        }
        out
    }

    fn sine(rate: u32, hz: f32, seconds: f32) -> Vec<f32> {
        (0..(rate as f32 * seconds) as usize)
            .map(|i| 0.5 * (std::f32::consts::TAU * hz * i as f32 / rate as f32).sin())
            .collect()
    }

    #[test]
    fn any_block_size_gives_the_same_hops() {
        for rate in [8_000, 16_000, 22_050, 44_100, 48_000] {
            let signal = sine(rate, 440.0, 0.5);
            let whole = hops_of(rate, &signal, signal.len());
            assert!(whole.len() > 3_000);
            for block in [1, 7, 80, 441, 1024] {
                assert!(
                    hops_of(rate, &signal, block) == whole,
                    "{rate} Hz by {block}"
                );
            }
        }
    }

    #[test]
    fn resampled_sine_keeps_its_level_and_its_place() {
        let signal = sine(48_000, 1_000.0, 0.5);
        let out = hops_of(48_000, &signal, 480);
        let mut dc = DcBlocker::new(16_000);
        let truth = sine(16_000, 1_000.0, 0.5);
        let error = out
            .iter()
            .zip(truth.iter().map(|x| dc.next(*x)))
            .skip(800)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(error < 2e-3, "{error}");
    }

    #[test]
    fn hostile_samples_become_silence() {
        let out = hops_of(
            8_000,
            &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0].repeat(40),
            13,
        );
        assert!(out.iter().all(|x| *x == 0.0));
    }

    #[test]
    fn rates_outside_the_range_are_refused() {
        for rate in [0, 4_000, 7_999, 384_001, u32::MAX] {
            assert!(Hops::new(rate).is_err());
        }
    }
}
