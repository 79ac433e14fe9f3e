//! The command line from outside: what it prints, where, and with which exit code.
#![cfg(feature = "cli")]
#![allow(clippy::disallowed_methods)]

use assert_cmd::Command;
use std::fs;
use std::path::Path;

fn undertone() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_undertone"));
    command.env_remove("ORT_DYLIB_PATH").env("NO_COLOR", "1");
    command
}

fn stdout(command: &mut Command) -> String {
    let output = command.assert().success().get_output().stdout.clone();
    String::from_utf8(output).expect("output is UTF-8")
}

fn stderr_of_failure(command: &mut Command, code: i32) -> String {
    let output = command.assert().code(code).get_output().stderr.clone();
    String::from_utf8(output).expect("errors are UTF-8")
}

/// A vowel-like tone: harmonics of `hz` at 8 kHz, 16-bit, mono.
fn write_tone(path: &Path, hz: f64, seconds: f64) {
    let samples: Vec<i16> = (0..(8000.0 * seconds) as u32)
        .map(|n| {
            let phase = std::f64::consts::TAU * hz * f64::from(n) / 8000.0;
            let voice: f64 = (1..8)
                .map(|k| (phase * f64::from(k)).sin() / f64::from(k))
                .sum();
            (voice * 6000.0) as i16
        })
        .collect();
    let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + bytes.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend([1, 0, 1, 0]);
    file.extend(8000_u32.to_le_bytes());
    file.extend(16_000_u32.to_le_bytes());
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend((bytes.len() as u32).to_le_bytes());
    file.extend(bytes);
    fs::write(path, file).expect("the temporary folder is writable");
}

#[test]
fn help_teaches_by_example_and_lists_the_exit_codes() {
    let help = stdout(undertone().arg("--help"));
    for part in ["analyze", "features", "check", "Examples:", "Exit codes:"] {
        assert!(help.contains(part), "{part} is missing in\n{help}");
    }
    let help = stdout(undertone().args(["analyze", "--help"]));
    for part in [
        "What the numbers mean:",
        "--channel",
        "--raw",
        "--plot",
        "sentiment",
    ] {
        assert!(help.contains(part), "{part} is missing in\n{help}");
    }
}

#[test]
fn wrong_usage_is_two() {
    stderr_of_failure(undertone().arg("analyze"), 2);
    stderr_of_failure(undertone().args(["analyze", "--format", "xml", "a.wav"]), 2);
    let error = stderr_of_failure(undertone().args(["analyze", "--raw", "s16:8000:1", "-"]), 2);
    assert!(error.contains("s16le"), "{error}");
    let error = stderr_of_failure(undertone().args(["analyze", "--plot", "a.gif", "a.wav"]), 2);
    assert!(error.contains(".png or .svg"), "{error}");
    let error = stderr_of_failure(
        undertone().args(["features", "--columns", "loudness", "a.wav"]),
        2,
    );
    assert!(error.contains("loudness"), "{error}");
}

#[test]
fn a_missing_file_is_three_and_named() {
    let error = stderr_of_failure(undertone().args(["features", "no-such.wav"]), 3);
    assert!(error.starts_with("undertone: no-such.wav: "), "{error}");
}

#[test]
fn features_list_documents_every_column() {
    let list = stdout(undertone().args(["features", "--list"]));
    for part in [
        "COLUMN",
        "UNIT",
        "WINDOW",
        "SOURCE",
        "f0_hz",
        "mel_35",
        "Boersma 1993",
    ] {
        assert!(list.contains(part), "{part} is missing in\n{list}");
    }
}

#[test]
fn features_of_a_tone_find_its_pitch() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("tone.wav");
    write_tone(&file, 200.0, 2.0);
    let text = stdout(
        undertone()
            .args(["features", "--columns", "f0_hz,voiced"])
            .arg(&file),
    );
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("time_s,f0_hz,voiced"));
    let voiced: Vec<f64> = lines
        .filter_map(|line| line.strip_suffix(",1"))
        .filter_map(|line| line.split(',').nth(1)?.parse().ok())
        .collect();
    assert!(voiced.len() > 150, "{} voiced frames", voiced.len());
    assert!(
        voiced.iter().all(|hz| (hz - 200.0).abs() < 4.0),
        "{voiced:?}"
    );
}

