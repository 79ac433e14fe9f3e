//! The units that cross room borders, as types, so that a millisecond is never taken for a sample.

use serde::{Serialize, Serializer};

/// A place in the stream, counted in samples since the first one. Never wall time.
///
/// One tick is one sample at 16 kHz; an 8 kHz sample is two ticks. The engine has no other clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamTime(u64);

impl StreamTime {
    /// Ticks in one second.
    pub const TICKS_PER_SECOND: u32 = 16_000;
    /// The first sample.
    pub const ZERO: Self = Self(0);

    /// `ticks` of 1/16000 s after the first sample.
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// The nearest tick to `seconds`; negative times are the first sample.
    pub fn from_seconds(seconds: f64) -> Self {
        Self((seconds.max(0.0) * f64::from(Self::TICKS_PER_SECOND)).round() as u64)
    }

    /// Ticks of 1/16000 s since the first sample.
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// Seconds since the first sample.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / f64::from(Self::TICKS_PER_SECOND)
    }

    /// Seconds from `earlier` to here; negative when `earlier` is later.
    pub fn since(self, earlier: Self) -> f64 {
        self.seconds() - earlier.seconds()
    }
}

impl Serialize for StreamTime {
    /// Seconds, to the tenth of a millisecond.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((self.seconds() * 1e4).round() / 1e4)
    }
}

/// Level in decibels. `dBFS` levels put the RMS of a full-scale sine at −3.01 dB.
pub const SILENCE_DB: f32 = -100.0;

/// Power (mean square, full scale = 1) to decibels, floored at [`SILENCE_DB`].
pub fn power_to_db(power: f32) -> f32 {
    10.0 * power.max(1e-10).log10()
}

/// A frequency in semitones above 100 Hz.
pub fn semitones(hz: f32) -> f32 {
    12.0 * (hz.max(1.0) / 100.0).log2()
}
