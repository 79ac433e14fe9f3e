//! Takes: records of calls, dialogue, voices, decisions, transfers and deliveries.
//! Gives: an acknowledgement after the commit, and what was stored, to the server and the report.
//! Remembers: everything, in one SQLite file, for as many days as policy says; a bounded queue.
//! Source: SQLite's write-ahead log, <https://sqlite.org/wal.html>; the transactional outbox pattern.

mod apply;
mod checkpoint;
mod config;
mod error;
mod id;
mod open;
mod purge;
mod read;
mod record;
mod rows;
mod schema;
mod writer;

pub use apply::{Applied, DeliveryState};
pub(in crate::shell) use apply::{Attempted, Work};
pub use config::{Durability, StoreConfig};
pub use error::StoreError;
pub use id::{delivery_id, escalation_id};
pub use read::Reads;
pub use record::{
    CallOpened, Decided, Dialogue, EventKind, HumanTurn, NewDelivery, PayloadUpdated, Rated,
    Rating, Record, TransferAt, VoiceKept,
};
pub use rows::{
    Due, OpenCall, StoredCall, StoredDelivery, StoredEscalation, StoredMessage, StoredRating,
    StoredTransfer, StoredTurn,
};

use crate::shell::error::ShellError;
use std::fs::File;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use tokio::sync::{Notify, oneshot};
use writer::{Job, Writer};

/// The most records that wait for the writer.
pub const MAX_WAITING: usize = 8192;
/// The most bytes that wait for the writer.
pub const MAX_WAITING_BYTES: usize = 64 << 20;
/// The most bytes of one record.
pub const MAX_RECORD_BYTES: usize = 4 << 20;

/// The store of one server. Clones share it; the last one to go, or [`Store::close`], writes what
/// waits and ends the writer.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    /// Taken out to close.
    jobs: Mutex<Option<SyncSender<Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    stop_checkpoints: Mutex<Option<SyncSender<()>>>,
    records: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
    outbox: Arc<Notify>,
    reads: Reads,
    /// Given back once nothing is written any more.
    lock: Mutex<Option<File>>,
}

impl Store {
    /// Opens the store at `path` with everything else as in [`StoreConfig::default`].
    ///
    /// # Errors
    /// As [`Store::open_with`].
    pub fn open(path: &Path) -> Result<Self, ShellError> {
        Self::open_with(&StoreConfig {
            path: path.to_owned(),
            ..StoreConfig::default()
        })
    }

    /// Opens the store, makes it where there is none, and starts its writer.
    ///
    /// # Errors
    /// [`ShellError::Store`] or [`ShellError::Open`]: another process writes the store, a newer
    /// version wrote it, it is damaged or another program's, or it cannot be made. The message
    /// names the file and the mend.
    pub fn open_with(config: &StoreConfig) -> Result<Self, ShellError> {
        let path = &config.path;
        let lock = open::lock(path)?;
        let connection = open::writer(path, config.durability)?;
        let beside = open::writer(path, config.durability)?;
        let reads = Reads::open(path)?;
        let (jobs, taken) = sync_channel(MAX_WAITING);
        let (stop_checkpoints, stopped) = sync_channel(0);
        let (records, bytes) = (Arc::default(), Arc::default());
        let (commits, outbox) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
        let writer = Writer {
            connection,
            path: path.clone(),
            jobs: taken,
            records: Arc::clone(&records),
            bytes: Arc::clone(&bytes),
            commits: Arc::clone(&commits),
            outbox: Arc::clone(&outbox),
            keep_days: config.keep_days,
        };
        let start = |name: &str, body: Box<dyn FnOnce() + Send>| {
            let started = thread::Builder::new().name(name.to_owned()).spawn(body);
            started.map_err(|source| ShellError::Open {
                path: path.clone(),
                source,
            })
        };
        let threads = vec![
            start("store", Box::new(move || writer.run()))?,
            start(
                "checkpoint",
                Box::new(move || checkpoint::run(&beside, &commits, &stopped)),
            )?,
        ];
        Ok(Self {
            inner: Arc::new(Inner {
                jobs: Mutex::new(Some(jobs)),
                threads: Mutex::new(threads),
                stop_checkpoints: Mutex::new(Some(stop_checkpoints)),
                records,
                bytes,
                outbox,
                reads,
                lock: Mutex::new(Some(lock)),
            }),
        })
    }

