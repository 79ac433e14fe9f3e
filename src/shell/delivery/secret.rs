//! Secrets: where they come from, and that they are never printed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::path::Path;

/// The most bytes of a file that holds a secret.
const MAX_FILE: usize = 64 << 10;

/// A secret, or where it is: `env:NAME`, `file:PATH`, or the text itself. Printing shows a
/// reference as it is and a text not at all.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// From `text`, as it stands in the configuration.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, without white space around it. A file is read each time, so that
    /// another program may renew it.
    ///
    /// # Errors
    /// The variable is not set, or the file cannot be read; the reason names it.
    pub fn reveal(&self) -> Result<String, String> {
        if let Some(name) = self.0.strip_prefix("env:") {
            let value = std::env::var(name);
            let value =
                value.map_err(|_| format!("the variable {name} is not set, or not UTF-8"))?;
            return Ok(value.trim().to_owned());
        }
        if let Some(path) = self.0.strip_prefix("file:") {
            let text = std::fs::read_to_string(Path::new(path));
            let text = text.map_err(|error| format!("{path} cannot be read: {error}"))?;
            if text.len() > MAX_FILE {
                return Err(format!("{path} is larger than {MAX_FILE} bytes"));
            }
            return Ok(text.trim().to_owned());
        }
        Ok(self.0.clone())
    }

    fn shown(&self) -> &str {
        let reference = self.0.starts_with("env:") || self.0.starts_with("file:");
        if reference { &self.0 } else { "[hidden]" }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

/// A key for signatures: 24 to 64 bytes, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    /// From `whsec_` and base 64, as Standard Webhooks writes it.
    ///
    /// # Errors
    /// What is wrong with it, without showing it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mend = "give `whsec_` and the base 64 of 24 to 64 random bytes, such as the output of \
                    `echo whsec_$(openssl rand -base64 32)`";
        let encoded = text.strip_prefix("whsec_").ok_or(mend)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| mend)?;
        match bytes.len() {
            24..=64 => Ok(Self(bytes)),
            _ => Err(mend),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_never_printed_and_a_reference_is() {
        let text = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert_eq!(format!("{text:?}"), "[hidden]");
        assert_eq!(serde_json::to_string(&text).unwrap(), "\"[hidden]\"");
        let key = Key::parse(&text.reveal().unwrap()).unwrap();
        assert_eq!(format!("{key:?}"), "[hidden]");
        assert_eq!(format!("{:?}", Secret::new("env:HOOK")), "env:HOOK");
    }

    #[test]
    fn a_file_is_read_again_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let secret = Secret::new(format!("file:{}", path.display()));
        assert!(secret.reveal().unwrap_err().contains("token"));
        for token in ["one", "two"] {
            std::fs::write(&path, format!("{token}\n")).unwrap();
            assert_eq!(secret.reveal().unwrap(), token);
        }
    }

    #[test]
    fn keys_of_a_wrong_form_are_refused_without_showing_them() {
        for wrong in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_!",
        ] {
            let error = Key::parse(wrong).unwrap_err();
            assert!(error.contains("openssl"), "{error}");
        }
    }
}
