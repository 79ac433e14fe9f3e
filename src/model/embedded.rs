//! ONNX in pure Rust: `rten`, always at hand.

use super::tensors::{Batch, read_outputs, try_out};
use super::{AffectModel, FeatureWindow, ModelCard, Reading};
use crate::error::{BuildError, ModelFault};
use rten::{Model, NodeId, RunOptions, ThreadPool, ValueView};
use std::sync::Arc;

/// A model on the embedded runtime, on one thread of its own (the runtime hands its work there and waits).
pub struct EmbeddedModel {
    card: ModelCard,
    model: Model,
    inputs: [NodeId; 2],
    outputs: [NodeId; 2],
    options: RunOptions,
    batch: Batch,
}

impl EmbeddedModel {
    /// Loads `onnx` and holds it against `card`.
    ///
    /// # Errors
    /// When hash, names or shapes disagree, or the runtime cannot load the graph.
    pub fn load(file: &str, onnx: &[u8], card: ModelCard) -> Result<Self, BuildError> {
        card.check_weights(file, onnx)?;
        let refuse =
            |key: &str, value: String, mend: &str| BuildError::value(file, key, value, mend);
        let model = Model::load(onnx.to_vec()).map_err(|error| {
            refuse(
                "graph",
                error.to_string(),
                "an ONNX file of operator set 17 or older",
            )
        })?;
        let node = |name: &str| {
            model.find_node(name).ok_or_else(|| {
                refuse(
                    "graph",
                    format!("without a node {name}"),
                    "inputs x, mask; outputs classes, affect",
                )
            })
        };
        let inputs = [node("x")?, node("mask")?];
        let outputs = [node("classes")?, node("affect")?];
        // The runtime would otherwise spread over all cores, and threads are the shell's to give.
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        let mut loaded = Self {
            card,
            model,
            inputs,
            outputs,
            options: RunOptions::default().with_thread_pool(Some(pool)),
            batch: Batch::new(),
        };
        try_out(file, &mut loaded)?;
        Ok(loaded)
    }
}

impl AffectModel for EmbeddedModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn backend(&self) -> &str {
        "embedded (rten)"
    }

    fn infer(
        &mut self,
        windows: &[FeatureWindow<'_>],
        readings: &mut [Reading],
    ) -> Result<(), ModelFault> {
        let (steps, channels) = self.card.window_shape();
        self.batch.fill(windows, readings, (steps, channels))?;
        let n = windows.len();
        let x = ValueView::from_shape(&[n, steps, channels], &self.batch.x)
            .map_err(|_| ModelFault::ShapeRefused)?;
        let mask = ValueView::from_shape(&[n, steps], &self.batch.mask)
            .map_err(|_| ModelFault::ShapeRefused)?;
        let inputs = vec![(self.inputs[0], x.into()), (self.inputs[1], mask.into())];
        let [classes, affect] = self
            .model
            .run_n(inputs, self.outputs, Some(self.options.clone()))
            .map_err(|_| ModelFault::BackendFailed)?;
        let (classes, affect) = (
            classes.into_shape_vec::<f32, 2>(),
            affect.into_shape_vec::<f32, 2>(),
        );
        match (classes, affect) {
            (Ok((_, classes)), Ok((_, affect))) => read_outputs(&classes, &affect, readings),
            _ => Err(ModelFault::ShapeRefused),
        }
    }
}
