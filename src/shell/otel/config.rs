//! `[telemetry]`: where traces go.

use crate::error::BuildError;
use crate::shell::delivery::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `[telemetry]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// A collector's OTLP address over HTTP, such as `http://127.0.0.1:4318`; `/v1/traces` is added.
    /// Without it nothing is exported. Only in builds with the feature `otel`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp_endpoint: Option<String>,
    /// Headers of every export, such as `authorization`: values, or `env:NAME` or `file:PATH` where
    /// they are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub otlp_headers: BTreeMap<String, Secret>,
}

impl TelemetryConfig {
    /// # Errors
    /// Names the value that cannot be used, or the feature that this build lacks.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        let Some(endpoint) = &self.otlp_endpoint else {
            return match self.otlp_headers.keys().next() {
                None => Ok(()),
                Some(name) => {
                    let mend = "it goes nowhere without telemetry.otlp_endpoint; give both";
                    Err(BuildError::value(
                        file,
                        "telemetry.otlp_headers",
                        name,
                        mend,
                    ))
                }
            };
        };
        let wrong = |mend: &str| {
            let key = "telemetry.otlp_endpoint";
            Err(BuildError::value(file, key, endpoint, mend))
        };
        if !cfg!(feature = "otel") {
            return wrong(
                "this build exports no traces; build it with `--features otel`, or leave it out",
            );
        }
        let rest = endpoint.strip_prefix("http://");
        let rest = rest.or(endpoint.strip_prefix("https://"));
        match rest.is_some_and(|rest| !rest.is_empty() && !rest.ends_with('/')) {
            true => Ok(()),
            false => {
                wrong("give http:// or https://, the host and the port, without a slash at the end")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Option<String> {
        let config: TelemetryConfig = toml::from_str(text).unwrap();
        config.check("u.toml").err().map(|error| error.to_string())
    }

    #[test]
    fn an_address_is_refused_where_it_is_of_no_use() {
        assert_eq!(check(""), None);
        let good = check("otlp_endpoint = 'http://127.0.0.1:4318'");
        match cfg!(feature = "otel") {
            true => assert_eq!(good, None),
            false => assert!(good.unwrap().contains("--features otel")),
        }
        for wrong in ["127.0.0.1:4318", "http://", "http://a/"] {
            let error = check(&format!("otlp_endpoint = '{wrong}'")).unwrap();
            assert!(error.contains("telemetry.otlp_endpoint"), "{error}");
        }
        let alone = check("[otlp_headers]\nauthorization = 'env:X'").unwrap();
        assert!(alone.contains("give both"), "{alone}");
    }
}
