//! What was heard and decided: why, how sure, and where the mood was going.

use super::spark::{Size, Spark};
use super::text::{Clipped, clean, clock, counted, room, share, short, signed, spaced};
use super::words;
use crate::handoff::{Confidence, EscalationReason, SentimentTrajectory, VoiceEvidence};

/// Why the call is handed over.
#[derive(Debug)]
pub struct Why {
    pub trigger: &'static str,
    pub text: Clipped,
    pub phrase: Option<Clipped>,
    pub rule: Option<String>,
    pub since: String,
    /// Strongest first.
    pub evidence: Vec<Moved>,
    pub also: Option<Clipped>,
}

/// One feature that moved.
#[derive(Debug, PartialEq, Eq)]
pub struct Moved {
    pub what: Clipped,
    pub how: String,
    /// The distance, as a number.
    pub sd: String,
    /// What was usual and what is now.
    pub numbers: String,
}

impl Moved {
    fn new(evidence: &VoiceEvidence) -> Self {
        let unit = clean(&evidence.unit);
        let what = Clipped::new(&words::feature(&evidence.feature), room::LABEL);
        // Signs are counted; nothing is usual about them.
        if unit == "signs" {
            return Self {
                what,
                how: match evidence.now.is_finite() {
                    true => counted(evidence.now.max(0.0).round() as usize, "sign"),
                    false => "signs".to_owned(),
                },
                sd: String::new(),
                numbers: String::new(),
            };
        }
        let number = |v: f32| short(v.into());
        let numbers = match (number(evidence.baseline), number(evidence.now)) {
            (Some(usual), Some(now)) => format!("{usual} → {now} {unit}"),
            (None, Some(now)) => format!("now {now} {unit}"),
            _ => String::new(),
        };
        let sd = signed(evidence.sd.into(), 1).filter(|sd| sd.len() < 10);
        Self {
            what,
            how: words::distance(evidence.sd.into()),
            sd: sd.map_or(String::new(), |sd| format!("{sd} sd")),
            numbers: Clipped::new(&numbers, room::LABEL).head,
        }
    }
}

impl Why {
    pub fn new(reason: &EscalationReason) -> Self {
        let trigger = words::trigger(reason.trigger);
        let text = if reason.text.trim().is_empty() {
            spaced(&reason.reason)
        } else {
            reason.text.clone()
        };
        let since = if reason.onset_s < reason.at_s {
            format!(
                "Began {}, decided {}",
                clock(reason.onset_s),
                clock(reason.at_s)
            )
        } else {
            format!("Decided {}", clock(reason.at_s))
        };
        let evidence = reason.evidence.iter().map(Moved::new).collect();
        let phrase = reason.phrase.as_deref().filter(|p| !p.trim().is_empty());
        let rule = reason.rule_version.map(|version| {
            let name = reason.rule.as_deref().unwrap_or(&reason.reason);
            let name = Clipped::new(name, room::LABEL).head;
            format!("rule {name}, version {version}")
        });
        let also = reason.also.iter().map(|also| words::pulled(also));
        let also = also.collect::<Vec<_>>().join(", ");
        Self {
            trigger,
            text: Clipped::new(&text, room::SENTENCE),
            phrase: phrase.map(|p| Clipped::new(p, room::SENTENCE)),
            rule,
            since,
            evidence,
            also: Some(Clipped::new(&also, room::SENTENCE)).filter(|a| !a.is_empty()),
        }
    }
}

/// How sure the agent and the detector are.
#[derive(Debug)]
pub struct Sure {
    pub agent: Option<AgentSure>,
    pub escalation: Option<String>,
}

/// The agent's score against its floor.
#[derive(Debug)]
pub struct AgentSure {
    pub score: String,
    pub floor: String,
    /// Lengths in the bar's own units, 0..100.
    pub score_at: f64,
    pub floor_at: f64,
    pub under: bool,
    pub action: Option<Clipped>,
    pub regroundings: String,
    pub dimensions: Vec<(String, String)>,
}

impl Sure {
    pub fn new(confidence: &Confidence) -> Self {
        let agent = confidence.agent.as_ref().map(|agent| {
            let at = |v: f64| {
                if v.is_finite() {
                    v.clamp(0.0, 1.0) * 100.0
                } else {
                    0.0
                }
            };
            let said = |v| share(v).unwrap_or_else(|| "unknown".to_owned());
            let dimension = |(name, value): (&String, &f64)| {
                let name = Clipped::new(&spaced(name), room::LABEL).head;
                (name, said(*value))
            };
            AgentSure {
                score: said(agent.score),
                floor: said(agent.floor),
                score_at: at(agent.score),
                floor_at: at(agent.floor),
                under: agent.score < agent.floor,
                action: agent
                    .action
                    .as_deref()
                    .map(|a| Clipped::new(&spaced(a), room::LABEL)),
                regroundings: counted(agent.failed_regroundings as usize, "failed re-grounding"),
                dimensions: agent.dimensions.iter().map(dimension).collect(),
            }
        });
        Self {
            agent,
            escalation: confidence.escalation.and_then(|e| share(e.into())),
        }
    }
}

/// Where the mood was going.
#[derive(Debug)]
pub struct Mood {
    pub spark: Option<Spark>,
    pub onset: Option<Mark>,
    pub decided: Option<Mark>,
    pub markers: Vec<(f64, String)>,
    /// The drawing in words.
    pub alternative: String,
    pub now: Option<String>,
    pub word: &'static str,
    pub arrow: &'static str,
    pub trend: String,
    pub worst: Option<String>,
    pub heard: Option<Clipped>,
    pub from: String,
    pub to: String,
}

