//! A call replayed from outside: the same again, a changed digit found, another setup refused.
#![cfg(all(feature = "cli", feature = "embedded"))]
#![allow(clippy::disallowed_methods)]

use assert_cmd::Command;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

const CALL: &str = "samples/became-angry.wav";

/// The events of the call, written once for all tests.
static EVENTS: LazyLock<String> =
    LazyLock::new(|| analysed(&["analyze", "--format", "jsonl", CALL]));

fn undertone(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_undertone"));
    command.env_remove("ORT_DYLIB_PATH").env("NO_COLOR", "1");
    command.args(arguments).args(["--backend", "embedded"]);
    command
}

fn analysed(arguments: &[&str]) -> String {
    let output = undertone(arguments).assert().success();
    String::from_utf8(output.get_output().stdout.clone()).expect("output is UTF-8")
}

/// Standard output and standard error of a replay of `events`, which ends with `code`.
fn replayed(events: &str, arguments: &[&str], code: i32) -> (String, String) {
    let (_folder, path) = written(events);
    let path = path.display().to_string();
    let mut command = undertone(&["replay", &path]);
    let assert = command.args(arguments).assert().code(code);
    let output = assert.get_output();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
    (text(&output.stdout), text(&output.stderr))
}

fn written(events: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("events.jsonl");
    fs::write(&path, events).expect("the temporary folder is writable");
    (folder, path)
}

fn line_of<'a>(events: &'a str, kind: &str) -> &'a str {
    let start = format!("{{\"type\":\"{kind}\"");
    let mut lines = events.lines();
    let found = lines.find(|line| line.starts_with(&start));
    found.expect("the call has one of this kind")
}

fn field(line: &str, key: &str) -> serde_json::Value {
    let record: serde_json::Value = serde_json::from_str(line).expect("records are JSON");
    record[key].clone()
}

#[test]
fn the_bundled_call_comes_out_the_same() {
    let (out, error) = replayed(&EVENTS, &[CALL], 0);
    let records = EVENTS.lines().count();
    assert!(out.starts_with("same  0"), "{out}");
    assert!(out.contains(" sentiment trend\n"), "{out}");
    let last = format!(
        "\nreplayed: 1 of 1 escalations the same, {records} of {records} records the same\n"
    );
    assert!(out.ends_with(&last), "{out}");
    assert_eq!(error, "");
}

#[test]
fn a_changed_digit_of_an_escalation_is_found_and_named() {
    let escalation = line_of(&EVENTS, "escalation");
    let confidence = field(escalation, "confidence");
    let forged = escalation.replace(
        &format!("\"confidence\":{confidence}"),
        "\"confidence\":0.9999",
    );
    assert_ne!(forged, escalation);
    let (out, _) = replayed(&EVENTS.replace(escalation, &forged), &[CALL], 1);
    let wanted = format!(" sentiment trend: confidence is {confidence}, was 0.9999\n");
    assert!(
        out.starts_with("DIFFERS  ") && out.contains(&wanted),
        "{out}"
    );
    assert!(
        out.contains(&format!("  was  {forged}\n  is   {escalation}\n")),
        "{out}"
    );
    let records = EVENTS.lines().count();
    let last = format!(
        "replayed: 0 of 1 escalations the same, {} of {records} records the same\n",
        records - 1
    );
    assert!(out.ends_with(&last), "{out}");
}

#[test]
fn records_that_are_lost_added_or_moved_are_found() {
    let records = EVENTS.lines().count();
    let escalation = line_of(&EVENTS, "escalation");
    let without = EVENTS.replace(&format!("{escalation}\n"), "");
    let (out, _) = replayed(&without, &[CALL], 1);
    assert!(
        out.starts_with("NEW  ") && out.contains("not in the events"),
        "{out}"
    );
    assert!(out.contains("replayed: 0 of 1 escalations"), "{out}");
    let twice = EVENTS.replace(escalation, &format!("{escalation}\n{escalation}"));
    let (out, _) = replayed(&twice, &[CALL], 1);
    assert!(
        out.contains("\nGONE  ") && out.contains("1 of 2 escalations"),
        "{out}"
    );
    // Every record is there, but the first two of different kinds have changed places.
    let mut lines: Vec<&str> = EVENTS.lines().collect();
    let kind = |line: &str| field(line, "type");
    let place = (1..records).find(|n| kind(lines[*n]) != kind(lines[n - 1]));
    let place = place.expect("there are several kinds");
    lines.swap(place - 1, place);
    let (out, error) = replayed(&(lines.join("\n") + "\n"), &[CALL], 1);
    assert!(out.contains("order differs from here on: "), "{out}");
    assert!(
        out.contains(&format!("{records} of {records} records the same")),
        "{out}"
    );
    assert!(error.contains("--channel or --dialogue"), "{error}");
}

