//! Genesys AudioHook, version 2: JSON beside binary sound, with an answer to most of it.
//!
//! Source: developer.genesys.cloud/devapps/audiohook and
//! purecloudlabs/audiohook-reference-implementation. Genesys is the client. `external` is its customer,
//! our caller; `internal` its agent. Of the formats that `open` offers one is chosen: both legs before
//! one, the caller's before the agent's, in the order offered. Texts are numbered on both sides, and
//! one that is left out ends the session. On hold (`paused`) no sound comes, only pings, and `resumed` or
//! `discarded` say for how long: that is missing. A session without a conversation is a probe: answered, and no call.

use super::audiohook_offer::{Choice, duration_s};
use super::json::{count, field, text};
use super::media::{Leg, Media, Opening};
use crate::error::WireError;
use crate::wire::pcm::Format;
use serde_json::{Map, Value, json};

/// The conversation of a probe.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
/// The longest that was discarded at once, seconds.
const LONGEST_S: f64 = 3600.0;
/// How much stream time lies between two readings that are told, seconds: Genesys refuses who tells
/// too much.
const READING_S: f64 = 5.0;

/// One session.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// As the request's head named it.
    organization: Option<String>,
    offset: u64,
    id: String,
    client_seq: u64,
    server_seq: u64,
    format: Option<Format>,
    /// The legs, as they alternate.
    legs: Vec<Leg>,
    /// The beginning of a frame of all legs whose end has not come.
    odd: Vec<u8>,
    replies: Vec<String>,
    told_s: Option<f64>,
    held: bool,
    over: bool,
}

impl Stream {
    /// A session of which nothing has come; `organization` is who its head says it is of.
    pub fn new(organization: Option<String>) -> Self {
        Self {
            organization,
            ..Self::default()
        }
    }

    /// Takes a text message and appends what it says to `out`; see [`Stream::replies`].
    ///
    /// # Errors
    /// It is no message of AudioHook, or the session cannot go on; the replies say so.
    pub fn text(&mut self, message: &str, out: &mut Vec<Media>) -> Result<(), WireError> {
        let offset = self.offset;
        self.offset += message.len() as u64;
        let taken = self.take(message, out);
        taken.map_err(|reason| WireError { offset, reason })
    }

    /// Takes sound and appends it to `out`.
    ///
    /// # Errors
    /// Nothing was opened.
    pub fn binary(&mut self, message: &[u8], out: &mut Vec<Media>) -> Result<(), WireError> {
        let offset = self.offset;
        self.offset += message.len() as u64;
        let reason = "sound before open";
        let format = self.format.ok_or(WireError { offset, reason })?;
        let width = format.frame_bytes();
        self.odd.extend_from_slice(message);
        let frame = width * self.legs.len();
        let whole = self.odd.len() - self.odd.len() % frame;
        for (place, leg) in self.legs.iter().enumerate() {
            let frames = self.odd[..whole].chunks_exact(frame);
            let bytes: Vec<u8> = frames
                .flat_map(|all| &all[place * width..(place + 1) * width])
                .copied()
                .collect();
            if !bytes.is_empty() {
                out.push(Media::Sound { leg: *leg, bytes });
            }
        }
        self.odd.drain(..whole);
        Ok(())
    }

    /// What must be sent back, in order.
    pub fn replies(&mut self) -> Vec<String> {
        std::mem::take(&mut self.replies)
    }

    /// Tells what happens in the call, of which `json` is the event: readings now and then,
    /// escalations at once.
    pub fn tell(&mut self, kind: &str, json: &str) {
        let Ok(mut data) = serde_json::from_str::<Map<String, Value>>(json) else {
            return;
        };
        let at_s = data.get("at_s").and_then(Value::as_f64).unwrap_or(0.0);
        let kind = match kind {
            "trajectory" if self.told_s.is_none_or(|told_s| at_s >= told_s + READING_S) => {
                self.told_s = Some(at_s);
                "x-sentiment"
            }
            "escalation" => "x-escalation",
            _ => return,
        };
        data.remove("type");
        let entity = json!({"type": kind, "data": data});
        self.reply("event", json!({"entities": [entity]}));
    }

