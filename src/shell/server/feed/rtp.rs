//! RTP: one UDP port for all senders, one call for each address that sends.

use super::config::RtpConfig;
use super::door::Guest;
use super::late::Left;
use super::line::Line;
use super::watch::{Verdict, Watch};
use crate::shell::server::App;
use crate::shell::server::app::turned;
use crate::shell::server::current::Current;
use crate::shell::server::problem::Problem;
use crate::shell::server::reload::Serving;
use crate::shell::wall::unix_ms;
use crate::wire::feed::rtp::{Packet, Stream};
use axum::body::Bytes;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::JoinSet;

/// The feed's name, in metrics and logs.
const FEED: &str = "rtp";
/// Datagrams that may wait for one call: over a second of the usual 20 ms.
const WAITING: usize = 64;
/// The longest datagram.
const DATAGRAM: usize = 65_536;

/// Takes datagrams until the server stops, and waits for the calls to take note.
pub async fn listen(now: Arc<Current<Serving>>, socket: UdpSocket) {
    let mut stop = now.get().app.stop.clone();
    let mut calls = JoinSet::new();
    let mut senders: HashMap<SocketAddr, mpsc::Sender<Bytes>> = HashMap::new();
    let mut left = Left::default();
    let mut datagram = vec![0; DATAGRAM];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut datagram) => received,
            Some(ended) = calls.join_next() => {
                // A panic was printed; its sender is found closed by the next datagram. All others take
                // datagrams until here, so that none can open another call in between.
                if let Ok(Over { peer, late, datagrams }) = ended {
                    drop(datagrams);
                    senders.remove(&peer);
                    if let Some((ssrc, said_goodbye)) = late {
                        left.note(peer, ssrc, said_goodbye, Instant::now());
                    }
                }
                continue;
            }
            _ = turned(&mut stop) => break,
        };
        let Ok((length, peer)) = received else {
            // An answer of the network to something sent elsewhere; the socket is well.
            continue;
        };
        let bytes = Bytes::copy_from_slice(&datagram[..length]);
        let sent = match senders.get(&peer) {
            Some(sender) => sender.try_send(bytes),
            None => Err(TrySendError::Closed(bytes)),
        };
        match sent {
            Ok(()) => {}
            // Its numbers will tell how much is missing.
            Err(TrySendError::Full(_)) => refused(),
            Err(TrySendError::Closed(bytes)) => {
                let packet = Packet::parse(&bytes);
                if packet.is_ok_and(|it| left.is_late(peer, it.ssrc, Instant::now())) {
                    continue;
                }
                let app = now.get().app.clone();
                // A reload does not take the section away.
                let Some(config) = app.feed.rtp.clone() else {
                    continue;
                };
                let known = config.allow_from.allow(peer.ip()) && packet.is_ok();
                let Some(room) = known.then(|| app.socket_room().ok()).flatten() else {
                    refused();
                    continue;
                };
                let (sender, datagrams) = mpsc::channel(WAITING);
                // An empty channel has room.
                let _ = sender.try_send(bytes);
                senders.insert(peer, sender);
                calls.spawn(async move {
                    let over = serve(app, peer, datagrams, &config).await;
                    drop(room);
                    over
                });
            }
        }
    }
    drop(senders);
    while calls.join_next().await.is_some() {}
}

/// A call that is no longer fed.
struct Over {
    peer: SocketAddr,
    /// The source whose later packets belong to no other call, and whether it said goodbye itself.
    late: Option<(u32, bool)>,
    datagrams: mpsc::Receiver<Bytes>,
}

fn refused() {
    metrics::counter!("undertone_feed_refused_total", "feed" => FEED).increment(1);
}

async fn serve(
    app: App,
    peer: SocketAddr,
    mut datagrams: mpsc::Receiver<Bytes>,
    config: &RtpConfig,
) -> Over {
    // Ports are used again by later calls, names of calls are not.
    let call_id = format!("rtp-{}-{}-{}", peer.ip(), peer.port(), unix_ms());
    let labels = vec![("peer".to_owned(), peer.to_string())];
    let mut stream = Stream::new(call_id, labels, config.types());
    let mut line = Line::new(app.clone(), FEED, Guest::Known(peer.to_string().into()));
    let followed = follow(&app, &mut datagrams, &mut stream, &mut line, config).await;
    let hang_up = followed.unwrap_or_else(|problem| {
        refused();
        tracing::warn!(%peer, problem = %problem.detail, "RTP is not heard");
        false
    });
    let mut out = Vec::new();
    stream.end(&mut out);
    // Where the stream was refused, the rest of it is too.
    let _ = line.take_all(&mut out).await;
    metrics::counter!("undertone_feed_frames_repeated_total", "feed" => FEED)
        .increment(stream.repeated());
    let (over, said_goodbye) = (line.over(), line.said_goodbye());
    line.end(hang_up).await;
    let late = stream.ssrc().filter(|_| over);
    Over {
        peer,
        late: late.map(|ssrc| (ssrc, said_goodbye)),
        datagrams,
    }
}

/// Reads until the end; whether it was that of the call.
async fn follow(
    app: &App,
    datagrams: &mut mpsc::Receiver<Bytes>,
    stream: &mut Stream,
    line: &mut Line,
    config: &RtpConfig,
) -> Result<bool, Problem> {
    let mut watch = Watch::new(app.feed.no_audio_alarm_s, config.gone_after_s);
    let mut out = Vec::new();
    loop {
        match tokio::time::timeout(watch.wait(), datagrams.recv()).await {
            Ok(Some(datagram)) => {
                if let Err(error) = stream.push(&datagram, &mut out) {
                    refused();
                    tracing::debug!(call = line.call(), %error, "packet passed over");
                }
            }
            // The server is stopping.
            Ok(None) => return Ok(false),
            Err(_) => {}
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
            // Whoever hangs up simply sends no more.
            Verdict::Gone => return Ok(true),
        }
    }
}
