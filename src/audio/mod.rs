//! Sound as it arrives, made fit for analysis.
//!
//! - **Takes** PCM blocks of any size at the source's rate, and gaps where packets were lost.
//! - **Gives** hops of 10 ms at the analysis rate: 8 kHz for 8 kHz sources, 16 kHz for all others.
//! - **Remembers** less than one hop, and the resampler's filter.
//! - **Source**: `rubato` for the synchronous FFT resampler.

mod block;
mod hops;
mod resample;

pub use block::PcmBlock;
pub use hops::{Hop, Hops};
pub use resample::Resampler;

use crate::error::BuildError;

/// The rate that a source of `source_hz` is analysed at.
///
/// A telephone call is never resampled. Everything above 8 kHz is brought to 16 kHz.
///
/// # Errors
/// Rates under 8 kHz lack the telephone band, and rates over 384 kHz are taken for a mistake.
pub fn analysis_rate(source_hz: u32) -> Result<u32, BuildError> {
    match source_hz {
        8_000 => Ok(8_000),
        8_001..=384_000 => Ok(16_000),
        _ => Err(BuildError::value(
            "audio",
            "sample rate",
            source_hz,
            "8000 to 384000 Hz; resample the source first",
        )),
    }
}