    /// Hands `record` to the writer. It is stored once the receipt says so, and not before.
    /// Records are applied in the order in which they are submitted. Never blocks.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::TooLarge`], [`StoreError::Value`] or
    /// [`StoreError::Closed`]: nothing of the record is kept.
    pub fn submit(&self, record: Record) -> Result<Receipt, StoreError> {
        check(&record)?;
        self.work(Work::Told(record))
    }

    pub(in crate::shell) fn work(&self, work: Work) -> Result<Receipt, StoreError> {
        let size = match &work {
            Work::Told(record) => record.size(),
            _ => 256,
        };
        if size > MAX_RECORD_BYTES {
            return Err(StoreError::TooLarge {
                bytes: size,
                max: MAX_RECORD_BYTES,
            });
        }
        let inner = &self.inner;
        let full = || StoreError::Full {
            waiting: inner.records.load(Ordering::Relaxed),
            max: MAX_WAITING,
        };
        let (done, receipt) = oneshot::channel();
        let jobs = inner.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = jobs.as_ref() else {
            return Err(StoreError::Closed);
        };
        // Counted under the lock: two that come together cannot both pass.
        if inner.bytes.load(Ordering::Relaxed) + size > MAX_WAITING_BYTES {
            return Err(full());
        }
        let counted = usize::from(!work.can_wait());
        inner.bytes.fetch_add(size, Ordering::Relaxed);
        inner.records.fetch_add(counted, Ordering::Relaxed);
        let sent = sender.try_send(Job { work, size, done });
        sent.map(|()| Receipt(receipt)).map_err(|error| {
            inner.bytes.fetch_sub(size, Ordering::Relaxed);
            inner.records.fetch_sub(counted, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => full(),
                TrySendError::Disconnected(_) => StoreError::Closed,
            }
        })
    }

    /// What is stored. Reading never waits for the writer, and blocks the thread for the query.
    pub fn reads(&self) -> &Reads {
        &self.inner.reads
    }

    /// Records that somebody waits for and that the writer has not stored yet.
    pub fn waiting(&self) -> usize {
        self.inner.records.load(Ordering::Relaxed)
    }

    /// Told after each commit that left something to deliver.
    pub(in crate::shell) fn outbox(&self) -> Arc<Notify> {
        Arc::clone(&self.inner.outbox)
    }

    /// Writes what waits, refuses what comes after, and lets another process write the file. Blocks
    /// until it is done. Reading goes on.
    pub fn close(&self) {
        self.inner.close();
    }
}

impl Inner {
    fn close(&self) {
        drop(take(&self.stop_checkpoints));
        drop(take(&self.jobs));
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            // A panic of the writer has been printed; there is nothing to add.
            let _ = thread.join();
        }
        drop(take(&self.lock));
    }
}

/// What `slot` held, whatever a thread that panicked left behind.
fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Refuses values that no row may hold.
fn check(record: &Record) -> Result<(), StoreError> {
    if let Record::Rated(it) = record
        && !(1..=5).contains(&it.csat)
    {
        return Err(StoreError::Value {
            key: "csat",
            value: it.csat.to_string(),
            mend: "give 1 to 5",
        });
    }
    if record.subject().is_empty() {
        return Err(StoreError::Value {
            key: "call_id",
            value: "empty".to_owned(),
            mend: "name the call or the escalation",
        });
    }
    Ok(())
}

/// The writer's answer to one record: await it, or [`Receipt::wait`] for it outside of async code.
/// Dropping it does not take the record back.
#[must_use = "a record is stored only when its receipt says so"]
pub struct Receipt(oneshot::Receiver<Result<Applied, StoreError>>);

impl Receipt {
    /// Blocks until the record is committed.
    ///
    /// # Errors
    /// As the future's.
    ///
    /// # Panics
    /// When called inside of an async task: await the receipt there.
    pub fn wait(self) -> Result<Applied, StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }
}

impl Future for Receipt {
    /// [`StoreError::Disk`] where the file cannot be written, [`StoreError::Unknown`] where the
    /// record's call or escalation is not stored, [`StoreError::Closed`] where the writer ended.
    type Output = Result<Applied, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = Pin::new(&mut self.0).poll(context);
        answer.map(|answer| answer.unwrap_or(Err(StoreError::Closed)))
    }
}
