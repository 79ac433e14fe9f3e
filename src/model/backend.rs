//! The one door to every ONNX runtime.

use super::{ModelCard, Reading};
use crate::error::ModelFault;
use ndarray::{ArrayView1, ArrayView2};

/// Two seconds of one caller's speech, normalised as the card says.
#[derive(Clone, Copy, Debug)]
pub struct FeatureWindow<'a> {
    /// Shape `[steps, channels]`, oldest step first.
    pub x: ArrayView2<'a, f32>,
    /// Shape `[steps]`: 1 where a step was heard, 0 where the window is not full yet.
    pub mask: ArrayView1<'a, f32>,
}

/// Weights behind a runtime. Reads windows of any calls, in batches, and keeps nothing of them.
pub trait AffectModel {
    /// The card that the weights were checked against.
    fn card(&self) -> &ModelCard;

    /// The runtime and its version, for the line that says which one runs.
    fn backend(&self) -> &str;

    /// Reads each window; `readings` has as many places as there are windows.
    ///
    /// # Errors
    /// When shapes disagree, the runtime fails, or an output is not finite.
    fn infer(
        &mut self,
        windows: &[FeatureWindow<'_>],
        readings: &mut [Reading],
    ) -> Result<(), ModelFault>;
}
