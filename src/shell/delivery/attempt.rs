//! One request: made, signed, sent, and its answer's status taken.

use super::address::literal_refusal;
use super::body;
use super::destination::Destination;
use super::schedule::retry_after_ms;
use super::sign::sign;
use crate::shell::store::Due;
use crate::shell::wall::unix_ms;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Request, Response};
use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;

/// Bytes of an answer's body that are read, so that the connection can be used again.
const MAX_ANSWER: usize = 64 << 10;
/// How long an answer's body is waited for, beside everything else.
const ANSWER: Duration = Duration::from_secs(1);

/// What one request came to.
pub enum Answer {
    /// The destination answered.
    Status {
        /// HTTP status.
        status: u16,
        /// The pause that it asked for, milliseconds.
        after_ms: Option<i64>,
    },
    /// Nothing came back; the reason.
    Nothing(String),
    /// The request cannot be made from this call; the reason.
    Unmade(String),
}

/// Sends `due` once. `written` is told the wall time when the connection takes the body.
pub async fn send(
    destination: &Destination,
    due: &Due,
    timeout: Duration,
    written: oneshot::Sender<i64>,
) -> Answer {
    let mut request = match request(destination, due, written) {
        Ok(request) => request,
        Err(reason) => return Answer::Unmade(reason),
    };
    *request.timeout_mut() = Some(timeout);
    match destination.client.execute(request).await {
        Ok(response) => {
            let after = response.headers().get(RETRY_AFTER);
            let after = after.and_then(|it| it.to_str().ok());
            let answer = Answer::Status {
                status: response.status().as_u16(),
                after_ms: after.and_then(|it| retry_after_ms(it, unix_ms())),
            };
            tokio::spawn(drain(response));
            answer
        }
        Err(error) => Answer::Nothing(reason(&error)),
    }
}

fn request(
    destination: &Destination,
    due: &Due,
    written: oneshot::Sender<i64>,
) -> Result<Request, String> {
    let url = destination.url.fill(|name| match name {
        "call_id" => Some(due.call_id.as_str()),
        "escalation_id" => Some(due.escalation_id.as_str()),
        other => due.labels.get(other).map(String::as_str),
    });
    let url = url.map_err(|error| error.to_string())?;
    // The configuration was checked; this is the second lock on the same door.
    if let (Some(why), false) = (literal_refusal(&url), destination.config.allow_private) {
        return Err(format!("the address is refused: {why}"));
    }
    let config = &destination.config;
    let service = config.service.as_deref().unwrap_or_default();
    let content = body::content(destination.format(), due, service, &config.source);
    let (kind, bytes) = content.map_or((None, Vec::new()), |(kind, it)| (Some(kind), it));
    let mut building = destination.client.post(url);
    for (name, value) in destination.headers()? {
        building = building.header(name, value);
    }
    if let Some(kind) = kind {
        building = building.header(CONTENT_TYPE, kind);
    } else {
        building = building.header(CONTENT_LENGTH, 0);
    }
    if !destination.keys.is_empty() {
        let at_s = unix_ms() / 1000;
        let signature = sign(&destination.keys, &due.delivery_id, at_s, &bytes);
        building = building
            .header("webhook-id", &due.delivery_id)
            .header("webhook-timestamp", at_s)
            .header("webhook-signature", signature);
    }
    let body = Watched {
        bytes: Some(bytes.into()),
        written: Some(written),
    };
    let built = building.body(reqwest::Body::wrap(body)).build();
    built.map_err(|error| reason(&error))
}

/// A body that tells when the connection takes it: the head is written in the same breath.
struct Watched {
    bytes: Option<Bytes>,
    written: Option<oneshot::Sender<i64>>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(written) = self.written.take() {
            // Nobody may be waiting any more.
            let _ = written.send(unix_ms());
        }
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |it| it.len() as u64))
    }
}

/// Reads a little of the answer and forgets it. A body without an end costs its connection.
async fn drain(mut response: Response) {
    let read = async {
        let mut bytes = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            bytes += chunk.len();
            if bytes > MAX_ANSWER {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(ANSWER, read).await;
}

/// The innermost reason, without the URL: labels in it may be personal.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
