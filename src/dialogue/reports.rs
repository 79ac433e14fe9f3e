//! What the voice agent says of itself: confidence after re-grounding, and failed turns.

use crate::error::BuildError;
use serde::{Deserialize, Serialize};

/// A report of the voice agent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AgentReport {
    /// The agent's self-evaluation of the action it is about, 0..1, after so many re-groundings.
    Confidence {
        /// Composite score.
        score: f64,
        /// Attempts to re-ground that have failed so far.
        failed_regroundings: u32,
    },
    /// A turn on the current intent failed.
    FailedTurn,
    /// The current intent was served, or the caller moved on to another.
    IntentSettled,
    /// The caller asked for a human.
    ExplicitRequest,
}

/// When reports escalate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportConfig {
    /// The policy floor of the agent's confidence, 0..1.
    pub confidence_floor: f64,
    /// Failed re-groundings after which a confidence under the floor escalates.
    pub regroundings: u32,
    /// Failed turns on one intent that escalate.
    pub failed_turns: u32,
}

impl Default for ReportConfig {
    fn default() -> Self {
        Self {
            confidence_floor: 0.6,
            regroundings: 2,
            failed_turns: 3,
        }
    }
}

impl ReportConfig {
    /// # Errors
    /// When a value is outside its range.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        let turns = f64::from(self.failed_turns);
        let regroundings = f64::from(self.regroundings);
        BuildError::within(
            file,
            "reports.confidence_floor",
            self.confidence_floor,
            0.0,
            1.0,
        )?;
        BuildError::within(file, "reports.regroundings", regroundings, 0.0, 20.0)?;
        BuildError::within(file, "reports.failed_turns", turns, 1.0, 20.0)
    }
}

/// Which trigger a report pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportTrigger {
    /// The caller asked for a human.
    ExplicitRequest,
    /// Under the floor after re-grounding.
    LowConfidence,
    /// Too many failed turns.
    FailedTurns,
}

/// Counts reports on the current intent.
pub struct Reports {
    config: ReportConfig,
    failed_turns: u32,
    pulled: Option<ReportTrigger>,
}

impl Reports {
    /// Nothing reported.
    pub fn new(config: ReportConfig) -> Self {
        Self {
            config,
            failed_turns: 0,
            pulled: None,
        }
    }

    /// Takes a report. A trigger is pulled once an intent; an explicit request each time.
    pub fn take(&mut self, report: AgentReport) -> Option<ReportTrigger> {
        let trigger = match report {
            AgentReport::ExplicitRequest => return Some(ReportTrigger::ExplicitRequest),
            AgentReport::IntentSettled => {
                (self.failed_turns, self.pulled) = (0, None);
                return None;
            }
            AgentReport::FailedTurn => {
                self.failed_turns += 1;
                (self.failed_turns >= self.config.failed_turns)
                    .then_some(ReportTrigger::FailedTurns)
            }
            AgentReport::Confidence {
                score,
                failed_regroundings,
            } => {
                // A score that is not a number is no confidence at all.
                let low = score.is_nan() || score < self.config.confidence_floor;
                (low && failed_regroundings >= self.config.regroundings)
                    .then_some(ReportTrigger::LowConfidence)
            }
        };
        if trigger == self.pulled {
            return None;
        }
        self.pulled = trigger.or(self.pulled);
        trigger
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_failed_turn_on_one_intent_pulls_once() {
        let mut reports = Reports::new(ReportConfig::default());
        assert_eq!(reports.take(AgentReport::FailedTurn), None);
        assert_eq!(reports.take(AgentReport::FailedTurn), None);
        reports.take(AgentReport::IntentSettled);
        assert_eq!(reports.take(AgentReport::FailedTurn), None);
        assert_eq!(reports.take(AgentReport::FailedTurn), None);
        assert_eq!(
            reports.take(AgentReport::FailedTurn),
            Some(ReportTrigger::FailedTurns)
        );
        assert_eq!(reports.take(AgentReport::FailedTurn), None);
    }

    #[test]
    fn low_confidence_waits_for_regrounding_and_an_explicit_request_for_nothing() {
        let mut reports = Reports::new(ReportConfig::default());
        let confidence = |score, failed_regroundings| AgentReport::Confidence {
            score,
            failed_regroundings,
        };
        assert_eq!(reports.take(confidence(0.2, 1)), None);
        assert_eq!(reports.take(confidence(0.9, 5)), None);
        assert_eq!(
            reports.take(confidence(f64::NAN, 2)),
            Some(ReportTrigger::LowConfidence)
        );
        assert_eq!(
            reports.take(AgentReport::ExplicitRequest),
            Some(ReportTrigger::ExplicitRequest)
        );
        assert_eq!(
            reports.take(AgentReport::ExplicitRequest),
            Some(ReportTrigger::ExplicitRequest)
        );
    }
}
