//! What every request can reach.

use super::auth::Tokens;
use super::bus::Bus;
use super::calls::{Call, Calls, Found, ended};
use super::clients::{Clients, Place};
use super::config::ServerConfig;
use super::feed::config::Feeds;
use super::ledger::Ledger;
use super::problem::Problem;
use super::telemetry::Telemetry;
use super::ticket::Tickets;
use super::worker::{Ask, Pool};
use crate::handoff::{Channel, HandoffPayload, Redaction};
use crate::shell::error::ShellError;
use crate::shell::store::{Reads, StoredCall};
use crate::shell::wall::unix_ms;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The server, as its requests share it.
#[derive(Clone)]
pub struct App(pub Arc<Shared>);

/// What is shared. At a reload it is made anew; who serves a request has the one that it began with.
#[derive(Clone)]
pub struct Shared {
    /// The server's bounds.
    pub server: ServerConfig,
    /// Media servers that are listened to.
    pub feed: Arc<Feeds>,
    /// Who may ask.
    pub tokens: Arc<Tokens>,
    /// Links for browsers.
    pub tickets: Arc<Tickets>,
    /// All calls.
    pub calls: Arc<Calls>,
    /// Their workers.
    pub pool: Arc<Pool>,
    /// What happens.
    pub bus: Arc<Bus>,
    /// The store.
    pub ledger: Arc<Ledger>,
    /// What is counted.
    pub telemetry: Telemetry,
    /// True once no new calls are taken.
    pub draining: watch::Receiver<bool>,
    /// True once connections must end.
    pub stop: watch::Receiver<bool>,
    /// Room for WebSockets, which outlive their requests.
    pub sockets: Arc<Semaphore>,
    /// Who has how many connections.
    pub clients: Arc<Clients>,
    /// How the server is reached from outside.
    pub base_url: String,
    /// What is taken out of what was said.
    pub redaction: Redaction,
    /// The worst time from a decision to a human, seconds.
    pub connected_worst_s: f64,
    /// Calls whose names were made up.
    pub made_up: Arc<AtomicU64>,
    /// SHA-256 of the configuration that new calls begin with, hexadecimal.
    pub config_sha256: String,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// The call `id`, which is opened where it is not known; and whether it was.
    ///
    /// # Errors
    /// 409 where it ended, 503 where no more calls are taken.
    pub async fn opened(
        &self,
        id: &str,
        channel: Channel,
        labels: BTreeMap<String, String>,
    ) -> Result<(Arc<Call>, bool), Problem> {
        if let Ok(call) = self.calls.get(id)
            && !call.ended()
        {
            return Ok((call, false));
        }
        if *self.draining.borrow() {
            return Err(Problem::busy(
                "the server is stopping and takes no new calls",
            ));
        }
        self.ledger.well()?;
        if self
            .stored(id)
            .await?
            .is_some_and(|call| call.closed_ms.is_some())
        {
            return Err(ended(id));
        }
        match self.calls.open(id, channel, labels, None)? {
            Found::Known(call) => Ok((call, false)),
            Found::New(call) => match self.pool.ask(&call, Ask::Open).await {
                Ok(()) => Ok((call, true)),
                Err(problem) => {
                    self.calls.forget(&call);
                    Err(problem)
                }
            },
        }
    }

    /// What a human would see of `call` now, or saw at its end.
    ///
    /// # Errors
    /// 503 where its worker has no room.
    pub async fn payload(&self, call: &Arc<Call>) -> Result<HandoffPayload, Problem> {
        if let Some(payload) = call.last() {
            return Ok(payload.clone());
        }
        let asked = self.pool.ask(call, Ask::Handoff).await;
        // It may have ended meanwhile.
        asked.or_else(|problem| call.last().cloned().ok_or(problem))
    }

    /// The call as it is stored, where it is.
    ///
    /// # Errors
    /// 503 where the store cannot be read.
    pub async fn stored(&self, id: &str) -> Result<Option<StoredCall>, Problem> {
        let id = id.to_owned();
        self.read(move |reads| reads.call(&id)).await
    }

    /// The latest payload that is stored of a call that is no longer in memory; `unknown` where
    /// there is none.
    ///
    /// # Errors
    /// `unknown`, or 503 where the store cannot be read.
    pub async fn stored_payload(
        &self,
        id: String,
        unknown: Problem,
    ) -> Result<HandoffPayload, Problem> {
        let escalations = self.read(move |reads| reads.escalations_of(&id)).await?;
        let latest = escalations.last();
        let payload = latest.and_then(|it| serde_json::from_str(&it.payload).ok());
        payload.ok_or(unknown)
    }

    /// Reads the store on a thread that may wait for the disk.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reads) -> Result<T, ShellError> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = self.ledger.store.clone();
        let done = tokio::task::spawn_blocking(move || read(store.reads())).await;
        match done {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => {
                tracing::error!(%error, "the store cannot be read");
                Err(Problem::busy("the store cannot be read; the log says why"))
            }
            Err(_) => Err(Problem::fault("reading the store failed")),
        }
    }

    /// A place for a connection from `address`; `None` where its client has as many as it may.
    pub fn place(&self, address: IpAddr) -> Option<Place> {
        let most = self.server.max_connections_per_client;
        self.clients.enter(address, most)
    }

    /// Room for a WebSocket.
    ///
    /// # Errors
    /// 503 where there is none.
    pub fn socket_room(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let full = |_| Problem::busy("there are as many WebSockets as max_connections allows");
        self.sockets.clone().try_acquire_owned().map_err(full)
    }

    /// A name for a call that came without one.
    pub fn made_up_id(&self) -> String {
        let number = self.made_up.fetch_add(1, Ordering::Relaxed);
        format!("call-{:x}-{number:x}", unix_ms())
    }
}

/// Waits until what is watched is true, or nobody can turn it any more.
pub async fn turned(watched: &mut watch::Receiver<bool>) {
    // The value itself must not be held: it is a lock.
    let _ = watched.wait_for(|turned| *turned).await.map(drop);
}
