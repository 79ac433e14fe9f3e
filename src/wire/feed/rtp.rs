//! RTP, one source: packets of UDP to samples in order.
//!
//! Source: RFC 3550 (order, loss, sources), RFC 4733 (keys pressed), RFC 3389 (comfort noise), RFC 5761 (RTCP on the same port). Every codec comes out
//! as 16-bit little-endian samples, so that a sender may change between those of one rate. Packets
//! are put in order and then decoded; what is lost, or was not sent in a silence, is missing. An SSRC that two
//! packets in a row have is a new source, and goes on where the old one stood.

use super::media::{Leg, Media, Opening};
use super::order::{Frame, Order, Piece};
pub use super::rtp_packet::{Packet, Payload};
use crate::error::WireError;
use crate::wire::g722::Decoder;
use crate::wire::pcm::{Encoding, Format};

/// Everything that one sender sends to one port.
#[derive(Clone, Debug)]
pub struct Stream {
    call_id: String,
    parameters: Vec<(String, String)>,
    /// Payload types beside the static ones.
    types: Vec<(u8, Payload)>,
    source: Option<Source>,
    /// The packet of an SSRC that may be a new source, 64 KiB at most.
    stray: Option<(u32, Vec<u8>)>,
    wideband: Decoder,
    order: Option<Order>,
    rate: u32,
    /// The key that was told last, by its timestamp.
    key: Option<u32>,
}

/// Numbers and clock of a source, without their wraps.
#[derive(Clone, Copy, Debug)]
struct Source {
    ssrc: u32,
    sequence: i64,
    timestamp: i64,
}

impl Source {
    /// A wrap above zero, so that what came a little earlier is not below it.
    fn beginning(packet: &Packet<'_>) -> Self {
        Self {
            ssrc: packet.ssrc,
            sequence: (1 << 16) + i64::from(packet.sequence),
            timestamp: (1 << 32) + i64::from(packet.timestamp),
        }
    }

    /// The place of a packet, which may be an earlier one.
    fn after(self, packet: &Packet<'_>) -> Self {
        let steps = packet.sequence.wrapping_sub(self.sequence as u16) as i16;
        let ticks = packet.timestamp.wrapping_sub(self.timestamp as u32) as i32;
        Self {
            ssrc: self.ssrc,
            sequence: self.sequence + i64::from(steps),
            timestamp: self.timestamp + i64::from(ticks),
        }
    }
}

impl Stream {
    /// A sender whose call is `call_id`, with `parameters` that are known of it; `types` are payload
    /// types that its signalling agreed on.
    pub fn new(
        call_id: String,
        parameters: Vec<(String, String)>,
        types: Vec<(u8, Payload)>,
    ) -> Self {
        Self {
            call_id,
            parameters,
            types,
            source: None,
            stray: None,
            wideband: Decoder::new(),
            order: None,
            rate: 0,
            key: None,
        }
    }

