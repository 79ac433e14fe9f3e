//! Configuration and model, as the flags name them.

use crate::config::EngineConfig;
use crate::shell::cli::Setup;
use crate::shell::error::ShellError;
use crate::shell::output::record::Run;
use crate::shell::weights::Weights;
use sha2::{Digest, Sha256};
use std::fs;

/// Everything that is the same for every file.
pub struct Ready {
    /// The effective configuration.
    pub config: EngineConfig,
    /// The model.
    pub weights: Weights,
    /// What every output says of configuration and model.
    pub run: Run,
}

/// Reads the configuration and loads the model.
///
/// # Errors
/// [`ShellError::Open`] or [`ShellError::Build`] for the configuration, [`ShellError::Model`] for
/// the model.
pub fn prepare(setup: &Setup) -> Result<Ready, ShellError> {
    let (config, toml) = configuration(setup)?;
    let weights = Weights::open(
        setup.model.as_deref(),
        setup.backend,
        setup.onnxruntime.as_deref(),
    )?;
    let model = weights.take()?;
    let card = weights.card();
    let run = Run {
        model: format!("{} {}", card.name, card.version),
        model_sha256: card.sha256.clone(),
        config_sha256: hexadecimal(&Sha256::digest(toml.as_bytes())),
        backend: model.backend().to_owned(),
        notice: card.licence.clone(),
        labels: card.output.classes.clone(),
        many: false,
    };
    weights.give_back(model);
    Ok(Ready {
        config,
        weights,
        run,
    })
}

/// The effective configuration, also as TOML.
pub fn configuration(setup: &Setup) -> Result<(EngineConfig, String), ShellError> {
    let config = match &setup.config {
        None => EngineConfig::default(),
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|source| ShellError::Open {
                path: path.clone(),
                source,
            })?;
            EngineConfig::parse(&path.display().to_string(), &text)?
        }
    };
    let toml = config.to_toml();
    Ok((config, toml))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
