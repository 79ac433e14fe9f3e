//! Calls: opened, looked at, closed, rated.

use super::views::{CallList, CallView, Made, OpenCall};
use crate::dialogue::{DialogueEvent, DialogueMessage};
use crate::handoff::HandoffPayload;
use crate::shell::server::App;
use crate::shell::server::auth::{Allowed, CallsRead, CallsWrite};
use crate::shell::server::body::{Body, CallPath};
use crate::shell::server::calls::Ended;
use crate::shell::server::problem::Problem;
use crate::shell::server::worker::{Ask, Say};
use axum::Json;
use axum::extract::State;
use std::time::Instant;

/// POST /v1/calls.
pub async fn open(
    allowed: Allowed<CallsWrite>,
    State(app): State<App>,
    Body(asked): Body<OpenCall>,
) -> Result<Made<CallView>, Problem> {
    asked.check()?;
    let id = asked.call_id.unwrap_or_else(|| app.made_up_id());
    // Checked before the call is opened, so that a refusal leaves nothing behind.
    let identity = asked.identity.map(DialogueEvent::Identity);
    let identity = identity.map(|event| DialogueMessage {
        id: Some("opened".to_owned()),
        at_s: None,
        event,
    });
    if let Some(message) = &identity {
        checked(message)?;
    }
    let (call, new) = app.opened(&id, asked.channel, asked.labels).await?;
    if call.channel != asked.channel {
        let detail = "the call is open on another channel";
        return Err(Problem::conflict(detail).at("channel", format!("{:?}", asked.channel)));
    }
    if let Some(message) = identity {
        let say = |reply| {
            Ask::Say(Say {
                messages: vec![message],
                since: Instant::now(),
                reply,
            })
        };
        app.pool.ask(&call, say).await?;
    }
    if new {
        tracing::info!(call = %call.id, by = %allowed.name, "call opened");
    }
    let it = CallView::of(&call, &app.server.notice);
    Ok(Made { new, it })
}

fn checked(message: &DialogueMessage) -> Result<(), Problem> {
    message.check().map_err(|error| {
        let detail = error.to_string();
        let key = format!("identity.{}", error.key);
        Problem::refused(detail)
            .at(key, error.value)
            .mend(error.mend)
    })
}

/// GET /v1/calls.
pub async fn list(_: Allowed<CallsRead>, State(app): State<App>) -> Json<CallList> {
    let view = |call: std::sync::Arc<_>| CallView::of(&call, &app.server.notice);
    let calls = app.calls.open_calls().into_iter().map(view).collect();
    Json(CallList { calls })
}

/// GET /v1/calls/{id}.
pub async fn show(
    _: Allowed<CallsRead>,
    State(app): State<App>,
    path: CallPath,
) -> Result<Json<CallView>, Problem> {
    let call = app.calls.get(&path.id)?;
    Ok(Json(CallView::of(&call, &app.server.notice)))
}

/// GET /v1/calls/{id}/handoff.
pub async fn handoff(
    _: Allowed<CallsRead>,
    State(app): State<App>,
    path: CallPath,
) -> Result<Json<HandoffPayload>, Problem> {
    match app.calls.get(&path.id) {
        Ok(call) => app.payload(&call).await.map(Json),
        Err(unknown) => app.stored_payload(path.id, unknown).await.map(Json),
    }
}

/// POST /v1/calls/{id}/close.
pub async fn close(
    allowed: Allowed<CallsWrite>,
    State(app): State<App>,
    path: CallPath,
) -> Result<Json<CallView>, Problem> {
    let call = app.calls.get(&path.id)?;
    if !call.ended() {
        app.pool
            .ask(&call, |reply| Ask::Close(Ended::Closed, reply))
            .await?;
        tracing::info!(call = %call.id, by = %allowed.name, "call closed");
    }
    Ok(Json(CallView::of(&call, &app.server.notice)))
}
