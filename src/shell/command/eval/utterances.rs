//! `undertone eval utterances`: the prosody model on labelled clips, with and without the caller's
//! own baseline.

use super::args::UtterancesArgs;
use super::lines::LineKind;
use super::manifest::Clip;
use super::picture::{self, Curve};
use super::pitch_score::percent;
use super::ranking::auc;
use super::table::{Cell, Column, Table};
use super::utterance_score::{Bin, Caller, bins, confusion, ece, recall, risk, risks};
use super::voices::{CALM, Tested, Voice, against_calm, against_rest, distance};
use super::windows::{Reader, Step, Steps, probability};
use super::{clips, groups, manifest};
use crate::shell::error::ShellError;
use crate::shell::weights::{Backend, Weights};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const COLUMNS: &[Column] = &[
    Column::new("corpus", "corpus", 0),
    Column::new("line", "line", 0),
    Column::new("baseline", "baseline", 0),
    Column::new("clips", "clips", 0),
    Column::new("left_out", "left out", 0),
    Column::new("uar", "UAR", 3),
    Column::new("auc_anger_calm", "anger/calm", 3),
    Column::new("auc_anger_calm_95", "95 %", 3),
    Column::new("auc_anger_rest", "anger/rest", 3),
    Column::new("auc_anger_rest_95", "95 %", 3),
    Column::new("auc_arousal", "arousal", 3),
    Column::new("auc_distress", "distress", 3),
    Column::new("d_1s", "d' 1 s", 2),
    Column::new("d_2s", "2 s", 2),
    Column::new("d_3s", "3 s", 2),
    Column::new("d_3s_95", "95 %", 2),
    Column::new("d_6s", "6 s", 2),
    Column::new("ece_anger", "ECE", 3),
    Column::new("risk_50", "risk 50 %", 3),
    Column::new("risk_80", "80 %", 3),
    Column::new("risk_100", "100 %", 3),
    Column::new("false_f_pct", "false f", 1),
    Column::new("false_m_pct", "false m", 1),
    Column::new("same_pct", "same %", 1),
];

const AROUSED: [&str; 3] = ["anger", "happiness", "fear"];
const SUBDUED: [&str; 4] = ["neutral", "calm", "boredom", "sadness"];
const DISTRESSED: [&str; 2] = ["sadness", "fear"];
/// Calm clips of each speaker that are the baseline and never tested.
const HELD: usize = 4;
const STEPS_A_SECOND: usize = 50;

/// Seconds of speech that d′ is told for.
const SECONDS: [usize; 4] = [1, 2, 3, 6];
/// A probability of anger that moved by less is the same.
const SAME: f64 = 0.05;

/// A clip that may be tested, or be a baseline.
struct Spoken<'a> {
    clip: &'a Clip,
    steps: Vec<Step>,
    held: bool,
}

/// What one row is of.
struct Of {
    corpus: String,
    line: LineKind,
    own: bool,
}

impl Of {
    fn baseline(&self) -> &'static str {
        if self.own { "own" } else { "none" }
    }
}

/// Scores every manifest by itself, over every line.
///
/// # Errors
/// A manifest that cannot be read, a model that cannot be used, or a picture that cannot be written.
pub fn run(args: &UtterancesArgs) -> Result<(Table, u8), ShellError> {
    if let Some(path) = &args.plot {
        picture::check(path)?;
    }
    let weights = Weights::open(args.model.as_deref(), Backend::Embedded, None)?;
    let mut reader = Reader {
        model: weights.take()?,
        card: weights.card().clone(),
    };
    let (mut rows, mut notes, mut curves, mut worst) = (Vec::new(), Vec::new(), Vec::new(), 0);
    notes.push(format!(
        "Model: {} {}. {}.",
        reader.card.name, reader.card.version, reader.card.licence
    ));
    let lines = LineKind::meant(&args.line);
    for path in &args.data {
        let file = manifest::file(path);
        let all = manifest::read(&file, &["speaker", "emotion"])?;
        // What was said over the first line, with the caller's baseline and without.
        let mut first: [BTreeMap<&Path, f64>; 2] = Default::default();
        for (place, &line) in lines.iter().enumerate() {
            let (mut spoken, code) = hear_all(args, &all, line)?;
            worst = worst.max(code);
            hold_out(&mut spoken, reader.card.rates.min_steps);
            for own in [true, false] {
                let of = Of {
                    corpus: manifest::name(&file),
                    line,
                    own,
                };
                let tested = read_all(&mut reader, &spoken, own)?;
                let apart = apart(&mut reader, &spoken, own)?;
                let first = &mut first[usize::from(own)];
                if first.is_empty() {
                    *first = said_of(&tested);
                }
                let scored = Scored {
                    left_out: all.len() - tested.len(),
                    same: same(first, &tested),
                    risks: risks(&answers(&tested)),
                    bins: bins(&said(&tested)),
                    tested,
                    apart,
                };
                rows.push(row(&reader, &of, &scored));
                notes.push(told(&reader, &of, &scored));
                curves.push(Curve {
                    name: format!("{} {} {}", of.corpus, line.name(), of.baseline()),
                    colour: place,
                    own,
                    bins: scored.bins,
                    risks: scored.risks,
                });
            }
        }
    }
    if let Some(path) = &args.plot {
        picture::write(path, &curves)?;
    }
    let table = Table {
        columns: COLUMNS,
        rows,
        notes,
    };
    Ok((table, worst))
}

