//! What policy suggests for a reason, and the tone to walk in with.

use super::payload::{EscalationReason, SentimentTrajectory};
use crate::decision::Trigger;

/// What to do first, where the agent suggests nothing.
pub(super) fn action(reason: &EscalationReason) -> &'static str {
    match reason.trigger {
        Trigger::ExplicitRequest => {
            "Take the call as asked. Say what you already know, so that nothing is told twice."
        }
        Trigger::LowConfidence => {
            "Verify what the agent found before you answer; it was not sure enough to act."
        }
        Trigger::FailedTurns => {
            "Confirm what the caller wants in one question, then do it by hand."
        }
        Trigger::PolicyIntent => match reason.intent.as_deref() {
            Some("self_harm") => {
                "Ask whether the caller is safe now, stay on the line, follow the emergency procedure."
            }
            Some("fraud") => "Secure the account first: follow the fraud procedure.",
            Some("account_closure") => {
                "Ask what led to it, say what closing means, then follow the closure procedure."
            }
            Some("hardship") => "Leave the collection aside and go through the hardship options.",
            Some("legal") => {
                "Make no statement on the matter; log the complaint by the legal procedure."
            }
            _ => "Follow the procedure for this intent.",
        },
        Trigger::Sentiment => match reason.reason.as_str() {
            "distress" => "Ask what is needed first, and take the rest off the caller's hands.",
            "confusion" => "Explain one step at a time, in plain words, and check each.",
            _ => "Say what went wrong, then take the next step yourself.",
        },
    }
}

/// How to walk in.
pub(super) fn tone(
    reason: Option<&EscalationReason>,
    trajectory: Option<&SentimentTrajectory>,
) -> &'static str {
    let intent = reason.and_then(|r| r.intent.as_deref());
    let sentiment = |wanted: &str| {
        let other = format!("sentiment/{wanted}");
        reason.is_some_and(|r| {
            let named = r.trigger == Trigger::Sentiment && r.reason == wanted;
            named || r.also.contains(&other)
        })
    };
    let marked = |kinds: &[&str]| {
        trajectory.is_some_and(|t| t.markers.iter().any(|m| kinds.contains(&m.kind.as_str())))
    };
    let grief = ["cry", "sob", "bereavement_mention", "medical_mention"];
    if intent == Some("self_harm") {
        return "Calm, warm and unhurried. Listen first.";
    }
    if sentiment("distress") || marked(&grief) {
        return "Gentle and slow. Acknowledge before you ask.";
    }
    if sentiment("confusion") {
        return "Patient and plain. Short sentences, no jargon.";
    }
    if sentiment("trend") || sentiment("sustained") {
        return "Calm and direct. Own what went wrong; no script, no questions asked before.";
    }
    match trajectory.map(|t| (t.trend.as_deref(), t.now)) {
        Some((Some("falling"), _)) => "Calm and brisk. Patience is running out.",
        Some((_, Some(now))) if now < -0.3 => "Calm and direct. The mood is bad already.",
        Some((_, Some(_))) => "Friendly and to the point. The caller is calm.",
        _ => "Friendly and to the point.",
    }
}
