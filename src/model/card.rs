//! A model's card: geometry, normalisation, labels, origin. The engine takes nothing on trust.

use super::MAX_CLASSES;
use super::calls::{Calibrated, Calls};
use crate::error::BuildError;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Table;

/// Order of the `affect` output that the engine reads.
const AFFECT: [&str; 4] = ["arousal", "anger", "distress", "confidence"];
/// Frames that are averaged into one step.
const FRAMES_PER_STEP: u32 = 2;

/// What stands in the `.toml` beside the weights.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// The model's name.
    pub name: String,
    /// The weights' version.
    pub version: String,
    /// The network in a line.
    pub architecture: String,
    /// Trained parameters.
    pub parameters: u64,
    /// ONNX operator set.
    pub opset: u32,
    /// SHA-256 of the `.onnx` file, lower-case hex.
    pub sha256: String,
    /// The weights' licence, which follows from the training data.
    pub licence: String,
    /// Rates and window lengths.
    pub rates: Rates,
    /// Input channels and their normalisation.
    pub input: Input,
    /// Output labels.
    pub output: Output,
    /// What its log odds are worth on calls.
    pub calls: Calls,
    /// What the weights were made from.
    pub training: Table,
    /// Measured figures, and what they were measured on.
    pub measured: Table,
    /// What the model cannot do.
    pub limits: Table,
}

/// Rates and window lengths.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// Analysis rates that the training features were computed at, Hz.
    pub analysis_hz: Vec<u32>,
    /// Length of a hop, ms.
    pub hop_ms: u32,
    /// Length of a step, ms: two hops.
    pub step_ms: u32,
    /// Steps of speech in a window.
    pub window_steps: usize,
    /// Steps of speech that must have been heard before the first reading.
    pub min_steps: usize,
    /// Time between readings, ms.
    pub interval_ms: u32,
}

/// Input channels and their normalisation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Channel names, in order.
    pub features: Vec<String>,
    /// Mean of each channel over the training callers: where a baseline starts from.
    pub population_mean: Vec<f32>,
    /// Standard deviation of each channel around the population's mean, over all training speech.
    pub population_sd: Vec<f32>,
    /// Weight of the population in a caller's baseline, in steps.
    pub shrink_steps: f32,
    /// Steps of speech that a caller's baseline is taken from.
    pub enrol_steps: usize,
    /// Normalised values are clipped to ± this.
    pub clip_sd: f32,
}

/// Output labels.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Labels of the `classes` output.
    pub classes: Vec<String>,
    /// Labels of the `affect` output.
    pub affect: Vec<String>,
    /// Whether the model claims valence.
    pub valence: bool,
}

impl ModelCard {
    /// Reads and checks the card in `text`, which came from `file`.
    ///
    /// # Errors
    /// When a key is missing, unknown, or disagrees with what this engine can serve.
    pub fn parse(file: &str, text: &str) -> Result<Self, BuildError> {
        let card: Self = toml::from_str(text).map_err(|error| {
            let message = error.message().to_string();
            BuildError::value(
                file,
                "card",
                message,
                "a card in the form of models/affect-open.toml",
            )
        })?;
        card.check(file)?;
        Ok(card)
    }

    /// Checks that `onnx` are the weights that this card speaks of.
    ///
    /// # Errors
    /// When the hash differs.
    pub fn check_weights(&self, file: &str, onnx: &[u8]) -> Result<(), BuildError> {
        let digest = Sha256::digest(onnx);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        if hex == self.sha256 {
            return Ok(());
        }
        Err(BuildError::value(
            file,
            "sha256",
            &self.sha256,
            format!("{hex}, the hash of the weights beside the card"),
        ))
    }

    /// Number of input channels.
    pub fn channels(&self) -> usize {
        self.input.features.len()
    }

    /// Whether an input is jitter, shimmer or CPP, which cost a tenth of all features.
    pub fn reads_perturbation(&self) -> bool {
        let measures = ["jitter", "shimmer", "cpp"];
        let reads = |input: &String| measures.iter().any(|measure| input.starts_with(measure));
        self.input.features.iter().any(reads)
    }

    /// Shape of a window: (steps, channels).
    pub fn window_shape(&self) -> (usize, usize) {
        (self.rates.window_steps, self.channels())
    }

