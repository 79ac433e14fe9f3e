//! What the command line reports, and the exit code that goes with it.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | a fault of ours, or a replay that differs |
//! | 2 | wrong usage or configuration |
//! | 3 | an input cannot be opened or read |
//! | 4 | an input is not audio that can be decoded, or labels or a payload that can be read |
//! | 5 | an output cannot be written |
//! | 6 | a model cannot be loaded |

use crate::error::{BuildError, PushError, WireError};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A failure that ends the command, or one of its files.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ShellError {
    /// An input cannot be opened.
    #[error("{}: cannot be opened", path.display())]
    Open {
        /// The input.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An input cannot be read on.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The input.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An output cannot be written.
    #[error("{}: cannot be written", path.display())]
    Write {
        /// The output.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A live input cannot be opened, or fails while it is heard.
    #[error("input device `{name}`: {reason}")]
    Device {
        /// The device.
        name: String,
        /// What is wrong, and what to try.
        reason: String,
    },
    /// An input is no audio, or audio that is not decoded here.
    #[error("{}: {reason}", path.display())]
    Format {
        /// The input.
        path: PathBuf,
        /// What it is, and what to do about it.
        reason: String,
    },
    /// An input claims a format and breaks its rules.
    #[error("{}: not a usable WAV file", path.display())]
    Wire {
        /// The input.
        path: PathBuf,
        /// Where and why.
        source: WireError,
    },
    /// A table of labels breaks its own rules.
    #[error("{}, line {line}: {reason}", path.display())]
    Data {
        /// The table.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong, in which column, and how to mend it.
        reason: String,
    },
    /// The store cannot be opened or read.
    #[error("{}: {reason}", path.display())]
    Store {
        /// The database file.
        path: PathBuf,
        /// What is wrong, and what to do about it.
        reason: String,
    },
    /// The configuration cannot be used.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The model or its card cannot be loaded.
    #[error("the model cannot be loaded")]
    Model(#[source] BuildError),
    /// The engine refused a block.
    #[error(transparent)]
    Push(#[from] PushError),
    /// The flags do not fit together, or not the input.
    #[error("{0}")]
    Usage(String),
}

impl ShellError {
    /// What is wrong in `line` of the table of labels at `path`.
    pub fn data(path: &Path, line: u64, reason: impl Into<String>) -> Self {
        Self::Data {
            path: path.into(),
            line,
            reason: reason.into(),
        }
    }

    /// The process's exit code; the table stands at the top of this file.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Push(_) => 1,
            Self::Usage(_) | Self::Build(_) => 2,
            Self::Open { .. } | Self::Read { .. } | Self::Device { .. } | Self::Store { .. } => 3,
            Self::Format { .. } | Self::Wire { .. } | Self::Data { .. } => 4,
            Self::Write { .. } => 5,
            Self::Model(_) => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;

    #[test]
    fn the_chain_leads_to_the_cause() {
        let source = WireError {
            offset: 12,
            reason: "the fmt chunk is shorter than 16 bytes",
        };
        let error = ShellError::Wire {
            path: "call.wav".into(),
            source,
        };
        assert_eq!(error.to_string(), "call.wav: not a usable WAV file");
        let cause = error.source().expect("a wire error has a cause");
        assert_eq!(
            cause.to_string(),
            "the fmt chunk is shorter than 16 bytes (at byte 12)"
        );
        assert_eq!(error.exit_code(), 4);
    }
}
