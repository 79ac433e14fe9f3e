//! What each protocol sends: the beginning, a frame, the end.

use crate::wire::g711::linear_to_mulaw;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// A frame of a call.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its number, from 0.
    pub number: u32,
    /// Its first sample, counted from the call's beginning.
    pub place: u64,
    /// At 8 kHz.
    pub samples: &'a [i16],
}

impl Frame<'_> {
    /// µ-law.
    pub fn mulaw(&self) -> Vec<u8> {
        let codes = self.samples.iter().map(|sample| linear_to_mulaw(*sample));
        codes.collect()
    }

    /// Little-endian.
    pub fn l16(&self) -> Vec<u8> {
        let bytes = self.samples.iter().flat_map(|sample| sample.to_le_bytes());
        bytes.collect()
    }
}

/// Twilio's `start`; the token goes the way that a TwiML `<Parameter>` goes.
pub fn twilio_start(call: &str, token: &str) -> String {
    json!({"event": "start", "sequenceNumber": "1", "streamSid": call, "start": {
        "streamSid": call, "callSid": call, "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": token}}})
    .to_string()
}

/// Twilio's `media`.
pub fn twilio_media(call: &str, frame: Frame<'_>) -> String {
    let payload = STANDARD.encode(frame.mulaw());
    json!({"event": "media", "sequenceNumber": (frame.number + 2).to_string(), "streamSid": call,
        "media": {"track": "inbound", "chunk": (frame.number + 1).to_string(),
            "timestamp": (frame.place / 8).to_string(), "payload": payload}})
    .to_string()
}

/// Twilio's `stop`.
pub fn twilio_stop(call: &str) -> String {
    json!({"event": "stop", "streamSid": call, "stop": {"callSid": call}}).to_string()
}

/// The text that describes raw samples.
pub fn description(call: &str, token: &str) -> String {
    json!({"call_id": call, "sampleRate": 8000, "mixType": "mono", "token": token}).to_string()
}

/// A message of AudioSocket.
pub fn audiosocket(kind: u8, payload: &[u8]) -> Vec<u8> {
    // Frames end at 200 ms, 3200 bytes.
    let length = (payload.len() as u16).to_be_bytes();
    [&[kind], &length[..], payload].concat()
}

/// A packet of RTP, PCMU.
pub fn rtp(ssrc: u32, frame: Frame<'_>) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    // Both wrap, as they do in every call.
    packet.extend((frame.number as u16).to_be_bytes());
    packet.extend((frame.place as u32).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend(frame.mulaw());
    packet
}

/// RTCP's goodbye.
pub fn goodbye(ssrc: u32) -> Vec<u8> {
    [&[0x81, 203, 0, 1], &ssrc.to_be_bytes()[..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::feed::{Media, audiosocket as wire, l16, rtp as packets, twilio};

    const CALL: &str = "call-1";

    fn frames(samples: &[i16]) -> impl Iterator<Item = Frame<'_>> {
        let numbered = samples.chunks(160).zip(0u32..);
        numbered.map(|(samples, number)| Frame {
            number,
            place: u64::from(number) * 160,
            samples,
        })
    }

    /// The call, and how many samples came out.
    fn heard(out: &[Media]) -> (Option<String>, usize) {
        let mut call = None;
        let mut samples = 0;
        for media in out {
            match media {
                Media::Opened(opening) => call = opening.call_id.clone(),
                Media::Sound { bytes, .. } => samples += bytes.len(),
                Media::Missing { .. } => panic!("nothing is missing"),
                _ => {}
            }
        }
        (call, samples)
    }

    #[test]
    fn what_is_sent_is_what_is_read() {
        let samples = [1000i16; 1000];
        let call = Some(CALL.to_owned());
        let (mut stream, mut out) = (twilio::Stream::new(), Vec::new());
        stream.push(&twilio_start(CALL, "t"), &mut out).unwrap();
        for frame in frames(&samples) {
            stream.push(&twilio_media(CALL, frame), &mut out).unwrap();
        }
        stream.push(&twilio_stop(CALL), &mut out).unwrap();
        assert_eq!(
            (heard(&out), out.last()),
            ((call.clone(), 1000), Some(&Media::Ended))
        );

        let assumed = l16::Assumed {
            call_id: None,
            rate: 16_000,
            legs: l16::Legs::Caller,
        };
        let (mut stream, mut out) = (l16::Stream::new(assumed), Vec::new());
        stream.text(&description(CALL, "t"), &mut out).unwrap();
        frames(&samples).for_each(|frame| stream.binary(&frame.l16(), &mut out));
        assert_eq!(heard(&out), (call.clone(), 2000));

        let (mut stream, mut out) = (wire::Stream::new(), Vec::new());
        stream.push(&audiosocket(1, &[7; 16]), &mut out).unwrap();
        for frame in frames(&samples) {
            stream
                .push(&audiosocket(0x10, &frame.l16()), &mut out)
                .unwrap();
        }
        assert_eq!(heard(&out).1, 2000);

        let mut stream = packets::Stream::new(CALL.to_owned(), Vec::new(), Vec::new());
        let mut out = Vec::new();
        for frame in frames(&samples) {
            stream.push(&rtp(9, frame), &mut out).unwrap();
        }
        stream.push(&goodbye(9), &mut out).unwrap();
        assert_eq!(
            (heard(&out), out.last()),
            ((call, 2000), Some(&Media::Ended))
        );
    }
}
