//! When to try again, and when to give up.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::UNIX_EPOCH;

/// Milliseconds to wait after the first, second, … failure; the last one repeats.
pub const PAUSES_MS: [i64; 5] = [250, 500, 1000, 2000, 4000];
/// How far a pause is varied, so that many calls do not knock at the same instant: ±20 %.
const JITTER: f64 = 0.2;

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It was taken.
    Taken,
    /// It may be taken later.
    Later,
    /// It will never be taken.
    Never,
    /// Nothing will ever be taken here (410).
    Gone,
}

/// What the status of an answer means.
pub fn meaning(status: u16) -> Meaning {
    match status {
        200..=299 => Meaning::Taken,
        410 => Meaning::Gone,
        408 | 425 | 429 | 500..=599 => Meaning::Later,
        // A redirect too: a signed message goes where the configuration says, or nowhere.
        _ => Meaning::Never,
    }
}

/// When to try again after `failures` at `now_ms`; none where that is after `expires_ms`.
/// `after_ms` is the pause that the destination asked for. `chance` is 0..1.
pub fn again_ms(
    now_ms: i64,
    failures: u32,
    after_ms: Option<i64>,
    expires_ms: i64,
    chance: f64,
) -> Option<i64> {
    let place = (failures.saturating_sub(1) as usize).min(PAUSES_MS.len() - 1);
    let varied = PAUSES_MS[place] as f64 * (1.0 + JITTER * (2.0 * chance - 1.0));
    let pause = (varied as i64).max(after_ms.unwrap_or(0));
    let again = now_ms.saturating_add(pause);
    (again < expires_ms).then_some(again)
}

/// A number in 0..1 that differs from call to call. Not for secrets.
pub fn chance() -> f64 {
    (RandomState::new().build_hasher().finish() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Milliseconds that a `Retry-After` asks for: seconds, or a date as RFC 9110 has it. None where it is
/// neither.
pub fn retry_after_ms(value: &str, now_ms: i64) -> Option<i64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds: i64 = value.parse().unwrap_or(i64::MAX);
        return Some(seconds.saturating_mul(1000));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    let since = at.duration_since(UNIX_EPOCH).ok()?.as_millis();
    let at_ms = i64::try_from(since).unwrap_or(i64::MAX);
    Some(at_ms.saturating_sub(now_ms).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_with_the_window() {
        let mut now = 0;
        let mut times = vec![now];
        while let Some(again) = again_ms(now, times.len() as u32, None, 10_000, 0.5) {
            now = again;
            times.push(now);
        }
        assert_eq!(times, [0, 250, 750, 1750, 3750, 7750]);
        assert_eq!(again_ms(0, 1, None, 10_000, 0.0), Some(200));
        assert_eq!(again_ms(0, 1, None, 10_000, 1.0), Some(300));
        assert!((0..100).all(|_| (0.0..1.0).contains(&chance())));
    }

    #[test]
    fn a_wish_is_honoured_where_it_fits() {
        assert_eq!(again_ms(0, 1, Some(3000), 10_000, 0.5), Some(3000));
        assert_eq!(again_ms(0, 1, Some(100), 10_000, 0.5), Some(250));
        assert_eq!(again_ms(0, 1, Some(10_000), 10_000, 0.5), None);
        assert_eq!(again_ms(0, 1, Some(i64::MAX), 10_000, 0.5), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after_ms("3", 0), Some(3000));
        let date = "Thu, 25 Feb 2021 15:02:10 GMT";
        assert_eq!(retry_after_ms(date, 1_614_265_327_000), Some(3000));
        assert_eq!(retry_after_ms(date, 1_614_265_399_000), Some(0));
        for wrong in [
            "",
            "-1",
            "soon",
            "Thu, 25 Feb 2021",
            "Thu, 31 Feb 2021 15:02:10 GMT",
        ] {
            assert_eq!(retry_after_ms(wrong, 0), None, "{wrong}");
        }
    }

    #[test]
    fn every_status_has_a_meaning() {
        for (status, expected) in [
            (200, Meaning::Taken),
            (204, Meaning::Taken),
            (302, Meaning::Never),
            (404, Meaning::Never),
            (408, Meaning::Later),
            (410, Meaning::Gone),
            (425, Meaning::Later),
            (429, Meaning::Later),
            (503, Meaning::Later),
        ] {
            assert_eq!(meaning(status), expected, "{status}");
        }
    }
}