#[test]
fn functionals_are_one_row_a_recording() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_tone(&folder.path().join("a.wav"), 110.0, 2.0);
    write_tone(&folder.path().join("b.wav"), 220.0, 2.0);
    let text = stdout(
        undertone()
            .args(["features", "--functionals"])
            .arg(folder.path()),
    );
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().expect("a header").clone();
    let at = |name: &str| headers.iter().position(|h| h == name).expect("the column");
    let f0 = at("F0semitoneFrom27.5Hz_sma3nz_amean");
    let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 2);
    // 110 Hz is two octaves over 27.5 Hz, 220 Hz three.
    for (row, (name, truth)) in rows.iter().zip([("a.wav", 24.0), ("b.wav", 36.0)]) {
        assert!(row[at("file")].ends_with(name), "{row:?}");
        let read: f64 = row[f0].parse().expect("a number");
        assert!((read - truth).abs() < 0.1, "{row:?}");
    }
    let error = stderr_of_failure(
        undertone()
            .args(["features", "--functionals", "--format", "parquet"])
            .arg(folder.path()),
        2,
    );
    assert!(error.contains("csv or jsonl"), "{error}");
}

#[test]
fn many_tables_go_into_a_folder_and_one_failure_stops_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    write_tone(&at("a.wav"), 150.0, 1.0);
    fs::write(at("b.wav"), "this is no audio").expect("writable");
    write_tone(&at("c.wav"), 250.0, 1.0);
    let error = stderr_of_failure(
        undertone()
            .arg("features")
            .arg(folder.path())
            .arg("--out")
            .arg(at("tables")),
        4,
    );
    assert!(error.contains("b.wav"), "{error}");
    for name in ["tables/a.csv", "tables/c.csv"] {
        let table = fs::read_to_string(at(name)).expect("the table was written");
        assert!(
            table.lines().count() > 90,
            "{name} has {} lines",
            table.lines().count()
        );
    }
    let error = stderr_of_failure(undertone().arg("features").arg(folder.path()), 2);
    assert!(error.contains("--out"), "{error}");
}

#[cfg(feature = "embedded")]
mod with_a_model {
    use super::*;

    #[test]
    fn check_prints_a_configuration_that_it_reads_again() {
        let first = stdout(undertone().args(["check", "--backend", "embedded"]));
        assert!(first.contains("# backend"), "{first}");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("undertone.toml");
        fs::write(&file, &first).expect("writable");
        let again = stdout(
            undertone()
                .args(["check", "--backend", "embedded", "--config"])
                .arg(&file),
        );
        assert_eq!(first, again);
    }

