//! Prosody, measured.
//!
//! - **Takes** hops of 10 ms at 8 or 16 kHz.
//! - **Gives** one [`FeatureFrame`] a hop, 55 ms after the hop's centre was heard.
//! - **Remembers** 160 ms of samples, the last frames of the pitch path, the noise floor, the
//!   active speech level and ten seconds of counts. Nothing grows.
//! - **Source**: see each file; [`table`] names unit, window and source of every column.

mod cpp;
mod extractor;
mod floor;
mod frame;
mod history;
mod lengthening;
mod level;
mod line;
mod mel;
mod memory;
mod nuclei;
mod pauses;
mod pitch;
mod pulses;
mod quality;
mod sounds;
mod spectrum;
mod speech;
mod stream;
pub mod table;
mod tempo;

pub use extractor::{Extractor, LOOK_AHEAD_HOPS};
pub use frame::{FeatureFrame, MEL_BANDS};
pub use line::{Line, Occupant};
pub use memory::FeatureMemory;
pub use pitch::{CANDIDATE_EVIDENCE, FRAME_EVIDENCE, PitchEvidence};
pub use quality::Quality;
pub use sounds::Sounds;
pub use stream::FeatureStream;
