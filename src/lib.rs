//! Undertone hears how a caller sounds, follows where that is heading, and says when a human
//! should take over.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod error;
pub mod units;

/// Feature rows.
pub mod features {
    pub mod frame;
    pub use crate::standin::{stream, table};
}
/// Affect.
pub mod model {
    pub mod affect;
    pub use crate::standin::model::*;
}
/// Points and markers.
pub mod trajectory {
    pub mod marker;
    pub mod point;
}
/// Escalations.
pub mod decision {
    pub mod escalation;
}
#[doc(hidden)]
#[allow(missing_docs)]
pub mod standin;
pub use standin::{audio, config, engine};

#[cfg(feature = "cli")]
pub mod shell;
