//! What the human sees before the call connects, and the way to that human.
//!
//! - **Takes** the escalations, the trajectory, and what the voice agent told.
//! - **Gives** a [`HandoffPayload`]: ten fields, each filled or named as missing; and the stages of
//!   a transfer.
//! - **Remembers** what was told of the call, bounded and without secrets; how far the transfer is.
//! - **Source**: the ten fields are the product's own; rendering is from the fields alone. Checks of
//!   card numbers and bank accounts: ISO/IEC 7812-1 (Luhn) and ISO 13616-1 (mod 97).

mod bounded;
mod budget;
mod compose;
mod curve;
mod digest;
mod dossier;
mod payload;
mod redaction;
mod stages;
mod suggest;
mod transfer;

pub use budget::{StageBudget, TransferBudget};
pub use compose::{Known, compose};
pub use curve::{Curve, CurveMemory, MAX_MARKERS, MAX_POINTS};
pub use dossier::{Dossier, MAX_ITEMS, MAX_LIST_BYTES, MAX_TURNS};
pub use payload::{
    AgentConfidence, Channel, Confidence, Digest, EscalationReason, FIELDS, FieldState,
    HandoffPayload, MarkerAt, SCHEMA, SentimentTrajectory, SuggestedAction, SuggestedBy,
    VoiceEvidence,
};
pub use redaction::Redaction;
pub use stages::{
    Ending, Failure, Lateness, Next, Stage, StageAt, TransferError, TransferEvent, TransferStatus,
    TransferUpdate,
};
pub use transfer::{MAX_DESTINATIONS, Transfer};
