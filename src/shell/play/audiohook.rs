//! Genesys AudioHook from the client's side: a signed request, a numbered dialogue, and one leg of sound.
//!
//! Source: developer.genesys.cloud/devapps/audiohook; the signature is that of
//! draft-ietf-httpbis-message-signatures-11 with HMAC-SHA256, as Genesys' reference client makes it.

use super::call::closed;
use super::connect::{Socket, connect};
use super::messages::Frame;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{FutureExt, SinkExt, StreamExt};
use hmac::{Hmac, KeyInit, Mac};
use rustls::ClientConfig;
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request};
use tokio_tungstenite::tungstenite::{Error, Message};

/// How long the server may take to answer `open` and `close`.
const ANSWERED: Duration = Duration::from_secs(5);
/// Milliseconds of sound between two pings.
const PING_MS: u64 = 5000;
/// How long a signature is good, seconds.
const GOOD_S: i64 = 30;

/// What signs a request.
#[derive(Clone, Debug)]
pub struct Key {
    /// The API key.
    pub id: String,
    /// The client secret, decoded.
    pub secret: Vec<u8>,
}

/// A session.
pub struct Session {
    socket: Box<Socket>,
    id: String,
    seq: u64,
    /// The number of the server's last message.
    serverseq: u64,
    /// Where the sound is, samples at 8 kHz.
    position: u64,
    ping_at: u64,
}

