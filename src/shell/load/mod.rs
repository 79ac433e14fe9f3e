//! Many calls at once against a server, and how long it took to act.
//!
//! - **Takes** a recording, a number of calls, and a time.
//! - **Gives** the times from a caller's words, and from a decision, to the signed webhook in the
//!   receiver's hands; what the server lost; what it cost.
//! - **Remembers** one call a task, and every time that was measured.
//! - **Source**: none. Callers, server and receiver share this machine's cores, so the figures hold
//!   the cost of all three.

mod caller;
mod client;
mod figures;
mod probe;
mod receiver;
mod subject;

pub use caller::{Audio, Frames};
pub use client::client;
pub use figures::{Distribution, Figures};
pub use probe::{Plan, drive};
pub use receiver::{Receiver, Webhook};
pub use subject::Subject;
