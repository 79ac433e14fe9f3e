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

/// A memory of a caller's voice that cannot be taken up. The voice is learnt anew then.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemoryError {
    /// More bytes than any memory has.
    #[error("the memory has {bytes} bytes, {max} is the most; it is no memory of this program")]
    TooLarge {
        /// How many.
        bytes: usize,
        /// The most.
        max: usize,
    },
    /// Another version of the program wrote it.
    #[error("the memory has version {found}, this program reads {known}; the voice is learnt anew")]
    Version {
        /// The version found.
        found: u8,
        /// The one that is read.
        known: u8,
    },
    /// The bytes are not what they claim to be.
    #[error("the memory cannot be read: {reason}")]
    Unreadable {
        /// Why.
        reason: String,
    },
    /// One value is out of its range.
    #[error("the memory's `{key}` is {value}: {from} to {to} can be")]
    Value {
        /// The key, dotted where nested.
        key: &'static str,
        /// The value found.
        value: String,
        /// The least.
        from: String,
        /// The most.
        to: String,
    },
    /// What was heard then means something else now.
    #[error("the memory was made with another {what}; the voice is learnt anew")]
    Other {
        /// `model` or `configuration`.
        what: &'static str,
    },
    /// The sound cannot be attached.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl MemoryError {
    /// Checks that a number lies in its range.
    ///
    /// # Errors
    /// When it does not, or is not a number.
    pub fn within(key: &'static str, value: f64, from: f64, to: f64) -> Result<(), Self> {
        if (from..=to).contains(&value) {
            return Ok(());
        }
        Err(Self::Value {
            key,
            value: value.to_string(),
            from: from.to_string(),
            to: to.to_string(),
        })
    }

    /// The same for a place in the stream, in ticks: two years are more than any call.
    ///
    /// # Errors
    /// When it is further.
    pub fn place(key: &'static str, ticks: u64) -> Result<(), Self> {
        Self::within(key, ticks as f64, 0.0, (1u64 << 40) as f64)
    }

    /// The same for a count of frames, samples or milliseconds.
    ///
    /// # Errors
    /// When it is more than a call can have.
    pub fn count(key: &'static str, count: u64) -> Result<(), Self> {
        Self::within(key, count as f64, 0.0, (1u64 << 48) as f64)
    }

    /// The same for a count of events.
    ///
    /// # Errors
    /// When it is more than a call can have.
    pub fn events(key: &'static str, count: u32) -> Result<(), Self> {
        Self::within(key, count.into(), 0.0, f64::from(1u32 << 30))
    }
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
