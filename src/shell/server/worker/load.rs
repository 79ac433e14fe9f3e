//! What is left out when sound comes faster than it can be heard.
//!
//! Sound itself is the last to go: first readings become rarer, then the agents are not heard any
//! more, and only when a queue is full is sound lost, counted, and a gap. What is left out is
//! counted too, and comes back by itself.

use std::time::Duration;

/// Blocks that all waited less than this part of what is too long are a sign of room.
const EARLY: u32 = 4;
/// How often it is looked at.
const LOOKS: u32 = 5;
/// Looks in a row that must show room before something comes back.
const PATIENCE: u32 = 20;
/// The last level: a reading in eight, and no agents.
const MOST: u32 = 4;

/// How much a worker leaves out.
#[derive(Debug, Default)]
pub struct Load {
    level: u32,
    longest: Duration,
    ticks: u32,
    early: u32,
}

impl Load {
    /// Notes how long a block waited.
    pub fn waited(&mut self, lag: Duration) {
        self.longest = self.longest.max(lag);
    }

    /// To be called every 20 ms; the new level where it changed. A block that waited longer than
    /// `late` is a sign of too much work; zero stands for never.
    pub fn tick(&mut self, late: Duration) -> Option<u32> {
        self.ticks += 1;
        if !self.ticks.is_multiple_of(LOOKS) {
            return None;
        }
        let longest = std::mem::take(&mut self.longest);
        let before = self.level;
        if late.is_zero() {
            self.level = 0;
        } else if longest > late {
            self.level = (before + 1).min(MOST);
            self.early = 0;
        } else if longest < late / EARLY {
            self.early += 1;
            if self.early == PATIENCE {
                self.level = before.saturating_sub(1);
                self.early = 0;
            }
        } else {
            self.early = 0;
        }
        (self.level != before).then_some(self.level)
    }

    /// Of so many readings that are due, one is made: 1, 2, 4 or 8.
    pub fn one_reading_in(&self) -> u32 {
        1 << self.level.min(3)
    }

    /// Whether agents are heard.
    pub fn hears_agents(&self) -> bool {
        self.level < MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(load: &mut Load, lag_ms: u64, looks: u32) {
        for _ in 0..looks * LOOKS {
            load.waited(Duration::from_millis(lag_ms));
            load.tick(Duration::from_millis(40));
        }
    }

    #[test]
    fn nothing_is_left_out_where_it_is_never_to_be() {
        let mut load = Load::default();
        look(&mut load, 1000, 10);
        assert_eq!(load.one_reading_in(), 8);
        for _ in 0..10 * LOOKS {
            load.waited(Duration::from_secs(1));
            load.tick(Duration::ZERO);
        }
        assert_eq!((load.one_reading_in(), load.hears_agents()), (1, true));
    }

    #[test]
    fn readings_go_first_then_agents_and_both_come_back_slowly() {
        let mut load = Load::default();
        look(&mut load, 20, 100);
        assert_eq!((load.one_reading_in(), load.hears_agents()), (1, true));
        look(&mut load, 50, 2);
        assert_eq!((load.one_reading_in(), load.hears_agents()), (4, true));
        look(&mut load, 50, 10);
        assert_eq!((load.one_reading_in(), load.hears_agents()), (8, false));
        // Neither late nor early: it stays.
        look(&mut load, 20, 100);
        assert_eq!(load.one_reading_in(), 8);
        look(&mut load, 1, PATIENCE - 1);
        assert!(!load.hears_agents());
        look(&mut load, 1, 1);
        assert!(load.hears_agents());
        look(&mut load, 1, 3 * PATIENCE);
        assert_eq!(load.one_reading_in(), 1);
        look(&mut load, 1, PATIENCE);
        assert_eq!(load.one_reading_in(), 1);
    }
}
