//! Thresholds for a wanted rate of false alarms.

use super::held_out::held_out;
use super::{Detector, Heard, Step, alarms};
use crate::model::Calibrated;
use crate::trajectory::PointEvidence;

/// Rates on the calls themselves that thresholds are looked for at, per call-hour.
const RATES: [f64; 9] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];
/// Thresholds so far above the highest peak of all: for rates too low for these calls to show.
const MARGINS: [f64; 3] = [1.5, 1.25, 1.1];
/// Thresholds per standard deviation: three decimals are written.
const STEPS_PER_SD: f64 = 1e3;
/// A threshold under this is none.
const LEAST_SD: f64 = 0.1;

/// Rates and thresholds, and what they rest on.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// Rows, rates rising.
    pub rows: Vec<Calibrated>,
    /// Hours in which nothing should have happened.
    pub quiet_hours: f64,
    /// Calls.
    pub calls: usize,
    /// Callers on whom the rates were measured, each with thresholds of the others; none where
    /// there are too few, and the rates are those on the calls themselves.
    pub callers: Option<usize>,
}

/// Thresholds at which the voice gives at most so many alarms where nothing should happen, for
/// each rate that the calls are long enough to show.
///
/// Thresholds stand just above a peak of some call. From the strictest on, that detector gives way
/// which finds the most further calls for a further false alarm; where none finds any, as without
/// truth, that which was wrong least often so far.
///
/// Where it is known who calls, the rate of a row is the one that callers had whom its thresholds
/// were not made from (`held_out.rs`): on its own calls it comes out too low.
pub fn calibrate(calls: &[Heard], cool_down_s: f64) -> Calibration {
    let all: Vec<&Heard> = calls.iter().collect();
    let quiet_hours = quiet_hours(&all);
    let nominal = thresholds(&all, cool_down_s);
    let (rows, callers) = match held_out(calls, &nominal, cool_down_s) {
        Some((rows, callers)) => (rows, Some(callers)),
        None => {
            let shown = |row: &&Calibrated| row.per_call_hour > 0.0;
            (nominal.iter().filter(shown).copied().collect(), None)
        }
    };
    Calibration {
        rows,
        quiet_hours,
        calls: calls.len(),
        callers,
    }
}

/// Hours in which nothing should happen.
pub(super) fn quiet_hours(calls: &[&Heard]) -> f64 {
    calls.iter().map(|call| call.quiet_s()).sum::<f64>() / 3_600.0
}

/// Thresholds by the rate that they have on `calls` themselves: first those above every peak, with
/// the rate 0, then one row for each rate that the calls can show.
pub(super) fn thresholds(calls: &[&Heard], cool_down_s: f64) -> Vec<Calibrated> {
    let quiet_hours = quiet_hours(calls);
    let quiet: Vec<Vec<Step>> = calls.iter().map(|call| quiet_steps(call)).collect();
    let search = Search {
        calls,
        peaks: Detector::ALL.map(|detector| peaks(&quiet, detector)),
        reach: calls.iter().map(|call| reach(&call.steps)).collect(),
        quiet_reach: quiet.iter().map(|steps| reach(steps)).collect(),
        quiet,
        cool_down_s,
    };
    let mut places = [0; 3];
    let above = search.row(places, 0.0);
    let mut rows = MARGINS.map(|margin| above.times(margin)).to_vec();
    let mut now = search.outcome(places);
    for rate in RATES {
        let allowed = (rate * quiet_hours) as usize;
        if allowed == 0 || now.alarms > allowed {
            continue;
        }
        while let Some((further, outcome)) = search.step(places, &now, allowed) {
            (places, now) = (further, outcome);
        }
        // Where every peak is passed already there is no more to learn.
        if search.exhausted(places) && now.alarms < allowed {
            break;
        }
        rows.push(search.row(places, rate));
    }
    rows
}

/// How many peaks further down a detector looks for something to find.
const LOOK_AHEAD: usize = 6;

struct Search<'a> {
    calls: &'a [&'a Heard],
    quiet: Vec<Vec<Step>>,
    /// The strongest evidence of each detector, a call, and a call while it is quiet.
    reach: Vec<[f64; 3]>,
    quiet_reach: Vec<[f64; 3]>,
    /// Of each detector, one a call, strongest first.
    peaks: [Vec<f64>; 3],
    cool_down_s: f64,
}

/// What thresholds bring.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    alarms: usize,
    of_each: [usize; 3],
    found: usize,
}

