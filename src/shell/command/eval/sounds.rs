//! `undertone eval sounds`: evidence of non-verbal sounds against other sounds and against speech.

use super::args::SoundsArgs;
use super::bands::Band;
use super::correlation::{deviation, mean};
use super::manifest::Clip;
use super::pitch_score::percent;
use super::ranking::auc;
use super::table::{Cell, Column, Table};
use super::{clips, manifest};
use crate::features::FeatureFrame;
use crate::features::table::COLUMNS as FEATURES;
use crate::shell::error::ShellError;
use crate::trajectory::MarkerDetector;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Which column of the feature table is evidence of which sound, and which marker tells it.
struct Class {
    /// The sound, as a manifest's `emotion` names it.
    label: &'static str,
    /// The column of evidence.
    column: &'static str,
    /// The marker's kind.
    marker: &'static str,
}

const fn class(label: &'static str, column: &'static str, marker: &'static str) -> Class {
    Class {
        label,
        column,
        marker,
    }
}

const CLASSES: &[Class] = &[
    class("screaming", "scream", "scream"),
    class("crying", "cry", "cry"),
    class("crying", "sob", "sob"),
    class("sighing", "sigh", "sigh"),
    class("laughing", "laugh", "laugh"),
    class("coughing", "cough", "cough"),
    class("panting", "breath", "breath_change"),
];

const COLUMNS: &[Column] = &[
    Column::new("sound", "sound", 0),
    Column::new("evidence", "evidence", 0),
    Column::new("of_clip", "of a clip", 0),
    Column::new("band", "band", 0),
    Column::new("against", "against", 0),
    Column::new("clips", "clips", 0),
    Column::new("others", "others", 0),
    Column::new("folds", "folds", 0),
    Column::new("auc", "AUC", 3),
    Column::new("auc_sd", "sd", 3),
    Column::new("hit_pct", "hit %", 1),
    Column::new("false_pct", "false %", 1),
    Column::new("false_per_min", "false/min", 2),
];

/// What was heard in a clip, an entry for each of [`CLASSES`].
#[derive(Clone, Default)]
struct Heard {
    label: String,
    fold: String,
    minutes: f64,
    classes: Vec<Evidence>,
}

#[derive(Clone, Copy, Default)]
struct Evidence {
    peak: f64,
    mean: f64,
    markers: usize,
}

/// Scores every class against the other sounds and against each manifest of speech.
///
/// # Errors
/// A manifest that cannot be read or lacks the sounds, or a class without its column.
pub fn run(args: &SoundsArgs) -> Result<(Table, u8), ShellError> {
    let evidence = CLASSES.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let (mut rows, mut worst) = (Vec::new(), 0);
    for &band in args.band.bands() {
        let mut hear = |paths: &[PathBuf], needed: &[&str]| {
            let (heard, code) = hear_all(args, paths, needed, band, &evidence)?;
            worst = worst.max(code);
            Ok::<_, ShellError>(heard)
        };
        let sounds = hear(&args.data, &["emotion", "fold"])?;
        let mut speech = Vec::new();
        for path in &args.speech {
            let name = manifest::name(&manifest::file(path));
            speech.push((name, hear(std::slice::from_ref(path), &["fold"])?));
        }
        for (place, class) in CLASSES.iter().enumerate() {
            let is = |clip: &&Heard| clip.label == class.label;
            let of_class: Vec<&Heard> = sounds.iter().filter(is).collect();
            if of_class.is_empty() {
                let labels: BTreeSet<&str> = sounds.iter().map(|it| it.label.as_str()).collect();
                return Err(ShellError::Usage(format!(
                    "no clip has the emotion `{}`; the manifests have: {}",
                    class.label,
                    labels.into_iter().collect::<Vec<_>>().join(", ")
                )));
            }
            let others: Vec<&Heard> = sounds.iter().filter(|clip| !is(clip)).collect();
            let mut against = vec![("other sounds", others)];
            against.extend(
                speech
                    .iter()
                    .map(|(name, clips)| (name.as_str(), clips.iter().collect())),
            );
            for (name, others) in &against {
                for (of_clip, get) in STATISTICS {
                    let mut row: Vec<Cell> = vec![
                        class.label.into(),
                        class.column.into(),
                        of_clip.into(),
                        band.name().into(),
                        (*name).into(),
                    ];
                    row.extend(figures(&of_class, others, place, get));
                    rows.push(row);
                }
            }
        }
    }
    let notes = vec![
        "AUC: mean and sd over folds of speakers; each fold's clips against each other.".to_owned(),
    ];
    let table = Table {
        columns: COLUMNS,
        rows,
        notes,
    };
    Ok((table, worst))
}

