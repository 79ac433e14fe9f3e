//! From what was heard and told to the payload.

use super::digest;
use super::dossier::Dossier;
use super::payload::{
    AgentConfidence, Channel, Confidence, Digest, EscalationReason, FIELDS, FieldState,
    HandoffPayload, SCHEMA, SentimentTrajectory, SuggestedAction, SuggestedBy, VoiceEvidence,
};
use super::suggest;
use crate::decision::Escalation;
use crate::dialogue::ReportConfig;
use std::collections::BTreeMap;

/// All that a payload is made of.
pub struct Known<'a> {
    /// How the conversation is held.
    pub channel: Channel,
    /// Where the call stands, seconds.
    pub at_s: f64,
    /// What was told.
    pub dossier: &'a Dossier,
    /// The decision that the payload is about.
    pub escalation: Option<&'a Escalation>,
    /// The other decisions of the call, oldest first.
    pub others: &'a [&'a Escalation],
    /// The floors of the agent's confidence.
    pub floors: &'a ReportConfig,
    /// What the voice did; `None` without sound.
    pub trajectory: Option<SentimentTrajectory>,
}

/// The payload as things stand.
pub fn compose(known: Known<'_>) -> HandoffPayload {
    let dossier = known.dossier;
    let transcript: Vec<_> = dossier.turns().cloned().collect();
    let mut payload = HandoffPayload {
        schema: SCHEMA.to_owned(),
        call_id: None,
        escalation_id: None,
        screen_url: None,
        channel: known.channel,
        at_s: tidy(known.at_s),
        digest: Digest::default(),
        identity: dossier.identity.clone(),
        intent: dossier.intent.clone(),
        transcript: (!transcript.is_empty()).then_some(transcript),
        sources: dossier.sources(),
        actions: dossier.actions(),
        committed_writes: dossier.writes(),
        confidence: confidence(&known),
        escalation_reason: known.escalation.map(|e| reason(e, known.others)),
        sentiment_trajectory: known.trajectory,
        suggested_next_action: None,
        completeness: 0.0,
        fields: BTreeMap::new(),
        dropped: dossier.dropped(),
    };
    let text = digest::why(&payload);
    if let Some(reason) = &mut payload.escalation_reason {
        reason.text = text;
    }
    payload.suggested_next_action = suggestion(dossier, &payload);
    payload.complete();
    payload.digest = digest::render(&payload);
    payload
}

impl HandoffPayload {
    /// Recounts the fields' states and the completeness; call after changing a field.
    pub fn complete(&mut self) {
        use FieldState::{Filled, Missing, NoneReported, NotApplicable};
        let present = |is: bool| if is { Filled } else { Missing };
        let sound = |t: &SentimentTrajectory| !t.points.is_empty();
        let states = [
            present(self.identity.is_some()),
            present(self.intent.is_some()),
            present(self.transcript.as_ref().is_some_and(|t| !t.is_empty())),
            list(self.sources.as_deref()),
            list(self.actions.as_deref()),
            list(self.committed_writes.as_deref()),
            present(self.confidence.is_some()),
            present(self.escalation_reason.is_some()),
            match self.channel {
                Channel::Voice => present(self.sentiment_trajectory.as_ref().is_some_and(sound)),
                Channel::Chat | Channel::Email => NotApplicable,
            },
            present(self.suggested_next_action.is_some()),
        ];
        let count = |wanted: &[FieldState]| states.iter().filter(|s| wanted.contains(s)).count();
        let applicable = FIELDS.len() - count(&[NotApplicable]);
        self.completeness = count(&[Filled, NoneReported]) as f32 / applicable as f32;
        let named = FIELDS.iter().map(|name| (*name).to_owned());
        self.fields = named.zip(states).collect();
    }
}

fn list<T>(items: Option<&[T]>) -> FieldState {
    match items {
        None => FieldState::Missing,
        Some([]) => FieldState::NoneReported,
        Some(_) => FieldState::Filled,
    }
}

fn confidence(known: &Known<'_>) -> Option<Confidence> {
    let agent = known
        .dossier
        .evaluation
        .as_ref()
        .map(|told| AgentConfidence {
            score: told.score,
            floor: known.floors.floor(told.action.as_deref()),
            failed_regroundings: told.failed_regroundings,
            action: told.action.clone(),
            dimensions: told.dimensions.clone(),
        });
    let escalation = known.escalation.map(|e| e.confidence);
    (agent.is_some() || escalation.is_some()).then_some(Confidence { escalation, agent })
}

/// Only whoever decided is asked: without a decision policy has nothing to suggest.
fn suggestion(dossier: &Dossier, payload: &HandoffPayload) -> Option<SuggestedAction> {
    if let Some(next) = &dossier.next {
        return Some(SuggestedAction {
            text: next.text.clone(),
            from: SuggestedBy::Agent,
        });
    }
    let reason = payload.escalation_reason.as_ref()?;
    Some(SuggestedAction {
        text: suggest::action(reason).to_owned(),
        from: SuggestedBy::Policy,
    })
}

fn reason(escalation: &Escalation, others: &[&Escalation]) -> EscalationReason {
    let mut also: Vec<String> = Vec::new();
    for other in others {
        let name = format!("{}/{}", other.trigger.name(), other.reason_name());
        if !also.contains(&name) {
            also.push(name);
        }
    }
    EscalationReason {
        trigger: escalation.trigger,
        reason: escalation.reason_name().to_owned(),
        at_s: tidy(escalation.at.seconds()),
        onset_s: tidy(escalation.onset.seconds()),
        text: String::new(),
        phrase: escalation.phrase.map(|p| p.text.to_string()),
        rule: escalation.phrase.map(|p| p.rule.to_string()),
        rule_version: escalation.phrase.map(|p| p.version),
        intent: escalation.intent.map(|intent| intent.name().to_owned()),
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
        also,
    }
}

fn tidy(seconds: f64) -> f64 {
    (seconds * 1e4).round() / 1e4
}
