//! PCM blocks of any size in, feature frames out: `audio` and the extractor in one piece.

use super::{Extractor, FeatureFrame, FeatureMemory, LOOK_AHEAD_HOPS};
use crate::audio::{Hop, Hops, PcmBlock};
use crate::error::BuildError;
use crate::units::StreamTime;

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
        let hops = Hops::new(source_hz)?;
        let extractor = Extractor::new(hops.rate());
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
        self.received += block.len() as u64;
        match block {
            PcmBlock::Samples(samples) => self.feed(samples, false, &mut sink),
            PcmBlock::Gap { samples } => self.silence(samples as usize, true, &mut sink),
        }
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
        self.silence(tail, true, &mut sink);
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

    fn silence(&mut self, mut samples: usize, lost: bool, sink: &mut impl FnMut(FeatureFrame)) {
        let zeros = [0.0; 160];
        while samples > 0 {
            let n = samples.min(zeros.len());
            self.feed(&zeros[..n], lost, sink);
            samples -= n;
        }
    }

    fn feed(&mut self, mut samples: &[f32], lost: bool, sink: &mut impl FnMut(FeatureFrame)) {
        while !samples.is_empty() {
            let taken = self.hops.fill(samples, lost);
            samples = &samples[taken..];
            while let Some(hop) = self.hops.take() {
                self.extractor.push(hop).map(&mut *sink);
            }
        }
    }
}
