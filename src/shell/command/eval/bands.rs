//! How a clip reaches the ear: as it is, or through a telephone line.

use clap::ValueEnum;

/// One way to hear a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// At the clip's own rate.
    Full,
    /// 300–3400 Hz, 8 kHz, µ-law.
    Telephone,
}

impl Band {
    /// Its name in a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Telephone => "telephone",
        }
    }
}

/// The choice on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BandArg {
    /// As the clips are.
    Full,
    /// Through a telephone line.
    Telephone,
    /// One row for each.
    Both,
}

impl BandArg {
    /// The bands that are meant, in the order of the rows.
    pub fn bands(self) -> &'static [Band] {
        match self {
            Self::Full => &[Band::Full],
            Self::Telephone => &[Band::Telephone],
            Self::Both => &[Band::Full, Band::Telephone],
        }
    }
}
