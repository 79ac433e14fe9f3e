//! Clips, heard one by one or all at once.

use super::super::{chain, pool};
use super::args::OutputArgs;
use super::bands::Band;
use super::line::{LINE_RATE, Line, code};
use crate::audio::PcmBlock;
use crate::features::{FeatureFrame, FeatureStream};
use crate::shell::batch;
use crate::shell::error::ShellError;
use crate::shell::progress::Progress;
use crate::shell::runner::Hearing;
use std::path::{Path, PathBuf};

/// Hands every feature frame of the clip at `path`, heard through `band`, to `sink`.
///
/// # Errors
/// The clip cannot be opened, decoded or read, or its rate cannot be analysed.
pub fn hear(
    path: &Path,
    band: Band,
    mut sink: impl FnMut(&FeatureFrame),
) -> Result<(), ShellError> {
    let (mut source, splitter) = Hearing::default().open(path)?;
    let (mut line, rate) = match band {
        Band::Full => (None, source.rate()),
        Band::Telephone => (Some(Line::new(source.rate())?), LINE_RATE),
    };
    let mut stream = FeatureStream::new(rate)?;
    let (mut block, mut caller, mut agent) = (Vec::new(), Vec::new(), Vec::new());
    let mut behind = Vec::new();
    while source.next_block(&mut block)? {
        splitter.split(&block, &mut caller, &mut agent);
        let heard = match &mut line {
            None => &caller,
            Some(line) => {
                behind.clear();
                line.push(&caller, &mut behind);
                code(&mut behind);
                &behind
            }
        };
        stream.push(PcmBlock::Samples(heard), |frame| sink(&frame));
    }
    if let Some(line) = &mut line {
        behind.clear();
        line.finish(&mut behind);
        code(&mut behind);
        stream.push(PcmBlock::Samples(&behind), |frame| sink(&frame));
    }
    stream.finish(|frame| sink(&frame));
    Ok(())
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
