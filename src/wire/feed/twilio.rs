//! JSON over WebSocket, as Twilio Media Streams and its kin send it.
//!
//! Sources: twilio.com/docs/voice/media-streams/websocket-messages; developers.telnyx.com (media
//! streaming); plivo.com/docs (audio streaming); developer.exotel.com (voice streaming); SignalWire
//! sends what Twilio sends. The dialects differ in the case of keys, in numbers as text, in whether
//! `connected` comes first and in whether media comes in order. One reader takes them all: each
//! field is looked for under every name, unknown events are passed over.

use super::json::{count, field, text};
use super::media::{Leg, Media, Opening};
use super::order::{Frame, Order, Piece};
use crate::error::WireError;
use crate::wire::pcm::{Encoding, Format};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::Value;

/// What an id of a call is called: the sender's own name for it, the call's before the stream's.
const CALL_IDS: [&str; 5] = [
    "callSid",
    "call_sid",
    "callId",
    "call_id",
    "call_control_id",
];
const STREAM_IDS: [&str; 4] = ["streamSid", "stream_sid", "streamId", "stream_id"];
/// Parameters that are kept.
const PARAMETERS: usize = 64;

/// One stream.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    offset: u64,
    format: Option<Format>,
    /// The caller's, the agent's.
    orders: [Option<Order>; 2],
    ended: bool,
}

impl Stream {
    /// A stream of which nothing has come.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one text message and appends what it says to `out`.
    ///
    /// # Errors
    /// The message is no JSON or not of this protocol, or `start` names a codec that is not
    /// understood. It is passed over, and the next one may come.
    pub fn push(&mut self, message: &str, out: &mut Vec<Media>) -> Result<(), WireError> {
        let offset = self.offset;
        self.offset += message.len() as u64;
        let taken = self.take(message, out);
        taken.map_err(|reason| WireError { offset, reason })
    }

    fn take(&mut self, message: &str, out: &mut Vec<Media>) -> Result<(), &'static str> {
        let value: Value = serde_json::from_str(message).map_err(|_| "the message is no JSON")?;
        let event = field(&value, &["event"]).and_then(Value::as_str);
        match event.ok_or("the message has no event")? {
            _ if self.ended => {}
            "start" if self.format.is_none() => {
                let opening = opening(&value)?;
                self.format = Some(opening.format);
                out.push(Media::Opened(opening));
            }
            "media" => self.media(&value, out)?,
            "dtmf" => out.push(Media::Digit),
            "stop" => {
                self.end(out);
                out.push(Media::Ended);
            }
            _ => {}
        }
        Ok(())
    }

    /// The connection is gone: what waited for earlier frames comes out.
    pub fn end(&mut self, out: &mut Vec<Media>) {
        self.ended = true;
        for (order, leg) in self.orders.iter_mut().zip([Leg::Caller, Leg::Agent]) {
            if let Some(order) = order {
                order.flush(|piece| out.push(told(leg, piece)));
            }
        }
    }

    /// Frames that came twice or too late, and were left out.
    pub fn repeated(&self) -> u64 {
        self.orders.iter().flatten().map(Order::repeated).sum()
    }

    fn media(&mut self, value: &Value, out: &mut Vec<Media>) -> Result<(), &'static str> {
        let format = self.format.ok_or("media before start")?;
        let media = field(value, &["media"]).ok_or("media without its body")?;
        let payload = field(media, &["payload"]).and_then(Value::as_str);
        let payload = payload.ok_or("media without a payload")?;
        let bytes = STANDARD
            .decode(payload)
            .or_else(|_| STANDARD_NO_PAD.decode(payload));
        let bytes = bytes.map_err(|_| "the payload is no base64")?;
        let track = field(media, &["track"]).and_then(Value::as_str);
        let leg = match track {
            Some(track) if track.starts_with("outbound") => Leg::Agent,
            _ => Leg::Caller,
        };
        let sequence = || count(value, &["sequenceNumber", "sequence_number"]);
        let at = count(media, &["timestamp"]);
        let frame = Frame {
            number: count(media, &["chunk"]).or_else(sequence),
            at: at.map(|ms| (u128::from(ms) * u128::from(format.rate) / 1000) as u64),
            samples: u32::try_from(bytes.len() / format.frame_bytes()).unwrap_or(u32::MAX),
            bytes,
        };
        let base = self.orders.iter().flatten().find_map(Order::base);
        let order = self.orders[leg as usize].get_or_insert_with(|| Order::new(format.rate, base));
        order.push(frame, |piece| out.push(told(leg, piece)));
        Ok(())
    }
}

fn told(leg: Leg, piece: Piece) -> Media {
    match piece {
        Piece::Missing(samples) => Media::Missing { leg, samples },
        Piece::Sound(bytes) => Media::Sound { leg, bytes },
    }
}

