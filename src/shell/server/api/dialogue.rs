//! The dialogue on its way in: by requests, or over a WebSocket that also tells what happens.

use super::operation::Socket;
use crate::handoff::Channel;
use crate::shell::server::App;
use crate::shell::server::app::turned;
use crate::shell::server::auth::{Allowed, CallsWrite};
use crate::shell::server::body::CallPath;
use crate::shell::server::calls::Call;
use crate::shell::server::message::Messages;
use crate::shell::server::problem::Problem;
use crate::shell::server::worker::{Ask, Say, Taken};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::error::RecvError;

/// How often a client is asked whether it is still there.
const PING: Duration = Duration::from_secs(20);
/// A client of which nothing came for so long is gone.
const GONE: Duration = Duration::from_secs(70);

/// POST /v1/calls/{id}/dialogue.
pub async fn post(
    _: Allowed<CallsWrite>,
    State(app): State<App>,
    path: CallPath,
    messages: Messages,
) -> Result<Json<Taken>, Problem> {
    let since = Instant::now();
    say(&app, &path.id, messages, since).await.map(Json)
}

/// Messages of an unknown call open it: no request for a human is lost because an earlier request
/// was.
async fn say(
    app: &App,
    id: &str,
    Messages(messages): Messages,
    since: Instant,
) -> Result<Taken, Problem> {
    let (call, opened) = app.opened(id, Channel::Voice, BTreeMap::new()).await?;
    let say = |reply| {
        Ask::Say(Say {
            messages,
            since,
            reply,
        })
    };
    let taken = app.pool.ask(&call, say).await?;
    Ok(Taken { opened, ..taken })
}

/// GET /v1/calls/{id}/dialogue/ws.
pub async fn socket(
    _: Allowed<CallsWrite>,
    State(app): State<App>,
    path: CallPath,
    socket: Socket,
) -> Result<Response, Problem> {
    let (call, _) = app
        .opened(&path.id, Channel::Voice, BTreeMap::new())
        .await?;
    let room = app.socket_room()?;
    Ok(socket.upgrade(&app.clone(), move |socket| async move {
        talk(&app, &call, socket).await;
        drop(room);
    }))
}

/// An answer to a frame.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Answer {
    /// The messages are stored, and what they caused is decided.
    Ack(Taken),
    /// They were refused.
    Refused { problem: Problem },
    /// The client reads too slowly: so many events are lost to it.
    Lost { events: u64 },
}

async fn talk(app: &App, call: &Arc<Call>, mut socket: WebSocket) {
    let mut events = call.ring.subscribe();
    let mut stop = app.stop.clone();
    let mut ping = tokio::time::interval(PING);
    let mut heard = Instant::now();
    loop {
        let text = tokio::select! {
            _ = ping.tick() => {
                if heard.elapsed() > GONE || socket.send(Message::Ping(Bytes::new())).await.is_err() {
                    return;
                }
                continue;
            }
            frame = socket.recv() => match frame.inspect(|_| heard = Instant::now()) {
                Some(Ok(Message::Text(text))) => answer(app, call, text.as_bytes()).await,
                Some(Ok(Message::Binary(_))) => {
                    let detail = "binary frames are no messages";
                    let problem = Problem::refused(detail).mend("send text frames of JSON");
                    json(&Answer::Refused { problem })
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            event = events.recv() => match event {
                Ok(event) => event.json.clone(),
                Err(RecvError::Lagged(events)) => json(&Answer::Lost { events }),
                Err(RecvError::Closed) => return,
            },
            _ = turned(&mut stop) => {
                let frame = CloseFrame {
                    code: close_code::AWAY,
                    reason: "the server is stopping".into(),
                };
                let _ = socket.send(Message::Close(Some(frame))).await;
                return;
            }
        };
        if socket.send(Message::Text(text.into())).await.is_err() {
            return;
        }
    }
}

async fn answer(app: &App, call: &Call, frame: &[u8]) -> String {
    let since = Instant::now();
    let taken = match Messages::parse(frame) {
        Ok(messages) => say(app, &call.id, messages, since).await,
        Err(problem) => Err(problem),
    };
    match taken {
        Ok(taken) => json(&Answer::Ack(taken)),
        Err(problem) => json(&Answer::Refused { problem }),
    }
}

fn json(answer: &impl Serialize) -> String {
    // Plain structs under plain keys always serialise.
    serde_json::to_string(answer).unwrap_or_default()
}
