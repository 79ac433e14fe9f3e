//! The conversation around the voice.
//!
//! - **Takes** when the caller speaks and when the agent speaks, and what the voice agent reports
//!   of its own confidence and its failed turns.
//! - **Gives** turn-taking counts, and the two triggers that the agent's reports can pull.
//! - **Remembers** who spoke last, and the failures on the current intent.
//! - **Source**: turn-taking terms after Heldner & Edlund (2010).

mod event;
mod reports;
mod turn_taking;

pub use event::{
    Action, DialogueEvent, DialogueMessage, FailedTurn, Identity, Intent, IntentSettled,
    NextAction, Outcome, Reported, ReportedKind, SelfEvaluation, Source, Speaker, Turn, Write,
};
pub use reports::{AgentReport, ReportConfig, ReportTrigger, Reports};
pub use turn_taking::{TurnTaking, Turns};