/// What `start` says.
fn opening(value: &Value) -> Result<Opening, &'static str> {
    let start = field(value, &["start"]).unwrap_or(value);
    let parameters = parameters(value, start);
    let named = parameters.iter().find(|(key, _)| key == "call_id");
    let named = named.map(|(_, id)| id.clone());
    let ids = || text(start, &CALL_IDS).or_else(|| text(value, &CALL_IDS));
    let streams = || text(start, &STREAM_IDS).or_else(|| text(value, &STREAM_IDS));
    let format = field(start, &["mediaFormat", "media_format"]);
    let format = format.or_else(|| field(value, &["mediaFormat", "media_format"]));
    Ok(Opening {
        call_id: named.or_else(ids).or_else(streams),
        format: self::format(format.unwrap_or(&Value::Null))?,
        parameters,
    })
}

/// The codec. Nothing said is what the telephone network has: µ-law at 8 kHz.
fn format(value: &Value) -> Result<Format, &'static str> {
    let name = text(value, &["encoding"]).unwrap_or_default();
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let encoding = match () {
        () if name.is_empty() || has(&["mulaw", "ulaw", "pcmu"]) => Encoding::MuLaw,
        () if has(&["alaw", "pcma"]) => Encoding::ALaw,
        () if has(&["l16", "raw", "linear", "slin", "pcm"]) => Encoding::S16Le,
        () => return Err("the codec is not understood: have it send PCMU, PCMA or L16"),
    };
    let rate = count(value, &["sampleRate", "sample_rate"]);
    let rate = rate.or_else(|| name.split("rate=").nth(1)?.parse().ok());
    Ok(Format {
        encoding,
        rate: u32::try_from(rate.unwrap_or(8000)).map_err(|_| "the sample rate is not one")?,
        channels: 1,
    })
}

