//! Takes: samples, frames and events of one file, or anything else that can be drawn.
//! Gives: one picture of it, PNG or SVG; of a file waveform, pitch, level and trajectory on one time axis.
//! Remembers: a bounded number of bins, however long the file is.
//! Source: colours after Okabe & Ito (2008), told apart by every common colour blindness.

pub mod data;
mod events;
pub(in crate::shell) mod font;
pub(in crate::shell) mod palette;
mod panels;
mod recorder;

pub use recorder::Recorder;

use crate::shell::error::ShellError;
use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, DrawingArea, DrawingAreaErrorKind, DrawingBackend, IntoDrawingArea, SVGBackend,
};
use std::fmt::Display;
use std::io;
use std::path::Path;

/// What comes of drawing on a surface.
pub type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// What can be drawn on any surface.
pub trait Drawing {
    /// Pixels across and down.
    const SIZE: (u32, u32);

    /// Draws all of it onto `root`.
    ///
    /// # Errors
    /// Those of the surface.
    fn draw<DB: DrawingBackend>(&self, root: &DrawingArea<DB, Shift>) -> Drawn<DB>;
}

/// The kinds of picture, told by the file's ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Pixels.
    Png,
    /// Lines and text that scale.
    Svg,
}

impl Picture {
    /// # Errors
    /// [`ShellError::Usage`] for an ending that is neither `.png` nor `.svg`.
    pub fn of(path: &Path) -> Result<Self, ShellError> {
        let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
        match ending.as_deref().and_then(|ending| ending.to_str()) {
            Some("png") => Ok(Self::Png),
            Some("svg") => Ok(Self::Svg),
            _ => Err(ShellError::Usage(format!(
                "--plot {}: name a file that ends in .png or .svg",
                path.display()
            ))),
        }
    }
}

/// Draws `data` into the file `path`.
///
/// # Errors
/// [`ShellError::Usage`] for an unknown ending, [`ShellError::Write`] where the file cannot be
/// written.
pub fn write<D: Drawing>(path: &Path, data: &D) -> Result<(), ShellError> {
    let picture = Picture::of(path)?;
    font::register();
    let failed = |error: &dyn Display| ShellError::Write {
        path: path.to_owned(),
        source: io::Error::other(error.to_string()),
    };
    match picture {
        Picture::Png => {
            let root = BitMapBackend::new(path, D::SIZE).into_drawing_area();
            let drawn = data.draw(&root).and_then(|()| root.present());
            drawn.map_err(|error| failed(&error))
        }
        Picture::Svg => {
            let mut text = String::new();
            let root = SVGBackend::with_string(&mut text, D::SIZE).into_drawing_area();
            let drawn = data.draw(&root).and_then(|()| root.present());
            drawn.map_err(|error| failed(&error))?;
            drop(root);
            std::fs::write(path, text).map_err(|source| ShellError::Write {
                path: path.to_owned(),
                source,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::data::PlotData;
    use super::*;

    #[test]
    fn both_kinds_are_written_and_differ_from_an_empty_call() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["call.png", "call.svg"] {
            let (full, empty) = (
                folder.path().join(name),
                folder.path().join(format!("e{name}")),
            );
            write(&full, &data::sample(60.0)).unwrap();
            write(&empty, &PlotData::default()).unwrap();
            let (full, empty) = (std::fs::read(full).unwrap(), std::fs::read(empty).unwrap());
            assert!(full.len() > empty.len(), "{name}");
        }
        let svg = std::fs::read_to_string(folder.path().join("call.svg")).unwrap();
        for text in [
            "ESCALATE 00:42.5",
            "pitch (Hz)",
            "level (dBFS)",
            "hesitation",
        ] {
            assert!(svg.contains(text), "{text:?} is missing in the SVG");
        }
    }

    #[test]
    fn an_unwritable_place_is_an_error_and_not_a_panic() {
        for name in ["/no/such/folder/call.png", "/no/such/folder/call.svg"] {
            let error = write(Path::new(name), &data::sample(5.0)).unwrap_err();
            assert_eq!(error.exit_code(), 5, "{error}");
        }
        let error = write(Path::new("call.gif"), &PlotData::default()).unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
