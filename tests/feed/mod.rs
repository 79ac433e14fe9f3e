//! A recording as media servers send it, and what must come of it.
#![allow(dead_code)]

use super::server::Server;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use undertone::Event;
use undertone::wire::g711::mulaw_to_linear;

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The feed of Twilio is on, and the queue holds a whole recording, so that it can be sent at once.
pub const TWILIO: &str = "audio_queue = 100000\n[feed.twilio]\nauth_tokens = ['12345']\n";
/// The same for described raw samples.
pub const L16: &str = "audio_queue = 100000\n[feed.l16]\n";

/// An address on this machine where nobody listens.
pub fn free_port() -> String {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().to_string()
}

/// A connection to `path` with these headers.
pub async fn connect(
    server: &Server,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<Socket, Error> {
    let url = format!("{}{path}", server.base.replace("http://", "ws://"));
    let mut request = url.into_client_request()?;
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).expect("a header's value");
        request.headers_mut().insert(*name, value);
    }
    Ok(connect_async(request).await?.0)
}

/// The µ-law bytes of a bundled call.
pub fn mulaw(name: &str) -> Vec<u8> {
    let bytes = std::fs::read(super::sample::path(name)).unwrap();
    assert_eq!((bytes[20], bytes[22]), (7, 1), "one channel of mu-law");
    let data = bytes.windows(4).position(|four| four == b"data").unwrap();
    bytes[data + 8..].to_vec()
}

/// The same as 16-bit samples.
pub fn linear(mulaw: &[u8]) -> Vec<i16> {
    mulaw.iter().map(|code| mulaw_to_linear(*code)).collect()
}

/// What the command line hears in the same call: where it escalates, and the curve that the server
/// shows of it.
pub struct Expected {
    /// None where it does not escalate.
    pub at_s: Option<f64>,
    pub points: Vec<[f64; 2]>,
}

pub fn expected(name: &str) -> Expected {
    let (mut at_s, mut points) = (None, Vec::<[f64; 2]>::new());
    for event in super::sample::hear(name) {
        match event {
            Event::Escalation(it) => at_s = at_s.or(Some(it.at.seconds())),
            Event::Point(point) => {
                let at_s = point.at.seconds();
                if points.last().is_none_or(|last| at_s - last[0] >= 1.0) {
                    points.push([at_s, f64::from(point.sentiment)]);
                }
            }
            _ => {}
        }
    }
    points.drain(..points.len().saturating_sub(60));
    Expected { at_s, points }
}

/// Waits until the call has ended by its stream, and holds it against what was expected.
pub async fn ended_as(server: &Server, id: &str, expected: &Expected) {
    let call = ended(server, id).await;
    assert_eq!(
        call["escalation"]["at_s"],
        json!(expected.at_s),
        "{id}: {call}"
    );
    assert_eq!(call["points"], json!(expected.points), "{id}");
}

/// The call, once its stream has ended it.
pub async fn ended(server: &Server, id: &str) -> Value {
    for _ in 0..3000 {
        let (_, call) = server.get(&format!("/v1/calls/{id}")).await;
        if call["closed_because"] == "hung_up" {
            return call;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!(
        "{id} did not end: {}",
        server.get(&format!("/v1/calls/{id}")).await.1
    );
}

/// The `start` of Twilio, with a token where there is one.
pub fn twilio_start(call: &str, token: Option<&str>) -> String {
    let mut parameters = json!({"desk": "cards"});
    if let Some(token) = token {
        parameters["token"] = token.into();
    }
    json!({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": {
        "accountSid": "AC1", "streamSid": "MZ1", "callSid": call, "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": parameters}})
    .to_string()
}

/// One `media` of Twilio: `place` counts samples since the stream began.
pub fn twilio_media(track: &str, chunk: usize, place: usize, bytes: &[u8]) -> String {
    json!({"event": "media", "sequenceNumber": (chunk + 1).to_string(), "streamSid": "MZ1", "media": {
        "track": track, "chunk": chunk.to_string(), "timestamp": (place / 8).to_string(),
        "payload": STANDARD.encode(bytes)}})
    .to_string()
}

pub const TWILIO_STOP: &str = r#"{"event":"stop","streamSid":"MZ1","stop":{"callSid":"CA"}}"#;

/// Plays a whole recording as Twilio does, in frames of `size` bytes.
pub async fn twilio(server: &Server, call: &str, bytes: &[u8], size: usize) {
    let mut socket = connect(server, "/v1/feed/twilio", &[]).await.unwrap();
    socket
        .send(Message::text(
            r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#,
        ))
        .await
        .unwrap();
    socket
        .send(Message::text(twilio_start(call, Some("all"))))
        .await
        .unwrap();
    for (chunk, block) in bytes.chunks(size).enumerate() {
        let media = twilio_media("inbound", chunk + 1, chunk * size, block);
        socket.send(Message::text(media)).await.unwrap();
    }
    socket.send(Message::text(TWILIO_STOP)).await.unwrap();
    closed(&mut socket).await;
}

/// Waits for the server's close frame; its code and reason.
pub async fn closed(socket: &mut Socket) -> (u16, String) {
    let read = async {
        while let Some(frame) = socket.next().await {
            match frame {
                Ok(Message::Close(Some(close))) => {
                    return (close.code.into(), close.reason.to_string());
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        (1006, String::new())
    };
    let limit = Duration::from_secs(30);
    tokio::time::timeout(limit, read)
        .await
        .expect("closed in time")
}
