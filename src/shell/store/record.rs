//! What is stored: one record for each thing that happened to a call.

use super::id::escalation_id;
use crate::decision::Trigger;
use crate::dialogue::Speaker;
use crate::handoff::{Channel, Failure, HandoffPayload, Stage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One thing that happened. Times are milliseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A call or conversation began. A repeat changes nothing.
    CallOpened(CallOpened),
    /// The voice agent told something. Unique by call and message id.
    Dialogue(Dialogue),
    /// The engine decided to hand over. Unique by escalation id.
    Decided(Decided),
    /// More was told while the caller waits.
    PayloadUpdated(PayloadUpdated),
    /// A transfer reached a stage, or failed.
    Transfer(TransferAt),
    /// What is remembered of the caller's voice; it takes the place of what was before.
    VoiceKept(VoiceKept),
    /// Something was said after the human took over.
    HumanTurn(HumanTurn),
    /// The caller rated the call. The first rating of a call stays.
    Rated(Rated),
    /// The call ended. The first end stays.
    CallClosed {
        /// The call.
        call_id: String,
        /// When.
        closed_ms: i64,
    },
}

/// A call or conversation began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallOpened {
    /// The call, as the telephony side names it.
    pub call_id: String,
    /// How the conversation is held.
    pub channel: Channel,
    /// When it began.
    pub opened_ms: i64,
    /// Whose call it is, where one server serves several.
    pub tenant: Option<String>,
    /// Names and values that the telephony side gave; URL templates of destinations use them.
    pub labels: BTreeMap<String, String>,
}

/// The voice agent told something.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialogue {
    /// The call.
    pub call_id: String,
    /// The message's name; give one where the sender gave none.
    pub message_id: String,
    /// When it came.
    pub at_ms: i64,
    /// The message as JSON, redacted.
    pub message: String,
}

/// The engine decided to hand over.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// See [`escalation_id`].
    pub escalation_id: String,
    /// The call.
    pub call_id: String,
    /// When it was decided.
    pub decided_ms: i64,
    /// Which of the five triggers.
    pub trigger: Trigger,
    /// Which detector of it.
    pub reason: String,
    /// The customer, where the payload names one.
    pub customer_id: Option<String>,
    /// The payload as JSON.
    pub payload: String,
    /// Share of the applicable fields that are filled, 0..1.
    pub completeness: f64,
    /// Whom to tell. Written in the same transaction as the escalation.
    pub deliveries: Vec<NewDelivery>,
    /// The voice as it stood then, in the same transaction too: a restart can neither decide it
    /// again nor forget that it was decided.
    pub voice: Option<VoiceKept>,
}

impl Decided {
    /// The same with the voice as it stood then.
    pub fn with_voice(self, voice: Option<VoiceKept>) -> Self {
        Self { voice, ..self }
    }

    /// The record of `payload`, which is given its call and escalation id here. `key` is what
    /// fired: the dialogue message's id, or the ticks of stream time for the voice.
    pub fn new(
        call_id: &str,
        trigger: Trigger,
        key: &str,
        decided_ms: i64,
        mut payload: HandoffPayload,
        deliveries: Vec<NewDelivery>,
    ) -> Self {
        let id = escalation_id(call_id, trigger, key);
        payload.call_id = Some(call_id.to_owned());
        payload.escalation_id = Some(id.clone());
        let identity = payload.identity.as_ref();
        Self {
            escalation_id: id,
            call_id: call_id.to_owned(),
            decided_ms,
            trigger,
            reason: payload
                .escalation_reason
                .as_ref()
                .map_or_else(|| trigger.name().to_owned(), |it| it.reason.clone()),
            customer_id: identity.and_then(|it| it.customer_id.clone()),
            completeness: f64::from(payload.completeness),
            payload: json(&payload),
            deliveries,
            voice: None,
        }
    }
}

/// What is remembered of the caller's voice, so that a restart goes on with it. One row a call, gone
/// when the call ends.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VoiceKept {
    /// The call.
    pub call_id: String,
    /// When it stood so.
    pub at_ms: i64,
    /// When the sound began, which names the voice's escalations.
    pub began_ms: i64,
    /// Messages of the dialogue that came before.
    pub messages: u64,
    /// The latest transfer's escalation, and which of the call's that is, counted from 0.
    pub escalation: Option<(String, u32)>,
    /// See [`crate::engine::Memory`].
    pub memory: Vec<u8>,
}

/// More was told while the caller waits.
#[derive(Clone, Debug, PartialEq)]
pub struct PayloadUpdated {
    /// The escalation.
    pub escalation_id: String,
    /// When.
    pub at_ms: i64,
    /// The customer, where the payload names one.
    pub customer_id: Option<String>,
    /// The payload as JSON.
    pub payload: String,
    /// Share of the applicable fields that are filled, 0..1.
    pub completeness: f64,
    /// Whom to tell, if anybody.
    pub deliveries: Vec<NewDelivery>,
}

