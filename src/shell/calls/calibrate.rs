//! Thresholds for a wanted rate of false alarms.

use super::{Detector, Heard, Step, alarms};
use crate::model::Calibrated;
use crate::trajectory::PointEvidence;

/// Rates that people ask for, per call-hour.
const RATES: [f64; 8] = [0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];
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
}

/// Thresholds at which the voice gives at most so many alarms where nothing should happen, for
/// each rate that the calls are long enough to show.
///
/// Thresholds stand just above a peak of some call. From the strictest on, that detector gives way
/// which finds the most further calls for a further false alarm; where none finds any, as without
/// truth, that which was wrong least often so far.
pub fn calibrate(calls: &[Heard], cool_down_s: f64) -> Calibration {
    let quiet: Vec<Vec<Step>> = calls.iter().map(quiet_steps).collect();
    let quiet_hours = calls.iter().map(Heard::quiet_s).sum::<f64>() / 3_600.0;
    let search = Search {
        calls,
        peaks: Detector::ALL.map(|detector| peaks(&quiet, detector)),
        quiet,
        cool_down_s,
    };
    let (mut rows, mut places) = (Vec::new(), [0; 3]);
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
    Calibration {
        rows,
        quiet_hours,
        calls: calls.len(),
    }
}

/// How many peaks further down a detector looks for something to find.
const LOOK_AHEAD: usize = 6;

struct Search<'a> {
    calls: &'a [Heard],
    quiet: Vec<Vec<Step>>,
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
        for (_, detector) in self
            .quiet
            .iter()
            .flat_map(|it| alarms(it, &row, self.cool_down_s))
        {
            of_each[detector as usize] += 1;
        }
        let found = |call: &&Heard| {
            let onset_s = call.truth.as_ref().and_then(|truth| truth.onset_s);
            onset_s.is_some_and(|onset_s| {
                let alarms = alarms(&call.steps, &row, self.cool_down_s);
                alarms.iter().any(|(at_s, _)| *at_s >= onset_s)
            })
        };
        Outcome {
            alarms: of_each.iter().sum(),
            of_each,
            found: self.calls.iter().filter(found).count(),
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
