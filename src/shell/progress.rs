//! How far a batch is, on standard error, where somebody is looking.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// A bar over `files`; none for a single file, when told to be quiet, or without a terminal.
pub struct Progress(ProgressBar);

impl Progress {
    /// Starts at nothing done.
    pub fn new(files: usize, quiet: bool) -> Self {
        if files < 2 || quiet || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr());
        let template = "{bar:30} {pos}/{len} files  {elapsed} (about {eta} left)  {wide_msg}";
        match ProgressStyle::with_template(template) {
            Ok(style) => Self(bar.with_style(style)),
            Err(_) => Self(bar),
        }
    }

    /// One more file is done.
    pub fn done(&self, file: &str) {
        self.0.set_message(file.to_owned());
        self.0.inc(1);
    }

    /// Prints a line to standard error without tearing the bar.
    pub fn say(&self, line: &str) {
        self.0.suspend(|| eprintln!("{line}"));
    }

    /// Writes to standard output without tearing the bar.
    pub fn pause<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
