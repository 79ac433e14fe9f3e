//! Live sound from telephony media servers: one adapter a protocol, all on the same way in.
//!
//! - **Takes** streams of media servers, over sockets that the configuration opened; none by default.
//! - **Gives** sound, gaps and ends of calls to the workers; opens calls that are not known.
//! - **Remembers** one stream a connection: its parser's window, and samples that found no room.
//! - **Source**: the protocols are read in `wire/feed`, and named there.
//!
//! ```text
//! socket ─ door (who may) ─ wire::feed (bytes → Media) ─ line (a call) ─ intake (a leg) ─ worker
//! ```

mod audiohook;
mod audiosocket;
pub mod config;
mod door;
mod http_signature;
mod intake;
mod l16;
mod late;
mod line;
mod rtp;
mod signature;
mod socket;
mod twilio;
mod watch;

pub use config::FeedConfig;
pub use intake::Intake;

use super::App;
use super::current::Current;
use super::reload::Serving;
use crate::shell::error::ShellError;
use axum::Router;
use axum::routing::get;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

/// The addresses of the feeds that are configured.
pub fn router(app: &App) -> Router<App> {
    let mut router = Router::new();
    if app.feed.twilio.is_some() {
        router = router.route("/v1/feed/twilio", get(twilio::answer));
    }
    if app.feed.l16.is_some() {
        router = router.route("/v1/feed/l16", get(l16::answer));
    }
    if app.feed.audiohook.is_some() {
        router = router.route("/v1/feed/audiohook", get(audiohook::answer));
    }
    router
}

/// Ports of their own that feeds listen on.
pub struct Ports {
    audiosocket: Option<TcpListener>,
    rtp: Option<UdpSocket>,
}

impl Ports {
    /// Opens those that are configured.
    ///
    /// # Errors
    /// An address cannot be listened on.
    pub async fn open(config: &FeedConfig) -> Result<Self, ShellError> {
        let audiosocket = match &config.audiosocket {
            None => None,
            Some(config) => {
                let listener = TcpListener::bind(config.listen).await;
                Some(listener.map_err(|source| cannot(config.listen, source))?)
            }
        };
        let rtp = match &config.rtp {
            None => None,
            Some(config) => {
                let socket = UdpSocket::bind(config.listen).await;
                Some(socket.map_err(|source| cannot(config.listen, source))?)
            }
        };
        Ok(Self { audiosocket, rtp })
    }

    /// Listens on them until the server stops, and what is open has ended.
    pub async fn listen(self, now: Arc<Current<Serving>>) {
        let mut tasks = JoinSet::new();
        if let Some(listener) = self.audiosocket {
            tasks.spawn(audiosocket::listen(now.clone(), listener));
        }
        if let Some(socket) = self.rtp {
            tasks.spawn(rtp::listen(now, socket));
        }
        tasks.join_all().await;
    }
}

fn cannot(address: SocketAddr, source: io::Error) -> ShellError {
    let path = address.to_string().into();
    ShellError::Open { path, source }
}
