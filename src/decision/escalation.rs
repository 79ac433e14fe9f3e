//! The decision that a human should take over, with its grounds.

use crate::dialogue::words::{Finding, PHRASE_BYTES, PolicyIntent};
use crate::trajectory::{DESCRIPTORS, Voice};
use crate::units::StreamTime;
use arrayvec::{ArrayString, ArrayVec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most evidence lines an escalation carries.
pub const MAX_EVIDENCE: usize = 10;
/// The most bytes of a rule's name.
const RULE_BYTES: usize = 64;

/// A decision to hand the call to a human.
#[derive(Clone, Debug, PartialEq)]
pub struct Escalation {
    /// When it was decided.
    pub at: StreamTime,
    /// Which of the five triggers.
    pub trigger: Trigger,
    /// Which detector of that trigger.
    pub reason: Reason,
    /// When the change began, back-dated.
    pub onset: StreamTime,
    /// What moved, in the caller's own standard deviations, strongest first.
    pub evidence: ArrayVec<Evidence, MAX_EVIDENCE>,
    /// How far the escalation can be trusted, 0..1. Not calibrated on calls.
    pub confidence: f32,
    /// The rule and the words that fired, where words did.
    pub phrase: Option<Phrase>,
    /// The intent that policy gives to humans, where the trigger is one.
    pub intent: Option<PolicyIntent>,
}

impl Escalation {
    /// The reason as the output contract names it: a detector, or the rule that fired.
    pub fn reason_name(&self) -> &str {
        match (&self.reason, &self.phrase) {
            (Reason::Rule, Some(phrase)) => &phrase.rule,
            (reason, _) => reason.name(),
        }
    }
}

/// One feature that moved, or a kind of sign that was counted (unit `signs`, baseline 0, 0 sd).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// The feature's name.
    pub feature: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// This caller's own baseline.
    pub baseline: f32,
    /// The value now.
    pub now: f32,
    /// The distance in this caller's own standard deviations.
    pub sd: f32,
}

/// Descriptors that moved less than this are no evidence.
const MIN_EVIDENCE_SD: f64 = 1.0;

impl Evidence {
    /// So many signs of a kind.
    pub(super) fn counted(feature: &'static str, count: u32) -> Self {
        Self {
            feature,
            unit: "signs",
            baseline: 0.0,
            now: count as f32,
            sd: 0.0,
        }
    }

    /// The descriptors of the voice that moved.
    pub(super) fn moved(voice: &Voice) -> impl Iterator<Item = Self> {
        (0..DESCRIPTORS.len())
            .filter_map(|i| {
                let sd = voice.deviation(i)?;
                (sd.abs() >= MIN_EVIDENCE_SD).then_some(Self {
                    feature: DESCRIPTORS[i].name,
                    unit: DESCRIPTORS[i].unit,
                    baseline: voice.baseline(i)? as f32,
                    now: voice.now(i)? as f32,
                    sd: sd as f32,
                })
            })
            .take(MAX_EVIDENCE - 1)
    }
}

/// A rule that fired, and the caller's words. Inline: an escalation owns no heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phrase {
    /// The rule's name.
    pub rule: ArrayString<RULE_BYTES>,
    /// Its version.
    pub version: u32,
    /// The words.
    pub text: ArrayString<PHRASE_BYTES>,
}

impl Phrase {
    /// What a rule found, cut to fit.
    pub fn of(finding: &Finding) -> Self {
        Self {
            rule: fitting(&finding.rule),
            version: finding.version,
            text: fitting(&finding.phrase),
        }
    }
}

/// As much of `text` as fits, in whole letters.
fn fitting<const N: usize>(text: &str) -> ArrayString<N> {
    let mut fitted = ArrayString::new();
    for letter in text.chars() {
        if fitted.try_push(letter).is_err() {
            break;
        }
    }
    fitted
}

/// The five triggers.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The caller asked for a human. Never vetoed.
    ExplicitRequest,
    /// The caller's voice, or signs in the caller's words.
    Sentiment,
    /// The agent's own confidence stayed under the policy floor.
    LowConfidence,
    /// An intent that policy gives to humans.
    PolicyIntent,
    /// One intent failed too often.
    FailedTurns,
}

impl Trigger {
    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExplicitRequest => "explicit_request",
            Self::Sentiment => "sentiment",
            Self::LowConfidence => "low_confidence",
            Self::PolicyIntent => "policy_intent",
            Self::FailedTurns => "failed_turns",
        }
    }
}

/// What fired inside a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// Started calm and is getting worse.
    Trend,
    /// Bad from hello and stays so.
    Sustained,
    /// Sadness, fear or crying in the voice, or distress in the words.
    Distress,
    /// The caller asks again, does not follow, wants it slower.
    Confusion,
    /// The voice agent reported it.
    Reported,
    /// A rule fired on the caller's words; [`Escalation::phrase`] has its name.
    Rule,
}

impl Reason {
    /// The name in records; a rule has its own, see [`Escalation::reason_name`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Trend => "trend",
            Self::Sustained => "sustained",
            Self::Distress => "distress",
            Self::Confusion => "confusion",
            Self::Reported => "reported",
            Self::Rule => "rule",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_do_not_fit_are_cut_between_letters() {
        let finding = Finding {
            rule: "r".repeat(100),
            version: 3,
            phrase: "é".repeat(100),
        };
        let phrase = Phrase::of(&finding);
        assert_eq!((phrase.rule.len(), phrase.version), (RULE_BYTES, 3));
        assert_eq!(phrase.text.as_str(), "é".repeat(60));
    }

    #[test]
    fn names_are_those_of_the_records() {
        for trigger in [Trigger::ExplicitRequest, Trigger::LowConfidence] {
            assert_eq!(serde_json::to_value(trigger).unwrap(), trigger.name());
        }
        for reason in [Reason::Trend, Reason::Confusion, Reason::Reported] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
        }
    }
}
