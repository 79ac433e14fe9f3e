//! `undertone eval`: figures that are known beforehand, and labels that are wrong.
#![cfg(feature = "cli")]
#![allow(clippy::disallowed_methods)]

use assert_cmd::Command;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const RATE: u32 = 8000;

fn eval(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_undertone"));
    command.arg("eval").args(arguments).arg("--quiet");
    command
}

/// The rows that a table has as JSON.
fn rows(arguments: &[&str]) -> Vec<Value> {
    let mut command = eval(arguments);
    command.args(["--format", "json"]);
    let out = command.assert().success().get_output().stdout.clone();
    let text = String::from_utf8(out).expect("output is UTF-8");
    let row = |line: &str| serde_json::from_str(line).expect("one object a line");
    text.lines().map(row).collect()
}

fn complaint(arguments: &[&str], code: i32) -> String {
    let out = eval(arguments).assert().code(code).get_output().clone();
    String::from_utf8(out.stderr).expect("errors are UTF-8")
}

fn write(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("it is writable");
    fs::write(&path, text).expect("it is writable");
    path.display().to_string()
}

/// A WAV of `seconds`, 16 bits, mono.
fn write_wav(path: &Path, seconds: f64, sample: impl Fn(f64) -> f64) {
    let count = (seconds * f64::from(RATE)) as u32;
    let value = |n: u32| (sample(f64::from(n) / f64::from(RATE)) * 32_000.0) as i16;
    let bytes: Vec<u8> = (0..count).flat_map(|n| value(n).to_le_bytes()).collect();
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + bytes.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend((bytes.len() as u32).to_le_bytes());
    file.extend(bytes);
    fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("it is writable");
    fs::write(path, file).expect("it is writable");
}

/// Harmonics of `hz`, as a voice has them.
fn voice(hz: f64, at_s: f64) -> f64 {
    let phase = std::f64::consts::TAU * hz * at_s;
    (1..12)
        .map(|k| (phase * f64::from(k)).sin() / f64::from(k))
        .sum::<f64>()
        * 0.2
}

/// A voice of 150 Hz for two seconds. The truth tells of one of them: 150 Hz, then 300 Hz in doubt.
fn f0_folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_wav(&folder.path().join("audio/t_one.wav"), 2.0, |t| {
        voice(150.0, t)
    });
    let mut truth = String::from("time_s,f0_hz,voiced,w\n");
    for row in 100..300 {
        let (hz, w) = if row < 200 { (150, 1) } else { (300, 0) };
        writeln!(truth, "{:.4},{hz},1,{w}", f64::from(row) * 0.005).expect("a string");
    }
    write(&folder, "truth_t.csv", &truth);
    folder
}

#[test]
fn a_pitch_an_octave_under_half_the_truth_is_half_gross_errors() {
    let folder = f0_folder();
    let rows = rows(&["f0", &folder.path().display().to_string()]);
    let figures = |row: &Value| {
        let figure = |key: &str| row[key].as_f64().expect(key);
        ["frames", "gpe20_pct", "vde_pct", "ffe_pct", "recall_pct"].map(figure)
    };
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["scored"], "all");
    assert_eq!(figures(&rows[0]), [100.0, 50.0, 0.0, 50.0, 100.0]);
    assert_eq!(rows[1]["scored"], "w>0");
    assert_eq!(figures(&rows[1]), [50.0, 0.0, 0.0, 0.0, 100.0]);
    assert!(rows[0]["median_cents"].as_f64().expect("cents") < 3.0);
}

#[test]
fn one_truth_may_be_named_for_many_recordings() {
    let folder = f0_folder();
    let at = |name: &str| folder.path().join(name).display().to_string();
    write_wav(&folder.path().join("silent.wav"), 2.0, |_| 0.0);
    let (truth, one, silent) = (at("truth_t.csv"), at("audio/t_one.wav"), at("silent.wav"));
    let rows = rows(&["f0", "--truth", &truth, &one, &silent]);
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[1]["file"], "silent.wav");
    assert_eq!(rows[1]["vde_pct"], 100.0);
    assert_eq!(rows[1]["gpe20_pct"], Value::Null);
}

#[test]
fn speech_that_cannot_be_heard_is_missed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_wav(&folder.path().join("audio/a.wav"), 4.0, |_| 0.0);
    write(&folder, "manifest.csv", "path\naudio/a.wav\n");
    write(&folder, "lab/a.lab", "0 1 V\n1 2 S\n3 4 S\n");
    let rows = rows(&["vad", &folder.path().display().to_string()]);
    let bands: Vec<&Value> = rows.iter().map(|row| &row["band"]).collect();
    assert_eq!(bands, ["full", "telephone"]);
    for row in &rows {
        assert_eq!(row["frames"], 300);
        assert_eq!(row["error_pct"].as_f64(), Some(33.3333));
        assert_eq!(row["miss_pct"], 100.0);
        assert_eq!(row["false_alarm_pct"], 0.0);
    }
}

