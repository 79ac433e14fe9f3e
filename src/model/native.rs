//! ONNX through the native ONNX Runtime, opened at run time with `ort`.
//!
//! The first library that opens is final for the process. Whoever calls decides where to look.

use super::tensors::{Batch, read_outputs, try_out};
use super::{AffectModel, FeatureWindow, ModelCard, Reading};
use crate::error::{BuildError, ModelFault};
use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;
use std::path::Path;
use std::sync::OnceLock;

static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();

/// A model on the native runtime, on the calling thread alone.
pub struct NativeModel {
    card: ModelCard,
    session: Session,
    name: String,
    batch: Batch,
}

impl NativeModel {
    /// Opens the ONNX Runtime `library`, loads `onnx` and holds it against `card`.
    ///
    /// # Errors
    /// When the library does not open, or hash, names or shapes disagree.
    pub fn load(
        library: &Path,
        file: &str,
        onnx: &[u8],
        card: ModelCard,
    ) -> Result<Self, BuildError> {
        card.check_weights(file, onnx)?;
        let shown = library.display().to_string();
        let refuse = |error: String| {
            BuildError::value(
                &shown,
                "library",
                error,
                "an ONNX Runtime of version 1.20 or newer",
            )
        };
        let environment = environment(library).map_err(refuse)?;
        let session = Session::builder(environment)
            .map_err(|e| e.to_string())
            .and_then(|b| {
                b.with_optimization_level(GraphOptimizationLevel::All)
                    .map_err(|e| e.to_string())
            })
            .and_then(|b| b.with_intra_threads(1).map_err(|e| e.to_string()))
            .and_then(|mut b| b.commit_from_memory(onnx).map_err(|e| e.to_string()))
            .map_err(refuse)?;
        for (name, found) in [
            ("x", session.inputs().iter().any(|i| i.name() == "x")),
            ("mask", session.inputs().iter().any(|i| i.name() == "mask")),
            (
                "classes",
                session.outputs().iter().any(|o| o.name() == "classes"),
            ),
            (
                "affect",
                session.outputs().iter().any(|o| o.name() == "affect"),
            ),
        ] {
            if !found {
                let value = format!("without {name}");
                return Err(BuildError::value(
                    file,
                    "graph",
                    value,
                    "inputs x, mask; outputs classes, affect",
                ));
            }
        }
        let mut loaded = Self {
            card,
            session,
            name: format!("native ONNX Runtime ({shown})"),
            batch: Batch::new(),
        };
        try_out(file, &mut loaded)?;
        Ok(loaded)
    }
}

fn environment(library: &Path) -> Result<&'static Environment, String> {
    if let Some(environment) = ENVIRONMENT.get() {
        return Ok(environment);
    }
    let environment = ort::init_from(library)
        .map_err(|error| error.to_string())?
        .build()
        .map_err(|error| error.to_string())?;
    Ok(ENVIRONMENT.get_or_init(|| environment))
}

impl AffectModel for NativeModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn backend(&self) -> &str {
        &self.name
    }

    fn infer(
        &mut self,
        windows: &[FeatureWindow<'_>],
        readings: &mut [Reading],
    ) -> Result<(), ModelFault> {
        let (steps, channels) = self.card.window_shape();
        self.batch.fill(windows, readings, (steps, channels))?;
        let n = windows.len();
        let x = TensorRef::from_array_view(([n, steps, channels], self.batch.x.as_slice()))
            .map_err(|_| ModelFault::ShapeRefused)?;
        let mask = TensorRef::from_array_view(([n, steps], self.batch.mask.as_slice()))
            .map_err(|_| ModelFault::ShapeRefused)?;
        let outputs = self
            .session
            .run(ort::inputs!["x" => x, "mask" => mask])
            .map_err(|_| ModelFault::BackendFailed)?;
        let (Some(classes), Some(affect)) = (outputs.get("classes"), outputs.get("affect")) else {
            return Err(ModelFault::ShapeRefused);
        };
        match (
            classes.try_extract_tensor::<f32>(),
            affect.try_extract_tensor::<f32>(),
        ) {
            (Ok((_, classes)), Ok((_, affect))) => read_outputs(classes, affect, readings),
            _ => Err(ModelFault::ShapeRefused),
        }
    }
}
