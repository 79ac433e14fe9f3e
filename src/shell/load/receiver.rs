//! The far end of a webhook: takes deliveries, checks their signatures, notes when they came.

use crate::shell::delivery::{Key, verify};
use crate::shell::wall::parse;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A delivery that came.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// `webhook-id`: the same on every attempt.
    pub id: String,
    /// Which call it is about.
    pub call_id: String,
    /// Which escalation.
    pub escalation_id: String,
    /// Which of the five triggers.
    pub trigger: String,
    /// When the server decided, ms since 1970.
    pub decided_ms: i64,
    /// When it came, by either clock.
    pub received: (Instant, SystemTime),
    /// Whether the signature is that of the secret.
    pub signed: bool,
}

/// Listens on a free port of this machine.
pub struct Receiver {
    /// Where deliveries go.
    pub url: String,
    arrivals: mpsc::UnboundedReceiver<Webhook>,
}

struct Desk {
    key: Key,
    out: mpsc::UnboundedSender<Webhook>,
}

impl Receiver {
    /// Opens the port.
    ///
    /// # Errors
    /// The system gives no port, or the secret is none.
    pub async fn open(secret: &str) -> io::Result<Self> {
        let key = Key::parse(secret).map_err(io::Error::other)?;
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let (out, arrivals) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk { key, out });
        let app = Router::new().route("/hook", post(take)).with_state(desk);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { url, arrivals })
    }

    /// The next delivery.
    pub async fn next(&mut self) -> Option<Webhook> {
        self.arrivals.recv().await
    }
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let received = (Instant::now(), SystemTime::now());
    let Some(webhook) = read(&desk.key, &headers, &body, received) else {
        return StatusCode::BAD_REQUEST;
    };
    match desk.out.send(webhook) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::GONE,
    }
}

fn read(
    key: &Key,
    headers: &HeaderMap,
    body: &[u8],
    received: (Instant, SystemTime),
) -> Option<Webhook> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let (id, stamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    let signatures = header("webhook-signature")?;
    let now_s = received
        .1
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?
        .as_secs() as i64;
    let signed = verify(
        std::slice::from_ref(key),
        id,
        stamp,
        signatures,
        body,
        now_s,
    )
    .is_ok();
    let told: Value = serde_json::from_slice(body).ok()?;
    let data = &told["data"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(Webhook {
        id: id.to_owned(),
        call_id: text(&data["call_id"])?,
        escalation_id: text(&data["escalation_id"])?,
        trigger: text(&data["escalation_reason"]["trigger"])?,
        decided_ms: parse(told["timestamp"].as_str()?)?,
        received,
        signed,
    })
}
