//! PCM blocks of any size in, feature frames out: `audio` and the extractor in one piece.

use super::{Extractor, FeatureFrame, LOOK_AHEAD_HOPS};
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
