//! A call whose readings are made in batches with those of other calls.
//!
//! It is heard as far as a reading, waits for it without holding up the others, and goes on with
//! the rest of its block. The order within a call is that of [`Engine::push`], so the events are
//! the same, bit for bit, where the model reads a window alike in every batch.

use super::Engine;
use crate::audio::PcmBlock;
use crate::error::{BuildError, ModelFault, PushError};
use crate::model::{ModelCard, Reading, Windows};
use std::ops::ControlFlow;

/// How far a block was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// All of it.
    All,
    /// A reading is due after so many of its samples. Give it with [`Engine::read`], or do without
    /// it with [`Engine::skip`]; then the rest of the block follows, though it may be empty.
    Due {
        /// Samples that were taken.
        taken: usize,
    },
}

impl Engine {
    /// As [`Engine::attach_sound`], for a call whose readings are made in batches with those of
    /// others: it is heard with [`Engine::hear`], and has no room of its own for windows. Where it
    /// is pushed after all, it allocates that room.
    ///
    /// # Errors
    /// As [`Engine::attach_sound`].
    pub fn attach_shared(&mut self, source_hz: u32, card: &ModelCard) -> Result<(), BuildError> {
        let sound = self.sound(source_hz, card)?;
        self.attach(sound, card)
    }

    /// Takes the next block of the caller's leg as far as the next reading. Poll before the rest.
    ///
    /// # Errors
    /// When no sound is attached, the block is too long, events wait, a reading is due already, or
    /// the stream was finished.
    pub fn hear(&mut self, block: PcmBlock<'_>) -> Result<Heard, PushError> {
        let (sound, call) = self.taking(block)?;
        let (ear, began) = (&mut sound.ear, sound.began);
        let (taken, flow) = sound.features.push_until(block, |mut frame| {
            frame.at = began.later(frame.at);
            ear.frame(&frame, call)
        });
        sound.received += taken as u64;
        sound.broken_off = flow.is_break();
        Ok(match flow {
            ControlFlow::Continue(()) => Heard::All,
            ControlFlow::Break(()) => Heard::Due { taken },
        })
    }

    /// Windows that the reading that is due needs: two while the caller's own baseline is learnt,
    /// then one. 0 where none is due.
    pub fn windows_due(&self) -> usize {
        self.sound.as_ref().map_or(0, |sound| sound.ear.needs())
    }

    /// Adds the windows of the reading that is due to a batch, which must have room for them.
    pub fn write_windows(&self, batch: &mut Windows) {
        if let Some(sound) = &self.sound {
            sound.ear.write(batch);
        }
    }

    /// Takes the reading that is due, or that it failed: one of each of its windows.
    ///
    /// # Errors
    /// The model's fault. It costs the reading alone: the call goes on.
    pub fn read(&mut self, readings: Result<&[Reading], ModelFault>) -> Result<(), PushError> {
        let Some(sound) = &mut self.sound else {
            return Err(PushError::NoSound);
        };
        match readings {
            Ok(readings) => {
                sound.ear.taken(readings, &mut self.call);
                Ok(())
            }
            Err(fault) => {
                sound.ear.failed();
                Err(fault.into())
            }
        }
    }

    /// Passes over so many samples of the agent's leg, to save their cost: it counts as silent.
    pub fn pass_agent(&mut self, samples: u32) {
        let Some(sound) = &self.sound else { return };
        for _ in 0..samples / (sound.source_hz / 100).max(1) {
            self.call.turns.agent(false);
        }
    }

    /// Does without the reading that is due, to save its cost. Its speech counts for the next.
    pub fn skip(&mut self) {
        if let Some(sound) = &mut self.sound {
            sound.ear.skip();
        }
    }
}
