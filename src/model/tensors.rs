//! What every runtime does alike: windows to tensors, outputs to readings, a trial at loading.

use super::{AffectModel, FeatureWindow, Reading};
use crate::error::{BuildError, ModelFault};

/// The batch's tensors, and what becomes of the outputs: the same for every runtime.
pub(super) struct Batch {
    pub x: Vec<f32>,
    pub mask: Vec<f32>,
}

impl Batch {
    pub fn new() -> Self {
        Self {
            x: Vec::new(),
            mask: Vec::new(),
        }
    }

    /// Copies the windows into contiguous tensors `[batch, steps, channels]` and `[batch, steps]`.
    pub fn fill(
        &mut self,
        windows: &[FeatureWindow<'_>],
        readings: &[Reading],
        shape: (usize, usize),
    ) -> Result<(), ModelFault> {
        // An empty batch aborts the process inside some native libraries.
        if windows.is_empty() || windows.len() != readings.len() {
            return Err(ModelFault::ShapeRefused);
        }
        self.x.clear();
        self.mask.clear();
        for window in windows {
            if window.x.dim() != shape || window.mask.len() != shape.0 {
                return Err(ModelFault::ShapeRefused);
            }
            self.x.extend(window.x.iter());
            self.mask.extend(window.mask.iter());
        }
        Ok(())
    }
}

/// Splits `classes` `[batch, n]` and `affect` `[batch, 4]` into readings.
pub(super) fn read_outputs(
    classes: &[f32],
    affect: &[f32],
    readings: &mut [Reading],
) -> Result<(), ModelFault> {
    let batch = readings.len();
    if batch == 0 || affect.len() != 4 * batch || !classes.len().is_multiple_of(batch) {
        return Err(ModelFault::ShapeRefused);
    }
    if classes.iter().chain(affect).any(|value| !value.is_finite()) {
        return Err(ModelFault::NotFinite);
    }
    let width = classes.len() / batch;
    for ((reading, classes), affect) in readings
        .iter_mut()
        .zip(classes.chunks_exact(width))
        .zip(affect.chunks_exact(4))
    {
        let probability = |value: f32| value.clamp(0.0, 1.0);
        reading.arousal = probability(affect[0]);
        reading.anger = probability(affect[1]);
        reading.distress = probability(affect[2]);
        reading.confidence = probability(affect[3]);
        reading.classes.clear();
        for class in classes.iter().take(reading.classes.capacity()) {
            reading.classes.push(probability(*class));
        }
    }
    Ok(())
}

/// Runs a silent batch of one and of two, so that a graph whose shapes disagree with its card
/// is refused at loading and not in a call.
pub(super) fn try_out(file: &str, model: &mut dyn AffectModel) -> Result<(), BuildError> {
    let shape = model.card().window_shape();
    let classes = model.card().output.classes.len();
    let (x, mask) = (
        ndarray::Array2::zeros(shape),
        ndarray::Array1::ones(shape.0),
    );
    let window = FeatureWindow {
        x: x.view(),
        mask: mask.view(),
    };
    for batch in [1, 2] {
        let mut readings = vec![Reading::default(); batch];
        let outcome = model.infer(&vec![window; batch], &mut readings);
        let fits = readings.iter().all(|r| r.classes.len() == classes);
        if outcome.is_err() || !fits {
            return Err(BuildError::value(
                file,
                "graph",
                outcome.map_or_else(
                    |fault| fault.to_string(),
                    |()| "another number of classes".into(),
                ),
                format!(
                    "x [n, {}, {}], mask [n, {}] to classes [n, {classes}], affect [n, 4]",
                    shape.0, shape.1, shape.0
                ),
            ));
        }
    }
    Ok(())
}
