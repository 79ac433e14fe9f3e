//! What a call is heard with: the streams of sound, their places in time, and what was lost.

use super::command::{Format, Listening, Side, Sound};
use super::live::{Cause, Live};
use crate::audio::PcmBlock;
use crate::engine::Heard;
use crate::error::{ModelFault, PushError};
use crate::model::{AffectModel, Reading, Windows};
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
    /// The caller's block that is being heard, and its samples.
    block: Option<Block>,
    samples: Vec<f32>,
    /// Readings that were due so far.
    due: u32,
}

/// A block of the caller's sound, as far as it was not heard yet.
struct Block {
    /// Samples that are missing before it.
    gap: u32,
    /// What is left of the piece of the gap that is heard now.
    piece: Option<u32>,
    /// Samples that were heard.
    heard: usize,
    rate: u32,
    since: Instant,
    last: bool,
    hang_up: bool,
}

/// How it goes on with a call that heard something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// All was heard.
    Heard {
        /// The call ends with it.
        hang_up: bool,
    },
    /// A reading is due before the rest.
    Due,
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
            block: None,
            samples: Vec::new(),
            due: 0,
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
            let attached = self.engine.attach_shared(format.rate, &self.world.card);
            attached.map_err(|error| {
                let problem = Problem::refused(error.to_string());
                problem
                    .at("rate", format.rate.to_string())
                    .mend("give 8000 or 16000")
            })?;
            self.ears.rate = Some(format.rate);
            self.ears.began_ms = unix_ms();
        }
        if format.side == Side::Agent {
            // Sound is attached.
            let attached = self.engine.attach_agent();
            attached.map_err(|error| Problem::fault(error.to_string()))?;
        }
        self.latest = Instant::now();
        self.ears.streams += 1;
        let stream = self.ears.streams;
        self.ears.current[format.side as usize] = Some(stream);
        self.call.update(|status| status.listening = true);
        Ok(Listening { stream })
    }

    /// Hears a block, as far as a reading that is due.
    pub fn hear(&mut self, sound: &Sound) -> Next {
        let (side, rate) = (sound.format.side, sound.format.rate);
        if self.ears.current[side as usize] != Some(sound.stream) {
            return Next::Heard { hang_up: false };
        }
        self.latest = Instant::now();
        self.ears.samples.clear();
        let samples = &mut self.ears.samples;
        sound.format.encoding.decode(&sound.bytes, samples);
        let milliseconds = samples.len() as u64 * 1000 / u64::from(rate);
        let name = ["caller", "agent"][side as usize];
        metrics::counter!("undertone_audio_milliseconds_total", "side" => name)
            .increment(milliseconds);
        let mut block = Block {
            gap: sound.lost,
            piece: None,
            heard: 0,
            rate,
            since: sound.since,
            last: sound.last,
            hang_up: sound.hang_up,
        };
        if side == Side::Agent {
            self.hear_agent(&block);
            return self.heard(&block, side);
        }
        if let Some(kept_ms) = self.ears.recalled_ms.take() {
            self.back(kept_ms, rate);
        }
        if let Some(away) = self.ears.away.take() {
            let away_s = away.elapsed().as_secs_f64().min(LONGEST_AWAY_S);
            block.gap += (away_s * f64::from(rate)) as u32;
        }
        self.ears.block = Some(block);
        self.go_on()
    }

    /// Hears on, as far as the next reading that is due.
    pub fn go_on(&mut self) -> Next {
        let Some(mut block) = self.ears.block.take() else {
            return Next::Heard { hang_up: false };
        };
        let samples = std::mem::take(&mut self.ears.samples);
        let mut done = Done::new(&self.call);
        let next = loop {
            if block.gap > 0 && block.piece.is_none() {
                block.piece = Some(block.gap.min(block.rate));
            }
            let end = samples.len().min(block.heard + block.rate as usize);
            let piece = match block.piece {
                None => PcmBlock::Samples(&samples[block.heard..end]),
                Some(samples) => PcmBlock::Gap { samples },
            };
            let outcome = self.engine.hear(piece);
            let (taken, due) = match outcome {
                Ok(Heard::Due { taken }) => (taken, true),
                Ok(Heard::All) => (piece.len(), false),
                Err(error) => {
                    self.outcome(Err(error));
                    (piece.len(), false)
                }
            };
            match &mut block.piece {
                None => block.heard += taken,
                Some(piece) => {
                    *piece -= taken as u32;
                    block.gap -= taken as u32;
                    if !due {
                        block.piece = None;
                    }
                }
            }
            self.drain_voice(&mut done);
            if due {
                break Next::Due;
            }
            if block.gap == 0 && block.piece.is_none() && block.heard == samples.len() {
                break self.heard(&block, Side::Caller);
            }
        };
        self.ears.samples = samples;
        if next == Next::Due {
            self.ears.block = Some(block);
        }
        self.world.ledger.send(done);
        next
    }

    /// The time since an earlier run of the server stored the voice is a gap.
    fn back(&mut self, kept_ms: i64, rate: u32) {
        let away_s = (unix_ms() - kept_ms).max(0) as f64 / 1e3;
        let missing = (away_s.min(LONGEST_AWAY_S) * f64::from(rate)) as u32;
        let told = self.engine.away(missing);
        self.outcome(told);
        let mut done = Done::new(&self.call);
        self.drain_voice(&mut done);
        self.world.ledger.send(done);
    }

    /// Tells what the voice caused.
    fn drain_voice(&mut self, done: &mut Done) {
        let pulled = self.drain(Cause::Voice(self.ears.began_ms), done);
        // One that begins a transfer is stored with the voice. One that is added to it is not stored.
        if pulled.iter().any(|it| !it.new) {
            self.keeping.hasten();
        }
    }

    /// Windows that the reading that is due needs, where it is made at all: of those that are due,
    /// one in `one_in`.
    pub fn needs(&mut self, one_in: u32) -> usize {
        self.ears.due = self.ears.due.wrapping_add(1);
        if !self.ears.due.is_multiple_of(one_in) {
            self.engine.skip();
            return 0;
        }
        self.engine.windows_due()
    }

    /// Adds the windows of the reading that is due.
    pub fn write_windows(&self, batch: &mut Windows) {
        self.engine.write_windows(batch);
    }

    /// Takes the reading that was due.
    pub fn read(&mut self, readings: Result<&[Reading], ModelFault>) {
        let read = self.engine.read(readings);
        self.outcome(read);
        let mut done = Done::new(&self.call);
        self.drain_voice(&mut done);
        self.world.ledger.send(done);
        if let Some(block) = &self.ears.block {
            let lag = block.since.elapsed().as_secs_f64();
            metrics::histogram!("undertone_audio_to_event_seconds").record(lag);
        }
    }

    /// The end of a block.
    fn heard(&mut self, block: &Block, side: Side) -> Next {
        let at_s = self.engine.at().seconds();
        if side == Side::Caller {
            self.call.update(|status| status.at_s = at_s);
            let lag = block.since.elapsed().as_secs_f64();
            metrics::histogram!("undertone_audio_to_feature_seconds").record(lag);
        }
        if block.last {
            self.ears.current[side as usize] = None;
            if side == Side::Caller {
                self.ears.away = Some(Instant::now());
                self.keeping.hasten();
            }
            let listening = self.ears.current.iter().any(Option::is_some);
            self.call.update(|status| status.listening = listening);
        }
        let hang_up = block.hang_up && self.ears.current.iter().all(Option::is_none);
        if !hang_up && side == Side::Caller {
            self.keep_voice();
        }
        Next::Heard { hang_up }
    }

    /// Passes over a block of the agent, as if it were silent.
    pub fn pass_agent(&mut self, sound: &Sound) {
        let bytes = sound.format.encoding.bytes();
        let samples = sound.bytes.len() / bytes + sound.lost as usize;
        self.engine.pass_agent(samples as u32);
    }

    fn hear_agent(&mut self, block: &Block) {
        let samples = std::mem::take(&mut self.ears.samples);
        let mut left = block.gap;
        while left > 0 {
            let samples = left.min(block.rate);
            left -= samples;
            let pushed = self.engine.push_agent(PcmBlock::Gap { samples });
            self.outcome(pushed);
        }
        for block in samples.chunks(block.rate as usize) {
            let pushed = self.engine.push_agent(PcmBlock::Samples(block));
            self.outcome(pushed);
        }
        self.ears.samples = samples;
    }

    /// What the sound still held back.
    pub(super) fn finish_sound(&mut self, model: &mut dyn AffectModel, done: &mut Done) {
        let finished = self.engine.finish(model);
        self.outcome(finished);
        self.drain_voice(done);
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
