//! Calls: opened, looked at, closed, rated.

use super::views::{CallList, CallView, Made, OpenCall};
use crate::dialogue::{DialogueEvent, DialogueMessage};
use crate::handoff::HandoffPayload;
use crate::shell::server::App;
use crate::shell::server::auth::{Allowed, CallsRead, CallsWrite};
use crate::shell::server::body::{Body, CallPath};
use crate::shell::server::problem::Problem;
use crate::shell::server::worker::{Ask, HumanTurnTold, Say};
use crate::shell::store::{Rated, Rating, Record};
use crate::shell::wall::unix_ms;
use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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
    let call = app.calls.get(&path.id)?;
    app.payload(&call).await.map(Json)
}

/// POST /v1/calls/{id}/close.
pub async fn close(
    allowed: Allowed<CallsWrite>,
    State(app): State<App>,
    path: CallPath,
) -> Result<Json<CallView>, Problem> {
    let call = app.calls.get(&path.id)?;
    if !call.ended() {
        app.pool.ask(&call, Ask::Close).await?;
        tracing::info!(call = %call.id, by = %allowed.name, "call closed");
    }
    Ok(Json(CallView::of(&call, &app.server.notice)))
}

/// What was said after the human took over.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HumanTurns {
    /// The turns, in order.
    #[schemars(length(min = 1, max = 100))]
    pub turns: Vec<HumanTurnTold>,
}

/// How much was taken.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Noted {
    /// Entries that were taken.
    pub taken: u32,
}

/// POST /v1/calls/{id}/human-turns.
pub async fn human_turns(
    _: Allowed<CallsWrite>,
    State(app): State<App>,
    path: CallPath,
    Body(told): Body<HumanTurns>,
) -> Result<Json<Noted>, Problem> {
    let call = app.calls.get(&path.id)?;
    let taken = told.turns.len();
    if !(1..=100).contains(&taken) {
        let found = format!("{taken} turns");
        return Err(Problem::refused("1 to 100 turns are taken").at("turns", found));
    }
    for (place, turn) in told.turns.iter().enumerate() {
        if turn.text.len() > 4096 {
            let (key, found) = (format!("turns[{place}].text"), turn.text.len());
            let problem = Problem::refused("the text is too long");
            return Err(problem
                .at(key, format!("{found} bytes"))
                .mend("give 4096 at most"));
        }
        if let Some(at) = turn
            .at_ms
            .filter(|at| !(0..=4_000_000_000_000).contains(at))
        {
            let (key, mend) = (
                format!("turns[{place}].at_ms"),
                "give milliseconds since 1970",
            );
            return Err(Problem::refused("no such time")
                .at(key, at.to_string())
                .mend(mend));
        }
    }
    app.pool
        .ask(&call, |reply| Ask::HumanTurns(told.turns, reply))
        .await?;
    Ok(Json(Noted {
        taken: taken as u32,
    }))
}

/// How the caller rated the call.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatingTold {
    /// 1 (worst) to 5 (best).
    #[schemars(range(min = 1, max = 5))]
    pub csat: u8,
    /// Whether the voice agent handed the call over, or a human had it from the beginning. The
    /// second kind is the baseline, and its call need not be known.
    #[serde(default)]
    pub group: Group,
}

/// Which kind of call was rated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// The voice agent handed it over.
    #[default]
    Escalated,
    /// A human had it from the beginning.
    HumanOnly,
}

/// POST /v1/calls/{id}/rating.
pub async fn rate(
    _: Allowed<CallsWrite>,
    State(app): State<App>,
    path: CallPath,
    Body(told): Body<RatingTold>,
) -> Result<Json<Noted>, Problem> {
    if !(1..=5).contains(&told.csat) {
        let problem = Problem::refused("no such rating");
        return Err(problem
            .at("csat", told.csat.to_string())
            .mend("give 1 to 5"));
    }
    if told.group == Group::Escalated {
        app.calls.get(&path.id)?;
    }
    let rated = Rated {
        call_id: path.id,
        csat: told.csat,
        group: match told.group {
            Group::Escalated => Rating::Escalated,
            Group::HumanOnly => Rating::HumanOnly,
        },
        at_ms: unix_ms(),
    };
    app.ledger.store(Record::Rated(rated)).await?;
    Ok(Json(Noted { taken: 1 }))
}
