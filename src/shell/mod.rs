//! Takes: files, streams, clocks and flags of the world outside.
//! Gives: samples to the engine, and the engine's events to people and machines.
//! Remembers: open files and the places in them.
//! Source: none of its own; the formats name theirs.

pub mod batch;
pub mod bins;
pub mod capture;
pub mod channel;
pub mod cli;
pub mod command;
pub mod cpu_clock;
pub mod error;
pub mod inputs;
pub mod live;
#[cfg(feature = "mic")]
pub mod mic;
pub mod output;
pub mod plot;
pub mod progress;
pub mod runner;
pub mod script;
pub mod source;
pub mod weights;
