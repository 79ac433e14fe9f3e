//! Names of the contract in words that a person reads at a glance.

use super::text::{clean, spaced};
use crate::decision::Trigger;
use crate::dialogue::{Outcome, Speaker};
use crate::handoff::{Channel, Failure, Stage};

/// The trigger as a heading.
pub fn trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::ExplicitRequest => "Asked for a human",
        Trigger::Sentiment => "Heard in the voice",
        Trigger::LowConfidence => "Agent unsure",
        Trigger::PolicyIntent => "Policy",
        Trigger::FailedTurns => "Failed turns",
    }
}

/// Another trigger of the call, as the contract writes it: `trigger/reason`.
pub fn pulled(name: &str) -> String {
    let (trigger, reason) = name.split_once('/').unwrap_or((name, ""));
    let trigger = match trigger {
        "explicit_request" => "asked for a human".to_owned(),
        "sentiment" => "heard in the voice".to_owned(),
        "low_confidence" => "agent unsure".to_owned(),
        other => spaced(other),
    };
    match reason {
        "" | "reported" => trigger,
        reason => format!("{trigger} ({})", spaced(reason)),
    }
}

/// The channel with its article left out.
pub fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Voice => "Phone",
        Channel::Chat => "Chat",
        Channel::Email => "E-mail",
    }
}

/// How an action ended: a sign, the word, and the name that the style sheet knows.
pub fn outcome(outcome: Outcome) -> (&'static str, &'static str, &'static str) {
    match outcome {
        Outcome::Succeeded => ("✓", "done", "good"),
        Outcome::Failed => ("✕", "failed", "bad"),
        Outcome::NoMatch => ("∅", "no match", "warn"),
        Outcome::Pending => ("…", "pending", "soft"),
    }
}

/// Who speaks.
pub fn speaker(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Caller => "Caller",
        Speaker::Agent => "Agent",
        Speaker::Human => "Human",
    }
}

/// The stages that lead to a human, in order.
pub const STAGES: [Stage; 5] = [
    Stage::Decided,
    Stage::Initiated,
    Stage::Ringing,
    Stage::Accepted,
    Stage::Connected,
];

/// The stage as a heading.
pub fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Decided => "Decided",
        Stage::Initiated => "Initiated",
        Stage::Ringing => "Ringing",
        Stage::Accepted => "Accepted",
        Stage::Connected => "Connected",
        Stage::Failed => "Failed",
    }
}

/// Why a transfer failed.
pub fn failure(failure: Failure) -> &'static str {
    match failure {
        Failure::QueueFull => "queue full",
        Failure::Timeout => "took too long",
        Failure::Declined => "declined",
        Failure::NoAnswer => "no answer",
        Failure::Voicemail => "voicemail answered",
        Failure::CallerHungUp => "caller hung up",
        Failure::Unreachable => "telephony unreachable",
    }
}

/// A feature of the voice.
pub fn feature(name: &str) -> String {
    match name {
        "anger" => "Anger in the voice".to_owned(),
        "distress" => "Distress in the voice".to_owned(),
        "arousal" => "Arousal".to_owned(),
        "f0_hz" => "Pitch".to_owned(),
        "f0_sd_st" => "Pitch movement".to_owned(),
        "level_db" | "level_rel_db" => "Loudness".to_owned(),
        "alpha_ratio_db" => "Sharpness".to_owned(),
        "articulation_sps" | "pace_sps" => "Speaking rate".to_owned(),
        "hnr_db" => "Clearness of voice".to_owned(),
        "flux_db" => "Quickness of change".to_owned(),
        "dynamics_db" => "Range of loudness".to_owned(),
        "lengthening_s" => "Drawn-out syllables".to_owned(),
        "sentiment" => "Sentiment".to_owned(),
        other => spaced(other),
    }
}

/// A distance in the caller's own standard deviations, in words.
pub fn distance(sd: f64) -> String {
    if !sd.is_finite() {
        return "changed, by how much is unknown".to_owned();
    }
    let how = match sd.abs() {
        d if d < 0.5 => return "as usual".to_owned(),
        d if d < 1.5 => "a little",
        d if d < 3.0 => "clearly",
        _ => "far",
    };
    let side = if sd < 0.0 { "below" } else { "above" };
    format!("{how} {side} usual")
}

/// The trend as an arrow and a word; a name that is not known is shown as it is.
pub fn trend(name: Option<&str>, slope: Option<f64>) -> (&'static str, String) {
    match (name, slope.filter(|s| s.is_finite())) {
        (Some("falling"), _) => ("↘", "getting worse".to_owned()),
        (Some("rising"), _) => ("↗", "getting better".to_owned()),
        (Some("steady"), _) => ("→", "steady".to_owned()),
        (Some(other), _) => ("", clean(other)),
        (None, Some(slope)) if slope < -0.2 => ("↘", "getting worse".to_owned()),
        (None, Some(slope)) if slope > 0.2 => ("↗", "getting better".to_owned()),
        (None, Some(_)) => ("→", "steady".to_owned()),
        (None, None) => ("", "trend unknown".to_owned()),
    }
}

/// Sentiment, −1..1, in a word.
pub fn sentiment(value: f64) -> &'static str {
    match value {
        v if !v.is_finite() => "unknown",
        v if v < -0.6 => "very bad",
        v if v < -0.25 => "bad",
        v if v < 0.25 => "neutral",
        _ => "good",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_have_a_side() {
        assert_eq!(distance(4.2), "far above usual");
        assert_eq!(distance(-1.2), "a little below usual");
        assert_eq!(distance(0.1), "as usual");
        assert!(distance(f64::NAN).contains("unknown"));
    }

    #[test]
    fn other_triggers_are_told_in_words() {
        assert_eq!(pulled("sentiment/trend"), "heard in the voice (trend)");
        assert_eq!(pulled("failed_turns/reported"), "failed turns");
        assert_eq!(pulled("of the future"), "of the future");
    }

    #[test]
    fn a_trend_without_a_name_is_read_off_the_slope() {
        assert_eq!(trend(None, Some(-1.4)).1, "getting worse");
        assert_eq!(trend(Some("steady"), Some(-1.4)).1, "steady");
        assert_eq!(trend(None, Some(f64::NAN)).1, "trend unknown");
    }
}
