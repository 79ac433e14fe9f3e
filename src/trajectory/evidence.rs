//! What a reading and the voice's descriptors say together, as one number each for anger and for
//! distress.
//!
//! Weights are those of a linear discriminant with few terms. What they stand for is old: anger
//! moves energy above 1 kHz and makes speech louder in its stresses and quicker in its changes,
//! joy raises the pitch without that; sadness drawls (Banse & Scherer 1996).

use super::Voice;
use super::voice::{ARTICULATION, BALANCE, FLUX, LENGTHENING, PITCH, RANGE};
use crate::error::BuildError;
use serde::{Deserialize, Serialize};

/// How much each source counts, per standard deviation of the caller's own or per unit of the
/// model's log odds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceWeights {
    /// The model's log odds of anger against joy.
    pub anger_model: f64,
    /// Spectral balance (alpha ratio), for anger.
    pub anger_balance: f64,
    /// Spectral flux, for anger.
    pub anger_flux: f64,
    /// The range of levels within speech, for anger.
    pub anger_range: f64,
    /// Syllables drawn out, against anger.
    pub anger_lengthening: f64,
    /// Articulation rate, for anger.
    pub anger_rate: f64,
    /// The model's log odds of distress.
    pub distress_model: f64,
    /// Pitch, for distress.
    pub distress_pitch: f64,
    /// Spectral balance, against distress.
    pub distress_balance: f64,
    /// The range of levels within speech, against distress.
    pub distress_range: f64,
    /// Syllables drawn out, for distress.
    pub distress_lengthening: f64,
}

impl Default for EvidenceWeights {
    fn default() -> Self {
        Self {
            anger_model: 1.5,
            anger_balance: 2.0,
            anger_flux: 0.5,
            anger_range: 0.5,
            anger_lengthening: 1.5,
            anger_rate: 0.5,
            distress_model: 0.75,
            distress_pitch: 0.25,
            distress_balance: 0.25,
            distress_range: 0.5,
            distress_lengthening: 1.5,
        }
    }
}

/// Log odds away from calm that still count, below and above.
const MODEL_LIMITS: (f64, f64) = (-5.0, 5.0);
/// Standard deviations of a descriptor that still count, below and above.
const VOICE_LIMITS: (f64, f64) = (-3.0, 4.0);

impl EvidenceWeights {
    /// # Errors
    /// When a weight is outside its range.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        for (key, value) in [
            ("anger_model", self.anger_model),
            ("anger_balance", self.anger_balance),
            ("anger_flux", self.anger_flux),
            ("anger_range", self.anger_range),
            ("anger_lengthening", self.anger_lengthening),
            ("anger_rate", self.anger_rate),
            ("distress_model", self.distress_model),
            ("distress_pitch", self.distress_pitch),
            ("distress_balance", self.distress_balance),
            ("distress_range", self.distress_range),
            ("distress_lengthening", self.distress_lengthening),
        ] {
            BuildError::within(file, &format!("evidence.{key}"), value, 0.0, 5.0)?;
        }
        Ok(())
    }

    /// Evidence of anger: `model` is its log odds against joy.
    pub fn anger(&self, model: f64, voice: &Voice) -> f64 {
        self.anger_model * model.clamp(MODEL_LIMITS.0, MODEL_LIMITS.1)
            + self.anger_balance * moved(voice, BALANCE)
            + self.anger_flux * moved(voice, FLUX)
            + self.anger_range * moved(voice, RANGE)
            - self.anger_lengthening * moved(voice, LENGTHENING)
            + self.anger_rate * moved(voice, ARTICULATION)
    }

    /// Evidence of distress: `model` is its log odds above those of calm callers.
    pub fn distress(&self, model: f64, voice: &Voice) -> f64 {
        self.distress_model * model.clamp(MODEL_LIMITS.0, MODEL_LIMITS.1)
            + self.distress_pitch * moved(voice, PITCH)
            - self.distress_balance * moved(voice, BALANCE)
            - self.distress_range * moved(voice, RANGE)
            + self.distress_lengthening * moved(voice, LENGTHENING)
    }
}

fn moved(voice: &Voice, descriptor: usize) -> f64 {
    voice
        .deviation(descriptor)
        .unwrap_or(0.0)
        .clamp(VOICE_LIMITS.0, VOICE_LIMITS.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_voice_the_model_speaks_alone_and_within_limits() {
        let (weights, voice) = (EvidenceWeights::default(), Voice::new());
        assert_eq!(weights.anger(2.0, &voice), 3.0);
        assert_eq!(weights.anger(100.0, &voice), 7.5);
        assert_eq!(weights.distress(-100.0, &voice), -3.75);
        assert!(weights.check("x.toml").is_ok());
        let wild = EvidenceWeights {
            anger_flux: -1.0,
            ..weights
        };
        assert!(
            wild.check("x.toml")
                .unwrap_err()
                .to_string()
                .contains("evidence.anger_flux")
        );
    }
}
