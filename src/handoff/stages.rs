//! The words of a transfer: stages, failures, updates, events, the view for screen and API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

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

/// What the telephony side says of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferUpdate {
    /// The stage that was reached.
    pub stage: Stage,
    /// Why, where the stage is `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// How long the caller will probably wait, s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_estimate_s: Option<f64>,
}

impl From<Stage> for TransferUpdate {
    fn from(stage: Stage) -> Self {
        Self {
            stage,
            failure: None,
            queue_estimate_s: None,
        }
    }
}

impl From<Failure> for TransferUpdate {
    fn from(failure: Failure) -> Self {
        Self {
            stage: Stage::Failed,
            failure: Some(failure),
            queue_estimate_s: None,
        }
    }
}

/// Against target and worst case.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Lateness {
    /// Within the target.
    OnTime,
    /// Beyond the target.
    Late,
    /// Beyond the worst case.
    Worst,
}

/// A stage and when it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageAt {
    /// Which.
    pub stage: Stage,
    /// When, ms since the decision.
    pub at_ms: u64,
    /// How long it took, ms since the stage before it or the failure.
    pub elapsed_ms: u64,
    /// Against its budget; `connected` against that of the whole.
    pub late: Lateness,
}

/// What to do after a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Next {
    /// Try there.
    Retry {
        /// Where.
        destination: String,
    },
    /// The voice agent goes on with the caller.
    BackToAgent,
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Caller and human speak.
    Connected,
    /// The agent goes on.
    BackToAgent,
    /// The caller is gone.
    CallerHungUp,
}

/// What happened to a transfer; the voice agent hears each, to keep the caller company.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TransferEvent {
    /// A stage was reached.
    Reached {
        /// Which and when.
        #[serde(flatten)]
        reached: StageAt,
        /// In which attempt, from 1.
        attempt: u32,
    },
    /// A stage that has not come is late.
    Late {
        /// The stage that is waited for; `connected` stands for the whole.
        stage: Stage,
        /// How late.
        late: Lateness,
        /// When it was noticed, ms since the decision.
        at_ms: u64,
        /// How long it has been waited for, ms.
        elapsed_ms: u64,
    },
    /// The caller's wait was estimated.
    Queue {
        /// Seconds.
        estimate_s: f64,
        /// When, ms since the decision.
        at_ms: u64,
    },
    /// It failed.
    Failed {
        /// Why.
        failure: Failure,
        /// When, ms since the decision.
        at_ms: u64,
        /// In which attempt, from 1.
        attempt: u32,
        /// What to do; nothing where the caller is gone.
        next: Option<Next>,
    },
    /// Nothing more will come. Once a transfer.
    Ended {
        /// How.
        ending: Ending,
        /// When, ms since the decision.
        at_ms: u64,
    },
}

/// A transfer as screen and API show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferStatus {
    /// How far it is.
    pub stage: Stage,
    /// Why it failed, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Since the decision, ms; to the end where it has ended.
    pub elapsed_ms: u64,
    /// The stages of this attempt, in order.
    pub stages: Vec<StageAt>,
    /// How long the caller will probably wait, s, as estimated last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_estimate_s: Option<f64>,
    /// What to do, after a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
}

/// An update that cannot be.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransferError {
    /// It has ended.
    #[error("the transfer has ended ({stage:?}); begin another")]
    Ended {
        /// At this stage.
        stage: Stage,
    },
    /// A stage that lies behind.
    #[error("{to:?} cannot come after {from:?}")]
    Backwards {
        /// The present stage.
        from: Stage,
        /// The stage that was said.
        to: Stage,
    },
    /// A stage of an attempt that failed.
    #[error("the attempt has failed; say initiated for the next one before {to:?}")]
    NotInitiated {
        /// The stage that was said.
        to: Stage,
    },
    /// `failed` without a reason.
    #[error("`failure` is missing: say why it failed")]
    NoFailure,
    /// A reason without `failed`.
    #[error("`failure` stands beside a stage that is not failed: leave one out")]
    StrayFailure,
    /// An estimate that is no number of seconds.
    #[error("`queue_estimate_s` is out of range: give 0 to 86400")]
    Estimate,
}
