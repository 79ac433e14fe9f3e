//! The one thread that writes: what waits goes into one transaction, then each is acknowledged.

use super::apply::{self, Applied, Work};
use super::error::StoreError;
use super::open::mend;
use super::purge;
use crate::shell::wall::unix_ms;
use rusqlite::{Connection, ErrorCode};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, oneshot};

/// The most records in one transaction, so that the first of them need not wait long.
const GROUP: usize = 256;
/// How long what nobody waits for is held back, so that many calls share a transaction, and no
/// commit of theirs waits for the disk alone.
const HOLD: Duration = Duration::from_millis(500);
/// How often old calls are looked for.
const PURGE_EVERY: Duration = Duration::from_secs(3600);
/// The pause before the next, where there were more than one transaction deletes.
const PURGE_AGAIN: Duration = Duration::from_millis(100);
/// Calls that one purge transaction deletes; records need not wait long for it.
const PURGE_AT_ONCE: u32 = 50;

/// What waits to be written.
pub struct Job {
    /// What.
    pub work: Work,
    /// Its size in the queue's account, bytes.
    pub size: usize,
    /// Who waits for it.
    pub done: oneshot::Sender<Result<Applied, StoreError>>,
}

/// The thread's belongings.
pub struct Writer {
    /// The only connection that writes.
    pub connection: Connection,
    /// The file, for messages.
    pub path: PathBuf,
    /// What comes.
    pub jobs: Receiver<Job>,
    /// Records that wait.
    pub records: Arc<AtomicUsize>,
    /// Bytes that wait.
    pub bytes: Arc<AtomicUsize>,
    /// Transactions so far; the checkpointer looks whether there were any.
    pub commits: Arc<AtomicU64>,
    /// Told after a commit that left something to deliver.
    pub outbox: Arc<Notify>,
    /// Days that a call is kept.
    pub keep_days: u32,
}

impl Writer {
    /// Writes until every sender is gone and the queue is empty.
    pub fn run(mut self) {
        let mut next_purge = Instant::now();
        // What nobody waits for, and until when it may wait.
        let (mut held, mut until) = (Vec::new(), None);
        loop {
            // Looked at before the queue: under load the queue is never empty.
            let wait = next_purge.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                let more = self.purge();
                let pause = if more { PURGE_AGAIN } else { PURGE_EVERY };
                next_purge = Instant::now() + pause;
                continue;
            }
            let left = until.map_or(wait, |until: Instant| {
                until.saturating_duration_since(Instant::now()).min(wait)
            });
            let (due, over) = match self.jobs.recv_timeout(left) {
                Ok(job) => {
                    let due = !job.work.can_wait();
                    held.push(job);
                    until = until.or_else(|| Some(Instant::now() + HOLD));
                    (due, false)
                }
                Err(RecvTimeoutError::Timeout) => (false, false),
                Err(RecvTimeoutError::Disconnected) => (true, true),
            };
            let late = until.is_some_and(|until| until <= Instant::now());
            if !held.is_empty() && (due || late || held.len() >= GROUP) {
                self.group(std::mem::take(&mut held));
                until = None;
            }
            if over {
                break;
            }
        }
        // One tidy file is left; where this fails the next start finds the log beside it.
        let _ = self
            .connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }

    fn group(&mut self, mut jobs: Vec<Job>) {
        while jobs.len() < GROUP
            && let Ok(job) = self.jobs.try_recv()
        {
            jobs.push(job);
        }
        let results = self.commit(&jobs);
        self.commits.fetch_add(1, Ordering::Relaxed);
        let outbox = jobs
            .iter()
            .zip(&results)
            .any(|(job, result)| job.work.delivers() && *result == Ok(Applied::Stored));
        let told: usize = jobs.iter().map(|job| job.size).sum();
        self.bytes.fetch_sub(told, Ordering::Relaxed);
        let counted = jobs.iter().filter(|job| !job.work.can_wait()).count();
        self.records.fetch_sub(counted, Ordering::Relaxed);
        if outbox {
            self.outbox.notify_one();
        }
        for (job, result) in jobs.into_iter().zip(results) {
            // Whoever does not wait for the answer has dropped the other end.
            let _ = job.done.send(result);
        }
    }

    /// One transaction around all of `jobs`; what each came to.
    fn commit(&mut self, jobs: &[Job]) -> Vec<Result<Applied, StoreError>> {
        let all = |error: StoreError| jobs.iter().map(|_| Err(error.clone())).collect();
        if let Err(error) = self.connection.execute_batch("BEGIN IMMEDIATE") {
            return all(self.told(&error, ""));
        }
        let mut results = Vec::with_capacity(jobs.len());
        for job in jobs {
            let applied = apply::apply(&self.connection, &job.work);
            results.push(applied.map_err(|error| self.told(&error, job.work.subject())));
            // A full disk and the like undo the whole transaction by themselves.
            if self.connection.is_autocommit() {
                let last = results.pop().and_then(Result::err);
                return all(last.unwrap_or(StoreError::Closed));
            }
        }
        match self.connection.execute_batch("COMMIT") {
            Ok(()) => results,
            Err(error) => {
                let _ = self.connection.execute_batch("ROLLBACK");
                all(self.told(&error, ""))
            }
        }
    }

    /// Deletes some old calls; whether there may be more.
    fn purge(&mut self) -> bool {
        let before = unix_ms() - i64::from(self.keep_days) * 86_400_000;
        match purge::purge(&self.connection, before, PURGE_AT_ONCE) {
            Ok(deleted) => deleted == PURGE_AT_ONCE,
            Err(error) => {
                let reason = self.told(&error, "");
                tracing::error!(%reason, "old calls cannot be deleted");
                false
            }
        }
    }

    fn told(&self, error: &rusqlite::Error, subject: &str) -> StoreError {
        let orphan = error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation);
        // Uniqueness is settled by the statements; what is left is a missing parent.
        if orphan || *error == rusqlite::Error::QueryReturnedNoRows {
            return StoreError::Unknown {
                id: subject.to_owned(),
            };
        }
        StoreError::Disk {
            path: self.path.clone(),
            reason: mend(error),
        }
    }
}
