//! Pages for people: the screen pop and the supervisors' wall, opened by a ticket or a token.

use super::operation::Page;
use crate::handoff::{Channel, Stage};
use crate::shell::screen::{
    self, ASSETS_AT, CONTENT_SECURITY_POLICY, Live, TransferView, WallCall,
};
use crate::shell::server::App;
use crate::shell::server::app::turned;
use crate::shell::server::auth::{Allowed, CallsRead, Scope};
use crate::shell::server::body::{Body, CallPath};
use crate::shell::server::bus::Published;
use crate::shell::server::calls::{self, Call};
use crate::shell::server::problem::Problem;
use crate::shell::wall::unix_ms;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// The wall is drawn anew no oftener than this.
const PACE: Duration = Duration::from_millis(250);

/// All pages. They are for browsers and stand in no description.
pub fn router() -> Router<App> {
    Router::new()
        .route("/screen/{id}", get(pop))
        .route("/screen/{id}/fragment", get(pop_fragment))
        .route("/screen/{id}/events", get(pop_events))
        .route("/wall", get(wall))
        .route("/wall/fragment", get(wall_fragment))
        .route("/wall/events", get(wall_events))
        .route("/assets/{name}", get(asset))
}

/// Which page a ticket is for.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketFor {
    /// The call whose screen pop it opens; without it, the wall.
    #[serde(default)]
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9._:-]+$"))]
    pub call_id: Option<String>,
}

/// A link that a browser can open.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Ticket {
    /// The address.
    pub url: String,
    /// Until when it is good, seconds from now.
    pub valid_s: u32,
}

/// POST /v1/tickets.
pub async fn ticket(
    _: Allowed<CallsRead>,
    State(app): State<App>,
    Body(wanted): Body<TicketFor>,
) -> Result<Json<Ticket>, Problem> {
    let page = match &wanted.call_id {
        None => "wall".to_owned(),
        Some(id) => {
            crate::shell::server::body::call_id(id)?;
            app.calls.get(id)?;
            screen_of(id)
        }
    };
    Ok(Json(Ticket {
        url: app.tickets.link(&app.base_url, &page),
        valid_s: app.server.ticket_valid_s,
    }))
}

/// The page of a call.
fn screen_of(id: &str) -> String {
    format!("screen/{id}")
}

/// Whoever may see the page: by a ticket for it, or by a token that may read calls.
struct Seeing {
    /// What the page's own requests carry.
    query: String,
}

#[derive(Deserialize)]
struct TicketQuery {
    #[serde(default)]
    ticket: Option<String>,
}

impl FromRequestParts<App> for Seeing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let query = Query::<TicketQuery>::from_request_parts(parts, app).await;
        let ticket = query.ok().and_then(|Query(query)| query.ticket);
        let Some(ticket) = ticket else {
            app.tokens.admit(&parts.headers, Scope::CallsRead)?;
            return Ok(Self {
                query: String::new(),
            });
        };
        let mut path = parts.uri.path().trim_start_matches('/').split('/');
        let page = match path.next() {
            Some("screen") => screen_of(path.next().unwrap_or_default()),
            _ => "wall".to_owned(),
        };
        let now_s = unix_ms().unsigned_abs() / 1000;
        if app.tickets.opens(&ticket, &page, now_s) {
            let query = format!("?ticket={ticket}");
            return Ok(Self { query });
        }
        // A supervisor goes from the wall to the calls on it.
        if app.tickets.opens(&ticket, "wall", now_s) {
            let query = format!("?ticket={ticket}");
            return Ok(Self { query });
        }
        let mend = "POST /v1/tickets makes a new link";
        Err(
            Problem::unauthorised("the ticket is not for this page, or its time is over")
                .mend(mend),
        )
    }
}

/// The headers of a page: what it may load, and that nobody keeps it.
fn page(html: String) -> Response {
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    ([(header::CONTENT_SECURITY_POLICY, policy)], Page(html)).into_response()
}

async fn pop(seeing: Seeing, State(app): State<App>, path: CallPath) -> Result<Response, Problem> {
    let call = app.calls.get(&path.id)?;
    let payload = app.payload(&call).await?;
    let at = |rest: &str| format!("/screen/{}{rest}{}", path.id, seeing.query);
    let (events, fragment, refresh) = (at("/events"), at("/fragment"), at(""));
    let live = Live {
        events_url: Some(&events),
        fragment_url: Some(&fragment),
        refresh_url: Some(&refresh),
    };
    Ok(page(screen::pop(&payload, transfer(&call).as_ref(), live)))
}

