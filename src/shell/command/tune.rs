//! `undertone tune`: thresholds for a wanted rate of false alarms, from recordings of your own.

use super::setup::{self, Ready};
use super::{Destination, chain, pool};
use crate::decision::Trigger;
use crate::model::Calibrated;
use crate::shell::calls::{self, Calibration, Detector, Heard};
use crate::shell::cli::Setup;
use crate::shell::error::ShellError;
use crate::shell::progress::Progress;
use crate::shell::{batch, inputs};
use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// What `--help` teaches.
pub const HELP: &str = "\
Examples:
  undertone tune --out calibration.toml recordings/
  undertone tune --config undertone.toml --out calibration.toml recordings/
  undertone analyze --config calibration.toml call.wav

What is read:
  NAME.wav    a call, the caller's leg, in any format that is decoded here
  NAME.json   its truth, where known: scenario, onset_s (from where on a human should take over; null
              where never), utterances (start_s, end_s). Before the onset every alarm is a false one.
  NAME.jsonl  its dialogue, where there is one, as `analyze --dialogue` reads it
Without any truth every alarm of the voice counts as false: thresholds are then for a rate of alarms,
of which some are right. Recordings without a human's escalation in them are best for that.

What is written: the section [operating_point] of a configuration, with the thresholds for each rate
that the hours can show (one alarm at least), and what they rest on. The warning about a trigger that
makes more than 70 % of the escalations is for the rate in the configuration.";

/// A trigger that makes more than this share of all escalations hides the others.
const MOST_OF_ONE: f64 = 0.7;

/// `undertone tune`.
#[derive(Debug, Args)]
pub struct Tune {
    /// Recordings, or folders of them
    #[arg(required = true, value_name = "FOLDER|FILE")]
    pub recordings: Vec<PathBuf>,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How many files at once, 0 for one per core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub jobs: usize,
    /// No progress bar
    #[arg(long)]
    pub quiet: bool,
    /// Configuration and model
    #[command(flatten)]
    pub setup: Setup,
}

/// Hears all recordings and writes the calibration; the exit code of the worst recording.
///
/// # Errors
/// Usage, configuration, model, recordings too short for any rate, or an output that cannot be written.
pub fn run(args: &Tune) -> Result<u8, ShellError> {
    let files = inputs::collect(&args.recordings)?;
    let ready = setup::prepare(&args.setup)?;
    let (heard, worst) = hear_all(&files, &ready, args.jobs, args.quiet)?;
    let spoken = heard.iter().filter(|call| calls::is_heard(call)).count();
    if spoken == 0 {
        let why = "no recording has speech enough for a reading: nothing to calibrate on";
        return Err(ShellError::Usage(why.to_owned()));
    }
    let calibration = calls::calibrate(&heard, ready.config.operating_point.cool_down_s);
    if calibration.rows.is_empty() {
        return Err(ShellError::Usage(format!(
            "{:.2} call-hours without an onset are too few: a rate of 16 an hour needs 0.07 h, one of 0.5 needs 2 h",
            calibration.quiet_hours
        )));
    }
    let text = written(&ready, &heard, &calibration)?;
    let mut out = Destination::open(args.out.as_deref())?;
    out.write(|out| out.write_all(text.as_bytes()).and_then(|()| out.flush()))?;
    for warning in one_sided(&heard) {
        eprintln!("undertone: {warning}");
    }
    Ok(worst)
}

/// Hears every file, several at once; a file that fails is told, and left out.
///
/// # Errors
/// No threads can be had.
pub fn hear_all(
    files: &[PathBuf],
    ready: &Ready,
    jobs: usize,
    quiet: bool,
) -> Result<(Vec<Heard>, u8), ShellError> {
    let progress = Progress::new(files.len(), quiet);
    let (mut heard, mut worst) = (Vec::with_capacity(files.len()), 0);
    let work = |file: &PathBuf| {
        let mut model = ready.weights.take()?;
        let call = calls::hear(file, &ready.config, &mut *model);
        ready.weights.give_back(model);
        call
    };
    let deliver = |file: &PathBuf, call: Result<Heard, ShellError>| {
        match call {
            Ok(call) => heard.push(call),
            Err(error) => {
                progress.say(&format!(
                    "undertone: {}: {}; the figures are without it",
                    file.display(),
                    chain(&error)
                ));
                worst = worst.max(error.exit_code());
            }
        }
        progress.done(&file.display().to_string());
        Ok::<(), ShellError>(())
    };
    let delivered = batch::in_order(&pool(jobs)?, files, work, deliver);
    progress.finish();
    delivered.map(|()| (heard, worst))
}

