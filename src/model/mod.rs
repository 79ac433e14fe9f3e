//! What the voice says about how the caller feels.
//!
//! - **Takes** feature frames.
//! - **Gives** an [`Affect`] four times a second while there is speech.
//! - **Remembers** the last two seconds of the caller's speech ([`Context`]) and what this caller
//!   sounds like ([`Baseline`]). A model itself remembers nothing between windows, so one session
//!   serves many calls.
//! - **Source**: the model's card says where its weights come from; `models/training` made them.

mod affect;
mod backend;
mod baseline;
mod calls;
mod card;
mod context;
#[cfg(feature = "embedded")]
mod embedded;
#[cfg(feature = "native")]
mod native;
mod silent;
#[cfg(any(feature = "embedded", feature = "native"))]
mod tensors;
mod windows;

pub use affect::{Affect, MAX_CLASSES, Reading};
pub use backend::{AffectModel, FeatureWindow};
pub use baseline::{Baseline, BaselineMemory};
pub use calls::{Calibrated, Calls, CalmLogOdds};
pub use card::ModelCard;
pub use context::Context;
#[cfg(feature = "embedded")]
pub use embedded::EmbeddedModel;
#[cfg(feature = "native")]
pub use native::NativeModel;
pub use silent::SilentModel;
pub use windows::{MOST_WINDOWS, Windows};

/// The model that comes with the crate, free of restrictions: `(onnx, card)`.
pub const AFFECT_OPEN: (&[u8], &str) = (
    include_bytes!("../../models/affect-open.onnx"),
    include_str!("../../models/affect-open.toml"),
);