async fn pop_fragment(
    _: Seeing,
    State(app): State<App>,
    path: CallPath,
) -> Result<Response, Problem> {
    let call = app.calls.get(&path.id)?;
    let payload = app.payload(&call).await?;
    Ok(page(screen::pop_fragment(
        &payload,
        transfer(&call).as_ref(),
    )))
}

async fn pop_events(
    _: Seeing,
    State(app): State<App>,
    path: CallPath,
) -> Result<Response, Problem> {
    let call = app.calls.get(&path.id)?;
    Ok(updates(&app, call.ring.subscribe()))
}

async fn wall(seeing: Seeing, State(app): State<App>) -> Response {
    let at = |rest: &str| format!("/wall{rest}{}", seeing.query);
    let (events, fragment, refresh) = (at("/events"), at("/fragment"), at(""));
    let live = Live {
        events_url: Some(&events),
        fragment_url: Some(&fragment),
        refresh_url: Some(&refresh),
    };
    page(screen::wall(&rows(&app, &seeing.query), live))
}

async fn wall_fragment(seeing: Seeing, State(app): State<App>) -> Response {
    page(screen::wall_fragment(&rows(&app, &seeing.query)))
}

async fn wall_events(_: Seeing, State(app): State<App>) -> Response {
    updates(&app, app.bus.listen())
}

/// "Something changed", at a pace that a browser can follow.
fn updates(app: &App, events: Receiver<Arc<Published>>) -> Response {
    let place = (events, app.stop.clone());
    let stream = stream::unfold(place, |(mut events, mut stop)| async {
        let event = tokio::select! {
            event = events.recv() => event,
            _ = turned(&mut stop) => return None,
        };
        match event {
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
        tokio::time::sleep(PACE).await;
        // What came meanwhile is the same piece of news.
        while let Ok(_) | Err(tokio::sync::broadcast::error::TryRecvError::Lagged(_)) =
            events.try_recv()
        {}
        let update = Event::default().event("update").data("{}");
        Some((Ok::<_, Infallible>(update), (events, stop)))
    });
    Sse::new(stream)
        .keep_alive(KeepAlive::default())
        .into_response()
}

fn transfer(call: &Call) -> Option<TransferView> {
    call.status().transfer.map(|view| seen(&view))
}

fn seen(view: &calls::TransferView) -> TransferView {
    let status = &view.status;
    let end = matches!(status.stage, Stage::Connected | Stage::Failed);
    // The status stands as of its last change; until the end the clock has gone on.
    let since = (unix_ms() - view.decided_ms).max(0).unsigned_abs();
    TransferView {
        stage: status.stage,
        failure: status.failure,
        attempt: status.attempt,
        elapsed_ms: if end { status.elapsed_ms } else { since },
        queue_estimate_s: status.queue_estimate_s,
        late: view.late,
    }
}

fn rows(app: &App, query: &str) -> Vec<WallCall> {
    let budget_s = app.connected_worst_s;
    let row = |call: Arc<Call>| {
        let status = call.status();
        let transfer = status.transfer.as_ref().map(seen);
        let waits = transfer
            .filter(|it| !matches!(it.stage, Stage::Accepted | Stage::Connected | Stage::Failed));
        WallCall {
            href: Some(format!("/screen/{}{query}", call.id)),
            id: call.id.to_string(),
            caller: status.caller,
            channel: call.channel,
            elapsed_s: match call.channel {
                Channel::Voice if status.listening => status.at_s,
                _ => (unix_ms() - call.opened_ms).max(0) as f64 / 1e3,
            },
            points: status.points.into(),
            now: status.sentiment,
            slope_per_min: status.slope_per_min,
            trend: status.trend.map(|it| format!("{it:?}").to_lowercase()),
            trigger: status.escalation.map(|it| it.trigger),
            transfer,
            waiting_s: waits.map(|it| it.elapsed_ms as f64 / 1e3),
            budget_s: waits.and(Some(budget_s)),
        }
    };
    app.calls.open_calls().into_iter().map(row).collect()
}

async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let found = screen::asset(&name);
    let asset = found.ok_or_else(|| Problem::missing("no such file").at("name", name.as_str()))?;
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        // Its name changes with its content.
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    debug_assert!(asset.path().starts_with(ASSETS_AT));
    Ok((headers, asset.body).into_response())
}
