//! One call from samples and words to escalation: the only file that wires the rooms, with its
//! parts in `engine/`.
//!
//! Sans-IO: [`Engine::push`] samples, [`Engine::say`] what was told, [`Engine::poll`] events until
//! none is left. Who serves many calls may [`Engine::hear`] instead, and make the readings of
//! several calls in one batch. The same samples and messages give the same events, bit for bit, however the
//! samples are cut into blocks.

mod call;
mod ear;
mod memory;
mod queue;
mod shared;
mod talk;

use crate::audio::PcmBlock;
use crate::config::EngineConfig;
use crate::decision::Escalation;
use crate::dialogue::{DialogueMessage, Words};
use crate::error::{BuildError, PushError};
use crate::features::{FeatureStream, Occupant};
use crate::handoff::{Channel, HandoffPayload};
use crate::model::{Affect, AffectModel, ModelCard};
pub use crate::summary::Summary;
use crate::trajectory::{Marker, Point};
use crate::units::StreamTime;
use call::Call;
use ear::Ear;
use memory::HeardWith;
pub use memory::{MAX_MEMORY_BYTES, MEMORY_VERSION, Memory};
pub use shared::Heard;
use std::sync::Arc;
use talk::Talk;

/// The longest block that [`Engine::push`] takes, seconds.
pub const MAX_BLOCK_S: u32 = 1;
/// Escalations that a call keeps to tell of: the first, and the latest of the others.
pub const KEPT_ESCALATIONS: usize = call::KEPT;

/// What the engine has to say.
///
/// An escalation carries its evidence inline: a box would be an allocation on the audio path.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A reading of the model.
    Affect(Affect),
    /// The trajectory after it.
    Point(Point),
    /// A marker of distress or confusion.
    Marker(Marker),
    /// A human should take over.
    Escalation(Escalation),
    /// Somebody or something else is on the line.
    Line(LineChange),
    /// Samples that never came.
    Gap {
        /// Where in the stream.
        at: StreamTime,
        /// How many, at the source's rate.
        samples: u32,
    },
}

/// Who or what is on the line from here on. Nothing but a voice is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineChange {
    /// When it was known.
    pub at: StreamTime,
    /// Who or what.
    pub occupant: Occupant,
    /// Upper edge of the caller's band, Hz; 0 while unknown.
    pub band_hz: f32,
}

/// One call. Its audio path allocates only when built, and inside the model.
pub struct Engine {
    config: EngineConfig,
    finished: bool,
    sound: Option<Box<Sound>>,
    talk: Talk,
    call: Call,
}

/// The caller's leg and the agent's, and all that hears them.
struct Sound {
    source_hz: u32,
    /// Where the call stood when the sound was attached: its beginning, unless it was recalled.
    began: StreamTime,
    received: u64,
    features: FeatureStream,
    agent: Option<Box<FeatureStream>>,
    ear: Ear,
    heard_with: HeardWith,
    /// The block before broke off at a reading, and this one is the rest of it.
    broken_off: bool,
}

impl Sound {
    fn fits(&self, samples: usize) -> Result<(), PushError> {
        let max = (self.source_hz * MAX_BLOCK_S) as usize;
        if samples > max {
            return Err(PushError::BlockTooLarge { samples, max });
        }
        Ok(())
    }
}

impl Engine {
    /// For a caller's leg at `source_hz`, read by a model with this card.
    ///
    /// # Errors
    /// When the rate, the configuration or the card cannot be served.
    pub fn new(
        config: &EngineConfig,
        source_hz: u32,
        card: &ModelCard,
    ) -> Result<Self, BuildError> {
        let mut engine = Self::without_sound(config)?;
        engine.attach_sound(source_hz, card)?;
        Ok(engine)
    }

    /// For a conversation that has no sound, or none yet.
    ///
    /// # Errors
    /// When the configuration cannot be served.
    pub fn without_sound(config: &EngineConfig) -> Result<Self, BuildError> {
        config.check("config")?;
        Ok(Self {
            finished: false,
            sound: None,
            talk: Talk::new(config),
            call: Call::new(config),
            config: config.clone(),
        })
    }

