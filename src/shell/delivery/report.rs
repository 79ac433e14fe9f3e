//! What became of one attempt to deliver, for who follows it.

use super::lane::Settled;
use crate::shell::store::{Attempted, Due};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::timeout;

/// One attempt. Times are milliseconds since 1970.
#[derive(Clone, Debug)]
pub struct Report {
    /// The call.
    pub call_id: String,
    /// The escalation.
    pub escalation_id: String,
    /// The delivery, the same for every attempt.
    pub delivery_id: String,
    /// The destination's name.
    pub destination: String,
    /// What was told.
    pub event: &'static str,
    /// Attempts so far, this one too.
    pub attempts: u32,
    /// What the destination answered, where it did.
    pub status: Option<u16>,
    /// What went wrong, where anything did.
    pub problem: Option<String>,
    /// When the attempt began.
    pub began_ms: i64,
    /// When it had ended, and the store knew.
    pub ended_ms: i64,
}

impl Report {
    pub(super) fn new(due: &Due, ended: &Attempted, began_ms: i64, ended_ms: i64) -> Self {
        Self {
            call_id: due.call_id.clone(),
            escalation_id: due.escalation_id.clone(),
            delivery_id: due.delivery_id.clone(),
            destination: due.destination.clone(),
            event: due.event.name(),
            attempts: ended.attempts,
            status: ended.status,
            problem: ended.problem.clone(),
            began_ms,
            ended_ms,
        }
    }
}

/// Who is told of attempts, if anybody. Nothing waits for them: what finds no room is counted.
#[derive(Clone, Debug, Default)]
pub struct Follower(pub Option<Sender<Report>>);

/// How long the last attempts are waited for, after the store knew of them.
const LAST: Duration = Duration::from_millis(20);

impl Follower {
    /// Tells what is still on its way from the store when the courier ends.
    pub(super) async fn rest(&self, answers: &mut Receiver<Settled>) {
        if self.0.is_none() {
            return;
        }
        while let Ok(Some(settled)) = timeout(LAST, answers.recv()).await {
            self.told(&settled);
        }
    }

    pub(super) fn told(&self, settled: &Settled) {
        if let Some(follower) = &self.0
            && follower.try_send(settled.report.clone()).is_err()
        {
            metrics::counter!("undertone_spans_lost_total").increment(1);
        }
    }
}
