//! The calls that are known, and what anybody may see of them without asking their worker.

use super::bus::{CALL_RING, Ring};
use super::problem::Problem;

use crate::decision::Trigger;
use crate::handoff::{Channel, HandoffPayload, TransferStatus};
use crate::shell::wall::unix_ms;
use crate::trajectory::{Point, Trend};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use tokio::sync::broadcast;

/// Calls that ended and can still be looked at.
const ENDED: usize = 256;
/// Points of sentiment that are shown.
const POINTS: usize = 60;

/// A call, as everybody shares it.
pub struct Call {
    /// As the telephony side names it.
    pub id: Arc<str>,
    /// How the conversation is held.
    pub channel: Channel,
    /// What the opener wrote on it.
    pub labels: BTreeMap<String, String>,
    /// When it was opened, milliseconds since 1970.
    pub opened_ms: i64,
    /// Which worker hears it.
    pub worker: usize,
    /// Its own events.
    pub ring: Ring,
    status: Mutex<Status>,
    /// The payload at the end.
    last: OnceLock<HandoffPayload>,
}

/// Where a call stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Status {
    /// When it ended, milliseconds since 1970; absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_ms: Option<i64>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_because: Option<Ended>,
    /// Seconds since the call's first sample, or since it was opened where there is no sound.
    pub at_s: f64,
    /// Whether sound comes in.
    pub listening: bool,
    /// Who calls, in short: `Dana R.`, with a ` ?` where it is only claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Messages of the dialogue so far.
    pub messages: u64,
    /// Sentiment now, −1..1; absent where nothing was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<f32>,
    /// Slope, per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope_per_min: Option<f32>,
    /// `steady`, `falling` or `rising`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
    /// The latest points: seconds, sentiment.
    pub points: VecDeque<[f64; 2]>,
    /// The latest escalation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalated>,
    /// How far the transfer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferView>,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It was closed.
    Closed,
    /// Its media stream said so.
    HungUp,
    /// Nothing was heard of it for too long.
    Idle,
}

/// An escalation, in short.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Escalated {
    /// The same on every delivery.
    pub escalation_id: String,
    /// Which of the five triggers.
    pub trigger: Trigger,
    /// Which detector of it.
    pub reason: String,
    /// When it was decided, seconds since the call's first sample.
    pub at_s: f64,
    /// When it was decided, milliseconds since 1970.
    pub decided_ms: i64,
}

/// How far a transfer is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TransferView {
    /// The escalation behind it.
    pub escalation_id: String,
    /// When it was decided, milliseconds since 1970.
    pub decided_ms: i64,
    /// A stage is past its target.
    pub late: bool,
    /// The rest.
    #[serde(flatten)]
    pub status: TransferStatus,
}

impl Call {
    /// What everybody may see, now.
    pub fn status(&self) -> Status {
        self.lock().clone()
    }

    /// Changes what everybody may see.
    pub fn update<T>(&self, change: impl FnOnce(&mut Status) -> T) -> T {
        change(&mut self.lock())
    }

    /// Notes a point of the trajectory.
    pub fn point(&self, point: &Point) {
        let (at_s, sentiment) = (point.at.seconds(), point.sentiment);
        let mut status = self.lock();
        (status.sentiment, status.slope_per_min) = (Some(sentiment), Some(point.slope_per_min));
        status.trend = Some(point.trend);
        // A point a second is as fine as a screen shows.
        if status
            .points
            .back()
            .is_none_or(|last| at_s - last[0] >= 1.0)
        {
            if status.points.len() == POINTS {
                status.points.pop_front();
            }
            status.points.push_back([at_s, f64::from(sentiment)]);
        }
    }

    /// Keeps the payload as it stood at the end.
    pub fn keep(&self, payload: HandoffPayload) {
        // A call ends once.
        let _ = self.last.set(payload);
    }

    /// The payload at the end, where the call has ended.
    pub fn last(&self) -> Option<&HandoffPayload> {
        self.last.get()
    }

