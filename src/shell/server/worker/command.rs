//! What a worker is asked, and the sound that it is given.

use crate::decision::Trigger;
use crate::dialogue::DialogueMessage;
use crate::handoff::{Failure, HandoffPayload, Stage, TransferUpdate};
use crate::shell::server::calls::{Call, Ended};
use crate::shell::server::problem::Problem;
use crate::shell::store::VoiceKept;
use crate::wire::pcm::Encoding;
use axum::body::Bytes;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::oneshot;

/// Who waits for an answer.
pub type Reply<T> = oneshot::Sender<Result<T, Problem>>;

/// Something that a call's worker is asked.
pub struct Command {
    /// The call.
    pub call: Arc<Call>,
    /// What.
    pub ask: Ask,
}

/// What is asked.
pub enum Ask {
    /// Begin the call.
    Open(Reply<()>),
    /// Begin it again after a restart, from what was told before.
    Restore(Box<Restored>),
    /// Take messages of the dialogue.
    Say(Say),
    /// The payload as it stands.
    Handoff(Reply<HandoffPayload>),
    /// Sound is going to come.
    Listen(Format, Reply<Listening>),
    /// The telephony side tells how far the transfer is.
    Transfer(TransferReport, Reply<()>),
    /// The call is over.
    Close(Ended, Reply<()>),
}

/// What a restart found in the store.
pub struct Restored {
    /// The messages, in the order in which they came.
    pub messages: Vec<(String, DialogueMessage)>,
    /// The escalations that were decided.
    pub decided: HashSet<String>,
    /// The latest of them, with its transfer.
    pub open: Option<RestoredTransfer>,
    /// What is remembered of the caller's voice.
    pub voice: Option<VoiceKept>,
}

/// A transfer of an earlier run of the server.
pub struct RestoredTransfer {
    /// The escalation.
    pub escalation_id: String,
    /// When it was decided, milliseconds since 1970.
    pub decided_ms: i64,
    /// Which of the five triggers.
    pub trigger: Option<Trigger>,
    /// Which detector of it.
    pub reason: String,
    /// The stages it had reached, in order, and when, milliseconds since 1970.
    pub stages: Vec<(TransferUpdate, i64)>,
    /// The payload.
    pub payload: Option<HandoffPayload>,
}

/// Messages of the dialogue on their way in.
pub struct Say {
    /// The messages, checked.
    pub messages: Vec<DialogueMessage>,
    /// When they came in.
    pub since: Instant,
    /// Who waits.
    pub reply: Reply<Taken>,
}

/// What became of messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Taken {
    /// The call.
    pub call_id: String,
    /// The call was not known, and was opened for them.
    pub opened: bool,
    /// Messages that were taken.
    pub taken: u32,
    /// Messages that had been taken before under the same id, and were left alone.
    pub repeated: u32,
    /// Where the call stands, seconds.
    pub at_s: f64,
    /// The escalations that they caused, or added to.
    pub escalations: Vec<Pulled>,
}

/// An escalation that messages caused, or a transfer that they added to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Pulled {
    /// The escalation.
    pub escalation_id: String,
    /// Which of the five triggers.
    pub trigger: Trigger,
    /// Which detector of it.
    pub reason: String,
    /// False where a transfer was open already, and the trigger was added to it.
    pub new: bool,
}

/// The shape of the sound that is going to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// How a sample is written.
    pub encoding: Encoding,
    /// Samples a second.
    pub rate: u32,
    /// Whose voice.
    pub side: Side,
}

/// Whose voice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The caller: heard and read.
    #[default]
    Caller,
    /// The agent: only when it speaks, for turn-taking. Never read.
    Agent,
}

/// A stream of sound that a worker expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening {
    /// Its number; sound of an earlier stream is left aside once a later one began.
    pub stream: u64,
}

/// A block of sound.
pub struct Sound {
    /// The call.
    pub call: Arc<Call>,
    /// The stream it belongs to.
    pub stream: u64,
    /// Its shape.
    pub format: Format,
    /// Samples that were lost before it.
    pub lost: u32,
    /// The samples, whole ones only.
    pub bytes: Bytes,
    /// The stream ends here.
    pub last: bool,
    /// With it the call ends, unless another stream goes on.
    pub hang_up: bool,
    /// When it came in.
    pub since: Instant,
}

/// What the telephony side tells of a transfer.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = failures_have_a_kind)]
pub struct TransferReport {
    /// The stage that was reached.
    pub stage: Stage,
    /// Why, where the stage is `failed`.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// The queue or human it goes to.
    #[serde(default)]
    #[schemars(length(min = 1, max = 128))]
    pub destination: Option<String>,
    /// How long the caller will wait, seconds.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 86400.0))]
    pub queue_estimate_s: Option<f64>,
}

/// `failure` stands beside the stage `failed` and nowhere else; only the engine decides.
fn failures_have_a_kind(schema: &mut Schema) {
    let told = json!({
        "if": {"properties": {"stage": {"const": "failed"}}, "required": ["stage"]},
        "then": {"properties": {"failure": {"type": "string"}}, "required": ["failure"]},
        "else": {"properties": {
            "failure": {"type": "null"},
            "stage": {"enum": ["initiated", "ringing", "accepted", "connected"]},
        }},
    });
    if let Value::Object(told) = told {
        for (key, value) in told {
            schema.insert(key, value);
        }
    }
}
