//! Connections: accepted up to a bound, cut off when they are slow, let go gently at the end. Each
//! request is served with what is in force when it comes.

use super::app::turned;
use super::clients::Place;
use super::current::Current;
use super::handshake::shake;
use super::reload::Serving;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// The longest head of a request, bytes.
const HEAD: usize = 32 * 1024;
/// The most headers of a request.
const HEADERS: usize = 64;

/// Takes connections until `stop` turns true; then ends idle ones, and waits for the others up to
/// the time that `[server] drain_timeout_s` allows.
pub async fn run(
    listener: TcpListener,
    tls: Option<Arc<Current<rustls::ServerConfig>>>,
    now: Arc<Current<Serving>>,
    mut stop: watch::Receiver<bool>,
) {
    let permits = now.get().app.server.max_connections;
    let room = Arc::new(Semaphore::new(permits as usize));
    loop {
        // Beyond the bound the rest wait in the system's own queue.
        let permit = tokio::select! {
            permit = room.clone().acquire_owned() => permit,
            _ = turned(&mut stop) => break,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = turned(&mut stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: others end soon.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Without an answer: whoever has so many is not helped by one.
        let Some(place) = now.get().app.place(peer.ip()) else {
            continue;
        };
        let tls = tls.as_ref().map(|tls| tls.get());
        let begun = begin(stream, Arc::new(place), tls, now.clone(), stop.clone());
        tokio::spawn(async move {
            begun.await;
            drop(permit);
        });
    }
    drop(listener);
    let all = room.acquire_many_owned(permits);
    let patience = Duration::from_secs_f64(now.get().app.server.drain_timeout_s);
    if tokio::time::timeout(patience, all).await.is_err() {
        tracing::warn!("some connections did not end in time and are cut");
    }
}

/// A connection counts from its first instant on: a handshake that is not done in time ends it.
async fn begin(
    stream: TcpStream,
    place: Arc<Place>,
    tls: Option<Arc<rustls::ServerConfig>>,
    now: Arc<Current<Serving>>,
    mut stop: watch::Receiver<bool>,
) {
    // Small answers must not wait for more to send.
    let _ = stream.set_nodelay(true);
    let header_timeout = Duration::from_secs_f64(now.get().app.server.header_timeout_s);
    let Some(tls) = tls else {
        return serve(stream, place, now, header_timeout, stop).await;
    };
    let shaken = tokio::select! {
        shaken = shake(stream, tls, header_timeout) => shaken,
        _ = turned(&mut stop) => None,
    };
    if let Some(stream) = shaken {
        serve(stream, place, now, header_timeout, stop).await;
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    place: Arc<Place>,
    now: Arc<Current<Serving>>,
    header_timeout: Duration,
    mut stop: watch::Receiver<bool>,
) {
    // A connection may outlive a reload: a token that is gone must not open the next request.
    let service = service_fn(move |mut request: Request<Incoming>| {
        // A WebSocket outlives what made it, and takes the place along.
        request.extensions_mut().insert(place.clone());
        TowerToHyperService::new(now.get().router.clone()).call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(HEAD)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = turned(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
