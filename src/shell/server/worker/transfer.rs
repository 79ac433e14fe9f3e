//! The way to a human: told by the telephony side, held against the budget by the clock.

use super::command::{Reply, RestoredTransfer, TransferReport};
use super::live::Live;
use crate::handoff::{
    HandoffPayload, Stage, Transfer, TransferBudget, TransferError, TransferEvent, TransferStatus,
    TransferUpdate,
};
use crate::shell::server::calls::TransferView;
use crate::shell::server::ledger::Done;
use crate::shell::server::problem::Problem;
use crate::shell::store::{EventKind, Record, TransferAt};
use crate::shell::wall::unix_ms;
use serde_json::{Map, Value};
use std::time::Instant;

/// The latest transfer of a call, open or ended.
pub struct OpenTransfer {
    /// The escalation behind it.
    pub escalation_id: String,
    /// Which of the call's escalations that is, as the engine counts them.
    pub nth: u32,
    /// The payload as an earlier run of the server stored it.
    pub before: Option<HandoffPayload>,
    decided_ms: i64,
    /// The same moment on the clock that never jumps, as far as this run knows it.
    since: Instant,
    before_ms: u64,
    late: bool,
    machine: Transfer,
}

impl OpenTransfer {
    /// Decided just now.
    pub fn new(id: &str, nth: u32, decided_ms: i64, budget: TransferBudget, to: &[String]) -> Self {
        Self {
            escalation_id: id.to_owned(),
            nth,
            before: None,
            decided_ms,
            since: Instant::now(),
            before_ms: 0,
            late: false,
            machine: Transfer::new(budget).with_destinations(to.to_vec()),
        }
    }

    /// Decided in an earlier run of the server.
    pub fn restored(
        stored: RestoredTransfer,
        nth: u32,
        budget: TransferBudget,
        to: &[String],
    ) -> Self {
        let mut transfer = Self::new(&stored.escalation_id, nth, stored.decided_ms, budget, to);
        transfer.before = stored.payload;
        transfer.before_ms = elapsed(stored.decided_ms, unix_ms());
        for (update, at_ms) in stored.stages {
            // What was stored had been taken once.
            let _ = transfer
                .machine
                .update(update, elapsed(stored.decided_ms, at_ms));
        }
        transfer
    }

    /// Whether a human may still come of it.
    pub fn is_open(&self) -> bool {
        !self.machine.ended()
    }

    /// Whether a human has the call.
    pub fn connected(&self) -> bool {
        self.status().stage == Stage::Connected
    }

    /// Whether a human has seen the payload and taken the call.
    pub fn taken(&self) -> bool {
        matches!(self.status().stage, Stage::Accepted | Stage::Connected)
    }

    fn now_ms(&self) -> u64 {
        self.before_ms + self.since.elapsed().as_millis() as u64
    }

    fn status(&self) -> TransferStatus {
        self.machine.status(self.now_ms())
    }

    /// As everybody may see it.
    pub fn view(&self) -> TransferView {
        TransferView {
            escalation_id: self.escalation_id.clone(),
            decided_ms: self.decided_ms,
            late: self.late,
            status: self.status(),
        }
    }
}

fn elapsed(from_ms: i64, to_ms: i64) -> u64 {
    u64::try_from(to_ms - from_ms).unwrap_or(0)
}

impl Live {
    /// The telephony side tells how far the transfer is.
    pub fn report(&mut self, report: TransferReport, reply: Reply<()>) {
        self.latest = Instant::now();
        let mut done = Done::new(&self.call);
        let told = TransferUpdate {
            stage: report.stage,
            failure: report.failure,
            queue_estimate_s: report.queue_estimate_s,
        };
        match self.reached(told, report.destination, &mut done) {
            Ok(()) => {
                done.answer(Box::new(|stored| drop(reply.send(stored))));
                self.world.ledger.send(done);
            }
            Err(problem) => drop(reply.send(Err(problem))),
        }
    }

    /// A stage was reached, or the transfer failed.
    pub(super) fn reached(
        &mut self,
        update: impl Into<TransferUpdate>,
        destination: Option<String>,
        done: &mut Done,
    ) -> Result<(), Problem> {
        let none = || Problem::conflict("no transfer was begun in this call");
        let transfer = self.transfer.as_mut().ok_or_else(none)?;
        let now_ms = transfer.now_ms();
        let events = transfer
            .machine
            .update(update, now_ms)
            .map_err(|error| told(&error))?;
        self.staged(events, destination, done);
        Ok(())
    }

