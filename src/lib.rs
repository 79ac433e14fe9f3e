//! Undertone
#![forbid(unsafe_code)]
#![deny(missing_docs)]
pub mod units;
pub mod error;
pub mod audio;
pub mod features;
pub mod model;
