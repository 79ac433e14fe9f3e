//! What a model says about the last two seconds of a caller's speech.

use crate::units::StreamTime;
use arrayvec::ArrayVec;

/// The most classes a model card may list.
pub const MAX_CLASSES: usize = 8;

/// One reading. All numbers are probabilities in 0..1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// How activated the voice is.
    pub arousal: f32,
    /// Anger, as acted in the training data.
    pub anger: f32,
    /// Sadness or fear, as acted in the training data.
    pub distress: f32,
    /// How far the reading can be trusted.
    pub confidence: f32,
    /// One probability a class, in the order of the card's labels.
    pub classes: ArrayVec<f32, MAX_CLASSES>,
}

/// A reading with its place in the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Affect {
    /// The end of the speech that was read.
    pub at: StreamTime,
    /// What the model said, against the caller's own baseline.
    pub reading: Reading,
}