/// Parameters of the dialplan: an object, or Plivo's `k=v;k=v`.
fn parameters(value: &Value, start: &Value) -> Vec<(String, String)> {
    const NAMES: [&str; 4] = [
        "customParameters",
        "custom_parameters",
        "extra_headers",
        "extraHeaders",
    ];
    let found = field(start, &NAMES).or_else(|| field(value, &NAMES));
    match found {
        Some(Value::Object(fields)) => {
            let pairs = fields.iter().take(PARAMETERS);
            let pairs = pairs.filter_map(|(key, _)| Some((key.clone(), text(found?, &[key])?)));
            pairs.collect()
        }
        Some(Value::String(line)) => {
            let pairs = line.split([';', ',']).take(PARAMETERS);
            let pair = |pair: &str| {
                let (key, value) = pair.split_once('=')?;
                Some((key.trim().to_owned(), value.trim().to_owned()))
            };
            pairs.filter_map(pair).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Everything that a stream of these messages says.
    fn said(messages: &[&str]) -> Vec<Media> {
        let (mut stream, mut out) = (Stream::new(), Vec::new());
        for message in messages {
            stream.push(message, &mut out).expect(message);
        }
        stream.end(&mut out);
        out
    }

    fn opened(start: &str) -> Opening {
        match said(&[start]).remove(0) {
            Media::Opened(opening) => opening,
            other => panic!("{other:?}"),
        }
    }

    const TWILIO: &str = r#"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1","callSid":"CA1","tracks":["inbound","outbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"k":"v"}},"streamSid":"MZ1"}"#;

    #[test]
    fn every_dialect_opens_its_call() {
        let twilio = opened(TWILIO);
        assert_eq!(twilio.call_id.as_deref(), Some("CA1"));
        assert_eq!(twilio.parameter("k"), Some("v"));
        assert_eq!(
            (twilio.format.encoding, twilio.format.rate),
            (Encoding::MuLaw, 8000)
        );
        let telnyx = opened(
            r#"{"event":"start","sequence_number":"1","start":{"user_id":"u","call_control_id":"v3:abc","call_session_id":"s","from":"+1","to":"+2","tags":[],"client_state":"x","media_format":{"encoding":"PCMA","sample_rate":8000,"channels":1}},"stream_id":"st"}"#,
        );
        assert_eq!(telnyx.call_id.as_deref(), Some("v3:abc"));
        assert_eq!(telnyx.format.encoding, Encoding::ALaw);
        let plivo = opened(
            r#"{"sequenceNumber":0,"event":"start","start":{"callId":"p-1","streamId":"s-1","accountId":"a","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-l16","sampleRate":16000}},"extra_headers":"token=abc;call_id=mine"}"#,
        );
        assert_eq!(
            plivo.call_id.as_deref(),
            Some("mine"),
            "a name of one's own wins"
        );
        assert_eq!(plivo.parameter("token"), Some("abc"));
        assert_eq!(
            (plivo.format.encoding, plivo.format.rate),
            (Encoding::S16Le, 16_000)
        );
        let exotel = opened(
            r#"{"event":"start","sequence_number":"1","stream_sid":"s","start":{"stream_sid":"s","call_sid":"ex-1","account_sid":"a","from":"0","to":"1","custom_parameters":{"n":7},"media_format":{"encoding":"audio/x-raw","sample_rate":"8000","bit_rate":"128kbps"}}}"#,
        );
        assert_eq!(exotel.call_id.as_deref(), Some("ex-1"));
        assert_eq!(exotel.parameter("n"), Some("7"));
        assert_eq!(exotel.format.encoding, Encoding::S16Le);
    }

    #[test]
    fn a_codec_that_is_not_understood_is_told_with_the_mend() {
        let mut out = Vec::new();
        let start =
            r#"{"event":"start","start":{"media_format":{"encoding":"OPUS","sample_rate":16000}}}"#;
        let error = Stream::new().push(start, &mut out).unwrap_err();
        assert!(error.to_string().contains("PCMU"), "{error}");
        assert!(out.is_empty());
    }

    fn media(track: &str, chunk: u64, ms: u64, sample: u8) -> String {
        let payload = STANDARD.encode([sample; 160]);
        json!({"event": "media", "sequenceNumber": chunk.to_string(), "streamSid": "MZ1", "media": {"track": track, "chunk": chunk.to_string(), "timestamp": ms.to_string(), "payload": payload}})
            .to_string()
    }

    fn sound(leg: Leg, sample: u8) -> Media {
        let bytes = vec![sample; 160];
        Media::Sound { leg, bytes }
    }

    #[test]
    fn both_tracks_come_apart_in_order_with_what_is_missing() {
        let frames = [
            TWILIO.to_owned(),
            media("inbound", 1, 0, 1),
            media("outbound", 2, 0, 91),
            media("inbound", 5, 40, 3),
            media("inbound", 3, 20, 2),
            media("inbound", 3, 20, 2),
            r#"{"event":"dtmf","streamSid":"MZ1","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"1"}}"#.into(),
            r#"{"event":"mark","sequenceNumber":"4","streamSid":"MZ1","mark":{"name":"x"}}"#.into(),
            media("inbound", 9, 80, 5),
            r#"{"event":"stop","sequenceNumber":"506","stop":{"accountSid":"AC..","callSid":"CA.."},"streamSid":"MZ.."}"#.into(),
            media("inbound", 11, 100, 6),
        ];
        let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
        let (leg, samples) = (Leg::Caller, 160);
        let expected = [
            sound(leg, 1),
            sound(Leg::Agent, 91),
            sound(leg, 2),
            sound(leg, 3),
            Media::Digit,
            Media::Missing { leg, samples },
            sound(leg, 5),
            Media::Ended,
        ];
        assert_eq!(said(&frames)[1..], expected, "after the end nothing counts");
    }

    #[test]
    fn unknown_events_are_passed_over_and_nonsense_is_told() {
        let mut stream = Stream::new();
        let mut out = Vec::new();
        for fine in [
            r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#,
            r#"{"event":"error","payload":{"code":1}}"#,
            r#"{"event":"checkpoint"}"#,
        ] {
            assert_eq!(stream.push(fine, &mut out), Ok(()));
        }
        for wrong in [
            "",
            "[]",
            "{",
            r#"{"event":1}"#,
            &media("inbound", 1, 0, 1),
            r#"{"event":"media"}"#,
        ] {
            assert!(stream.push(wrong, &mut out).is_err(), "{wrong}");
        }
        stream.push(TWILIO, &mut out).unwrap();
        for wrong in [
            r#"{"event":"media","media":{}}"#,
            r#"{"event":"media","media":{"payload":"=="}}"#,
        ] {
            assert!(stream.push(wrong, &mut out).is_err(), "{wrong}");
        }
        assert_eq!(out.len(), 1, "{out:?}");
    }

    proptest! {
        /// Whatever the size of frames, the bytes that come out are those that went in.
        #[test]
        fn any_framing_gives_the_same_bytes(bytes in proptest::collection::vec(any::<u8>(), 1..4000), size in 1usize..400) {
            let (mut stream, mut out) = (Stream::new(), Vec::new());
            stream.push(TWILIO, &mut out).unwrap();
            out.clear();
            for (place, block) in bytes.chunks(size).enumerate() {
                let ms = place * size / 8;
                let message = json!({"event": "media", "media": {"chunk": place + 1, "timestamp": ms, "payload": STANDARD.encode(block)}});
                stream.push(&message.to_string(), &mut out).unwrap();
            }
            stream.end(&mut out);
            let heard: Vec<u8> = out.into_iter().flat_map(|media| match media {
                Media::Sound { bytes, .. } => bytes,
                other => panic!("{other:?}"),
            }).collect();
            prop_assert_eq!(heard, bytes);
        }
    }
}
