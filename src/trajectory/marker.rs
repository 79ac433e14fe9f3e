//! Events in the voice that have a beginning and an end.

use crate::units::StreamTime;
use serde::Serialize;

/// A marker of distress or confusion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Marker {
    /// When it was decided.
    #[serde(rename = "at_s")]
    pub at: StreamTime,
    /// What it is.
    pub kind: MarkerKind,
    /// Where it begins.
    #[serde(rename = "from_s")]
    pub from: StreamTime,
    /// Where it ends.
    #[serde(rename = "to_s")]
    pub to: StreamTime,
    /// 0..1.
    pub confidence: f32,
}

/// The kinds of marker that the acoustics can carry today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MarkerKind {
    /// Crying aloud.
    Cry,
    /// Sobbing.
    Sob,
    /// Screaming.
    Scream,
    /// A sigh.
    Sigh,
    /// Laughter.
    Laugh,
    /// A cough.
    Cough,
    /// Breath in pauses has become audible beyond this caller's own habit.
    BreathChange,
    /// A sustained flat-pitched sound, or a pause that grows inside a phrase.
    Hesitation,
}
