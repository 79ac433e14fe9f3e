//! What a call remembers of its caller's voice beyond a few seconds, as bytes: to go on after a
//! restart where it stood.
//!
//! In it: the caller's baseline, the trajectory, the evidence and what it decided, the counts and
//! the curve, and of the features what took long to learn. Not in it: what was told (the dialogue is
//! stored and heard again), and everything that is seconds old, such as windows, filters and the
//! model's context. Those begin anew, after a gap for the time away.
//!
//! The bytes are a version and postcard (<https://postcard.jamesmunns.com/wire-format>): a fifth of
//! the size of JSON, which has no name for a float that is none either. They are outside bytes:
//! every number is checked before anything is taken up.

use super::call::{Call, KEPT};
use super::ear::Ear;
use super::{Engine, Event, Sound};
use crate::config::EngineConfig;
use crate::decision::{DecisionMemory, Escalation, EscalationMemory};
use crate::dialogue::TurnMemory;
use crate::error::{MemoryError, PushError};
use crate::features::{FeatureMemory, Occupant};
use crate::handoff::CurveMemory;
use crate::model::{BaselineMemory, ModelCard};
use crate::summary::TallyMemory;
use crate::trajectory::{BreathMemory, TrajectoryMemory};
use crate::units::StreamTime;
use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The layout of the bytes. A change of any part, of its order or of its bounds makes another one.
pub const MEMORY_VERSION: u8 = 2;
/// The most bytes of a memory. A long call has a sixth of it.
pub const MAX_MEMORY_BYTES: usize = 64 << 10;

/// What is remembered of a voice. It has always been checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    heard_with: HeardWith,
    source_hz: u32,
    at: u64,
    features: FeatureMemory,
    ear: EarMemory,
    call: CallMemory,
}

/// The model and the configuration that give the numbers their meaning, as hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HeardWith {
    model: [u8; 16],
    config: [u8; 16],
}

/// Of the ear: the baseline, the trajectory, the breath, and what was told of the line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct EarMemory {
    baseline: BaselineMemory,
    trajectory: TrajectoryMemory,
    breath: BreathMemory,
    told: Occupant,
}

/// Of the call: decisions and counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CallMemory {
    turns: TurnMemory,
    decision: DecisionMemory,
    tally: TallyMemory,
    curve: CurveMemory,
    escalations: ArrayVec<(u32, EscalationMemory), KEPT>,
}

impl Memory {
    /// Reads and checks bytes that [`Memory::to_bytes`] wrote.
    ///
    /// # Errors
    /// Another version, more than [`MAX_MEMORY_BYTES`], or bytes that no call can have written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MemoryError> {
        if bytes.len() > MAX_MEMORY_BYTES {
            return Err(MemoryError::TooLarge {
                bytes: bytes.len(),
                max: MAX_MEMORY_BYTES,
            });
        }
        let unreadable = |reason: String| MemoryError::Unreadable { reason };
        let (version, rest) = bytes
            .split_first()
            .ok_or_else(|| unreadable("no bytes".to_owned()))?;
        if *version != MEMORY_VERSION {
            return Err(MemoryError::Version {
                found: *version,
                known: MEMORY_VERSION,
            });
        }
        let read = postcard::take_from_bytes(rest);
        let (memory, left): (Self, _) = read.map_err(|error| unreadable(error.to_string()))?;
        if !left.is_empty() {
            return Err(unreadable(format!("{} bytes too many", left.len())));
        }
        memory.check()?;
        Ok(memory)
    }

    /// The bytes, for [`Memory::from_bytes`]: a few thousand.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Plain structs into a vector always serialise.
        postcard::to_extend(self, vec![MEMORY_VERSION]).unwrap_or_default()
    }

    /// Where the call stood.
    pub fn at(&self) -> StreamTime {
        StreamTime::from_ticks(self.at)
    }

    /// The rate of the source, Hz. What comes after has the same.
    pub fn source_hz(&self) -> u32 {
        self.source_hz
    }

    /// Escalations that were decided, by the voice and by words.
    pub fn escalations(&self) -> u32 {
        self.call.tally.escalations()
    }

    fn check(&self) -> Result<(), MemoryError> {
        MemoryError::place("at", self.at)?;
        self.features.check()?;
        self.ear.baseline.check()?;
        self.ear.trajectory.check()?;
        self.ear.breath.check()?;
        self.call.turns.check()?;
        self.call.decision.check()?;
        self.call.tally.check()?;
        self.call.curve.check()?;
        let mut escalations = self.call.escalations.iter();
        escalations.try_for_each(|(_, it)| it.check())
    }
}

