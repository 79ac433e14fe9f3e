//! Sound on its way in: binary frames of samples over a WebSocket.

use super::operation::Socket;
use crate::handoff::Channel;
use crate::shell::server::App;
use crate::shell::server::app::turned;
use crate::shell::server::auth::{Allowed, CallsWrite};
use crate::shell::server::body::{Asked, CallPath};
use crate::shell::server::calls::Call;
use crate::shell::server::feed::Intake;
use crate::shell::server::problem::Problem;
use crate::shell::server::worker::{Format, Side};
use crate::wire::pcm::{Encoding, MAX_RATE, MIN_RATE};
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// How the samples of a stream are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EncodingName {
    /// Sixteen bits, signed, little-endian.
    #[default]
    S16le,
    /// G.711 µ-law.
    Mulaw,
    /// G.711 A-law.
    Alaw,
}

impl EncodingName {
    fn encoding(self) -> Encoding {
        match self {
            Self::S16le => Encoding::S16Le,
            Self::Mulaw => Encoding::MuLaw,
            Self::Alaw => Encoding::ALaw,
        }
    }
}

/// The shape of the sound.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// How samples are written.
    #[serde(default)]
    pub encoding: EncodingName,
    /// Samples a second.
    #[serde(default = "telephone")]
    #[schemars(range(min = 2000, max = 384_000))]
    pub rate: u32,
    /// Whose voice. The agent's is never read: it serves for turn-taking alone.
    #[serde(default)]
    pub side: Side,
}

fn telephone() -> u32 {
    8000
}

/// GET /v1/calls/{id}/audio.
pub async fn socket(
    allowed: Allowed<CallsWrite>,
    State(app): State<App>,
    path: CallPath,
    Asked(shape): Asked<Shape>,
    socket: Socket,
) -> Result<Response, Problem> {
    if !(MIN_RATE..=MAX_RATE).contains(&shape.rate) {
        let mend = format!("give {MIN_RATE} to {MAX_RATE} Hz");
        let problem = Problem::refused("no such rate");
        return Err(problem.at("rate", shape.rate.to_string()).mend(mend));
    }
    let format = Format {
        encoding: shape.encoding.encoding(),
        rate: shape.rate,
        side: shape.side,
    };
    let room = app.socket_room()?;
    let (call, _) = app
        .opened(&path.id, Channel::Voice, BTreeMap::new())
        .await?;
    let intake = Intake::open(&app, &call, format).await?;
    tracing::info!(call = %call.id, by = %allowed.name, ?format, "sound begins");
    Ok(socket.upgrade(&app.clone(), move |socket| async move {
        run(&app, &call, intake, socket).await;
        drop(room);
    }))
}

async fn run(app: &App, call: &Call, mut intake: Intake, mut socket: WebSocket) {
    let mut stop = app.stop.clone();
    let patience = Duration::from_secs_f64(app.server.idle_timeout_s);
    let (code, reason) = loop {
        let frame = tokio::select! {
            frame = tokio::time::timeout(patience, socket.recv()) => frame,
            _ = turned(&mut stop) => break (close_code::AWAY, "the server is stopping"),
        };
        match frame {
            Ok(Some(Ok(Message::Binary(bytes)))) => intake.hear(app, bytes),
            Ok(Some(Ok(Message::Text(_)))) => {
                break (close_code::UNSUPPORTED, "send binary frames of samples");
            }
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
            Ok(Some(Ok(Message::Close(_)))) | Ok(None) => break (close_code::NORMAL, ""),
            Ok(Some(Err(_))) => break (close_code::POLICY, "the frame cannot be taken"),
            Err(_) => break (close_code::AWAY, "no sound came for too long"),
        }
        if call.ended() {
            break (close_code::NORMAL, "the call has ended");
        }
    };
    let reason = reason.into();
    let _ = socket
        .send(Message::Close(Some(CloseFrame { code, reason })))
        .await;
    intake.end(app, false).await;
}