    fn take(&mut self, message: &str, out: &mut Vec<Media>) -> Result<(), &'static str> {
        let value: Value = serde_json::from_str(message).map_err(|_| "the message is no JSON")?;
        let kind = text(&value, &["type"]).ok_or("the message has no type")?;
        let seq = count(&value, &["seq"]).ok_or("the message has no seq")?;
        if self.over && kind != "close" {
            return Ok(());
        }
        if seq != self.client_seq + 1 {
            return Err(self.disconnect("error", "a message is left out: seq is not the next"));
        }
        self.client_seq = seq;
        let parameters = field(&value, &["parameters"]).unwrap_or(&Value::Null);
        match kind.as_str() {
            "open" if self.id.is_empty() => {
                self.id = text(&value, &["id"]).ok_or("the session has no id")?;
                self.open(parameters, out)?;
            }
            "ping" => self.reply("pong", json!({})),
            "paused" => self.held = true,
            "close" => {
                self.over = true;
                self.reply("closed", json!({}));
                if field(parameters, &["reason"]).is_none_or(|reason| reason == "end") {
                    out.push(Media::Ended);
                }
            }
            "discarded" => self.discarded(parameters, out),
            "resumed" => {
                self.held = false;
                self.discarded(parameters, out);
            }
            "dtmf" => out.push(Media::Digit),
            _ => {}
        }
        // Pings go on during it, and tell that the connection lives.
        if self.held && !self.over && self.format.is_some() {
            out.push(Media::Held);
        }
        Ok(())
    }

    fn open(&mut self, parameters: &Value, out: &mut Vec<Media>) -> Result<(), &'static str> {
        let organization = text(parameters, &["organizationId"]);
        if self.organization.is_some() && organization != self.organization {
            let reason = "organizationId is not that of the request's head";
            return Err(self.disconnect("unauthorized", reason));
        }
        let conversation = text(parameters, &["conversationId"]).unwrap_or_default();
        let offered = field(parameters, &["media"]).and_then(Value::as_array);
        let offered = offered.map_or(&[][..], Vec::as_slice);
        let probe = conversation == NOBODY;
        let chosen = offered
            .iter()
            // The first of equals: the last one is what `max_by_key` gives.
            .rev()
            .filter_map(Choice::read)
            .max_by_key(|it| it.worth);
        let Some(chosen) = chosen.filter(|_| !probe) else {
            if probe || offered.is_empty() {
                self.reply("opened", json!({"startPaused": false, "media": []}));
                return Ok(());
            }
            return Err(self.disconnect("error", "offer PCMU or L16 with the channel external"));
        };
        self.legs = chosen.legs;
        self.format = Some(chosen.format);
        let media = [chosen.offer];
        self.reply("opened", json!({"startPaused": false, "media": media}));
        out.push(Media::Opened(Opening {
            call_id: Some(conversation),
            format: chosen.format,
            parameters: named(parameters, organization),
        }));
        Ok(())
    }

    /// Sound that the client left out: on hold, or for its own reasons.
    fn discarded(&self, parameters: &Value, out: &mut Vec<Media>) {
        let seconds = text(parameters, &["discarded"]).and_then(|length| duration_s(&length));
        let (Some(seconds), Some(format)) = (seconds, self.format) else {
            return;
        };
        let samples = (seconds.min(LONGEST_S) * f64::from(format.rate)).round() as u32;
        let legs = self.legs.iter().filter(|_| samples > 0);
        out.extend(legs.map(|leg| Media::Missing { leg: *leg, samples }));
    }

    fn disconnect(&mut self, reason: &str, info: &'static str) -> &'static str {
        self.over = true;
        self.reply("disconnect", json!({"reason": reason, "info": info}));
        info
    }

    fn reply(&mut self, kind: &str, parameters: Value) {
        self.server_seq += 1;
        let (id, seq, clientseq) = (&self.id, self.server_seq, self.client_seq);
        let reply = json!({"version": "2", "id": id, "type": kind, "seq": seq,
            "clientseq": clientseq, "parameters": parameters});
        self.replies.push(reply.to_string());
    }
}

