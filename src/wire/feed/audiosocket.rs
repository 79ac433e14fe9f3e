//! Asterisk AudioSocket: kinds, lengths and samples over TCP.
//!
//! Source: docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket, and what Asterisk 22.10.1 was
//! seen to send. A message is `kind u8, length u16 big-endian, payload`; samples are 16 bits
//! little-endian, one channel. The first message is the call's UUID. The end is the end of the
//! connection; the kind for it is never sent by Asterisk, but by others. Kinds that are not known
//! are passed over. Messages of sound have any length, the last one often a short one.

use super::media::{Leg, Media, Opening};
use crate::error::WireError;
use crate::wire::pcm::{Encoding, Format};

/// Samples a second of the kinds 0x10 to 0x18.
const RATES: [u32; 9] = [
    8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000,
];
/// The first kind of sound.
const SOUND: u8 = 0x10;
const HEADER: usize = 3;

/// One connection.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    offset: u64,
    /// The beginning of a message whose end has not come, 64 KiB at most.
    held: Vec<u8>,
    call_id: Option<String>,
    rate: Option<u32>,
    ended: bool,
}

impl Stream {
    /// A connection of which nothing has come.
    pub fn new() -> Self {
        Self::default()
    }

    /// The call's UUID, once it was said.
    pub fn call_id(&self) -> Option<&str> {
        self.call_id.as_deref()
    }

    /// A message of 20 ms of silence, at the rate of the call where that is known.
    pub fn silence(&self) -> Vec<u8> {
        let place = RATES.iter().position(|rate| Some(*rate) == self.rate);
        let place = place.unwrap_or(0);
        let bytes = RATES[place] / 50 * 2;
        let mut message = vec![SOUND + place as u8];
        // 20 ms at 192 kHz are 7680 bytes.
        message.extend((bytes as u16).to_be_bytes());
        message.resize(HEADER + bytes as usize, 0);
        message
    }

    /// Takes the next bytes, cut anywhere, and appends what they say to `out`.
    ///
    /// # Errors
    /// The first message is not a UUID, or the sample rate changes: this is no AudioSocket, or none
    /// that can be followed. The connection must end.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Media>) -> Result<(), WireError> {
        self.held.extend_from_slice(bytes);
        // Not waited for: whoever speaks HTTP here has a length in his first letters too.
        if self.call_id.is_none() && self.held.first().is_some_and(|kind| *kind != 0x01) {
            return Err(WireError {
                offset: 0,
                reason: "the first message is no UUID (kind 0x01)",
            });
        }
        let mut at = 0;
        while let Some((kind, payload)) = message(&self.held[at..]) {
            let length = HEADER + payload.len();
            let taken = match kind {
                _ if self.ended => Ok(()),
                0x01 => named(&mut self.call_id, payload),
                0x00 | 0xFF => {
                    self.ended = true;
                    out.push(Media::Ended);
                    Ok(())
                }
                0x03 => {
                    out.push(Media::Digit);
                    Ok(())
                }
                kind => match RATES.get(usize::from(kind.wrapping_sub(SOUND))) {
                    Some(rate) => sound(&self.call_id, &mut self.rate, *rate, payload, out),
                    None => Ok(()),
                },
            };
            let offset = self.offset;
            taken.map_err(|reason| WireError { offset, reason })?;
            self.offset += length as u64;
            at += length;
        }
        self.held.drain(..at);
        Ok(())
    }
}

/// The message at the beginning of `bytes`, where it is whole.
fn message(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let length = usize::from(u16::from_be_bytes([header[1], header[2]]));
    Some((header[0], rest.get(..length)?))
}

fn named(call_id: &mut Option<String>, payload: &[u8]) -> Result<(), &'static str> {
    let bytes: [u8; 16] = payload
        .try_into()
        .map_err(|_| "the UUID has not 16 bytes")?;
    if call_id.is_none() {
        *call_id = Some(uuid(bytes));
    }
    Ok(())
}

fn sound(
    call_id: &Option<String>,
    known: &mut Option<u32>,
    rate: u32,
    payload: &[u8],
    out: &mut Vec<Media>,
) -> Result<(), &'static str> {
    if known.is_none() {
        *known = Some(rate);
        out.push(Media::Opened(Opening {
            call_id: call_id.clone(),
            format: Format {
                encoding: Encoding::S16Le,
                rate,
                channels: 1,
            },
            parameters: Vec::new(),
        }));
    }
    if *known != Some(rate) {
        return Err("the sample rate changes within the call");
    }
    out.push(Media::Sound {
        leg: Leg::Caller,
        bytes: payload.to_vec(),
    });
    Ok(())
}

