//! Why a record was not stored.

use std::path::PathBuf;
use thiserror::Error;

/// A record that was not stored. Nothing of it is in the file.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The writer is behind, and its queue has a bound. Try again in a moment, or refuse the call.
    #[error("the store is behind: {waiting} records wait, {max} is the most; try again")]
    Full {
        /// Records that wait.
        waiting: usize,
        /// The most that may wait.
        max: usize,
    },
    /// One record is larger than any honest one.
    #[error("a record of {bytes} bytes, {max} is the most")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The most.
        max: usize,
    },
    /// The record speaks of a call or an escalation that was never stored.
    #[error("no call or escalation `{id}` is stored; open the call first")]
    Unknown {
        /// The name.
        id: String,
    },
    /// A value is out of its range.
    #[error("`{key}` is {value}: {mend}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value found.
        value: String,
        /// What is allowed.
        mend: &'static str,
    },
    /// The file cannot be written or read.
    #[error("{}: {reason}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// The reason, and how to mend it.
        reason: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}
