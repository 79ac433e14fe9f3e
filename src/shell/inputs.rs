//! The files that a command line means: files as named, folders walked, in a stable order.

use crate::shell::error::ShellError;
use std::fs;
use std::path::{Path, PathBuf};

/// Endings that are looked for in folders. A file that is named is opened whatever its ending.
const ENDINGS: [&str; 7] = ["wav", "wave", "flac", "ogg", "oga", "opus", "mp3"];

/// Folders inside folders, at most: a loop of links ends here.
const DEPTH: usize = 32;

/// Every file named by `paths`, each folder replaced by the audio files in and under it, sorted.
///
/// # Errors
/// [`ShellError::Open`] for a folder that cannot be read, [`ShellError::Usage`] for a folder
/// without audio.
pub fn collect(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ShellError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        walk(path, DEPTH, &mut files)?;
        if files.len() == before {
            return Err(ShellError::Usage(format!(
                "{}: no audio in this folder (looked for .{})",
                path.display(),
                ENDINGS.join(", .")
            )));
        }
    }
    Ok(files)
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), ShellError> {
    let failed = |source| ShellError::Open {
        path: folder.to_owned(),
        source,
    };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            if depth > 0 {
                walk(&entry, depth - 1, files)?;
            }
        } else if is_audio(&entry) {
            files.push(entry);
        }
    }
    Ok(())
}

fn is_audio(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_in_order_and_files_taken_as_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("b/deep")).unwrap();
        for name in ["c.wav", "a.FLAC", "notes.txt", "b/deep/x.opus"] {
            fs::write(at(name), "").unwrap();
        }
        let found = collect(&[at("notes.txt"), folder.path().to_owned()]).unwrap();
        assert_eq!(
            found,
            [
                at("notes.txt"),
                at("a.FLAC"),
                at("b/deep/x.opus"),
                at("c.wav")
            ]
        );
    }

    #[test]
    fn a_folder_without_audio_is_an_error_of_usage() {
        let folder = tempfile::tempdir().unwrap();
        let error = collect(&[folder.path().to_owned()]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
