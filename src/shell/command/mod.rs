//! Takes: a parsed command line.
//! Gives: the command's work, an exit code, errors on standard error.
//! Remembers: nothing.
//! Source: none.

pub mod analyze;
pub mod bench;
#[cfg(feature = "serve")]
pub mod call;
pub mod check;
pub mod classify_text;
pub mod eval;
pub mod features;
pub mod listen;
#[cfg(feature = "serve")]
pub mod load;
pub mod replay;
#[cfg(feature = "serve")]
pub mod report;
pub mod schema;
#[cfg(feature = "serve")]
pub mod screen;
#[cfg(feature = "serve")]
pub mod serve;
mod setup;
#[cfg(feature = "serve")]
pub mod token;
pub mod tune;

pub use setup::{SERVER_SECTIONS, config_sha256};

use crate::shell::cli::{Cli, Command, HearingArgs};
use crate::shell::error::ShellError;
use crate::shell::runner::Hearing;
use rayon::ThreadPool;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Does what `cli` asks for; the exit code of what went worst.
pub fn run(cli: &Cli) -> u8 {
    let done = match &cli.command {
        Command::Analyze(args) => analyze::run(args),
        Command::Features(args) => features::run(args),
        Command::Listen(args) => listen::run(args),
        #[cfg(feature = "serve")]
        Command::Call(args) => call::run(args),
        #[cfg(feature = "serve")]
        Command::Load(args) => load::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Tune(args) => tune::run(args),
        #[cfg(feature = "serve")]
        Command::Screen(args) => screen::run(args),
        Command::ClassifyText(args) => classify_text::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Replay(args) => replay::run(args),
        #[cfg(feature = "serve")]
        Command::Report(args) => report::run(args),
        Command::Check(args) => check::run(args),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(args),
        #[cfg(feature = "serve")]
        Command::Token(args) => token::run(args),
    };
    match done {
        Ok(code) => code,
        // Whoever read our output has seen enough.
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            eprintln!("undertone: {}", chain(&error));
            error.exit_code()
        }
    }
}

/// The error and what caused it, in one line.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(&format!(": {error}"));
        cause = error.source();
    }
    line
}

fn is_broken_pipe(error: &ShellError) -> bool {
    matches!(error, ShellError::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
}

fn hearing(args: &HearingArgs) -> Hearing {
    Hearing {
        channel: args.channel,
        raw: args.raw,
    }
}

fn pool(jobs: usize) -> Result<ThreadPool, ShellError> {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(jobs);
    builder
        .build()
        .map_err(|error| ShellError::Usage(format!("--jobs {jobs}: {error}")))
}

/// Where output goes, and its name in messages.
struct Destination {
    name: PathBuf,
    out: Box<dyn Write + Send>,
}

impl Destination {
    /// The file at `path`, or standard output.
    fn open(path: Option<&Path>) -> Result<Self, ShellError> {
        let Some(path) = path else {
            return Ok(Self {
                name: "standard output".into(),
                out: Box::new(io::stdout()),
            });
        };
        let created = File::create(path);
        let file = created.map_err(|source| write_error(path, source))?;
        Ok(Self {
            name: path.to_owned(),
            out: Box::new(BufWriter::new(file)),
        })
    }

    /// Runs `write` on the output; a failure names the destination.
    fn write(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), ShellError> {
        write(&mut self.out).map_err(|source| write_error(&self.name, source))
    }
}

fn write_error(path: &Path, source: io::Error) -> ShellError {
    ShellError::Write {
        path: path.to_owned(),
        source,
    }
}