#[test]
fn syllables_that_are_heard_are_those_of_the_text() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut manifest = String::from("path,text,language,set\n");
    for (number, per_second) in [2.0, 3.0, 4.0, 5.0].into_iter().enumerate() {
        let burst = |t: f64| {
            let phase = (t * per_second).fract();
            let speaks = (1.0..4.0).contains(&t) && phase < 0.6;
            let edge = (phase / 0.1).min((0.6 - phase) / 0.1).clamp(0.0, 1.0);
            if speaks { voice(150.0, t) * edge } else { 0.0 }
        };
        write_wav(&folder.path().join(format!("{number}.wav")), 5.0, |t| {
            burst(t) + 1e-4 * (t * 7919.0).sin()
        });
        let text = ["la"; 15][..3 * per_second as usize].join(" ");
        writeln!(manifest, "{number}.wav,{text},pl,full").expect("a string");
    }
    manifest.push_str("0.wav,la la,pl,cut2s\n");
    let manifest = write(&folder, "manifest.csv", &manifest);
    let [row] = &rows(&["pace", &manifest])[..] else {
        panic!("one corpus, one row")
    };
    assert_eq!((&row["clips"], &row["left_out"]), (&4.into(), &1.into()));
    let figure = |key: &str| row[key].as_f64().expect(key);
    assert!(figure("pearson") > 0.95, "{row}");
    assert!(figure("mae_sps") < 0.7, "{row}");
}

/// Every sound that a class may be named for, so that the table is whole.
const SOUNDS: [&str; 16] = [
    "coughing",
    "crying",
    "laughing",
    "lip-popping",
    "lip-smacking",
    "moaning",
    "nose-blowing",
    "panting",
    "screaming",
    "sighing",
    "sneezing",
    "teeth-chattering",
    "teeth-grinding",
    "throat-clearing",
    "tongue-clicking",
    "yawning",
];

#[test]
fn silence_tells_no_sound_from_another() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_wav(&folder.path().join("a.wav"), 1.0, |_| 0.0);
    let mut manifest = String::from("path,emotion,fold\n");
    for sound in SOUNDS {
        writeln!(manifest, "a.wav,{sound},0\na.wav,{sound},1").expect("a string");
    }
    let manifest = write(&folder, "manifest.csv", &manifest);
    let rows = rows(&["sounds", &manifest, "--speech", &manifest]);
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!((&row["auc"], &row["auc_sd"]), (&0.5.into(), &0.0.into()));
        assert_eq!((&row["clips"], &row["folds"]), (&2.into(), &2.into()));
        assert_eq!(row["hit_pct"], 0.0);
    }
}

/// Six calm clips, two angry ones and one too short to be read, all of one speaker.
#[cfg(feature = "embedded")]
#[test]
fn a_speakers_first_calm_clips_are_no_test() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut manifest = String::from("path,speaker,emotion,gender\n");
    for clip in 0..9 {
        let (hz, emotion) = if clip < 6 {
            (120.0, "neutral")
        } else {
            (220.0, "anger")
        };
        let seconds = if clip == 8 { 0.6 } else { 2.0 };
        let path = folder.path().join(format!("{clip}.wav"));
        // Words with pauses, as a steady tone is no speech for long.
        write_wav(&path, seconds, |t| {
            if t % 0.4 < 0.3 { voice(hz, t) } else { 0.0 }
        });
        writeln!(manifest, "{clip}.wav,one,{emotion},female").expect("a string");
    }
    let manifest = write(&folder, "manifest.csv", &manifest);
    let plot = folder.path().join("plot.svg").display().to_string();
    let lines = "telephone,full,loss5";
    let rows = rows(&["utterances", &manifest, "--line", lines, "--plot", &plot]);
    let of = |key: &str| -> Vec<&Value> { rows.iter().map(|row| &row[key]).collect() };
    assert_eq!(
        of("baseline"),
        ["own", "none", "own", "none", "own", "none"]
    );
    assert_eq!(of("line")[1..5], ["telephone", "full", "full", "loss5"]);
    // What is read over the first line is what it is held against.
    assert_eq!(of("same_pct")[..2], [100.0, 100.0]);
    let svg = std::fs::read_to_string(plot).expect("a picture");
    assert!(svg.contains("telephone none"), "{svg}");
    // One speaker is no sample of speakers.
    assert!(of("auc_anger_calm_95").iter().all(|it| it.is_null()));
    for row in &rows[..2] {
        assert_eq!((&row["clips"], &row["left_out"]), (&4.into(), &5.into()));
        // Clips of a kind are alike: they stand on one side of each other, or are the same.
        let auc = row["auc_anger_calm"]
            .as_f64()
            .expect("both kinds were read");
        assert!([0.0, 0.5, 1.0].contains(&auc), "{row}");
        assert_eq!(row["auc_anger_calm"], row["auc_anger_rest"]);
        // All of 2 s is one piece, of 3 s none: no variance.
        assert_eq!(row["d_3s"], Value::Null);
        assert!(row["false_f_pct"].is_number() && row["false_m_pct"].is_null());
    }
    assert_ne!(rows[0]["ece_anger"], rows[1]["ece_anger"]);
}

