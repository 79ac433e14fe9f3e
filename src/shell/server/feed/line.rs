//! A call that a media stream feeds: from what the stream says to legs that are heard.

use super::door::{Guest, PARAMETER};
use super::intake::Intake;
use crate::handoff::Channel;
use crate::shell::server::App;
use crate::shell::server::bus::Published;
use crate::shell::server::calls::{Call, Ended};
use crate::shell::server::problem::Problem;
use crate::shell::server::worker::{Ask, Format, Side};
use crate::wire::feed::{Leg, Media, Opening};
use crate::wire::pcm;
use axum::body::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::broadcast;

/// Parameters that become labels of the call, and their longest value.
const LABELS: usize = 16;
const LABEL_LENGTH: usize = 128;
/// Gaps may be ahead of the clock on the wall by so much in all: who sends a little faster is well, who
/// claims an hour in a packet is not believed.
const AHEAD_S: f64 = 60.0;

/// A stream that feeds a call.
pub struct Line {
    app: App,
    feed: &'static str,
    guest: Option<Guest>,
    heard: Option<Heard>,
    /// The call, where its name comes before its sound.
    named: Option<String>,
    /// The sender said that the call has ended.
    ended: bool,
}

/// What is known once the stream was opened.
struct Heard {
    call: Arc<Call>,
    format: pcm::Format,
    caller: Option<Intake>,
    agent: Option<Intake>,
    since: Instant,
    missing_s: f64,
}

impl Heard {
    fn new(call: Arc<Call>, format: pcm::Format) -> Self {
        Self {
            call,
            format,
            caller: None,
            agent: None,
            since: Instant::now(),
            missing_s: 0.0,
        }
    }

    /// Whether so many samples can be missing.
    fn believes(&mut self, samples: u32) -> bool {
        let missing_s = self.missing_s + f64::from(samples) / f64::from(self.format.rate);
        let believed = missing_s <= 2.0 * self.since.elapsed().as_secs_f64() + AHEAD_S;
        if believed {
            self.missing_s = missing_s;
        }
        believed
    }
}

impl Line {
    /// A stream of `guest` on the feed of that name.
    pub fn new(app: App, feed: &'static str, guest: Guest) -> Self {
        metrics::gauge!("undertone_feeds_open", "feed" => feed).increment(1.0);
        Self {
            app,
            feed,
            guest: Some(guest),
            heard: None,
            named: None,
            ended: false,
        }
    }

    /// Takes everything in `out`; whether there was sound.
    ///
    /// # Errors
    /// As [`Line::take`].
    pub async fn take_all(&mut self, out: &mut Vec<Media>) -> Result<bool, Problem> {
        let mut sound = false;
        for media in out.drain(..) {
            sound |= self.take(media).await?;
        }
        Ok(sound)
    }

    /// The stream has said which call it belongs to, and nothing else yet.
    pub fn belongs_to(&mut self, id: &str) {
        self.named = Some(name(id));
    }

    /// Whether the sender said that the call has ended.
    pub fn said_goodbye(&self) -> bool {
        self.ended
    }

    /// Tells that the stream is open and brings no sound.
    pub fn silent(&self) {
        let feed = self.feed;
        metrics::counter!("undertone_feed_silent_total", "feed" => feed).increment(1);
        tracing::warn!(
            call = self.call(),
            feed,
            "the stream is open and brings no sound"
        );
    }

    /// Takes what the stream says; whether it was sound, or a sign that none is wanted now.
    ///
    /// # Errors
    /// The guest may not, the call has ended, or its format cannot be heard: the stream must end.
    async fn take(&mut self, media: Media) -> Result<bool, Problem> {
        match media {
            Media::Opened(opening) => self.open(opening).await?,
            Media::Sound { leg, bytes } => {
                let app = self.app.clone();
                if let Some(intake) = self.intake(leg).await? {
                    intake.hear(&app, bytes.into());
                    return Ok(true);
                }
            }
            Media::Missing { leg, samples } => {
                let believed = self.heard.as_mut().is_some_and(|it| it.believes(samples));
                if !believed {
                    return Ok(false);
                }
                let feed = self.feed;
                metrics::counter!("undertone_feed_missing_samples_total", "feed" => feed)
                    .increment(samples.into());
                if let Some(intake) = self.intake(leg).await? {
                    intake.missing(samples);
                }
            }
            Media::Held => {
                let app = self.app.clone();
                if let Some(intake) = self.intake(Leg::Caller).await? {
                    // The worker must not take the call for forgotten.
                    intake.hear(&app, Bytes::new());
                }
                return Ok(true);
            }
            Media::Digit => metrics::counter!("undertone_feed_digits_total").increment(1),
            Media::Ended => self.ended = true,
        }
        Ok(false)
    }

    /// Whether whoever sends it was admitted.
    pub fn admitted(&self) -> bool {
        self.heard.is_some() || matches!(self.guest, Some(Guest::Known(_)))
    }

    /// Whether the stream, or the call that it feeds, has ended.
    pub fn over(&self) -> bool {
        self.ended || self.heard.as_ref().is_some_and(|it| it.call.ended())
    }

