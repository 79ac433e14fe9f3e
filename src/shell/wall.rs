//! Wall time: milliseconds since 1970, and how they are written for people and machines.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01T00:00:00Z; 0 where the system's clock stands before that.
pub fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis().try_into().unwrap_or(i64::MAX))
}

/// `2026-11-25T12:00:00.000Z` (RFC 3339, UTC). What is not within the years -9999 to 9999 is written as
/// the nearer end of them.
pub fn rfc3339(ms: i64) -> String {
    let end = if ms < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    format!("{:.3}", Timestamp::from_millisecond(ms).unwrap_or(end))
}

/// Milliseconds since 1970 of `2026-11-25` (its first instant in UTC), or of a time with its zone:
/// `2026-11-25T12:00:00Z`, with a fraction, or with an offset. None for anything else.
pub fn parse(text: &str) -> Option<i64> {
    let midnight = || {
        let day: Date = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
    };
    let at = text.parse().ok().or_else(midnight);
    at.map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_moments() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_614_265_330_005), "2021-02-25T15:02:10.005Z");
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert!(rfc3339(i64::MAX).starts_with("9999-12-30T"));
        assert_eq!(parse("2021-02-25T15:02:10Z"), Some(1_614_265_330_000));
        assert_eq!(parse("2021-02-25T16:02:10+01:00"), Some(1_614_265_330_000));
        assert_eq!(parse("2000-02-29"), Some(951_782_400_000));
        for wrong in ["", "2021-02-30", "2021-2-3", "25.2.2021"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(ms in -60_000_000_000_000_i64..250_000_000_000_000) {
            prop_assert_eq!(parse(&rfc3339(ms)), Some(ms));
        }

        #[test]
        fn any_text_is_refused_or_read(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
