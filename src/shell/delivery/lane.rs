//! One destination's lane: what is in flight to it, what is due, and how each delivery ends.
//! Lanes know nothing of each other, so a slow destination delays itself alone.

use super::attempt::{self, Answer};
use super::destination::Destination;
use super::report::Report;
use super::schedule::{Meaning, again_ms, chance, meaning};
use crate::shell::error::ShellError;
use crate::shell::store::{Attempted, DeliveryState, Due, Store, Work};
use crate::shell::wall::unix_ms;
use metrics::{counter, histogram};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;

/// Rows that are looked at beyond those in flight.
const AHEAD: usize = 32;
/// The pause before a store that failed is told again.
const TELL_AGAIN: Duration = Duration::from_millis(250);

/// One destination's lane.
pub struct Lane {
    name: String,
    /// None where the configuration has no such destination any more.
    destination: Option<Arc<Destination>>,
    /// Why nothing is sent any more.
    off: Option<String>,
    /// Deliveries that a task works on, sent or being told to the store.
    flying: HashSet<String>,
    told: Sender<Settled>,
}

/// A delivery whose attempt the store knows.
pub struct Settled {
    /// The destination.
    pub destination: String,
    /// The delivery.
    pub delivery_id: String,
    /// Whether the destination answered 410.
    pub gone: bool,
    /// The attempt, for who follows it.
    pub report: Report,
}

impl Lane {
    /// The lane of a configured destination.
    pub fn open(destination: Arc<Destination>, told: Sender<Settled>) -> Self {
        Self {
            destination: Some(destination.clone()),
            ..Self::closed(destination.name().to_owned(), told)
        }
    }

    /// The lane of a destination that the configuration has no more: what waits for it fails.
    pub fn closed(name: String, told: Sender<Settled>) -> Self {
        Self {
            name,
            destination: None,
            off: None,
            flying: HashSet::new(),
            told,
        }
    }

    /// The destination's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Goes on where `old` was, if it is of the same destination: what is in flight is not sent twice.
    pub fn take_over(&mut self, old: &Self) {
        if old.name == self.name {
            self.flying.extend(old.flying.iter().cloned());
        }
    }

    /// Takes note that an attempt has ended.
    pub fn landed(&mut self, settled: &Settled) {
        self.flying.remove(&settled.delivery_id);
        if settled.gone && self.off.is_none() {
            self.off = Some(
                "the destination answered 410 before; restart or reload to try again".to_owned(),
            );
        }
    }

    /// Sends what is due at `now`, ends what is too late; when to look again, if known.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn pass(&mut self, store: &Store, now: i64) -> Result<Option<i64>, ShellError> {
        let room = self
            .destination
            .as_ref()
            .map_or(0, |it| it.config.concurrency as usize);
        let rows = store
            .reads()
            .due(&self.name, room + self.flying.len() + AHEAD)?;
        let mut next = None;
        for due in rows {
            if self.flying.contains(&due.delivery_id) {
                continue;
            }
            let ended = match (&self.destination, &self.off) {
                (None, _) => Some((
                    DeliveryState::Failed,
                    "no longer in the configuration".to_owned(),
                )),
                (_, Some(why)) => Some((DeliveryState::Failed, why.clone())),
                _ if due.expires_ms <= now => {
                    let why = "its time ran out before it could be sent".to_owned();
                    Some((DeliveryState::Expired, why))
                }
                _ => None,
            };
            if let Some((state, why)) = ended {
                self.settle_unsent(store, due, state, why);
            } else if due.due_ms > now {
                next = Some(next.map_or(due.due_ms, |it: i64| it.min(due.due_ms)));
            } else if self.flying.len() < room {
                self.send(store, due);
            } else {
                // A landing wakes the courier; this is for what expires meanwhile.
                next = Some(next.map_or(due.expires_ms, |it: i64| it.min(due.expires_ms)));
            }
        }
        Ok(next)
    }

    fn settle_unsent(&mut self, store: &Store, due: Due, state: DeliveryState, why: String) {
        self.flying.insert(due.delivery_id.clone());
        let ended = Attempted {
            delivery_id: due.delivery_id.clone(),
            state,
            attempts: due.attempts,
            status: None,
            problem: Some(why),
            at_ms: unix_ms(),
        };
        let (store, told) = (store.clone(), self.told.clone());
        tokio::spawn(async move { settle(&store, &due, ended, unix_ms(), false, &told).await });
    }

    fn send(&mut self, store: &Store, due: Due) {
        let Some(destination) = self.destination.clone() else {
            return;
        };
        self.flying.insert(due.delivery_id.clone());
        let (store, told) = (store.clone(), self.told.clone());
        tokio::spawn(async move {
            let began_ms = unix_ms();
            let left = due
                .expires_ms
                .saturating_sub(unix_ms())
                .max(1)
                .unsigned_abs();
            let timeout = destination
                .attempt_timeout()
                .min(Duration::from_millis(left));
            let (written, mut taken) = oneshot::channel();
            let answer = attempt::send(&destination, &due, timeout, written).await;
            let now = unix_ms();
            if let Ok(at) = taken.try_recv() {
                took(&due, "written", at);
            }
            let (ended, gone) = outcome(&due, answer, now);
            if ended.state == DeliveryState::Delivered {
                took(&due, "acknowledged", now);
            }
            if gone {
                let why = "answered 410".to_owned();
                off(&store, &due.destination, now, why).await;
            }
            settle(&store, &due, ended, began_ms, gone, &told).await;
        });
    }
}

