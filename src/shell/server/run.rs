//! The server's life: what was open is taken up again, requests are served, and the end is gentle.

use super::app::{App, Shared};
use super::auth::Tokens;
use super::bus::Bus;
use super::calls::{Calls, Found};
use super::current::Current;
use super::feed::{Ports, config::Feeds};
use super::ledger::Ledger;
use super::reload::{Serving, Standing, fits};
use super::settings::Settings;
use super::telemetry::Telemetry;
use super::ticket::{self, Tickets};
use super::worker::{Ask, Pool, Restored, RestoredTransfer, Threads, World};
use super::{api, listen};
use crate::dialogue::Words;
use crate::error::BuildError;
use crate::handoff::TransferUpdate;
use crate::shell::delivery::{Courier, Destinations, Follower};
use crate::shell::error::ShellError;
use crate::shell::otel::{Exporter, Heard};
use crate::shell::output::record::Run;
use crate::shell::store::{OpenCall, Store};
use crate::shell::wall::unix_ms;
use crate::shell::weights::Weights;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// How often the outbox is looked at while the server waits for it to become empty.
const LOOK: Duration = Duration::from_millis(20);

/// A server that runs.
pub struct Running {
    pub(super) courier: Courier,
    /// What a reload replaces.
    pub(super) standing: Standing,
    address: SocketAddr,
    threads: Threads,
    exporter: Option<Exporter>,
    serving: JoinHandle<()>,
    draining: watch::Sender<bool>,
    stop: watch::Sender<bool>,
}

/// A server on its way up.
pub type Starting<'a> = Pin<Box<dyn Future<Output = Result<Running, ShellError>> + Send + 'a>>;

/// Opens the store, takes up what was open, and serves. `file` is where the settings came from.
/// Call it inside a runtime of tokio.
///
/// # Errors
/// A destination, the store, the model or the address cannot be used.
// Boxed here: a future is compiled where it is polled, and whoever starts a server should not have
// to compile it.
#[inline(never)]
pub fn start<'a>(
    settings: Settings,
    file: &'a str,
    weights: &'a Weights,
    run: Run,
) -> Starting<'a> {
    Box::pin(open(settings, file, weights, run))
}

async fn open(
    settings: Settings,
    file: &str,
    weights: &Weights,
    run: Run,
) -> Result<Running, ShellError> {
    let around = settings.around.clone();
    let server = around.server;
    let telemetry = Telemetry::install();
    let telemetry = telemetry.map_err(|error| BuildError::file("metrics", error))?;
    fits(&settings.engine, weights.card())?;
    let tls = server.tls.as_ref().map(|tls| tls.load(file)).transpose()?;
    let tls = tls.map(|tls| Arc::new(Current::new(tls)));
    let destinations = Destinations::build(&around.destinations, file)?;
    let key = ticket::key(&server, file)?;
    let feed = Feeds::new(&around.feed, file)?;
    let store = Store::open_with(&around.store)?;
    let ports = Ports::open(&around.feed).await?;
    let listener = TcpListener::bind(server.listen).await;
    let opened = |source: io::Error| ShellError::Open {
        path: server.listen.to_string().into(),
        source,
    };
    let listener = listener.map_err(opened)?;
    let address = listener.local_addr().map_err(opened)?;

    let workers = match server.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        some => some as usize,
    };
    let models = (0..workers).map(|_| weights.take());
    let models = models.collect::<Result<Vec<_>, _>>()?;
    let calls = Arc::new(Calls::new(workers, server.max_calls as usize));
    let bus = Arc::new(Bus::new(unix_ms().unsigned_abs()));
    let heard = Heard {
        events: bus.listen_lasting(),
        calls: calls.clone(),
    };
    let exporter = Exporter::start(&around.telemetry, heard, file)?;
    let (ledger, ways) = Ledger::new(store.clone(), workers);
    let ledger = Arc::new(ledger);
    ledger.publish(ways, &bus);
    let tickets = Arc::new(Tickets::new(&key, server.ticket_valid_s.into()));
    let base_url = server.base_url(address);
    let config_sha256 = run.config_sha256.clone();
    let world = World {
        engine: settings.engine.clone(),
        words: Arc::new(Words::english()),
        card: weights.card().clone(),
        run,
        server: server.clone(),
        destinations: Arc::new(Current::new(destinations.clone())),
        calls: calls.clone(),
        bus: bus.clone(),
        ledger: ledger.clone(),
        tickets: tickets.clone(),
        base_url: base_url.clone(),
    };
    let (redaction, transfer) = (world.engine.redaction, world.engine.transfer);
    let world = Arc::new(Current::new(world));
    let (pool, threads) = Pool::start(models, &world).map_err(opened)?;
    let (draining, is_draining) = watch::channel(false);
    let (stop, stopped) = watch::channel(false);
    let app = App(Arc::new(Shared {
        tokens: Arc::new(Tokens::new(&around.tokens, &server)),
        feed: Arc::new(feed),
        tickets,
        calls,
        pool: Arc::new(pool),
        bus,
        ledger,
        telemetry,
        draining: is_draining,
        stop: stopped.clone(),
        sockets: Arc::new(Semaphore::new(server.max_connections as usize)),
        clients: Arc::default(),
        base_url,
        redaction,
        connected_worst_s: transfer.connected.worst_ms as f64 / 1e3,
        made_up: Arc::new(AtomicU64::new(1)),
        config_sha256: config_sha256.clone(),
        server: server.clone(),
    }));
    let open = store.reads().open_calls()?;
    let restored = open.len();
    for call in open {
        restore(&app, &store, call).await?;
    }
    for state in [
        "undertone_config_reload_failed",
        "undertone_config_keys_waiting",
    ] {
        metrics::gauge!(state).set(0.0);
    }
    // Ends with the runtime.
    tokio::spawn(app.telemetry.gather());
    let follower = Follower(exporter.as_ref().map(Exporter::reports));
    let courier = Courier::start_followed(&store, destinations, follower)?;
    let router = api::router(app.clone());
    let now = Arc::new(Current::new(Serving { app, router }));
    let feeds = tokio::spawn(ports.listen(now.clone()));
    let served = (tls.clone(), now.clone());
    let serving = tokio::spawn(async move {
        let (tls, now) = served;
        listen::run(listener, tls, now.clone(), stopped).await;
        // Streams hear of the end themselves; a panic of theirs was printed.
        let patience = Duration::from_secs_f64(now.get().app.server.drain_timeout_s);
        let _ = tokio::time::timeout(patience, feeds).await;
    });
    let standing = Standing {
        settings,
        address,
        key,
        world,
        serving: now,
        tls,
    };
    standing.warn();
    tracing::info!(%address, workers, restored, config_sha256, "ready");
    Ok(Running {
        courier,
        standing,
        address,
        threads,
        exporter,
        serving,
        draining,
        stop,
    })
}