/// All that a row is made of.
struct Scored<'a> {
    tested: Vec<Tested<'a>>,
    left_out: usize,
    /// For each of [`SECONDS`] each speaker's (angry, calm) logits.
    apart: [Vec<Caller>; SECONDS.len()],
    /// Share of the clips that are read as over the first line, %.
    same: Option<f64>,
    risks: Vec<f64>,
    bins: Vec<Bin>,
}

/// The probability of anger of each clip.
fn said_of<'a>(tested: &[Tested<'a>]) -> BTreeMap<&'a Path, f64> {
    let one = |(clip, heard): &Tested<'a>| (clip.path.as_path(), probability(heard.anger));
    tested.iter().map(one).collect()
}

fn same(first: &BTreeMap<&Path, f64>, tested: &[Tested]) -> Option<f64> {
    let moved = |(clip, heard): &Tested| {
        let before = first.get(clip.path.as_path())?;
        Some((before - probability(heard.anger)).abs())
    };
    let moved: Vec<f64> = tested.iter().filter_map(moved).collect();
    percent(moved.iter().filter(|it| **it < SAME).count(), moved.len())
}

fn hear_all<'a>(
    args: &UtterancesArgs,
    all: &'a [Clip],
    line: LineKind,
) -> Result<(Vec<Spoken<'a>>, u8), ShellError> {
    let hear = |clip: &Clip| {
        let mut steps = Steps::default();
        line.hear(&clip.path, |frame| steps.push(frame))?;
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
) -> Result<Vec<Tested<'a>>, ShellError> {
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

/// For each of [`SECONDS`] each speaker's (angry, calm) logits, clips of a kind one after another.
fn apart(
    reader: &mut Reader,
    spoken: &[Spoken],
    own: bool,
) -> Result<[Vec<Caller>; SECONDS.len()], ShellError> {
    let mut speakers: Vec<&str> = spoken.iter().map(|it| it.clip.speaker.as_str()).collect();
    speakers.sort_unstable();
    speakers.dedup();
    let mut callers: [Vec<Caller>; SECONDS.len()] = Default::default();
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
        for (seconds, callers) in SECONDS.iter().zip(&mut callers) {
            let mut logits = |steps: &[&Step]| -> Result<Vec<f64>, ShellError> {
                let pieces = steps.chunks_exact(seconds * STEPS_A_SECOND);
                let heard = pieces.map(|piece| reader.read(piece.iter().copied(), &baseline));
                let heard = heard.collect::<Result<Vec<_>, _>>()?;
                Ok(heard.into_iter().flatten().map(|it| it.anger).collect())
            };
            callers.push((logits(&angry)?, logits(&calm)?));
        }
    }
    Ok(callers)
}

fn is(clip: &Clip, emotions: &[&str]) -> bool {
    emotions.contains(&clip.emotion.as_str())
}

