//! What the voice agent (or a chat, or an e-mail desk) tells of the conversation, as one message.
//!
//! One JSON object a message, `type` first: a line of a dialogue file, the body of a request, a
//! text frame. Texts are bounded by [`DialogueMessage::check`], so a call's memory is.

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// One message about a call.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(extend("unevaluatedProperties" = false))]
pub struct DialogueMessage {
    /// The sender's name for this message. A message that comes again under the same name is
    /// taken once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub id: Option<String>,
    /// Seconds since the call's first sample; without it, where the sound stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1e6))]
    pub at_s: Option<f64>,
    /// What is told.
    #[serde(flatten)]
    pub event: DialogueEvent,
}

impl<'de> Deserialize<'de> for DialogueMessage {
    // Flattening by serde would let unknown keys pass.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = serde_json::Map::deserialize(deserializer)?;
        let mut take = |key: &str| fields.remove(key).filter(|value| !value.is_null());
        let (id, at_s) = (take("id"), take("at_s"));
        let own = |error: serde_json::Error| D::Error::custom(error);
        Ok(Self {
            id: id.map(serde_json::from_value).transpose().map_err(own)?,
            at_s: at_s.map(serde_json::from_value).transpose().map_err(own)?,
            event: serde_json::from_value(fields.into()).map_err(own)?,
        })
    }
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DialogueEvent {
    /// Somebody said something.
    Turn(Turn),
    /// The agent's own judgement of the answer it is about to give.
    SelfEvaluation(SelfEvaluation),
    /// What the caller wants.
    Intent(Intent),
    /// The intent was served, or the caller moved on.
    IntentSettled(IntentSettled),
    /// A turn on the current intent failed.
    FailedTurn(FailedTurn),
    /// A source that the agent looked up.
    Source(Source),
    /// An action that the agent attempted, with its result.
    Action(Action),
    /// Something that was written during the call and stays.
    Write(Write),
    /// Who the caller is.
    Identity(Identity),
    /// What should be done next.
    NextAction(NextAction),
    /// Which of these the agent reports throughout: a list that stays empty then means "none",
    /// not "unknown".
    Reports(Reported),
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The caller, or the customer who writes.
    Caller,
    /// The voice agent, or the bot that writes.
    Agent,
    /// A human of the company, after the handoff.
    Human,
}

/// Somebody said something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Who.
    pub speaker: Speaker,
    /// The words.
    #[schemars(length(max = 4096))]
    pub text: String,
    /// When it began, seconds since the call's first sample. A later text that began then, by the
    /// same speaker, replaces a partial one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1e6))]
    pub start_s: Option<f64>,
    /// When it ended; before the beginning counts as the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1e6))]
    pub end_s: Option<f64>,
    /// False while the recogniser may still change its mind.
    #[serde(rename = "final", default = "yes")]
    pub is_final: bool,
}

fn yes() -> bool {
    true
}

/// The agent's own judgement of the answer it is about to give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelfEvaluation {
    /// Composite score, 0..1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub score: f64,
    /// The scores behind it, by name, 0..1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend(
        "maxProperties" = 32,
        "propertyNames" = {"maxLength": 128},
        "additionalProperties" = {"type": "number", "minimum": 0, "maximum": 1}
    ))]
    pub dimensions: BTreeMap<String, f64>,
    /// Attempts to re-ground that have failed so far.
    #[serde(default)]
    pub failed_regroundings: u32,
    /// The action that the score is about; policy may have a floor of its own for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub action: Option<String>,
}

/// What the caller wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// A short name, such as `dispute_charge`.
    #[schemars(length(min = 1, max = 128), extend("pattern" = "\\S"))]
    pub name: String,
    /// In words that a human reads, such as "Dispute a charge of $84.50".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub summary: Option<String>,
    /// How sure the agent is, 0..1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confidence: Option<f64>,
}

/// The intent was served, or the caller moved on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntentSettled {}

/// A turn on the current intent failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailedTurn {
    /// Why, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub why: Option<String>,
}

/// A source that the agent looked up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it is called.
    #[schemars(length(max = 4096))]
    pub title: String,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub uri: Option<String>,
    /// The lines that matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub excerpt: Option<String>,
}

/// How an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what it should.
    Succeeded,
    /// It did not.
    Failed,
    /// It ran, and found nothing.
    NoMatch,
    /// It has not ended.
    Pending,
}

/// An action that the agent attempted, with its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What was attempted, such as `lookup_vendor`.
    #[schemars(length(min = 1, max = 128), extend("pattern" = "\\S"))]
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The result in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub result: Option<String>,
    /// What it was given, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend(
        "maxProperties" = 32,
        "propertyNames" = {"maxLength": 128},
        "additionalProperties" = {"type": "string", "maxLength": 4096}
    ))]
    pub arguments: BTreeMap<String, String>,
}

/// Something that was written during the call and stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// What was written, in words.
    #[schemars(length(max = 4096))]
    pub what: String,
    /// Where, such as `cases`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub system: Option<String>,
    /// The record's name there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub reference: Option<String>,
}

/// Who the caller is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Whether it was verified, or is only claimed.
    pub verified: bool,
    /// The caller's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub name: Option<String>,
    /// The customer's number or key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub customer_id: Option<String>,
    /// How it was verified, such as "one-time code".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub method: Option<String>,
}

/// What should be done next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextAction {
    /// In words.
    #[schemars(length(max = 4096))]
    pub text: String,
}

/// Which kinds of message the agent sends throughout the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// The kinds.
    #[schemars(length(max = 32))]
    pub kinds: Vec<ReportedKind>,
}

/// A kind of message that may truthfully never come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportedKind {
    /// [`Source`].
    Sources,
    /// [`Action`].
    Actions,
    /// [`Write`].
    CommittedWrites,
}
