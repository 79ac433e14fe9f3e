//! How often the voice may be wrong, and what follows from it.

use crate::error::BuildError;
use crate::model::{Calibrated, ModelCard};
use serde::{Deserialize, Serialize};

/// When the voice alone escalates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OperatingPoint {
    /// False alarms by the voice in an hour of call, on calls like those of the calibration.
    pub false_alarms_per_call_hour: f64,
    /// Seconds of speech heard in all before the voice may escalate.
    pub min_speech_s: f64,
    /// Seconds of speech since the onset before the voice may escalate.
    pub min_onset_speech_s: f64,
    /// Seconds of calm speech before an onset that make it a `trend`; with fewer the caller was
    /// like this from hello, which is `sustained`.
    pub calm_before_trend_s: f64,
    /// Seconds of stream after an escalation without another from the voice.
    pub cool_down_s: f64,
    /// Rates and thresholds measured on calls of your own (`undertone tune`), in place of those of
    /// the model's card.
    pub calibration: Vec<Calibrated>,
}

impl Default for OperatingPoint {
    fn default() -> Self {
        Self {
            false_alarms_per_call_hour: 0.5,
            min_speech_s: 8.0,
            min_onset_speech_s: 4.0,
            calm_before_trend_s: 6.0,
            cool_down_s: 60.0,
            calibration: Vec::new(),
        }
    }
}

impl OperatingPoint {
    /// # Errors
    /// When a value is outside its range.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        for (key, value, from, to) in [
            (
                "false_alarms_per_call_hour",
                self.false_alarms_per_call_hour,
                1e-3,
                1e3,
            ),
            ("min_speech_s", self.min_speech_s, 2.0, 120.0),
            ("min_onset_speech_s", self.min_onset_speech_s, 0.5, 60.0),
            ("calm_before_trend_s", self.calm_before_trend_s, 1.0, 120.0),
            ("cool_down_s", self.cool_down_s, 0.0, 3_600.0),
        ] {
            BuildError::within(file, &format!("operating_point.{key}"), value, from, to)?;
        }
        Calibrated::check(file, "operating_point.calibration", &self.calibration)
    }

    /// The thresholds at the declared rate, by the own calibration or that of the model's card.
    ///
    /// # Errors
    /// When the rate is outside what was measured.
    pub fn thresholds(&self, card: &ModelCard) -> Result<Calibrated, BuildError> {
        let (file, rows) = if self.calibration.is_empty() {
            (card.name.as_str(), &card.calls.calibration)
        } else {
            ("config", &self.calibration)
        };
        Calibrated::at(rows, self.false_alarms_per_call_hour).ok_or_else(|| {
            let rates = rows.first().zip(rows.last());
            let mend = match rates {
                None => "a calibration: none came with this model; make one with `undertone tune`"
                    .to_owned(),
                Some((low, high)) => format!(
                    "{} to {}, the rates that were measured; `undertone tune` measures others",
                    low.per_call_hour, high.per_call_hour
                ),
            };
            BuildError::value(
                file,
                "operating_point.false_alarms_per_call_hour",
                self.false_alarms_per_call_hour.to_string(),
                mend,
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AFFECT_OPEN;

    #[test]
    fn a_rate_that_was_not_measured_is_refused_and_the_own_calibration_comes_first() {
        let card = ModelCard::parse("affect-open.toml", AFFECT_OPEN.1).unwrap();
        let mut point = OperatingPoint::default();
        assert!(point.thresholds(&card).unwrap().anger_sd > 1.0);
        point.false_alarms_per_call_hour = 900.0;
        let error = point.thresholds(&card).unwrap_err().to_string();
        assert!(
            error.contains("900") && error.contains("undertone tune"),
            "{error}"
        );
        let own = Calibrated {
            per_call_hour: 900.0,
            anger_sd: 1.5,
            distress_sd: 1.0,
            hello_sd: 1.0,
        };
        point.calibration.push(own);
        assert_eq!(point.thresholds(&card), Ok(own));
    }
}
