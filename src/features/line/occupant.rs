//! Who or what is on the line.

use serde::{Deserialize, Serialize};

/// What is heard, as far as it is known. Only a voice may be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Occupant {
    /// Nothing for ten seconds, or nothing yet.
    #[default]
    Silence,
    /// Too little was heard to say.
    Undecided,
    /// Somebody speaks.
    Voice,
    /// Music: hold music above all.
    Music,
    /// A tone of the network: busy, SIT, fax, dial tone, the beep of an announcement.
    Tone,
    /// The far end rings.
    Ringback,
    /// A key, as its ASCII letter: `0` to `9`, `*`, `#`, `A` to `D`.
    Dtmf(u8),
    /// Sound without a voice in it for five seconds.
    Noise,
}

impl Occupant {
    /// The number that stands in the feature table: 0 silence, 1 undecided, 2 voice, 3 music,
    /// 4 tone, 5 ringback, 6 DTMF, 7 noise.
    pub fn code(self) -> u32 {
        match self {
            Self::Silence => 0,
            Self::Undecided => 1,
            Self::Voice => 2,
            Self::Music => 3,
            Self::Tone => 4,
            Self::Ringback => 5,
            Self::Dtmf(_) => 6,
            Self::Noise => 7,
        }
    }

    /// The key that is pressed, as its ASCII code; 0 for none.
    pub fn key(self) -> u8 {
        match self {
            Self::Dtmf(key) => key,
            _ => 0,
        }
    }

    /// Its name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Undecided => "undecided",
            Self::Voice => "voice",
            Self::Music => "music",
            Self::Tone => "tone",
            Self::Ringback => "ringback",
            Self::Dtmf(_) => "dtmf",
            Self::Noise => "noise",
        }
    }

    /// What is heard is known not to be a caller who speaks: nothing may be learnt from it.
    pub fn abstains(self) -> bool {
        !matches!(self, Self::Silence | Self::Undecided | Self::Voice)
    }
}
