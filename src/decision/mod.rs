//! When a human should take over.
//!
//! - **Takes** the trajectory's state after each reading, markers and turn-taking, the triggers that
//!   words and reports pull, and signs of confusion, distress and anger in the words.
//! - **Gives** an [`Escalation`] with its reason, its back-dated onset and its evidence.
//! - **Remembers** the evidence of a change to anger and to distress and of anger from hello, the
//!   sounds, words and interruptions of late, and when it last escalated by sentiment.
//! - **Source**: the tests are `trajectory::Change` and `trajectory::Hello`; what they are held
//!   against follows from the declared rate of false alarms ([`OperatingPoint`]).

mod decide;
mod detector;
mod escalation;
mod memory;
mod operating_point;
mod said;
mod signs;

pub use decide::Decision;
pub use detector::REARM;
pub use escalation::{Escalation, Evidence, MAX_EVIDENCE, Phrase, Reason, Trigger};
pub use memory::{DecisionMemory, EscalationMemory};
pub use operating_point::OperatingPoint;
pub use signs::{Sign, SignPoint};
