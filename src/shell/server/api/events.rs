//! What happens, as server-sent events: of one call, or of all.

use super::operation::Stream;
use crate::shell::server::App;
use crate::shell::server::app::turned;
use crate::shell::server::auth::{Allowed, CallsRead};
use crate::shell::server::body::CallPath;
use crate::shell::server::bus::Published;
use crate::shell::server::problem::Problem;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

/// GET /v1/events.
pub async fn all(
    _: Allowed<CallsRead>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Stream<Response> {
    Stream(told(&app, app.bus.listen(), &headers, None))
}

/// GET /v1/calls/{id}/events.
pub async fn of_call(
    _: Allowed<CallsRead>,
    State(app): State<App>,
    path: CallPath,
    headers: HeaderMap,
) -> Result<Stream<Response>, Problem> {
    let call = app.calls.get(&path.id)?;
    let events = call.ring.subscribe();
    Ok(Stream(told(&app, events, &headers, Some(&path.id))))
}

/// A client's place in the stream.
struct Place {
    missed: VecDeque<Event>,
    /// The last of what was missed: what comes again after it is left out.
    last: u64,
    events: Receiver<Arc<Published>>,
    stop: watch::Receiver<bool>,
}

/// The stream from here on, after what a client that comes back has missed.
pub fn told(
    app: &App,
    events: Receiver<Arc<Published>>,
    headers: &HeaderMap,
    call_id: Option<&str>,
) -> Response {
    let mut missed = VecDeque::new();
    let mut last = 0;
    if let Some(id) = headers.get("last-event-id").and_then(|id| id.to_str().ok()) {
        match app.bus.since(id, call_id) {
            Some(kept) => {
                last = kept.last().map_or(0, |event| event.seq);
                missed.extend(kept.iter().map(|event| sent(event)));
            }
            // Too long ago, or of another run of the server.
            None => missed.push_back(lost("unknown")),
        }
    }
    let place = Place {
        missed,
        last,
        events,
        stop: app.stop.clone(),
    };
    let stream = stream::unfold(place, |mut place| async {
        let event = next(&mut place).await?;
        Some((Ok::<_, Infallible>(event), place))
    });
    Sse::new(stream)
        .keep_alive(KeepAlive::default())
        .into_response()
}

async fn next(place: &mut Place) -> Option<Event> {
    if let Some(event) = place.missed.pop_front() {
        return Some(event);
    }
    loop {
        let event = tokio::select! {
            event = place.events.recv() => event,
            _ = turned(&mut place.stop) => return None,
        };
        match event {
            Ok(event) if event.seq <= place.last => {}
            Ok(event) => return Some(sent(&event)),
            Err(RecvError::Lagged(events)) => {
                metrics::counter!("undertone_events_lost_total").increment(events);
                return Some(lost(&events.to_string()));
            }
            Err(RecvError::Closed) => return None,
        }
    }
}

fn sent(event: &Published) -> Event {
    let (id, kind) = (event.id.as_str(), event.kind);
    Event::default().id(id).event(kind).data(&event.json)
}

/// How many events a client has lost by reading too slowly, or by being away too long.
fn lost(events: &str) -> Event {
    let count = match events.parse::<u64>() {
        Ok(count) => count.to_string(),
        Err(_) => "null".to_owned(),
    };
    let data = format!(r#"{{"type":"lost","events":{count}}}"#);
    Event::default().event("lost").data(data)
}
