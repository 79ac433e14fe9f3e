//! What stands in a request, by the destination's format.

use super::config::Format;
use crate::shell::store::{Due, EventKind};
use crate::shell::wall::rfc3339;
use serde_json::{Map, Value, json};

/// The content of one request: its type and its bytes. Zendesk's display has none.
pub type Content = Option<(&'static str, Vec<u8>)>;

/// The content for `due`; the same on every attempt. `service` and `source` are the destination's.
pub fn content(format: Format, due: &Due, service: &str, source: &str) -> Content {
    match format {
        Format::Standard => json_content(&standard(due)),
        Format::Cloudevents => {
            let (_, bytes) = json_content(&cloud_event(due, source))?;
            Some(("application/cloudevents+json; charset=utf-8", bytes))
        }
        Format::Salesforce => json_content(&salesforce(due, service)),
        Format::Zendesk => None,
    }
}

fn json_content(value: &Value) -> Content {
    Some(("application/json", value.to_string().into_bytes()))
}

/// `{"type", "timestamp", "data"}` of Standard Webhooks.
fn standard(due: &Due) -> Value {
    json!({
        "type": due.event.name(),
        "timestamp": rfc3339(due.at_ms),
        "data": data(due),
    })
}

/// CloudEvents 1.0, structured mode.
fn cloud_event(due: &Due, source: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": due.delivery_id,
        "source": source,
        "type": due.event.name(),
        "subject": due.call_id,
        "time": rfc3339(due.at_ms),
        "datacontenttype": "application/json",
        "data": data(due),
    })
}

/// The payload or the transfer, with the names that tie it to its call.
fn data(due: &Due) -> Value {
    let mut data = stored(due);
    let mut put = |key: &str, value: String| data.insert(key.to_owned(), value.into());
    put("call_id", due.call_id.clone());
    put("escalation_id", due.escalation_id.clone());
    put("expires_at", rfc3339(due.expires_ms));
    if due.event == EventKind::Transfer {
        put("at", rfc3339(due.at_ms));
    }
    data.into()
}

fn stored(due: &Due) -> Map<String, Value> {
    match serde_json::from_str(&due.data) {
        Ok(Value::Object(data)) => data,
        _ => Map::new(),
    }
}

/// The body of `realtimeConversationEvents`, in order of `startTime` (milliseconds since 1970).
/// `persist` is false: the payload belongs to the desk, not to the customer relations database.
fn salesforce(due: &Due, service: &str) -> Value {
    let data = stored(due);
    let mut events = Vec::new();
    let seconds = |key: &str| data.get("escalation_reason")?.get(key)?.as_f64();
    // The change that led to the decision, where it began earlier.
    if let (Some(at), Some(onset)) = (seconds("at_s"), seconds("onset_s"))
        && onset < at
    {
        let start = due.at_ms - ((at - onset) * 1000.0) as i64;
        events.push(json!({ "type": "onset", "value": due.trigger, "startTime": start }));
    }
    let value = format!("{}/{}", due.trigger, due.reason);
    events.push(json!({ "type": "escalation", "value": value, "startTime": due.at_ms }));
    json!({ "service": service, "persist": false, "events": events })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(event: EventKind) -> Due {
        let data = json!({
            "schema": "undertone.handoff/1",
            "escalation_reason": { "at_s": 42.5, "onset_s": 36.0 },
            "expires_at": "never",
        });
        Due {
            delivery_id: "msg_a".to_owned(),
            destination: "desk".to_owned(),
            event,
            at_ms: 1_614_265_330_000,
            due_ms: 0,
            expires_ms: 1_614_265_340_000,
            attempts: 0,
            data: data.to_string(),
            escalation_id: "esc_a".to_owned(),
            trigger: "sentiment".to_owned(),
            reason: "trend".to_owned(),
            call_id: "call-1".to_owned(),
            labels: [].into(),
        }
    }

    fn parsed(format: Format, event: EventKind) -> (&'static str, Value) {
        let (kind, bytes) = content(format, &due(event), "Undertone", "urn:x").unwrap();
        (kind, serde_json::from_slice(&bytes).unwrap())
    }

    #[test]
    fn the_standard_body_has_type_time_and_the_payload_with_its_names() {
        let (kind, body) = parsed(Format::Standard, EventKind::Raised);
        assert_eq!(kind, "application/json");
        assert_eq!(body["type"], "call.escalation.raised");
        assert_eq!(body["timestamp"], "2021-02-25T15:02:10.000Z");
        assert_eq!(body["data"]["schema"], "undertone.handoff/1");
        assert_eq!(body["data"]["call_id"], "call-1");
        assert_eq!(body["data"]["escalation_id"], "esc_a");
        assert_eq!(body["data"]["expires_at"], "2021-02-25T15:02:20.000Z");
    }

    #[test]
    fn a_cloud_event_has_the_deliverys_name_and_the_call_as_subject() {
        let (kind, body) = parsed(Format::Cloudevents, EventKind::Transfer);
        assert!(kind.starts_with("application/cloudevents+json"));
        for (key, value) in [
            ("specversion", "1.0"),
            ("id", "msg_a"),
            ("source", "urn:x"),
            ("type", "call.transfer.changed"),
            ("subject", "call-1"),
            ("time", "2021-02-25T15:02:10.000Z"),
        ] {
            assert_eq!(body[key], value, "{key}");
        }
        assert_eq!(body["data"]["at"], "2021-02-25T15:02:10.000Z");
    }

    #[test]
    fn salesforce_gets_events_in_order_of_time() {
        let (_, body) = parsed(Format::Salesforce, EventKind::Raised);
        assert_eq!(body["service"], "Undertone");
        let events = body["events"].as_array().unwrap();
        assert_eq!(events[0]["startTime"], 1_614_265_323_500_i64);
        assert_eq!(events[1]["startTime"], 1_614_265_330_000_i64);
        assert_eq!(events[1]["value"], "sentiment/trend");
    }

    #[test]
    fn zendesk_gets_no_body() {
        assert_eq!(
            content(Format::Zendesk, &due(EventKind::Raised), "", ""),
            None
        );
    }
}
