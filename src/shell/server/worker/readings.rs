//! Readings that are due, gathered over calls and made in one batch.
//!
//! A batch is read when no more sound waits, so that it costs no time where there is time; when it
//! is full; and when its first window has waited [`LONGEST`].

use crate::model::{ModelCard, Windows};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest that a reading waits for others.
pub const LONGEST: Duration = Duration::from_millis(10);
/// Calls in a batch: a call that still learns its caller needs two windows.
pub const MOST_CALLS: usize = 12;

/// The calls whose readings are due.
pub struct Readings {
    pub windows: Windows,
    /// Each call, and how many of the windows are its own.
    waiting: Vec<(Arc<str>, usize)>,
    since: Instant,
}

impl Readings {
    pub fn new(card: &ModelCard) -> Self {
        Self {
            windows: Windows::new(card, 2 * MOST_CALLS),
            waiting: Vec::with_capacity(MOST_CALLS),
            since: Instant::now(),
        }
    }

    /// Notes that `call` waits for the readings of its `windows`.
    pub fn wait(&mut self, call: &Arc<str>, windows: usize) {
        if self.waiting.is_empty() {
            self.since = Instant::now();
        }
        self.waiting.push((call.clone(), windows));
    }

    /// Whether this call waits.
    pub fn holds(&self, call: &str) -> bool {
        self.waiting.iter().any(|(waiting, _)| &**waiting == call)
    }

    /// Whether it is time, where `more` sound waits to be heard.
    pub fn due(&self, more: bool) -> bool {
        let waiting = self.waiting.len();
        waiting > 0 && (!more || waiting >= MOST_CALLS || self.since.elapsed() >= LONGEST)
    }

    /// The calls that wait, who then do no more.
    pub fn take(&mut self) -> Vec<(Arc<str>, usize)> {
        std::mem::replace(&mut self.waiting, Vec::with_capacity(MOST_CALLS))
    }
}
