//! How often thresholds are wrong on callers whom they were not made from.
//!
//! Thresholds that stand just above the peaks of some callers are too low for others: not because a
//! peak more or less is chance, but because a caller with an unusual voice gives many. So the
//! callers are parted in [`PARTS`]; each part is held against the thresholds of the others
//! (cross-validation, Stone 1974), and the rate is that of all parts together.

use super::calibrate::{quiet_hours, thresholds};
use super::{Heard, alarms};
use crate::model::Calibrated;
use std::collections::BTreeSet;

/// Parts of the callers.
const PARTS: usize = 5;
/// Fewer callers than this say nothing of others.
const LEAST_CALLERS: usize = 20;

/// The rows of `nominal` by the rate of callers who were left out, and how many callers there are;
/// none where it is not known who calls, or there are too few.
pub fn held_out(
    calls: &[Heard],
    nominal: &[Calibrated],
    cool_down_s: f64,
) -> Option<(Vec<Calibrated>, usize)> {
    let caller = |call: &Heard| {
        let truth = call.truth.as_ref()?;
        let known = !truth.speaker.is_empty();
        known.then(|| (truth.corpus.clone(), truth.speaker.clone()))
    };
    let each: Option<Vec<_>> = calls.iter().map(caller).collect();
    let each = each?;
    let callers: Vec<_> = each.iter().collect::<BTreeSet<_>>().into_iter().collect();
    if callers.len() < LEAST_CALLERS {
        return None;
    }
    let part = |caller| callers.binary_search(&caller).unwrap_or(0) % PARTS;
    let parts: Vec<usize> = each.iter().map(part).collect();
    let mut wrong = vec![0_usize; nominal.len()];
    for left_out in 0..PARTS {
        let others = calls.iter().zip(&parts).filter(|(_, it)| **it != left_out);
        let others: Vec<&Heard> = others.map(|(call, _)| call).collect();
        let rows = thresholds(&others, cool_down_s);
        let mut thresholds = nominal.iter().zip(&mut wrong);
        // A row of the same place in the list; the others are too few for the rarest rates.
        let same = |row: &Calibrated| {
            let alike = |it: &&Calibrated| it.per_call_hour == row.per_call_hour;
            let place = nominal.iter().filter(alike).position(|it| it == row)?;
            rows.iter().filter(alike).nth(place)
        };
        thresholds.try_for_each(|(row, wrong)| {
            let row = same(row).or(rows.get(nearest(row, &rows)))?;
            let out = calls.iter().zip(&parts).filter(|(_, it)| **it == left_out);
            for (call, _) in out {
                let found = alarms(&call.steps, row, cool_down_s);
                let quiet_s = call.quiet_s();
                *wrong += found.iter().filter(|(at_s, _)| *at_s < quiet_s).count();
            }
            Some(())
        })?;
    }
    let hours = quiet_hours(&calls.iter().collect::<Vec<_>>());
    Some((named(nominal, &wrong, hours), callers.len()))
}

/// The place of the strictest row that is at least as lenient.
fn nearest(row: &Calibrated, rows: &[Calibrated]) -> usize {
    let lenient = |it: &Calibrated| it.per_call_hour >= row.per_call_hour;
    rows.iter().position(lenient).unwrap_or(rows.len() - 1)
}

/// Rows with their measured rates, rising. No rate is claimed that is under one alarm in all hours,
/// or under the rate on the calls themselves; of rows with one rate the most lenient stays.
fn named(nominal: &[Calibrated], wrong: &[usize], hours: f64) -> Vec<Calibrated> {
    let mut rows: Vec<Calibrated> = Vec::new();
    for (row, wrong) in nominal.iter().zip(wrong) {
        let rate = (*wrong).max(1) as f64 / hours;
        let before = rows.last().map_or(0.0, |row| row.per_call_hour);
        let rate = rate.max(row.per_call_hour).max(before);
        // Two digits: more would say more than was measured.
        let digits = 10_f64.powi(1 - rate.log10().floor() as i32);
        let per_call_hour = ((rate * digits).ceil() / digits).max(before);
        if per_call_hour == before {
            rows.pop();
        }
        rows.push(Calibrated {
            per_call_hour,
            ..*row
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::calls::{Step, Truth};
    use crate::trajectory::PointEvidence;

    /// Half-hour calls of `speakers`, each with a peak every minute as high as the speaker's place.
    fn calls(speakers: usize) -> Vec<Heard> {
        let call = |speaker: usize| Heard {
            truth: Some(Truth {
                scenario: "calm".to_owned(),
                corpus: "made".to_owned(),
                speaker: format!("{speaker:03}"),
                onset_s: None,
                utterances: Vec::new(),
            }),
            seconds: 1_800.0,
            steps: (0..1_800)
                .map(|second| Step {
                    at_s: f64::from(second),
                    evidence: PointEvidence {
                        anger: if second % 120 == 60 {
                            speaker as f32 / 10.0
                        } else {
                            0.0
                        },
                        ..PointEvidence::default()
                    },
                })
                .collect(),
            decided: Vec::new(),
        };
        (0..speakers).map(call).collect()
    }

    #[test]
    fn a_caller_louder_than_all_others_is_counted_against_thresholds_without_him() {
        let calls = calls(40);
        let all: Vec<&Heard> = calls.iter().collect();
        let nominal = thresholds(&all, 60.0);
        let (rows, callers) = held_out(&calls, &nominal, 60.0).unwrap();
        assert_eq!(callers, 40);
        assert!(Calibrated::check("x", "rows", &rows).is_ok(), "{rows:?}");
        // The strictest row on the calls themselves has one alarm in twenty hours. Without the two
        // loudest, who stand in different parts, each of their peaks is over it.
        let own = nominal.iter().find(|row| row.per_call_hour > 0.0).unwrap();
        let measured = rows
            .iter()
            .find(|row| row.anger_sd == own.anger_sd)
            .unwrap();
        assert!(measured.per_call_hour >= 15.0 / 20.0, "{measured:?}");
        assert!(held_out(&calls[..10], &nominal, 60.0).is_none(), "too few");
    }
}