impl PayloadUpdated {
    /// The record of `payload`, which is given its escalation id here.
    pub fn new(
        escalation_id: &str,
        at_ms: i64,
        mut payload: HandoffPayload,
        deliveries: Vec<NewDelivery>,
    ) -> Self {
        payload.escalation_id = Some(escalation_id.to_owned());
        let identity = payload.identity.as_ref();
        Self {
            escalation_id: escalation_id.to_owned(),
            at_ms,
            customer_id: identity.and_then(|it| it.customer_id.clone()),
            completeness: f64::from(payload.completeness),
            payload: json(&payload),
            deliveries,
        }
    }
}

/// A transfer reached a stage, or failed. Unique by escalation, stage, failure and time.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferAt {
    /// The escalation.
    pub escalation_id: String,
    /// The stage.
    pub stage: Stage,
    /// Why, where the stage is [`Stage::Failed`].
    pub failure: Option<Failure>,
    /// When.
    pub at_ms: i64,
    /// The queue or human it goes to, as the telephony side names it.
    pub destination: Option<String>,
    /// Whom to tell, if anybody.
    pub deliveries: Vec<NewDelivery>,
}

/// Something was said after the human took over, by either side.
#[derive(Clone, Debug, PartialEq)]
pub struct HumanTurn {
    /// The call.
    pub call_id: String,
    /// When it began.
    pub at_ms: i64,
    /// Who.
    pub speaker: Speaker,
    /// The words, redacted.
    pub text: String,
}

/// The caller rated the call.
#[derive(Clone, Debug, PartialEq)]
pub struct Rated {
    /// The call. It need not be stored: a baseline call never met the voice agent.
    pub call_id: String,
    /// 1 (worst) to 5 (best).
    pub csat: u8,
    /// Which kind of call was rated.
    pub group: Rating,
    /// When.
    pub at_ms: i64,
}

/// Which kind of call was rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// The voice agent handed it over.
    Escalated,
    /// A human had it from the beginning: the baseline.
    HumanOnly,
}

/// One destination that is told of the record's event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The destination's name in the configuration.
    pub destination: String,
    /// When telling is of no use any more.
    pub expires_ms: i64,
}

/// What destinations are told; the `type` of the webhook's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// A call is handed over.
    #[serde(rename = "call.escalation.raised")]
    Raised,
    /// The payload has more.
    #[serde(rename = "call.escalation.updated")]
    Updated,
    /// The transfer reached a stage, or failed.
    #[serde(rename = "call.transfer.changed")]
    Transfer,
}

impl EventKind {
    /// As it is written: `call.escalation.raised` and so on.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raised => "call.escalation.raised",
            Self::Updated => "call.escalation.updated",
            Self::Transfer => "call.transfer.changed",
        }
    }
}

fn json(payload: &HandoffPayload) -> String {
    // Strings, numbers and maps with string keys always serialise.
    serde_json::to_string(payload).unwrap_or_default()
}

impl Record {
    /// About how much memory it takes, bytes.
    pub(super) fn size(&self) -> usize {
        let told = |list: &[NewDelivery]| list.iter().map(|it| 64 + it.destination.len()).sum();
        128 + match self {
            Self::CallOpened(it) => {
                let labels = it.labels.iter().map(|(k, v)| k.len() + v.len() + 48);
                it.call_id.len() + it.tenant.as_ref().map_or(0, String::len) + labels.sum::<usize>()
            }
            Self::Dialogue(it) => it.call_id.len() + it.message_id.len() + it.message.len(),
            Self::Decided(it) => {
                let told: usize = told(&it.deliveries);
                let voice = it.voice.as_ref().map_or(0, |it| it.memory.len());
                it.call_id.len() + it.reason.len() + it.payload.len() + told + voice
            }
            Self::PayloadUpdated(it) => it.payload.len() + told(&it.deliveries),
            Self::Transfer(it) => {
                it.destination.as_ref().map_or(0, String::len) + told(&it.deliveries)
            }
            Self::VoiceKept(it) => it.call_id.len() + it.memory.len(),
            Self::HumanTurn(it) => it.call_id.len() + it.text.len(),
            Self::Rated(it) => it.call_id.len(),
            Self::CallClosed { call_id, .. } => call_id.len(),
        }
    }

    /// The call or escalation it speaks of.
    pub(super) fn subject(&self) -> &str {
        match self {
            Self::CallOpened(it) => &it.call_id,
            Self::Dialogue(it) => &it.call_id,
            Self::Decided(it) => &it.call_id,
            Self::PayloadUpdated(it) => &it.escalation_id,
            Self::Transfer(it) => &it.escalation_id,
            Self::VoiceKept(it) => &it.call_id,
            Self::HumanTurn(it) => &it.call_id,
            Self::Rated(it) => &it.call_id,
            Self::CallClosed { call_id, .. } => call_id,
        }
    }
}