    /// Takes a datagram and appends what it says to `out`.
    ///
    /// # Errors
    /// It is no RTP, or its payload type is not known, or has another rate than what came before.
    /// It is passed over.
    pub fn push(&mut self, datagram: &[u8], out: &mut Vec<Media>) -> Result<(), WireError> {
        if let Some(kind @ 192..=223) = datagram.get(1) {
            self.control(*kind, datagram, out);
            return Ok(());
        }
        let packet = Packet::parse(datagram)?;
        let payload = self.payload(packet.payload_type).ok_or(WireError {
            offset: 1,
            reason: "the payload type is not known: name it in feed.rtp.payload_types",
        })?;
        let source = match self.source {
            Some(last) if last.ssrc == packet.ssrc => {
                self.stray = None;
                last.after(&packet)
            }
            None => Source::beginning(&packet),
            Some(_) => {
                // One packet proves nothing; the second brings the first with it.
                let Some((_, first)) = self.stray.take_if(|(ssrc, _)| *ssrc == packet.ssrc) else {
                    self.stray = Some((packet.ssrc, datagram.to_vec()));
                    return Ok(());
                };
                self.end(out);
                self.order.iter_mut().for_each(Order::begin_anew);
                self.wideband = Decoder::new();
                self.source = None;
                // What it was refused for, this packet will be too.
                let _ = self.push(&first, out);
                self.source
                    .map_or(Source::beginning(&packet), |first| first.after(&packet))
            }
        };
        self.source = Some(source);
        if payload == Payload::Event && self.key != Some(packet.timestamp) {
            self.key = Some(packet.timestamp);
            out.push(Media::Digit);
        }
        let rate = payload.rate();
        let order = match &mut self.order {
            Some(order) => order,
            none => {
                // Without a codec nothing is known of the clock yet.
                let Some(rate) = rate else { return Ok(()) };
                self.rate = rate;
                out.push(Media::Opened(Opening {
                    call_id: Some(self.call_id.clone()),
                    format: Format {
                        encoding: Encoding::S16Le,
                        rate,
                        channels: 1,
                    },
                    parameters: self.parameters.clone(),
                }));
                none.insert(Order::by_clock(rate))
            }
        };
        if rate.is_some_and(|rate| rate != self.rate) {
            return Err(WireError {
                offset: 1,
                reason: "the sample rate changes within the call",
            });
        }
        let frame = Frame {
            number: u64::try_from(source.sequence).ok(),
            // What has no samples has no place either, but its number.
            at: rate.and(u64::try_from(source.timestamp * payload.samples_per_tick()).ok()),
            // A datagram has 64 KiB at most.
            samples: payload.samples(packet.payload) as u32,
            // Only what is in order can be decoded.
            bytes: [&[packet.payload_type], packet.payload].concat(),
        };
        let mut pieces = Vec::new();
        order.push(frame, |piece| pieces.push(piece));
        self.tell(pieces, out);
        Ok(())
    }

    /// Nothing more will come.
    pub fn end(&mut self, out: &mut Vec<Media>) {
        let mut pieces = Vec::new();
        if let Some(order) = &mut self.order {
            order.flush(|piece| pieces.push(piece));
        }
        self.tell(pieces, out);
    }

    /// The source that is followed, where one is.
    pub fn ssrc(&self) -> Option<u32> {
        self.source.map(|source| source.ssrc)
    }

    /// Packets that came twice or too late, and were left out.
    pub fn repeated(&self) -> u64 {
        self.order.as_ref().map_or(0, Order::repeated)
    }

    fn payload(&self, payload_type: u8) -> Option<Payload> {
        let mut named = self
            .types
            .iter()
            .filter(|(number, _)| *number == payload_type);
        named
            .next()
            .map(|(_, payload)| *payload)
            .or(Payload::of(payload_type))
    }

    /// What came out in order, decoded.
    fn tell(&mut self, pieces: Vec<Piece>, out: &mut Vec<Media>) {
        let leg = Leg::Caller;
        for piece in pieces {
            match piece {
                Piece::Missing(samples) => out.push(Media::Missing { leg, samples }),
                Piece::Sound(bytes) => {
                    let Some((payload_type, payload)) = bytes.split_first() else {
                        continue;
                    };
                    let codec = self.payload(*payload_type);
                    let bytes = codec.map(|it| it.decode(payload, &mut self.wideband));
                    // Keys and comfort noise have a number and no samples.
                    let bytes = bytes.filter(|bytes| !bytes.is_empty());
                    out.extend(bytes.map(|bytes| Media::Sound { leg, bytes }));
                }
            }
        }
    }