    /// The same weights in a folder of their own, under a card that is not free.
    #[test]
    fn whoever_names_a_model_is_told_its_licence() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let named = folder.path().join("own.onnx");
        fs::copy("models/affect-open.onnx", &named).expect("the weights");
        let card = fs::read_to_string("models/affect-open.toml").expect("the card");
        let card = card.replacen("MIT OR Apache-2.0", "CC BY-NC-SA 4.0", 1);
        fs::write(named.with_extension("toml"), card).expect("a card");
        let call = folder.path().join("call.wav");
        write_tone(&call, 150.0, 1.0);
        let told = |command: &mut Command| {
            let output = command.assert().success().get_output().stderr.clone();
            String::from_utf8(output).expect("messages are UTF-8")
        };
        let text = told(
            undertone()
                .arg("analyze")
                .arg("--model")
                .arg(&named)
                .arg(&call),
        );
        assert!(
            text.contains("model affect-open 1.2.0: CC BY-NC-SA 4.0"),
            "{text}"
        );
        assert_eq!(told(undertone().arg("analyze").arg(&call)), "");
    }

    #[test]
    fn a_bad_configuration_is_two_and_a_bad_model_is_six() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("bad.toml");
        fs::write(&file, "no_such_key = 1\n").expect("writable");
        let error = stderr_of_failure(undertone().args(["check", "--config"]).arg(&file), 2);
        assert!(
            error.contains("bad.toml") && error.contains("no_such_key"),
            "{error}"
        );
        fs::write(&file, "[operating_point]\ncool_down_s = -1\n").expect("writable");
        let error = stderr_of_failure(undertone().args(["check", "--config"]).arg(&file), 2);
        assert!(error.contains("cool_down_s` is -1"), "{error}");
        stderr_of_failure(undertone().args(["check", "--model", "no-such.onnx"]), 6);
    }

    #[test]
    fn analyze_ends_each_file_with_a_summary_in_the_order_given() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        // The long file first: order must not follow completion.
        write_tone(&at("a.wav"), 150.0, 20.0);
        write_tone(&at("b.wav"), 150.0, 1.0);
        let text = stdout(
            undertone()
                .args(["analyze", "--format", "jsonl", "--jobs", "2"])
                .arg(folder.path()),
        );
        let summaries: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("every line is JSON"))
            .filter(|line: &serde_json::Value| line["type"] == "summary")
            .collect();
        let files: Vec<_> = summaries
            .iter()
            .map(|s| s["file"].as_str().unwrap_or(""))
            .collect();
        assert!(
            files[0].ends_with("a.wav") && files[1].ends_with("b.wav"),
            "{files:?}"
        );
        assert_eq!(summaries[0]["duration_s"], 20.0);
        let last: serde_json::Value =
            serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
        assert_eq!(last["type"], "summary");
    }

    #[test]
    fn raw_pcm_is_read_from_standard_input() {
        let text = stdout(
            undertone()
                .args(["analyze", "--format", "jsonl", "--raw", "s16le:8000:1", "-"])
                .write_stdin(vec![0_u8; 16_000]),
        );
        let line: serde_json::Value =
            serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
        assert_eq!(line["duration_s"], 1.0);
    }

    #[test]
    fn a_plot_is_written_beside_the_timeline() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (file, plot) = (folder.path().join("a.wav"), folder.path().join("a.png"));
        write_tone(&file, 150.0, 3.0);
        let text = stdout(
            undertone()
                .arg("analyze")
                .arg(&file)
                .arg("--plot")
                .arg(&plot),
        );
        assert!(text.contains("00:03.0"), "{text}");
        let png = fs::read(plot).expect("the plot was written");
        assert_eq!(&png[1..4], b"PNG");
    }
}

#[cfg(not(feature = "mic"))]
#[test]
fn a_build_that_cannot_listen_says_how_to_build_one() {
    assert!(stdout(undertone().arg("--help")).contains("listen"));
    let error = stderr_of_failure(undertone().arg("listen"), 2);
    assert!(
        error.contains("cargo build --release --features mic"),
        "{error}"
    );
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
}

#[test]
fn bench_measures_both_and_says_with_what() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tone = folder.path().join("tone.wav");
    write_tone(&tone, 150.0, 1.0);
    let bench = |more: &[&str]| {
        let mut command = undertone();
        command.args(["bench", "--audio-seconds", "2", "--backend", "embedded"]);
        stdout(command.args(more).arg(&tone))
    };
    let table = bench(&[]);
    for part in ["features", "whole pipeline", "p99.9", "embedded", "8000 Hz"] {
        assert!(table.contains(part), "{part} is missing in\n{table}");
    }
    let line: serde_json::Value =
        serde_json::from_str(&bench(&["--format", "json"])).expect("one JSON object");
    for part in ["features", "pipeline"] {
        let cost = &line[part];
        let number = |key: &str| cost[key].as_f64().expect("a number");
        assert!(
            number("least") > 0.0 && number("least") <= number("most"),
            "{cost}"
        );
        assert!(
            (number("channels_per_core") * number("ms_per_audio_s") / 1e3 - 1.0).abs() < 0.05,
            "{cost}"
        );
        assert!(
            cost["push_ms"]["max"].as_f64() >= cost["push_ms"]["p50"].as_f64(),
            "{cost}"
        );
    }
}

