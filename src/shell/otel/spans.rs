//! From what happened to spans.

use super::ids;
use crate::shell::delivery::Report;
use crate::shell::server::{Call, Calls, Published};
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Escalations whose transfer is open, at once.
const OPEN: usize = 4096;

/// An escalation whose transfer is open. Times are milliseconds since 1970.
struct Open {
    call_id: Arc<str>,
    decided_ms: i64,
    /// When its latest stage ended.
    latest_ms: i64,
}

/// Makes spans.
pub struct Spans {
    calls: Arc<Calls>,
    scope: InstrumentationScope,
    open: HashMap<String, Open>,
}

/// What a span says beside its times.
struct Said<'a> {
    call_id: &'a str,
    name: Cow<'static, str>,
    id: SpanId,
    parent: SpanId,
    kind: SpanKind,
    status: Status,
    attributes: Vec<KeyValue>,
}

impl Spans {
    /// What events leave out is read from `calls`.
    pub fn new(calls: Arc<Calls>) -> Self {
        let scope = InstrumentationScope::builder("undertone");
        Self {
            calls,
            scope: scope.with_version(env!("CARGO_PKG_VERSION")).build(),
            open: HashMap::new(),
        }
    }

    /// The spans that end with `event`.
    pub fn of(&mut self, event: &Published) -> Vec<SpanData> {
        let wanted = ["escalation", "call_closed"].contains(&event.kind)
            || event.kind.starts_with("transfer_");
        if !wanted {
            return Vec::new();
        }
        // It was written by this program.
        let fields: Value = serde_json::from_str(&event.json).unwrap_or_default();
        let time_ms = fields["time_ms"].as_i64().unwrap_or_default();
        let call = self.calls.get(&event.call_id).ok();
        if event.kind == "call_closed" {
            return self.closed(event, call.as_deref(), time_ms);
        }
        let Some(id) = fields["escalation_id"].as_str() else {
            return Vec::new();
        };
        let since = fields["at_ms"].as_i64().unwrap_or_default();
        self.know(id, event, call.as_deref(), time_ms - since);
        let Some(open) = self.open.get_mut(id) else {
            return Vec::new();
        };
        let at_ms = open.decided_ms + since;
        let (name, until_ms) = match event.kind {
            "escalation" => ("decided", time_ms),
            "transfer_reached" => (fields["stage"].as_str().unwrap_or("stage"), at_ms),
            "transfer_failed" => ("failed", at_ms),
            "transfer_ended" => {
                let ending = fields["ending"].as_str().unwrap_or_default().to_owned();
                return self.ended(id, call.as_deref(), at_ms, &ending);
            }
            _ => return Vec::new(),
        };
        let attempt = fields["attempt"].as_u64().unwrap_or(1);
        let mut attributes = vec![
            KeyValue::new("undertone.escalation_id", id.to_owned()),
            KeyValue::new("undertone.attempt", attempt as i64),
        ];
        for key in ["trigger", "reason", "destination", "failure"] {
            if let Some(value) = fields[key].as_str() {
                attributes.push(KeyValue::new(format!("undertone.{key}"), value.to_owned()));
            }
        }
        let said = Said {
            call_id: &event.call_id,
            name: name.to_owned().into(),
            id: ids::span(&["stage", id, name, &attempt.to_string()]),
            parent: ids::escalation(id),
            kind: SpanKind::Internal,
            status: match fields["failure"].as_str() {
                Some(why) => Status::error(why.to_owned()),
                None => Status::Unset,
            },
            attributes,
        };
        let from_ms = std::mem::replace(&mut open.latest_ms, until_ms);
        vec![self.span(said, from_ms, until_ms)]
    }

    /// The span of one attempt to deliver.
    pub fn delivery(&self, report: &Report) -> SpanData {
        let mut attributes = vec![
            KeyValue::new("undertone.escalation_id", report.escalation_id.clone()),
            KeyValue::new("undertone.delivery_id", report.delivery_id.clone()),
            KeyValue::new("undertone.destination", report.destination.clone()),
            KeyValue::new("undertone.event", report.event),
            KeyValue::new("undertone.attempt", i64::from(report.attempts)),
        ];
        if let Some(status) = report.status {
            attributes.push(KeyValue::new(
                "http.response.status_code",
                i64::from(status),
            ));
        }
        let attempt = report.attempts.to_string();
        let said = Said {
            call_id: &report.call_id,
            name: "delivery".into(),
            id: ids::span(&["delivery", &report.delivery_id, &attempt]),
            parent: ids::escalation(&report.escalation_id),
            kind: SpanKind::Client,
            status: match &report.problem {
                Some(problem) => Status::error(problem.clone()),
                None => Status::Ok,
            },
            attributes,
        };
        self.span(said, report.began_ms, report.ended_ms)
    }

