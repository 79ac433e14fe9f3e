//! x
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod error;
#[cfg(feature = "cli")]
pub mod shell;
pub mod units;
pub mod wire;