/// The answers of `classify-text` to `lines`, and its exit code.
fn classify(lines: &str, code: i32) -> Vec<serde_json::Value> {
    let mut command = undertone();
    let run = command.arg("classify-text").write_stdin(lines.as_bytes());
    let output = run.assert().code(code).get_output().stdout.clone();
    let text = String::from_utf8(output).expect("output is UTF-8");
    let parse = |line| serde_json::from_str(line).expect("a JSON object a line");
    text.lines().map(parse).collect()
}

#[test]
fn classify_text_answers_line_for_line_in_the_contracts_fields() {
    let lines = "{\"text\": \"get me a human\"}\n{\"text\": \"how old are you\", \"history\": [\"what is your age\"]}\n";
    let answers = classify(lines, 0);
    assert_eq!(answers.len(), 2);
    let first = &answers[0];
    assert_eq!(first["explicit_request"], true);
    assert_eq!(first["intents"], serde_json::json!([]));
    assert_eq!(
        (&first["distress"], &first["confusion"]),
        (&false.into(), &false.into())
    );
    assert!(first.get("repeated_question").is_none() && first.get("error").is_none());
    let evidence = &first["evidence"][0];
    assert_eq!(evidence["label"], "explicit_request");
    assert_eq!(evidence["phrase"], "get me a human");
    assert!(evidence["rule"].is_string() && evidence["version"].is_u64());
    assert_eq!(answers[1]["repeated_question"], true);
    assert_eq!(answers[1]["evidence"][0]["phrase"], "what is your age");
}

#[test]
fn classify_text_answers_a_bad_line_and_goes_on() {
    let long = format!("{{\"text\": \"{}\"}}", "x".repeat(2 << 20));
    let lines = format!("no json\n{{\"txt\": 1}}\n{long}\n\n{{\"text\": \"agent please\"}}");
    let answers = classify(&lines, 2);
    assert_eq!(answers.len(), 5);
    for (number, answer) in answers[..4].iter().enumerate() {
        let error = answer["error"].as_str().expect("an error");
        assert!(
            error.starts_with(&format!("standard input, line {}: ", number + 1)),
            "{error}"
        );
        assert!(
            error.contains("give") || error.contains("shorten"),
            "{error}"
        );
        assert_eq!(answer["explicit_request"], false);
    }
    assert_eq!(answers[4]["explicit_request"], true);
}

#[test]
fn classify_text_takes_a_pack_and_says_what_is_wrong_with_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pack = folder.path().join("my.toml");
    let rule = "[[rule]]\nname = \"r\"\nversion = 1\nlabel = \"fraud\"\nmatch = [\"larron\"]\n";
    fs::write(&pack, format!("language = \"xx\"\nversion = 1\n{rule}")).expect("writable");
    let input = folder.path().join("turns.jsonl");
    fs::write(&input, "{\"text\": \"au larron\"}\n").expect("writable");
    let out = stdout(
        undertone()
            .args(["classify-text", "--pack"])
            .args([&pack, &input]),
    );
    assert!(out.contains("\"intents\":[\"fraud\"]"), "{out}");
    fs::write(
        &pack,
        format!(
            "language = \"xx\"\nversion = 1\n{}",
            rule.replace("larron", "(")
        ),
    )
    .expect("writable");
    let error = stderr_of_failure(undertone().args(["classify-text", "--pack"]).arg(&pack), 2);
    assert!(
        error.contains("my.toml") && error.contains("rule.r.match"),
        "{error}"
    );
    stderr_of_failure(undertone().args(["classify-text", "no-such.jsonl"]), 3);
    let help = stdout(undertone().args(["classify-text", "--help"]));
    for part in [
        "Examples:",
        "history",
        "repeated_question",
        "--pack",
        "Exit codes:",
    ] {
        assert!(help.contains(part), "{part} is missing in\n{help}");
    }
}

#[test]
fn classify_text_answers_before_the_next_line_comes() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_undertone"))
        .arg("classify-text")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    for text in ["hello", "operator"] {
        writeln!(input, "{{\"text\": \"{text}\"}}").expect("the program reads");
        let mut line = String::new();
        output.read_line(&mut line).expect("the program answers");
        assert!(
            line.contains(&format!("\"explicit_request\":{}", text == "operator")),
            "{line}"
        );
    }
    drop(input);
    assert!(child.wait().expect("the program ends").success());
}
