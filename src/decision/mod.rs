//! When a human should take over.
//!
//! - **Takes** the trajectory's state after each reading, and the triggers the dialogue pulls.
//! - **Gives** an [`Escalation`] with its reason, its back-dated onset and its evidence.
//! - **Remembers** the accumulated evidence of anger and of distress, and when it last escalated.
//! - **Source**: Page (1954) for the test; the operating point is tuned by `EVALUATION.md`.

mod decide;
mod escalation;
mod operating_point;

pub use decide::Decision;
pub use escalation::{Escalation, Evidence, MAX_EVIDENCE, Reason, Trigger};
pub use operating_point::OperatingPoint;