/// Takes up a call that was open when the server stopped.
async fn restore(app: &App, store: &Store, open: OpenCall) -> Result<(), ShellError> {
    let stored = open.call;
    let found = app.calls.open(
        &stored.call_id,
        stored.channel,
        stored.labels,
        Some(stored.opened_ms),
    );
    let call = match found {
        Ok(Found::New(call) | Found::Known(call)) => call,
        Err(problem) => {
            tracing::error!(call = %stored.call_id, problem = %problem.detail, "not restored");
            return Ok(());
        }
    };
    let read = |it: crate::shell::store::StoredMessage| {
        let message = serde_json::from_str(&it.message);
        // It was written by this program.
        message.ok().map(|message| (it.message_id, message))
    };
    let messages = open.dialogue.into_iter().filter_map(read).collect();
    let decided = open.escalations.iter();
    let decided = decided.map(|it| it.escalation_id.clone()).collect();
    let latest = match open.escalations.last() {
        None => None,
        Some(it) => {
            let stages = store.reads().transfers(&it.escalation_id)?;
            let stages = stages.into_iter().map(|at| {
                let update = TransferUpdate {
                    stage: at.stage,
                    failure: at.failure,
                    queue_estimate_s: None,
                };
                (update, at.at_ms)
            });
            Some(RestoredTransfer {
                escalation_id: it.escalation_id.clone(),
                decided_ms: it.decided_ms,
                trigger: serde_json::from_value(it.trigger.as_str().into()).ok(),
                reason: it.reason.clone(),
                stages: stages.collect(),
                payload: serde_json::from_str(&it.payload).ok(),
            })
        }
    };
    let restored = Restored {
        messages,
        decided,
        open: latest,
        voice: open.voice,
    };
    let mut ask = Ask::Restore(Box::new(restored));
    // The queue has a bound, and there may be more calls than room in it.
    while let Err(back) = app.pool.offer(&call, ask) {
        ask = back;
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is reached from outside, with the scheme that it speaks.
    pub fn base_url(&self) -> String {
        self.standing.serving.get().app.base_url.clone()
    }

    /// The gentle end: no new calls, what is decided goes out, connections end; each within the
    /// time that `[server] drain_timeout_s` allows. What is left stays in the store.
    pub async fn stop(self) {
        let _ = self.draining.send(true);
        tracing::info!("stopping: no new calls are taken");
        let app = self.standing.serving.get().app.clone();
        let patience = Duration::from_secs_f64(app.server.drain_timeout_s);
        let until = tokio::time::Instant::now() + patience;
        let store = app.ledger.store.clone();
        loop {
            let pending = store.reads().pending().unwrap_or_default();
            let waiting: u64 = pending.iter().map(|(_, count)| count).sum();
            if waiting == 0 && store.waiting() == 0 {
                break;
            }
            if tokio::time::Instant::now() >= until {
                tracing::warn!(
                    waiting,
                    "not everything was delivered; it stays in the store"
                );
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        let _ = self.stop.send(true);
        // A panic of the listening task was printed.
        let _ = self.serving.await;
        drop(app);
        let Self {
            standing,
            courier,
            threads,
            exporter,
            ..
        } = self;
        drop(standing);
        let ended = tokio::task::spawn_blocking(move || {
            courier.stop();
            // Who still holds the pool holds its threads: they end with the process.
            drop(threads);
            store.close();
        });
        let _ = ended.await;
        // Last: it has heard of every delivery now.
        if let Some(exporter) = exporter {
            exporter.stop().await;
        }
        tracing::info!("stopped");
    }
}
