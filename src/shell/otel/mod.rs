//! Traces for an OpenTelemetry collector: what became of a call, from the first word to the human.
//!
//! Takes: events that are durable, and what became of deliveries.
//! Gives: spans, by OTLP over HTTP; none of what was said is in them.
//! Remembers: escalations whose transfer is open, and spans that wait for the next request.
//! Source: OTLP 1.x, <https://opentelemetry.io/docs/specs/otlp/>, protobuf over HTTP.
//!
//! ```text
//! call
//! └─ escalation ─ decided (until it is durable), initiated, ringing, accepted, connected or failed
//!    └─ delivery, one for each attempt
//! ```
//!
//! Traces and spans are named by hashes of the call, the escalation and the delivery. So what the
//! courier sends belongs to what the worker decided without anything passed between them, and a
//! restart goes on in the same trace.

mod config;
#[cfg(feature = "otel")]
mod export;
#[cfg(feature = "otel")]
mod ids;
#[cfg(not(feature = "otel"))]
mod off;
#[cfg(feature = "otel")]
mod spans;

pub use config::TelemetryConfig;
#[cfg(feature = "otel")]
pub use export::Exporter;
#[cfg(not(feature = "otel"))]
pub use off::Exporter;

use crate::shell::server::{Calls, Published};
use std::sync::Arc;
use tokio::sync::broadcast;

/// What spans are made from.
pub struct Heard {
    /// What is durable.
    pub(in crate::shell) events: broadcast::Receiver<Arc<Published>>,
    /// What events leave out.
    pub(in crate::shell) calls: Arc<Calls>,
}
