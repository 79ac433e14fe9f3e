//! How good a decision between two states is.

use super::pitch_score::percent;

/// Counts over frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct DecisionScore {
    hits: usize,
    misses: usize,
    false_alarms: usize,
    rejections: usize,
}

impl DecisionScore {
    /// One frame.
    pub fn add(&mut self, decided: bool, truth: bool) {
        *match (decided, truth) {
            (true, true) => &mut self.hits,
            (false, true) => &mut self.misses,
            (true, false) => &mut self.false_alarms,
            (false, false) => &mut self.rejections,
        } += 1;
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.false_alarms += other.false_alarms;
        self.rejections += other.rejections;
    }

    /// Frames counted.
    pub fn frames(&self) -> usize {
        self.hits + self.misses + self.false_alarms + self.rejections
    }

    /// Frames that are truly positive, %.
    pub fn share(&self) -> Option<f64> {
        percent(self.hits + self.misses, self.frames())
    }

    /// Wrong decisions, % of all frames.
    pub fn error(&self) -> Option<f64> {
        percent(self.misses + self.false_alarms, self.frames())
    }

    /// Positives not found, % of the positives.
    pub fn miss(&self) -> Option<f64> {
        percent(self.misses, self.hits + self.misses)
    }

    /// Negatives taken for positives, % of the negatives.
    pub fn false_alarm(&self) -> Option<f64> {
        percent(self.false_alarms, self.false_alarms + self.rejections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_share_has_its_own_whole() {
        let mut score = DecisionScore::default();
        assert_eq!(score.error(), None);
        for (decided, truth, times) in [
            (true, true, 3),
            (false, true, 1),
            (true, false, 2),
            (false, false, 4),
        ] {
            (0..times).for_each(|_| score.add(decided, truth));
        }
        assert_eq!(score.error(), Some(30.0));
        assert_eq!(score.miss(), Some(25.0));
        assert_eq!(score.false_alarm(), Some(100.0 / 3.0));
        assert_eq!(score.share(), Some(40.0));
    }
}
