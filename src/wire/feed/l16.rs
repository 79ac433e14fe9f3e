//! Raw samples over WebSocket, described by a text message.
//!
//! Sources: drachtio/drachtio-freeswitch-modules (mod_audio_fork); amigniter/mod_audio_stream;
//! docs.jambonz.org/verbs/verbs/listen; developer.vonage.com/voice/voice-api/concepts/websockets;
//! docs.asterisk.org/Configuration/Channel-Drivers/WebSocket. Binary messages are samples, 16 bits
//! little-endian unless the text names another codec, of any length. The first text describes them;
//! where it says nothing of rate or channels, or never comes, what the address says counts. Sound
//! that comes before the text waits for it, [`EARLY`] bytes at most: one Asterisk call in eight begins so.

use super::json::{count, field, text};
use super::media::{Leg, Media, Opening};
use crate::error::WireError;
use crate::wire::pcm::{Encoding, Format};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Bytes of sound that wait for their description: a second at 16 kHz.
pub const EARLY: usize = 32 << 10;
/// What a sender may call the call, the surest name first. `channel_id` is Asterisk's.
const CALL_IDS: [&str; 8] = [
    "call_id",
    "callSid",
    "call_sid",
    "callId",
    "call_uuid",
    "conversation_uuid",
    "uuid",
    "channel_id",
];
/// Parameters that are kept.
const PARAMETERS: usize = 64;

/// What holds where the stream's own description is silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumed {
    /// The call, by its address.
    pub call_id: Option<String>,
    /// Samples a second.
    pub rate: u32,
    /// How many legs, and which comes first.
    pub legs: Legs,
}

/// The legs of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Legs {
    /// The caller alone.
    #[default]
    Caller,
    /// The agent alone.
    Agent,
    /// Samples in turn, the caller's first.
    CallerFirst,
    /// Samples in turn, the agent's first.
    AgentFirst,
}

impl Legs {
    const fn channels(self) -> u16 {
        match self {
            Self::Caller | Self::Agent => 1,
            Self::CallerFirst | Self::AgentFirst => 2,
        }
    }
}

/// One stream.
#[derive(Clone, Debug)]
pub struct Stream {
    assumed: Assumed,
    offset: u64,
    format: Option<Format>,
    legs: Legs,
    early: Vec<u8>,
    /// The beginning of a frame of both legs whose end has not come.
    odd: Vec<u8>,
}

impl Stream {
    /// A stream of which nothing has come.
    pub fn new(assumed: Assumed) -> Self {
        Self {
            legs: assumed.legs,
            assumed,
            offset: 0,
            format: None,
            early: Vec::new(),
            odd: Vec::new(),
        }
    }

    /// Takes a text message and appends what it says to `out`.
    ///
    /// # Errors
    /// It names a codec that is not understood. It is passed over.
    pub fn text(&mut self, message: &str, out: &mut Vec<Media>) -> Result<(), WireError> {
        let offset = self.offset;
        self.offset += message.len() as u64;
        let read = read(message);
        if is_digit(&read) {
            out.push(Media::Digit);
            return Ok(());
        }
        if self.format.is_none() {
            let opened = self.opening(&read);
            let opening = opened.map_err(|reason| WireError { offset, reason })?;
            self.begin(opening, out);
        }
        Ok(())
    }

    /// Takes a binary message and appends what it says to `out`.
    pub fn binary(&mut self, message: &[u8], out: &mut Vec<Media>) {
        self.offset += message.len() as u64;
        if self.format.is_some() {
            self.sound(message, out);
            return;
        }
        self.early.extend_from_slice(message);
        if self.early.len() > EARLY {
            self.undescribed(out);
        }
    }

    /// The connection is gone.
    pub fn end(&mut self, out: &mut Vec<Media>) {
        if self.format.is_none() && !self.early.is_empty() {
            self.undescribed(out);
        }
    }

    /// No description will come.
    fn undescribed(&mut self, out: &mut Vec<Media>) {
        if let Ok(opening) = self.opening(&Value::Null) {
            self.begin(opening, out);
        }
    }

