//! `undertone report`: what the store says about the handoffs.

use super::{Destination, setup};
use crate::shell::cli::{Report as Args, ReportFormat};
use crate::shell::error::ShellError;
use crate::shell::plot::Picture;
use crate::shell::report::{Query, Report};
use crate::shell::store::Reads;
use crate::shell::wall;

/// Reads the store and prints the report.
///
/// # Errors
/// The store cannot be opened or read, or `--since` is no time.
pub fn run(args: &Args) -> Result<u8, ShellError> {
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
    let report = Report::gather(&Reads::open(&args.store)?, &query)?;
    if let Some(path) = &args.plot {
        report.plot(path)?;
    }
    let text = match args.format {
        ReportFormat::Text => report.text(),
        // Numbers and strings under plain keys always serialise.
        ReportFormat::Json => serde_json::to_string_pretty(&report).unwrap_or_default() + "\n",
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
