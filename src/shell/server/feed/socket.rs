//! A stream over a WebSocket, whatever is spoken on it.

use super::line::Line;
use super::watch::{Verdict, Watch};
use crate::error::WireError;
use crate::shell::server::App;
use crate::shell::server::app::turned;
use crate::shell::server::bus::Published;
use crate::shell::server::problem::Problem;
use crate::wire::feed::Media;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::{self, error::RecvError};

/// Messages in a row that may be unreadable before the stream is ended.
const NONSENSE: u32 = 50;
/// The longest reason in a close frame, bytes (RFC 6455 §5.5).
const REASON: usize = 123;
/// How long a sender may take to read what is sent back.
const TAKEN: Duration = Duration::from_secs(2);

/// A protocol of `wire/feed` that runs over WebSocket.
pub trait Protocol: Send + 'static {
    /// The feed's name, in metrics and logs.
    const FEED: &'static str;
    /// Whether closing the connection in good order ends the call.
    const CLOSING_HANGS_UP: bool;
    /// Whether the sender wants to be told what happens in the call.
    const IS_TOLD: bool = false;

    /// A text message.
    ///
    /// # Errors
    /// It cannot be read, and is passed over.
    fn text(&mut self, message: &str, out: &mut Vec<Media>) -> Result<(), WireError>;

    /// A binary message.
    ///
    /// # Errors
    /// It cannot be read, and is passed over.
    fn binary(&mut self, message: &[u8], out: &mut Vec<Media>) -> Result<(), WireError>;

    /// The connection is gone.
    fn end(&mut self, out: &mut Vec<Media>);

    /// Frames that came twice or too late.
    fn repeated(&self) -> u64;

    /// An event of the call, for a sender that is told.
    fn tell(&mut self, _kind: &str, _json: &str) {}

    /// What must be sent back.
    fn replies(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Feeds `line` with what comes over `socket` until either ends.
pub async fn run<P: Protocol>(app: App, mut socket: WebSocket, mut protocol: P, mut line: Line) {
    let mut out = Vec::new();
    let served = serve(&app, &mut socket, &mut protocol, &mut line, &mut out).await;
    let (code, reason, hang_up) = match served {
        Ok(Closed::Over) => (close_code::NORMAL, "".into(), false),
        Ok(Closed::InGoodOrder) => (close_code::NORMAL, "".into(), P::CLOSING_HANGS_UP),
        Ok(Closed::BrokenOff) => (close_code::AWAY, "".into(), false),
        Ok(Closed::Because(code, reason)) => (code, reason.to_owned(), false),
        Err(problem) => {
            tracing::warn!(call = line.call(), feed = P::FEED, problem = %problem.detail, "stream refused");
            (close_code::POLICY, words(&problem), false)
        }
    };
    protocol.end(&mut out);
    // Where the stream was refused, the rest of it is too.
    let _ = line.take_all(&mut out).await;
    metrics::counter!("undertone_feed_frames_repeated_total", "feed" => P::FEED)
        .increment(protocol.repeated());
    line.end(hang_up).await;
    let reason = reason.into();
    let close = Message::Close(Some(CloseFrame { code, reason }));
    // A sender that does not read is not waited for.
    let _ = tokio::time::timeout(TAKEN, socket.send(close)).await;
}

/// How a stream came to its end.
enum Closed {
    /// The sender said that the call, or we know that it, has ended.
    Over,
    /// The sender closed the connection.
    InGoodOrder,
    /// The connection is gone.
    BrokenOff,
    /// We end it.
    Because(u16, &'static str),
}

async fn serve<P: Protocol>(
    app: &App,
    socket: &mut WebSocket,
    protocol: &mut P,
    line: &mut Line,
    out: &mut Vec<Media>,
) -> Result<Closed, Problem> {
    let mut stop = app.stop.clone();
    let mut nonsense = 0;
    let alarm_s = app.feed.no_audio_alarm_s;
    // Who has not shown a token yet may not keep a connection for long.
    let mut admitted = line.admitted();
    let mut watch = match admitted {
        true => Watch::new(alarm_s, app.server.idle_timeout_s),
        false => Watch::new(alarm_s, app.server.header_timeout_s),
    };
    let mut events = None;
    loop {
        let frame = tokio::select! {
            frame = tokio::time::timeout(watch.wait(), socket.recv()) => frame,
            event = next(&mut events) => {
                protocol.tell(event.kind, &event.json);
                if !answered(socket, protocol).await {
                    return Ok(Closed::BrokenOff);
                }
                continue;
            }
            _ = turned(&mut stop) => {
                return Ok(Closed::Because(close_code::AWAY, "the server is stopping"));
            }
        };
        let read = match frame {
            Ok(Some(Ok(Message::Text(text)))) => protocol.text(&text, out),
            Ok(Some(Ok(Message::Binary(bytes)))) => protocol.binary(&bytes, out),
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) | Err(_) => Ok(()),
            Ok(Some(Ok(Message::Close(_)))) => {
                // Reading on is what sends our half of the handshake: not only once the worker has
                // taken the end of the sound.
                let _ = tokio::time::timeout(TAKEN, socket.recv()).await;
                return Ok(Closed::InGoodOrder);
            }
            Ok(Some(Err(error))) => {
                tracing::debug!(call = line.call(), feed = P::FEED, %error, "stream broke off");
                return Ok(Closed::BrokenOff);
            }
            Ok(None) => return Ok(Closed::BrokenOff),
        };
        if !answered(socket, protocol).await {
            return Ok(Closed::BrokenOff);
        }
        match read {
            Ok(()) => nonsense = 0,
            Err(error) => {
                nonsense += 1;
                metrics::counter!("undertone_feed_refused_total", "feed" => P::FEED).increment(1);
                tracing::debug!(call = line.call(), feed = P::FEED, %error, "message passed over");
                if nonsense == NONSENSE {
                    return Ok(Closed::Because(close_code::POLICY, error.reason));
                }
            }
        }
        if line.take_all(out).await? {
            watch.heard();
        }
        if line.over() {
            return Ok(Closed::Over);
        }
        if P::IS_TOLD && events.is_none() {
            events = line.events();
        }
        if !admitted && line.admitted() {
            admitted = true;
            watch = Watch::new(alarm_s, app.server.idle_timeout_s);
        }
        match watch.look() {
            Verdict::Well => {}
            Verdict::Silent => line.silent(),
            Verdict::Gone => {
                return Ok(Closed::Because(
                    close_code::AWAY,
                    "no sound came for too long",
                ));
            }
        }
    }
}

/// The next event of the call, where the sender is told of them.
async fn next(events: &mut Option<broadcast::Receiver<Arc<Published>>>) -> Arc<Published> {
    if let Some(events) = events {
        loop {
            match events.recv().await {
                Ok(event) => return event,
                // Readings are many, and only some are told.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            }
        }
    }
    std::future::pending().await
}

/// Sends what the protocol has to say; false where the sender does not take it.
async fn answered<P: Protocol>(socket: &mut WebSocket, protocol: &mut P) -> bool {
    for reply in protocol.replies() {
        let sent = socket.send(Message::Text(reply.into()));
        if !matches!(tokio::time::timeout(TAKEN, sent).await, Ok(Ok(()))) {
            return false;
        }
    }
    true
}

/// The problem in a close frame's room.
fn words(problem: &Problem) -> String {
    let mut words = problem.detail.to_string();
    if let Some(mend) = &problem.mend {
        words = format!("{words}: {mend}");
    }
    let mut ends = (0..=REASON.min(words.len())).rev();
    let end = ends.find(|end| words.is_char_boundary(*end));
    words.truncate(end.unwrap_or(0));
    words
}