    fn begin(&mut self, opening: Opening, out: &mut Vec<Media>) {
        self.format = Some(opening.format);
        out.push(Media::Opened(opening));
        let early = std::mem::take(&mut self.early);
        self.sound(&early, out);
    }

    fn opening(&mut self, value: &Value) -> Result<Opening, &'static str> {
        let (encoding, named) = match text(value, &["format", "content-type", "encoding"]) {
            Some(name) => codec(&name)?,
            None => (Encoding::S16Le, None),
        };
        let rate = count(value, &["sampleRate", "sample_rate", "rate"]);
        let rate = rate.and_then(|rate| u32::try_from(rate).ok()).or(named);
        if let Some(channels) = channels(value)
            && channels != self.legs.channels()
        {
            self.legs = match channels {
                1 => Legs::Caller,
                _ => Legs::CallerFirst,
            };
        }
        // What somebody wrote under `call_id` is meant; other names are the sender's own.
        let meant = text(value, &CALL_IDS[..1]).or_else(|| self.assumed.call_id.clone());
        Ok(Opening {
            call_id: meant.or_else(|| text(value, &CALL_IDS)),
            format: Format {
                encoding,
                rate: rate.unwrap_or(self.assumed.rate),
                channels: 1,
            },
            parameters: parameters(value),
        })
    }

    /// Samples, each leg by itself.
    fn sound(&mut self, bytes: &[u8], out: &mut Vec<Media>) {
        let width = self.format.map_or(2, Format::frame_bytes);
        let (first, second) = match self.legs {
            _ if bytes.is_empty() => return,
            Legs::Caller => return out.push(sound(Leg::Caller, bytes.to_vec())),
            Legs::Agent => return out.push(sound(Leg::Agent, bytes.to_vec())),
            Legs::CallerFirst => (Leg::Caller, Leg::Agent),
            Legs::AgentFirst => (Leg::Agent, Leg::Caller),
        };
        self.odd.extend_from_slice(bytes);
        let whole = self.odd.len() - self.odd.len() % (2 * width);
        let (mut one, mut other) = (Vec::new(), Vec::new());
        for frame in self.odd[..whole].chunks_exact(2 * width) {
            one.extend_from_slice(&frame[..width]);
            other.extend_from_slice(&frame[width..]);
        }
        self.odd.drain(..whole);
        if whole > 0 {
            out.push(sound(first, one));
            out.push(sound(second, other));
        }
    }
}

fn sound(leg: Leg, bytes: Vec<u8>) -> Media {
    Media::Sound { leg, bytes }
}

/// JSON, or Asterisk's plain `EVENT key:value key:value`, as one object. What is neither is empty.
fn read(message: &str) -> Value {
    if let Ok(value @ Value::Object(_)) = serde_json::from_str(message) {
        return value;
    }
    let mut words = message.split_ascii_whitespace();
    let event = words.next().unwrap_or_default();
    let pairs = words
        .take(PARAMETERS)
        .filter_map(|word| word.split_once(':'));
    let pairs = pairs.map(|(key, value)| (key.to_owned(), value.into()));
    let first = ("event".to_owned(), event.into());
    Value::Object(std::iter::once(first).chain(pairs).collect())
}

/// `DTMF_END` of Asterisk, `websocket:dtmf` of Vonage, `dtmf` of jambonz.
fn is_digit(value: &Value) -> bool {
    let event = field(value, &["event", "type"]).and_then(Value::as_str);
    event.is_some_and(|event| event.to_ascii_lowercase().contains("dtmf"))
}

