//! The payload in a few lines. Everything is read off the payload's fields and nothing else, so
//! prose and fields cannot disagree.

use super::payload::{Confidence, Digest, HandoffPayload, SentimentTrajectory};
use super::suggest;
use crate::decision::Trigger;
use crate::dialogue::{Action, Identity, Intent, Outcome, Source, Speaker, Turn, Write};

/// Letters of a quotation.
const QUOTED: usize = 90;
/// Items of a list that are named; the rest are counted.
const NAMED: usize = 3;

/// Headline, one line a field that says something, and the tone.
pub(super) fn render(payload: &HandoffPayload) -> Digest {
    let reason = payload.escalation_reason.as_ref();
    let next = payload.suggested_next_action.as_ref();
    let lines = [
        payload.identity.as_ref().map(identity),
        payload.intent.as_ref().map(intent),
        payload.transcript.as_deref().and_then(said),
        payload.sources.as_deref().map(sources),
        payload.actions.as_deref().map(actions),
        payload.committed_writes.as_deref().map(writes),
        payload.confidence.as_ref().and_then(confidence),
        reason.map(|reason| {
            let also = match reason.also.as_slice() {
                [] => String::new(),
                also => format!(" Also: {}.", also.join(", ")),
            };
            format!("Why: {}{also}", reason.text)
        }),
        payload.sentiment_trajectory.as_ref().and_then(mood),
        next.map(|next| format!("Next: {}", next.text)),
    ];
    Digest {
        headline: headline(payload),
        lines: lines.into_iter().flatten().collect(),
        tone: suggest::tone(reason, payload.sentiment_trajectory.as_ref()).to_owned(),
    }
}

/// Why the call is handed over, in a sentence.
pub(super) fn why(payload: &HandoffPayload) -> String {
    let Some(reason) = &payload.escalation_reason else {
        return String::new();
    };
    let quoted = reason.phrase.as_deref().map_or(String::new(), |phrase| {
        format!(": \u{201c}{}\u{201d}", cut(phrase))
    });
    let since = clock(reason.onset_s);
    match reason.trigger {
        Trigger::ExplicitRequest => format!("The caller asked for a human{quoted}."),
        Trigger::PolicyIntent => {
            let intent = reason.intent.as_deref().unwrap_or("an intent for humans");
            format!("Policy gives {} to humans{quoted}.", words(intent))
        }
        Trigger::LowConfidence => {
            let agent = payload.confidence.as_ref().and_then(|c| c.agent.as_ref());
            let Some(agent) = agent else {
                return "The agent was not sure enough to act.".to_owned();
            };
            let action = agent.action.as_deref();
            let about = action.map_or(String::new(), |a| format!(" for {}", words(a)));
            format!(
                "The agent's confidence {:.2} stayed under the floor {:.2}{about} after {}.",
                agent.score,
                agent.floor,
                counted(agent.failed_regroundings as usize, "failed re-grounding"),
            )
        }
        Trigger::FailedTurns => "The agent failed again and again on one intent.".to_owned(),
        Trigger::Sentiment => match reason.reason.as_str() {
            "trend" => format!("The caller began calm and has been getting worse since {since}."),
            "sustained" => format!("The caller has sounded angry from the start ({since})."),
            "distress" => format!("Signs of distress since {since}{quoted}."),
            "confusion" => format!("The caller has had trouble following since {since}{quoted}."),
            other => format!("The caller's mood ({}) since {since}.", words(other)),
        },
    }
}

fn headline(payload: &HandoffPayload) -> String {
    let who = payload.identity.as_ref();
    let who = who.and_then(|it| it.name.as_deref()).unwrap_or("A caller");
    let what = payload.intent.as_ref().map(wish);
    let what = what.unwrap_or_else(|| "no intent known".to_owned());
    let why = match &payload.escalation_reason {
        None => "no escalation".to_owned(),
        Some(reason) => match reason.trigger {
            Trigger::ExplicitRequest => "asked for a human".to_owned(),
            Trigger::LowConfidence => "the agent was not sure enough".to_owned(),
            Trigger::FailedTurns => "the agent failed repeatedly".to_owned(),
            Trigger::PolicyIntent => {
                let intent = reason.intent.as_deref().unwrap_or("policy");
                format!("{}: for humans by policy", words(intent))
            }
            Trigger::Sentiment => match reason.reason.as_str() {
                "trend" => "getting worse".to_owned(),
                "sustained" => "upset from the start".to_owned(),
                other => words(other),
            },
        },
    };
    format!("{who}: {what}; {why}")
}

