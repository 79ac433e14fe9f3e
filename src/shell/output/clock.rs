//! Stream time as a person reads it.

/// `00:58.2`, or `1:02:03.4` from an hour on.
pub fn tenths(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    format!("{}.{}", whole(tenths / 10), tenths % 10)
}

/// `00:58`, or `1:02:03` from an hour on.
pub fn whole(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours == 0 {
        format!("{minutes:02}:{seconds:02}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}")
    }
}

/// The shortest round step, in seconds, that cuts `duration_s` into at most `most` parts.
pub fn tick_step(duration_s: f64, most: usize) -> u64 {
    const STEPS: [u64; 15] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400,
    ];
    let fits = |step: &u64| duration_s / *step as f64 <= most as f64;
    // Beyond a day of stream the ticks are whole multiples of four hours.
    let long = || (duration_s / (14400 * most.max(1)) as f64).ceil() as u64 * 14400;
    STEPS.into_iter().find(fits).unwrap_or_else(long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_over() {
        assert_eq!(tenths(58.24), "00:58.2");
        assert_eq!(tenths(59.96), "01:00.0");
        assert_eq!(tenths(3723.4), "1:02:03.4");
        assert_eq!(whole(61), "01:01");
    }

    #[test]
    fn ticks_are_round_and_never_too_many() {
        assert_eq!(tick_step(60.0, 6), 10);
        assert_eq!(tick_step(61.0, 6), 15);
        assert_eq!(tick_step(0.0, 6), 1);
        for duration in [1.0, 59.0, 3_600.0, 400_000.0] {
            assert!(duration / tick_step(duration, 8) as f64 <= 8.0);
        }
    }
}
