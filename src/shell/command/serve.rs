//! `undertone serve`: the server, from its configuration to its gentle end.

use super::setup;
use crate::shell::cli::Setup;
use crate::shell::error::ShellError;
use crate::shell::server;
use clap::{Args, ValueEnum};
use sd_notify::NotifyState;
use std::io::{self, IsTerminal};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
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
then the end. Calls that are open go on after a restart. SIGHUP: the configuration and the
certificates are read again, for new calls and requests; what is wrong leaves the old ones in force.";

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
    let tls = settings.around.server.tls.is_some();
    let ready = setup::prepare(&args.setup)?;
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(open_error)?;
    runtime.block_on(async {
        let mut told = Told::new()?;
        let mut running = server::start(settings, &file, &ready.weights, ready.run).await?;
        let scheme = match tls {
            true => "https",
            false => "http",
        };
        eprintln!("undertone: listening on {scheme}://{}", running.address());
        supervisor(&[NotifyState::Ready]);
        while told.reload().await {
            let now = NotifyState::monotonic_usec_now();
            let now = now.unwrap_or(NotifyState::MonotonicUsec(0));
            supervisor(&[NotifyState::Reloading, now]);
            if let Err(error) = running.reload(setup::settings(&args.setup)).await {
                let error = super::chain(&error);
                tracing::error!(
                    error,
                    "not reloaded: the configuration of before stays in force"
                );
            }
            supervisor(&[NotifyState::Ready]);
        }
        supervisor(&[NotifyState::Stopping]);
        running.stop().await;
        Ok(0)
    })
}

fn open_error(source: io::Error) -> ShellError {
    let path = "the server's threads".into();
    ShellError::Open { path, source }
}

/// What the server is told by signals.
struct Told {
    term: Signal,
    interrupt: Signal,
    hup: Signal,
}

impl Told {
    /// From now on none of them ends the process by itself.
    fn new() -> Result<Self, ShellError> {
        Ok(Self {
            term: signal(SignalKind::terminate()).map_err(open_error)?,
            interrupt: signal(SignalKind::interrupt()).map_err(open_error)?,
            hup: signal(SignalKind::hangup()).map_err(open_error)?,
        })
    }

    /// Waits for the next: true for SIGHUP, false for SIGTERM or Ctrl-C.
    async fn reload(&mut self) -> bool {
        tokio::select! {
            _ = self.term.recv() => false,
            _ = self.interrupt.recv() => false,
            _ = self.hup.recv() => true,
        }
    }
}

/// Tells systemd, where it is the one who started this.
fn supervisor(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
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
