//! Numbers that must not move unnoticed: features and events of one bundled call, as committed in
//! `tests/golden/became-angry.json`.
//!
//! `UNDERTONE_BLESS=1 cargo test --release --test golden` writes the file anew.
//!
//! The same build gives the same bits. Between machines the transforms, the resampler and the
//! model's kernels pick other vector instructions and so sum in another order: relative errors of
//! some 1e-6 in a sum, which a logarithm, a ratio of small powers or an interpolated peak widens
//! to about 1e-4 of the value. Each tolerance is at least ten times that and at most a tenth of
//! what would matter to a reader of the number.
#![cfg(all(feature = "cli", feature = "embedded"))]
#![allow(clippy::disallowed_methods)]

mod sample;

use sample::{hear, path};
use serde_json::{Map, Value, json};
use std::fs;
use undertone::FeatureFrame;
use undertone::shell::runner::{Hearing, features};

const FILE: &str = "tests/golden/became-angry.json";
/// Silence, a pause, and voice of the calm and of the angry part.
const FRAMES: [usize; 10] = [0, 150, 261, 300, 418, 1_069, 1_895, 4_929, 5_614, 6_075];
/// Of the trajectory one point in so many is kept.
const POINT_STEP: usize = 12;

/// What each number may be off by, in its own unit.
const TOLERANCES: [(&str, f64); 26] = [
    // Stream time: a tick is 1/16000 s, and events stand on frames of 10 ms. An escalation or its
    // onset may slip by one reading when a sum passes its threshold a hair earlier.
    ("time_s", 0.0),
    ("at_s", 0.251),
    ("onset_s", 0.251),
    // Pitch: a twentieth of a percent of 300 Hz; what can be heard begins at 1 Hz.
    ("f0_hz", 0.15),
    ("voicing", 0.002),
    ("level_db", 0.01),
    ("active_level_db", 0.02),
    ("snr_db", 0.02),
    // Counts over a window: one nucleus more or less in three seconds is a fault, a third.
    ("pace_sps", 0.01),
    ("articulation_sps", 0.02),
    ("pause_s", 0.011),
    ("pause_share", 0.002),
    ("pauses", 0.0),
    ("hnr_db", 0.1),
    ("jitter", 0.001),
    ("shimmer", 0.003),
    ("spectral_tilt_db", 0.02),
    ("alpha_ratio_db", 0.02),
    ("flux_db", 0.02),
    ("mel_05", 0.02),
    ("mel_20", 0.05),
    // The trajectory's numbers are printed with two decimals.
    ("sentiment", 0.02),
    ("level_sd", 0.05),
    ("sd", 0.05),
    ("confidence", 0.02),
    ("markers", 0.0),
];

fn row(frame: &FeatureFrame) -> Value {
    json!({
        "time_s": frame.at.seconds(),
        "voiced": frame.voiced,
        "speech": frame.speech,
        "f0_hz": frame.f0_hz,
        "voicing": frame.voicing,
        "level_db": frame.level_db,
        "active_level_db": frame.active_level_db,
        "snr_db": frame.snr_db,
        "pace_sps": frame.pace_sps,
        "articulation_sps": frame.articulation_sps,
        "pause_s": frame.pause_s,
        "pause_share": frame.pause_share,
        "pauses": frame.pauses,
        "hnr_db": frame.hnr_db,
        "jitter": frame.jitter,
        "shimmer": frame.shimmer,
        "spectral_tilt_db": frame.spectral_tilt_db,
        "alpha_ratio_db": frame.alpha_ratio_db,
        "flux_db": frame.flux_db,
        "mel_05": frame.log_mel_db[5],
        "mel_20": frame.log_mel_db[20],
    })
}

fn frames() -> Value {
    let mut all = Vec::new();
    let mut keep = |frame: &FeatureFrame| {
        all.push(*frame);
        Ok(())
    };
    features(&path("became-angry"), &Hearing::default(), &mut keep).unwrap();
    FRAMES.iter().map(|&i| row(&all[i])).collect()
}

