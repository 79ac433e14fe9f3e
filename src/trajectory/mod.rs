//! Where the caller is heading.
//!
//! - **Takes** readings of the model, and the feature frames beside them.
//! - **Gives** a [`Point`] per reading, [`Marker`]s, and what the decision needs to know.
//! - **Remembers** the caller's own habits ([`Norm`]), a level and a slope with their
//!   uncertainty ([`LocalTrend`]), and the accumulated evidence of a change ([`Cusum`]).
//! - **Source**: local linear trend: Durbin & Koopman (2012), ch. 3; CUSUM: Page (1954).

mod cusum;
mod follow;
mod hesitation;
mod marker;
mod markers;
mod norm;
mod point;
mod sounds;
mod trend;
mod voice;

pub use cusum::Cusum;
pub use follow::{State, Trajectory, TrajectoryConfig};
pub use marker::{Marker, MarkerKind};
pub use markers::MarkerDetector;
pub use norm::Norm;
pub use point::{Point, Trend};
pub use trend::LocalTrend;
pub use voice::{DESCRIPTORS, Descriptor, Voice};