/// What is known of the conversation, for labels.
fn named(parameters: &Value, organization: Option<String>) -> Vec<(String, String)> {
    let language = text(parameters, &["language"]);
    let known = [("organization", organization), ("language", language)];
    let known = known.into_iter();
    known
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "e160e428-53e2-487c-977d-96989bf5c99d";

    fn message(seq: u64, kind: &str, parameters: &Value) -> String {
        json!({"version": "2", "id": ID, "type": kind, "seq": seq, "serverseq": 0,
            "position": "PT0S", "parameters": parameters})
        .to_string()
    }

    fn offer() -> Value {
        json!([
            {"type": "audio", "format": "PCMU", "channels": ["external", "internal"], "rate": 8000},
            {"type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8000},
            {"type": "audio", "format": "PCMU", "channels": ["internal"], "rate": 8000},
        ])
    }

    fn open(conversation: &str, media: &Value) -> Value {
        json!({"organizationId": "org", "conversationId": conversation, "media": media,
            "participant": {"id": "p", "ani": "1", "aniName": "", "dnis": "2"}, "language": "en-US"})
    }

    fn reply(stream: &mut Stream) -> Value {
        let mut replies = stream.replies();
        assert_eq!(replies.len(), 1, "{replies:?}");
        serde_json::from_str(&replies.remove(0)).unwrap()
    }

    fn opened(media: &Value) -> (Stream, Vec<Media>, Value) {
        let (mut stream, mut out) = (Stream::new(Some("org".into())), Vec::new());
        let open = message(1, "open", &open("c-1", media));
        stream.text(&open, &mut out).unwrap();
        let reply = reply(&mut stream);
        (stream, out, reply)
    }

    #[test]
    fn a_session_from_open_to_closed() {
        let (mut stream, mut out, reply_to_open) = opened(&offer());
        assert_eq!(reply_to_open["type"], "opened");
        assert_eq!(
            (&reply_to_open["seq"], &reply_to_open["clientseq"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(reply_to_open["parameters"]["media"], json!([offer()[0]]));
        assert!(matches!(&out[0], Media::Opened(it) if it.call_id.as_deref() == Some("c-1")));
        out.clear();
        stream.binary(&[1, 2, 1], &mut out).unwrap();
        stream.binary(&[2], &mut out).unwrap();
        let sound = |leg, bytes: &[u8]| Media::Sound {
            leg,
            bytes: bytes.to_vec(),
        };
        let (caller, agent) = (Leg::Caller, Leg::Agent);
        assert_eq!(
            out,
            [
                sound(caller, &[1]),
                sound(agent, &[2]),
                sound(caller, &[1]),
                sound(agent, &[2])
            ]
        );
        out.clear();
        stream
            .text(&message(2, "ping", &json!({})), &mut out)
            .unwrap();
        let pong = reply(&mut stream);
        assert_eq!(
            (&pong["type"], &pong["clientseq"], &pong["seq"]),
            (&json!("pong"), &json!(2), &json!(2))
        );
        stream
            .text(&message(3, "paused", &json!({})), &mut out)
            .unwrap();
        stream
            .text(
                &message(
                    4,
                    "resumed",
                    &json!({"start": "PT1S", "discarded": "PT1.5S"}),
                ),
                &mut out,
            )
            .unwrap();
        let missing = |leg| Media::Missing {
            leg,
            samples: 12_000,
        };
        assert_eq!(out, [Media::Held, missing(caller), missing(agent)]);
        out.clear();
        stream
            .text(&message(5, "close", &json!({"reason": "end"})), &mut out)
            .unwrap();
        assert_eq!(
            (&reply(&mut stream)["type"], &out[..]),
            (&json!("closed"), &[Media::Ended][..])
        );
    }

    #[test]
    fn the_best_offer_is_chosen_and_a_useless_one_refused() {
        let l16 =
            json!({"type": "audio", "format": "L16", "channels": ["external"], "rate": 16000});
        let (_, out, reply_to_open) = opened(&json!([offer()[2], l16]));
        assert_eq!(reply_to_open["parameters"]["media"], json!([l16]));
        assert!(matches!(&out[0], Media::Opened(it) if it.format.rate == 16_000));
        let mut stream = Stream::new(None);
        let open = message(1, "open", &open("c", &json!([offer()[2]])));
        assert!(
            stream.text(&open, &mut Vec::new()).is_err(),
            "the agent alone is not heard"
        );
        assert_eq!(reply(&mut stream)["type"], "disconnect");
    }

    #[test]
    fn a_probe_is_answered_and_is_no_call() {
        let (mut stream, mut out) = (Stream::new(None), Vec::new());
        stream
            .text(&message(1, "open", &open(NOBODY, &offer())), &mut out)
            .unwrap();
        let answer = reply(&mut stream);
        assert_eq!(answer["parameters"]["media"], json!([]));
        assert!(out.is_empty());
        assert!(stream.binary(&[0], &mut out).is_err());
    }

    #[test]
    fn another_organization_and_a_gap_in_numbers_end_the_session() {
        let mut stream = Stream::new(Some("other".into()));
        let first = message(1, "open", &open("c", &offer()));
        assert!(stream.text(&first, &mut Vec::new()).is_err());
        assert_eq!(reply(&mut stream)["parameters"]["reason"], "unauthorized");
        let (mut stream, mut out, _) = opened(&offer());
        assert!(
            stream
                .text(&message(3, "ping", &json!({})), &mut out)
                .is_err()
        );
        assert_eq!(reply(&mut stream)["parameters"]["reason"], "error");
        stream
            .text(&message(4, "ping", &json!({})), &mut out)
            .unwrap();
        assert!(stream.replies().is_empty(), "it is over");
    }

    #[test]
    fn readings_are_told_now_and_then_and_escalations_at_once() {
        let (mut stream, _, _) = opened(&offer());
        for quarter in 0..80 {
            let at_s = f64::from(quarter) / 4.0;
            stream.tell(
                "trajectory",
                &json!({"type": "trajectory", "at_s": at_s}).to_string(),
            );
        }
        assert_eq!(stream.replies().len(), 4, "20 s");
        stream.tell(
            "escalation",
            r#"{"type":"escalation","at_s":20.0,"trigger":"sentiment"}"#,
        );
        stream.tell("gap", "{}");
        let event = reply(&mut stream);
        let entity = &event["parameters"]["entities"][0];
        assert_eq!(
            (&entity["type"], &entity["data"]["trigger"]),
            (&json!("x-escalation"), &json!("sentiment"))
        );
    }

    proptest! {
        /// However the interleaved bytes are cut, both legs come out whole.
        #[test]
        fn any_cut_gives_the_same_sound(frames in proptest::collection::vec(any::<[u8; 2]>(), 1..300), size in 1usize..50) {
            let (mut stream, mut out, _) = opened(&offer());
            for message in frames.as_flattened().chunks(size) {
                stream.binary(message, &mut out).unwrap();
            }
            for (place, wanted) in [Leg::Caller, Leg::Agent].into_iter().enumerate() {
                let heard: Vec<u8> = out.iter().flat_map(|media| match media {
                    Media::Sound { leg, bytes } if *leg == wanted => bytes.clone(),
                    _ => Vec::new(),
                }).collect();
                let sent: Vec<u8> = frames.iter().map(|frame| frame[place]).collect();
                prop_assert_eq!(heard, sent);
            }
        }
    }
}
