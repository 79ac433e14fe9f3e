//! Where the caller is heading.
//!
//! - **Takes** readings of the model, and the feature frames beside them.
//! - **Gives** a [`Point`] per reading, [`Marker`]s, and what the decision needs to know.
//! - **Remembers** the caller's own habits ([`Norm`]), a level and a slope with their
//!   uncertainty ([`LocalTrend`]); [`Change`], [`Hello`] and [`Occasions`] are the memories that
//!   decide.
//! - **Source**: local linear trend: Durbin & Koopman (2012), ch. 3; likelihood ratio of a
//!   change: Siegmund & Venkatraman (1995).

mod change;
mod evidence;
mod follow;
mod hello;
mod hesitation;
mod marker;
mod markers;
mod memory;
mod norm;
mod occasions;
mod point;
mod sounds;
mod trend;
mod voice;

pub use change::{Change, ChangeMemory, Onset};
pub use evidence::EvidenceWeights;
pub use follow::{State, Trajectory, TrajectoryConfig};
pub use hello::{Hello, HelloMemory};
pub use marker::{Marker, MarkerKind};
pub use markers::{BreathMemory, MarkerDetector};
pub use memory::{StateMemory, TrajectoryMemory};
pub use norm::{Norm, NormMemory};
pub use occasions::{Occasions, OccasionsMemory, Weighed};
pub use point::{Point, PointEvidence, PointMemory, Trend};
pub use trend::{LocalTrend, TrendMemory};
pub use voice::{DESCRIPTORS, Descriptor, Voice, VoiceMemory};