#[test]
fn text_and_csv_tell_the_same() {
    let folder = f0_folder();
    let data = folder.path().display().to_string();
    let printed = |format: &str| {
        let mut command = eval(&["f0", &data, "--format", format]);
        let out = command.assert().success().get_output().stdout.clone();
        String::from_utf8(out).expect("output is UTF-8")
    };
    let text = printed("text");
    assert!(text.starts_with("| file"), "{text}");
    assert!(text.contains("|   50.00 |"), "{text}");
    let csv = printed("csv");
    assert!(csv.starts_with("file,scored,frames,gpe20_pct,"), "{csv}");
    assert!(csv.contains("t_one.wav,all,100,50.0000,"), "{csv}");
}

#[test]
fn wrong_labels_are_told_with_file_and_line() {
    let folder = f0_folder();
    let data = folder.path().display().to_string();
    let tell = |arguments: &[&str], code, parts: &[&str]| {
        let said = complaint(arguments, code);
        for part in parts {
            assert!(said.contains(part), "{part} is missing in\n{said}");
        }
    };

    write(
        &folder,
        "truth_t.csv",
        "time_s,f0_hz,voiced\n0,0,0\n0.005,high,1\n",
    );
    tell(
        &["f0", &data],
        4,
        &["truth_t.csv, line 3", "`f0_hz`", "`high`"],
    );
    write(&folder, "truth_t.csv", "time_s,pitch\n0,0\n");
    tell(&["f0", &data], 4, &["line 1", "`f0_hz`", "time_s, pitch"]);
    fs::remove_file(folder.path().join("truth_t.csv")).expect("it is there");
    tell(&["f0", &data], 2, &["no truth_NAME.csv", "--help"]);

    write_wav(&folder.path().join("audio/a.wav"), 1.0, |_| 0.0);
    let manifest = write(
        &folder,
        "manifest.csv",
        "path,text,language\naudio/a.wav,salut,fr\n",
    );
    tell(&["vad", &data], 3, &["a.lab"]);
    write(&folder, "lab/a.lab", "0 1 V\n1 two S\n");
    tell(&["vad", &data], 4, &["a.lab, line 2", "END", "`two`"]);
    tell(
        &["pace", &manifest],
        4,
        &["manifest.csv, line 2", "`fr`", "de, en, pl"],
    );
    tell(&["sounds", &manifest], 4, &["line 1", "`emotion`"]);
    tell(&["utterances", &manifest], 4, &["line 1", "`speaker`"]);
    write(
        &folder,
        "manifest.csv",
        "path,emotion,fold\naudio/a.wav,humming,0\n",
    );
    tell(&["sounds", &manifest], 2, &["humming"]);
    write(&folder, "manifest.csv", "path,text\naudio/a.wav\n");
    tell(&["vad", &data], 4, &["manifest.csv, line 2", "1 fields"]);
}

#[test]
fn a_clip_that_is_missing_is_told_and_the_rest_is_scored() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_wav(&folder.path().join("audio/a.wav"), 1.0, |_| 0.0);
    write(&folder, "manifest.csv", "path\naudio/a.wav\naudio/b.wav\n");
    write(&folder, "lab/a.lab", "0 1 S\n");
    write(&folder, "lab/b.lab", "0 1 S\n");
    let data = folder.path().display().to_string();
    let out = eval(&["vad", &data, "--band", "full", "--format", "csv"]);
    let out = { out }.assert().code(3).get_output().clone();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("b.wav: cannot be opened"), "{said}");
    assert!(said.contains("without it"), "{said}");
    let table = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(table.contains(",full,1,100,"), "{table}");
}
