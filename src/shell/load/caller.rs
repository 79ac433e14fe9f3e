//! One caller's sound, sent as a media server sends it: a frame every 20 ms, by the clock.

use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

/// A recording as 16-bit PCM, to be played round and round.
#[derive(Clone, Debug)]
pub struct Audio {
    /// 16-bit little-endian samples at 8 kHz.
    pub bytes: Bytes,
    /// Bytes in a frame: 320 are 20 ms.
    pub frame: usize,
}

/// What all callers together sent.
#[derive(Debug, Default)]
pub struct Frames {
    /// Frames that were sent.
    pub sent: AtomicU64,
    /// Frames that were sent more than a frame after their time.
    pub late: AtomicU64,
    /// Calls whose sound the server ended before its time.
    pub cut: AtomicU64,
}

impl Audio {
    /// Plays to `url` from the byte at `from`, until `end`. A server that hangs up early is counted.
    ///
    /// # Errors
    /// The connection is refused.
    pub async fn play(
        self,
        url: String,
        token: String,
        from: usize,
        end: Instant,
        frames: Arc<Frames>,
    ) -> Result<(), Error> {
        let mut request = url.into_client_request()?;
        let bearer = HeaderValue::from_str(&format!("Bearer {token}"))?;
        request.headers_mut().insert(AUTHORIZATION, bearer);
        let (socket, _) = connect_async(request).await?;
        let (mut out, mut back) = socket.split();
        // What the server says must be read, or its buffers fill.
        let listening = tokio::spawn(async move { while let Some(Ok(_)) = back.next().await {} });
        let length = Duration::from_secs_f64(self.frame as f64 / 16_000.0);
        let start = Instant::now();
        let whole = self.bytes.len() / self.frame;
        let mut place = from / self.frame % whole.max(1);
        for count in 0u32.. {
            let due = start + length * count;
            if due >= end {
                break;
            }
            sleep_until(due).await;
            if due.elapsed() > length {
                frames.late.fetch_add(1, Relaxed);
            }
            let at = place * self.frame;
            let frame = self.bytes.slice(at..at + self.frame);
            if out.send(Message::Binary(frame)).await.is_err() {
                frames.cut.fetch_add(1, Relaxed);
                break;
            }
            frames.sent.fetch_add(1, Relaxed);
            place = (place + 1) % whole;
        }
        let _ = out.close().await;
        listening.abort();
        Ok(())
    }
}
