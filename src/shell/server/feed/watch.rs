//! The clock of a stream: when its silence is told, and when it is given up.

use std::time::{Duration, Instant};

/// Watches over one stream.
pub struct Watch {
    heard: Instant,
    told: bool,
    alarm: Duration,
    patience: Duration,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Well,
    /// It has been silent for long enough to be told, once for each silence.
    Silent,
    /// It is given up.
    Gone,
}

impl Watch {
    /// From now on: silence is told after `alarm_s` and ends the stream after `patience_s`.
    pub fn new(alarm_s: f64, patience_s: f64) -> Self {
        Self {
            heard: Instant::now(),
            told: false,
            alarm: Duration::from_secs_f64(alarm_s),
            patience: Duration::from_secs_f64(patience_s),
        }
    }

    /// Sound came.
    pub fn heard(&mut self) {
        self.heard = Instant::now();
        self.told = false;
    }

    /// How long until [`Watch::look`] may have something to say.
    pub fn wait(&self) -> Duration {
        let next = match self.told {
            false => self.alarm.min(self.patience),
            true => self.patience,
        };
        next.saturating_sub(self.heard.elapsed())
    }

    /// What is to be done now.
    pub fn look(&mut self) -> Verdict {
        let silent = self.heard.elapsed();
        if silent >= self.patience {
            return Verdict::Gone;
        }
        if silent >= self.alarm && !self.told {
            self.told = true;
            return Verdict::Silent;
        }
        Verdict::Well
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_once_and_then_ends_it() {
        let mut watch = Watch::new(0.0, 0.05);
        assert_eq!(watch.look(), Verdict::Silent);
        assert_eq!(watch.look(), Verdict::Well);
        assert!(watch.wait() > Duration::ZERO);
        std::thread::sleep(Duration::from_millis(60));
        assert_eq!(
            (watch.wait(), watch.look()),
            (Duration::ZERO, Verdict::Gone)
        );
        watch.heard();
        assert_eq!(watch.look(), Verdict::Silent, "a new silence");
    }
}
