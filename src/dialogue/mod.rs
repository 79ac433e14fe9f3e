//! The conversation around the voice.
//!
//! - **Takes** when the caller speaks and when the agent speaks, the turns as text, and what the
//!   voice agent reports of its own confidence and its failed turns.
//! - **Gives** turn-taking counts, the triggers that words and reports pull, and signs of confusion
//!   and distress in the words.
//! - **Remembers** who spoke last, the failures on the current intent, and what was pulled before.
//! - **Source**: turn-taking terms after Heldner & Edlund (2010).

mod check;
mod event;
mod reports;
mod spoken;
mod turn_taking;
pub mod words;

pub use check::{MAX_ENTRIES, MAX_NAME, MAX_TEXT, MAX_TIME_S, MessageError};
pub use event::{
    Action, DialogueEvent, DialogueMessage, FailedTurn, Identity, Intent, IntentSettled,
    NextAction, Outcome, Reported, ReportedKind, SelfEvaluation, Source, Speaker, Turn, Write,
};
pub use reports::{ReportConfig, ReportTrigger, Reports};
pub use spoken::{MOST_SAID, Said, Spoken, WordTrigger, WordsConfig};
pub use turn_taking::{TurnMemory, TurnTaking, Turns};
pub use words::Words;
