//! Takes: files, streams, clocks and flags of the world outside.
//! Gives: samples to the engine, and the engine's events to people and machines.
//! Remembers: open files and the places in them.
//! Source: none of its own; the formats name theirs.

pub mod batch;
pub mod bins;
pub mod bootstrap;
pub mod calls;
pub mod capture;
pub mod channel;
pub mod cli;
pub mod command;
pub mod cpu_clock;
#[cfg(feature = "serve")]
pub mod delivery;
pub mod error;
pub mod inputs;
pub mod live;
#[cfg(feature = "serve")]
pub mod load;
#[cfg(feature = "mic")]
pub mod mic;
#[cfg(feature = "serve")]
pub mod otel;
pub mod output;
#[cfg(feature = "serve")]
pub mod play;
pub mod plot;
pub mod progress;
#[cfg(feature = "serve")]
pub mod report;
pub mod runner;
#[cfg(feature = "serve")]
pub mod screen;
pub mod script;
#[cfg(feature = "serve")]
pub mod server;
pub mod source;
#[cfg(feature = "serve")]
pub mod store;
#[cfg(feature = "serve")]
pub mod wall;
pub mod weights;
