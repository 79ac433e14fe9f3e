//! The whole configuration file of a server: what the engine does, and everything around it.

use super::config::{ServerConfig, TokenConfig, check_tokens};
use super::feed::FeedConfig;
use crate::config::EngineConfig;
use crate::error::BuildError;
use crate::shell::delivery::{self, DestinationConfig};
use crate::shell::otel::TelemetryConfig;
use crate::shell::store::StoreConfig;
use serde::{Deserialize, Serialize};

/// Everything that `undertone serve` is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The engine's sections.
    pub engine: EngineConfig,
    /// The server's sections.
    pub around: Around,
}

/// The server's sections.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Around {
    /// Where it listens, and how much it takes.
    pub server: ServerConfig,
    /// Which media servers are listened to.
    pub feed: FeedConfig,
    /// Where everything is stored.
    pub store: StoreConfig,
    /// Where traces go.
    pub telemetry: TelemetryConfig,
    /// Who may use it.
    #[serde(rename = "token", skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenConfig>,
    /// Who is told of escalations.
    #[serde(rename = "destination", skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<DestinationConfig>,
}

impl Settings {
    /// Reads and checks the TOML in `text`, which came from `file`.
    ///
    /// # Errors
    /// Names the file, the key, the value and the mend.
    pub fn parse(file: &str, text: &str) -> Result<Self, BuildError> {
        // The engine's own reading refuses every key at the top that nobody knows.
        let engine = EngineConfig::parse_beside(file, text, &SECTIONS)?;
        let around: Around = toml::from_str(text)
            .map_err(|error| BuildError::file(file, error.to_string().trim_end()))?;
        around.server.check(file)?;
        around.feed.check(file)?;
        around.store.check(file)?;
        around.telemetry.check(file)?;
        check_tokens(file, &around.tokens)?;
        delivery::check(&around.destinations, file)?;
        Ok(Self { engine, around })
    }

    /// The configuration in force, as TOML. Secrets are not in it.
    pub fn to_toml(&self) -> String {
        // Plain values under plain keys always serialise.
        let around = toml::to_string_pretty(&self.around).unwrap_or_default();
        format!("{}\n{around}", self.engine.to_toml())
    }
}

/// The sections at the top of the file that the engine leaves to the server.
pub use crate::shell::command::SERVER_SECTIONS as SECTIONS;

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../docs/undertone.toml");

    #[test]
    fn the_example_is_read_and_what_is_printed_is_read_again() {
        let settings = Settings::parse("undertone.toml", EXAMPLE).unwrap();
        assert_eq!(settings.around.server.max_calls, 500);
        let printed = settings.to_toml();
        assert_eq!(Settings::parse("printed.toml", &printed), Ok(settings));
        let engine = EngineConfig::parse_beside("undertone.toml", EXAMPLE, &SECTIONS);
        assert!(engine.is_ok(), "the other commands read it too: {engine:?}");
    }

    #[test]
    fn a_secret_is_not_printed() {
        let text = EXAMPLE.replace(
            "# ticket_key = ",
            "ticket_key = 'sesame-sesame-sesame-sesame-sesame' #",
        );
        let printed = Settings::parse("u.toml", &text).unwrap().to_toml();
        assert!(
            printed.contains("ticket_key") && !printed.contains("sesame"),
            "{printed}"
        );
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        let refuse = |text: String| Settings::parse("u.toml", &text).unwrap_err().to_string();
        assert!(refuse(format!("{EXAMPLE}\n[serve]")).contains("serve` is unknown"));
        let port = EXAMPLE.replace("max_calls = 500", "port = 8080");
        assert!(refuse(port).contains("port"));
        assert!(refuse("[server]\nnotice = 'told'".to_owned()).contains("undertone token"));
    }
}
