//! `undertone eval pace`: nuclei heard against the syllables of the text.

use super::args::{Over, PaceArgs};
use super::bands::Band;
use super::correlation::{mean, pearson, spearman};
use super::manifest::Clip;
use super::table::{Cell, Column, Table};
use super::{clips, manifest, syllables};
use crate::shell::error::ShellError;
use std::path::{Path, PathBuf};

const COLUMNS: &[Column] = &[
    Column::new("corpus", "corpus", 0),
    Column::new("language", "language", 0),
    Column::new("band", "band", 0),
    Column::new("clips", "clips", 0),
    Column::new("left_out", "left out", 0),
    Column::new("text_sps", "text syll/s", 2),
    Column::new("heard_sps", "heard syll/s", 2),
    Column::new("pearson", "r", 3),
    Column::new("spearman", "rho", 3),
    Column::new("mae_sps", "MAE", 2),
    Column::new("bias_sps", "bias", 2),
    Column::new("pearson_counts", "r counts", 3),
    Column::new("pearson_constant", "r constant", 3),
];

/// Under this much speech a rate says nothing, s.
const SHORTEST_S: f64 = 0.3;
const FRAME_S: f64 = 0.01;

/// A clip and the syllables of its text.
struct Spoken {
    audio: PathBuf,
    language: String,
    syllables: f64,
}

/// What was heard in a clip.
struct Heard {
    nuclei: f64,
    /// The time that both counts are divided by, s.
    seconds: f64,
}

/// Scores every manifest by itself.
///
/// # Errors
/// A manifest that cannot be read, or with a language whose syllables cannot be counted.
pub fn run(args: &PaceArgs) -> Result<(Table, u8), ShellError> {
    let (mut rows, mut worst) = (Vec::new(), 0);
    for path in &args.data {
        let manifest = manifest::file(path);
        let all = manifest::read(&manifest, &["text", "language"])?;
        let total = all.len();
        let spoken = all
            .into_iter()
            .filter_map(|clip| spoken(&manifest, clip).transpose());
        let spoken = spoken.collect::<Result<Vec<_>, _>>()?;
        for &band in args.band.bands() {
            let path = |clip: &Spoken| clip.audio.clone();
            let work = |clip: &Spoken| hear(&clip.audio, band, args.over);
            let (heard, code) = clips::each(&args.output, &spoken, path, work)?;
            worst = worst.max(code);
            let pairs: Vec<(&Spoken, Heard)> = spoken
                .iter()
                .zip(heard)
                .filter_map(|(clip, heard)| Some((clip, heard?)))
                .filter(|(_, heard)| heard.seconds >= SHORTEST_S)
                .collect();
            rows.push(row(&manifest, band, total - pairs.len(), &pairs));
        }
    }
    let time = match args.over {
        Over::Span => "from the first to the last frame of speech",
        Over::Speech => "of the frames of speech alone",
    };
    let notes = vec![
        format!("Both rates are divided by the same time, {time}."),
        "Left out: set = cut2s (their text is not whole), no text, or under 0.3 s of speech."
            .to_owned(),
        "Of r, as much as `r constant` comes from the shared time alone.".to_owned(),
    ];
    let table = Table {
        columns: COLUMNS,
        rows,
        notes,
    };
    Ok((table, worst))
}

/// The clip with its syllables; none where the clip does not hold its text.
fn spoken(manifest: &Path, clip: Clip) -> Result<Option<Spoken>, ShellError> {
    if clip.set == "cut2s" || clip.text.is_empty() {
        return Ok(None);
    }
    let Some(syllables) = syllables::count(&clip.text, &clip.language) else {
        let reason = format!(
            "column `language`: syllables of `{}` cannot be counted, only those of {}: leave the row out",
            clip.language,
            syllables::LANGUAGES.join(", ")
        );
        return Err(ShellError::data(manifest, clip.line, reason));
    };
    Ok(Some(Spoken {
        audio: clip.path,
        language: clip.language,
        syllables: syllables as f64,
    }))
}

fn hear(audio: &Path, band: Band, over: Over) -> Result<Heard, ShellError> {
    let (mut frame_number, mut nuclei, mut speech) = (0u32, 0.0, 0u32);
    let (mut first, mut last) = (None, 0);
    clips::hear(audio, band, |frame| {
        frame_number += 1;
        nuclei += f64::from(frame.syllables);
        if frame.speech {
            speech += 1;
            first.get_or_insert(frame_number);
            last = frame_number;
        }
    })?;
    let frames = match over {
        Over::Span => first.map_or(0, |first| last - first + 1),
        Over::Speech => speech,
    };
    Ok(Heard {
        nuclei,
        seconds: f64::from(frames) * FRAME_S,
    })
}

fn row(manifest: &Path, band: Band, left_out: usize, pairs: &[(&Spoken, Heard)]) -> Vec<Cell> {
    let column = |get: &dyn Fn(&Spoken, &Heard) -> f64| -> Vec<f64> {
        pairs.iter().map(|(clip, heard)| get(clip, heard)).collect()
    };
    let syllables = column(&|clip, _| clip.syllables);
    let nuclei = column(&|_, heard| heard.nuclei);
    let text = column(&|clip, heard| clip.syllables / heard.seconds);
    let rate = column(&|_, heard| heard.nuclei / heard.seconds);
    let constant = column(&|_, heard| 1.0 / heard.seconds);
    let error = column(&|clip, heard| (heard.nuclei - clip.syllables) / heard.seconds);
    let size: Vec<f64> = error.iter().map(|error| error.abs()).collect();
    let mut languages: Vec<&str> = pairs
        .iter()
        .map(|(clip, _)| clip.language.as_str())
        .collect();
    languages.sort_unstable();
    languages.dedup();
    vec![
        manifest::name(manifest).as_str().into(),
        languages.join(" ").as_str().into(),
        band.name().into(),
        pairs.len().into(),
        left_out.into(),
        mean(&text).into(),
        mean(&rate).into(),
        pearson(&rate, &text).into(),
        spearman(&rate, &text).into(),
        mean(&size).into(),
        mean(&error).into(),
        pearson(&nuclei, &syllables).into(),
        pearson(&constant, &text).into(),
    ]
}