impl HeardWith {
    /// Of the card what the numbers depend on; of the configuration what the voice depends on.
    pub fn new(config: &EngineConfig, card: &ModelCard) -> Self {
        let calm = &card.calls.calm_log_odds;
        let (rates, input) = (&card.rates, &card.input);
        let model = (&card.name, &card.version, &card.sha256);
        let model = format!("{model:?} {rates:?} {input:?} {calm:?}");
        let config = (
            config.trajectory,
            config.evidence,
            &config.operating_point,
            config.signs,
        );
        // Plain numbers under plain keys always serialise.
        let config = serde_json::to_vec(&config).unwrap_or_default();
        Self {
            model: short(model.as_bytes()),
            config: short(&config),
        }
    }

    fn agrees(self, memory: &Memory) -> Result<(), MemoryError> {
        let Self { model, config } = memory.heard_with;
        match (self.model == model, self.config == config) {
            (true, true) => Ok(()),
            (true, false) => Err(MemoryError::Other {
                what: "configuration",
            }),
            (false, _) => Err(MemoryError::Other { what: "model" }),
        }
    }
}

/// Half of the SHA-256: it tells versions apart, and nobody gains by forging it.
fn short(bytes: &[u8]) -> [u8; 16] {
    let hash = Sha256::digest(bytes);
    std::array::from_fn(|place| hash[place])
}

impl Engine {
    /// What is remembered of the voice; none without sound. It allocates: not for every block.
    pub fn memory(&self) -> Option<Memory> {
        let sound = self.sound.as_ref()?;
        Some(Memory {
            heard_with: sound.heard_with,
            source_hz: sound.source_hz,
            at: sound.at().ticks(),
            features: sound.features.extractor().memory(self.call.tally.pauses()),
            ear: sound.ear.memory(),
            call: self.call.memory(),
        })
    }

    /// Attaches sound, as [`Engine::attach_sound`] does, that goes on where `memory` stood. Tell the
    /// time since then by [`Engine::away`] before the first samples. What words decided in this engine before is
    /// replaced, for the memory has it: so first say what was told until then, then recall, then say
    /// what was told after it. Events that wait are dropped.
    ///
    /// # Errors
    /// When another model or configuration made it, or the sound cannot be attached. The engine is
    /// unchanged then.
    pub fn recall(&mut self, memory: &Memory, card: &ModelCard) -> Result<(), MemoryError> {
        let mut sound = self.sound(memory.source_hz, card)?;
        sound.heard_with.agrees(memory)?;
        sound.ear.fits(&memory.ear)?;
        sound.began = memory.at();
        sound.features.recall(&memory.features);
        sound.ear.recall(&memory.ear);
        self.attach(sound, card)?;
        self.call.recall(&memory.call);
        Ok(())
    }

    /// Samples that were not heard between the recall and the first block: a gap, told as one. The
    /// windows are empty anyway, so that it costs nothing, however long it was.
    ///
    /// # Errors
    /// When no sound is attached, events wait, or the stream was finished.
    pub fn away(&mut self, samples: u32) -> Result<(), PushError> {
        self.ready()?;
        let sound = self.sound.as_mut().ok_or(PushError::NoSound)?;
        let at = sound.at();
        let seconds = f64::from(samples) / f64::from(sound.source_hz);
        sound.began = sound.began.later(StreamTime::from_seconds(seconds));
        self.call.tally.away(seconds);
        if samples > 0 {
            self.call.emit(Event::Gap { at, samples });
        }
        Ok(())
    }
}

impl Sound {
    /// Where the sound stands.
    pub(super) fn at(&self) -> StreamTime {
        let seconds = self.received as f64 / f64::from(self.source_hz);
        self.began.later(StreamTime::from_seconds(seconds))
    }
}

impl Ear {
    fn memory(&self) -> EarMemory {
        EarMemory {
            baseline: self.baseline.memory(),
            trajectory: self.trajectory.memory(),
            breath: self.markers.memory(),
            told: self.told,
        }
    }

    fn fits(&self, memory: &EarMemory) -> Result<(), MemoryError> {
        self.baseline.fits(&memory.baseline)
    }

    fn recall(&mut self, memory: &EarMemory) {
        self.baseline.recall(&memory.baseline);
        self.trajectory.recall(&memory.trajectory);
        self.markers.recall(&memory.breath);
        self.told = memory.told;
    }
}

impl Call {
    fn memory(&self) -> CallMemory {
        let escalations = self.escalations.iter();
        CallMemory {
            turns: self.turns.memory(),
            decision: self.decision.memory(),
            tally: self.tally.memory(),
            curve: self.curve.memory(),
            escalations: escalations
                .map(|(nth, it)| (*nth, EscalationMemory::from(it)))
                .collect(),
        }
    }

    fn recall(&mut self, memory: &CallMemory) {
        self.turns.recall(&memory.turns);
        self.decision.recall(&memory.decision);
        self.tally.recall(&memory.tally);
        self.curve.recall(&memory.curve);
        self.events.clear();
        self.escalations.clear();
        let escalations = memory.escalations.iter();
        self.escalations
            .extend(escalations.map(|(nth, it)| (*nth, Escalation::from(it))));
    }
}
