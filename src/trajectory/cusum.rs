//! Evidence of a change, accumulated: Page's cumulative sum (1954).
//!
//! S ← max(0, S + (x − k) Δt), an alarm when S > h. With x in standard deviations, k is half of
//! the smallest shift worth finding, and S is measured in standard deviations × seconds of
//! speech. The change began where S last left zero: that is the back-dated onset.

use crate::units::StreamTime;

/// One accumulator.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cusum {
    sum: f64,
    onset: Option<StreamTime>,
    speech_s: f64,
}

impl Cusum {
    /// Adds `excess` = x − k over `speech_s` seconds of speech ending at `at`, up to `ceiling`.
    pub fn add(&mut self, excess: f64, speech_s: f64, at: StreamTime, ceiling: f64) {
        let sum = self.sum + excess * speech_s;
        if sum <= 0.0 || sum.is_nan() {
            *self = Self::default();
            return;
        }
        if self.onset.is_none() {
            self.onset = Some(StreamTime::from_seconds(at.seconds() - speech_s));
            self.speech_s = 0.0;
        }
        self.speech_s += speech_s;
        self.sum = sum.min(ceiling);
    }

    /// The sum, standard deviations × seconds.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// Where the sum last left zero.
    pub fn onset(&self) -> Option<StreamTime> {
        self.onset
    }

    /// Seconds of speech since the onset.
    pub fn speech_s(&self) -> f64 {
        self.speech_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_onset_is_back_dated_to_the_change() {
        let mut cusum = Cusum::default();
        let mut alarm = None;
        for i in 0..200 {
            let at = StreamTime::from_seconds(f64::from(i) * 0.25);
            let x = if i < 120 { -0.2 } else { 2.0 };
            cusum.add(x - 1.0, 0.25, at, 20.0);
            if cusum.sum() > 5.0 {
                alarm = alarm.or(Some((at, cusum.onset())));
            }
        }
        let (at, onset) = alarm.unwrap();
        assert!((at.seconds() - 35.0).abs() < 0.6, "{at:?}");
        assert!((onset.unwrap().seconds() - 29.75).abs() < 0.3, "{onset:?}");
    }

    #[test]
    fn a_single_outburst_drains_away() {
        let mut cusum = Cusum::default();
        for i in 0..100 {
            let x = if (20..28).contains(&i) { 2.0 } else { 0.0 };
            cusum.add(x - 1.0, 0.25, StreamTime::from_seconds(f64::from(i)), 20.0);
            assert!(cusum.sum() < 5.0);
        }
        assert_eq!(cusum.sum(), 0.0);
        assert_eq!(cusum.onset(), None);
    }
}
