//! The thresholds of the `sentiment` trigger, in units that can be argued about.

use crate::error::BuildError;
use serde::{Deserialize, Serialize};

/// When the voice alone escalates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OperatingPoint {
    /// Shift of anger, in the caller's own standard deviations, that does not count: half of the
    /// smallest change worth finding.
    pub anger_drift_sd: f64,
    /// Evidence of anger that escalates, standard deviations × seconds of speech.
    pub anger_threshold_sd_s: f64,
    /// The same for distress.
    pub distress_drift_sd: f64,
    /// The same for distress.
    pub distress_threshold_sd_s: f64,
    /// Seconds of speech heard in all before the voice may escalate.
    pub min_speech_s: f64,
    /// Seconds of speech since the onset before the voice may escalate.
    pub min_onset_speech_s: f64,
    /// Seconds of calm speech before an onset that make it a `trend`; with fewer the caller was
    /// like this from hello, which is `sustained`.
    pub calm_before_trend_s: f64,
    /// Seconds of stream after an escalation without another from the voice.
    pub cool_down_s: f64,
}

impl Default for OperatingPoint {
    fn default() -> Self {
        Self {
            anger_drift_sd: 1.2,
            anger_threshold_sd_s: 14.0,
            distress_drift_sd: 1.5,
            distress_threshold_sd_s: 30.0,
            min_speech_s: 8.0,
            min_onset_speech_s: 4.0,
            calm_before_trend_s: 6.0,
            cool_down_s: 60.0,
        }
    }
}

impl OperatingPoint {
    /// # Errors
    /// When a value is outside its range.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        for (key, value, from, to) in [
            ("anger_drift_sd", self.anger_drift_sd, 0.1, 5.0),
            ("anger_threshold_sd_s", self.anger_threshold_sd_s, 1.0, 1e3),
            ("distress_drift_sd", self.distress_drift_sd, 0.1, 5.0),
            (
                "distress_threshold_sd_s",
                self.distress_threshold_sd_s,
                1.0,
                1e3,
            ),
            ("min_speech_s", self.min_speech_s, 2.0, 120.0),
            ("min_onset_speech_s", self.min_onset_speech_s, 0.5, 60.0),
            ("calm_before_trend_s", self.calm_before_trend_s, 1.0, 120.0),
            ("cool_down_s", self.cool_down_s, 0.0, 3_600.0),
        ] {
            BuildError::within(file, &format!("operating_point.{key}"), value, from, to)?;
        }
        Ok(())
    }
}
