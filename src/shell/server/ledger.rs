//! First durable, then told: what a worker decided waits here for its commit, in order.
//!
//! A record that the store refuses is tried again until it is stored, as the worker has acted on
//! it already: what was decided is never forgotten while the process lives. Until then the server
//! says that it is not ready, and takes nothing new.

use super::bus::Bus;
use super::calls::Call;
use super::problem::Problem;
use crate::shell::store::{Receipt, Record, Store, StoreError};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long to wait before a record is tried again.
const AGAIN: Duration = Duration::from_millis(200);

/// What was done about a call, on its way to be stored and told. The queue of these is bounded by
/// the store's own bound: a worker takes nothing new while the store fails.
pub struct Done {
    /// The call.
    pub call: Arc<Call>,
    /// What is stored, in order, and the store's promise for each.
    records: Vec<(Record, Result<Receipt, StoreError>)>,
    /// What is told afterwards.
    events: Vec<(&'static str, Value)>,
    /// Who waits.
    answer: Option<Answer>,
    /// When something was decided, where it was.
    pub decided: Option<Instant>,
    /// When the message that caused it came in.
    pub since: Option<Instant>,
}

/// Tells who waits that it is durable, or that it is not yet.
pub type Answer = Box<dyn FnOnce(Result<(), Problem>) + Send>;

impl Done {
    /// Nothing about `call`.
    pub fn new(call: &Arc<Call>) -> Self {
        Self {
            call: call.clone(),
            records: Vec::new(),
            events: Vec::new(),
            answer: None,
            decided: None,
            since: None,
        }
    }

    /// Hands `record` to the store.
    pub fn record(&mut self, ledger: &Ledger, record: Record) {
        let receipt = ledger.store.submit(record.clone());
        self.records.push((record, receipt));
    }

    /// Tells an event afterwards; `fields` has its `type` too.
    pub fn event(&mut self, kind: &'static str, fields: &impl Serialize) {
        // Plain structs under plain keys always serialise.
        self.events
            .push((kind, serde_json::to_value(fields).unwrap_or_default()));
    }

    /// Answers afterwards.
    pub fn answer(&mut self, answer: Answer) {
        self.answer = Some(answer);
    }

    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.events.is_empty() && self.answer.is_none()
    }
}

/// The store, and the ways to it.
pub struct Ledger {
    /// The store.
    pub store: Store,
    ways: Vec<UnboundedSender<Done>>,
    failing: AtomicBool,
}

/// The other ends of the ways, for [`Ledger::publish`].
pub struct Ways(Vec<UnboundedReceiver<Done>>);

impl Ledger {
    /// A way for each worker.
    pub fn new(store: Store, workers: usize) -> (Self, Ways) {
        let (ways, ends) = (0..workers.max(1)).map(|_| unbounded_channel()).unzip();
        let ledger = Self {
            store,
            ways,
            failing: AtomicBool::new(false),
        };
        (ledger, Ways(ends))
    }

    /// Sends `done` on its way: told once it is stored.
    pub fn send(&self, done: Done) {
        if done.is_empty() {
            return;
        }
        if let Some(way) = self.ways.get(done.call.worker) {
            // The other end lives as long as the server.
            let _ = way.send(done);
        }
    }

    /// Hands over what nobody waits for. Where there is no room it is left out: the next comes soon.
    pub fn keep(&self, record: Record) {
        if self.store.submit(record).is_err() {
            metrics::counter!("undertone_voice_snapshots_lost_total").increment(1);
        }
    }

    /// # Errors
    /// 503 while the store fails.
    pub fn well(&self) -> Result<(), Problem> {
        if self.failing.load(Ordering::Relaxed) {
            return Err(Problem::busy(
                "the store cannot be written; the log says why",
            ));
        }
        Ok(())
    }

    /// Records that wait for the store.
    pub fn waiting(&self) -> usize {
        self.store.waiting()
    }

    /// Stores one record that no worker is asked about.
    ///
    /// # Errors
    /// 404 where its call is not stored, 503 where the store fails.
    pub async fn store(&self, record: Record) -> Result<(), Problem> {
        let receipt = self.store.submit(record).map_err(|error| told(&error))?;
        receipt.await.map(drop).map_err(|error| told(&error))
    }

    /// Starts telling: a task for each way, until all senders are gone.
    pub fn publish(self: &Arc<Self>, Ways(ends): Ways, bus: &Arc<Bus>) {
        for mut end in ends {
            let (ledger, bus) = (self.clone(), bus.clone());
            tokio::spawn(async move {
                while let Some(done) = end.recv().await {
                    ledger.settle(done, &bus).await;
                }
            });
        }
    }

    async fn settle(&self, mut done: Done, bus: &Bus) {
        for (record, receipt) in done.records {
            let mut stored = match receipt {
                Ok(receipt) => receipt.await.map(drop),
                Err(error) => Err(error),
            };
            while let Err(error) = &stored {
                metrics::counter!("undertone_store_failures_total").increment(1);
                tracing::error!(call = %done.call.id, %error, "a record was not stored");
                if let Some(answer) = done.answer.take() {
                    answer(Err(told(error)));
                }
                // A record that can never be stored must not hold up the others.
                if matches!(
                    error,
                    StoreError::TooLarge { .. } | StoreError::Value { .. } | StoreError::Closed
                ) {
                    break;
                }
                self.failing.store(true, Ordering::Relaxed);
                tokio::time::sleep(AGAIN).await;
                stored = match self.store.submit(record.clone()) {
                    Ok(receipt) => receipt.await.map(drop),
                    Err(error) => Err(error),
                };
            }
            self.failing.store(false, Ordering::Relaxed);
        }
        if let Some(decided) = done.decided {
            let seconds = decided.elapsed().as_secs_f64();
            metrics::histogram!("undertone_decided_to_committed_seconds").record(seconds);
            if let Some(since) = done.since {
                let seconds = since.elapsed().as_secs_f64();
                metrics::histogram!("undertone_dialogue_to_initiation_seconds").record(seconds);
            }
        }
        if let Some(answer) = done.answer {
            answer(Ok(()));
        }
        for (kind, fields) in done.events {
            bus.publish(&done.call.id, &done.call.ring, kind, true, &fields);
        }
    }
}

/// What a client is told of a failure of the store.
fn told(error: &StoreError) -> Problem {
    match error {
        StoreError::Unknown { id } => {
            Problem::missing("no such call is stored").at("call_id", id.as_str())
        }
        StoreError::Value { key, value, mend } => Problem::refused(error.to_string())
            .at(*key, value.as_str())
            .mend(*mend),
        StoreError::TooLarge { .. } => Problem::refused(error.to_string()),
        // The file's name is nothing for clients; the log has it.
        _ => Problem::busy("what was sent could not be stored yet"),
    }
}
