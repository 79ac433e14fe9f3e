//! What can go wrong, by stage of life: building, hearing bytes, pushing samples.

use std::fmt::Display;
use thiserror::Error;

/// Bytes that are not what they claim to be.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{reason} (at byte {offset})")]
pub struct WireError {
    /// Where in the stream, bytes from its beginning.
    pub offset: u64,
    /// What is wrong there.
    pub reason: &'static str,
}

/// A configuration, a model card or a model that cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// One value is out of its range.
    #[error("{file}: `{key}` is {value}: {mend}")]
    Value {
        /// The file, or what stands for it.
        file: String,
        /// The key, dotted where nested.
        key: String,
        /// The value found.
        value: String,
        /// What is allowed, and how to mend it.
        mend: String,
    },
    /// A whole file is unusable.
    #[error("{file}: {reason}")]
    File {
        /// The file.
        file: String,
        /// Why, and how to mend it.
        reason: String,
    },
}

impl BuildError {
    /// `file: `key` is value: mend`.
    pub fn value(
        file: impl Display,
        key: impl Display,
        value: impl Display,
        mend: impl Display,
    ) -> Self {
        Self::Value {
            file: file.to_string(),
            key: key.to_string(),
            value: value.to_string(),
            mend: mend.to_string(),
        }
    }

    /// Checks that a number lies in its range.
    ///
    /// # Errors
    /// When it does not, or is not a number.
    pub fn within(file: &str, key: &str, value: f64, from: f64, to: f64) -> Result<(), Self> {
        if (from..=to).contains(&value) {
            return Ok(());
        }
        Err(Self::value(
            file,
            key,
            value,
            format_args!("give {from} to {to}"),
        ))
    }

    /// `file: reason`, where no single key is to blame.
    pub fn file(file: impl Display, reason: impl Display) -> Self {
        Self::File {
            file: file.to_string(),
            reason: reason.to_string(),
        }
    }
}

/// A push that was refused. The engine is unchanged, but for [`PushError::Model`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// The block is longer than the engine's queues were made for.
    #[error("a block of {samples} samples was pushed, {max} is the most; push smaller blocks")]
    BlockTooLarge {
        /// Samples in the block.
        samples: usize,
        /// The most a block may hold.
        max: usize,
    },
    /// Events of the last push are still waiting.
    #[error("{pending} events are waiting; poll until none is left, then push")]
    NotDrained {
        /// Events waiting.
        pending: usize,
    },
    /// The conversation has no sound.
    #[error("no sound is attached; call attach_sound before the first block")]
    NoSound,
    /// The agent is not heard.
    #[error("the agent's leg is not attached; call attach_agent before its first block")]
    NoAgent,
    /// A reading is waited for.
    #[error("a reading is due; give it, or skip it, before the call goes on")]
    ReadingDue,
    /// A message breaks a bound.
    #[error("`{key}` of the message breaks a bound; its own check says which and how to mend it")]
    Message {
        /// The message's field.
        key: &'static str,
    },
    /// The stream was finished before.
    #[error("the stream is finished; make a new engine for the next call")]
    Finished,
    /// The model failed on this window.
    #[error("the model failed: {0}")]
    Model(#[from] ModelFault),
}

/// One inference that failed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelFault {
    /// The model refused the shape of its input, or gave an output of another shape than its card says.
    #[error("the model and its card disagree about a tensor's shape")]
    ShapeRefused,
    /// The backend reported an error.
    #[error("the inference backend reported an error")]
    BackendFailed,
    /// The output holds NaN or infinity.
    #[error("the model's output is not finite")]
    NotFinite,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_error_names_file_key_value_and_mend() {
        let error = BuildError::value("call.toml", "trend.alarms_per_hour", -1, "give 0 or more");
        assert_eq!(
            error.to_string(),
            "call.toml: `trend.alarms_per_hour` is -1: give 0 or more"
        );
    }

    #[test]
    fn errors_of_the_hot_path_are_copied_not_allocated() {
        fn copied<T: Copy>() {}
        copied::<WireError>();
        copied::<PushError>();
        copied::<ModelFault>();
    }
}
