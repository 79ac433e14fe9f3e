//! A new configuration for a server that runs. What can change is in force for the next request and
//! the next call; calls that are open go on with the one that they began with, for what they decide
//! must be found again by a replay. What cannot change is named and waits for a restart.

use super::api;
use super::app::{App, Shared};
use super::auth::Tokens;
use super::current::Current;
use super::feed::config::Feeds;
use super::run::Running;
use super::settings::{Around, Settings};
use super::ticket::{self, Tickets};
use super::worker::World;
use crate::config::EngineConfig;
use crate::engine::Engine;
use crate::error::BuildError;
use crate::model::ModelCard;
use crate::shell::command::config_sha256;
use crate::shell::delivery::Destinations;
use crate::shell::error::ShellError;
use axum::Router;
use std::net::SocketAddr;
use std::sync::Arc;

/// What requests are served with.
pub struct Serving {
    /// What they can reach.
    pub app: App,
    /// Where they go.
    pub router: Router,
}

/// What is in force, and what it was made from.
pub struct Standing {
    /// As they were read, but for what waits for a restart.
    pub settings: Settings,
    /// Where it listens.
    pub address: SocketAddr,
    /// Signs the links to the screens.
    pub key: Vec<u8>,
    /// What calls begin with.
    pub world: Arc<Current<World>>,
    /// What requests are served with.
    pub serving: Arc<Current<Serving>>,
    /// What handshakes are made with.
    pub tls: Option<Arc<Current<rustls::ServerConfig>>>,
}

impl Standing {
    /// Says what is allowed and yet dangerous.
    pub fn warn(&self) {
        let listen = self.address;
        if self.settings.around.server.in_the_clear(listen) {
            tracing::warn!(
                %listen,
                "this listens beyond this machine without TLS: tokens and what is said can be read \
                 on the way; give [server.tls], or let only a proxy that has TLS reach it"
            );
        }
    }
}

/// Whether calls can be heard with `engine` and the model of `card`, at both analysis rates.
///
/// # Errors
/// Names what does not fit.
pub fn fits(engine: &EngineConfig, card: &ModelCard) -> Result<(), BuildError> {
    for rate in [8000, 16_000] {
        Engine::new(engine, rate, card)?;
    }
    Ok(())
}

impl Running {
    /// Puts what was `read` in force; the keys that wait for a restart. Where anything is wrong, all
    /// that was in force stays so.
    ///
    /// # Errors
    /// What was read cannot be used.
    pub async fn reload(
        &mut self,
        read: Result<(Settings, String), ShellError>,
    ) -> Result<Vec<&'static str>, ShellError> {
        let done = match read {
            Ok((settings, file)) => self.replace(settings, &file).await,
            Err(error) => Err(error),
        };
        let result = if done.is_ok() { "ok" } else { "failed" };
        metrics::counter!("undertone_config_reloads_total", "result" => result).increment(1);
        metrics::gauge!("undertone_config_reload_failed").set(f64::from(done.is_err()));
        if let Ok(kept) = &done {
            metrics::gauge!("undertone_config_keys_waiting").set(kept.len() as f64);
            for key in kept {
                tracing::warn!(
                    key,
                    "this cannot change while the server runs: it stays as it was until a restart"
                );
            }
            let hash = &self.standing.serving.get().app.config_sha256;
            tracing::info!(config_sha256 = %hash, waiting = kept.len(), "configuration read again");
            self.standing.warn();
        }
        done
    }

    async fn replace(
        &mut self,
        mut settings: Settings,
        file: &str,
    ) -> Result<Vec<&'static str>, ShellError> {
        let standing = &mut self.standing;
        let kept = keep(&mut settings.around, &standing.settings.around);
        let (world, serving) = (standing.world.get(), standing.serving.get());
        let around = &settings.around;
        let server = &around.server;
        // All that can go wrong comes first.
        fits(&settings.engine, &world.card)?;
        let tls = server.tls.as_ref().map(|tls| tls.load(file)).transpose()?;
        let destinations = Destinations::build(&around.destinations, file)?;
        let feed = Feeds::new(&around.feed, file)?;
        let key = match &server.ticket_key {
            Some(_) => ticket::key(server, file)?,
            // The one that was drawn at the start: links that were given out stay good.
            None => standing.key.clone(),
        };
        feed.follow(&serving.app.feed);
        let tickets = Arc::new(Tickets::new(&key, server.ticket_valid_s.into()));
        let base_url = server.base_url(standing.address);
        let config_sha256 = config_sha256(&settings.engine);
        let mut run = world.run.clone();
        run.config_sha256.clone_from(&config_sha256);
        let app = App(Arc::new(Shared {
            tokens: Arc::new(Tokens::new(&around.tokens, server)),
            feed: Arc::new(feed),
            tickets: tickets.clone(),
            base_url: base_url.clone(),
            redaction: settings.engine.redaction,
            connected_worst_s: settings.engine.transfer.connected.worst_ms as f64 / 1e3,
            config_sha256,
            server: server.clone(),
            ..Shared::clone(&serving.app)
        }));
        let router = api::router(app.clone());
        world.calls.allow(server.max_calls as usize);
        world.destinations.set(destinations.clone());
        standing.world.set(World {
            engine: settings.engine.clone(),
            run,
            server: server.clone(),
            tickets,
            base_url,
            ..World::clone(&world)
        });
        standing.serving.set(Serving { app, router });
        if let (Some(current), Some(tls)) = (&standing.tls, tls) {
            current.set(tls);
        }
        standing.key = key;
        standing.settings = settings;
        self.courier.reload(destinations).await;
        Ok(kept)
    }
}

