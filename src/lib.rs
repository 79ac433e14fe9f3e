//! Undertone hears how a caller sounds, follows where that is heading, and says when a human
//! should take over.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod audio;
/// Escalations.
pub mod decision {
    pub mod escalation;
    pub use escalation::*;
}
pub mod error;
pub mod features;
pub mod model;
#[doc(hidden)]
#[allow(missing_docs)]
pub mod standin;
pub mod trajectory;
pub mod units;
pub mod wire;
pub use standin::{config, engine};

#[cfg(feature = "cli")]
pub mod shell;
