//! `tune` and `eval calls`: the sweep over thresholds is the decision's own, what `tune` writes is a
//! configuration, and what `eval calls` counts is what was decided.
#![cfg(feature = "embedded")]
#![allow(clippy::disallowed_methods)]

use assert_cmd::Command;
use std::path::{Path, PathBuf};
use undertone::model::{AFFECT_OPEN, EmbeddedModel};
use undertone::shell::calls::{Detector, alarms, hear};
use undertone::{EngineConfig, ModelCard};

const SAMPLES: [&str; 5] = [
    "became-angry",
    "angry-from-start",
    "recovered",
    "happy",
    "calm",
];

fn sample(name: &str) -> PathBuf {
    Path::new("samples").join(format!("{name}.wav"))
}

fn undertone(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("undertone").unwrap();
    let output = command.args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Bundled calls with a truth beside each: one becomes angry after 48 s.
fn labelled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in SAMPLES {
        std::fs::copy(sample(name), folder.path().join(format!("{name}.wav"))).unwrap();
        let (scenario, onset) = match name {
            "became-angry" => ("became_angry", "48.0"),
            "angry-from-start" => ("angry_from_start", "0.5"),
            _ => ("quiet", "null"),
        };
        let truth = format!(
            r#"{{"scenario":"{scenario}","corpus":"samples","speaker":"{name}","onset_s":{onset},
                "utterances":[{{"start_s":1.0,"end_s":80.0}}]}}"#
        );
        std::fs::write(folder.path().join(format!("{name}.json")), truth).unwrap();
    }
    folder
}

#[test]
fn the_sweep_over_thresholds_decides_as_the_engine_does() {
    let card = ModelCard::parse("affect-open.toml", AFFECT_OPEN.1).unwrap();
    let mut model = EmbeddedModel::load("affect-open.onnx", AFFECT_OPEN.0, card.clone()).unwrap();
    let mut all = 0;
    for rate in [0.5, 4.0, 16.0] {
        let mut config = EngineConfig::default();
        config.operating_point.false_alarms_per_call_hour = rate;
        let thresholds = config.operating_point.thresholds(&card).unwrap();
        for name in SAMPLES {
            let call = hear(&sample(name), &config, &mut model).unwrap();
            let swept = alarms(&call.steps, &thresholds, config.operating_point.cool_down_s);
            let swept: Vec<f64> = swept.iter().map(|(at_s, _)| *at_s).collect();
            let decided: Vec<f64> = call.decided.iter().map(|it| it.at_s).collect();
            assert_eq!(swept, decided, "{name} at {rate}");
            all += decided.len();
        }
    }
    assert!(all >= 6, "{all} escalations in all");
    assert_eq!(Detector::ALL.len(), 3);
}

#[test]
fn what_tune_writes_is_a_configuration_and_holds_its_rate_on_the_same_calls() {
    let folder = labelled();
    let calls = folder.path().to_str().unwrap();
    let calibration = folder.path().join("calibration.toml");
    let file = calibration.to_str().unwrap();
    let (code, _, errors) = undertone(&["tune", "--quiet", "--out", file, calls]);
    assert_eq!(code, 0, "{errors}");
    let (code, checked, errors) = undertone(&["check", "--config", file]);
    assert_eq!(code, 0, "{checked}{errors}");
    // Five minutes of quiet show no rate under one alarm in them.
    let text = std::fs::read_to_string(&calibration).unwrap();
    assert!(text.contains("5 calls (5 with truth)"), "{text}");
    assert!(!text.contains("per_call_hour = 0.5,"), "{text}");
    let arguments = ["eval", "calls", "--quiet", "--format", "json", "--at", "16"];
    let (code, rows, errors) =
        undertone(&[&arguments[..], &["--config", file, calls][..]].concat());
    assert_eq!(code, 0, "{errors}");
    let rows: Vec<serde_json::Value> = rows
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |scenario: &str| rows.iter().find(|row| row["scenario"] == scenario).unwrap();
    let all = of("all");
    assert!(all["false_per_hour"].as_f64().unwrap() <= 16.0, "{all}");
    let angry = of("became_angry");
    assert_eq!(
        (&angry["detected"], &angry["calls"]),
        (&1.0.into(), &1.into())
    );
    let delay_s = angry["delay_call_s"].as_f64().unwrap();
    assert!((1.0..25.0).contains(&delay_s), "{angry}");
    assert!(of("quiet")["detected"].is_null());
}

#[test]
fn what_is_missing_or_was_never_measured_is_said() {
    let bare = tempfile::tempdir().unwrap();
    std::fs::copy(sample("calm"), bare.path().join("calm.wav")).unwrap();
    let calls = bare.path().to_str().unwrap();
    let (code, _, errors) = undertone(&["eval", "calls", "--quiet", calls]);
    assert!(
        code == 2 && errors.contains("calm.wav: no truth beside it"),
        "{errors}"
    );
    let (code, _, errors) = undertone(&["eval", "calls", "--quiet", "--at", "0.01", calls]);
    let said = errors.contains("false_alarms_per_call_hour") && errors.contains("0.01");
    assert!(
        code != 0 && said && errors.contains("undertone tune"),
        "{errors}"
    );
    std::fs::write(bare.path().join("calm.json"), "{\"scenario\": 3}").unwrap();
    let (code, _, errors) = undertone(&["tune", "--quiet", calls]);
    assert!(code != 0 && errors.contains("calm.json"), "{errors}");
}
