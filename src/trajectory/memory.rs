//! What a trajectory remembers beyond a few seconds, to go on with after a restart.

use super::norm::NormMemory;
use super::trend::TrendMemory;
use super::voice::VoiceMemory;
use super::{State, Trajectory};
use crate::error::MemoryError;
use crate::units::StreamTime;
use serde::{Deserialize, Serialize};

/// Level and slope with their uncertainty, the voice's descriptors against the caller's habits, and
/// the habits themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrajectoryMemory {
    trend: TrendMemory,
    voice: VoiceMemory,
    /// Of anger, distress, sentiment, and of the evidence of anger and distress.
    norms: [NormMemory; 5],
    calm_speech_s: f64,
    last: Option<u64>,
}

impl TrajectoryMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        self.trend.check()?;
        self.voice.check()?;
        self.norms.iter().try_for_each(NormMemory::check)?;
        MemoryError::within("trajectory.calm_speech_s", self.calm_speech_s, 0.0, 1e9)?;
        MemoryError::place("trajectory.last", self.last.unwrap_or(0))
    }
}

impl Trajectory {
    /// What is known of the caller.
    pub fn memory(&self) -> TrajectoryMemory {
        let norms = [
            &self.anger,
            &self.distress,
            &self.sentiment,
            &self.anger_evidence,
            &self.distress_evidence,
        ];
        TrajectoryMemory {
            trend: self.trend.memory(),
            voice: self.voice.memory(),
            norms: norms.map(|norm| norm.memory()),
            calm_speech_s: self.calm_speech_s,
            last: self.last.map(StreamTime::ticks),
        }
    }

    /// Goes on from there.
    pub fn recall(&mut self, memory: &TrajectoryMemory) {
        self.trend.recall(&memory.trend);
        self.voice.recall(&memory.voice);
        let norms = [
            &mut self.anger,
            &mut self.distress,
            &mut self.sentiment,
            &mut self.anger_evidence,
            &mut self.distress_evidence,
        ];
        for (norm, memory) in norms.into_iter().zip(&memory.norms) {
            norm.recall(memory);
        }
        self.calm_speech_s = memory.calm_speech_s;
        self.last = memory.last.map(StreamTime::from_ticks);
    }
}

/// The state after the last reading: ticks; speech, both evidences, calm and confidence; evidence
/// from hello; the mean and the present of anger and of distress.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StateMemory(u64, [f64; 5], f64, [f64; 4]);

impl StateMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        MemoryError::place("state.at", self.0)?;
        let told = self.1.iter().chain([&self.2]).chain(&self.3);
        told.copied()
            .try_for_each(|value| MemoryError::within("state", value, -1e6, 1e6))
    }
}

impl From<&State> for StateMemory {
    fn from(it: &State) -> Self {
        let told = [
            it.speech_s,
            it.anger_sd,
            it.distress_sd,
            it.calm,
            it.confidence,
        ];
        let ((a, b), (c, d)) = (it.anger, it.distress);
        Self(it.at.ticks(), told, it.hello_sd, [a, b, c, d])
    }
}

impl From<&StateMemory> for State {
    fn from(StateMemory(ticks, told, hello_sd, [a, b, c, d]): &StateMemory) -> Self {
        let [speech_s, anger_sd, distress_sd, calm, confidence] = *told;
        Self {
            at: StreamTime::from_ticks(*ticks),
            speech_s,
            anger_sd,
            distress_sd,
            hello_sd: *hello_sd,
            calm,
            confidence,
            anger: (*a, *b),
            distress: (*c, *d),
        }
    }
}
