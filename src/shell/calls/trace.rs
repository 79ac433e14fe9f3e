//! One call through one engine, down to what the decision saw.

use super::Truth;
use crate::config::EngineConfig;
use crate::decision::{Reason, Trigger};
use crate::engine::Event;
use crate::model::AffectModel;
use crate::shell::error::ShellError;
use crate::shell::runner::{self, Hearing};
use crate::shell::script::Script;
use crate::trajectory::PointEvidence;
use std::path::Path;

/// What the decision saw after one reading.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// When, s of stream.
    pub at_s: f64,
    /// The evidence that counted.
    pub evidence: PointEvidence,
}

/// What it decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decided {
    /// When, s of stream.
    pub at_s: f64,
    /// The trigger.
    pub trigger: Trigger,
    /// The detector.
    pub reason: Reason,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Heard {
    /// What is known of it.
    pub truth: Option<Truth>,
    /// Its length, s.
    pub seconds: f64,
    /// A step a reading.
    pub steps: Vec<Step>,
    /// The escalations.
    pub decided: Vec<Decided>,
}

/// Hears `recording`, with what is told in the `.jsonl` beside it and known in the `.json`.
///
/// # Errors
/// A file cannot be read, or the engine refuses it.
pub fn hear(
    recording: &Path,
    config: &EngineConfig,
    model: &mut dyn AffectModel,
) -> Result<Heard, ShellError> {
    let truth = Truth::beside(recording)?;
    let dialogue = recording.with_extension("jsonl");
    let script = if dialogue.exists() {
        Script::open(&dialogue)?
    } else {
        Script::default()
    };
    let (mut steps, mut decided) = (Vec::new(), Vec::new());
    let mut note = |event: &Event| {
        match event {
            Event::Point(point) => steps.push(Step {
                at_s: point.at.seconds(),
                evidence: point.evidence,
            }),
            Event::Escalation(escalation) => decided.push(Decided {
                at_s: escalation.at.seconds(),
                trigger: escalation.trigger,
                reason: escalation.reason,
            }),
            _ => {}
        }
        Ok(())
    };
    let hearing = Hearing::default();
    let heard = runner::analyse(
        recording, &hearing, config, model, &script, false, &mut note,
    )?;
    Ok(Heard {
        truth,
        seconds: heard.summary.duration_s,
        steps,
        decided,
    })
}

impl Heard {
    /// Until when no escalation is right, s: the onset, or the end of a call without one.
    pub fn quiet_s(&self) -> f64 {
        let onset = self.truth.as_ref().and_then(|truth| truth.onset_s);
        onset.unwrap_or(self.seconds).min(self.seconds)
    }
}
