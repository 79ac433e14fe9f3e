//! A corpus: the clips that a manifest names, and what it says of them.

use super::rows::Rows;
use crate::shell::error::ShellError;
use std::path::{Path, PathBuf};

/// One clip of a manifest. What the manifest does not say is empty.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Where it is.
    pub path: PathBuf,
    /// Its line in the manifest.
    pub line: u64,
    /// What is said in it.
    pub text: String,
    /// The language, as in `de` or `de-AT`.
    pub language: String,
    /// The label of the emotion or of the sound.
    pub emotion: String,
    /// Who speaks.
    pub speaker: String,
    /// The speaker's gender, as in `f` or `female`.
    pub gender: String,
    /// The speaker's age, years.
    pub age: String,
    /// The fold of its speaker.
    pub fold: String,
    /// The part of the corpus.
    pub set: String,
}

/// The manifest that `path` means: itself, or `manifest.csv` in a folder.
pub fn file(path: &Path) -> PathBuf {
    if path.is_dir() {
        path.join("manifest.csv")
    } else {
        path.to_owned()
    }
}

/// The corpus' name in a table: the folder that its manifest stands in.
pub fn name(manifest: &Path) -> String {
    let absolute = std::path::absolute(manifest).unwrap_or_else(|_| manifest.to_owned());
    let folder = absolute.parent().and_then(Path::file_name);
    folder.map_or_else(
        || manifest.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// The clips of `manifest`, which must have the columns `needed` and `path`.
///
/// # Errors
/// The manifest cannot be read, lacks a column, has a row without a path, or has no rows.
pub fn read(manifest: &Path, needed: &[&str]) -> Result<Vec<Clip>, ShellError> {
    let needed: Vec<&str> = ["path"].iter().chain(needed).copied().collect();
    let mut rows = Rows::open(manifest, &needed)?;
    let folder = manifest.parent().unwrap_or(Path::new(""));
    let mut clips = Vec::new();
    while let Some(row) = rows.next()? {
        if row.text("path").is_empty() {
            return Err(row.wrong(
                "path",
                "names no clip: write its path, relative to the manifest",
            ));
        }
        let text = |column| row.text(column).to_owned();
        clips.push(Clip {
            path: folder.join(row.text("path")),
            line: row.line,
            text: text("text"),
            language: text("language"),
            emotion: text("emotion"),
            speaker: text("speaker"),
            gender: text("gender"),
            age: text("age"),
            fold: text("fold"),
            set: text("set"),
        });
    }
    if clips.is_empty() {
        return Err(ShellError::data(manifest, 1, "no clips: one row for each"));
    }
    Ok(clips)
}
