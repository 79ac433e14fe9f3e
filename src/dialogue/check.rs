//! How large and how odd a message may be: a call's memory is bounded because each message is.

use super::event::{DialogueEvent, DialogueMessage};
use std::fmt::Display;
use thiserror::Error;

/// The most characters of a text that a human reads.
pub const MAX_TEXT: usize = 4096;
/// The most characters of a name, a key or a reference.
pub const MAX_NAME: usize = 128;
/// The most arguments of an action, or dimensions of a self-evaluation.
pub const MAX_ENTRIES: usize = 32;
/// The latest time of a message, seconds: eleven days.
pub const MAX_TIME_S: f64 = 1e6;

/// A message that cannot be taken.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{key}` is {value}: {mend}")]
pub struct MessageError {
    /// The field, such as `text`.
    pub key: &'static str,
    /// What was found there.
    pub value: String,
    /// What is allowed.
    pub mend: String,
}

impl MessageError {
    fn new(key: &'static str, value: impl Display, mend: impl Display) -> Self {
        Self {
            key,
            value: value.to_string(),
            mend: mend.to_string(),
        }
    }
}

type Checked = Result<(), MessageError>;

impl DialogueMessage {
    /// Checks every length and every number.
    ///
    /// # Errors
    /// Names the first field that is too long, or outside its range, and what is allowed.
    pub fn check(&self) -> Checked {
        name("id", self.id.as_deref())?;
        time("at_s", self.at_s)?;
        match &self.event {
            DialogueEvent::Turn(turn) => {
                text("text", Some(&turn.text))?;
                time("start_s", turn.start_s)?;
                time("end_s", turn.end_s)
            }
            DialogueEvent::SelfEvaluation(evaluation) => {
                share("score", Some(evaluation.score))?;
                entries("dimensions", evaluation.dimensions.len())?;
                for (key, value) in &evaluation.dimensions {
                    name("dimensions", Some(key))?;
                    share("dimensions", Some(*value))?;
                }
                name("action", evaluation.action.as_deref())
            }
            DialogueEvent::Intent(intent) => {
                named("name", &intent.name)?;
                text("summary", intent.summary.as_deref())?;
                share("confidence", intent.confidence)
            }
            DialogueEvent::IntentSettled(_) => Ok(()),
            DialogueEvent::FailedTurn(failed) => text("why", failed.why.as_deref()),
            DialogueEvent::Source(source) => {
                text("title", Some(&source.title))?;
                text("uri", source.uri.as_deref())?;
                text("excerpt", source.excerpt.as_deref())
            }
            DialogueEvent::Action(action) => {
                named("name", &action.name)?;
                text("result", action.result.as_deref())?;
                entries("arguments", action.arguments.len())?;
                for (key, value) in &action.arguments {
                    name("arguments", Some(key))?;
                    text("arguments", Some(value))?;
                }
                Ok(())
            }
            DialogueEvent::Write(write) => {
                text("what", Some(&write.what))?;
                name("system", write.system.as_deref())?;
                name("reference", write.reference.as_deref())
            }
            DialogueEvent::Identity(identity) => {
                name("name", identity.name.as_deref())?;
                name("customer_id", identity.customer_id.as_deref())?;
                name("method", identity.method.as_deref())
            }
            DialogueEvent::NextAction(next) => text("text", Some(&next.text)),
            DialogueEvent::Reports(reported) => entries("kinds", reported.kinds.len()),
        }
    }
}

fn at_most(key: &'static str, value: Option<&str>, most: usize) -> Checked {
    match value {
        // As JSON Schema counts; most texts are short enough in bytes already.
        Some(value) if value.len() > most && value.chars().count() > most => {
            Err(MessageError::new(
                key,
                format_args!("{} characters long", value.chars().count()),
                format_args!("give at most {most} characters"),
            ))
        }
        _ => Ok(()),
    }
}

fn text(key: &'static str, value: Option<&str>) -> Checked {
    at_most(key, value, MAX_TEXT)
}

fn name(key: &'static str, value: Option<&str>) -> Checked {
    at_most(key, value, MAX_NAME)
}

fn named(key: &'static str, value: &str) -> Checked {
    if value.trim().is_empty() {
        return Err(MessageError::new(key, "empty", "give a name"));
    }
    name(key, Some(value))
}

fn entries(key: &'static str, count: usize) -> Checked {
    if count > MAX_ENTRIES {
        return Err(MessageError::new(
            key,
            format_args!("{count} entries long"),
            format_args!("give at most {MAX_ENTRIES}"),
        ));
    }
    Ok(())
}

fn within(key: &'static str, value: Option<f64>, most: f64) -> Checked {
    match value {
        Some(value) if !(0.0..=most).contains(&value) => Err(MessageError::new(
            key,
            value,
            format_args!("give 0 to {most}"),
        )),
        _ => Ok(()),
    }
}

fn share(key: &'static str, value: Option<f64>) -> Checked {
    within(key, value, 1.0)
}

fn time(key: &'static str, value: Option<f64>) -> Checked {
    within(key, value, MAX_TIME_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        let message: DialogueMessage = serde_json::from_str(json).unwrap();
        message.check().unwrap_err().to_string()
    }

    #[test]
    fn each_bound_is_named_with_its_key_and_mend() {
        let long = "x".repeat(MAX_TEXT + 1);
        let name = "x".repeat(MAX_NAME + 1);
        for (json, said) in [
            (
                format!(r#"{{"type":"turn","speaker":"caller","text":"{long}"}}"#),
                "`text` is 4097 characters long: give at most 4096 characters",
            ),
            (
                format!(r#"{{"type":"next_action","text":"{long}"}}"#),
                "`text` is",
            ),
            (
                format!(r#"{{"id":"{name}","type":"intent_settled"}}"#),
                "`id` is 129 characters long: give at most 128 characters",
            ),
            (
                format!(r#"{{"type":"source","title":"t","excerpt":"{long}"}}"#),
                "`excerpt` is",
            ),
            (
                r#"{"type":"intent","name":" "}"#.into(),
                "`name` is empty: give a name",
            ),
            (
                r#"{"type":"self_evaluation","score":1.5}"#.into(),
                "`score` is 1.5: give 0 to 1",
            ),
            (
                r#"{"type":"self_evaluation","score":0.5,"dimensions":{"a":-1}}"#.into(),
                "`dimensions` is -1",
            ),
            (
                r#"{"at_s":-1,"type":"intent_settled"}"#.into(),
                "`at_s` is -1: give 0 to 1000000",
            ),
            (
                r#"{"at_s":1e7,"type":"intent_settled"}"#.into(),
                "`at_s` is 10000000",
            ),
        ] {
            let found = refused(&json);
            assert!(found.starts_with(said), "{found}");
        }
        let many: Vec<String> = (0..33).map(|i| format!(r#""a{i}":"1""#)).collect();
        let found = refused(&format!(
            r#"{{"type":"action","name":"a","outcome":"failed","arguments":{{{}}}}}"#,
            many.join(",")
        ));
        assert_eq!(found, "`arguments` is 33 entries long: give at most 32");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let mut message: DialogueMessage =
            serde_json::from_str(r#"{"type":"self_evaluation","score":0.5}"#).unwrap();
        assert_eq!(message.check(), Ok(()));
        message.at_s = Some(f64::NAN);
        assert_eq!(message.check().unwrap_err().key, "at_s");
    }
}