    /// Takes note of an escalation that is not known: a new one, or one from before a restart, which
    /// was decided at `about_ms` as far as its event says.
    fn know(&mut self, id: &str, event: &Published, call: Option<&Call>, about_ms: i64) {
        if self.open.contains_key(id) || self.open.len() >= OPEN {
            return;
        }
        let told = call.and_then(|call| call.status().escalation);
        let told = told.filter(|it| it.escalation_id == id);
        let decided_ms = told.map_or(about_ms, |it| it.decided_ms);
        let open = Open {
            call_id: event.call_id.clone(),
            decided_ms,
            latest_ms: decided_ms,
        };
        self.open.insert(id.to_owned(), open);
    }

    /// The span of an escalation, whose transfer has ended.
    fn ended(&mut self, id: &str, call: Option<&Call>, at_ms: i64, ending: &str) -> Vec<SpanData> {
        let Some(open) = self.open.remove(id) else {
            return Vec::new();
        };
        let mut attributes = vec![
            KeyValue::new("undertone.escalation_id", id.to_owned()),
            KeyValue::new("undertone.ending", ending.to_owned()),
        ];
        let told = call.and_then(|call| call.status().escalation);
        if let Some(told) = told.filter(|it| it.escalation_id == id) {
            // A unit variant is a word.
            let trigger = serde_json::to_value(told.trigger).unwrap_or_default();
            let trigger = trigger.as_str().unwrap_or_default().to_owned();
            attributes.push(KeyValue::new("undertone.trigger", trigger));
            attributes.push(KeyValue::new("undertone.reason", told.reason));
        }
        let said = Said {
            call_id: &open.call_id,
            name: "escalation".into(),
            id: ids::escalation(id),
            parent: ids::call(&open.call_id),
            kind: SpanKind::Internal,
            status: Status::Unset,
            attributes,
        };
        vec![self.span(said, open.decided_ms, at_ms)]
    }

    /// The span of a call, and those of escalations that it leaves open.
    fn closed(&mut self, event: &Published, call: Option<&Call>, time_ms: i64) -> Vec<SpanData> {
        let left = self.open.iter();
        let left = left.filter(|(_, open)| open.call_id == event.call_id);
        let left: Vec<_> = left.map(|(id, _)| id.clone()).collect();
        let mut spans: Vec<_> = left
            .iter()
            .flat_map(|id| self.ended(id, call, time_ms, "call_closed"))
            .collect();
        let Some(call) = call else {
            return spans;
        };
        let because = serde_json::to_value(call.status().closed_because).unwrap_or_default();
        let channel = serde_json::to_value(call.channel).unwrap_or_default();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let said = Said {
            call_id: &event.call_id,
            name: "call".into(),
            id: ids::call(&event.call_id),
            parent: SpanId::INVALID,
            kind: SpanKind::Server,
            status: Status::Unset,
            attributes: vec![
                KeyValue::new("undertone.channel", word(&channel)),
                KeyValue::new("undertone.closed_because", word(&because)),
            ],
        };
        spans.push(self.span(said, call.opened_ms, time_ms));
        spans
    }

    fn span(&self, mut said: Said<'_>, from_ms: i64, until_ms: i64) -> SpanData {
        let call_id = KeyValue::new("undertone.call_id", said.call_id.to_owned());
        said.attributes.push(call_id);
        SpanData {
            span_context: SpanContext::new(
                ids::trace(said.call_id),
                said.id,
                TraceFlags::SAMPLED,
                false,
                TraceState::NONE,
            ),
            parent_span_id: said.parent,
            parent_span_is_remote: false,
            span_kind: said.kind,
            name: said.name,
            start_time: time(from_ms),
            // The wall clock may have been set back meanwhile.
            end_time: time(until_ms.max(from_ms)),
            attributes: said.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: said.status,
            instrumentation_scope: self.scope.clone(),
        }
    }
}

fn time(ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(ms.max(0).unsigned_abs())
}