/// A line across the drawing with its label.
#[derive(Debug)]
pub struct Mark {
    pub x: f64,
    pub label: String,
    /// Where the label begins, and how it is anchored.
    pub text_x: f64,
    pub anchor: &'static str,
}

impl Mark {
    /// The label on the wanted side of the line, or on the other where it would not fit.
    fn new(x: f64, label: String, wanted_left: bool) -> Self {
        let room = 6.2 * label.chars().count() as f64;
        let left = match wanted_left {
            true => x > room,
            false => x > DRAWING.width - room,
        };
        Self {
            x,
            label,
            text_x: if left { x - 3.0 } else { x + 3.0 },
            anchor: if left { "end" } else { "start" },
        }
    }
}

/// The drawing's own units.
const DRAWING: Size = Size {
    width: 360.0,
    height: 116.0,
};

impl Mood {
    pub fn new(trajectory: &SentimentTrajectory, reason: Option<&EscalationReason>) -> Self {
        let spark = Spark::new(&trajectory.points, DRAWING);
        let x = |at_s: f64| spark.as_ref().and_then(|s| s.x(at_s));
        let mark = |at_s: Option<f64>, name: &str, left| {
            let at_s = at_s?;
            x(at_s).map(|x| Mark::new(x, format!("{name} {}", clock(at_s)), left))
        };
        let named = |kind: &str, at_s| format!("{} {}", spaced(kind), clock(at_s));
        let all = &trajectory.markers;
        let markers = all.iter().rev().take(24).rev();
        let markers = markers.filter_map(|m| x(m.at_s).map(|x| (x, named(&m.kind, m.at_s))));
        let heard: Vec<String> = all.iter().map(|m| named(&m.kind, m.at_s)).collect();
        let slope = trajectory.slope_per_min.map(f64::from);
        let (arrow, trend) = words::trend(trajectory.trend.as_deref(), slope);
        let trend = match slope.and_then(|s| signed(s, 1)) {
            Some(slope) => format!("{trend}, {slope} a minute"),
            None => trend,
        };
        let now = trajectory.now.map(f64::from).filter(|n| n.is_finite());
        let worst = trajectory.worst.and_then(|w| signed(w.into(), 2));
        let worst = worst.map(|worst| match trajectory.worst_at_s {
            Some(at) => format!("worst {worst} at {}", clock(at)),
            None => format!("worst {worst}"),
        });
        // Words fire at once: what began when it was decided has one line.
        let began = reason.filter(|r| r.onset_s < r.at_s).map(|r| r.onset_s);
        let (from, to) = spark.as_ref().map_or((0.0, 0.0), Spark::span);
        let mut mood = Self {
            onset: mark(began, "began", true),
            decided: mark(reason.map(|r| r.at_s), "decided", false),
            markers: markers.collect(),
            alternative: String::new(),
            now: now.and_then(|n| signed(n, 2)),
            word: now.map_or("unknown", words::sentiment),
            arrow,
            trend: Clipped::new(&trend, room::LINE).head,
            worst,
            heard: Some(Clipped::new(&heard.join(", "), room::LINE)).filter(|h| !h.is_empty()),
            from: clock(from),
            to: clock(to),
            spark,
        };
        mood.alternative = mood.told(reason);
        mood
    }

    fn told(&self, reason: Option<&EscalationReason>) -> String {
        let Some(_) = self.spark else {
            return "Too little speech to draw the sentiment.".to_owned();
        };
        let mut told = format!("Sentiment from {} to {}", self.from, self.to);
        if let Some(now) = &self.now {
            told.push_str(&format!(", now {now} ({})", self.word));
        }
        told.push_str(&format!(", {}", self.trend));
        if let Some(worst) = &self.worst {
            told.push_str(&format!(", {worst}"));
        }
        if let Some(reason) = reason {
            told.push_str(&format!(". The change began at {}", clock(reason.onset_s)));
        }
        told.push('.');
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Trigger;

    #[test]
    fn evidence_is_said_in_words() {
        let moved = Moved::new(&VoiceEvidence {
            feature: "anger".into(),
            unit: String::new(),
            baseline: 0.04,
            now: 0.49,
            sd: 4.2,
        });
        assert_eq!(moved.how, "far above usual");
        assert_eq!((&*moved.sd, &*moved.numbers), ("+4.2 sd", "0.04 → 0.49"));
    }

    #[test]
    fn an_onset_after_the_decision_is_not_told() {
        let mut reason = EscalationReason {
            trigger: Trigger::Sentiment,
            reason: "trend".into(),
            at_s: 57.2,
            onset_s: 48.2,
            text: String::new(),
            phrase: None,
            rule: None,
            rule_version: None,
            intent: None,
            evidence: Vec::new(),
            also: vec!["failed_turns/reported".into()],
        };
        assert_eq!(Why::new(&reason).since, "Began 00:48, decided 00:57");
        assert_eq!(Why::new(&reason).also.unwrap().head, "failed turns");
        reason.onset_s = f64::NAN;
        assert_eq!(Why::new(&reason).since, "Decided 00:57");
    }

    #[test]
    fn numbers_that_are_none_draw_nothing() {
        let mood = Mood::new(
            &SentimentTrajectory {
                speech_s: f64::NAN,
                points: vec![[f64::NAN, 0.0]; 40],
                sparkline: String::new(),
                now: Some(f32::NAN),
                slope_per_min: Some(f32::INFINITY),
                trend: None,
                worst: None,
                worst_at_s: None,
                markers: Vec::new(),
            },
            None,
        );
        assert!(mood.spark.is_none() && mood.now.is_none());
        assert_eq!(mood.trend, "trend unknown");
    }
}
