//! Asterisk AudioSocket: a TCP port of its own, one connection a call.

use super::door::Guest;
use super::line::Line;
use super::watch::{Verdict, Watch};
use crate::shell::server::App;
use crate::shell::server::app::turned;
use crate::shell::server::current::Current;
use crate::shell::server::problem::Problem;
use crate::shell::server::reload::Serving;
use crate::wire::feed::audiosocket::Stream;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The feed's name, in metrics and logs.
const FEED: &str = "audiosocket";
/// Bytes that are read at once: 40 ms at 48 kHz.
const READ: usize = 4096;
/// How long nothing comes until silence is sent, where it is: half of what Asterisk waits for.
const QUIET: Duration = Duration::from_secs(1);

/// Takes connections until the server stops, and waits for those that are open.
pub async fn listen(now: Arc<Current<Serving>>, listener: TcpListener) {
    let mut stop = now.get().app.stop.clone();
    let mut calls = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = calls.join_next() => continue,
            _ = turned(&mut stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: others end soon.
                tracing::warn!(%error, "an AudioSocket connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let app = now.get().app.clone();
        // A reload does not take the section away.
        let Some(config) = &app.feed.audiosocket else {
            continue;
        };
        if !config.allow_from.allow(peer.ip()) {
            metrics::counter!("undertone_feed_refused_total", "feed" => FEED).increment(1);
            tracing::warn!(%peer, "not in feed.audiosocket.allow_from");
            continue;
        }
        let Some(place) = app.place(peer.ip()) else {
            continue;
        };
        let Ok(room) = app.socket_room() else {
            metrics::counter!("undertone_feed_refused_total", "feed" => FEED).increment(1);
            continue;
        };
        let (app, keep_alive) = (app.clone(), config.keep_alive);
        calls.spawn(async move {
            serve(app, stream, peer, keep_alive).await;
            drop((room, place));
        });
    }
    while calls.join_next().await.is_some() {}
}

async fn serve(app: App, mut socket: TcpStream, peer: SocketAddr, keep_alive: bool) {
    // What is sent back is small and must not wait.
    let _ = socket.set_nodelay(true);
    let mut line = Line::new(app.clone(), FEED, Guest::Known(peer.to_string().into()));
    let hang_up = match follow(&app, &mut socket, &mut line, keep_alive).await {
        Ok(hang_up) => hang_up,
        Err(problem) => {
            metrics::counter!("undertone_feed_refused_total", "feed" => FEED).increment(1);
            let (call, problem) = (line.call(), &problem.detail);
            tracing::warn!(call, %peer, %problem, "AudioSocket connection ended");
            false
        }
    };
    line.end(hang_up).await;
}

/// Reads until the end; whether it was that of the call.
async fn follow(
    app: &App,
    socket: &mut TcpStream,
    line: &mut Line,
    keep_alive: bool,
) -> Result<bool, Problem> {
    let (mut stream, mut out) = (Stream::new(), Vec::new());
    let mut stop = app.stop.clone();
    let mut bytes = vec![0; READ];
    let alarm_s = app.feed.no_audio_alarm_s;
    // Who does not say which call it is may not keep a connection for long.
    let mut watch = Watch::new(alarm_s, app.server.header_timeout_s);
    let mut named = false;
    let mut quiet = Instant::now();
    loop {
        let read = tokio::select! {
            read = tokio::time::timeout(watch.wait(), socket.read(&mut bytes)) => read,
            _ = tokio::time::sleep_until(quiet + QUIET), if keep_alive && named => {
                quiet = Instant::now();
                // A peer that does not read misses it, and nothing waits for it.
                let _ = socket.try_write(&stream.silence());
                continue;
            }
            _ = turned(&mut stop) => return Ok(false),
        };
        match read {
            // No end is said: the connection ends, and with it the call.
            Ok(Ok(0)) => return Ok(true),
            Ok(Ok(count)) => {
                quiet = Instant::now();
                let pushed = stream.push(&bytes[..count], &mut out);
                pushed.map_err(|error| Problem::malformed(error.to_string()))?;
            }
            // Who closes while our silence waits unread is gone all the same.
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionReset => return Ok(true),
            Ok(Err(error)) => {
                tracing::debug!(call = line.call(), %error, "AudioSocket connection broke off");
                return Ok(false);
            }
            Err(_) => {}
        }
        if !named && let Some(id) = stream.call_id() {
            named = true;
            line.belongs_to(id);
            watch = Watch::new(alarm_s, app.server.idle_timeout_s);
        }
        if line.take_all(&mut out).await? {
            watch.heard();
        }
        if line.over() {
            return Ok(true);
        }
        match watch.look() {
            Verdict::Well => {}
            Verdict::Silent => line.silent(),
            Verdict::Gone => return Err(Problem::malformed("no sound came for too long")),
        }
    }
}
