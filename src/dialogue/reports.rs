//! What the voice agent says of itself: confidence after re-grounding, and failed turns.

use super::check::MAX_NAME;
use super::event::{DialogueEvent, SelfEvaluation};
use crate::error::BuildError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most actions that can have a floor of their own.
const MAX_FLOORS: usize = 64;

/// When reports escalate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportConfig {
    /// The policy floor of the agent's confidence, 0..1, where its action has no floor of its own.
    pub confidence_floor: f64,
    /// Failed re-groundings after which a confidence under the floor escalates.
    pub regroundings: u32,
    /// Failed turns on one intent that escalate.
    pub failed_turns: u32,
    /// Floors by action, 0..1. `dispute` is also the floor of `dispute_charge`: an action takes
    /// the longest entry that it equals or begins with, up to an underscore. A table that is given
    /// replaces this one as a whole.
    pub action_floors: BTreeMap<String, f64>,
}

impl Default for ReportConfig {
    fn default() -> Self {
        // What moves money, ends a contract or can hardly be undone asks for more.
        let floors = [
            ("close_account", 0.85),
            ("dispute", 0.85),
            ("payment", 0.8),
            ("refund", 0.8),
        ];
        Self {
            confidence_floor: 0.6,
            regroundings: 2,
            failed_turns: 3,
            action_floors: floors.map(|(name, floor)| (name.to_owned(), floor)).into(),
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
        BuildError::within(file, "reports.failed_turns", turns, 1.0, 20.0)?;
        if self.action_floors.len() > MAX_FLOORS {
            return Err(BuildError::value(
                file,
                "reports.action_floors",
                format_args!("{} entries long", self.action_floors.len()),
                format_args!("give at most {MAX_FLOORS}"),
            ));
        }
        for (action, &floor) in &self.action_floors {
            let key = format!("reports.action_floors.{action}");
            if action.is_empty() || action.len() > MAX_NAME {
                let value = format_args!("under a name of {} bytes", action.len());
                let mend = format_args!("give 1 to {MAX_NAME} bytes");
                return Err(BuildError::value(file, key, value, mend));
            }
            BuildError::within(file, &key, floor, 0.0, 1.0)?;
        }
        Ok(())
    }

    /// The floor that policy sets for `action`.
    pub fn floor(&self, action: Option<&str>) -> f64 {
        let Some(action) = action else {
            return self.confidence_floor;
        };
        let covers = |entry: &str| match action.strip_prefix(entry) {
            Some(rest) => rest.is_empty() || rest.starts_with('_'),
            None => false,
        };
        let entries = self.action_floors.iter().filter(|(entry, _)| covers(entry));
        let longest = entries.max_by_key(|(entry, _)| entry.len());
        longest.map_or(self.confidence_floor, |(_, &floor)| floor)
    }

    fn low(&self, evaluation: &SelfEvaluation) -> bool {
        let floor = self.floor(evaluation.action.as_deref());
        // A score that is not a number is no confidence at all.
        let low = evaluation.score.is_nan() || evaluation.score < floor;
        low && evaluation.failed_regroundings >= self.regroundings
    }
}

/// Which trigger a report pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportTrigger {
    /// Under the floor after re-grounding.
    LowConfidence,
    /// Too many failed turns.
    FailedTurns,
}

/// Counts reports on the current intent.
pub struct Reports {
    config: ReportConfig,
    intent: Option<String>,
    failed_turns: u32,
    low_pulled: bool,
    failed_pulled: bool,
}

impl Reports {
    /// Nothing reported.
    pub fn new(config: ReportConfig) -> Self {
        Self {
            config,
            intent: None,
            failed_turns: 0,
            low_pulled: false,
            failed_pulled: false,
        }
    }

    /// The floors in force.
    pub fn config(&self) -> &ReportConfig {
        &self.config
    }

