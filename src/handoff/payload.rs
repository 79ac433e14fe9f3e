//! The payload: what a human sees before the call connects. Its layout is a contract.
//!
//! Ten fields in reading order. Each is filled, empty by report, not applicable, or missing, and
//! says which; prose is rendered from the fields alone, so that the two cannot disagree.

use crate::decision::Trigger;
use crate::dialogue::{Action, Identity, Intent, Source, Turn, Write};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the payload's layout.
pub const SCHEMA: &str = "undertone.handoff/1";

/// The ten fields a human needs, in reading order.
pub const FIELDS: [&str; 10] = [
    "identity",
    "intent",
    "transcript",
    "sources",
    "actions",
    "committed_writes",
    "confidence",
    "escalation_reason",
    "sentiment_trajectory",
    "suggested_next_action",
];

/// What a human sees before the call connects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoffPayload {
    /// Layout of this object: `undertone.handoff/1`.
    pub schema: String,
    /// The call, as the telephony side names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// The escalation, the same on every delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation_id: Option<String>,
    /// Where a browser finds this as a page that keeps itself up to date, without a token; as long as
    /// its ticket is good. Only in what the server delivers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screen_url: Option<String>,
    /// How the conversation is held.
    pub channel: Channel,
    /// Where the call stood when this was composed, seconds since its first sample.
    pub at_s: f64,
    /// The whole in a few lines, rendered from the fields below.
    pub digest: Digest,
    /// Who the caller is, as the agent verified it.
    pub identity: Option<Identity>,
    /// What the caller wants.
    pub intent: Option<Intent>,
    /// What was said, oldest first.
    pub transcript: Option<Vec<Turn>>,
    /// What the agent looked up.
    pub sources: Option<Vec<Source>>,
    /// What the agent attempted, with results.
    pub actions: Option<Vec<Action>>,
    /// What was written during the call and stays.
    pub committed_writes: Option<Vec<Write>>,
    /// How sure the detector and the agent are.
    pub confidence: Option<Confidence>,
    /// Why the call is handed over.
    pub escalation_reason: Option<EscalationReason>,
    /// Where the caller's sentiment was going.
    pub sentiment_trajectory: Option<SentimentTrajectory>,
    /// What to do first.
    pub suggested_next_action: Option<SuggestedAction>,
    /// Share of the applicable fields that are filled or empty by report, 0..1.
    pub completeness: f32,
    /// The state of each of the ten fields.
    pub fields: BTreeMap<String, FieldState>,
    /// Turns, sources, actions or writes that were dropped because a call's memory is bounded.
    #[serde(default)]
    pub dropped: u32,
}

/// How the conversation is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By telephone.
    #[default]
    Voice,
    /// By chat.
    Chat,
    /// By e-mail.
    Email,
}

/// Whether a field says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldState {
    /// It holds what was told or heard.
    Filled,
    /// The agent reports this kind, and there was none.
    NoneReported,
    /// This channel has no such thing.
    NotApplicable,
    /// Nobody has said.
    Missing,
}

/// The whole in a few lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// One line: who, what, why.
    pub headline: String,
    /// One line a field that says something, in reading order.
    pub lines: Vec<String>,
    /// The tone to walk in with, in a sentence.
    pub tone: String,
}

/// How sure the detector and the agent are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confidence {
    /// Of the escalation, 0..1; 1 where a rule or the caller's own words decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<f32>,
    /// Of the agent in its last self-evaluation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentConfidence>,
}

/// The agent's last self-evaluation, beside the floor that policy sets for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentConfidence {
    /// Composite score, 0..1.
    pub score: f64,
    /// The floor that policy sets for this action, 0..1.
    pub floor: f64,
    /// Attempts to re-ground that had failed.
    pub failed_regroundings: u32,
    /// The action that the score is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The scores behind it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, f64>,
}

/// Why the call is handed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationReason {
    /// Which of the five triggers.
    pub trigger: Trigger,
    /// Which detector of it: `trend`, `sustained`, `distress`, `confusion`, or a rule's name.
    pub reason: String,
    /// When it was decided.
    pub at_s: f64,
    /// When the change began, back-dated.
    pub onset_s: f64,
    /// In words, rendered from the rest.
    pub text: String,
    /// The words that fired, where words did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase: Option<String>,
    /// The rule that fired, where one did; `reason` names it too, unless signs added up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The rule's version, where a rule fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_version: Option<u32>,
    /// The intent that policy gives to humans: `fraud`, `account_closure`, `hardship`, `legal` or
    /// `self_harm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// What moved in the voice, strongest first, and signs that were counted (unit `signs`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<VoiceEvidence>,
    /// Other triggers that were pulled in this call, oldest first: `trigger/reason`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
}

/// One feature of the voice that moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoiceEvidence {
    /// The feature's name.
    pub feature: String,
    /// Its unit.
    pub unit: String,
    /// This caller's own baseline.
    pub baseline: f32,
    /// The value now.
    pub now: f32,
    /// The distance in this caller's own standard deviations.
    pub sd: f32,
}

/// Where the caller's sentiment was going.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SentimentTrajectory {
    /// Seconds of the caller's speech behind it. With too little there are no points.
    pub speech_s: f64,
    /// At most 60 points, evenly spread over the call: seconds, sentiment −1..1.
    pub points: Vec<[f64; 2]>,
    /// The points as a line of block characters.
    pub sparkline: String,
    /// Sentiment now, −1..1; absent where nothing was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<f32>,
    /// Slope, per minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slope_per_min: Option<f32>,
    /// `steady`, `falling` or `rising`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<String>,
    /// The worst so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<f32>,
    /// When the worst was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_at_s: Option<f64>,
    /// Sounds and words of distress or confusion, oldest first: kind and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markers: Vec<MarkerAt>,
}

/// A marker and when it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkerAt {
    /// Its kind.
    pub kind: String,
    /// When.
    pub at_s: f64,
}

/// What to do first, and who says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuggestedAction {
    /// In words.
    pub text: String,
    /// Who says so.
    pub from: SuggestedBy,
}

/// Who suggests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuggestedBy {
    /// The voice agent.
    Agent,
    /// The policy for this reason.
    Policy,
}