/// Points thinned, markers by kind, escalations in full: of all events what can be held exactly.
fn events() -> Value {
    use undertone::Event::*;
    let (mut points, mut escalations) = (Vec::new(), Vec::new());
    let mut markers = Map::new();
    for event in hear("became-angry") {
        match event {
            Affect(_) | Gap { .. } | Line(_) => {}
            Point(p) => points.push(json!({
                "at_s": p.at, "sentiment": p.sentiment, "level_sd": p.level_sd,
            })),
            Marker(m) => {
                let kind = json!(m.kind).as_str().unwrap().to_owned();
                let count = markers.get(&kind).and_then(Value::as_u64).unwrap_or(0);
                markers.insert(kind, json!(count + 1));
            }
            Escalation(e) => escalations.push(json!({
                "at_s": e.at,
                "trigger": e.trigger,
                "reason": e.reason,
                "onset_s": e.onset,
                "confidence": e.confidence,
                "evidence": e.evidence.iter().map(|v| json!({
                    "feature": v.feature, "unit": v.unit, "sd": v.sd,
                })).collect::<Value>(),
            })),
        }
    }
    json!({
        "readings": points.len(),
        "points": points.iter().step_by(POINT_STEP).collect::<Vec<_>>(),
        "markers": markers,
        "escalations": escalations,
    })
}

/// Where `ours` is not `golden`, in words. `key` is the innermost field's name.
fn differences(at: &str, key: &str, golden: &Value, ours: &Value, found: &mut Vec<String>) {
    match (golden, ours) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            for (key, golden) in a {
                differences(&format!("{at}.{key}"), key, golden, &b[key], found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (golden, ours)) in a.iter().zip(b).enumerate() {
                differences(&format!("{at}[{i}]"), key, golden, ours, found);
            }
        }
        (Value::Number(a), Value::Number(b)) => {
            let tolerance = TOLERANCES.iter().find(|(name, _)| *name == key);
            // A number without a tolerance is a count and must be the same.
            let tolerance = tolerance.map_or(0.0, |(_, tolerance)| *tolerance);
            let off = (a.as_f64().unwrap() - b.as_f64().unwrap()).abs();
            if off > tolerance {
                found.push(format!(
                    "{at}: {b} for {a}, off by {off:.3e}, allowed {tolerance:e}"
                ));
            }
        }
        _ if golden == ours => {}
        _ => found.push(format!("{at}: {ours} for {golden}")),
    }
}

#[test]
fn features_and_events_of_a_call_stay_what_they_were() {
    let ours = json!({ "frames": frames(), "events": events() });
    // Through text, so that both sides have the same shortest decimals.
    let text = serde_json::to_string_pretty(&ours).unwrap() + "\n";
    if std::env::var_os("UNDERTONE_BLESS").is_some() {
        fs::write(FILE, &text).unwrap();
    }
    let ours: Value = serde_json::from_str(&text).unwrap();
    let golden: Value = serde_json::from_str(&fs::read_to_string(FILE).unwrap()).unwrap();
    let mut found = Vec::new();
    differences("", "", &golden, &ours, &mut found);
    assert!(
        found.is_empty(),
        "{} numbers moved; where that is meant, bless them (see CONTRIBUTING.md):\n{}",
        found.len(),
        found.join("\n")
    );
    let voiced = ours["frames"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["voiced"] == true);
    assert!(voiced.count() >= 6, "the frames hold voice; choose others");
}

#[test]
fn the_comparison_sees_a_number_just_outside_its_tolerance() {
    for (key, tolerance) in TOLERANCES {
        let golden = json!({ "rows": [{ key: 3.0 }] });
        let compare = |value: f64| {
            let mut found = Vec::new();
            differences(
                "",
                "",
                &golden,
                &json!({ "rows": [{ key: value }] }),
                &mut found,
            );
            found.len()
        };
        assert_eq!(compare(3.0), 0);
        assert_eq!(compare(3.0 + tolerance * 0.99), 0, "{key}");
        assert_eq!(compare(3.0 + tolerance * 1.01 + 1e-9), 1, "{key}");
    }
    let mut found = Vec::new();
    differences(
        "",
        "",
        &json!({ "a": 1, "b": "x" }),
        &json!({ "b": "x" }),
        &mut found,
    );
    assert_eq!(found.len(), 1, "a missing field is a difference");
}
