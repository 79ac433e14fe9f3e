//! What the model's log odds are worth on calls: the part of its card that the decision reads.

use crate::error::BuildError;
use serde::{Deserialize, Serialize};

/// What was measured on calls.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// Which calls, with which configuration.
    pub on: String,
    /// What calm callers get.
    pub calm_log_odds: CalmLogOdds,
    /// The calibration: rates of false alarm, rising, and the thresholds that gave them.
    pub calibration: Vec<Calibrated>,
}

/// Mean log odds that the model gives calm callers.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalmLogOdds {
    /// Of anger.
    pub anger: f64,
    /// Of distress.
    pub distress: f64,
}

/// Thresholds of the three detectors in the voice, standard deviations, and the rate of false
/// alarms that they had together on the calls of the calibration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibrated {
    /// False alarms per call-hour.
    pub per_call_hour: f64,
    /// Strength of evidence of a change to anger that escalates.
    pub anger_sd: f64,
    /// Of a change to distress.
    pub distress_sd: f64,
    /// Of anger from hello.
    pub hello_sd: f64,
}

impl Calibrated {
    /// The same with all thresholds so many times as high.
    pub fn times(self, factor: f64) -> Self {
        let high = |sd: f64| (sd * factor * 1e3).round() / 1e3;
        Self {
            anger_sd: high(self.anger_sd),
            distress_sd: high(self.distress_sd),
            hello_sd: high(self.hello_sd),
            ..self
        }
    }

    /// The row of `rows` at `per_call_hour`, between two rows by the logarithm of the rate; none
    /// outside of them.
    pub fn at(rows: &[Self], per_call_hour: f64) -> Option<Self> {
        let above = rows
            .iter()
            .position(|row| row.per_call_hour >= per_call_hour)?;
        let high = rows[above];
        if high.per_call_hour <= per_call_hour {
            return Some(high);
        }
        let low = rows[above.checked_sub(1)?];
        let share = (per_call_hour / low.per_call_hour).ln()
            / (high.per_call_hour / low.per_call_hour).ln();
        let between = |from: f64, to: f64| from + share * (to - from);
        Some(Self {
            per_call_hour,
            anger_sd: between(low.anger_sd, high.anger_sd),
            distress_sd: between(low.distress_sd, high.distress_sd),
            hello_sd: between(low.hello_sd, high.hello_sd),
        })
    }

    /// Checks that `rows` can be read between: rates rise, thresholds fall, all are positive.
    ///
    /// # Errors
    /// Names the first row that does not fit.
    pub fn check(file: &str, key: &str, rows: &[Self]) -> Result<(), BuildError> {
        let wrong = |place: usize, row: &Self, mend: &str| {
            Err(BuildError::value(
                file,
                format!("{key}[{place}]"),
                format!("{row:?}"),
                mend,
            ))
        };
        for (place, row) in rows.iter().enumerate() {
            let numbers = [
                row.per_call_hour,
                row.anger_sd,
                row.distress_sd,
                row.hello_sd,
            ];
            if !numbers.iter().all(|x| (1e-3..=1e3).contains(x)) {
                return wrong(place, row, "numbers from 0.001 to 1000");
            }
            let Some(before) = place.checked_sub(1).map(|before| rows[before]) else {
                continue;
            };
            let falls = row.anger_sd <= before.anger_sd
                && row.distress_sd <= before.distress_sd
                && row.hello_sd <= before.hello_sd;
            if row.per_call_hour <= before.per_call_hour || !falls {
                return wrong(
                    place,
                    row,
                    "a higher rate at thresholds that are not higher",
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(per_call_hour: f64, sd: f64) -> Calibrated {
        Calibrated {
            per_call_hour,
            anger_sd: sd,
            distress_sd: sd / 2.0,
            hello_sd: sd / 4.0,
        }
    }

    #[test]
    fn between_two_rates_the_logarithm_decides_and_outside_there_is_nothing() {
        let rows = [row(0.1, 8.0), row(1.0, 4.0)];
        let middle = Calibrated::at(&rows, 0.1_f64.sqrt()).unwrap();
        assert!((middle.anger_sd - 6.0).abs() < 1e-9 && (middle.hello_sd - 1.5).abs() < 1e-9);
        assert_eq!(Calibrated::at(&rows, 0.1), Some(rows[0]));
        assert_eq!(Calibrated::at(&rows, 1.0), Some(rows[1]));
        assert_eq!(Calibrated::at(&rows, 0.05), None);
        assert_eq!(Calibrated::at(&rows, 2.0), None);
        assert_eq!(Calibrated::at(&[], 1.0), None);
    }

    #[test]
    fn rows_that_cannot_be_read_between_are_refused_by_place() {
        let check = |rows: &[Calibrated]| Calibrated::check("x.toml", "calibration", rows);
        assert!(check(&[row(0.1, 8.0), row(1.0, 4.0)]).is_ok());
        for rows in [
            [row(1.0, 8.0), row(0.1, 4.0)],
            [row(0.1, 4.0), row(1.0, 8.0)],
            [row(0.1, 8.0), row(f64::NAN, 4.0)],
        ] {
            let error = check(&rows).unwrap_err().to_string();
            assert!(error.contains("calibration[1]"), "{error}");
        }
    }
}
