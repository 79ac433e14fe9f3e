//! One leg of a call on its way to the worker: whole samples, and gaps where there was no room.

use crate::shell::server::App;
use crate::shell::server::calls::Call;
use crate::shell::server::problem::Problem;
use crate::shell::server::worker::{Ask, Format, Listening, Sound};
use axum::body::Bytes;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A stream of sound.
pub struct Intake {
    call: Arc<Call>,
    format: Format,
    listening: Listening,
    /// The beginning of a sample whose end has not come.
    odd: Vec<u8>,
    /// Samples that are a gap of just that length before the next that find room.
    lost: u32,
}

impl Intake {
    /// Tells the call's worker that sound is going to come.
    ///
    /// # Errors
    /// The worker has no room, or the call is heard at another rate.
    pub async fn open(app: &App, call: &Arc<Call>, format: Format) -> Result<Self, Problem> {
        let listen = |reply| Ask::Listen(format, reply);
        Ok(Self {
            listening: app.pool.ask(call, listen).await?,
            call: call.clone(),
            format,
            odd: Vec::new(),
            lost: 0,
        })
    }

    /// Hands samples over. What finds no room is lost, counted, and a gap.
    pub fn hear(&mut self, app: &App, bytes: Bytes) {
        let sound = self.sound(bytes, false, false);
        if let Err(sound) = app.pool.hear(sound) {
            self.missed(&sound);
        }
    }

    /// Samples that never came.
    pub fn missing(&mut self, samples: u32) {
        self.lost = self.lost.saturating_add(samples);
    }

    /// The stream's end, and with `hang_up` the call's, unless another stream of it goes on. It must
    /// come through: what the worker waits for to end is decided then.
    pub async fn end(mut self, app: &App, hang_up: bool) {
        let mut sound = self.sound(Bytes::new(), true, hang_up);
        for _ in 0..200 {
            match app.pool.hear(sound) {
                Ok(()) => return,
                Err(back) => sound = back,
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tracing::warn!(call = %self.call.id, "the end of the sound found no room");
    }

    /// Whole samples alone; an odd byte waits for the rest of its sample.
    fn sound(&mut self, bytes: Bytes, last: bool, hang_up: bool) -> Sound {
        let width = self.format.encoding.bytes();
        let mut bytes = bytes;
        if width > 1 {
            if !self.odd.is_empty() {
                self.odd.extend_from_slice(&bytes);
                bytes = Bytes::from(std::mem::take(&mut self.odd));
            }
            let whole = bytes.len() - bytes.len() % width;
            self.odd = bytes.split_off(whole).to_vec();
        }
        Sound {
            call: self.call.clone(),
            stream: self.listening.stream,
            format: self.format,
            lost: std::mem::take(&mut self.lost),
            bytes,
            last,
            hang_up,
            since: Instant::now(),
        }
    }

    fn missed(&mut self, sound: &Sound) {
        let samples = sound.bytes.len() / self.format.encoding.bytes();
        let lost = sound
            .lost
            .saturating_add(u32::try_from(samples).unwrap_or(u32::MAX));
        self.lost = self.lost.saturating_add(lost);
        metrics::counter!("undertone_audio_blocks_lost_total").increment(1);
        metrics::counter!("undertone_audio_samples_lost_total").increment(samples as u64);
    }
}