/// What the answer makes of the delivery, and whether the destination is gone.
fn outcome(due: &Due, answer: Answer, now: i64) -> (Attempted, bool) {
    let attempts = due.attempts + 1;
    let mut ended = Attempted {
        delivery_id: due.delivery_id.clone(),
        state: DeliveryState::Failed,
        attempts,
        status: None,
        problem: None,
        at_ms: now,
    };
    let (meaning, after_ms) = match answer {
        Answer::Unmade(reason) => {
            ended.problem = Some(reason);
            (Meaning::Never, None)
        }
        Answer::Nothing(reason) => {
            ended.problem = Some(reason);
            (Meaning::Later, None)
        }
        Answer::Status { status, after_ms } => {
            ended.status = Some(status);
            let meaning = meaning(status);
            if meaning != Meaning::Taken {
                let redirect = (300..400).contains(&status);
                let note = if redirect {
                    "; redirects are not followed"
                } else {
                    ""
                };
                ended.problem = Some(format!("answered {status}{note}"));
            }
            (meaning, after_ms)
        }
    };
    match meaning {
        Meaning::Taken => ended.state = DeliveryState::Delivered,
        Meaning::Never | Meaning::Gone => {}
        Meaning::Later => match again_ms(now, attempts, after_ms, due.expires_ms, chance()) {
            Some(again) => {
                ended.state = DeliveryState::Pending;
                ended.at_ms = again;
            }
            None => ended.state = DeliveryState::Expired,
        },
    }
    (ended, meaning == Meaning::Gone)
}

/// Tells the store, the log and the metrics, then the courier. Does not give up on the store: until
/// it knows, the delivery counts as in flight and is not sent again by this process.
async fn settle(
    store: &Store,
    due: &Due,
    ended: Attempted,
    began_ms: i64,
    gone: bool,
    told: &Sender<Settled>,
) {
    loop {
        let stored = match store.work(Work::Attempted(ended.clone())) {
            Ok(receipt) => receipt.await,
            Err(error) => Err(error),
        };
        match stored {
            Ok(_) => break,
            Err(crate::shell::store::StoreError::Closed) => return,
            Err(error) => {
                tracing::error!(%error, delivery = due.delivery_id, "the outcome is not stored yet");
                tokio::time::sleep(TELL_AGAIN).await;
            }
        }
    }
    log(due, &ended);
    let settled = Settled {
        destination: due.destination.clone(),
        delivery_id: due.delivery_id.clone(),
        gone,
        report: Report::new(due, &ended, began_ms, unix_ms()),
    };
    // An error says that the courier has ended.
    let _ = told.send(settled).await;
}

async fn off(store: &Store, destination: &str, now: i64, why: String) {
    tracing::error!(
        destination,
        "answered 410: nothing more is sent until restart or reload"
    );
    if let Ok(receipt) = store.work(Work::Off(destination.to_owned(), now, why))
        && let Err(error) = receipt.await
    {
        tracing::error!(%error, destination, "not stored that it is off");
    }
}

fn log(due: &Due, ended: &Attempted) {
    let outcome = match ended.state {
        DeliveryState::Pending => "retried",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Expired => "expired",
        DeliveryState::Failed => "failed",
    };
    let (destination, event) = (due.destination.clone(), due.event.name());
    counter!("undertone_deliveries_total", "destination" => destination, "outcome" => outcome)
        .increment(1);
    let (delivery, escalation) = (&due.delivery_id, &due.escalation_id);
    let (attempts, problem) = (ended.attempts, ended.problem.as_deref().unwrap_or_default());
    let destination = &due.destination;
    match ended.state {
        DeliveryState::Delivered => {
            tracing::info!(
                delivery,
                escalation,
                destination,
                event,
                attempts,
                "delivered"
            );
        }
        DeliveryState::Pending => {
            tracing::warn!(
                delivery,
                escalation,
                destination,
                event,
                attempts,
                problem,
                "to be tried again"
            );
        }
        DeliveryState::Expired | DeliveryState::Failed => {
            tracing::error!(
                delivery,
                escalation,
                destination,
                event,
                attempts,
                problem,
                outcome,
                "not delivered"
            );
        }
    }
}

fn took(due: &Due, stage: &'static str, at_ms: i64) {
    let seconds = (at_ms - due.at_ms).max(0) as f64 / 1000.0;
    let destination = due.destination.clone();
    histogram!("undertone_delivery_seconds", "destination" => destination, "stage" => stage)
        .record(seconds);
}