type Statistic = fn(&Evidence) -> f64;

const STATISTICS: [(&str, Statistic); 2] = [("peak", |it| it.peak), ("mean", |it| it.mean)];

fn column(class: &Class) -> Result<fn(&FeatureFrame) -> f64, ShellError> {
    let found = FEATURES.iter().find(|column| column.name == class.column);
    let missing = || ShellError::Usage(format!("there is no feature `{}`", class.column));
    found.map(|column| column.get).ok_or_else(missing)
}

fn hear_all(
    args: &SoundsArgs,
    paths: &[PathBuf],
    needed: &[&str],
    band: Band,
    evidence: &[fn(&FeatureFrame) -> f64],
) -> Result<(Vec<Heard>, u8), ShellError> {
    let mut all = Vec::new();
    for path in paths {
        all.extend(manifest::read(&manifest::file(path), needed)?);
    }
    let path = |clip: &Clip| clip.path.clone();
    let work = |clip: &Clip| hear(clip, band, evidence);
    let (heard, code) = clips::each(&args.output, &all, path, work)?;
    Ok((heard.into_iter().flatten().collect(), code))
}

fn hear(
    clip: &Clip,
    band: Band,
    evidence: &[fn(&FeatureFrame) -> f64],
) -> Result<Heard, ShellError> {
    let mut classes = vec![Evidence::default(); CLASSES.len()];
    let mut detector = MarkerDetector::new();
    let mut frames = 0.0;
    clips::hear(&clip.path, band, |frame| {
        frames += 1.0;
        for (class, get) in classes.iter_mut().zip(evidence) {
            let value = get(frame);
            class.peak = class.peak.max(value);
            class.mean += value;
        }
        if let Some(marker) = detector.push(frame) {
            let kind = serde_json::to_value(marker.kind).unwrap_or_default();
            for (class, counted) in CLASSES.iter().zip(&mut classes) {
                counted.markers += usize::from(kind == class.marker);
            }
        }
    })?;
    classes
        .iter_mut()
        .for_each(|class| class.mean /= f64::max(frames, 1.0));
    Ok(Heard {
        label: clip.emotion.clone(),
        fold: clip.fold.clone(),
        minutes: frames / 6_000.0,
        classes,
    })
}

/// The figures of one row, from `clips` on.
fn figures(of_class: &[&Heard], others: &[&Heard], place: usize, get: Statistic) -> Vec<Cell> {
    let folds: BTreeSet<&str> = of_class.iter().map(|clip| clip.fold.as_str()).collect();
    let in_fold = |clips: &[&Heard], fold: &str| -> Vec<f64> {
        let clips = clips.iter().filter(|clip| clip.fold == fold);
        clips.map(|clip| get(&clip.classes[place])).collect()
    };
    let areas: Vec<f64> = folds
        .iter()
        .filter_map(|fold| auc(&in_fold(of_class, fold), &in_fold(others, fold)))
        .collect();
    let told = |clips: &[&Heard]| {
        clips
            .iter()
            .filter(|clip| clip.classes[place].markers > 0)
            .count()
    };
    let false_markers: usize = others.iter().map(|clip| clip.classes[place].markers).sum();
    let minutes: f64 = others.iter().map(|clip| clip.minutes).sum();
    vec![
        of_class.len().into(),
        others.len().into(),
        areas.len().into(),
        mean(&areas).into(),
        deviation(&areas).into(),
        percent(told(of_class), of_class.len()).into(),
        percent(told(others), others.len()).into(),
        (minutes > 0.0)
            .then(|| false_markers as f64 / minutes)
            .into(),
    ]
}
