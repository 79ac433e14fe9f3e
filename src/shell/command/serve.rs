//! `undertone serve`: the server, from its configuration to its gentle end.

use super::setup;
use crate::shell::cli::Setup;
use crate::shell::error::ShellError;
use crate::shell::server;
use clap::{Args, ValueEnum};
use std::io::{self, IsTerminal};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// What the help adds.
pub const HELP: &str = "\
A configuration that is enough:
  [server]
  listen = \"127.0.0.1:8080\"
  notice = \"A machine listens to how you sound, so that we can put you through to a person.\"

  [[token]]                                         three lines that `undertone token agent` prints
  name = \"agent\"
  sha256 = \"...\"
  scopes = [\"calls:write\", \"calls:read\", \"transfers:write\"]

Then, with the token in $TOKEN:
  curl -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\
    -d '{\"type\": \"turn\", \"speaker\": \"caller\", \"text\": \"I want to talk to a person\"}' \\
    http://127.0.0.1:8080/v1/calls/call-1/dialogue

/openapi.json describes every address. SIGTERM or Ctrl-C: no new calls, what is decided goes out,
then the end. Calls that are open go on after a restart.";

/// `undertone serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Configuration and model
    #[command(flatten)]
    pub setup: Setup,
    /// How the log is written, on standard error
    #[arg(long, value_enum, default_value_t)]
    pub log: LogFormat,
    /// What is logged: error, warn, info, debug, or a filter such as undertone=debug
    #[arg(long, value_name = "FILTER", default_value = "info")]
    pub log_filter: String,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines to read.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Serves until it is told to stop.
///
/// # Errors
/// The configuration, the model, the store or the address cannot be used.
pub fn run(args: &Serve) -> Result<u8, ShellError> {
    log(args)?;
    let (settings, file) = setup::settings(&args.setup)?;
    let ready = setup::prepare(&args.setup)?;
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(open_error)?;
    runtime.block_on(async {
        let running = server::start(settings, &file, &ready.weights, ready.run).await?;
        eprintln!("undertone: listening on http://{}", running.address());
        told_to_stop().await?;
        running.stop().await;
        Ok(0)
    })
}

fn open_error(source: io::Error) -> ShellError {
    let path = "the server's threads".into();
    ShellError::Open { path, source }
}

/// SIGTERM or Ctrl-C.
async fn told_to_stop() -> Result<(), ShellError> {
    let mut term = signal(SignalKind::terminate()).map_err(open_error)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(open_error)?;
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn log(args: &Serve) -> Result<(), ShellError> {
    let filter = EnvFilter::try_new(&args.log_filter).map_err(|error| {
        let filter = &args.log_filter;
        ShellError::Usage(format!(
            "--log-filter {filter}: {error}; give a level such as info"
        ))
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    // In tests many servers share one process: the first log stays.
    let _ = match args.log {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    Ok(())
}
