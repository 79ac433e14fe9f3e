//! Takes: deliveries that the store has committed, and destinations from the configuration.
//! Gives: signed requests on the wire, and what became of each to the store, the log and metrics.
//! Remembers: open connections and what is in flight. All else is in the store.
//! Source: Standard Webhooks 1.0.0, <https://www.standardwebhooks.com>; CloudEvents 1.0.2, HTTP
//! binding, structured mode.

mod address;
mod attempt;
mod body;
mod config;
mod courier;
mod destination;
mod lane;
mod report;
mod schedule;
mod secret;
mod sign;
mod template;

pub use address::{Refused, Resolver, literal_refusal, refusal};
pub use config::{DestinationConfig, Format, check};
pub use courier::Courier;
pub(in crate::shell) use destination::provide_cryptography;
pub use destination::{Destination, Destinations};
pub use report::{Follower, Report};
pub use schedule::retry_after_ms;
pub use secret::{Key, Secret};
pub use sign::{Forged, TOLERANCE_S, sign, verify};
pub use template::{FillError, UrlTemplate};
