//! One datagram of RTP: its header, and what its payload carries.
//!
//! Source: RFC 3550 §5.1 and §5.3.1 (header, extension, padding), RFC 3551 §4.5.2 (the clock of G.722) and
//! §6 (static payload types).

use crate::error::WireError;
use crate::wire::g711::{alaw_to_linear, mulaw_to_linear};
use crate::wire::g722::Decoder;

/// What a payload type carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// G.711 µ-law at 8 kHz.
    MuLaw,
    /// G.711 A-law at 8 kHz.
    ALaw,
    /// G.722 at 64 kbit/s, which is heard at 16 kHz.
    G722,
    /// 16 bits big-endian, one channel.
    L16 {
        /// Samples a second.
        rate: u32,
    },
    /// Keys pressed (RFC 4733).
    Event,
    /// Comfort noise (RFC 3389): silence from here on.
    Noise,
}

impl Payload {
    /// Of the static payload types (RFC 3551 §6), and 101, which is the usual one for keys.
    pub fn of(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::MuLaw),
            8 => Some(Self::ALaw),
            9 => Some(Self::G722),
            11 => Some(Self::L16 { rate: 44_100 }),
            13 => Some(Self::Noise),
            101 => Some(Self::Event),
            _ => None,
        }
    }

    /// Samples a second, where it carries any.
    pub(super) fn rate(self) -> Option<u32> {
        match self {
            Self::MuLaw | Self::ALaw => Some(8000),
            Self::G722 => Some(16_000),
            Self::L16 { rate } => Some(rate),
            Self::Event | Self::Noise => None,
        }
    }

    /// Samples in a tick of the packets' clock: that of G.722 says 8000 Hz by an old mistake.
    pub(super) fn samples_per_tick(self) -> i64 {
        match self {
            Self::G722 => 2,
            _ => 1,
        }
    }

    /// How many samples `payload` has.
    pub(super) fn samples(self, payload: &[u8]) -> usize {
        match self {
            Self::MuLaw | Self::ALaw => payload.len(),
            Self::G722 => 2 * payload.len(),
            Self::L16 { .. } => payload.len() / 2,
            Self::Event | Self::Noise => 0,
        }
    }

    /// The samples, little-endian. `wideband` is what went before.
    pub(super) fn decode(self, payload: &[u8], wideband: &mut Decoder) -> Vec<u8> {
        let decoded = |decode: fn(u8) -> i16| {
            let samples = payload.iter().map(|code| decode(*code));
            samples.flat_map(i16::to_le_bytes).collect()
        };
        match self {
            Self::MuLaw => decoded(mulaw_to_linear),
            Self::ALaw => decoded(alaw_to_linear),
            Self::G722 => {
                let pairs = payload.iter().flat_map(|code| wideband.decode(*code));
                pairs.flat_map(i16::to_le_bytes).collect()
            }
            Self::L16 { .. } => {
                let samples = payload.as_chunks().0.iter();
                samples.flat_map(|[high, low]| [*low, *high]).collect()
            }
            Self::Event | Self::Noise => Vec::new(),
        }
    }
}

/// One packet, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Which codec.
    pub payload_type: u8,
    /// Its number, modulo 2^16.
    pub sequence: u16,
    /// Its first sample on the sender's clock, modulo 2^32.
    pub timestamp: u32,
    /// The source.
    pub ssrc: u32,
    /// Without header and padding.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Takes a datagram apart.
    ///
    /// # Errors
    /// Where and why it is no RTP.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, WireError> {
        let wrong = |offset, reason| WireError { offset, reason };
        let Some((header, mut rest)) = datagram.split_first_chunk::<12>() else {
            return Err(wrong(0, "shorter than an RTP header"));
        };
        if header[0] >> 6 != 2 {
            return Err(wrong(0, "not version 2 of RTP"));
        }
        let sources = usize::from(header[0] & 15) * 4;
        let cut = wrong(12, "the header is longer than the packet");
        rest = rest.get(sources..).ok_or(cut)?;
        if header[0] & 0x10 != 0 {
            let (extension, after) = rest.split_first_chunk::<4>().ok_or(cut)?;
            let words = usize::from(u16::from_be_bytes([extension[2], extension[3]]));
            rest = after.get(words * 4..).ok_or(cut)?;
        }
        if header[0] & 0x20 != 0 {
            let padding = usize::from(rest.last().copied().unwrap_or(0));
            let length = rest.len().checked_sub(padding).filter(|_| padding > 0);
            rest = &rest[..length.ok_or(wrong(12, "more padding than packet"))?];
        }
        Ok(Self {
            payload_type: header[1] & 0x7F,
            sequence: u16::from_be_bytes([header[2], header[3]]),
            timestamp: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            ssrc: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
            payload: rest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_every_length_are_read() {
        let mut bytes = vec![0x80, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 9];
        bytes[0] = 0x80 | 0x20 | 0x10 | 2;
        bytes.extend([0; 8]); // two contributing sources
        bytes.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]); // an extension of one word
        bytes.extend([0xFF, 0xFE, 0, 0, 3]); // two samples, three bytes of padding
        let read = Packet::parse(&bytes).unwrap();
        assert_eq!((read.sequence, read.timestamp, read.ssrc), (7, 8, 9));
        assert_eq!(read.payload, [0xFF, 0xFE]);
        for cut in 0..28 {
            assert!(Packet::parse(&bytes[..cut]).is_err(), "{cut}");
        }
        assert!(Packet::parse(&[0; 40]).is_err(), "version 0");
    }
}
