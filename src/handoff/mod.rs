//! What the human sees before the call connects, and the way to that human.
//!
//! - **Takes** the escalation, the trajectory, and what the voice agent told.
//! - **Gives** a [`HandoffPayload`]: ten fields, each filled or named as missing; and the stages of
//!   a transfer.
//! - **Remembers** what was told of the call, bounded; how far the transfer is.
//! - **Source**: the ten fields are the product's own; rendering is from the fields alone.

mod compose;
mod payload;
mod transfer;

pub use compose::TrajectoryDigest;
pub use payload::{
    AgentConfidence, Channel, Confidence, Digest, EscalationReason, FIELDS, FieldState,
    HandoffPayload, MarkerAt, SCHEMA, SentimentTrajectory, SuggestedAction, SuggestedBy,
    VoiceEvidence,
};
pub use transfer::{Failure, Stage};
