//! Headerless PCM, described by the one who pipes it in: `FORMAT:RATE:CHANNELS`.

use crate::wire::pcm::{Encoding, Format, MAX_CHANNELS, MAX_RATE, MIN_RATE};
use thiserror::Error;

/// The names a spec may use.
const FORMATS: [(&str, Encoding); 8] = [
    ("u8", Encoding::U8),
    ("s16le", Encoding::S16Le),
    ("s16be", Encoding::S16Be),
    ("s24le", Encoding::S24Le),
    ("s32le", Encoding::S32Le),
    ("f32le", Encoding::F32Le),
    ("mulaw", Encoding::MuLaw),
    ("alaw", Encoding::ALaw),
];

/// A spec that does not describe PCM.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SpecError {
    /// Not three parts.
    #[error("`{0}` is not FORMAT:RATE:CHANNELS, such as s16le:8000:1")]
    Shape(String),
    /// An unknown sample format.
    #[error("format `{0}` is not one of u8, s16le, s16be, s24le, s32le, f32le, mulaw, alaw")]
    Format(String),
    /// A rate that is no number or out of range.
    #[error("rate `{0}` is not a whole number of Hz from {MIN_RATE} to {MAX_RATE}")]
    Rate(String),
    /// A channel count that is no number or out of range.
    #[error("channels `{0}` is not a whole number from 1 to {MAX_CHANNELS}")]
    Channels(String),
}

/// Reads `FORMAT:RATE:CHANNELS`; `s16le:8000:1` is a telephone call in 16-bit PCM.
///
/// # Errors
/// Names the part that is wrong and what is allowed there.
pub fn parse(spec: &str) -> Result<Format, SpecError> {
    let parts: [&str; 3] = spec
        .split(':')
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| SpecError::Shape(spec.into()))?;
    let [format, rate, channels] = parts.map(str::trim);
    let (_, encoding) = FORMATS
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(format))
        .ok_or_else(|| SpecError::Format(format.into()))?;
    Ok(Format {
        encoding,
        rate: rate
            .parse()
            .ok()
            .filter(|hz| (MIN_RATE..=MAX_RATE).contains(hz))
            .ok_or_else(|| SpecError::Rate(rate.into()))?,
        channels: channels
            .parse()
            .ok()
            .filter(|count| (1..=MAX_CHANNELS).contains(count))
            .ok_or_else(|| SpecError::Channels(channels.into()))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_read() {
        for (name, encoding) in FORMATS {
            let expected = Format {
                encoding,
                rate: 8_000,
                channels: 2,
            };
            assert_eq!(parse(&format!("{name}:8000:2")), Ok(expected));
        }
    }

    #[test]
    fn an_error_names_the_value_and_what_is_allowed() {
        for (spec, value, allowed) in [
            ("s16le:8000", "`s16le:8000`", "FORMAT:RATE:CHANNELS"),
            ("s16le:8000:1:1", "`s16le:8000:1:1`", "FORMAT:RATE:CHANNELS"),
            ("", "``", "FORMAT:RATE:CHANNELS"),
            ("s16:8000:1", "`s16`", "s16le"),
            ("s16le:0:1", "`0`", "2000"),
            ("s16le:-8000:1", "`-8000`", "2000"),
            ("s16le:384001:1", "`384001`", "384000"),
            ("s16le:99999999999:1", "`99999999999`", "384000"),
            ("s16le:8k:1", "`8k`", "2000"),
            ("s16le:8000:0", "`0`", "64"),
            ("s16le:8000:65", "`65`", "64"),
        ] {
            let message = parse(spec).expect_err(spec).to_string();
            assert!(
                message.contains(value) && message.contains(allowed),
                "{spec}: {message}"
            );
        }
    }

    #[test]
    fn the_format_list_in_the_message_is_the_list_that_is_read() {
        let message = SpecError::Format("x".into()).to_string();
        let listed = message.split("one of ").nth(1).expect("the list follows");
        assert_eq!(listed, FORMATS.map(|(name, _)| name).join(", "));
    }
}
