//! PCM blocks of any size in, feature frames out: `audio` and the extractor in one piece.

use super::{Extractor, FeatureFrame, FeatureMemory, LOOK_AHEAD_HOPS};
use crate::audio::{Hop, Hops, PcmBlock};
use crate::error::BuildError;
use crate::units::StreamTime;
use std::ops::ControlFlow;

/// From a frame's centre to the end of its hop.
const HALF_HOP_S: f64 = 0.005;

/// The features of one caller's stream.
pub struct FeatureStream {
    hops: Hops,
    extractor: Extractor,
    received: u64,
}

impl FeatureStream {
    /// For a source at `source_hz`.
    ///
    /// # Errors
    /// When the rate cannot be analysed; see [`crate::audio::analysis_rate`].
    pub fn new(source_hz: u32) -> Result<Self, BuildError> {
        Self::with(source_hz, Extractor::new)
    }

    /// The same without jitter, shimmer and CPP: see [`Extractor::lean`].
    ///
    /// # Errors
    /// As [`FeatureStream::new`].
    pub fn lean(source_hz: u32) -> Result<Self, BuildError> {
        Self::with(source_hz, Extractor::lean)
    }

    fn with(source_hz: u32, extractor: fn(u32) -> Extractor) -> Result<Self, BuildError> {
        let hops = Hops::new(source_hz)?;
        let extractor = extractor(hops.rate());
        Ok(Self {
            hops,
            extractor,
            received: 0,
        })
    }

    /// The analysis rate, Hz.
    pub fn rate(&self) -> u32 {
        self.hops.rate()
    }

    /// What the extractor knows beside its frames.
    pub fn extractor(&self) -> &Extractor {
        &self.extractor
    }

    /// Knows what an extractor of this caller knew before.
    pub fn recall(&mut self, memory: &FeatureMemory) {
        self.extractor.recall(memory);
    }

    /// Takes a block; hands each completed frame to `sink`. Allocates nothing.
    pub fn push(&mut self, block: PcmBlock<'_>, mut sink: impl FnMut(FeatureFrame)) {
        // Nothing breaks this off.
        let _ = self.push_until(block, |frame| {
            sink(frame);
            ControlFlow::Continue(())
        });
    }

    /// Takes a block as far as the frame at which `sink` breaks off. Gives how many samples were
    /// taken, and whether it broke off: the rest, though it may be empty, is to be pushed then, as
    /// frames may still wait that need no more samples. Allocates nothing.
    pub fn push_until(
        &mut self,
        block: PcmBlock<'_>,
        mut sink: impl FnMut(FeatureFrame) -> ControlFlow<()>,
    ) -> (usize, ControlFlow<()>) {
        let (taken, flow) = match block {
            PcmBlock::Samples(samples) => self.feed(samples, false, &mut sink),
            PcmBlock::Gap { samples } => self.silence(samples as usize, true, &mut sink),
        };
        self.received += taken as u64;
        (taken, flow)
    }

    /// The end of the stream: hands over the frames that were waiting for their look-ahead.
    /// Less than one hop of sound is left unread.
    pub fn finish(&mut self, mut sink: impl FnMut(FeatureFrame)) {
        let received = self.received as f64 / f64::from(self.hops.source_rate());
        let end = StreamTime::from_seconds(received - HALF_HOP_S);
        // The silence that pushes the last frames out is no part of the stream.
        let mut sink = |frame: FeatureFrame| {
            if frame.at <= end {
                sink(frame);
            }
        };
        let tail = self.hops.tail();
        // Nothing breaks this off.
        let _ = self.silence(tail, true, &mut |frame| {
            sink(frame);
            ControlFlow::Continue(())
        });
        let silent = [0.0; 160];
        for _ in 0..LOOK_AHEAD_HOPS {
            let hop = Hop {
                samples: &silent[..self.hops.rate() as usize / 100],
                clipped: 0.0,
                lost: true,
            };
            self.extractor.push(hop).map(&mut sink);
        }
    }

    fn silence(
        &mut self,
        samples: usize,
        lost: bool,
        sink: &mut impl FnMut(FeatureFrame) -> ControlFlow<()>,
    ) -> (usize, ControlFlow<()>) {
        let zeros = [0.0; 160];
        let mut taken = 0;
        loop {
            let n = (samples - taken).min(zeros.len());
            let (fed, flow) = self.feed(&zeros[..n], lost, sink);
            taken += fed;
            if taken == samples || flow.is_break() {
                return (taken, flow);
            }
        }
    }

    fn feed(
        &mut self,
        samples: &[f32],
        lost: bool,
        sink: &mut impl FnMut(FeatureFrame) -> ControlFlow<()>,
    ) -> (usize, ControlFlow<()>) {
        let mut taken = 0;
        loop {
            // First of all what an earlier push broke off before.
            while let Some(hop) = self.hops.take() {
                let flow = self.extractor.push(hop).map(&mut *sink);
                if flow.is_some_and(|flow| flow.is_break()) {
                    return (taken, ControlFlow::Break(()));
                }
            }
            if taken == samples.len() {
                return (taken, ControlFlow::Continue(()));
            }
            taken += self.hops.fill(&samples[taken..], lost);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lean_frames_lack_jitter_shimmer_and_cpp_alone() {
        // Every other pulse of a train at 121 Hz is weaker: there is shimmer.
        let sample = |i: usize| {
            let height = if (i / 66).is_multiple_of(2) { 0.5 } else { 0.4 };
            let phase = (i % 66) as f32;
            height * (-phase / 12.0).exp() * (phase * 0.5).cos()
        };
        let samples: Vec<f32> = (0..16_000).map(sample).collect();
        let frames = |mut stream: FeatureStream| {
            let mut frames = Vec::new();
            stream.push(PcmBlock::Samples(&samples), |frame| frames.push(frame));
            frames
        };
        let mut whole = frames(FeatureStream::new(8_000).unwrap());
        let lean = frames(FeatureStream::lean(8_000).unwrap());
        let measured = |frame: &&FeatureFrame| frame.quality.cpp_db != 0.0 && frame.shimmer != 0.0;
        assert!(whole.iter().filter(measured).count() > 100);
        for frame in &mut whole {
            (frame.jitter, frame.shimmer) = (0.0, 0.0);
            let quality = &mut frame.quality;
            (quality.shimmer_db, quality.cpp_db) = (0.0, 0.0);
            (quality.jitter_ok, quality.shimmer_ok, quality.cpp_ok) = (false, false, false);
        }
        assert!(lean == whole);
    }
}