/// A UUID as it is written (RFC 9562 §4).
fn uuid(bytes: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&place) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As captured from Asterisk.
    const UUID: [u8; 19] = [
        0x01, 0x00, 0x10, 0x40, 0x32, 0x5e, 0xc2, 0x5e, 0xfd, 0x4b, 0xd3, 0x80, 0x5f, 0x53, 0x57,
        0x6e, 0x58, 0x1d, 0x13,
    ];

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = (payload.len() as u16).to_be_bytes();
        [&[kind], &length[..], payload].concat()
    }

    fn said(bytes: &[u8], block: usize) -> Result<Vec<Media>, WireError> {
        let (mut stream, mut out) = (Stream::new(), Vec::new());
        for bytes in bytes.chunks(block) {
            stream.push(bytes, &mut out)?;
        }
        Ok(out)
    }

    #[test]
    fn a_call_as_asterisk_sends_it() {
        let mut bytes = UUID.to_vec();
        bytes.extend(frame(0x12, &[1; 640]));
        bytes.extend([0x03, 0x00, 0x01, 0x31]);
        bytes.extend(frame(0x42, b"passed over"));
        bytes.extend(frame(0x12, &[2; 516]));
        let out = said(&bytes, 7).unwrap();
        let Media::Opened(opening) = &out[0] else {
            panic!("{out:?}");
        };
        assert_eq!(
            opening.call_id.as_deref(),
            Some("40325ec2-5efd-4bd3-805f-53576e581d13")
        );
        assert_eq!(opening.format.rate, 16_000);
        assert_eq!(out[2], Media::Digit);
        assert!(matches!(&out[3], Media::Sound { bytes, .. } if bytes.len() == 516));
        assert_eq!(out.len(), 4);
    }

    #[test]
    fn every_rate_has_its_kind() {
        for (place, rate) in RATES.into_iter().enumerate() {
            let bytes = [&UUID[..], &frame(0x10 + place as u8, &[0; 4])].concat();
            let out = said(&bytes, 1).unwrap();
            assert!(matches!(&out[0], Media::Opened(it) if it.format.rate == rate));
        }
    }

    #[test]
    fn silence_is_of_the_rate_of_the_call() {
        let mut stream = Stream::new();
        assert_eq!(stream.silence(), frame(0x10, &[0; 320]));
        let bytes = [&UUID[..], &frame(0x12, &[1; 640])].concat();
        stream.push(&bytes, &mut Vec::new()).unwrap();
        assert_eq!(stream.silence(), frame(0x12, &[0; 640]));
    }

    #[test]
    fn what_is_no_call_is_told_where() {
        for (bytes, offset) in [
            (b"GET / HTTP/1.1\r\n\r\n".to_vec(), 0),
            (frame(0x10, &[0; 320]), 0),
            (frame(0x01, &[0; 15]), 0),
            (
                [&UUID[..], &frame(0x10, &[0; 2]), &frame(0x11, &[0; 2])].concat(),
                24,
            ),
        ] {
            assert_eq!(said(&bytes, 5).unwrap_err().offset, offset);
        }
        let out = said(
            &[&UUID[..], &frame(0, &[]), &frame(0x10, &[0; 2])].concat(),
            3,
        );
        assert_eq!(out, Ok(vec![Media::Ended]), "nothing counts after the end");
    }

    proptest! {
        /// However the bytes are cut, they say the same; sound comes out as it went in.
        #[test]
        fn any_cut_says_the_same(blocks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..700), 1..20), block in 1usize..900) {
            let mut bytes = UUID.to_vec();
            blocks.iter().for_each(|block| bytes.extend(frame(0x10, block)));
            let out = said(&bytes, block).unwrap();
            prop_assert_eq!(&out, &said(&bytes, usize::MAX).unwrap());
            let heard: Vec<u8> = out.into_iter().flat_map(|media| match media {
                Media::Sound { bytes, .. } => bytes,
                _ => Vec::new(),
            }).collect();
            prop_assert_eq!(heard, blocks.concat());
        }
    }
}
