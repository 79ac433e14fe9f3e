//! Undertone
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod audio;
pub mod error;
pub mod features;
pub mod model;
#[cfg(feature = "cli")]
pub mod shell;
pub mod trajectory;
pub mod units;
pub mod wire;