/// The codec of `slin16`, `ulaw`, `audio/l16;rate=16000`, and its rate where the name has one.
fn codec(name: &str) -> Result<(Encoding, Option<u32>), &'static str> {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let rate = name.split("rate=").nth(1).and_then(|rate| {
        let digits = rate.split(|c: char| !c.is_ascii_digit()).next();
        digits.and_then(|digits| digits.parse().ok())
    });
    match () {
        () if has(&["mulaw", "ulaw", "pcmu"]) => Ok((Encoding::MuLaw, rate.or(Some(8000)))),
        () if has(&["alaw", "pcma"]) => Ok((Encoding::ALaw, rate.or(Some(8000)))),
        () if name.starts_with("slin") => Ok((Encoding::S16Le, slin(&name["slin".len()..]))),
        () if has(&["l16", "linear", "raw", "pcm"]) => Ok((Encoding::S16Le, rate)),
        () => Err("the codec is not understood: have it send slin, slin16, ulaw, alaw or L16"),
    }
}

/// Asterisk's `slin` is 8 kHz, `slin16` 16 kHz.
fn slin(digits: &str) -> Option<u32> {
    match digits {
        "" => Some(8000),
        "44" => Some(44_100),
        kilo => kilo.parse::<u32>().ok()?.checked_mul(1000),
    }
}

/// How many channels the description says there are.
fn channels(value: &Value) -> Option<u16> {
    if let Some(mix) = text(value, &["mixType", "mix_type"]) {
        return Some(if mix.eq_ignore_ascii_case("stereo") {
            2
        } else {
            1
        });
    }
    match count(value, &["channels"])? {
        1 => Some(1),
        2 => Some(2),
        _ => None,
    }
}