    /// What happens in the call from here on, once it is known.
    pub fn events(&self) -> Option<broadcast::Receiver<Arc<Published>>> {
        self.heard.as_ref().map(|it| it.call.ring.subscribe())
    }

    /// The call, for the log.
    pub fn call(&self) -> &str {
        self.heard.as_ref().map_or("", |it| &it.call.id)
    }

    /// The stream is over. Where the sender said so, or `hang_up` does, the call ends with the last
    /// of its streams; otherwise it waits to be taken up again.
    pub async fn end(mut self, hang_up: bool) {
        let hang_up = hang_up || self.ended;
        let Some(Heard {
            call,
            caller,
            agent,
            ..
        }) = self.heard.take()
        else {
            return self.unheard(hang_up).await;
        };
        tracing::info!(call = %call.id, feed = self.feed, hang_up, "stream ends");
        if caller.is_none() && agent.is_none() && hang_up {
            // No sound waits, so the call can be closed at once. It may have ended meanwhile.
            let close = |reply| Ask::Close(Ended::HungUp, reply);
            let _ = self.app.pool.ask(&call, close).await;
        }
        for intake in [agent, caller].into_iter().flatten() {
            intake.end(&self.app, hang_up).await;
        }
    }

    /// The stream ends without sound. A call that somebody else opened under its name ends with it,
    /// unless it is heard by another stream.
    async fn unheard(&self, hang_up: bool) {
        let call = self.named.as_ref().filter(|_| hang_up);
        let call = call.and_then(|id| self.app.calls.get(id).ok());
        if let Some(call) = call.filter(|it| !it.ended() && !it.status().listening) {
            tracing::info!(call = %call.id, feed = self.feed, "stream ends without sound");
            let close = |reply| Ask::Close(Ended::HungUp, reply);
            let _ = self.app.pool.ask(&call, close).await;
        }
    }

    async fn open(&mut self, opening: Opening) -> Result<(), Problem> {
        let guest = self.guest.take().unwrap_or(Guest::Unknown);
        let by = guest.named(&self.app, opening.parameter(PARAMETER))?;
        let id = match &opening.call_id {
            Some(id) if !id.is_empty() => name(id),
            _ => self.app.made_up_id(),
        };
        let (call, new) = self
            .app
            .opened(&id, Channel::Voice, labels(&opening))
            .await?;
        let (feed, format) = (self.feed, opening.format);
        tracing::info!(call = %call.id, %by, feed, new, ?format, "stream begins");
        self.heard = Some(Heard::new(call, format));
        Ok(())
    }

    /// The way of a leg; the worker is told of it with its first sound.
    async fn intake(&mut self, leg: Leg) -> Result<Option<&mut Intake>, Problem> {
        let Some(heard) = &mut self.heard else {
            return Ok(None);
        };
        let (side, place) = match leg {
            Leg::Caller => (Side::Caller, &mut heard.caller),
            Leg::Agent => (Side::Agent, &mut heard.agent),
        };
        if place.is_none() {
            let format = Format {
                encoding: heard.format.encoding,
                rate: heard.format.rate,
                side,
            };
            *place = Some(Intake::open(&self.app, &heard.call, format).await?);
        }
        Ok(place.as_mut())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        metrics::gauge!("undertone_feeds_open", "feed" => self.feed).decrement(1.0);
    }
}

/// A name that a call can have: media servers' ids have signs that it cannot.
fn name(id: &str) -> String {
    let allowed = |letter: char| match letter {
        '.' | '_' | ':' | '-' => letter,
        letter if letter.is_ascii_alphanumeric() => letter,
        _ => '_',
    };
    id.chars().take(128).map(allowed).collect()
}

/// What the dialplan wrote on the stream, as labels of the call; never the token.
fn labels(opening: &Opening) -> BTreeMap<String, String> {
    let shown = |(key, value): &&(String, String)| {
        let short = key.len() <= LABEL_LENGTH && value.len() <= LABEL_LENGTH;
        short && !key.is_empty() && key != PARAMETER && key != "call_id"
    };
    let pairs = opening.parameters.iter().filter(shown).take(LABELS);
    pairs.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::server::calls::{Calls, Found};

    #[test]
    fn gaps_that_cannot_be_are_not_believed() {
        let Ok(Found::New(call)) =
            Calls::new(1, 1).open("a", Channel::Voice, BTreeMap::new(), None)
        else {
            panic!("a new call");
        };
        let format = pcm::Format {
            encoding: pcm::Encoding::MuLaw,
            rate: 8000,
            channels: 1,
        };
        let mut heard = Heard::new(call, format);
        assert!(heard.believes(59 * 8000));
        assert!(!heard.believes(59 * 8000));
        assert!(heard.believes(160), "what is small still is");
    }

    #[test]
    fn any_id_becomes_a_name() {
        assert_eq!(name("v3:ab-C_1."), "v3:ab-C_1.");
        assert_eq!(name("PJSIP/100 é"), "PJSIP_100__");
        assert_eq!(name(&"x".repeat(500)).len(), 128);
    }
}
