//! What the commands around the server can be asked.

use super::{BenchFormat, seconds};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

pub(super) const REPORT_HELP: &str = "\
Examples:
  undertone report --store undertone.db             all that is stored, to read
  undertone report --store undertone.db --since 7d --format json

docs/metrics.md defines each figure. What has no case is \"no data\" (null), never 0.";

pub(super) const SCREEN_HELP: &str = "\
Examples:
  undertone screen handoff.json --out handoff.html  a page to open in any browser
  undertone screen - < handoff.json > handoff.html

The page is one file: it asks for nothing from anywhere and runs no script.";

pub(super) const LOAD_HELP: &str = "\
Examples:
  undertone load samples/became-angry.wav
  undertone load --calls 300 --seconds 600 --format json samples/calm.wav

Starts a server of its own with a fresh store, a receiver of webhooks, and --calls callers who each
play the recording in real time. All the while some of them ask for a human, in partial transcripts.
What is measured:
  decision -> signed webhook            decided in the server until the receiver has it
  partial transcript -> signed webhook  the request leaves the client until the receiver has it
  partial transcript -> answered        until the client knows that it is decided and safely stored
Callers, server and receiver share the machine, so the figures hold the cost of all three. Each
transfer is declined at once, so that the call may ask again.";

/// `undertone load`.
#[derive(Debug, Args)]
pub struct Load {
    /// What every caller plays, round and round: a recording at 8000 Hz
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// A table to read, or one JSON object
    #[arg(long, value_enum, default_value_t)]
    pub format: BenchFormat,
    /// Calls at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), default_value_t = 200)]
    pub calls: u32,
    /// How long they last
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(5..=86_400), default_value_t = 60)]
    pub seconds: u32,
    /// Callers who ask for a human, a second, among all calls
    #[arg(long, value_name = "N", value_parser = seconds, default_value_t = 10.0)]
    pub asks_per_s: f64,
    /// Milliseconds of sound in a frame
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(10..=200), default_value_t = 20)]
    pub frame_ms: u32,
}

/// `undertone screen`.
#[derive(Debug, Args)]
pub struct Screen {
    /// A handoff payload in JSON, or `-` for standard input
    #[arg(value_name = "PAYLOAD.json")]
    pub payload: PathBuf,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `undertone report`.
#[derive(Debug, Args)]
pub struct Report {
    /// The server's database
    #[arg(long, value_name = "PATH", default_value = "undertone.db")]
    pub store: PathBuf,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    pub format: ReportFormat,
    /// Leave out what was decided before: 30d, 12h, a date, or a time in UTC
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Days within which a customer who is escalated again counts
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub again_within_days: u32,
}

/// How the report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Lines to read
    #[default]
    Text,
    /// One JSON object
    Json,
}
