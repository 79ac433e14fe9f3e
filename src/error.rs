//! stand-in until wire lands
use thiserror::Error;
/// Build error.
#[derive(Debug, Error)]
#[error("{file}: {key} is {value}: {mend}")]
pub struct BuildError { file: String, key: String, value: String, mend: String }
impl BuildError {
    /// value
    pub fn value(file: impl ToString, key: impl ToString, value: impl ToString, mend: impl ToString) -> Self {
        Self { file: file.to_string(), key: key.to_string(), value: value.to_string(), mend: mend.to_string() }
    }
}
/// Push.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum PushError {
    /// too large
    #[error("a block of {samples} samples is over the limit of {max}")]
    BlockTooLarge { /// n
        samples: usize, /// m
        max: usize },
    /// undrained
    #[error("{pending} events wait")]
    NotDrained { /// n
        pending: usize },
    /// finished
    #[error("finished")]
    Finished,
    /// model
    #[error(transparent)]
    Model(#[from] ModelFault),
}
/// Fault
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum ModelFault {
    /// shape
    #[error("shape")]
    ShapeRefused,
    /// backend
    #[error("backend")]
    BackendFailed,
    /// nan
    #[error("nan")]
    NotFinite,
}