fn identity(identity: &Identity) -> String {
    let mut line = format!("Who: {}", identity.name.as_deref().unwrap_or("no name"));
    if let Some(id) = &identity.customer_id {
        line.push_str(&format!(", customer {id}"));
    }
    line.push_str(match identity.verified {
        true => ", verified",
        false => ", NOT verified",
    });
    if let Some(method) = &identity.method {
        line.push_str(&format!(" ({method})"));
    }
    line
}

fn wish(intent: &Intent) -> String {
    let summary = intent.summary.as_deref().filter(|s| !s.trim().is_empty());
    summary.map_or_else(|| words(&intent.name), str::to_owned)
}

fn intent(intent: &Intent) -> String {
    let sure = intent.confidence;
    let sure = sure.map_or(String::new(), |c| format!(", {:.0} % sure", 100.0 * c));
    format!("Wants: {} ({}{sure})", wish(intent), intent.name)
}

fn said(turns: &[Turn]) -> Option<String> {
    let count = counted(turns.len(), "turn");
    let last = turns.last()?;
    let of_caller = turns.iter().rev().find(|t| t.speaker == Speaker::Caller);
    let shown = of_caller.unwrap_or(last);
    let who = match shown.speaker {
        Speaker::Caller => "the caller",
        Speaker::Agent => "the agent",
        Speaker::Human => "the human",
    };
    let text = cut(&shown.text);
    Some(format!(
        "Said: {count}; last by {who}: \u{201c}{text}\u{201d}"
    ))
}

fn sources(sources: &[Source]) -> String {
    let titles = named(sources, |source| source.title.clone());
    format!("Looked up: {titles}")
}

fn actions(actions: &[Action]) -> String {
    let tried = named(actions, |action| {
        let outcome = match action.outcome {
            Outcome::Succeeded => "succeeded",
            Outcome::Failed => "failed",
            Outcome::NoMatch => "no match",
            Outcome::Pending => "not ended",
        };
        let result = action.result.as_deref();
        let result = result.map_or(String::new(), |r| format!(", {}", cut(r)));
        format!("{} ({outcome}{result})", words(&action.name))
    });
    format!("Tried: {tried}")
}

fn writes(writes: &[Write]) -> String {
    let written = named(writes, |write| {
        let reference = write.reference.as_deref();
        let reference = reference.map_or(String::new(), |r| format!(" ({r})"));
        format!("{}{reference}", write.what)
    });
    format!("Written: {written}")
}

fn confidence(confidence: &Confidence) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(agent) = &confidence.agent {
        parts.push(format!(
            "agent {:.2}, floor {:.2}, {}",
            agent.score,
            agent.floor,
            counted(agent.failed_regroundings as usize, "failed re-grounding"),
        ));
    }
    if let Some(escalation) = confidence.escalation {
        parts.push(format!("escalation {escalation:.2}"));
    }
    (!parts.is_empty()).then(|| format!("Confidence: {}", parts.join("; ")))
}

fn mood(trajectory: &SentimentTrajectory) -> Option<String> {
    let marks: Vec<String> = trajectory
        .markers
        .iter()
        .map(|m| format!("{} at {}", words(&m.kind), clock(m.at_s)))
        .collect();
    let marks = named(&marks, Clone::clone);
    let Some(now) = trajectory.now else {
        let only = !trajectory.markers.is_empty();
        return only.then(|| format!("Mood: too little speech to read; {marks}"));
    };
    let trend = trajectory.trend.as_deref().unwrap_or("unknown trend");
    let mut line = format!("Mood: {} {now:+.2}, {trend}", trajectory.sparkline);
    if let (Some(worst), Some(at_s)) = (trajectory.worst, trajectory.worst_at_s) {
        line.push_str(&format!(", worst {worst:+.2} at {}", clock(at_s)));
    }
    if !trajectory.markers.is_empty() {
        line.push_str(&format!("; {marks}"));
    }
    Some(line)
}

/// The last few of `items`, and how many came before them.
fn named<T>(items: &[T], name: impl Fn(&T) -> String) -> String {
    let before = items.len().saturating_sub(NAMED);
    let names: Vec<String> = items[before..].iter().map(name).collect();
    match (items.len(), before) {
        (0, _) => "nothing".to_owned(),
        (_, 0) => names.join("; "),
        _ => format!("{}; and {before} before", names.join("; ")),
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `lookup_vendor` as people write it.
fn words(name: &str) -> String {
    name.replace(['_', '.'], " ")
}

fn cut(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(QUOTED) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}\u{2026}", text[..end].trim_end()),
    }
}

fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    format!("{:02}:{:02}", whole / 60, whole % 60)
}