    /// From here on the caller is heard too, at `source_hz`, read by a model with this card. What
    /// was told before stays. Sound that is attached again begins anew.
    ///
    /// # Errors
    /// When the rate or the card cannot be served; the engine is unchanged then.
    pub fn attach_sound(&mut self, source_hz: u32, card: &ModelCard) -> Result<(), BuildError> {
        self.attach_shared(source_hz, card)?;
        if let Some(sound) = &mut self.sound {
            sound.ear.read_alone(card);
        }
        Ok(())
    }

    fn sound(&self, source_hz: u32, card: &ModelCard) -> Result<Sound, BuildError> {
        let features = match card.reads_perturbation() {
            true => FeatureStream::new(source_hz)?,
            false => FeatureStream::lean(source_hz)?,
        };
        if !card.rates.analysis_hz.contains(&features.rate()) {
            return Err(BuildError::value(
                &card.name,
                "rates.analysis_hz",
                format!("{:?}", card.rates.analysis_hz),
                format!("a list with {}, the rate of this source", features.rate()),
            ));
        }
        Ok(Sound {
            source_hz,
            began: StreamTime::ZERO,
            received: 0,
            agent: None,
            ear: Ear::new(&self.config, card)?,
            heard_with: HeardWith::new(&self.config, card),
            features,
            broken_off: false,
        })
    }

    fn attach(&mut self, sound: Sound, card: &ModelCard) -> Result<(), BuildError> {
        let thresholds = self.config.operating_point.thresholds(card)?;
        self.call.decision.hear(thresholds);
        self.call.events.expect_sound(card.rates.interval_ms);
        self.sound = Some(Box::new(sound));
        Ok(())
    }

    /// From here on the agent is heard too, at the caller's rate. Nothing happens where it is
    /// already.
    ///
    /// # Errors
    /// When no sound is attached.
    pub fn attach_agent(&mut self) -> Result<(), PushError> {
        let sound = self.sound.as_mut().ok_or(PushError::NoSound)?;
        if sound.agent.is_none() {
            // The rate served the caller.
            let agent = FeatureStream::lean(sound.source_hz).map_err(|_| PushError::NoSound)?;
            sound.agent = Some(Box::new(agent));
        }
        Ok(())
    }

    /// The rules that the caller's words are read with. Compiled once, they serve any number of
    /// calls. Without this the English ones are compiled at the caller's first words.
    pub fn set_words(&mut self, words: Arc<Words>) {
        self.talk.set_words(words);
    }

    /// How the conversation is held; by telephone, unless this says otherwise.
    pub fn set_channel(&mut self, channel: Channel) {
        self.talk.set_channel(channel);
    }

    /// Takes the next block of the caller's leg, at most [`MAX_BLOCK_S`] long.
    ///
    /// # Errors
    /// When no sound is attached, the block is too long, events wait, or the stream was finished.
    /// A failing model is reported too, but costs its reading alone: the call goes on.
    pub fn push(
        &mut self,
        block: PcmBlock<'_>,
        model: &mut dyn AffectModel,
    ) -> Result<(), PushError> {
        let (sound, call) = self.taking(block)?;
        sound.received += block.len() as u64;
        sound.broken_off = false;
        let mut outcome = Ok(());
        let (ear, began) = (&mut sound.ear, sound.began);
        sound.features.push(block, |mut frame| {
            frame.at = began.later(frame.at);
            if ear.frame(&frame, call).is_break() {
                outcome = outcome.and(ear.read(model, call));
            }
        });
        outcome
    }

    /// Takes the next block of the agent's leg. Only its activity is heard, for turn-taking.
    ///
    /// # Errors
    /// When the agent is not attached, the block is too long, events wait, or the stream was
    /// finished.
    pub fn push_agent(&mut self, block: PcmBlock<'_>) -> Result<(), PushError> {
        self.ready()?;
        let sound = self.sound.as_mut().ok_or(PushError::NoSound)?;
        sound.fits(block.len())?;
        let agent = sound.agent.as_mut().ok_or(PushError::NoAgent)?;
        let turns = &mut self.call.turns;
        agent.push(block, |frame| turns.agent(frame.speech));
        Ok(())
    }

