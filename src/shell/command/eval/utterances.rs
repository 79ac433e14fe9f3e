//! `undertone eval utterances`: the prosody model on labelled clips, with and without the caller's
//! own baseline.

use super::args::UtterancesArgs;
use super::bands::Band;
use super::manifest::Clip;
use super::pitch_score::percent;
use super::ranking::auc;
use super::table::{Cell, Column, Table};
use super::utterance_score::{bins, confusion, d_prime, ece, recall, risk};
use super::windows::{Heard, Reader, Step, Steps, probability};
use super::{clips, manifest};
use crate::shell::error::ShellError;
use crate::shell::weights::{Backend, Weights};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const COLUMNS: &[Column] = &[
    Column::new("corpus", "corpus", 0),
    Column::new("band", "band", 0),
    Column::new("baseline", "baseline", 0),
    Column::new("clips", "clips", 0),
    Column::new("left_out", "left out", 0),
    Column::new("uar", "UAR", 3),
    Column::new("auc_anger_calm", "anger/calm", 3),
    Column::new("auc_anger_rest", "anger/rest", 3),
    Column::new("auc_arousal", "arousal", 3),
    Column::new("auc_distress", "distress", 3),
    Column::new("d_1s", "d' 1 s", 2),
    Column::new("d_2s", "2 s", 2),
    Column::new("d_3s", "3 s", 2),
    Column::new("ece_anger", "ECE", 3),
    Column::new("risk_50", "risk 50 %", 3),
    Column::new("risk_80", "80 %", 3),
    Column::new("risk_100", "100 %", 3),
    Column::new("false_f_pct", "false f", 1),
    Column::new("false_m_pct", "false m", 1),
];

const CALM: [&str; 3] = ["neutral", "calm", "boredom"];
const AROUSED: [&str; 3] = ["anger", "happiness", "fear"];
const SUBDUED: [&str; 4] = ["neutral", "calm", "boredom", "sadness"];
const DISTRESSED: [&str; 2] = ["sadness", "fear"];
/// Calm clips of each speaker that are the baseline and never tested.
const HELD: usize = 4;
const STEPS_A_SECOND: usize = 50;

/// A clip that may be tested, or be a baseline.
struct Spoken<'a> {
    clip: &'a Clip,
    steps: Vec<Step>,
    held: bool,
}

/// Scores every manifest by itself.
///
/// # Errors
/// A manifest that cannot be read, or a model that cannot be used.
pub fn run(args: &UtterancesArgs) -> Result<(Table, u8), ShellError> {
    let weights = Weights::open(args.model.as_deref(), Backend::Embedded, None)?;
    let mut reader = Reader {
        model: weights.take()?,
        card: weights.card().clone(),
    };
    let (mut rows, mut notes, mut worst) = (Vec::new(), Vec::new(), 0);
    notes.push(format!(
        "Model: {} {}. {}.",
        reader.card.name, reader.card.version, reader.card.licence
    ));
    for path in &args.data {
        let file = manifest::file(path);
        let all = manifest::read(&file, &["speaker", "emotion"])?;
        for &band in args.band.bands() {
            let (mut spoken, code) = hear_all(args, &all, band)?;
            worst = worst.max(code);
            hold_out(&mut spoken, reader.card.rates.min_steps);
            for own in [true, false] {
                let what = [
                    manifest::name(&file),
                    band.name().into(),
                    if own { "own" } else { "none" }.into(),
                ];
                let tested = read_all(&mut reader, &spoken, own)?;
                let apart = apart(&mut reader, &spoken, own)?;
                let out = all.len() - tested.len();
                rows.push(row(&reader, &what, &tested, out, &apart));
                notes.push(told(&reader, &what, &tested));
            }
        }
    }
    let table = Table {
        columns: COLUMNS,
        rows,
        notes,
    };
    Ok((table, worst))
}