impl Search<'_> {
    /// Thresholds just above the peak at each detector's place.
    fn row(&self, places: [usize; 3], per_call_hour: f64) -> Calibrated {
        let [anger_sd, hello_sd, distress_sd] = [0, 1, 2].map(|detector| {
            let peak = self.peaks[detector].get(places[detector]);
            // The next step above the peak: rounded to the nearest it could lie under it.
            let step = (peak.copied().unwrap_or(0.0) * STEPS_PER_SD).floor() + 1.0;
            (step / STEPS_PER_SD).max(LEAST_SD)
        });
        Calibrated {
            per_call_hour,
            anger_sd,
            distress_sd,
            hello_sd,
        }
    }

    /// Whether no detector can give way any further.
    fn exhausted(&self, places: [usize; 3]) -> bool {
        let ends = self.peaks.iter().zip(places);
        ends.into_iter().all(|(peaks, place)| place >= peaks.len())
    }

    fn outcome(&self, places: [usize; 3]) -> Outcome {
        let row = self.row(places, 1.0);
        let mut of_each = [0; 3];
        // Most calls reach no threshold, and need not be gone through.
        let reaches = |reach: &[f64; 3]| {
            let each = Detector::ALL.iter().zip(reach);
            each.into_iter()
                .any(|(detector, most)| *most >= detector.threshold(&row))
        };
        for (steps, reach) in self.quiet.iter().zip(&self.quiet_reach) {
            if reaches(reach) {
                for (_, detector) in alarms(steps, &row, self.cool_down_s) {
                    of_each[detector as usize] += 1;
                }
            }
        }
        let found = |(call, reach): &(&&Heard, &[f64; 3])| {
            let onset_s = call.truth.as_ref().and_then(|truth| truth.onset_s);
            onset_s.is_some_and(|onset_s| {
                reaches(reach)
                    && alarms(&call.steps, &row, self.cool_down_s)
                        .iter()
                        .any(|(at_s, _)| *at_s >= onset_s)
            })
        };
        Outcome {
            alarms: of_each.iter().sum(),
            of_each,
            found: self.calls.iter().zip(&self.reach).filter(found).count(),
        }
    }

    /// The best next step within `allowed` alarms; none where there is none.
    fn step(
        &self,
        from: [usize; 3],
        now: &Outcome,
        allowed: usize,
    ) -> Option<([usize; 3], Outcome)> {
        let mut best: Option<(f64, usize, [usize; 3], Outcome)> = None;
        for detector in 0..3 {
            for ahead in 1..=LOOK_AHEAD {
                let mut places = from;
                places[detector] += ahead;
                if places[detector] > self.peaks[detector].len() {
                    break;
                }
                let outcome = self.outcome(places);
                if outcome.alarms > allowed {
                    break;
                }
                let gain = outcome.found.saturating_sub(now.found) as f64;
                let worth = gain / (outcome.alarms.saturating_sub(now.alarms).max(1)) as f64;
                let wrong = now.of_each[detector];
                let better = best.as_ref().is_none_or(|(most, fewest, ..)| {
                    worth > *most || worth == *most && wrong < *fewest
                });
                if better {
                    best = Some((worth, wrong, places, outcome));
                }
            }
        }
        best.map(|(.., places, outcome)| (places, outcome))
    }
}

fn quiet_steps(call: &Heard) -> Vec<Step> {
    let until_s = call.quiet_s();
    let quiet = call.steps.iter().filter(|step| step.at_s < until_s);
    quiet.copied().collect()
}

/// The strongest evidence in each call, strongest call first.
fn peaks(calls: &[Vec<Step>], detector: Detector) -> Vec<f64> {
    let strength = |step: &Step| detector.strength(&step.evidence);
    let peak = |steps: &Vec<Step>| steps.iter().map(strength).fold(0.0, f64::max);
    let mut peaks: Vec<f64> = calls.iter().map(peak).collect();
    peaks.sort_by(|a, b| b.total_cmp(a));
    peaks
}

/// The strongest evidence of each detector.
fn reach(steps: &[Step]) -> [f64; 3] {
    Detector::ALL.map(|detector| {
        let strength = |step: &Step| detector.strength(&step.evidence);
        steps.iter().map(strength).fold(0.0, f64::max)
    })
}

/// Whether any evidence at all was seen: calls in which nobody speaks calibrate nothing.
pub fn is_heard(call: &Heard) -> bool {
    call.steps
        .iter()
        .any(|step| step.evidence != PointEvidence::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls of half an hour whose peaks are 1, 2, 3 … standard deviations.
    fn calls(count: u32) -> Vec<Heard> {
        let call = |n: u32| Heard {
            truth: None,
            seconds: 1_800.0,
            steps: (0..100)
                .map(|i| Step {
                    at_s: f64::from(i),
                    evidence: PointEvidence {
                        anger: if i == 50 { (n + 1) as f32 } else { 0.0 },
                        ..PointEvidence::default()
                    },
                })
                .collect(),
            decided: Vec::new(),
        };
        (0..count).map(call).collect()
    }

    #[test]
    fn each_rate_is_kept_and_one_that_the_hours_cannot_show_is_not_claimed() {
        let calls = calls(20);
        let calibration = calibrate(&calls, 60.0);
        assert_eq!((calibration.quiet_hours, calibration.calls), (10.0, 20));
        assert_eq!(calibration.callers, None);
        let rates: Vec<f64> = calibration
            .rows
            .iter()
            .map(|row| row.per_call_hour)
            .collect();
        assert_eq!(rates, [0.1, 0.2, 0.5, 1.0, 2.0]);
        for row in &calibration.rows {
            let alarms: usize = calls
                .iter()
                .map(|c| alarms(&c.steps, row, 60.0).len())
                .sum();
            assert_eq!(alarms, (row.per_call_hour * 10.0) as usize, "{row:?}");
        }
        assert!(Calibrated::check("x", "rows", &calibration.rows).is_ok());
        assert!(is_heard(&calls[0]));
    }
}