/// The calibration as a section of a configuration, with what it rests on in comments.
fn written(
    ready: &Ready,
    heard: &[Heard],
    calibration: &Calibration,
) -> Result<String, ShellError> {
    let labelled = heard.iter().filter(|call| call.truth.is_some()).count();
    let mut text = String::new();
    let mut line = |words: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{words}");
    };
    line(format!(
        "# {} calls ({labelled} with truth), {:.2} call-hours in which nothing should happen.",
        calibration.calls, calibration.quiet_hours
    ));
    line(match calibration.callers {
        Some(callers) => format!(
            "# Rates are those of {callers} callers, each held against thresholds of the others."
        ),
        None => {
            "# Rates are those on these calls themselves: too low for other callers.".to_owned()
        }
    });
    line(format!(
        "# Model {}, sha256 {}.",
        ready.run.model, ready.run.model_sha256
    ));
    line(
        "# On these calls: alarms of a change to anger, of anger from hello, of a change to distress; found of the"
            .into(),
    );
    line("# calls that have an onset.".into());
    for row in &calibration.rows {
        let (kinds, found, onsets) = at(heard, row, ready.config.operating_point.cool_down_s);
        let found = if onsets > 0 {
            format!(", found {found} of {onsets}")
        } else {
            String::new()
        };
        line(format!(
            "#   {:>4} an hour: {kinds:?}{found}",
            row.per_call_hour
        ));
    }
    line("[operating_point]".into());
    let wanted = ready.config.operating_point.false_alarms_per_call_hour;
    let rate = if Calibrated::at(&calibration.rows, wanted).is_some() {
        wanted
    } else {
        calibration.rows[0].per_call_hour
    };
    line(format!("false_alarms_per_call_hour = {rate:?}"));
    line("calibration = [".into());
    for row in &calibration.rows {
        line(format!(
            "    {{ per_call_hour = {:?}, anger_sd = {:.3}, distress_sd = {:.3}, hello_sd = {:.3} }},",
            row.per_call_hour, row.anger_sd, row.distress_sd, row.hello_sd
        ));
    }
    line("]".into());
    Ok(text)
}

/// Alarms before the onset by detector, and the calls with an onset in which one came after it.
fn at(heard: &[Heard], row: &Calibrated, cool_down_s: f64) -> ([usize; 3], usize, usize) {
    let (mut kinds, mut found, mut onsets) = ([0; 3], 0, 0);
    for call in heard {
        let onset_s = call.truth.as_ref().and_then(|truth| truth.onset_s);
        let alarms = calls::alarms(&call.steps, row, cool_down_s);
        for (at_s, detector) in &alarms {
            let place = Detector::ALL.iter().position(|it| it == detector);
            if let (true, Some(place)) = (*at_s < call.quiet_s(), place) {
                kinds[place] += 1;
            }
        }
        onsets += usize::from(onset_s.is_some());
        let after = |(at_s, _): &(f64, Detector)| onset_s.is_some_and(|onset_s| *at_s >= onset_s);
        found += usize::from(alarms.iter().any(after));
    }
    (kinds, found, onsets)
}

/// A warning for a trigger, or a detector in the voice, that makes most of the escalations.
fn one_sided(heard: &[Heard]) -> Vec<String> {
    let mut triggers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut detectors: BTreeMap<&str, usize> = BTreeMap::new();
    for decided in heard.iter().flat_map(|call| &call.decided) {
        *triggers.entry(decided.trigger.name()).or_default() += 1;
        if decided.trigger == Trigger::Sentiment {
            *detectors.entry(decided.reason.name()).or_default() += 1;
        }
    }
    let most = |kind: &str, counts: &BTreeMap<&str, usize>| {
        let all: usize = counts.values().sum();
        let (name, count) = counts.iter().max_by_key(|(_, count)| **count)?;
        let share = *count as f64 / all as f64;
        (share > MOST_OF_ONE && all > 1).then(|| {
            format!(
                "{kind} `{name}` makes {:.0} % of {all} escalations, more than 70 %",
                100.0 * share
            )
        })
    };
    let spoken = heard
        .iter()
        .flat_map(|call| &call.decided)
        .any(|it| it.trigger != Trigger::Sentiment);
    // With sound alone there is one trigger only, and nothing to warn of.
    let triggers = spoken.then(|| most("the trigger", &triggers)).flatten();
    triggers
        .into_iter()
        .chain(most("in the voice, the reason", &detectors))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Reason;

    #[test]
    fn one_reason_that_makes_most_is_named() {
        use crate::shell::calls::Decided;
        let call = |reasons: &[Reason]| Heard {
            truth: None,
            seconds: 60.0,
            steps: Vec::new(),
            decided: reasons
                .iter()
                .map(|reason| Decided {
                    at_s: 1.0,
                    trigger: Trigger::Sentiment,
                    reason: *reason,
                })
                .collect(),
        };
        let mixed = call(&[Reason::Trend, Reason::Distress]);
        assert!(one_sided(std::slice::from_ref(&mixed)).is_empty());
        let warnings = one_sided(&[mixed, call(&[Reason::Trend; 6])]);
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].contains("`trend` makes 88 % of 8"),
            "{warnings:?}"
        );
    }
}
