//! What an AudioHook session offers, and how it writes time.
//!
//! Source: developer.genesys.cloud/devapps/audiohook/protocol-reference.

use super::json::{count, field, text};
use super::media::Leg;
use crate::wire::pcm::{Encoding, Format};
use serde_json::Value;

/// One of the formats that are offered, if it can be heard.
pub struct Choice {
    /// As it was offered.
    pub offer: Value,
    /// Of each leg.
    pub format: Format,
    /// The legs, as they alternate.
    pub legs: Vec<Leg>,
    /// The most is chosen.
    pub worth: u8,
}

impl Choice {
    /// Reads an offer; `None` where it cannot be heard.
    pub fn read(offer: &Value) -> Option<Self> {
        let encoding = match text(offer, &["format"])?.as_str() {
            "PCMU" => Encoding::MuLaw,
            "L16" => Encoding::S16Le,
            _ => return None,
        };
        let channels = field(offer, &["channels"])?.as_array()?;
        let legs = channels.iter().map(|channel| match channel.as_str()? {
            "external" => Some(Leg::Caller),
            "internal" => Some(Leg::Agent),
            _ => None,
        });
        let legs: Vec<Leg> = legs.collect::<Option<_>>()?;
        let worth = match legs[..] {
            [Leg::Caller, Leg::Agent] | [Leg::Agent, Leg::Caller] => 2,
            [Leg::Caller] => 1,
            _ => return None,
        };
        let rate = u32::try_from(count(offer, &["rate"])?).ok()?;
        Some(Self {
            offer: offer.clone(),
            format: Format {
                encoding,
                rate,
                channels: 1,
            },
            legs,
            // Half the bytes for what a telephone line has.
            worth: worth * 2 + u8::from(encoding == Encoding::MuLaw),
        })
    }
}

/// Seconds of an ISO 8601 duration without days: `PT1.5S`, `PT2M`, `PT1H0M3S`.
pub fn duration_s(text: &str) -> Option<f64> {
    let mut rest = text.strip_prefix("PT")?;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        seconds += match rest.as_bytes()[end] {
            b'H' => number * 3600.0,
            b'M' => number * 60.0,
            b'S' => number,
            _ => return None,
        };
        rest = &rest[end + 1..];
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [
            ("PT1.5S", Some(1.5)),
            ("PT2M", Some(120.0)),
            ("PT1H0M3S", Some(3603.0)),
            ("PT", Some(0.0)),
            ("P1D", None),
            ("PT1", None),
            ("PTxS", None),
            ("PT1.2.3S", None),
        ] {
            assert_eq!(duration_s(text), seconds, "{text}");
        }
    }
}