    /// RTCP: only its goodbye counts (RFC 3550 §6.6).
    fn control(&mut self, kind: u8, datagram: &[u8], out: &mut Vec<Media>) {
        const BYE: u8 = 203;
        let ssrc = datagram.get(4..8).and_then(|four| four.try_into().ok());
        let ours = self.source.map(|source| source.ssrc) == ssrc.map(u32::from_be_bytes);
        if kind == BYE && ours && self.source.is_some() {
            self.end(out);
            out.push(Media::Ended);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(kind: u8, sequence: u16, timestamp: u32, ssrc: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x80, kind];
        bytes.extend(sequence.to_be_bytes());
        bytes.extend(timestamp.to_be_bytes());
        bytes.extend(ssrc.to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    fn stream() -> Stream {
        let types = vec![(118, Payload::L16 { rate: 16_000 })];
        Stream::new("rtp-1".into(), Vec::new(), types)
    }

    fn said(packets: &[Vec<u8>]) -> Vec<Media> {
        let (mut stream, mut out) = (stream(), Vec::new());
        for packet in packets {
            stream.push(packet, &mut out).unwrap();
        }
        stream.end(&mut out);
        out
    }

    /// Lengths in samples: sound, and missing as negative.
    fn lengths(out: &[Media]) -> Vec<i64> {
        let length = |media: &Media| match media {
            Media::Sound { bytes, .. } => Some(bytes.len() as i64 / 2),
            Media::Missing { samples, .. } => Some(-i64::from(*samples)),
            _ => None,
        };
        out.iter().filter_map(length).collect()
    }

    #[test]
    fn every_codec_comes_out_as_samples() {
        let out = said(&[packet(0, 1, 0, 1, &[0xFF, 0x00])]);
        assert!(matches!(&out[0], Media::Opened(it) if it.call_id.as_deref() == Some("rtp-1")));
        let bytes = [0i16, -32124].map(i16::to_le_bytes).concat();
        assert_eq!(
            out[1],
            Media::Sound {
                leg: Leg::Caller,
                bytes
            }
        );
        let wide = said(&[
            packet(9, 1, 0, 1, &[0; 160]),
            packet(9, 2, 160, 1, &[0; 160]),
        ]);
        assert!(matches!(&wide[0], Media::Opened(it) if it.format.rate == 16_000));
        assert_eq!(lengths(&wide), [320, 320], "G.722 counts pairs");
        let wide = said(&[packet(118, 1, 0, 1, &[0x12, 0x34])]);
        assert!(matches!(&wide[0], Media::Opened(it) if it.format.rate == 16_000));
        assert!(matches!(&wide[1], Media::Sound { bytes, .. } if bytes == &[0x34, 0x12]));
        // From µ-law to A-law in the middle of a call.
        let both = said(&[
            packet(0, 1, 0, 1, &[0xFF; 160]),
            packet(8, 2, 160, 1, &[0xD5; 160]),
        ]);
        assert_eq!(lengths(&both), [160, 160]);
        let mut changing = stream();
        changing
            .push(&packet(0, 1, 0, 1, &[0xFF]), &mut Vec::new())
            .unwrap();
        assert!(
            changing
                .push(&packet(118, 2, 1, 1, &[0, 0]), &mut Vec::new())
                .is_err()
        );
        let unknown = stream().push(&packet(97, 1, 0, 1, &[0]), &mut Vec::new());
        assert!(unknown.unwrap_err().to_string().contains("payload_types"));
    }

    #[test]
    fn loss_and_silence_are_missing_and_wraps_are_not() {
        let voice = |n: u16| {
            let n32 = u32::from(n.wrapping_sub(65_530));
            packet(
                0,
                n,
                u32::MAX.wrapping_sub(300).wrapping_add(n32 * 160),
                5,
                &[0xFF; 160],
            )
        };
        let wrap: Vec<_> = (0..12u16).map(|n| voice(n.wrapping_add(65_530))).collect();
        assert_eq!(lengths(&said(&wrap)), [160; 12]);
        let mut lossy = wrap.clone();
        lossy.drain(4..7);
        lossy.swap(4, 5);
        assert_eq!(
            lengths(&said(&lossy)),
            [160, 160, 160, 160, -480, 160, 160, 160, 160, 160]
        );
        // Comfort noise: the numbers run on, the clock too.
        let quiet = [
            packet(0, 1, 0, 5, &[0xFF; 160]),
            packet(13, 2, 160, 5, &[60]),
            packet(0, 3, 1790, 5, &[0xFF; 160]),
        ];
        assert_eq!(lengths(&said(&quiet)), [160, -1630, 160]);
    }

    #[test]
    fn the_first_packets_may_come_the_wrong_way_round() {
        let voice = |n: u16| packet(0, n, u32::from(n) * 160, 5, &[n as u8; 160]);
        for order in [
            [40_001, 40_000, 40_002, 40_003],
            [40_000, 40_002, 40_001, 40_003],
        ] {
            let sorted = said(&[40_000, 40_001, 40_002, 40_003].map(voice));
            assert_eq!(said(&order.map(voice)), sorted, "{order:?}");
            assert_eq!(lengths(&sorted), [160; 4]);
        }
        assert_eq!(
            lengths(&said(&[voice(7)])),
            [160],
            "one alone comes out at the end"
        );
    }

    /// G.722 is decoded in the order of its numbers, whatever that of its arrival.
    #[test]
    fn wideband_remembers_in_order() {
        let voice = |n: u16| {
            let payload: Vec<u8> = (0..160u16).map(|i| (i * n) as u8).collect();
            packet(9, n, u32::from(n) * 160, 5, &payload)
        };
        let sorted = said(&[1, 2, 3, 4, 5].map(voice));
        assert_eq!(said(&[2, 1, 4, 3, 5].map(voice)), sorted);
        let lossy = lengths(&said(&[1, 2, 4, 5].map(voice)));
        assert_eq!(lossy, [320, 320, -320, 320, 320]);
    }

    #[test]
    fn a_key_is_told_once() {
        let key = |n: u16, duration: u8| packet(101, n, 160, 5, &[1, 10, 0, duration]);
        let out = said(&[
            packet(0, 1, 0, 5, &[0xFF; 160]),
            key(2, 160),
            key(3, 200),
            key(4, 200),
            key(5, 200),
            packet(0, 6, 800, 5, &[0xFF; 160]),
        ]);
        let digits = out.iter().filter(|media| **media == Media::Digit).count();
        assert_eq!(digits, 1);
        assert_eq!(lengths(&out), [160, -640, 160]);
    }

    #[test]
    fn a_new_source_goes_on_where_the_old_one_stood() {
        let voice = |ssrc, n: u16| packet(0, n, u32::from(n) * 160, ssrc, &[0xFF; 160]);
        let out = said(&[
            voice(1, 500),
            voice(1, 501),
            voice(2, 9),
            voice(2, 10),
            voice(2, 11),
        ]);
        let swapped = said(&[voice(1, 500), voice(2, 10), voice(2, 9), voice(2, 11)]);
        assert_eq!(lengths(&swapped), [160; 4]);
        assert_eq!(lengths(&out), [160; 5], "none is lost");
        let out = said(&[
            voice(1, 500),
            voice(2, 9),
            voice(1, 501),
            voice(2, 10),
            voice(1, 502),
        ]);
        assert_eq!(lengths(&out), [160; 3], "a stray packet changes nothing");
    }

    #[test]
    fn goodbye_ends_the_call_of_its_source_alone() {
        let mut bye = vec![0x81, 203, 0, 1];
        bye.extend(7u32.to_be_bytes());
        let voice = packet(0, 1, 0, 7, &[0xFF; 160]);
        assert_eq!(
            said(&[voice.clone(), bye.clone()]).last(),
            Some(&Media::Ended)
        );
        bye[7] = 8;
        assert_ne!(said(&[voice, bye]).last(), Some(&Media::Ended));
    }

    proptest! {
        /// No datagram breaks it, and time never runs backwards or wild: what comes out is not more
        /// than what went in, twice for G.722, and a minute for each packet.
        #[test]
        fn any_datagrams_are_taken(datagrams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..40)) {
            let (mut stream, mut out) = (stream(), Vec::new());
            for mut datagram in datagrams {
                if let Some(first) = datagram.first_mut() { *first = 0x80 | (*first & 0x3F); }
                let _ = stream.push(&datagram, &mut out);
            }
            stream.end(&mut out);
            for length in lengths(&out) {
                prop_assert!((-60 * 44_100..=2 * 60).contains(&length));
            }
        }
    }
}
