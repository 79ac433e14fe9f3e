//! What is known of a call: the JSON beside its recording.

use crate::shell::error::ShellError;
use serde::Deserialize;
use std::path::Path;

/// The truth of one call. Fields that are not listed here are left aside.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Truth {
    /// What happens in it, such as `calm` or `became_angry`.
    pub scenario: String,
    /// Where its speech comes from.
    #[serde(default)]
    pub corpus: String,
    /// Who calls.
    #[serde(default)]
    pub speaker: String,
    /// From where on a human should take over; null where never.
    pub onset_s: Option<f64>,
    /// The caller's utterances.
    pub utterances: Vec<Utterance>,
}

/// A stretch of the caller's speech.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Utterance {
    /// Where it begins, s.
    pub start_s: f64,
    /// Where it ends, s.
    pub end_s: f64,
}

impl Truth {
    /// The truth in the `.json` beside `recording`; none where there is no such file.
    ///
    /// # Errors
    /// The file cannot be read, or is no truth: the error names file, key and mend.
    pub fn beside(recording: &Path) -> Result<Option<Self>, ShellError> {
        let path = recording.with_extension("json");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ShellError::Open { path, source }),
        };
        let truth: Self = serde_json::from_str(&text).map_err(|error| {
            ShellError::Usage(format!(
                "{}: {error}; wanted are scenario, onset_s (a number or null) and utterances \
                 (start_s, end_s), corpus and speaker where known",
                path.display()
            ))
        })?;
        let numbers = truth.utterances.iter().flat_map(|u| [u.start_s, u.end_s]);
        if numbers
            .chain(truth.onset_s)
            .any(|x| !x.is_finite() || x < 0.0)
        {
            let file = path.display();
            let why = format!("{file}: a time is below 0 or no number; times are seconds");
            return Err(ShellError::Usage(why));
        }
        Ok(Some(truth))
    }

    /// The caller's speech between two times, s.
    pub fn speech_s(&self, from_s: f64, to_s: f64) -> f64 {
        let within = |u: &Utterance| (u.end_s.min(to_s) - u.start_s.max(from_s)).max(0.0);
        self.utterances.iter().map(within).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn speech_is_counted_inside_and_what_is_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let wav = folder.path().join("a.wav");
        assert_eq!(Truth::beside(&wav).unwrap(), None);
        let json = folder.path().join("a.json");
        let write = |text: &str| fs::write(&json, text).unwrap();
        write(
            r#"{"scenario":"calm","onset_s":null,"seed":3,
                "utterances":[{"start_s":1,"end_s":3},{"start_s":5,"end_s":6,"clip":"x"}]}"#,
        );
        let truth = Truth::beside(&wav).unwrap().unwrap();
        assert_eq!((truth.speech_s(2.0, 5.5), truth.onset_s), (1.5, None));
        write(r#"{"scenario":"calm","utterances":[{"start_s":-1,"end_s":3}]}"#);
        let below = Truth::beside(&wav).unwrap_err().to_string();
        assert!(
            below.contains("a.json") && below.contains("below 0"),
            "{below}"
        );
        write(r#"{"onset_s":1}"#);
        let missing = Truth::beside(&wav).unwrap_err().to_string();
        assert!(missing.contains("scenario"), "{missing}");
    }
}
