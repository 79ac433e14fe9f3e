//! From what was heard and told to the payload.

use super::payload::{
    Channel, Confidence, Digest, EscalationReason, FIELDS, FieldState, HandoffPayload, SCHEMA,
    SentimentTrajectory, VoiceEvidence,
};
use crate::decision::Escalation;
use crate::units::StreamTime;
use std::collections::BTreeMap;

/// The trajectory in a few numbers.
#[derive(Clone, Debug, PartialEq)]
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

impl HandoffPayload {
    /// From what the engine heard itself.
    pub fn heard(escalation: Option<&Escalation>, trajectory: Option<TrajectoryDigest>) -> Self {
        let mut payload = Self {
            schema: SCHEMA.to_owned(),
            call_id: None,
            escalation_id: None,
            channel: Channel::Voice,
            at_s: escalation.map_or(0.0, |e| e.at.seconds()),
            digest: Digest::default(),
            identity: None,
            intent: None,
            transcript: None,
            sources: None,
            actions: None,
            committed_writes: None,
            confidence: escalation.map(|e| Confidence {
                escalation: Some(e.confidence),
                agent: None,
            }),
            escalation_reason: escalation.map(reason),
            sentiment_trajectory: trajectory.map(|t| SentimentTrajectory {
                speech_s: 0.0,
                points: Vec::new(),
                sparkline: String::new(),
                now: Some(t.now),
                slope_per_min: Some(t.slope_per_min),
                trend: None,
                worst: Some(t.worst),
                worst_at_s: Some(t.worst_at_s.seconds()),
                markers: Vec::new(),
            }),
            suggested_next_action: None,
            completeness: 0.0,
            fields: BTreeMap::new(),
            dropped: 0,
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
        let state = |filled| match filled {
            true => FieldState::Filled,
            false => FieldState::Missing,
        };
        let named = FIELDS.iter().zip(filled);
        self.fields = named.map(|(n, f)| (n.to_string(), state(f))).collect();
        let full = filled.iter().filter(|f| **f).count();
        self.completeness = full as f32 / FIELDS.len() as f32;
    }
}

fn reason(escalation: &Escalation) -> EscalationReason {
    EscalationReason {
        trigger: escalation.trigger,
        reason: format!("{:?}", escalation.reason).to_lowercase(),
        at_s: escalation.at.seconds(),
        onset_s: escalation.onset.seconds(),
        text: String::new(),
        phrase: None,
        rule_version: None,
        evidence: escalation
            .evidence
            .iter()
            .map(|e| VoiceEvidence {
                feature: e.feature.to_owned(),
                unit: e.unit.to_owned(),
                baseline: e.baseline,
                now: e.now,
                sd: e.sd,
            })
            .collect(),
        also: Vec::new(),
    }
}
