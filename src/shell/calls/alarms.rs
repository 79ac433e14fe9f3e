//! What the voice would have done at other thresholds: the decision's own rules, over a trace.

use super::{Decided, Step};
use crate::decision::{REARM, Reason, Trigger};
use crate::model::Calibrated;
use crate::trajectory::PointEvidence;

/// The three detectors in the voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detector {
    /// A change to anger.
    Anger,
    /// Anger from hello.
    Hello,
    /// A change to distress.
    Distress,
}

impl Detector {
    /// In the order in which they are asked.
    pub const ALL: [Self; 3] = [Self::Anger, Self::Hello, Self::Distress];

    /// Its part of the evidence.
    pub fn strength(self, evidence: &PointEvidence) -> f64 {
        match self {
            Self::Anger => evidence.anger.into(),
            Self::Hello => evidence.hello.into(),
            Self::Distress => evidence.distress.into(),
        }
    }

    /// Its threshold.
    pub fn threshold(self, row: &Calibrated) -> f64 {
        match self {
            Self::Anger => row.anger_sd,
            Self::Hello => row.hello_sd,
            Self::Distress => row.distress_sd,
        }
    }
}

impl From<(f64, Detector)> for Decided {
    /// An alarm as a decision, for figures that do not ask whether anger was there from hello.
    fn from((at_s, detector): (f64, Detector)) -> Self {
        Self {
            at_s,
            trigger: Trigger::Sentiment,
            reason: match detector {
                Detector::Anger => Reason::Trend,
                Detector::Hello => Reason::Sustained,
                Detector::Distress => Reason::Distress,
            },
        }
    }
}

/// When each detector fires at the thresholds of `row`, with a pause of `cool_down_s` after each.
/// The decision itself does the same (`tests/calls.rs` holds the two to each other).
pub fn alarms(steps: &[Step], row: &Calibrated, cool_down_s: f64) -> Vec<(f64, Detector)> {
    let mut fired = [false; Detector::ALL.len()];
    let mut found: Vec<(f64, Detector)> = Vec::new();
    for step in steps {
        let mut first = None;
        for (detector, fired) in Detector::ALL.into_iter().zip(&mut fired) {
            let strength = detector.strength(&step.evidence);
            let threshold = detector.threshold(row);
            *fired &= strength >= REARM * threshold;
            if strength >= threshold && !*fired {
                first = first.or(Some(detector));
            }
        }
        let cooling = found
            .last()
            .is_some_and(|(at_s, _)| step.at_s - at_s < cool_down_s);
        let Some(detector) = first.filter(|_| !cooling) else {
            continue;
        };
        // One anger, whichever of the two saw it.
        let together: &[usize] = if detector == Detector::Distress {
            &[2]
        } else {
            &[0, 1]
        };
        together.iter().for_each(|place| fired[*place] = true);
        found.push((step.at_s, detector));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(sd: f64) -> Calibrated {
        Calibrated {
            per_call_hour: 1.0,
            anger_sd: sd,
            distress_sd: sd,
            hello_sd: sd,
        }
    }

    #[test]
    fn a_detector_waits_for_the_cool_down_and_for_half_of_its_threshold() {
        let anger = |at_s: f64, anger: f32| Step {
            at_s,
            evidence: PointEvidence {
                anger,
                ..PointEvidence::default()
            },
        };
        // It never falls to half: one alarm, however long it stays.
        let steps: Vec<_> = (0..200)
            .map(|i| anger(f64::from(i), if i < 10 { 0.0 } else { 3.0 }))
            .collect();
        assert_eq!(alarms(&steps, &row(2.0), 60.0), [(10.0, Detector::Anger)]);
        // Away and back inside the cool-down: the second comes when that is over.
        let back: Vec<_> = (0..100)
            .map(|i| anger(f64::from(i), if i == 20 { 0.0 } else { 3.0 }))
            .collect();
        let found = alarms(&back, &row(2.0), 60.0);
        assert_eq!(found, [(0.0, Detector::Anger), (60.0, Detector::Anger)]);
    }
}
