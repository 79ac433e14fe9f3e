//! What a source hands over.

/// Mono sound of one speaker, or the knowledge that some is missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PcmBlock<'a> {
    /// Samples at the source's rate, full scale at ±1. NaN and infinities count as 0.
    Samples(&'a [f32]),
    /// Lost packets or an overrun: this many samples will never come.
    Gap {
        /// Missing samples at the source's rate.
        samples: u32,
    },
}

impl PcmBlock<'_> {
    /// Samples of stream time in the block.
    pub fn len(&self) -> usize {
        match self {
            Self::Samples(samples) => samples.len(),
            Self::Gap { samples } => *samples as usize,
        }
    }

    /// Whether the block takes no stream time.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
