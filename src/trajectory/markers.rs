//! Markers that the acoustics can carry today: sounds, breath that changes, and hesitation.

use super::hesitation::HesitationDetector;
use super::sounds::SoundMarkers;
use super::{Marker, MarkerKind};
use crate::error::MemoryError;
use crate::features::FeatureFrame;
use crate::units::StreamTime;
use serde::{Deserialize, Serialize};

const BREATH_THRESHOLD: f32 = 0.9;
/// Breath must come this much more often than before to have changed.
const BREATH_RATIO: f64 = 2.5;
/// The habit is known after this much stream.
const BREATH_HABIT_S: f64 = 30.0;
const BREATH_WINDOW_S: f64 = 20.0;

/// Finds markers in the frames of one caller.
#[derive(Default)]
pub struct MarkerDetector {
    breathing: bool,
    breath_from: StreamTime,
    breaths: u32,
    recent: f64,
    last_breath: StreamTime,
    reported: bool,
    hesitation: HesitationDetector,
    sounds: SoundMarkers,
}

impl MarkerDetector {
    /// Nothing heard.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a frame; gives a marker that ended with it.
    pub fn push(&mut self, frame: &FeatureFrame) -> Option<Marker> {
        self.sounds.push(frame);
        let breath = self.breath(frame);
        // Sounds that ended wait for a frame without another marker.
        self.hesitation
            .push(frame)
            .or(breath)
            .or_else(|| self.sounds.poll())
    }

    /// Counts breaths; a change is a recent rate well over the caller's habit.
    fn breath(&mut self, frame: &FeatureFrame) -> Option<Marker> {
        let breathing = frame.sounds.breath >= BREATH_THRESHOLD;
        let (began, ended) = (breathing && !self.breathing, !breathing && self.breathing);
        self.breathing = breathing;
        if began {
            self.breath_from = frame.at;
        }
        if !ended {
            return None;
        }
        // Exponentially forgotten count: its expectation is rate × window.
        let since = frame.at.since(self.last_breath);
        self.recent = self.recent * (-since / BREATH_WINDOW_S).exp() + 1.0;
        self.last_breath = frame.at;
        self.breaths += 1;
        let elapsed = frame.at.seconds();
        let habit = f64::from(self.breaths) * BREATH_WINDOW_S / elapsed;
        let changed = elapsed > BREATH_HABIT_S && self.recent > BREATH_RATIO * habit.max(1.0);
        let report = changed && !self.reported;
        self.reported = changed;
        report.then(|| Marker {
            at: frame.at,
            kind: MarkerKind::BreathChange,
            from: self.breath_from,
            to: frame.at,
            confidence: (1.0 - habit.max(1.0) / self.recent) as f32,
        })
    }
}

/// How often the caller's breath is heard: breaths, how many of late, the last one in ticks, and
/// whether a change was told. A sound that is under way is not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BreathMemory(u32, f64, u64, bool);

impl BreathMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        MemoryError::events("breath.count", self.0)?;
        MemoryError::within("breath.recent", self.1, 0.0, 1e9)?;
        MemoryError::place("breath.last", self.2)
    }
}

impl MarkerDetector {
    /// What is a habit.
    pub fn memory(&self) -> BreathMemory {
        BreathMemory(
            self.breaths,
            self.recent,
            self.last_breath.ticks(),
            self.reported,
        )
    }

    /// Knows the habit.
    pub fn recall(&mut self, memory: &BreathMemory) {
        let BreathMemory(breaths, recent, last, reported) = *memory;
        (self.breaths, self.recent, self.reported) = (breaths, recent, reported);
        self.last_breath = StreamTime::from_ticks(last);
    }
}
