//! A judgement that falls when an event has ended, because only then its length is known.

use super::segment::{Event, Heard};

/// While the event lasts it may still become another: its evidence counts for a fifth.
const UNDECIDED: f32 = 0.2;
/// Frames for which the judgement stands.
const STANDS: u32 = 5;

/// Applies a rule to whole events.
#[derive(Default)]
pub struct Verdict {
    judged: f32,
    stands: u32,
}

impl Verdict {
    /// Evidence in 0..1, where `rule` gives that of an event.
    pub fn push(&mut self, heard: &Heard, rule: fn(&Event) -> f32) -> f32 {
        if let Some(event) = &heard.ended {
            self.judged = rule(event);
            self.stands = STANDS;
        }
        if self.stands > 0 {
            self.stands -= 1;
            return self.judged;
        }
        heard.event.as_ref().map_or(0.0, rule) * UNDECIDED
    }
}
