//! Clips, heard one by one or all at once.

use super::super::{chain, pool};
use super::args::OutputArgs;
use super::bands::Band;
use super::lines::LineKind;
use crate::features::FeatureFrame;
use crate::shell::batch;
use crate::shell::error::ShellError;
use crate::shell::progress::Progress;
use std::path::{Path, PathBuf};

/// Hands every feature frame of the clip at `path`, heard through `band`, to `sink`.
///
/// # Errors
/// The clip cannot be opened, decoded or read, or its rate cannot be analysed.
pub fn hear(path: &Path, band: Band, sink: impl FnMut(&FeatureFrame)) -> Result<(), ShellError> {
    let line = match band {
        Band::Full => LineKind::Full,
        Band::Telephone => LineKind::Telephone,
    };
    line.hear(path, sink)
}

/// Does `work` on every clip, several at once; what came of each, in order, and the exit code of
/// the worst. A clip that fails is told on standard error, and is `None`.
///
/// # Errors
/// No threads can be had.
pub fn each<I: Sync, R: Send>(
    output: &OutputArgs,
    clips: &[I],
    path: impl Fn(&I) -> PathBuf,
    work: impl Fn(&I) -> Result<R, ShellError> + Sync,
) -> Result<(Vec<Option<R>>, u8), ShellError> {
    let progress = Progress::new(clips.len(), output.quiet);
    let mut heard = Vec::with_capacity(clips.len());
    let mut worst = 0;
    let deliver = |clip: &I, done: Result<R, ShellError>| {
        let file = path(clip).display().to_string();
        if let Err(error) = &done {
            let words = chain(error);
            let named = if words.starts_with(&file) {
                words
            } else {
                format!("{file}: {words}")
            };
            progress.say(&format!("undertone: {named}; the figures are without it"));
            worst = worst.max(error.exit_code());
        }
        heard.push(done.ok());
        progress.done(&file);
        Ok::<(), ShellError>(())
    };
    let delivered = batch::in_order(&pool(output.jobs)?, clips, work, deliver);
    progress.finish();
    delivered.map(|()| (heard, worst))
}