    /// Takes what was told. Each trigger is pulled once an intent.
    pub fn take(&mut self, event: &DialogueEvent) -> Option<ReportTrigger> {
        match event {
            DialogueEvent::IntentSettled(_) => {
                self.intent = None;
                self.anew();
            }
            DialogueEvent::Intent(intent) => {
                // The first name given is the name of what failed so far.
                let other = self.intent.as_ref().is_some_and(|it| *it != intent.name);
                self.intent = Some(intent.name.clone());
                if other {
                    self.anew();
                }
            }
            DialogueEvent::FailedTurn(_) => {
                self.failed_turns = self.failed_turns.saturating_add(1);
                if self.failed_turns >= self.config.failed_turns && !self.failed_pulled {
                    self.failed_pulled = true;
                    return Some(ReportTrigger::FailedTurns);
                }
            }
            DialogueEvent::SelfEvaluation(evaluation)
                if self.config.low(evaluation) && !self.low_pulled =>
            {
                self.low_pulled = true;
                return Some(ReportTrigger::LowConfidence);
            }
            _ => {}
        }
        None
    }

    fn anew(&mut self) {
        (self.failed_turns, self.low_pulled, self.failed_pulled) = (0, false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::{FailedTurn, Intent, IntentSettled};

    fn failed(reports: &mut Reports) -> Option<ReportTrigger> {
        reports.take(&DialogueEvent::FailedTurn(FailedTurn::default()))
    }

    fn intent(reports: &mut Reports, name: &str) {
        let intent = Intent {
            name: name.to_owned(),
            summary: None,
            confidence: None,
        };
        assert_eq!(reports.take(&DialogueEvent::Intent(intent)), None);
    }

    fn confidence(score: f64, failed_regroundings: u32, action: Option<&str>) -> DialogueEvent {
        DialogueEvent::SelfEvaluation(SelfEvaluation {
            score,
            dimensions: BTreeMap::new(),
            failed_regroundings,
            action: action.map(str::to_owned),
        })
    }

    #[test]
    fn the_third_failed_turn_on_one_intent_pulls_once() {
        let mut reports = Reports::new(ReportConfig::default());
        assert_eq!(failed(&mut reports), None);
        intent(&mut reports, "dispute");
        assert_eq!(failed(&mut reports), None);
        reports.take(&DialogueEvent::IntentSettled(IntentSettled {}));
        assert_eq!(failed(&mut reports), None);
        assert_eq!(failed(&mut reports), None);
        assert_eq!(failed(&mut reports), Some(ReportTrigger::FailedTurns));
        assert_eq!(failed(&mut reports), None);
    }

    #[test]
    fn another_intent_begins_anew_and_the_same_does_not() {
        let mut reports = Reports::new(ReportConfig::default());
        intent(&mut reports, "dispute");
        assert_eq!(failed(&mut reports), None);
        assert_eq!(failed(&mut reports), None);
        intent(&mut reports, "balance");
        assert_eq!(failed(&mut reports), None);
        intent(&mut reports, "balance");
        assert_eq!(failed(&mut reports), None);
        assert_eq!(failed(&mut reports), Some(ReportTrigger::FailedTurns));
    }

    #[test]
    fn low_confidence_waits_for_regrounding_and_knows_the_action() {
        let low = Some(ReportTrigger::LowConfidence);
        for (score, tries, action, pulled) in [
            (0.2, 1, None, None),
            (0.9, 5, None, None),
            (0.62, 2, None, None),
            (0.62, 2, Some("dispute"), low),
            (0.62, 2, Some("dispute_charge"), low),
            (0.62, 2, Some("disputed"), None),
            (0.85, 2, Some("dispute"), None),
            (0.3, 2, Some("weather"), low),
            (f64::NAN, 2, None, low),
        ] {
            let mut reports = Reports::new(ReportConfig::default());
            let told = confidence(score, tries, action);
            assert_eq!(reports.take(&told), pulled, "{told:?}");
            assert_eq!(reports.take(&told), None, "once an intent");
        }
    }
}
