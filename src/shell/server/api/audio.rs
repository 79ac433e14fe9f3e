//! Sound on its way in: binary frames of samples over a WebSocket.

use super::operation::Socket;
use crate::handoff::Channel;
use crate::shell::server::App;
use crate::shell::server::app::turned;
use crate::shell::server::auth::{Allowed, CallsWrite};
use crate::shell::server::body::{Asked, CallPath};
use crate::shell::server::calls::Call;
use crate::shell::server::problem::Problem;
use crate::shell::server::worker::{Ask, Format, Listening, Side, Sound};
use crate::wire::pcm::{Encoding, MAX_RATE, MIN_RATE};
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    let listening = app
        .pool
        .ask(&call, |reply| Ask::Listen(format, reply))
        .await?;
    tracing::info!(call = %call.id, by = %allowed.name, ?format, "sound begins");
    Ok(socket.upgrade(&app.clone(), move |socket| async move {
        let stream = Incoming {
            call,
            format,
            listening,
            odd: Vec::new(),
            lost: 0,
        };
        stream.run(&app, socket).await;
        drop(room);
    }))
}

/// A stream of sound.
struct Incoming {
    call: Arc<Call>,
    format: Format,
    listening: Listening,
    /// The beginning of a sample whose end has not come.
    odd: Vec<u8>,
    /// Samples that found no room, and are a gap of just that length before the next that do.
    lost: u32,
}

impl Incoming {
    async fn run(mut self, app: &App, mut socket: WebSocket) {
        let mut stop = app.stop.clone();
        let patience = Duration::from_secs_f64(app.server.idle_timeout_s);
        let (code, reason) = loop {
            let frame = tokio::select! {
                frame = tokio::time::timeout(patience, socket.recv()) => frame,
                _ = turned(&mut stop) => break (close_code::AWAY, "the server is stopping"),
            };
            match frame {
                Ok(Some(Ok(Message::Binary(bytes)))) => self.block(app, bytes),
                Ok(Some(Ok(Message::Text(_)))) => {
                    break (close_code::UNSUPPORTED, "send binary frames of samples");
                }
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Ok(Some(Ok(Message::Close(_)))) | Ok(None) => break (close_code::NORMAL, ""),
                Ok(Some(Err(_))) => break (close_code::POLICY, "the frame cannot be taken"),
                Err(_) => break (close_code::AWAY, "no sound came for too long"),
            }
            if self.call.ended() {
                break (close_code::NORMAL, "the call has ended");
            }
        };
        let reason = reason.into();
        let _ = socket
            .send(Message::Close(Some(CloseFrame { code, reason })))
            .await;
        self.end(app).await;
    }

    fn block(&mut self, app: &App, bytes: Bytes) {
        let sound = self.sound(bytes, false);
        if let Err(sound) = app.pool.hear(sound) {
            self.missed(&sound);
        }
    }

    /// The stream's end must come through: what the worker waits for to end is decided then.
    async fn end(&mut self, app: &App) {
        let mut sound = self.sound(Bytes::new(), true);
        for _ in 0..200 {
            match app.pool.hear(sound) {
                Ok(()) => return,
                Err(back) => sound = back,
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tracing::warn!(call = %self.call.id, "the end of the sound found no room");
    }

    /// Whole samples alone; an odd byte waits for the rest of its sample.
    fn sound(&mut self, bytes: Bytes, last: bool) -> Sound {
        let width = self.format.encoding.bytes();
        let mut bytes = bytes;
        if width > 1 {
            if !self.odd.is_empty() {
                self.odd.extend_from_slice(&bytes);
                bytes = Bytes::from(std::mem::take(&mut self.odd));
            }
            let whole = bytes.len() - bytes.len() % width;
            self.odd = bytes.split_off(whole).to_vec();
        }
        Sound {
            call: self.call.clone(),
            stream: self.listening.stream,
            format: self.format,
            lost: std::mem::take(&mut self.lost),
            bytes,
            last,
            since: Instant::now(),
        }
    }

    fn missed(&mut self, sound: &Sound) {
        let samples = sound.bytes.len() / self.format.encoding.bytes();
        let lost = sound
            .lost
            .saturating_add(u32::try_from(samples).unwrap_or(u32::MAX));
        self.lost = self.lost.saturating_add(lost);
        metrics::counter!("undertone_audio_blocks_lost_total").increment(1);
        metrics::counter!("undertone_audio_samples_lost_total").increment(samples as u64);
    }
}
