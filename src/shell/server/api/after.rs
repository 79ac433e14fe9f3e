//! What is told of a call after the human took over, for the metrics. The call may have ended.

use crate::dialogue::{DialogueEvent, DialogueMessage, Speaker, Turn};
use crate::shell::server::App;
use crate::shell::server::auth::{Allowed, CallsWrite};
use crate::shell::server::body::{Body, CallPath};
use crate::shell::server::problem::Problem;
use crate::shell::store::{HumanTurn, Rated, Rating, Record};
use crate::shell::wall::unix_ms;
use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest text of a turn, characters.
const TEXT: usize = 4096;
/// The latest time, milliseconds since 1970: the year 2096.
const LATEST_MS: i64 = 4_000_000_000_000;

/// What was said after the human took over.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HumanTurns {
    /// The turns, in order.
    #[schemars(length(min = 1, max = 100))]
    pub turns: Vec<HumanTurnTold>,
}

/// Something that was said after the human took over, by either side.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HumanTurnTold {
    /// Who.
    pub speaker: Speaker,
    /// The words.
    #[schemars(length(max = TEXT))]
    pub text: String,
    /// When it began, milliseconds since 1970; without it, now.
    #[serde(default)]
    #[schemars(range(min = 0, max = LATEST_MS))]
    pub at_ms: Option<i64>,
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
    let taken = told.turns.len();
    if !(1..=100).contains(&taken) {
        let found = format!("{taken} turns");
        return Err(Problem::refused("1 to 100 turns are taken").at("turns", found));
    }
    for (place, turn) in told.turns.iter().enumerate() {
        let length = turn.text.chars().count();
        if length > TEXT {
            let (key, found) = (
                format!("turns[{place}].text"),
                format!("{length} characters"),
            );
            let problem = Problem::refused("the text is too long");
            return Err(problem.at(key, found).mend(format!("give {TEXT} at most")));
        }
        if let Some(at) = turn.at_ms.filter(|at| !(0..=LATEST_MS).contains(at)) {
            let key = format!("turns[{place}].at_ms");
            let problem = Problem::refused("no such time").at(key, at.to_string());
            return Err(problem.mend("give milliseconds since 1970"));
        }
    }
    for told in told.turns {
        let turn = HumanTurn {
            call_id: path.id.clone(),
            at_ms: told.at_ms.unwrap_or_else(unix_ms),
            speaker: told.speaker,
            text: redacted(&app, told.speaker, told.text),
        };
        app.ledger.store(Record::HumanTurn(turn)).await?;
    }
    Ok(Json(Noted {
        taken: taken as u32,
    }))
}

/// Without what nobody may read later.
fn redacted(app: &App, speaker: Speaker, text: String) -> String {
    let turn = Turn {
        speaker,
        text,
        start_s: None,
        end_s: None,
        is_final: true,
    };
    let mut message = DialogueMessage {
        id: None,
        at_s: None,
        event: DialogueEvent::Turn(turn),
    };
    app.redaction.apply(&mut message);
    match message.event {
        DialogueEvent::Turn(turn) => turn.text,
        _ => String::new(),
    }
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
    let group = match told.group {
        Group::Escalated => Rating::Escalated,
        Group::HumanOnly => Rating::HumanOnly,
    };
    if group == Rating::Escalated
        && let Err(unknown) = app.calls.get(&path.id)
        && app.stored(&path.id).await?.is_none()
    {
        return Err(unknown);
    }
    let rated = Rated {
        call_id: path.id,
        csat: told.csat,
        group,
        at_ms: unix_ms(),
    };
    app.ledger.store(Record::Rated(rated)).await?;
    Ok(Json(Noted { taken: 1 }))
}
