//! Takes: calls, escalations, transfers, turns, ratings and deliveries that the store holds.
//! Gives: the figures that prove a handoff, or that disprove it, each with its number of cases; a picture.
//! Remembers: nothing.
//! Source: the definitions stand in `docs/metrics.md`.

mod figures;
mod picture;
mod repeats;
mod seed;
mod text;
mod transfers;

pub use figures::{Share, Spread, difference_interval};
pub use repeats::{Repeat, WINDOW_MS, repeats};
pub use seed::{Completeness, Csat, Repeats, TriggerShare, Triggers};
pub use transfers::{DestinationOutcome, StageTimes, Transfers};

use crate::handoff::TransferBudget;
use crate::shell::error::ShellError;
use crate::shell::store::Reads;
use serde::Serialize;
use std::path::Path;

/// What is asked of the store.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// Escalations decided since then count, milliseconds since 1970.
    pub since_ms: i64,
    /// The moment of the report, milliseconds since 1970.
    pub now_ms: i64,
    /// Days within which a customer who is escalated again counts.
    pub again_within_days: u32,
    /// Targets and worst cases of the transfer's stages.
    pub budget: TransferBudget,
}

/// The report. A figure without a case is `None`, printed as "no data": never as 0.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Since when, RFC 3339; none where everything counts.
    pub since: Option<String>,
    /// Calls that began since then.
    pub calls: usize,
    /// Escalations that were decided since then.
    pub escalations: usize,
    /// How complete the payloads were.
    pub completeness: Option<Completeness>,
    /// Stages and ends of the transfers.
    pub transfers: Transfers,
    /// Which triggers decided.
    pub triggers: Option<Triggers>,
    /// Escalated calls whose caller was escalated again.
    pub escalated_again: Option<Share>,
    /// Escalated calls of which no customer is known, so that only the call itself could show it.
    pub without_customer: usize,
    /// Connected calls in which something had to be said again.
    pub caller_repeats: Option<Repeats>,
    /// Ratings of escalated calls against the baseline.
    pub csat: Csat,
    /// What became of the deliveries, by destination.
    pub deliveries: Vec<DestinationOutcome>,
}

impl Report {
    /// Reads the store and counts.
    ///
    /// # Errors
    /// [`ShellError::Store`]: the store cannot be read.
    pub fn gather(reads: &Reads, query: &Query) -> Result<Self, ShellError> {
        let since = query.since_ms;
        let mut escalations = reads.escalations(since, u32::MAX)?;
        escalations.reverse();
        let transfers = reads.transfers_since(since)?;
        let connected = transfers::connected(&transfers);
        let (again, without_customer) = seed::escalated_again(&escalations, &transfers, query);
        Ok(Self {
            since: (since > 0).then(|| crate::shell::wall::rfc3339(since)),
            calls: reads.calls(since)?.len(),
            escalations: escalations.len(),
            completeness: seed::completeness(&escalations),
            transfers: transfers::count(&escalations, &transfers, &query.budget),
            triggers: seed::triggers(&escalations),
            escalated_again: again,
            without_customer,
            caller_repeats: seed::caller_repeats(&escalations, &connected, |call| {
                reads.human_turns(call)
            })?,
            csat: seed::csat(&reads.ratings(since)?),
            deliveries: transfers::deliveries(&reads.deliveries(since, None)?),
        })
    }

    /// Draws the trigger mix and the times to a human into `path`, a .png or .svg.
    ///
    /// # Errors
    /// Another ending, or a file that cannot be written.
    pub fn plot(&self, path: &Path) -> Result<(), ShellError> {
        picture::write(path, self)
    }

    /// The report as lines to read.
    pub fn text(&self) -> String {
        text::text(self)
    }
}
