//! Where the caller's sentiment stands and where it is heading.

use crate::error::MemoryError;
use crate::units::StreamTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One point of the trajectory, once per model reading.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// The end of the speech behind this point.
    #[serde(rename = "at_s")]
    pub at: StreamTime,
    /// −1..1, negative is worse.
    pub sentiment: f32,
    /// Standard deviation of the sentiment.
    pub sentiment_sd: f32,
    /// Slope of the sentiment, per minute of stream.
    pub slope_per_min: f32,
    /// Standard deviation of that slope.
    pub slope_sd: f32,
    /// How far the level stands below (−) or above (+) this caller's own baseline,
    /// in the caller's own standard deviations.
    pub level_sd: f32,
    /// The slope in a word.
    pub trend: Trend,
    /// How far the voice is on its way to an escalation.
    #[serde(flatten)]
    pub evidence: PointEvidence,
}

/// Strength of the evidence that the `sentiment` trigger weighs, in standard deviations. What it
/// is held against follows from `operating_point.false_alarms_per_call_hour`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PointEvidence {
    /// Of a change to anger ([`super::Change`]).
    #[serde(rename = "anger_evidence_sd")]
    pub anger: f32,
    /// Of a change to distress.
    #[serde(rename = "distress_evidence_sd")]
    pub distress: f32,
    /// Of anger from hello ([`super::Hello`]).
    #[serde(rename = "hello_evidence_sd")]
    pub hello: f32,
}

/// Direction of the sentiment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// No slope beyond its uncertainty.
    #[default]
    Steady,
    /// Getting worse.
    Falling,
    /// Getting better.
    Rising,
}

/// A point as it is remembered: ticks; sentiment, slope and level with their deviations; evidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointMemory(u64, [f32; 5], Trend, [f32; 3]);

impl PointMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        MemoryError::place("point.at", self.0)?;
        let told = self.1.iter().chain(&self.3);
        told.copied()
            .try_for_each(|value| MemoryError::within("point", value.into(), -1e9, 1e9))
    }
}

impl From<&Point> for PointMemory {
    fn from(it: &Point) -> Self {
        let told = [
            it.sentiment,
            it.sentiment_sd,
            it.slope_per_min,
            it.slope_sd,
            it.level_sd,
        ];
        let evidence = [it.evidence.anger, it.evidence.distress, it.evidence.hello];
        Self(it.at.ticks(), told, it.trend, evidence)
    }
}

impl From<&PointMemory> for Point {
    fn from(PointMemory(ticks, told, trend, evidence): &PointMemory) -> Self {
        let [sentiment, sentiment_sd, slope_per_min, slope_sd, level_sd] = *told;
        let [anger, distress, hello] = *evidence;
        Self {
            at: StreamTime::from_ticks(*ticks),
            sentiment,
            sentiment_sd,
            slope_per_min,
            slope_sd,
            level_sd,
            trend: *trend,
            evidence: PointEvidence {
                anger,
                distress,
                hello,
            },
        }
    }
}
