//! Source rate → analysis rate, sample for sample independent of how the source was cut.

use crate::error::BuildError;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};

/// A synchronous FFT resampler over chunks of about 10 ms. Allocates only when built.
pub struct Resampler {
    fft: Fft<f32>,
    input: Vec<f32>,
    filled: usize,
    missing: usize,
    output: Vec<f32>,
    /// Output frames still to be thrown away: the filter's delay, so that stream time stays true.
    to_skip: usize,
}

impl Resampler {
    /// A resampler from `source_hz` to `target_hz`.
    ///
    /// # Errors
    /// When the pair of rates is refused.
    pub fn new(source_hz: u32, target_hz: u32) -> Result<Self, BuildError> {
        let refuse = || {
            BuildError::value(
                "audio",
                "sample rate",
                source_hz,
                "a rate that can be brought to 16000 Hz",
            )
        };
        let chunk = (source_hz / 100) as usize;
        let fft = Fft::new(
            source_hz as usize,
            target_hz as usize,
            chunk,
            1,
            FixedSync::Both,
        )
        .map_err(|_| refuse())?;
        Ok(Self {
            input: vec![0.0; fft.input_frames_max()],
            filled: 0,
            missing: 0,
            output: vec![0.0; fft.output_frames_max()],
            to_skip: fft.output_delay(),
            fft,
        })
    }

    /// Takes samples until a chunk is full; gives how many were taken, and the resampled chunk
    /// with whether most of it was `lost`.
    pub fn fill(&mut self, samples: &[f32], lost: bool) -> (usize, Option<(&[f32], bool)>) {
        let taken = samples.len().min(self.input.len() - self.filled);
        self.input[self.filled..self.filled + taken].copy_from_slice(&samples[..taken]);
        self.filled += taken;
        self.missing += if lost { taken } else { 0 };
        if self.filled < self.input.len() {
            return (taken, None);
        }
        let mostly_lost = self.missing * 2 >= self.filled;
        (self.filled, self.missing) = (0, 0);
        let out_len = self.output.len();
        let produced = match (
            InterleavedSlice::new(&self.input, 1, self.input.len()),
            InterleavedSlice::new_mut(&mut self.output, 1, out_len),
        ) {
            (Ok(input), Ok(mut output)) => self
                .fft
                .process_into_buffer(&input, &mut output, None)
                .map_or(0, |(_, written)| written),
            _ => 0,
        };
        let skipped = self.to_skip.min(produced);
        self.to_skip -= skipped;
        (taken, Some((&self.output[skipped..produced], mostly_lost)))
    }

    /// Frames of silence at the source rate that bring everything still inside to the outside.
    pub fn tail(&self) -> usize {
        let ratio = self.input.len() as f64 / self.output.len() as f64;
        let delay = (self.fft.output_delay() as f64 * ratio).ceil() as usize;
        let chunks = (self.filled + delay).div_ceil(self.input.len());
        chunks * self.input.len() - self.filled
    }
}
