//! What is read back, one type a table. Times are milliseconds since 1970, UTC.

use super::apply::DeliveryState;
use super::record::{EventKind, Rating, VoiceKept};
use crate::dialogue::Speaker;
use crate::handoff::{Channel, Failure, Stage};
use serde::Serialize;
use std::collections::BTreeMap;

/// A call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredCall {
    /// The call, as the telephony side names it.
    pub call_id: String,
    /// How the conversation is held.
    pub channel: Channel,
    /// When it began.
    pub opened_ms: i64,
    /// When it ended; none while it goes on.
    pub closed_ms: Option<i64>,
    /// Whose call it is.
    pub tenant: Option<String>,
    /// What the telephony side gave.
    pub labels: BTreeMap<String, String>,
}

/// A call that has not ended, with all that is needed to go on with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenCall {
    /// The call.
    pub call: StoredCall,
    /// What was told, in the order in which it was stored.
    pub dialogue: Vec<StoredMessage>,
    /// Its escalations, oldest first.
    pub escalations: Vec<StoredEscalation>,
    /// What is remembered of the caller's voice.
    pub voice: Option<VoiceKept>,
}

/// A message of the dialogue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredMessage {
    /// Its name.
    pub message_id: String,
    /// When it came.
    pub at_ms: i64,
    /// The message as JSON.
    pub message: String,
}

/// An escalation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredEscalation {
    /// Its name.
    pub escalation_id: String,
    /// The call.
    pub call_id: String,
    /// When it was decided.
    pub decided_ms: i64,
    /// Which of the five triggers.
    pub trigger: String,
    /// Which detector of it.
    pub reason: String,
    /// The customer, where known.
    pub customer_id: Option<String>,
    /// The newest payload, as JSON.
    pub payload: String,
    /// Its completeness, 0..1.
    pub completeness: f64,
    /// When the payload was last updated.
    pub updated_ms: i64,
}

/// A stage that a transfer reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredTransfer {
    /// The escalation.
    pub escalation_id: String,
    /// The stage.
    pub stage: Stage,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// When.
    pub at_ms: i64,
    /// The queue or human it goes to.
    pub destination: Option<String>,
}

/// Something said after the human took over.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredTurn {
    /// The call.
    pub call_id: String,
    /// When it began.
    pub at_ms: i64,
    /// Who.
    pub speaker: Speaker,
    /// The words.
    pub text: String,
}

/// A rating.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredRating {
    /// The call.
    pub call_id: String,
    /// 1 to 5.
    pub csat: u8,
    /// Which kind of call was rated.
    pub group: Rating,
    /// When.
    pub at_ms: i64,
}

/// A delivery and how it went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredDelivery {
    /// Its name, the `webhook-id`.
    pub delivery_id: String,
    /// The escalation.
    pub escalation_id: String,
    /// The destination's name.
    pub destination: String,
    /// What is told.
    pub event: EventKind,
    /// Where it stands.
    pub state: DeliveryState,
    /// When the event was.
    pub at_ms: i64,
    /// When telling is of no use any more.
    pub expires_ms: i64,
    /// Attempts so far.
    pub attempts: u32,
    /// The last HTTP status.
    pub status: Option<u16>,
    /// What was wrong with the last attempt.
    pub problem: Option<String>,
    /// When it was settled.
    pub done_ms: Option<i64>,
}

/// A delivery that waits to be tried, with all that its request is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// Its name, the `webhook-id`.
    pub delivery_id: String,
    /// The destination's name.
    pub destination: String,
    /// What is told.
    pub event: EventKind,
    /// When the event was.
    pub at_ms: i64,
    /// When it may be tried.
    pub due_ms: i64,
    /// When telling is of no use any more.
    pub expires_ms: i64,
    /// Attempts so far.
    pub attempts: u32,
    /// The payload, or the transfer, as JSON.
    pub data: String,
    /// The escalation.
    pub escalation_id: String,
    /// Its trigger.
    pub trigger: String,
    /// Its reason.
    pub reason: String,
    /// The call.
    pub call_id: String,
    /// The call's labels, for URL templates.
    pub labels: BTreeMap<String, String>,
}
