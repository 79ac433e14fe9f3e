//! When a human should take over.
//!
//! - **Takes** the trajectory's state after each reading, the triggers that words and reports pull,
//!   and signs of confusion and distress in the words.
//! - **Gives** an [`Escalation`] with its reason, its back-dated onset and its evidence.
//! - **Remembers** the accumulated evidence of anger and of distress, the signs of late, and when it
//!   last escalated by sentiment.
//! - **Source**: Page (1954) for the test; the operating point is tuned by `EVALUATION.md`.

mod decide;
mod escalation;
mod operating_point;
mod signs;

pub use decide::Decision;
pub use escalation::{Escalation, Evidence, MAX_EVIDENCE, Phrase, Reason, Trigger};
pub use operating_point::OperatingPoint;
pub use signs::{Sign, SignPoint};
