//! A payload with nothing in it.

use undertone::handoff::HandoffPayload;

pub fn empty() -> HandoffPayload {
    let text = r#"{
        "schema": "undertone.handoff/1",
        "channel": "voice",
        "at_s": 42.5,
        "digest": { "headline": "", "lines": [], "tone": "" },
        "completeness": 0.0,
        "fields": {}
    }"#;
    serde_json::from_str(text).expect("every other field may be absent")
}
