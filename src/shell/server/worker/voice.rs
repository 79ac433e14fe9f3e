//! What is remembered of a caller's voice: stored every few seconds and with each decision, and taken
//! up again after a restart.

use super::live::Live;
use crate::engine::Memory;
use crate::error::MemoryError;
use crate::shell::server::calls::Call;
use crate::shell::store::{Record, VoiceKept};
use crate::shell::wall::unix_ms;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

/// When the voice of one call is stored.
pub struct Keeping {
    /// None where it never is.
    every: Option<Duration>,
    due: Instant,
}

impl Keeping {
    /// Every `every_s` seconds; the first time anywhere within them, so that calls that began
    /// together are not stored together.
    pub fn new(call: &Call, every_s: f64) -> Self {
        let every = (every_s > 0.0).then(|| Duration::from_secs_f64(every_s));
        let mut hasher = DefaultHasher::new();
        call.id.hash(&mut hasher);
        let share = (hasher.finish() % 1000) as f64 / 1e3;
        let first = every.unwrap_or_default().mul_f64(share);
        Self {
            every,
            due: Instant::now() + first,
        }
    }

    /// The next time is now.
    pub fn hasten(&mut self) {
        self.due = Instant::now();
    }
}

impl Live {
    /// The voice as it stands; none without sound, or where it is not stored.
    pub(super) fn voice(&self) -> Option<VoiceKept> {
        self.keeping.every?;
        let memory = self.engine.memory()?;
        metrics::counter!("undertone_voice_snapshots_total").increment(1);
        let transfer = self.transfer.as_ref();
        Some(VoiceKept {
            call_id: self.call.id.to_string(),
            at_ms: unix_ms(),
            began_ms: self.ears.began_ms,
            messages: self.messages,
            escalation: transfer.map(|it| (it.escalation_id.clone(), it.nth)),
            memory: memory.to_bytes(),
        })
    }

    /// Stores the voice where it is time to. Nobody waits for it, and nothing is lost without it but
    /// the seconds since the last time.
    pub(super) fn keep_voice(&mut self) {
        let Some(every) = self.keeping.every else {
            return;
        };
        let now = Instant::now();
        if now < self.keeping.due {
            return;
        }
        self.keeping.due = now + every;
        if let Some(voice) = self.voice() {
            self.world.ledger.keep(Record::VoiceKept(voice));
        }
    }

    /// Goes on with the voice where it stood; the time since then is a gap before the next sound.
    pub(super) fn recall(&mut self, kept: &VoiceKept) -> Result<(), MemoryError> {
        let memory = Memory::from_bytes(&kept.memory)?;
        self.engine.recall(&memory, &self.world.card)?;
        self.decided = memory.escalations();
        self.ears.recall(memory.source_hz(), kept);
        let at_s = memory.at().seconds();
        let seen = self.engine.handoff().sentiment_trajectory;
        self.call.update(|status| {
            status.at_s = at_s;
            if let Some(seen) = seen {
                (status.sentiment, status.slope_per_min) = (seen.now, seen.slope_per_min);
                status.points = seen.points.into();
            }
        });
        metrics::counter!("undertone_voices_recalled_total").increment(1);
        Ok(())
    }
}