fn row(reader: &Reader, of: &Of, scored: &Scored) -> Vec<Cell> {
    let tested = &scored.tested;
    let auc_of = |emotions: &[&str], others: Option<&[&str]>, get: fn(&Tested) -> f64| {
        let other = |clip: &Clip| match others {
            Some(others) => is(clip, others),
            None => !is(clip, emotions),
        };
        let those = |wanted: &dyn Fn(&Clip) -> bool| -> Vec<f64> {
            tested.iter().filter(|it| wanted(it.0)).map(get).collect()
        };
        auc(&those(&|clip| is(clip, emotions)), &those(&other))
    };
    let false_anger = |gender: &str| {
        let own = |clip: &Clip| clip.gender.starts_with(gender) && !is(clip, &["anger"]);
        let all: Vec<_> = tested.iter().filter(|(clip, _)| own(clip)).collect();
        percent(all.iter().filter(|it| it.1.anger > 0.0).count(), all.len())
    };
    let voices = Voice::all(tested);
    let (calm, rest) = (against_calm(&voices), against_rest(&voices));
    let [one, two, three, six] = scored.apart.each_ref().map(|it| distance(it));
    vec![
        of.corpus.as_str().into(),
        of.line.name().as_str().into(),
        of.baseline().into(),
        tested.len().into(),
        scored.left_out.into(),
        recall(&confused(reader, tested).1).into(),
        calm.0.into(),
        calm.1.into(),
        rest.0.into(),
        rest.1.into(),
        auc_of(&AROUSED, Some(&SUBDUED), |it| it.1.arousal).into(),
        auc_of(&DISTRESSED, None, |it| it.1.distress).into(),
        one.0.into(),
        two.0.into(),
        three.0.into(),
        three.1.into(),
        six.0.into(),
        ece(&scored.bins).into(),
        risk(&scored.risks, 0.5).into(),
        risk(&scored.risks, 0.8).into(),
        risk(&scored.risks, 1.0).into(),
        false_anger("f").into(),
        false_anger("m").into(),
        scored.same.into(),
    ]
}

/// (confidence, whether anger is on its side) of each clip.
fn answers(tested: &[Tested]) -> Vec<(f64, bool)> {
    let right = |(clip, heard): &Tested| (heard.anger > 0.0) == is(clip, &["anger"]);
    tested
        .iter()
        .map(|it| (it.1.confidence, right(it)))
        .collect()
}

/// (probability of anger, whether it was anger) of each clip.
fn said(tested: &[Tested]) -> Vec<(f64, bool)> {
    let one = |(clip, heard): &Tested| (probability(heard.anger), is(clip, &["anger"]));
    tested.iter().map(one).collect()
}

/// The emotions that manifest and model share, and which was taken for which.
fn confused<'a>(reader: &'a Reader, tested: &[Tested]) -> (Vec<&'a str>, Vec<(usize, Vec<f64>)>) {
    let labels = reader.card.output.classes.iter().map(String::as_str);
    let shared = labels
        .enumerate()
        .filter(|(_, label)| tested.iter().any(|(clip, _)| clip.emotion == *label));
    let (places, names): (Vec<usize>, Vec<&str>) = shared.unzip();
    let pair = |(clip, heard): &Tested| {
        let truth = names.iter().position(|name| clip.emotion == *name)?;
        let score = |place: &usize| heard.classes[places[*place]];
        let best = |a: &usize, b: &usize| score(a).total_cmp(&score(b));
        Some((truth, (0..names.len()).max_by(best)?))
    };
    let pairs: Vec<(usize, usize)> = tested.iter().filter_map(pair).collect();
    let table = confusion(&pairs, names.len());
    (names, table)
}

/// The confusions, the reliability and the groups of one row, in words.
fn told(reader: &Reader, of: &Of, scored: &Scored) -> String {
    let (corpus, line, baseline) = (&of.corpus, of.line.name(), of.baseline());
    let mut text = format!("\n{corpus}, line {line}, baseline {baseline}:");
    let (names, table) = confused(reader, &scored.tested);
    for (name, (clips, shares)) in names.iter().zip(&table) {
        let taken = names.iter().zip(shares);
        let taken = taken.filter(|(_, share)| **share >= 0.05);
        let one = |(name, share): (&&str, &f64)| format!("{name} {:.0} %", 100.0 * share);
        let taken: Vec<String> = taken.map(one).collect();
        let taken = taken.join(", ");
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {name} ({clips}) was taken for {taken}");
    }
    for (clips, said, came) in &scored.bins {
        let _ = write!(
            text,
            "\n  anger said {said:.2}, was {came:.2} ({clips} clips)"
        );
    }
    text + &groups::told(&scored.tested)
}
