//! `undertone eval vad`: speech and pause against hand labels.

use super::args::VadArgs;
use super::bands::Band;
use super::decision_score::DecisionScore;
use super::labels::Labels;
use super::table::{Column, Table};
use super::{clips, manifest};
use crate::shell::error::ShellError;
use std::path::PathBuf;

const COLUMNS: &[Column] = &[
    Column::new("corpus", "corpus", 0),
    Column::new("band", "band", 0),
    Column::new("clips", "clips", 0),
    Column::new("frames", "frames", 0),
    Column::new("speech_pct", "speech %", 1),
    Column::new("error_pct", "error %", 2),
    Column::new("miss_pct", "miss %", 2),
    Column::new("false_alarm_pct", "false alarm %", 2),
];

struct Labelled {
    audio: PathBuf,
    labels: Labels,
}

/// Scores every clip, and adds them up.
///
/// # Errors
/// A manifest or labels that cannot be read.
pub fn run(args: &VadArgs) -> Result<(Table, u8), ShellError> {
    let (mut rows, mut worst) = (Vec::new(), 0);
    for path in &args.data {
        let manifest = manifest::file(path);
        let folder = manifest.with_file_name("lab");
        let labelled = |clip: manifest::Clip| {
            let name = clip.path.with_extension("lab");
            let labels = Labels::read(&folder.join(name.file_name().unwrap_or_default()))?;
            Ok(Labelled {
                audio: clip.path,
                labels,
            })
        };
        let clips = manifest::read(&manifest, &[])?.into_iter().map(labelled);
        let clips = clips.collect::<Result<Vec<_>, ShellError>>()?;
        for &band in args.band.bands() {
            let path = |clip: &Labelled| clip.audio.clone();
            let (heard, code) = clips::each(&args.output, &clips, path, |clip| score(clip, band))?;
            let mut total = DecisionScore::default();
            heard.iter().flatten().for_each(|score| total.merge(score));
            worst = worst.max(code);
            rows.push(vec![
                manifest::name(&manifest).as_str().into(),
                band.name().into(),
                heard.iter().flatten().count().into(),
                total.frames().into(),
                total.share().into(),
                total.error().into(),
                total.miss().into(),
                total.false_alarm().into(),
            ]);
        }
    }
    let table = Table {
        columns: COLUMNS,
        rows,
        notes: Vec::new(),
    };
    Ok((table, worst))
}

fn score(clip: &Labelled, band: Band) -> Result<DecisionScore, ShellError> {
    let mut score = DecisionScore::default();
    clips::hear(&clip.audio, band, |frame| {
        if let Some(speech) = clip.labels.at(frame.at.seconds()) {
            score.add(frame.speech, speech);
        }
    })?;
    Ok(score)
}