    /// The clock: what is late is told, and fails where policy says so.
    pub fn tick(&mut self) {
        let Some(transfer) = self.transfer.as_mut().filter(|it| it.is_open()) else {
            return;
        };
        let now_ms = transfer.now_ms();
        let events = transfer.machine.due(now_ms);
        if events.is_empty() {
            return;
        }
        let mut done = Done::new(&self.call);
        self.staged(events, None, &mut done);
        self.world.ledger.send(done);
    }

    /// The caller is gone: nobody waits any more.
    pub(super) fn hung_up(&mut self, done: &mut Done) {
        // Once a human has taken it the agent may leave.
        let waits = |it: &OpenTransfer| it.is_open() && !it.taken();
        if self.transfer.as_ref().is_some_and(waits) {
            let gone = crate::handoff::Failure::CallerHungUp;
            // An open transfer can always lose its caller.
            let _ = self.reached(gone, None, done);
        }
    }

    fn staged(&mut self, events: Vec<TransferEvent>, destination: Option<String>, done: &mut Done) {
        let Some(transfer) = &mut self.transfer else {
            return;
        };
        // Late until the next stage comes.
        for event in &events {
            transfer.late = match event {
                TransferEvent::Late { .. } => true,
                TransferEvent::Reached { .. } | TransferEvent::Failed { .. } => false,
                _ => transfer.late,
            };
        }
        let id = transfer.escalation_id.clone();
        let status = transfer.status();
        let destination = destination.or(status.destination);
        for event in events {
            let (kind, stored) = match &event {
                TransferEvent::Reached { reached, .. } => (
                    "transfer_reached",
                    Some((reached.stage, None, reached.at_ms)),
                ),
                TransferEvent::Failed { failure, at_ms, .. } => (
                    "transfer_failed",
                    Some((Stage::Failed, Some(*failure), *at_ms)),
                ),
                TransferEvent::Late { stage, .. } => {
                    let stage = name(stage);
                    metrics::counter!("undertone_transfer_late_total", "stage" => stage)
                        .increment(1);
                    ("transfer_late", None)
                }
                TransferEvent::Queue { .. } => ("transfer_queue", None),
                TransferEvent::Ended { .. } => ("transfer_ended", None),
            };
            if let Some((stage, failure, at_ms)) = stored {
                self.stored(&id, stage, failure, at_ms, destination.as_ref(), done);
            }
            done.event(kind, &fields(kind, &id, destination.as_ref(), &event));
        }
        let view = self.transfer.as_ref().map(OpenTransfer::view);
        self.call.update(|status| status.transfer = view);
    }

    fn stored(
        &mut self,
        escalation_id: &str,
        stage: Stage,
        failure: Option<crate::handoff::Failure>,
        elapsed_ms: u64,
        destination: Option<&String>,
        done: &mut Done,
    ) {
        if stage == Stage::Accepted || (stage == Stage::Connected && self.accepted.is_none()) {
            self.accepted = Some(self.payload());
            metrics::histogram!("undertone_time_to_human_seconds").record(elapsed_ms as f64 / 1e3);
        }
        let why = failure.as_ref().map_or_else(|| "none".to_owned(), name);
        metrics::counter!("undertone_transfers_total", "stage" => name(&stage), "failure" => why)
            .increment(1);
        let now_ms = unix_ms();
        let at = TransferAt {
            escalation_id: escalation_id.to_owned(),
            stage,
            failure,
            at_ms: now_ms,
            destination: destination.cloned(),
            deliveries: self.deliveries(EventKind::Transfer, now_ms),
        };
        done.record(&self.world.ledger, Record::Transfer(at));
    }
}

/// The name of a unit variant, as the contract has it.
fn name(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// The event under a type of its own, with its escalation.
fn fields(kind: &str, id: &str, destination: Option<&String>, event: &TransferEvent) -> Value {
    let mut fields = match serde_json::to_value(event) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.insert("type".to_owned(), kind.into());
    fields.insert("escalation_id".to_owned(), id.into());
    if let Some(destination) = destination {
        fields.insert("destination".to_owned(), destination.as_str().into());
    }
    Value::Object(fields)
}

fn told(error: &TransferError) -> Problem {
    let detail = error.to_string();
    match error {
        TransferError::NoFailure => {
            let mend = "say why: queue_full, timeout, declined, no_answer, voicemail, \
                        caller_hung_up or unreachable";
            Problem::refused(detail).at("failure", "missing").mend(mend)
        }
        TransferError::StrayFailure => {
            let mend = "leave it out, or give the stage `failed`";
            Problem::refused(detail)
                .at("failure", "beside another stage")
                .mend(mend)
        }
        TransferError::Estimate => {
            let mend = "give 0 to 86400 seconds";
            Problem::refused(detail)
                .at("queue_estimate_s", "out of range")
                .mend(mend)
        }
        _ => Problem::conflict(detail),
    }
}
