//! What the human sees before the call connects.
//!
//! - **Takes** the call's summary, its escalation and its trajectory.
//! - **Gives** a [`HandoffPayload`]: ten fields, each filled or named as missing.
//! - **Remembers** nothing; it is built on request and may allocate.
//! - **Source**: the ten fields are the product's own; rendering is from the fields alone.

mod payload;

pub use payload::{FIELDS, HandoffPayload, TrajectoryDigest};
