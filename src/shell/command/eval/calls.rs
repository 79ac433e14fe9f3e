//! `undertone eval calls`: escalations on calls whose truth is known.

use super::super::setup;
use super::super::tune::hear_all;
use super::args::CallsArgs;
use super::calls_picture::{self, Point};
use super::calls_score::{Group, quantile};
use super::table::{Cell, Column, Table};
use crate::model::Calibrated;
use crate::shell::calls::{Heard, alarms};
use crate::shell::error::ShellError;
use crate::shell::inputs;
use crate::shell::progress::Progress;
use std::collections::BTreeMap;

const COLUMNS: &[Column] = &[
    Column::new("declared_per_hour", "declared /h", 2),
    Column::new("scenario", "scenario", 0),
    Column::new("corpus", "corpus", 0),
    Column::new("calls", "calls", 0),
    Column::new("detected", "detected", 2),
    Column::new("detected_95", "95 %", 2),
    Column::new("delay_speech_s", "delay, s of speech", 1),
    Column::new("delay_speech_p90_s", "p90", 1),
    Column::new("delay_call_s", "delay, s of call", 1),
    Column::new("delay_call_p90_s", "p90", 1),
    Column::new("false_alarms", "false alarms", 0),
    Column::new("quiet_hours", "quiet h", 2),
    Column::new("false_per_hour", "false /h", 2),
    Column::new("false_per_hour_95", "95 %", 2),
    Column::new("reasons", "reasons of the first", 0),
];

/// Rates between the ends of the calibration, for the curves.
const CURVE_POINTS: usize = 25;

/// Hears every call at every declared rate, and scores what was decided.
///
/// # Errors
/// Usage, configuration, model, a rate outside the calibration, or calls without truth.
pub fn run(args: &CallsArgs) -> Result<(Table, u8), ShellError> {
    if let Some(path) = &args.plot {
        calls_picture::check(path)?;
    }
    let files = inputs::collect(&args.calls)?;
    let mut ready = setup::prepare(&args.setup)?;
    let declared = ready.config.operating_point.false_alarms_per_call_hour;
    let rates = if args.at.is_empty() {
        vec![declared]
    } else {
        args.at.clone()
    };
    // A rate that was never measured is refused before hours of work.
    for rate in &rates {
        ready.config.operating_point.false_alarms_per_call_hour = *rate;
        ready
            .config
            .operating_point
            .thresholds(ready.weights.card())?;
    }
    let (mut rows, mut notes, mut worst) = (Vec::new(), Vec::new(), 0);
    let mut last = Vec::new();
    for rate in rates {
        ready.config.operating_point.false_alarms_per_call_hour = rate;
        let (heard, code) = hear_all(&files, &ready, args.output.jobs, args.output.quiet)?;
        worst = worst.max(code);
        if let Some(place) = heard.iter().position(|call| call.truth.is_none()) {
            let why = format!(
                "{}: no truth beside it: a .json with scenario, onset_s and utterances is needed",
                files[place].display()
            );
            return Err(ShellError::Usage(why));
        }
        let mut groups: BTreeMap<(String, String), Vec<&Heard>> = BTreeMap::new();
        for call in &heard {
            let Some(truth) = &call.truth else { continue };
            let group = (truth.scenario.clone(), truth.corpus.clone());
            groups.entry(group).or_default().push(call);
        }
        for ((scenario, corpus), calls) in &groups {
            rows.push(row(rate, scenario, corpus, &Group::new(calls)));
        }
        let all: Vec<&Heard> = heard.iter().collect();
        rows.push(row(rate, "all", "all", &Group::new(&all)));
        last = heard;
    }
    notes.push("delays count misses as longer than any; false alarms come before the onset, or in a call without one".to_owned());
    if let Some(path) = &args.plot {
        let progress = Progress::new(CURVE_POINTS, args.output.quiet);
        let point = &ready.config.operating_point;
        let measured = if point.calibration.is_empty() {
            &ready.weights.card().calls.calibration
        } else {
            &point.calibration
        };
        let curve = curve(&last, measured, point.cool_down_s);
        progress.finish();
        calls_picture::write(path, &curve)?;
    }
    let table = Table {
        columns: COLUMNS,
        rows,
        notes,
    };
    Ok((table, worst))
}

fn row(rate: f64, scenario: &str, corpus: &str, group: &Group) -> Vec<Cell> {
    let speech = group.delays(|hit| hit.speech_s);
    let call = group.delays(|hit| hit.call_s);
    vec![
        Cell::Real(Some(rate)),
        scenario.into(),
        corpus.into(),
        group.calls().into(),
        group.detected().into(),
        group.detected_interval().into(),
        quantile(&speech, 0.5).into(),
        quantile(&speech, 0.9).into(),
        quantile(&call, 0.5).into(),
        quantile(&call, 0.9).into(),
        group.false_alarms().into(),
        Some(group.quiet_hours()).into(),
        group.false_per_hour().into(),
        group.false_interval().into(),
        Cell::Text(group.reasons()),
    ]
}

/// For each scenario with an onset: at a threshold, false alarms an hour over all calls, the share
/// detected, the median delay.
fn curve(heard: &[Heard], measured: &[Calibrated], cool_down_s: f64) -> Vec<(String, Vec<Point>)> {
    let Some((first, last)) = measured.first().zip(measured.last()) else {
        return Vec::new();
    };
    let (low, high) = (first.per_call_hour.ln(), last.per_call_hour.ln());
    let mut curves: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for step in 0..CURVE_POINTS {
        let share = step as f64 / (CURVE_POINTS - 1) as f64;
        let rate = (low + share * (high - low)).exp();
        let rate = rate.clamp(first.per_call_hour, last.per_call_hour);
        let Some(row) = Calibrated::at(measured, rate) else {
            continue;
        };
        let swept: Vec<Heard> = heard
            .iter()
            .map(|call| at(call, &row, cool_down_s))
            .collect();
        let all: Vec<&Heard> = swept.iter().collect();
        let Some(false_per_hour) = Group::new(&all).false_per_hour() else {
            continue;
        };
        let mut scenarios: BTreeMap<&str, Vec<&Heard>> = BTreeMap::new();
        for call in &swept {
            if let Some(truth) = call.truth.as_ref().filter(|truth| truth.onset_s.is_some()) {
                scenarios.entry(&truth.scenario).or_default().push(call);
            }
        }
        for (scenario, calls) in scenarios {
            let group = Group::new(&calls);
            let Some(detected) = group.detected() else {
                continue;
            };
            curves.entry(scenario.to_owned()).or_default().push(Point {
                false_per_hour,
                detected,
                delay_s: quantile(&group.delays(|hit| hit.speech_s), 0.5),
            });
        }
    }
    curves.into_iter().collect()
}

/// The call as it would have been at the thresholds of `row`.
fn at(call: &Heard, row: &Calibrated, cool_down_s: f64) -> Heard {
    let found = alarms(&call.steps, row, cool_down_s);
    Heard {
        steps: Vec::new(),
        decided: found.into_iter().map(Into::into).collect(),
        ..call.clone()
    }
}