impl Session {
    /// Connects and opens the conversation `call`; `id` names the session. Without a key the token is shown.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub async fn open(
        (to, tls): (&str, Option<Arc<ClientConfig>>),
        (key, token): (Option<&Key>, &str),
        call: &str,
        id: [u8; 16],
        now_s: i64,
    ) -> Result<Self, Error> {
        let (id, organization) = (uuid(id), uuid([0x11; 16]));
        let mut request = to.into_client_request()?;
        match key {
            Some(key) => sign(&mut request, key, [&organization, &id], now_s),
            None => put(&mut request, "authorization", &format!("Bearer {token}")),
        }
        let mut session = Self {
            socket: Box::new(connect(request, tls).await?),
            id,
            seq: 0,
            serverseq: 0,
            position: 0,
            ping_at: 8 * PING_MS,
        };
        let media =
            json!([{"type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8000}]);
        let participant = json!({"id": session.id, "ani": "", "aniName": "", "dnis": ""});
        let parameters = json!({"organizationId": organization,
            "conversationId": call, "participant": participant, "media": media});
        session.say("open", parameters).await?;
        session.answered("opened").await?;
        Ok(session)
    }

    /// Sends a frame, and reads what came back meanwhile. Sound that was left out is told.
    ///
    /// # Errors
    /// The server ended the session.
    pub async fn send(&mut self, frame: Frame<'_>) -> Result<(), Error> {
        while let Some(read) = self.socket.next().now_or_never() {
            self.read(read)?;
        }
        if frame.place > self.position {
            let left_out = frame.place - self.position;
            let parameters = json!({"start": time(self.position), "discarded": time(left_out)});
            self.position = frame.place;
            self.say("discarded", parameters).await?;
        }
        self.socket.send(Message::binary(frame.mulaw())).await?;
        self.position += frame.samples.len() as u64;
        if self.position >= self.ping_at {
            self.ping_at += 8 * PING_MS;
            self.say("ping", json!({})).await?;
        }
        Ok(())
    }

    /// The end of the call, in good order.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn end(mut self) -> Result<(), Error> {
        self.say("close", json!({"reason": "end"})).await?;
        self.answered("closed").await?;
        closed(&mut self.socket).await
    }

    async fn say(&mut self, kind: &str, parameters: Value) -> Result<(), Error> {
        self.seq += 1;
        let (id, seq, serverseq) = (&self.id, self.seq, self.serverseq);
        let message = json!({"version": "2", "id": id, "type": kind, "seq": seq,
            "serverseq": serverseq, "position": time(self.position), "parameters": parameters});
        self.socket.send(Message::text(message.to_string())).await
    }

    async fn answered(&mut self, wanted: &str) -> Result<(), Error> {
        let answer = async {
            loop {
                let read = self.socket.next().await;
                if self.read(read)?.as_deref() == Some(wanted) {
                    return Ok(());
                }
            }
        };
        let slow = |_| Error::Io(std::io::ErrorKind::TimedOut.into());
        timeout(ANSWERED, answer).await.map_err(slow)?
    }

    /// The type of a message of the server.
    fn read(&mut self, read: Option<Result<Message, Error>>) -> Result<Option<String>, Error> {
        match read {
            Some(Ok(Message::Text(text))) => {
                let value: Value = serde_json::from_str(&text).unwrap_or_default();
                self.serverseq = value["seq"].as_u64().unwrap_or(self.serverseq);
                match value["type"].as_str() {
                    Some("disconnect") => Err(Error::ConnectionClosed),
                    kind => Ok(kind.map(str::to_owned)),
                }
            }
            Some(Ok(Message::Close(_))) | None => Err(Error::ConnectionClosed),
            Some(Ok(_)) => Ok(None),
            Some(Err(error)) => Err(error),
        }
    }
}

/// Puts the signature, and what it covers, on a request.
fn sign(request: &mut Request<()>, key: &Key, [organization, session]: [&str; 2], now_s: i64) {
    let uri = request.uri();
    let target = uri
        .path_and_query()
        .map_or("/", |it| it.as_str())
        .to_owned();
    let authority = uri.authority().map_or("", |it| it.as_str()).to_owned();
    let covered = [
        ("@request-target", target.as_str()),
        ("@authority", &authority),
        ("audiohook-organization-id", organization),
        ("audiohook-session-id", session),
        ("audiohook-correlation-id", session),
        ("x-api-key", &key.id),
    ];
    let names = covered.map(|(name, _)| format!("\"{name}\"")).join(" ");
    // A session has one request, so that its name serves as the nonce.
    let parameters = format!(
        "({names});keyid=\"{}\";nonce=\"{}\";alg=\"hmac-sha256\";created={now_s};expires={}",
        key.id,
        session.replace('-', ""),
        now_s + GOOD_S
    );
    let lines = covered.map(|(name, value)| format!("\"{name}\": {value}\n"));
    let base = format!("{}\"@signature-params\": {parameters}", lines.concat());
    // A key of any length is taken; the error is of another constructor.
    let mac = Hmac::<Sha256>::new_from_slice(&key.secret);
    let mut mac = mac.unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
    mac.update(base.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    for (name, value) in &covered[2..] {
        put(request, name, value);
    }
    put(request, "signature-input", &format!("sig1={parameters}"));
    put(request, "signature", &format!("sig1=:{signature}:"));
}

/// A header; what cannot be one is left out, and the server says that it is missing.
fn put(request: &mut Request<()>, name: &str, value: &str) {
    let name = tokio_tungstenite::tungstenite::http::HeaderName::from_bytes(name.as_bytes());
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
        request.headers_mut().insert(name, value);
    }
}

/// Samples at 8 kHz as an ISO 8601 duration.
fn time(samples: u64) -> String {
    format!(
        "PT{}.{:04}S",
        samples / 8000,
        samples % 8000 * 10_000 / 8000
    )
}

/// A UUID as it is written (RFC 9562 §4).
fn uuid(bytes: [u8; 16]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same request as in the server's tests; its signature was made by Python's hmac.
    #[test]
    fn the_signature_is_that_of_another_implementation() {
        let key = Key {
            id: "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh".into(),
            secret: STANDARD
                .decode("TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=")
                .unwrap(),
        };
        let mut request = "ws://127.0.0.1:13001/api/v1/audiohook/ws"
            .into_client_request()
            .unwrap();
        let session = "e160e428-53e2-487c-977d-96989bf5c99d";
        let organization = "d7934305-0972-4844-938e-9060eef73d05";
        sign(&mut request, &key, [organization, session], 1_795_350_124);
        let headers = request.headers();
        assert_eq!(
            headers["signature"],
            "sig1=:7pkUlGP2T6m7B90xZvck4kJyTJQVByb5RlYwRPEwJho=:"
        );
        assert_eq!(headers["x-api-key"], key.id.as_str());
    }

    #[test]
    fn times_and_names_are_written_as_they_are_read() {
        assert_eq!(
            (time(0), time(12_001)),
            ("PT0.0000S".into(), "PT1.5001S".into())
        );
        let id = uuid([
            0x40, 0x32, 0x5e, 0xc2, 0x5e, 0xfd, 0x4b, 0xd3, 0x80, 0x5f, 0x53, 0x57, 0x6e, 0x58,
            0x1d, 0x13,
        ]);
        assert_eq!(id, "40325ec2-5efd-4bd3-805f-53576e581d13");
    }
}
