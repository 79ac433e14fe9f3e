//! The payload and its completeness.
//!
//! The engine fills what it hears: reason, trajectory, confidence, suggested next action. The
//! fields that only the voice agent knows (identity, intent, transcript, sources, actions,
//! committed writes) are `None` until the agent has said them, and count as missing.

use crate::decision::{Escalation, Reason, Trigger};
use crate::units::StreamTime;
use serde::Serialize;

/// Version of the payload's layout.
const SCHEMA: &str = "undertone.handoff/0.1";

/// The ten fields a human needs, in reading order.
pub const FIELDS: [&str; 10] = [
    "identity",
    "intent",
    "transcript",
    "sources",
    "actions",
    "committed_writes",
    "confidence",
    "escalation_reason",
    "sentiment_trajectory",
    "suggested_next_action",
];

/// The trajectory in a few numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrajectoryDigest {
    /// Sentiment now, −1..1.
    pub now: f32,
    /// Slope, per minute.
    pub slope_per_min: f32,
    /// The worst so far, and when.
    pub worst: f32,
    /// When the worst was.
    pub worst_at_s: StreamTime,
}

/// What the human sees. `None` is a field nobody has filled yet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HandoffPayload {
    /// Layout of this object.
    pub schema: &'static str,
    /// Verified identity, as the agent reports it.
    pub identity: Option<String>,
    /// Resolved intent.
    pub intent: Option<String>,
    /// The transcript.
    pub transcript: Option<Vec<String>>,
    /// Retrieved sources.
    pub sources: Option<Vec<String>>,
    /// Attempted actions with results.
    pub actions: Option<Vec<String>>,
    /// In-call writes already committed.
    pub committed_writes: Option<Vec<String>>,
    /// Confidence of the escalation, 0..1.
    pub confidence: Option<f32>,
    /// Why the call is handed over, rendered from the escalation.
    pub escalation_reason: Option<String>,
    /// Where the caller's sentiment was going.
    pub sentiment_trajectory: Option<TrajectoryDigest>,
    /// What to do first.
    pub suggested_next_action: Option<&'static str>,
    /// Share of the ten fields that are filled, 0..1.
    pub completeness: f32,
    /// The fields that are missing.
    pub missing: Vec<&'static str>,
}

impl HandoffPayload {
    /// From what the engine heard itself.
    pub fn heard(escalation: Option<&Escalation>, trajectory: Option<TrajectoryDigest>) -> Self {
        let mut payload = Self {
            schema: SCHEMA,
            identity: None,
            intent: None,
            transcript: None,
            sources: None,
            actions: None,
            committed_writes: None,
            confidence: escalation.map(|e| e.confidence),
            escalation_reason: escalation.map(reason),
            sentiment_trajectory: trajectory,
            suggested_next_action: escalation.map(next_action),
            completeness: 0.0,
            missing: Vec::new(),
        };
        payload.complete();
        payload
    }

    /// Recounts completeness; call after filling a field.
    pub fn complete(&mut self) {
        let filled = [
            self.identity.is_some(),
            self.intent.is_some(),
            self.transcript.is_some(),
            self.sources.is_some(),
            self.actions.is_some(),
            self.committed_writes.is_some(),
            self.confidence.is_some(),
            self.escalation_reason.is_some(),
            self.sentiment_trajectory.is_some(),
            self.suggested_next_action.is_some(),
        ];
        let names = FIELDS.iter().zip(filled);
        self.missing = names.filter(|(_, f)| !f).map(|(name, _)| *name).collect();
        self.completeness = 1.0 - self.missing.len() as f32 / FIELDS.len() as f32;
    }
}

fn reason(escalation: &Escalation) -> String {
    let since = escalation.onset.seconds();
    let (minutes, seconds) = ((since / 60.0) as u64, (since % 60.0) as u64);
    let what = match (escalation.trigger, escalation.reason) {
        (Trigger::ExplicitRequest, _) => "The caller asked for a human".to_string(),
        (Trigger::LowConfidence, _) => "The agent is unsure after re-grounding".to_string(),
        (Trigger::FailedTurns, _) => "The agent failed repeatedly on one request".to_string(),
        (Trigger::PolicyIntent, _) => "The request belongs to a human by policy".to_string(),
        (_, Reason::Trend) => "The caller was calm and is getting angry".to_string(),
        (_, Reason::Sustained) => "The caller has been angry from the beginning".to_string(),
        (_, Reason::Distress) => "The caller sounds distressed".to_string(),
        (_, Reason::Reported) => "The agent asked for it".to_string(),
    };
    let mut text = format!("{what}, since {minutes:02}:{seconds:02}");
    for (i, evidence) in escalation.evidence.iter().enumerate() {
        let lead = if i == 0 { ": " } else { ", " };
        text += &format!("{lead}{} {:+.1} sd", evidence.feature, evidence.sd);
    }
    text
}

fn next_action(escalation: &Escalation) -> &'static str {
    match (escalation.trigger, escalation.reason) {
        (Trigger::Sentiment, Reason::Distress) => {
            "Slow down, ask whether the caller is safe and well"
        }
        (Trigger::Sentiment, _) => "Acknowledge the trouble first, then take over the request",
        _ => "Take over the request where the agent left it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_said_counts_as_missing() {
        let mut payload = HandoffPayload::heard(None, None);
        assert_eq!(payload.missing.len(), 10);
        payload.intent = Some("dispute a charge".into());
        payload.complete();
        assert!((payload.completeness - 0.1).abs() < 1e-6);
        assert!(!payload.missing.contains(&"intent"));
    }
}
