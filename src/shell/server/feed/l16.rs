//! `/v1/feed/l16`: FreeSWITCH, jambonz, Vonage and Asterisk over a WebSocket.

use super::door::Guest;
use super::line::Line;
use super::socket::{Protocol, run};
use crate::error::WireError;
use crate::shell::server::App;
use crate::shell::server::api::Socket;
use crate::shell::server::body::{Asked, call_id};
use crate::shell::server::problem::Problem;
use crate::wire::feed::Media;
use crate::wire::feed::l16::{Assumed, Legs, Stream};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

/// What the address may say. Media servers add to it what they like.
#[derive(Debug, Deserialize)]
pub struct Shape {
    call_id: Option<String>,
    rate: Option<u32>,
    legs: Option<Legs>,
}

/// GET /v1/feed/l16.
pub async fn answer(
    State(app): State<App>,
    headers: HeaderMap,
    Asked(shape): Asked<Shape>,
    socket: Socket,
) -> Result<Response, Problem> {
    let guest = Guest::of(&app, &headers)?;
    if let Some(id) = &shape.call_id {
        call_id(id)?;
    }
    let Some(config) = &app.feed.l16 else {
        // The address is only there where it is configured.
        return Err(Problem::missing("this feed is off"));
    };
    let stream = Stream::new(Assumed {
        call_id: shape.call_id,
        rate: shape.rate.unwrap_or(config.rate_hz),
        legs: shape.legs.unwrap_or(config.legs),
    });
    let socket = socket.speaking(&config.subprotocols);
    let room = app.socket_room()?;
    let line = Line::new(app.clone(), Stream::FEED, guest);
    Ok(socket.upgrade(&app.clone(), move |socket| async move {
        run(app, socket, stream, line).await;
        drop(room);
    }))
}

impl Protocol for Stream {
    const FEED: &'static str = "l16";
    // No message says that the call has ended.
    const CLOSING_HANGS_UP: bool = true;

    fn text(&mut self, message: &str, out: &mut Vec<Media>) -> Result<(), WireError> {
        self.text(message, out)
    }

    fn binary(&mut self, message: &[u8], out: &mut Vec<Media>) -> Result<(), WireError> {
        self.binary(message, out);
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<Media>) {
        self.end(out);
    }

    fn repeated(&self) -> u64 {
        0
    }
}