fn hear_all<'a>(
    args: &UtterancesArgs,
    all: &'a [Clip],
    band: Band,
) -> Result<(Vec<Spoken<'a>>, u8), ShellError> {
    let hear = |clip: &Clip| {
        let mut steps = Steps::default();
        clips::hear(&clip.path, band, |frame| steps.push(frame))?;
        Ok(steps.kept)
    };
    let (heard, code) = clips::each(&args.output, all, |clip| clip.path.clone(), hear)?;
    let spoken = all.iter().zip(heard).filter_map(|(clip, steps)| {
        Some(Spoken {
            clip,
            steps: steps?,
            held: false,
        })
    });
    Ok((spoken.collect(), code))
}

/// Takes each speaker's first calm clips out of the test.
fn hold_out(spoken: &mut [Spoken], least: usize) {
    let mut held: BTreeMap<String, usize> = BTreeMap::new();
    for emotion in CALM {
        for it in spoken.iter_mut() {
            let count = held.entry(it.clip.speaker.clone()).or_default();
            if it.clip.emotion == emotion && it.steps.len() >= least && *count < HELD {
                it.held = true;
                *count += 1;
            }
        }
    }
}

/// The baseline of a speaker, or the population's.
fn baseline(
    reader: &Reader,
    spoken: &[Spoken],
    speaker: &str,
    own: bool,
) -> Result<Vec<f32>, ShellError> {
    let held = spoken
        .iter()
        .filter(|it| own && it.held && it.clip.speaker == speaker);
    let held: Vec<&[Step]> = held.map(|it| it.steps.as_slice()).collect();
    reader.baseline(&held).map_err(ShellError::Model)
}

/// Every tested clip with enough speech, and what was heard in it.
fn read_all<'a>(
    reader: &mut Reader,
    spoken: &[Spoken<'a>],
    own: bool,
) -> Result<Vec<(&'a Clip, Heard)>, ShellError> {
    let (mut tested, mut known) = (Vec::new(), BTreeMap::new());
    for it in spoken.iter().filter(|it| !it.held) {
        let speaker = it.clip.speaker.as_str();
        if !known.contains_key(speaker) {
            known.insert(speaker, baseline(reader, spoken, speaker, own)?);
        }
        if let Some(heard) = reader.read(it.steps.iter(), &known[speaker])? {
            tested.push((it.clip, heard));
        }
    }
    Ok(tested)
}

/// For 1, 2 and 3 s: each speaker's (angry, calm) logits, clips of a kind one after another.
fn apart(
    reader: &mut Reader,
    spoken: &[Spoken],
    own: bool,
) -> Result<[Option<f64>; 3], ShellError> {
    let mut speakers: Vec<&str> = spoken.iter().map(|it| it.clip.speaker.as_str()).collect();
    speakers.sort_unstable();
    speakers.dedup();
    let mut callers: [Vec<(Vec<f64>, Vec<f64>)>; 3] = Default::default();
    for speaker in speakers {
        let baseline = baseline(reader, spoken, speaker, own)?;
        let speech = |emotions: &[&str]| -> Vec<&Step> {
            let own = spoken.iter().filter(|it| {
                !it.held
                    && it.clip.speaker == speaker
                    && emotions.contains(&it.clip.emotion.as_str())
            });
            own.flat_map(|it| &it.steps).collect()
        };
        let (angry, calm) = (speech(&["anger"]), speech(&CALM));
        for (seconds, callers) in (1..).zip(&mut callers) {
            let mut logits = |steps: &[&Step]| -> Result<Vec<f64>, ShellError> {
                let pieces = steps.chunks_exact(seconds * STEPS_A_SECOND);
                let heard = pieces.map(|piece| reader.read(piece.iter().copied(), &baseline));
                let heard = heard.collect::<Result<Vec<_>, _>>()?;
                Ok(heard.into_iter().flatten().map(|it| it.anger).collect())
            };
            callers.push((logits(&angry)?, logits(&calm)?));
        }
    }
    Ok(callers.map(|callers| d_prime(&callers)))
}

fn is(clip: &Clip, emotions: &[&str]) -> bool {
    emotions.contains(&clip.emotion.as_str())
}

