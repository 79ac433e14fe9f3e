//! One event as the flat record of the output contract, whatever it is written as.

use crate::decision::{Escalation, Evidence, Trigger};
use crate::engine::{Event, LineChange, Summary};
use crate::model::Affect;
use crate::trajectory::{Marker, Point};
use crate::units::StreamTime;
use serde::{Serialize, Serializer, ser::SerializeMap};

/// What is the same for every file of one run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The model's name, from its card.
    pub model: String,
    /// SHA-256 of the model file, hexadecimal.
    pub model_sha256: String,
    /// SHA-256 of the effective configuration, hexadecimal.
    pub config_sha256: String,
    /// The ONNX backend that runs.
    pub backend: String,
    /// What the model's licence and the law ask the reader to know.
    pub notice: String,
    /// The names of the model's classes, in the order of its output.
    pub labels: Vec<String>,
    /// More than one file: every record names its file.
    pub many: bool,
    /// How a conversation without sound is held, such as "chat".
    pub written: Option<&'static str>,
}

/// One line of output: `type` first, `file` where there are many, then the event's own fields.
#[derive(Serialize)]
pub struct Record<'a> {
    /// `affect`, `trajectory`, `marker`, `escalation`, `line`, `gap` or `summary`.
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(flatten)]
    fields: Fields<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Fields<'a> {
    Affect(AffectFields<'a>),
    Trajectory(&'a Point),
    Marker(&'a Marker),
    Escalation(EscalationFields<'a>),
    Line(LineFields),
    Gap { at_s: StreamTime, samples: u32 },
    Summary(Box<SummaryFields<'a>>),
}

#[derive(Serialize)]
struct AffectFields<'a> {
    at_s: StreamTime,
    arousal: f32,
    anger: f32,
    distress: f32,
    confidence: f32,
    classes: Classes<'a>,
}

#[derive(Serialize)]
struct EscalationFields<'a> {
    at_s: StreamTime,
    trigger: Trigger,
    /// The detector, or the rule that fired.
    reason: &'a str,
    onset_s: StreamTime,
    evidence: &'a [Evidence],
    confidence: f32,
    /// The caller's words, where words fired.
    #[serde(skip_serializing_if = "Option::is_none")]
    phrase: Option<&'a str>,
    /// The rule that they fired.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_version: Option<u32>,
}

#[derive(Serialize)]
struct LineFields {
    at_s: StreamTime,
    occupant: &'static str,
    /// The key, where `occupant` is `dtmf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<char>,
    abstains: bool,
    /// Absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    band_hz: Option<f32>,
}

#[derive(Serialize)]
struct SummaryFields<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    model: &'a str,
    model_sha256: &'a str,
    config_sha256: &'a str,
    backend: &'a str,
    notice: &'a str,
}

/// Class probabilities under the names that the model card gives them.
struct Classes<'a> {
    labels: &'a [String],
    values: &'a [f32],
}

impl Serialize for Classes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (label, value) in self.labels.iter().zip(self.values) {
            map.serialize_entry(label, value)?;
        }
        map.end()
    }
}

impl<'a> Record<'a> {
    /// The record of one event of `file`.
    pub fn event(run: &'a Run, file: &'a str, event: &'a Event) -> Self {
        let (kind, fields) = match event {
            Event::Affect(affect) => ("affect", Fields::Affect(affect_fields(run, affect))),
            Event::Point(point) => ("trajectory", Fields::Trajectory(point)),
            Event::Marker(marker) => ("marker", Fields::Marker(marker)),
            Event::Escalation(escalation) => (
                "escalation",
                Fields::Escalation(escalation_fields(escalation)),
            ),
            Event::Line(change) => ("line", Fields::Line(line_fields(change))),
            Event::Gap { at, samples } => (
                "gap",
                Fields::Gap {
                    at_s: *at,
                    samples: *samples,
                },
            ),
        };
        let file = run.many.then_some(file);
        Self { kind, file, fields }
    }

    /// The last record of `file`. It names its file always.
    pub fn summary(run: &'a Run, file: &'a str, summary: &'a Summary) -> Self {
        let fields = Fields::Summary(Box::new(SummaryFields {
            summary,
            model: &run.model,
            model_sha256: &run.model_sha256,
            config_sha256: &run.config_sha256,
            backend: &run.backend,
            notice: &run.notice,
        }));
        Self {
            kind: "summary",
            file: Some(file),
            fields,
        }
    }
}

fn affect_fields<'a>(run: &'a Run, affect: &'a Affect) -> AffectFields<'a> {
    AffectFields {
        at_s: affect.at,
        arousal: affect.reading.arousal,
        anger: affect.reading.anger,
        distress: affect.reading.distress,
        confidence: affect.reading.confidence,
        classes: Classes {
            labels: &run.labels,
            values: &affect.reading.classes,
        },
    }
}

fn line_fields(change: &LineChange) -> LineFields {
    let key = change.occupant.key();
    LineFields {
        at_s: change.at,
        occupant: change.occupant.name(),
        key: (key != 0).then(|| char::from(key)),
        abstains: change.occupant.abstains(),
        band_hz: (change.band_hz > 0.0).then_some(change.band_hz),
    }
}

fn escalation_fields(escalation: &Escalation) -> EscalationFields<'_> {
    let phrase = escalation.phrase.as_ref();
    EscalationFields {
        at_s: escalation.at,
        trigger: escalation.trigger,
        reason: escalation.reason_name(),
        onset_s: escalation.onset,
        evidence: &escalation.evidence,
        confidence: escalation.confidence,
        phrase: phrase.map(|p| p.text.as_str()),
        rule: phrase.map(|p| p.rule.as_str()),
        rule_version: phrase.map(|p| p.version),
    }
}