    /// Takes a message about the conversation. It may allocate, unlike the audio path.
    ///
    /// What it pulls is stamped with where the sound stands, or without sound with the message's
    /// own time. A message whose `id` was seen among the last 1024 is taken once. Secrets are taken
    /// out before anything is read or remembered. A score that is not a number counts as 0.
    ///
    /// # Errors
    /// When the message breaks a bound of [`DialogueMessage::check`], events wait, or the stream
    /// was finished.
    pub fn say(&mut self, message: &DialogueMessage) -> Result<(), PushError> {
        self.ready()?;
        let voice = self.sound.as_ref().map(|sound| sound.ear.voice());
        let heard = self.sound.as_ref().map(|sound| sound.at());
        self.talk.say(message, heard, voice, &mut self.call)
    }

    /// The next event.
    pub fn poll(&mut self) -> Option<Event> {
        self.call.events.pop()
    }

    /// Any number of samples, in pieces: push and poll in one. `sink` takes the events.
    ///
    /// # Errors
    /// As [`Engine::push`]; the first failure of the model is given after all samples were taken.
    pub fn feed(
        &mut self,
        samples: &[f32],
        model: &mut dyn AffectModel,
        mut sink: impl FnMut(Event),
    ) -> Result<(), PushError> {
        let mut outcome = Ok(());
        let rate = self.sound.as_ref().ok_or(PushError::NoSound)?.source_hz;
        for block in samples.chunks((rate * MAX_BLOCK_S) as usize) {
            match self.push(PcmBlock::Samples(block), model) {
                Err(PushError::Model(fault)) => outcome = outcome.and(Err(fault.into())),
                other => other?,
            }
            while let Some(event) = self.poll() {
                sink(event);
            }
        }
        outcome
    }

    /// The end of the stream: what waited for its look-ahead is decided. Poll afterwards.
    ///
    /// # Errors
    /// When events wait, the stream was finished before, or the model fails.
    pub fn finish(&mut self, model: &mut dyn AffectModel) -> Result<(), PushError> {
        self.ready()?;
        self.finished = true;
        let mut outcome = Ok(());
        let call = &mut self.call;
        let Some(sound) = &mut self.sound else {
            return Ok(());
        };
        let (ear, began) = (&mut sound.ear, sound.began);
        sound.features.finish(|mut frame| {
            frame.at = began.later(frame.at);
            if ear.frame(&frame, call).is_break() {
                outcome = outcome.and(ear.read(model, call));
            }
        });
        let turns = &mut self.call.turns;
        if let Some(agent) = &mut sound.agent {
            agent.finish(|frame| turns.agent(frame.speech));
        }
        outcome
    }

    /// Where the call stands: the samples taken or, without sound, the latest message.
    pub fn at(&self) -> StreamTime {
        let heard = self.sound.as_ref().map(|sound| sound.at());
        heard.unwrap_or(self.talk.at())
    }

    /// The call so far.
    pub fn summary(&self) -> Summary {
        let extractor = self.sound.as_ref().map(|sound| sound.features.extractor());
        let turns = self.call.turns.turns();
        let duration_s = self.at().seconds();
        self.call.tally.summary(duration_s, extractor, turns)
    }

    /// What a human would see if the call were handed over now, for the first decision to do so.
    pub fn handoff(&self) -> HandoffPayload {
        self.handoff_of(0)
    }

    /// The same for the escalation that came `nth` in this call, counted from 0: after a transfer
    /// that failed and a new decision, the new one is the reason and the old one is named beside it.
    pub fn handoff_of(&self, nth: u32) -> HandoffPayload {
        let heard = self.sound.is_some();
        let at_s = self.at().seconds();
        self.talk.handoff(&self.call, nth, at_s, heard)
    }

    /// The sound and the call that take `block`; a gap is told once, however it is cut.
    fn taking(&mut self, block: PcmBlock<'_>) -> Result<(&mut Sound, &mut Call), PushError> {
        self.ready()?;
        let sound = self.sound.as_mut().ok_or(PushError::NoSound)?;
        sound.fits(block.len())?;
        if let PcmBlock::Gap { samples } = block
            && !sound.broken_off
        {
            let at = sound.at();
            self.call.emit(Event::Gap { at, samples });
        }
        Ok((sound, &mut self.call))
    }

    fn ready(&self) -> Result<(), PushError> {
        if self.finished {
            return Err(PushError::Finished);
        }
        if self.sound.as_ref().is_some_and(|sound| sound.ear.waits()) {
            return Err(PushError::ReadingDue);
        }
        match self.call.events.len() {
            0 => Ok(()),
            pending => Err(PushError::NotDrained { pending }),
        }
    }
}
