//! The server: calls of voice agents in, escalations and handoffs out.
//!
//! - **Takes** dialogue, sound and stages of transfers over HTTP, from holders of tokens.
//! - **Gives** events, payloads, pages and metrics; escalations to the store and so to the courier.
//! - **Remembers** open calls, in the memory of their workers; all that must not be lost is in the
//!   store, and a restart begins there.
//! - **Source**: RFC 9110, 9457 and 6750 for requests, problems and tokens.
//!
//! ```text
//! request ─ guard ─ auth ─ api ─ queue ─ worker (engine) ─ ledger ─ commit ─ answer, events
//!                                                             └─ courier ─ webhooks
//! ```

mod api;
mod app;
pub mod auth;
mod body;
mod bus;
mod calls;
mod clients;
pub mod config;
mod current;
mod feed;
mod guard;
mod handshake;
mod ledger;
mod listen;
mod message;
mod problem;
mod reload;
mod run;
pub mod settings;
mod telemetry;
mod ticket;
pub mod tls;
mod worker;

use app::App;
pub(in crate::shell) use bus::Published;
#[cfg(feature = "otel")]
pub(in crate::shell) use calls::Call;
pub(in crate::shell) use calls::Calls;
pub use run::{Running, start};
pub use ticket::random;