    /// Whether it ended.
    pub fn ended(&self) -> bool {
        self.lock().closed_ms.is_some()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All calls that are known.
pub struct Calls {
    workers: usize,
    most: AtomicUsize,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    calls: HashMap<Arc<str>, Arc<Call>>,
    open: usize,
    ended: VecDeque<Arc<str>>,
}

/// What was found under a name.
pub enum Found {
    /// It was made just now.
    New(Arc<Call>),
    /// It was there.
    Known(Arc<Call>),
}

impl Calls {
    /// None yet; they will be shared out among `workers`, `most` at once.
    pub fn new(workers: usize, most: usize) -> Self {
        Self {
            workers,
            most: AtomicUsize::new(most),
            known: RwLock::default(),
        }
    }

    /// From now on `most` at once. Calls beyond it that are open stay open.
    pub fn allow(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// The call `id`, which is made where it is not known.
    ///
    /// # Errors
    /// 503 where no more calls are taken, 409 where it ended.
    pub fn open(
        &self,
        id: &str,
        channel: Channel,
        labels: BTreeMap<String, String>,
        opened_ms: Option<i64>,
    ) -> Result<Found, Problem> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let open = known.open;
        let made = match known.calls.entry(id.into()) {
            Entry::Occupied(known) => {
                let call = known.get().clone();
                if call.ended() {
                    return Err(ended(id));
                }
                return Ok(Found::Known(call));
            }
            Entry::Vacant(_) if open >= self.most.load(Ordering::Relaxed) => {
                metrics::counter!("undertone_calls_refused_total").increment(1);
                let detail = format!("{open} calls are open, the most that max_calls allows");
                return Err(Problem::busy(detail).later(5));
            }
            Entry::Vacant(place) => {
                let id = place.key().clone();
                let call = Arc::new(Call {
                    worker: worker(&id, self.workers),
                    id,
                    channel,
                    labels,
                    opened_ms: opened_ms.unwrap_or_else(unix_ms),
                    ring: broadcast::channel(CALL_RING).0,
                    status: Mutex::default(),
                    last: OnceLock::new(),
                });
                place.insert(call.clone());
                call
            }
        };
        known.open += 1;
        metrics::gauge!("undertone_calls_open").set(known.open as f64);
        Ok(Found::New(made))
    }

    /// A call that is known.
    ///
    /// # Errors
    /// 404.
    pub fn get(&self, id: &str) -> Result<Arc<Call>, Problem> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let call = known.calls.get(id).cloned();
        call.ok_or_else(|| {
            let mend = "open it with POST /v1/calls";
            Problem::missing("no such call is known")
                .at("id", id)
                .mend(mend)
        })
    }

    /// Open calls, the oldest first.
    pub fn open_calls(&self) -> Vec<Arc<Call>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let open = known.calls.values().filter(|call| !call.ended());
        let mut open: Vec<_> = open.cloned().collect();
        open.sort_by(|a, b| (a.opened_ms, &a.id).cmp(&(b.opened_ms, &b.id)));
        open
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.open
    }

    /// Notes that a call ended. The latest that ended stay known.
    pub fn end(&self, call: &Call, because: Ended) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let first = call.update(|status| {
            let first = status.closed_ms.is_none();
            if first {
                status.closed_ms = Some(unix_ms());
                status.closed_because = Some(because);
                status.listening = false;
            }
            first
        });
        if !first {
            return;
        }
        known.open = known.open.saturating_sub(1);
        metrics::gauge!("undertone_calls_open").set(known.open as f64);
        known.ended.push_back(call.id.clone());
        if known.ended.len() > ENDED
            && let Some(oldest) = known.ended.pop_front()
        {
            known.calls.remove(&oldest);
        }
    }

    /// Forgets a call that no worker took.
    pub fn forget(&self, call: &Call) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.calls.remove(&call.id).is_some() {
            known.open = known.open.saturating_sub(1);
            metrics::gauge!("undertone_calls_open").set(known.open as f64);
        }
    }
}

/// A name is used once.
pub fn ended(id: &str) -> Problem {
    let mend = "give the new call a name of its own";
    Problem::conflict("the call has ended")
        .at("call_id", id)
        .mend(mend)
}

/// The worker of a call: the same for as long as the server runs.
fn worker(id: &str, workers: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    (hasher.finish() % workers.max(1) as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::StreamTime;

    fn open(calls: &Calls, id: &str) -> Result<Found, Problem> {
        calls.open(id, Channel::Voice, BTreeMap::new(), None)
    }

    #[test]
    fn a_call_is_made_once_and_no_more_than_the_most() {
        let calls = Calls::new(2, 2);
        assert!(matches!(open(&calls, "a"), Ok(Found::New(_))));
        assert!(matches!(open(&calls, "a"), Ok(Found::Known(_))));
        assert!(matches!(open(&calls, "b"), Ok(Found::New(_))));
        assert_eq!(open(&calls, "c").err().map(|p| p.status), Some(503));
        let a = calls.get("a").unwrap();
        calls.end(&a, Ended::Closed);
        calls.end(&a, Ended::Idle);
        assert_eq!(calls.count(), 1);
        assert_eq!(a.status().closed_because, Some(Ended::Closed));
        assert_eq!(open(&calls, "a").err().map(|p| p.status), Some(409));
        assert!(open(&calls, "c").is_ok());
    }

    #[test]
    fn the_latest_that_ended_stay_known_and_no_others() {
        let calls = Calls::new(1, 10_000);
        for i in 0..=ENDED {
            let Ok(Found::New(call)) = open(&calls, &format!("c{i}")) else {
                panic!("a new call");
            };
            calls.end(&call, Ended::Closed);
        }
        assert!(calls.get("c0").is_err());
        assert!(calls.get("c1").is_ok());
        assert_eq!(calls.open_calls().len(), 0);
    }

    #[test]
    fn points_are_a_second_apart_and_sixty_at_most() {
        let calls = Calls::new(1, 1);
        let Ok(Found::New(call)) = open(&calls, "a") else {
            panic!("a new call");
        };
        for i in 0..400 {
            call.point(&Point {
                at: StreamTime::from_seconds(f64::from(i) * 0.25),
                sentiment: 0.5,
                sentiment_sd: 0.1,
                slope_per_min: 0.0,
                slope_sd: 0.1,
                level_sd: 0.0,
                evidence: crate::trajectory::PointEvidence::default(),
                trend: Trend::Steady,
            });
        }
        let points = call.status().points;
        assert_eq!(points.len(), POINTS);
        assert_eq!(points.back(), Some(&[99.0, 0.5]));
    }
}
