//! What an extractor knows of a caller and a line that took longer than a few seconds to learn.

use super::Extractor;
use super::level::{DynamicsMemory, LevelMemory};
use super::line::LineMemory;
use super::speech::FloorMemory;
use crate::error::MemoryError;
use serde::{Deserialize, Serialize};

/// The active level and the spread of levels, the noise floor, who is on the line, and the pauses:
/// how many, and how long in all, s. Windows and filters begin anew.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FeatureMemory {
    level: LevelMemory,
    dynamics: DynamicsMemory,
    floor: FloorMemory,
    line: LineMemory,
    pauses: (u32, f32),
}

impl FeatureMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        self.level.check()?;
        self.dynamics.check()?;
        self.floor.check()?;
        self.line.check()?;
        MemoryError::events("pauses.count", self.pauses.0)?;
        MemoryError::within("pauses.total_s", self.pauses.1.into(), 0.0, 1e9)
    }
}

impl Extractor {
    /// What is known; `pauses` have been counted so far.
    pub fn memory(&self, pauses: u32) -> FeatureMemory {
        FeatureMemory {
            level: self.level.memory(),
            dynamics: self.dynamics.memory(),
            floor: self.speech.memory(),
            line: self.line.memory(),
            pauses: (pauses, self.pause_total_s),
        }
    }

    /// Goes on from there.
    pub fn recall(&mut self, memory: &FeatureMemory) {
        self.level.recall(&memory.level);
        self.active_level_db = self.level.db();
        self.dynamics.recall(&memory.dynamics);
        self.speech.recall(&memory.floor);
        self.line.recall(&memory.line);
        let (count, total_s) = memory.pauses;
        self.pauses.recall(count, total_s);
        self.pause_total_s = total_s;
    }
}