    fn check(&self, file: &str) -> Result<(), BuildError> {
        let refuse =
            |key: &str, value: String, mend: &str| Err(BuildError::value(file, key, value, mend));
        let rates = &self.rates;
        if rates.hop_ms != 10 || rates.step_ms != rates.hop_ms * FRAMES_PER_STEP {
            let value = format!("{} and {}", rates.hop_ms, rates.step_ms);
            return refuse("rates.hop_ms and rates.step_ms", value, "10 and 20");
        }
        if !(10..=1_000).contains(&rates.window_steps) {
            return refuse(
                "rates.window_steps",
                rates.window_steps.to_string(),
                "10 to 1000",
            );
        }
        if rates.min_steps == 0 || rates.min_steps > rates.window_steps {
            return refuse(
                "rates.min_steps",
                rates.min_steps.to_string(),
                "1 to window_steps",
            );
        }
        if rates.interval_ms < 10 || !rates.interval_ms.is_multiple_of(10) {
            return refuse(
                "rates.interval_ms",
                rates.interval_ms.to_string(),
                "a multiple of 10",
            );
        }
        let channels = self.channels();
        let means = self.input.population_mean.len();
        if means != channels {
            let mend = format!("{channels} numbers, one a feature");
            return refuse("input.population_mean", format!("{means} numbers"), &mend);
        }
        let sds = &self.input.population_sd;
        if sds.len() != channels || sds.iter().any(|sd| !(*sd > 0.0 && sd.is_finite())) {
            let mend = format!("{channels} positive numbers, one a feature");
            return refuse("input.population_sd", format!("{sds:?}"), &mend);
        }
        if !(self.input.shrink_steps > 0.0 && self.input.clip_sd > 0.0) {
            let value = format!("{} and {}", self.input.shrink_steps, self.input.clip_sd);
            return refuse(
                "input.shrink_steps and input.clip_sd",
                value,
                "positive numbers",
            );
        }
        let classes = self.output.classes.len();
        if classes == 0 || classes > MAX_CLASSES {
            return refuse(
                "output.classes",
                format!("{classes} labels"),
                "1 to 8 labels",
            );
        }
        if self.output.affect != AFFECT {
            let value = format!("{:?}", self.output.affect);
            return refuse("output.affect", value, &format!("{AFFECT:?}"));
        }
        let calm = &self.calls.calm_log_odds;
        if ![calm.anger, calm.distress].iter().all(|x| x.abs() < 20.0) {
            let value = format!("{calm:?}");
            return refuse("calls.calm_log_odds", value, "log odds between -20 and 20");
        }
        Calibrated::check(file, "calls.calibration", &self.calls.calibration)?;
        super::context::channels_of(file, &self.input.features).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::super::AFFECT_OPEN;
    use super::*;

    #[test]
    fn the_bundled_card_belongs_to_the_bundled_weights() {
        let card = ModelCard::parse("affect-open.toml", AFFECT_OPEN.1).unwrap();
        card.check_weights("affect-open.onnx", AFFECT_OPEN.0)
            .unwrap();
        assert!(card.check_weights("other.onnx", b"other").is_err());
    }

    #[test]
    fn a_card_that_disagrees_is_refused_by_key() {
        let parse = |from: &str, to: &str| {
            assert!(AFFECT_OPEN.1.contains(from), "{from} is in the card");
            let text = AFFECT_OPEN.1.replacen(from, to, 1);
            ModelCard::parse("x.toml", &text).unwrap_err().to_string()
        };
        assert!(parse("step_ms = 20", "step_ms = 30").contains("step_ms"));
        assert!(parse("\"mel_00\"", "\"mel_99\"").contains("mel_99"));
        assert!(parse("\"mel_00\", ", "").contains("population_mean"));
        assert!(parse("\"arousal\", \"anger\"", "\"anger\", \"arousal\"").contains("affect"));
        assert!(parse("opset", "upset").contains("upset"));
        assert!(parse("anger = -3.0", "anger = nan").contains("calm_log_odds"));
        assert!(parse("min_steps = 50", "min_steps = 500").contains("min_steps"));
    }
}
