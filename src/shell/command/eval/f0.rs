//! `undertone eval f0`: pitch against exact truth.

use super::args::F0Args;
use super::bands::Band;
use super::clips;
use super::f0_truth::F0Truth;
use super::pitch_score::PitchScore;
use super::table::{Column, Table};
use crate::shell::error::ShellError;
use crate::shell::inputs;
use std::path::{Path, PathBuf};

const COLUMNS: &[Column] = &[
    Column::new("file", "file", 0),
    Column::new("scored", "frames scored", 0),
    Column::new("frames", "frames", 0),
    Column::new("gpe20_pct", "GPE20 %", 2),
    Column::new("vde_pct", "VDE %", 2),
    Column::new("ffe_pct", "FFE %", 2),
    Column::new("recall_pct", "recall %", 1),
    Column::new("median_cents", "cents", 2),
];

/// One recording and the truth that holds for it.
struct Signal<'a> {
    audio: PathBuf,
    truth: &'a F0Truth,
}

/// Over all frames, and over those that are not in doubt.
type Scores = [PitchScore; 2];

/// Scores every signal.
///
/// # Errors
/// No signals, or a truth that cannot be read.
pub fn run(args: &F0Args) -> Result<(Table, u8), ShellError> {
    let groups = match &args.truth {
        Some(truth) => vec![(truth.clone(), inputs::collect(&args.data)?)],
        None => groups(&args.data)?,
    };
    let read = |(truth, _): &(PathBuf, Vec<PathBuf>)| F0Truth::read(truth);
    let truths = groups.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let with_truth = groups.iter().zip(&truths);
    let signals: Vec<Signal<'_>> = with_truth
        .flat_map(|((_, audio), truth)| {
            audio.iter().map(move |audio| Signal {
                audio: audio.clone(),
                truth,
            })
        })
        .collect();
    let path = |signal: &Signal<'_>| signal.audio.clone();
    let (heard, code) = clips::each(&args.output, &signals, path, score)?;
    let weighted = truths.iter().any(|truth| truth.weighted);
    let mut rows = Vec::new();
    for (which, scored) in ["all", "w>0"].into_iter().enumerate() {
        if which == 1 && !weighted {
            break;
        }
        for (signal, scores) in signals.iter().zip(&heard) {
            let Some(scores) = scores else { continue };
            let score = &scores[which];
            let file = signal.audio.file_name().unwrap_or_default();
            rows.push(vec![
                file.to_string_lossy().as_ref().into(),
                scored.into(),
                score.frames.into(),
                score.gpe().into(),
                score.vde().into(),
                score.ffe().into(),
                score.recall().into(),
                score.cents().into(),
            ]);
        }
    }
    let notes = vec![
        "The headline is `all`, every frame of the truth; `w>0` leaves out frames near a voicing edge."
            .to_owned(),
    ];
    let table = Table {
        columns: COLUMNS,
        rows,
        notes,
    };
    Ok((table, code))
}

fn score(signal: &Signal<'_>) -> Result<Scores, ShellError> {
    let mut scores = Scores::default();
    clips::hear(&signal.audio, Band::Full, |frame| {
        let Some(truth) = signal.truth.at(frame.at.seconds()) else {
            return;
        };
        scores[0].add(frame.f0_hz.into(), truth.f0_hz);
        if truth.sure {
            scores[1].add(frame.f0_hz.into(), truth.f0_hz);
        }
    })?;
    Ok(scores)
}

/// Each `truth_NAME.csv` of the folders, with the recordings `audio/NAME_*` beside it.
fn groups(folders: &[PathBuf]) -> Result<Vec<(PathBuf, Vec<PathBuf>)>, ShellError> {
    let mut groups = Vec::new();
    for folder in folders {
        let before = groups.len();
        for truth in truths(folder)? {
            let stem = truth.file_stem().unwrap_or_default().to_string_lossy();
            let prefix = format!("{}_", stem.trim_start_matches("truth_"));
            let mut audio = inputs::collect(&[folder.join("audio")])?;
            let name = |path: &PathBuf| path.file_name().map(|n| n.to_string_lossy().into_owned());
            audio.retain(|path| name(path).is_some_and(|name| name.starts_with(&prefix)));
            if audio.is_empty() {
                return Err(ShellError::Usage(format!(
                    "{}: no recording audio/{prefix}* has this truth: name them so, or pair them \
                     with --truth CSV FILE…",
                    truth.display()
                )));
            }
            groups.push((truth, audio));
        }
        if groups.len() == before {
            return Err(ShellError::Usage(format!(
                "{}: no truth_NAME.csv in this folder; `undertone eval f0 --help` shows the layout",
                folder.display()
            )));
        }
    }
    Ok(groups)
}

fn truths(folder: &Path) -> Result<Vec<PathBuf>, ShellError> {
    let failed = |source| ShellError::Open {
        path: folder.to_owned(),
        source,
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("truth_") && name.ends_with(".csv") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