fn row(
    reader: &Reader,
    what: &[String; 3],
    tested: &[(&Clip, Heard)],
    left_out: usize,
    apart: &[Option<f64>; 3],
) -> Vec<Cell> {
    let of = |emotions: &[&str], get: fn(&Heard) -> f64, wanted: bool| -> Vec<f64> {
        let own = tested
            .iter()
            .filter(|(clip, _)| is(clip, emotions) == wanted);
        own.map(|(_, heard)| get(heard)).collect()
    };
    let anger = of(&["anger"], |it| it.anger, true);
    let answers: Vec<(f64, bool)> = tested
        .iter()
        .map(|(clip, heard)| {
            (
                heard.confidence,
                (heard.anger > 0.0) == is(clip, &["anger"]),
            )
        })
        .collect();
    let false_anger = |gender: &str| {
        let own = |clip: &Clip| clip.gender.starts_with(gender) && !is(clip, &["anger"]);
        let all: Vec<_> = tested.iter().filter(|(clip, _)| own(clip)).collect();
        percent(all.iter().filter(|it| it.1.anger > 0.0).count(), all.len())
    };
    let mut cells: Vec<Cell> = what.iter().map(|it| it.as_str().into()).collect();
    cells.extend([
        tested.len().into(),
        left_out.into(),
        recall(&confused(reader, tested).1).into(),
        auc(&anger, &of(&CALM, |it| it.anger, true)).into(),
        auc(&anger, &of(&["anger"], |it| it.anger, false)).into(),
        auc(
            &of(&AROUSED, |it| it.arousal, true),
            &of(&SUBDUED, |it| it.arousal, true),
        )
        .into(),
        auc(
            &of(&DISTRESSED, |it| it.distress, true),
            &of(&DISTRESSED, |it| it.distress, false),
        )
        .into(),
    ]);
    cells.extend(apart.map(Cell::from));
    cells.extend([
        ece(&bins(&said(tested))).into(),
        risk(&answers, 0.5).into(),
        risk(&answers, 0.8).into(),
        risk(&answers, 1.0).into(),
        false_anger("f").into(),
        false_anger("m").into(),
    ]);
    cells
}

/// (probability of anger, whether it was anger) of each clip.
fn said(tested: &[(&Clip, Heard)]) -> Vec<(f64, bool)> {
    let one = |(clip, heard): &(&Clip, Heard)| (probability(heard.anger), is(clip, &["anger"]));
    tested.iter().map(one).collect()
}

/// The emotions that manifest and model share, and which was taken for which.
fn confused<'a>(
    reader: &'a Reader,
    tested: &[(&Clip, Heard)],
) -> (Vec<&'a str>, Vec<(usize, Vec<f64>)>) {
    let labels = reader.card.output.classes.iter().map(String::as_str);
    let shared = labels
        .enumerate()
        .filter(|(_, label)| tested.iter().any(|(clip, _)| clip.emotion == *label));
    let (places, names): (Vec<usize>, Vec<&str>) = shared.unzip();
    let pair = |(clip, heard): &(&Clip, Heard)| {
        let truth = names.iter().position(|name| clip.emotion == *name)?;
        let score = |place: &usize| heard.classes[places[*place]];
        let best = |a: &usize, b: &usize| score(a).total_cmp(&score(b));
        Some((truth, (0..names.len()).max_by(best)?))
    };
    let pairs: Vec<(usize, usize)> = tested.iter().filter_map(pair).collect();
    let table = confusion(&pairs, names.len());
    (names, table)
}

/// The confusions and the reliability of one row, in words.
fn told(reader: &Reader, what: &[String; 3], tested: &[(&Clip, Heard)]) -> String {
    let mut text = format!("\n{}, band {}, baseline {}:", what[0], what[1], what[2]);
    let (names, table) = confused(reader, tested);
    for (name, (clips, shares)) in names.iter().zip(&table) {
        let taken = names
            .iter()
            .zip(shares)
            .filter(|(_, share)| **share >= 0.05);
        let taken: Vec<String> = taken
            .map(|(name, share)| format!("{name} {:.0} %", 100.0 * share))
            .collect();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n  {name} ({clips}) was taken for {}",
            taken.join(", ")
        );
    }
    for (clips, said, came) in bins(&said(tested)) {
        let _ = write!(
            text,
            "\n  anger said {said:.2}, was {came:.2} ({clips} clips)"
        );
    }
    text
}
