//! `undertone report`: what the store says about the handoffs.

use super::{Destination, setup};
use crate::shell::error::ShellError;
use crate::shell::plot::Picture;
use crate::shell::report::{Query, Report as Figures};
use crate::shell::store::Reads;
use crate::shell::wall;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Examples for `--help`.
pub const HELP: &str = "\
Examples:
  undertone report --store undertone.db             all that is stored, to read
  undertone report --store undertone.db --since 7d --format json
  undertone report --store undertone.db --config undertone.toml --plot report.png

docs/metrics.md defines each figure. What has no case is \"no data\" (null), never 0.";

/// `undertone report`.
#[derive(Debug, Args)]
pub struct Report {
    /// The server's database
    #[arg(long, value_name = "PATH", default_value = "undertone.db")]
    pub store: PathBuf,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Leave out what was decided before: 30d, 12h, a date, or a time in UTC
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Days within which a customer who is escalated again counts
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub again_within_days: u32,
    /// Draw the trigger mix and the times to a human into this .png or .svg
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// The server's configuration: its section `transfer` has the targets and worst cases
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// How the report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines to read
    #[default]
    Text,
    /// One JSON object
    Json,
}

/// Reads the store and prints the report.
///
/// # Errors
/// The store cannot be opened or read, or `--since` is no time.
pub fn run(args: &Report) -> Result<u8, ShellError> {
    let now_ms = wall::unix_ms();
    let query = Query {
        since_ms: args
            .since
            .as_deref()
            .map_or(Ok(0), |text| since(text, now_ms))?,
        now_ms,
        again_within_days: args.again_within_days,
        budget: setup::configuration(args.config.as_deref())?.0.transfer,
    };
    if let Some(path) = &args.plot {
        Picture::of(path)?;
    }
    let report = Figures::gather(&Reads::open(&args.store)?, &query)?;
    if let Some(path) = &args.plot {
        report.plot(path)?;
    }
    let text = match args.format {
        Format::Text => report.text(),
        // Numbers and strings under plain keys always serialise.
        Format::Json => serde_json::to_string_pretty(&report).unwrap_or_default() + "\n",
    };
    let mut out = Destination::open(None)?;
    out.write(|out| {
        out.write_all(text.as_bytes())?;
        out.flush()
    })?;
    Ok(0)
}

/// `30d`, `12h`, a date, or a time in UTC.
fn since(text: &str, now_ms: i64) -> Result<i64, ShellError> {
    let ago = |unit: char, ms: i64| {
        let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(now_ms.saturating_sub(count.checked_mul(ms)?))
    };
    let found = ago('d', 86_400_000).or_else(|| ago('h', 3_600_000));
    found.or_else(|| wall::parse(text)).ok_or_else(|| {
        ShellError::Usage(format!(
            "--since {text}: give 30d, 12h, 2026-11-25 or 2026-11-25T12:00:00Z"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_or_refused_by_name() {
        assert_eq!(since("1d", 90_000_000).unwrap(), 3_600_000);
        assert_eq!(since("2h", 9_000_000).unwrap(), 1_800_000);
        assert_eq!(since("1970-01-02", 0).unwrap(), 86_400_000);
        let error = since("yesterday", 0).unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("30d"));
    }
}