/// Leaves in `new` what cannot change while the server runs as it is in `old`; the keys where they
/// differed.
fn keep(new: &mut Around, old: &Around) -> Vec<&'static str> {
    let mut kept = Vec::new();
    macro_rules! keep {
        ($($($key:ident).+;)*) => {$(
            if new.$($key).+ != old.$($key).+ {
                new.$($key).+.clone_from(&old.$($key).+);
                kept.push(stringify!($($key).+));
            }
        )*};
    }
    keep! {
        server.listen;
        server.workers;
        server.max_connections;
        server.dialogue_queue;
        server.audio_queue;
        store;
        telemetry;
    }
    // Whether it speaks TLS at all; which certificate it shows may change.
    if new.server.tls.is_some() != old.server.tls.is_some() {
        new.server.tls.clone_from(&old.server.tls);
        kept.push("server.tls");
    }
    // Ports of their own: who may use them may change.
    macro_rules! keep_port {
        ($($feed:ident, $section:literal, $listen:literal;)*) => {$(
            match (&mut new.feed.$feed, &old.feed.$feed) {
                (Some(new), Some(old)) if new.listen == old.listen => {}
                (Some(new), Some(old)) => {
                    new.listen = old.listen;
                    kept.push($listen);
                }
                (None, None) => {}
                (new, old) => {
                    new.clone_from(old);
                    kept.push($section);
                }
            }
        )*};
    }
    keep_port! {
        audiosocket, "feed.audiosocket", "feed.audiosocket.listen";
        rtp, "feed.rtp", "feed.rtp.listen";
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::server::feed::config::AllowFrom;

    fn around(text: &str) -> Around {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_cannot_change_stays_and_is_named_and_the_rest_is_new() {
        let old = around(
            "[server]\nnotice = 'a'\n[feed.rtp]\nlisten = '127.0.0.1:4000'\n[store]\npath = 'a.db'",
        );
        let mut new = around(
            "[server]\nnotice = 'b'\nlisten = '0.0.0.0:1'\nworkers = 9\nmax_calls = 7\n\
             [server.tls]\ncertificate = 'c'\nkey = 'k'\n[store]\npath = 'b.db'\n\
             [feed.rtp]\nlisten = '127.0.0.1:4001'\nallow_from = ['10.0.0.0/8']\n\
             [feed.audiosocket]\nlisten = '127.0.0.1:9092'",
        );
        let kept = keep(&mut new, &old);
        let named = [
            "server.listen",
            "server.workers",
            "store",
            "server.tls",
            "feed.audiosocket",
            "feed.rtp.listen",
        ];
        assert_eq!(kept, named);
        assert_eq!((new.server.notice.as_str(), new.server.max_calls), ("b", 7));
        let rtp = new.feed.rtp.as_ref().unwrap();
        assert_ne!(rtp.allow_from, AllowFrom::default());
        assert_eq!(keep(&mut new, &old), [] as [&str; 0]);
    }
}
