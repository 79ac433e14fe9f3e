//! What a call is heard with: the streams of sound, their places in time, and what was lost.

use super::command::{Format, Listening, Side, Sound};
use super::live::{Cause, Live};
use crate::audio::PcmBlock;
use crate::error::PushError;
use crate::model::AffectModel;
use crate::shell::server::ledger::Done;
use crate::shell::server::problem::Problem;
use crate::shell::store::VoiceKept;
use crate::shell::wall::unix_ms;
use std::time::Instant;

/// The longest silence between two streams of the caller that is put back as a gap, seconds.
const LONGEST_AWAY_S: f64 = 600.0;

/// The streams of a call.
pub struct Ears {
    rate: Option<u32>,
    pub(super) began_ms: i64,
    streams: u64,
    /// The stream of each side that is listened to, the caller's first.
    current: [Option<u64>; 2],
    /// When the caller's stream ended, where it did.
    away: Option<Instant>,
    /// When an earlier run of the server stored the voice, milliseconds since 1970.
    recalled_ms: Option<i64>,
    samples: Vec<f32>,
}

impl Ears {
    pub fn new() -> Self {
        Self {
            rate: None,
            began_ms: 0,
            streams: 0,
            current: [None; 2],
            away: None,
            recalled_ms: None,
            samples: Vec::new(),
        }
    }

    /// The sound of an earlier run of the server, which was last heard then.
    pub fn recall(&mut self, rate: u32, kept: &VoiceKept) {
        (self.rate, self.began_ms) = (Some(rate), kept.began_ms);
        self.recalled_ms = Some(kept.at_ms);
    }

    /// Whether the call has sound.
    pub fn attached(&self) -> bool {
        self.rate.is_some()
    }
}

impl Live {
    /// Sound is going to come. A stream of a side takes the place of an earlier one.
    pub fn listen(&mut self, format: Format) -> Result<Listening, Problem> {
        if let Some(rate) = self.ears.rate.filter(|rate| *rate != format.rate) {
            let detail = format!("the call is heard at {rate} Hz already");
            let mend = "send both sides, and what comes after a break, at the same rate";
            let problem = Problem::conflict(detail);
            return Err(problem.at("rate", format.rate.to_string()).mend(mend));
        }
        if self.ears.rate.is_none() {
            let attached = self.engine.attach_sound(format.rate, &self.world.card);
            attached.map_err(|error| {
                let problem = Problem::refused(error.to_string());
                problem
                    .at("rate", format.rate.to_string())
                    .mend("give 8000 or 16000")
            })?;
            self.ears.rate = Some(format.rate);
            self.ears.began_ms = unix_ms();
        }
        self.latest = Instant::now();
        self.ears.streams += 1;
        let stream = self.ears.streams;
        self.ears.current[format.side as usize] = Some(stream);
        self.call.update(|status| status.listening = true);
        Ok(Listening { stream })
    }

    /// Hears a block; whether the call ends with it.
    pub fn hear(&mut self, sound: &Sound, model: &mut dyn AffectModel) -> bool {
        let side = sound.format.side;
        if self.ears.current[side as usize] != Some(sound.stream) {
            return false;
        }
        self.latest = Instant::now();
        let mut samples = std::mem::take(&mut self.ears.samples);
        samples.clear();
        sound.format.encoding.decode(&sound.bytes, &mut samples);
        let seconds = samples.len() as f64 / f64::from(sound.format.rate);
        let mut done = Done::new(&self.call);
        match side {
            Side::Agent => {
                self.gap(sound.lost, Side::Agent, model, &mut done);
                for block in samples.chunks(sound.format.rate as usize) {
                    self.pushed(Side::Agent, PcmBlock::Samples(block), model, &mut done);
                }
                metrics::counter!("undertone_audio_milliseconds_total", "side" => "agent")
                    .increment((seconds * 1e3) as u64);
            }
            Side::Caller => {
                if let Some(kept_ms) = self.ears.recalled_ms.take() {
                    let away_s = (unix_ms() - kept_ms).max(0) as f64 / 1e3;
                    let away_s = away_s.min(LONGEST_AWAY_S);
                    let missing = (away_s * f64::from(sound.format.rate)) as u32;
                    let told = self.engine.away(missing);
                    self.outcome(told);
                    self.drain(Cause::Voice(self.ears.began_ms), &mut done);
                }
                if let Some(away) = self.ears.away.take() {
                    let away_s = away.elapsed().as_secs_f64().min(LONGEST_AWAY_S);
                    let missing = (away_s * f64::from(sound.format.rate)) as u32;
                    self.gap(missing, Side::Caller, model, &mut done);
                }
                self.gap(sound.lost, Side::Caller, model, &mut done);
                for block in samples.chunks(sound.format.rate as usize) {
                    self.pushed(Side::Caller, PcmBlock::Samples(block), model, &mut done);
                }
                metrics::counter!("undertone_audio_milliseconds_total", "side" => "caller")
                    .increment((seconds * 1e3) as u64);
                let at_s = self.engine.at().seconds();
                self.call.update(|status| status.at_s = at_s);
                let lag = sound.since.elapsed().as_secs_f64();
                metrics::histogram!("undertone_audio_to_feature_seconds").record(lag);
            }
        }
        self.ears.samples = samples;
        if sound.last {
            self.ears.current[side as usize] = None;
            if side == Side::Caller {
                self.ears.away = Some(Instant::now());
                self.keeping.hasten();
            }
            let listening = self.ears.current.iter().any(Option::is_some);
            self.call.update(|status| status.listening = listening);
        }
        let over = sound.hang_up && self.ears.current.iter().all(Option::is_none);
        if !over && side == Side::Caller {
            self.keep_voice();
        }
        self.world.ledger.send(done);
        over
    }

    fn gap(&mut self, samples: u32, side: Side, model: &mut dyn AffectModel, done: &mut Done) {
        let most = self.ears.rate.unwrap_or(u32::MAX);
        let mut left = samples;
        while left > 0 {
            let samples = left.min(most);
            left -= samples;
            self.pushed(side, PcmBlock::Gap { samples }, model, done);
        }
    }

    fn pushed(
        &mut self,
        side: Side,
        block: PcmBlock<'_>,
        model: &mut dyn AffectModel,
        done: &mut Done,
    ) {
        let pushed = match side {
            Side::Caller => self.engine.push(block, model),
            Side::Agent => self.engine.push_agent(block),
        };
        self.outcome(pushed);
        let pulled = self.drain(Cause::Voice(self.ears.began_ms), done);
        // One that begins a transfer is stored with the voice. One that is added to it is not stored.
        if pulled.iter().any(|it| !it.new) {
            self.keeping.hasten();
        }
    }

    /// What the sound still held back.
    pub(super) fn finish_sound(&mut self, model: &mut dyn AffectModel, done: &mut Done) {
        let finished = self.engine.finish(model);
        self.outcome(finished);
        self.drain(Cause::Voice(self.ears.began_ms), done);
    }

    fn outcome(&self, pushed: Result<(), PushError>) {
        match pushed {
            Ok(()) => {}
            Err(PushError::Model(_)) => {
                metrics::counter!("undertone_model_faults_total").increment(1);
            }
            Err(error) => tracing::error!(call = %self.call.id, %error, "sound was refused"),
        }
    }
}
