//! One call from its beginning to its end, a frame at a time by the clock.

use super::Peer;
use super::audiohook::{Key, Session};
use super::connect::{Socket, connect};
use super::messages::{
    Frame, audiosocket, description, goodbye, rtp, twilio_media, twilio_start, twilio_stop,
};
use crate::shell::wall::unix_ms;
use futures_util::{SinkExt, StreamExt};
use rustls::ClientConfig;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};

/// How long the server may take to close the connection after the end.
const GOODBYE: Duration = Duration::from_secs(5);

/// What plays: the same for all calls.
pub struct Player {
    /// The protocol.
    pub peer: Peer,
    /// `ws://` or `wss://` and the rest, or host and port.
    pub to: String,
    /// Whom to trust over TLS; only where `to` is `wss://`.
    pub tls: Option<Arc<ClientConfig>>,
    /// A token that may write calls; only over WebSocket.
    pub token: String,
    /// What signs, over AudioHook; without it the token is shown.
    pub key: Option<Key>,
    /// At 8 kHz.
    pub samples: Vec<i16>,
    /// Samples in a frame.
    pub frame: usize,
    /// One frame in so many is left out; 0 for none.
    pub lose_one_in: u32,
}

/// What all calls together came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Frames that were sent.
    pub sent: AtomicU64,
    /// Frames that were sent more than a frame after their time: by the fault of this side, or of a
    /// server that does not read.
    pub late: AtomicU64,
    /// Calls that the server ended, or never took.
    pub cut: AtomicU64,
}

/// A connection, by its protocol.
enum Line {
    Twilio(Box<Socket>),
    L16(Box<Socket>),
    AudioSocket(TcpStream),
    Rtp(UdpSocket, u32),
    AudioHook(Session),
}

impl Player {
    /// Plays the recording once, as the call `name`, whose 16 bytes are `id`. A call that is cut is
    /// counted.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses the connection.
    pub async fn play(
        self: Arc<Self>,
        name: String,
        id: [u8; 16],
        tally: Arc<Tally>,
    ) -> Result<(), Error> {
        let mut line = self.open(&name, id).await?;
        let length = Duration::from_secs_f64(self.frame as f64 / 8000.0);
        let start = Instant::now();
        for (number, samples) in (0u32..).zip(self.samples.chunks(self.frame)) {
            // By deadlines, so that what one sleep is off the next makes good.
            let due = start + length * number;
            sleep_until(due).await;
            if due.elapsed() > length {
                tally.late.fetch_add(1, Relaxed);
            }
            if self.lose_one_in > 0 && number % self.lose_one_in == self.lose_one_in - 1 {
                continue;
            }
            let frame = Frame {
                number,
                place: u64::from(number) * self.frame as u64,
                samples,
            };
            if line.send(&name, frame).await.is_err() {
                tally.cut.fetch_add(1, Relaxed);
                return Ok(());
            }
            tally.sent.fetch_add(1, Relaxed);
        }
        if line.end(&name).await.is_err() {
            tally.cut.fetch_add(1, Relaxed);
        }
        Ok(())
    }

    async fn open(&self, name: &str, id: [u8; 16]) -> Result<Line, Error> {
        match self.peer {
            Peer::Twilio => {
                let mut socket = self.socket().await?;
                let start = twilio_start(name, &self.token);
                socket.send(Message::text(start)).await?;
                Ok(Line::Twilio(Box::new(socket)))
            }
            Peer::L16 => {
                let mut socket = self.socket().await?;
                let text = description(name, &self.token);
                socket.send(Message::text(text)).await?;
                Ok(Line::L16(Box::new(socket)))
            }
            Peer::Audiosocket => {
                let mut socket = TcpStream::connect(&self.to).await?;
                socket.set_nodelay(true)?;
                socket.write_all(&audiosocket(0x01, &id)).await?;
                Ok(Line::AudioSocket(socket))
            }
            Peer::Rtp => {
                let local = if self.to.starts_with('[') {
                    "[::]:0"
                } else {
                    "0.0.0.0:0"
                };
                let socket = UdpSocket::bind(local).await?;
                socket.connect(&self.to).await?;
                let ssrc = u32::from_be_bytes([id[0], id[1], id[2], id[3]]);
                Ok(Line::Rtp(socket, ssrc))
            }
            Peer::Audiohook => {
                let shown = (self.key.as_ref(), self.token.as_str());
                let to = (self.to.as_str(), self.tls.clone());
                let session = Session::open(to, shown, name, id, unix_ms() / 1000).await?;
                Ok(Line::AudioHook(session))
            }
        }
    }

    async fn socket(&self) -> Result<Socket, Error> {
        connect(self.to.as_str(), self.tls.clone()).await
    }
}

impl Line {
    async fn send(&mut self, name: &str, frame: Frame<'_>) -> Result<(), Error> {
        match self {
            Self::Twilio(socket) => {
                let media = twilio_media(name, frame);
                socket.send(Message::text(media)).await
            }
            Self::L16(socket) => socket.send(Message::binary(frame.l16())).await,
            Self::AudioSocket(socket) => {
                let message = audiosocket(0x10, &frame.l16());
                Ok(socket.write_all(&message).await?)
            }
            Self::Rtp(socket, ssrc) => told(socket.send(&rtp(*ssrc, frame)).await),
            Self::AudioHook(session) => session.send(frame).await,
        }
    }

    /// The end in good order: a server answers the closing of a WebSocket once it has taken all of it.
    async fn end(self, name: &str) -> Result<(), Error> {
        match self {
            Self::Twilio(mut socket) => {
                socket.send(Message::text(twilio_stop(name))).await?;
                // Not the server's part, in Twilio's protocol.
                socket.as_mut().close(None).await?;
                closed(&mut socket).await
            }
            Self::L16(mut socket) => {
                socket.as_mut().close(None).await?;
                closed(&mut socket).await
            }
            Self::AudioSocket(mut socket) => Ok(socket.shutdown().await?),
            Self::Rtp(socket, ssrc) => told(socket.send(&goodbye(ssrc)).await),
            Self::AudioHook(session) => session.end().await,
        }
    }
}

/// Waits for the server's half of the closing handshake.
pub async fn closed(socket: &mut Socket) -> Result<(), Error> {
    let read = async {
        while let Some(frame) = socket.next().await {
            if let Message::Close(Some(close)) = frame?
                && u16::from(close.code) != 1000
            {
                return Err(Error::ConnectionClosed);
            }
        }
        Ok(())
    };
    let slow = |_| Error::Io(io::ErrorKind::TimedOut.into());
    timeout(GOODBYE, read).await.map_err(slow)?
}

/// Nobody listening on a UDP port is told with the next packet.
fn told(sent: io::Result<usize>) -> Result<(), Error> {
    sent.map(drop).map_err(Error::Io)
}
