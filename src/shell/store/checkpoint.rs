//! Moving the write-ahead log into the file, beside the writer and never in front of it.
//!
//! A commit that has to do this itself waits for the disk; here nobody waits.

use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often the log is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Works until the other end of `stop` is gone. `commits` counts the writer's transactions.
pub fn run(connection: &Connection, commits: &Arc<AtomicU64>, stop: &Receiver<()>) {
    let mut seen = 0;
    while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(EVERY) {
        let now = commits.load(Ordering::Relaxed);
        if now != seen {
            seen = now;
            // Busy readers make it partial, and the next round goes on. An error of the disk is
            // the writer's to tell, for it meets the same.
            let _ = connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)");
        }
    }
}
