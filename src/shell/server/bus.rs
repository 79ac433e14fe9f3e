//! Events on their way out: numbered once, kept for a while, and never waited for.
//!
//! A client that reads slower than events come loses the oldest of them and is told how many. The
//! engine is never held up by it: sending into a full ring overwrites.

use crate::shell::wall::unix_ms;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast;

/// Events that a client of one call may lag behind.
pub const CALL_RING: usize = 128;
/// Events that a client of all calls may lag behind.
const ALL_RING: usize = 4096;
/// Events that are kept for clients that come back.
const KEPT: usize = 2048;

/// One event, ready to be sent.
#[derive(Clone, Debug)]
pub struct Published {
    /// Its number in this run of the server.
    pub seq: u64,
    /// Its name for clients that come back: the run and the number.
    pub id: String,
    /// The call.
    pub call_id: Arc<str>,
    /// Its type.
    pub kind: &'static str,
    /// The whole as one JSON object.
    pub json: String,
}

/// The part that every event has, in front of its own fields.
#[derive(Serialize)]
struct Line<'a, T> {
    id: &'a str,
    call_id: &'a str,
    time_ms: i64,
    #[serde(flatten)]
    fields: &'a T,
}

/// Where events go out.
pub struct Bus {
    run: u64,
    next: AtomicU64,
    all: broadcast::Sender<Arc<Published>>,
    lasting: broadcast::Sender<Arc<Published>>,
    kept: Mutex<VecDeque<Arc<Published>>>,
}

/// One call's own way out.
pub type Ring = broadcast::Sender<Arc<Published>>;

impl Bus {
    /// For a run of the server that is called `run`: a number that grows from run to run.
    pub fn new(run: u64) -> Self {
        Self {
            run,
            next: AtomicU64::new(1),
            all: broadcast::channel(ALL_RING).0,
            lasting: broadcast::channel(ALL_RING).0,
            kept: Mutex::new(VecDeque::with_capacity(KEPT)),
        }
    }

    /// Sends an event of `kind` about `call_id`; `fields` has its `type` and the rest. What comes
    /// many times a second is not kept for clients that come back, and not even written where
    /// nobody listens.
    pub fn publish(
        &self,
        call_id: &Arc<str>,
        ring: &Ring,
        kind: &'static str,
        keep: bool,
        fields: &impl Serialize,
    ) {
        let heard = ring.receiver_count() + self.all.receiver_count() > 0;
        if !keep && !heard {
            return;
        }
        let seq = self.next.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:x}-{seq}", self.run);
        let line = Line {
            id: &id,
            call_id,
            time_ms: unix_ms(),
            fields,
        };
        // Plain structs under plain keys always serialise.
        let json = serde_json::to_string(&line).unwrap_or_default();
        let event = Arc::new(Published {
            seq,
            id,
            call_id: call_id.clone(),
            kind,
            json,
        });
        if keep {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back(event.clone());
            let _ = self.lasting.send(event.clone());
        }
        // Nobody listening is no failure.
        let _ = ring.send(event.clone());
        let _ = self.all.send(event);
    }

    /// Everything from here on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Published>> {
        self.all.subscribe()
    }

    /// Everything from here on but what comes many times a second. Whoever listens to it makes nobody
    /// write the rest.
    pub fn listen_lasting(&self) -> broadcast::Receiver<Arc<Published>> {
        self.lasting.subscribe()
    }

    /// The kept events after `last`, which a client names that comes back; of one call, or of all.
    /// `None` where they are no longer all there.
    pub fn since(&self, last: &str, call_id: Option<&str>) -> Option<Vec<Arc<Published>>> {
        let (run, seq) = last.split_once('-')?;
        let run = u64::from_str_radix(run, 16).ok()?;
        let seq: u64 = seq.parse().ok()?;
        if run != self.run {
            return None;
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let reaches = kept.len() < KEPT || kept.front().is_some_and(|event| event.seq <= seq + 1);
        let wanted = |event: &&Arc<Published>| {
            event.seq > seq && call_id.is_none_or(|call| &*event.call_id == call)
        };
        reaches.then(|| kept.iter().filter(wanted).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Fields {
        #[serde(rename = "type")]
        kind: &'static str,
    }

    const MARKER: Fields = Fields { kind: "marker" };

    #[test]
    fn who_lags_is_told_how_many_are_lost_and_nobody_waits() {
        let bus = Bus::new(7);
        let (ring, mut slow) = broadcast::channel(CALL_RING);
        let call: Arc<str> = "a".into();
        for _ in 0..CALL_RING + 5 {
            bus.publish(&call, &ring, "marker", true, &MARKER);
        }
        let lost = slow.try_recv().unwrap_err();
        assert_eq!(lost, broadcast::error::TryRecvError::Lagged(5));
        assert_eq!(slow.try_recv().unwrap().seq, 6);
    }

    #[test]
    fn who_comes_back_gets_what_was_missed_of_this_run() {
        let bus = Bus::new(7);
        let (ring, _keep) = broadcast::channel(CALL_RING);
        for call in ["a", "b", "a"] {
            bus.publish(&call.into(), &ring, "marker", true, &MARKER);
        }
        let seqs = |last: &str, call| {
            let events = bus.since(last, call)?;
            Some(events.iter().map(|event| event.seq).collect::<Vec<_>>())
        };
        assert_eq!(seqs("7-1", None), Some(vec![2, 3]));
        assert_eq!(seqs("7-1", Some("a")), Some(vec![3]));
        assert_eq!(seqs("6-1", None), None, "another run");
        assert_eq!(seqs("nonsense", None), None);
        let event = &bus.since("7-2", None).unwrap()[0];
        let json: serde_json::Value = serde_json::from_str(&event.json).unwrap();
        assert_eq!(
            (&json["type"], &json["id"]),
            (&"marker".into(), &"7-3".into())
        );
    }

    #[test]
    fn what_nobody_hears_and_nobody_needs_is_not_written() {
        let bus = Bus::new(7);
        let (ring, _) = broadcast::channel(CALL_RING);
        bus.publish(&"a".into(), &ring, "trajectory", false, &MARKER);
        assert_eq!(bus.next.load(Ordering::Relaxed), 1);
    }
}