#[test]
fn another_configuration_is_refused_by_its_hash() {
    let (_folder, path) = written("[operating_point]\ncool_down_s = 61.0\n");
    let toml = path.display().to_string();
    let (out, error) = replayed(&EVENTS, &[CALL, "--config", &toml], 2);
    assert_eq!(out, "");
    let last = EVENTS.lines().count();
    let hash = field(line_of(&EVENTS, "summary"), "config_sha256");
    assert!(
        error.contains(&format!("line {last}: config_sha256 is {hash}")),
        "{error}"
    );
    assert!(error.contains("--config"), "{error}");
    // The same file makes and replays.
    let events = analysed(&["analyze", "--format", "jsonl", "--config", &toml, CALL]);
    let (out, _) = replayed(&events, &[CALL, "--config", &toml], 0);
    assert!(out.contains("replayed: "), "{out}");
}

#[test]
fn another_model_is_refused_and_another_backend_told() {
    let summary = line_of(&EVENTS, "summary");
    let hash = field(summary, "model_sha256").to_string();
    let other = EVENTS.replace(&hash, "\"00\"");
    let (out, error) = replayed(&other, &[CALL], 2);
    assert_eq!(out, "");
    assert!(
        error.contains("model_sha256 is \"00\"") && error.contains("--model"),
        "{error}"
    );
    let backend = field(summary, "backend").to_string();
    let other = EVENTS.replace(&backend, "\"elsewhere\"");
    let (out, error) = replayed(&other, &[CALL], 0);
    assert!(out.starts_with("same  "), "{out}");
    assert!(error.contains("backend is \"elsewhere\""), "{error}");
}

#[test]
fn another_recording_is_told_by_its_hash_and_another_name_is_not() {
    let hash = field(line_of(&EVENTS, "summary"), "heard_sha256").to_string();
    assert_eq!(hash.len(), 66, "{hash}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("moved.wav");
    let mut bytes = fs::read(CALL).expect("the sample is there");
    fs::write(&path, &bytes).expect("the temporary folder is writable");
    let moved = path.display().to_string();
    let (_, error) = replayed(&EVENTS, &[&moved], 0);
    assert_eq!(error, "");
    // One bit of one sample, which no record need show.
    *bytes.last_mut().expect("a WAV has bytes") ^= 1;
    fs::write(&path, &bytes).expect("the temporary folder is writable");
    let (_, error) = replayed(&EVENTS, &[&moved], 1);
    assert!(error.contains(&format!("was {hash}")), "{error}");
}

#[test]
fn events_that_end_early_are_compared_as_far_as_they_go() {
    let escalation = line_of(&EVENTS, "escalation");
    let kept = EVENTS.find(escalation).expect("it was found above") + escalation.len() + 20;
    let (out, error) = replayed(&EVENTS[..kept], &[CALL], 0);
    let records = EVENTS[..kept].lines().count() - 1;
    let last = format!("1 of 1 escalations the same, {records} of {records} records the same\n");
    assert!(out.ends_with(&last), "{out}");
    assert!(
        error.contains(&format!("no summary after line {records}")),
        "{error}"
    );
    assert!(error.contains("unknown"), "{error}");
}

#[test]
fn of_the_events_of_many_the_recording_chooses_its_own() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["calm.wav", "became-angry.wav"] {
        fs::copy(Path::new("samples").join(name), folder.path().join(name)).expect("a copy");
    }
    let calls = folder.path().display().to_string();
    let events = analysed(&["analyze", "--format", "jsonl", "--quiet", &calls]);
    // The recordings lay elsewhere then.
    let (out, error) = replayed(&events, &[CALL], 0);
    assert!(
        out.starts_with("same  ") && error.is_empty(),
        "{out}{error}"
    );
    let (_, error) = replayed(&events, &["samples/happy.wav"], 2);
    assert!(
        error.contains("no records of \"samples/happy.wav\", but of "),
        "{error}"
    );
    assert!(error.contains("calm.wav"), "{error}");
}

#[test]
fn words_and_channels_are_replayed_as_they_were_told() {
    let call = "samples/dispute-stereo.wav";
    let told = ["--channel", "both", "--dialogue", "samples/dispute.jsonl"];
    let events = analysed(&[&["analyze", "--format", "jsonl", call], &told[..]].concat());
    let (out, _) = replayed(&events, &[&[call], &told[..]].concat(), 0);
    assert!(out.contains("same  ") && !out.contains("DIFFERS"), "{out}");
    let (out, error) = replayed(&events, &[call], 1);
    assert!(out.contains("the first record that differs"), "{out}");
    assert!(error.contains("--channel or --dialogue"), "{error}");
}

#[test]
fn events_come_on_standard_input_too_and_bad_ones_are_named() {
    let mut command = undertone(&["replay", "-", CALL]);
    command.write_stdin(EVENTS.as_bytes()).assert().code(0);
    let assert = undertone(&["replay", "-", "-"]).assert().code(2);
    let error = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(error.contains("both want standard input"), "{error}");
    let (_, error) = replayed("{\"type\":\"gap\"}\n{\"type\":\n", &[CALL], 4);
    assert!(error.contains("events.jsonl, line 2: EOF"), "{error}");
    assert!(error.contains("analyze --format jsonl"), "{error}");
    replayed(&EVENTS, &["no-such.wav"], 3);
    undertone(&["replay", "no-such.jsonl", CALL])
        .assert()
        .code(3);
}
