//! Which model runs, on which ONNX runtime, and why that one.

use crate::error::BuildError;
use crate::model::{AFFECT_OPEN, AffectModel, ModelCard};
use crate::shell::error::ShellError;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Which ONNX runtime to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Backend {
    /// The native ONNX Runtime where a library is found, else the embedded one.
    #[default]
    Auto,
    /// The embedded runtime, in pure Rust.
    Embedded,
    /// The native ONNX Runtime; an error where no library is found.
    Native,
}

/// A model that may move between threads.
pub type BoxedModel = Box<dyn AffectModel + Send>;

/// Weights and card in memory, and the runtime that was chosen for them.
pub struct Weights {
    name: String,
    // A build without a runtime reads the card alone.
    #[cfg_attr(not(any(feature = "embedded", feature = "native")), expect(dead_code))]
    onnx: Vec<u8>,
    card: ModelCard,
    library: Option<PathBuf>,
    why: String,
    idle: Mutex<Vec<BoxedModel>>,
}

impl Weights {
    /// Reads `model` (its card is the `.toml` beside it) or the bundled model, chooses a runtime
    /// and loads the model once, so that every fault shows here.
    ///
    /// # Errors
    /// [`ShellError::Model`] where weights, card or runtime cannot be used.
    pub fn open(
        model: Option<&Path>,
        backend: Backend,
        onnxruntime: Option<&Path>,
    ) -> Result<Self, ShellError> {
        let (name, onnx, card) = read(model).map_err(ShellError::Model)?;
        let (library, why) = choose(backend, onnxruntime).map_err(ShellError::Model)?;
        let mut weights = Self {
            name,
            onnx,
            card,
            library,
            why,
            idle: Mutex::default(),
        };
        let first = match weights.load() {
            Ok(first) => first,
            // A library that was only stumbled upon may be too old; the embedded one always works.
            Err(ShellError::Model(error))
                if backend == Backend::Auto
                    && onnxruntime.is_none()
                    && weights.library.is_some() =>
            {
                weights.library = None;
                weights.why =
                    format!("the native ONNX Runtime that was found cannot be used: {error}");
                weights.load()?
            }
            Err(error) => return Err(error),
        };
        weights.give_back(first);
        Ok(weights)
    }

    /// The model's card.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// Why this runtime was chosen.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// A loaded model: one that is idle, or a new one.
    ///
    /// # Errors
    /// As [`Weights::open`].
    pub fn take(&self) -> Result<BoxedModel, ShellError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        idle.map_or_else(|| self.load(), Ok)
    }

    /// Leaves a model for the next file.
    pub fn give_back(&self, model: BoxedModel) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(model);
    }

    fn load(&self) -> Result<BoxedModel, ShellError> {
        match &self.library {
            #[cfg(feature = "native")]
            Some(library) => {
                let card = self.card.clone();
                let model = crate::model::NativeModel::load(library, &self.name, &self.onnx, card);
                Ok(Box::new(model.map_err(ShellError::Model)?))
            }
            #[cfg(feature = "embedded")]
            None => {
                let model =
                    crate::model::EmbeddedModel::load(&self.name, &self.onnx, self.card.clone());
                Ok(Box::new(model.map_err(ShellError::Model)?))
            }
            #[allow(unreachable_patterns)]
            _ => Err(ShellError::Model(BuildError::file(
                &self.name,
                "this build has no ONNX runtime for it: build with the feature `embedded` or `native`",
            ))),
        }
    }
}

fn read(model: Option<&Path>) -> Result<(String, Vec<u8>, ModelCard), BuildError> {
    let Some(path) = model else {
        let (onnx, card) = AFFECT_OPEN;
        let card = ModelCard::parse("affect-open.toml", card)?;
        return Ok(("affect-open.onnx".to_owned(), onnx.to_vec(), card));
    };
    let card_path = path.with_extension("toml");
    let shown = card_path.display();
    let text = fs::read_to_string(&card_path).map_err(|error| {
        BuildError::file(
            &shown,
            format!("the model's card cannot be read ({error}): put it beside the weights"),
        )
    })?;
    let card = ModelCard::parse(&shown.to_string(), &text)?;
    let onnx = fs::read(path)
        .map_err(|error| BuildError::file(path.display(), format!("cannot be read: {error}")))?;
    Ok((path.display().to_string(), onnx, card))
}

fn choose(backend: Backend, named: Option<&Path>) -> Result<(Option<PathBuf>, String), BuildError> {
    if backend == Backend::Embedded {
        return Ok((None, "asked for".into()));
    }
    let none_here = !cfg!(feature = "native");
    let found = if none_here { None } else { find(named)? };
    match found {
        Some((library, place)) => {
            let why = format!("ONNX Runtime {place}: {}", library.display());
            Ok((Some(library), why))
        }
        None if backend == Backend::Native => Err(BuildError::value(
            "--backend",
            "native",
            if none_here {
                "not in this build"
            } else {
                "no library found"
            },
            "name the library with --onnxruntime PATH or ORT_DYLIB_PATH, or use --backend embedded",
        )),
        None => Ok((None, "no native ONNX Runtime was found".into())),
    }
}

/// The first ONNX Runtime library, and where it was found.
fn find(named: Option<&Path>) -> Result<Option<(PathBuf, &'static str)>, BuildError> {
    if let Some(path) = named {
        if !path.is_file() {
            return Err(BuildError::value(
                "--onnxruntime",
                "path",
                path.display(),
                "no such file; give the path of the ONNX Runtime library itself",
            ));
        }
        return Ok(Some((path.to_owned(), "named by --onnxruntime")));
    }
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        return Ok(Some((path.into(), "named by ORT_DYLIB_PATH")));
    }
    let file = if cfg!(windows) {
        "onnxruntime.dll"
    } else if cfg!(target_os = "macos") {
        "libonnxruntime.dylib"
    } else {
        "libonnxruntime.so"
    };
    let executable = std::env::current_exe().ok();
    let beside = executable
        .as_deref()
        .and_then(Path::parent)
        .map(|it| it.join(file));
    if let Some(path) = beside.filter(|path| path.is_file()) {
        return Ok(Some((path, "beside the executable")));
    }
    const SYSTEM: [&str; 6] = [
        "/usr/local/lib",
        "/usr/lib",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib64",
        "/opt/homebrew/lib",
    ];
    let system = SYSTEM.iter().map(|folder| Path::new(folder).join(file));
    Ok(system
        .into_iter()
        .find(|path| path.is_file())
        .map(|path| (path, "of the system")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(model: Option<&Path>, backend: Backend, library: Option<&Path>) -> ShellError {
        match Weights::open(model, backend, library) {
            Ok(_) => panic!("it must be refused"),
            Err(error) => error,
        }
    }

    #[test]
    fn what_cannot_be_loaded_is_named_and_ends_with_six() {
        let nowhere = Path::new("/no/such/thing.onnx");
        let error = refused(Some(nowhere), Backend::Embedded, None);
        assert_eq!(error.exit_code(), 6);
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        assert!(cause.unwrap().contains("/no/such/thing.toml"));
        assert_eq!(refused(None, Backend::Native, Some(nowhere)).exit_code(), 6);
    }

    #[cfg(feature = "embedded")]
    #[test]
    fn the_bundled_model_is_lent_and_lent_again() {
        let weights = Weights::open(None, Backend::Embedded, None).unwrap();
        let model = weights.take().unwrap();
        assert_eq!(model.card().name, weights.card().name);
        weights.give_back(model);
        assert_eq!(weights.idle.lock().unwrap().len(), 1);
    }
}
