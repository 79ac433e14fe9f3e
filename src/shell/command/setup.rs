//! Configuration and model, as the flags name them.

use crate::config::EngineConfig;
use crate::shell::cli::Setup;
use crate::shell::error::ShellError;
use crate::shell::output::record::Run;
#[cfg(feature = "serve")]
use crate::shell::server::settings::Settings;
use crate::shell::weights::Weights;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

/// The sections of the configuration file that are the server's. Commands that serve nobody leave
/// them aside, so that one file is enough.
pub const SERVER_SECTIONS: [&str; 6] = [
    "server",
    "feed",
    "token",
    "store",
    "destination",
    "telemetry",
];

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
    let (config, toml) = configuration(setup.config.as_deref())?;
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
        config_sha256: sha256(&toml),
        backend: model.backend().to_owned(),
        notice: card.licence.clone(),
        labels: card.output.classes.clone(),
        many: false,
        written: None,
    };
    weights.give_back(model);
    if setup.model.is_some() {
        // Weights that somebody names may not be free: whoever starts them is told.
        eprintln!("undertone: model {}: {}", run.model, run.notice);
    }
    Ok(Ready {
        config,
        weights,
        run,
    })
}

/// The effective configuration, also as TOML.
pub fn configuration(file: Option<&Path>) -> Result<(EngineConfig, String), ShellError> {
    let config = match file {
        None => EngineConfig::default(),
        Some(path) => {
            let text = read(path)?;
            EngineConfig::parse_beside(&path.display().to_string(), &text, &SERVER_SECTIONS)?
        }
    };
    let toml = config.to_toml();
    Ok((config, toml))
}

/// The whole configuration of a server, and the name of its file.
///
/// # Errors
/// [`ShellError::Usage`] where no file is named, [`ShellError::Open`] or [`ShellError::Build`] for
/// what is in it.
#[cfg(feature = "serve")]
pub fn settings(setup: &Setup) -> Result<(Settings, String), ShellError> {
    let Some(path) = &setup.config else {
        let mend = "name the configuration with --config FILE; `undertone serve --help` has one";
        return Err(ShellError::Usage(mend.to_owned()));
    };
    let text = read(path)?;
    let file = path.display().to_string();
    Ok((Settings::parse(&file, &text)?, file))
}

fn read(path: &Path) -> Result<String, ShellError> {
    fs::read_to_string(path).map_err(|source| ShellError::Open {
        path: path.to_owned(),
        source,
    })
}

/// Whether the file at `path` is that of a server.
#[cfg(feature = "serve")]
pub fn serves(setup: &Setup) -> Result<bool, ShellError> {
    let Some(path) = &setup.config else {
        return Ok(false);
    };
    let table: toml::Table = toml::from_str(&read(path)?).unwrap_or_default();
    Ok(SERVER_SECTIONS.iter().any(|name| table.contains_key(*name)))
}

/// What outputs name a configuration by.
pub fn config_sha256(config: &EngineConfig) -> String {
    sha256(&config.to_toml())
}

fn sha256(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
