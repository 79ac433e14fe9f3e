//! Undertone hears how a caller sounds, follows where that is heading, and says when a human
//! should take over.
//!
//! Sound walks one way through the rooms. Each takes from the one before it, gives to the one
//! after it, and knows nothing downstream:
//!
//! ```text
//! bytes ─ wire ─ PCM ─ audio ─ hops ─ features ─ frames ─ model ─ affect ─ trajectory ─ points
//!       ─ (dialogue) ─ decision ─ escalation ─ handoff ─ payload
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod error;
pub mod units;

pub mod wire;

pub mod audio;

pub mod features;

pub mod model;

pub mod trajectory;

pub mod dialogue;

pub mod decision;

pub mod handoff;

pub mod config;
pub mod engine;
mod summary;

// The shell alone may ask for the time, open files and start threads.
#[cfg(feature = "cli")]
#[allow(clippy::disallowed_methods, clippy::disallowed_types)]
pub mod shell;

pub use audio::PcmBlock;
pub use config::EngineConfig;
pub use engine::{Engine, Event};
pub use features::{FeatureFrame, FeatureStream};
pub use model::{AffectModel, ModelCard};

#[cfg(all(doctest, feature = "embedded"))]
#[doc = include_str!("../README.md")]
mod readme {}
