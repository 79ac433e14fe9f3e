//! The courier: wakes after each commit, sends what is due, and tells the store what became of it.
//!
//! It has a thread and a runtime of its own, so that a busy server cannot delay it.

use super::destination::Destinations;
use super::lane::{Lane, Settled};
use super::report::Follower;
use crate::shell::error::ShellError;
use crate::shell::store::{Store, Work};
use crate::shell::wall::unix_ms;
use metrics::gauge;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How often the outbox is looked at although nobody woke the courier.
const IDLE: Duration = Duration::from_secs(1);
/// How long requests and names in flight may hold up the end.
const LEAVE: Duration = Duration::from_millis(100);
/// Answers that wait for the courier's loop.
const ANSWERS: usize = 1024;

/// The thread that delivers. Dropping it stops it; what is not delivered stays in the store.
pub struct Courier {
    commands: Sender<Command>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Command {
    Reload(Destinations),
    Stop,
}

impl Courier {
    /// Starts to deliver what `store` holds and will hold. Destinations that had answered 410 are
    /// tried again.
    ///
    /// # Errors
    /// The thread or its runtime cannot be started.
    pub fn start(store: &Store, destinations: Destinations) -> Result<Self, ShellError> {
        Self::start_followed(store, destinations, Follower::default())
    }

    /// The same, and `follower` is told of every attempt.
    ///
    /// # Errors
    /// The thread or its runtime cannot be started.
    pub fn start_followed(
        store: &Store,
        destinations: Destinations,
        follower: Follower,
    ) -> Result<Self, ShellError> {
        let failed = |source: io::Error| ShellError::Open {
            path: "the courier's thread".into(),
            source,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let (commands, taken) = channel(4);
        let store = store.clone();
        let run = move || {
            runtime.block_on(run(store, destinations, follower, taken));
            // A name that is being resolved cannot be cut off; nobody waits for it.
            runtime.shutdown_timeout(LEAVE);
        };
        let thread = thread::Builder::new().name("courier".to_owned()).spawn(run);
        Ok(Self {
            commands,
            thread: Mutex::new(Some(thread.map_err(failed)?)),
        })
    }

    /// Goes on with other destinations. What waits for one that is gone fails.
    pub async fn reload(&self, destinations: Destinations) {
        // An error says that the courier has ended, and there is nothing to reload.
        let _ = self.commands.send(Command::Reload(destinations)).await;
    }

    /// Ends it: requests in flight are given up and stay pending in the store. Blocks until the
    /// thread has ended.
    pub fn stop(&self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // A full queue of commands holds reloads, which the courier takes at once.
            while self.commands.try_send(Command::Stop).is_err() && !thread.is_finished() {
                thread::sleep(Duration::from_millis(1));
            }
            let _ = thread.join();
        }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn run(
    store: Store,
    destinations: Destinations,
    follower: Follower,
    mut commands: Receiver<Command>,
) {
    let outbox = store.outbox();
    let (told, mut answers) = channel(ANSWERS);
    let mut lanes = lanes(&store, &destinations, &told);
    let mut next_sweep = Instant::now();
    loop {
        if next_sweep <= Instant::now() {
            sweep(&store, &mut lanes, &told);
            next_sweep = Instant::now() + IDLE;
        }
        let now = unix_ms();
        let mut next = now + IDLE.as_millis() as i64;
        for lane in &mut lanes {
            match lane.pass(&store, now) {
                Ok(due) => next = next.min(due.unwrap_or(next)),
                Err(error) => {
                    tracing::error!(%error, destination = lane.name(), "the outbox cannot be read");
                    next = next.min(now + 250);
                }
            }
        }
        let pause = Duration::from_millis(next.saturating_sub(unix_ms()).max(0).unsigned_abs());
        tokio::select! {
            () = outbox.notified() => {}
            settled = answers.recv() => {
                let mut settled: Option<Settled> = settled;
                while let Some(it) = settled {
                    follower.told(&it);
                    if let Some(lane) = lanes.iter_mut().find(|lane| lane.name() == it.destination) {
                        lane.landed(&it);
                    }
                    settled = answers.try_recv().ok();
                }
            }
            command = commands.recv() => match command {
                Some(Command::Reload(new)) => {
                    let old = std::mem::replace(&mut lanes, self::lanes(&store, &new, &told));
                    for lane in &mut lanes {
                        old.iter().for_each(|it| lane.take_over(it));
                    }
                }
                Some(Command::Stop) | None => {
                    follower.rest(&mut answers).await;
                    return;
                }
            },
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// One lane for each destination. All are tried again, whatever they had answered.
fn lanes(store: &Store, destinations: &Destinations, told: &Sender<Settled>) -> Vec<Lane> {
    if let Err(error) = store.work(Work::AllOn) {
        tracing::error!(%error, "destinations that were off stay so in the store");
    }
    let open = destinations.iter();
    open.map(|it| Lane::open(it.clone(), told.clone()))
        .collect()
}

/// Counts what waits, and opens a lane to nowhere for each destination that has none, so that what
/// waits for it fails instead of waiting for ever.
fn sweep(store: &Store, lanes: &mut Vec<Lane>, told: &Sender<Settled>) {
    match store.reads().pending() {
        Ok(waiting) => {
            let all: u64 = waiting.iter().map(|(_, count)| count).sum();
            gauge!("undertone_outbox_pending").set(all as f64);
            for (name, _) in waiting {
                if !lanes.iter().any(|lane| lane.name() == name) {
                    lanes.push(Lane::closed(name, told.clone()));
                }
            }
        }
        Err(error) => tracing::error!(%error, "the outbox cannot be read"),
    }
}
