//! The way from a decision to a human who speaks, stage by stage, against the budget.
//!
//! Time is an input: milliseconds since the decision, as the shell's clock has them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a transfer is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The engine decided.
    Decided,
    /// The payload is on its way and the telephony side was asked.
    Initiated,
    /// A human's telephone rings.
    Ringing,
    /// A human took the call.
    Accepted,
    /// Caller and human are connected. The end.
    Connected,
    /// It failed; see [`Failure`].
    Failed,
}

/// Why a transfer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Nobody is free, and the queue takes no more.
    QueueFull,
    /// A stage passed its worst case.
    Timeout,
    /// The human declined.
    Declined,
    /// It rang, and nobody answered.
    NoAnswer,
    /// A machine answered.
    Voicemail,
    /// The caller hung up first. The end.
    CallerHungUp,
    /// The telephony side reported an error.
    Unreachable,
}