/// Everything flat that the description has: whoever wrote it may look for it again.
fn parameters(value: &Value) -> Vec<(String, String)> {
    let Value::Object(fields) = value else {
        return Vec::new();
    };
    let nested = field(value, &["metadata", "channel_variables"]).and_then(Value::as_object);
    let fields = fields.iter().chain(nested.into_iter().flatten());
    let pairs = fields.filter_map(|(key, value)| match value {
        Value::String(text) => Some((key.clone(), text.clone())),
        _ => None,
    });
    pairs.take(PARAMETERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn assumed(legs: Legs) -> Assumed {
        Assumed {
            call_id: None,
            rate: 8000,
            legs,
        }
    }

    fn opened(message: &str) -> Opening {
        let (mut stream, mut out) = (Stream::new(assumed(Legs::Caller)), Vec::new());
        stream.text(message, &mut out).expect(message);
        match out.remove(0) {
            Media::Opened(opening) => opening,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_dialect_opens_its_call() {
        for (message, call, encoding, rate) in [
            // Asterisk 22.10.1, JSON and plain.
            (
                r#"{"event":"MEDIA_START","connection_id":"peer1","channel":"WebSocket/peer1/0x7fe2","channel_id":"1795349957.7","format":"ulaw","optimal_frame_size":160,"ptime":20,"channel_variables":{"a":"b"}}"#,
                "1795349957.7",
                Encoding::MuLaw,
                8000,
            ),
            (
                "MEDIA_START connection_id:peer1 channel:WebSocket/peer1/0x1 channel_id:1795349965.10 format:slin16 optimal_frame_size:640 ptime:20",
                "1795349965.10",
                Encoding::S16Le,
                16_000,
            ),
            // Vonage, with headers of one's own.
            (
                r#"{"event":"websocket:connected","content-type":"audio/l16;rate=16000","call_id":"mine","uuid":"u"}"#,
                "mine",
                Encoding::S16Le,
                16_000,
            ),
            // jambonz.
            (
                r#"{"callSid":"j1","callId":"sip","accountSid":"a","from":"1","to":"2","sampleRate":24000,"mixType":"mono","metadata":{"desk":"cards"}}"#,
                "j1",
                Encoding::S16Le,
                24_000,
            ),
            // mod_audio_fork and mod_audio_stream: whatever the dialplan wrote.
            (r#"{"uuid":"f-1"}"#, "f-1", Encoding::S16Le, 8000),
        ] {
            let opening = opened(message);
            assert_eq!(opening.call_id.as_deref(), Some(call), "{message}");
            assert_eq!(
                (opening.format.encoding, opening.format.rate),
                (encoding, rate),
                "{message}"
            );
        }
        assert_eq!(
            opened(r#"{"callSid":"j","metadata":{"desk":"cards"}}"#).parameter("desk"),
            Some("cards")
        );
        assert_eq!(opened("anything at all").call_id, None);
    }

    #[test]
    fn a_codec_that_is_not_understood_is_told() {
        let mut stream = Stream::new(assumed(Legs::Caller));
        let start = "MEDIA_START channel_id:1 format:opus";
        let error = stream.text(start, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("slin"), "{error}");
    }

    #[test]
    fn sound_before_its_description_waits_and_without_one_is_taken_as_assumed() {
        let (mut stream, mut out) = (Stream::new(assumed(Legs::Caller)), Vec::new());
        stream.binary(&[1; 640], &mut out);
        assert!(out.is_empty());
        stream
            .text("MEDIA_START channel_id:1.1 format:slin16", &mut out)
            .unwrap();
        assert!(
            matches!(&out[..], [Media::Opened(o), Media::Sound { bytes, .. }] if o.format.rate == 16_000 && bytes.len() == 640)
        );
        let (mut stream, mut out) = (Stream::new(assumed(Legs::Caller)), Vec::new());
        stream.binary(&vec![1; EARLY], &mut out);
        assert!(out.is_empty());
        stream.binary(&[1; 2], &mut out);
        assert!(
            matches!(&out[..], [Media::Opened(o), Media::Sound { bytes, .. }] if o.format.rate == 8000 && bytes.len() == EARLY + 2)
        );
        let (mut stream, mut out) = (Stream::new(assumed(Legs::Caller)), Vec::new());
        stream.binary(&[1; 320], &mut out);
        stream.end(&mut out);
        assert_eq!(
            out.len(),
            2,
            "a short call without a description is heard too"
        );
    }

    #[test]
    fn digits_are_told_and_other_texts_passed_over() {
        let (mut stream, mut out) = (Stream::new(assumed(Legs::Caller)), Vec::new());
        stream
            .text("MEDIA_START channel_id:1 format:slin", &mut out)
            .unwrap();
        out.clear();
        for digit in [
            "DTMF_END digit:1 channel_id:1795349965.10",
            r#"{"event":"DTMF_END","channel_id":"1","digit":"1"}"#,
            r#"{"event":"websocket:dtmf","digit":"5","duration":250}"#,
            r#"{"event":"dtmf","dtmf":"2","duration":"1600"}"#,
        ] {
            stream.text(digit, &mut out).unwrap();
        }
        assert_eq!(out, vec![Media::Digit; 4]);
        for other in [
            "MEDIA_XOFF",
            r#"{"event":"websocket:cleared"}"#,
            "",
            "\u{0}",
        ] {
            stream.text(other, &mut out).unwrap();
        }
        assert_eq!(out.len(), 4);
    }

    proptest! {
        /// However two interleaved legs are cut into messages, each comes out whole.
        #[test]
        fn legs_come_apart_however_they_are_cut(frames in proptest::collection::vec(any::<[u8; 4]>(), 1..300), size in 1usize..50, agent_first: bool) {
            let legs = if agent_first { Legs::AgentFirst } else { Legs::CallerFirst };
            let (mut stream, mut out) = (Stream::new(assumed(legs)), Vec::new());
            stream.text("{}", &mut out).unwrap();
            for message in frames.as_flattened().chunks(size) {
                stream.binary(message, &mut out);
            }
            let of = |wanted| out.iter().flat_map(move |media| match media {
                Media::Sound { leg, bytes } if *leg == wanted => bytes.clone(),
                _ => Vec::new(),
            }).collect::<Vec<u8>>();
            let (first, second) = if agent_first { (Leg::Agent, Leg::Caller) } else { (Leg::Caller, Leg::Agent) };
            let half = |from: usize| frames.iter().flat_map(|frame| frame[from..from + 2].to_vec()).collect::<Vec<u8>>();
            prop_assert_eq!(of(first), half(0));
            prop_assert_eq!(of(second), half(2));
        }
    }
}
