//! The decision that a human should take over, with its grounds.

use crate::units::StreamTime;
use arrayvec::ArrayVec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most evidence lines an escalation carries.
pub const MAX_EVIDENCE: usize = 8;

/// A decision to hand the call to a human.
#[derive(Clone, Debug, PartialEq)]
pub struct Escalation {
    /// When it was decided.
    pub at: StreamTime,
    /// Which of the five triggers.
    pub trigger: Trigger,
    /// Which detector of that trigger.
    pub reason: Reason,
    /// When the change began, back-dated.
    pub onset: StreamTime,
    /// What moved, in the caller's own standard deviations, strongest first.
    pub evidence: ArrayVec<Evidence, MAX_EVIDENCE>,
    /// How far the escalation can be trusted, 0..1. Not calibrated on calls.
    pub confidence: f32,
}

/// One feature that moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// The feature's name.
    pub feature: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// This caller's own baseline.
    pub baseline: f32,
    /// The value now.
    pub now: f32,
    /// The distance in this caller's own standard deviations.
    pub sd: f32,
}

/// The five triggers.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The caller asked for a human. Never vetoed.
    ExplicitRequest,
    /// The caller's voice.
    Sentiment,
    /// The agent's own confidence stayed under the policy floor.
    LowConfidence,
    /// An intent that policy gives to humans.
    PolicyIntent,
    /// One intent failed too often.
    FailedTurns,
}

/// What fired inside a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// Started calm and is getting worse.
    Trend,
    /// Bad from hello and stays so.
    Sustained,
    /// Sadness, fear or crying in the voice.
    Distress,
    /// The voice agent reported it.
    Reported,
}
