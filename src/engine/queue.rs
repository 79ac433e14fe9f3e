//! Events that wait to be polled, in their order.
//!
//! An escalation with its evidence is ten times as large as any other event and much rarer, so
//! escalations wait beside the others: a queue of whole events would be most of a call's memory.

use super::{Event, LineChange};
use crate::decision::Escalation;
use crate::dialogue::MOST_SAID;
use crate::model::Affect;
use crate::trajectory::{Marker, Point};
use crate::units::StreamTime;
use std::collections::VecDeque;

/// What a block can cause in two seconds: a resampler may release a second beside the block's own.
const BLOCK_S: usize = 2;
/// Frames a second: each may bring a marker and a change of the line.
const FRAMES: usize = 100;
/// Escalations that a message can cause: a report pulls one trigger, a turn what its words say.
const SAID: usize = 1 + MOST_SAID;
/// Events that a message can cause: each sign is a marker and perhaps an escalation.
const WORDS: usize = 1 + 2 * MOST_SAID;

/// An event, or that an escalation comes next.
enum Slot {
    Affect(Affect),
    Point(Point),
    Marker(Marker),
    Line(LineChange),
    Gap { at: StreamTime, samples: u32 },
    Escalation,
}

pub struct Queue {
    slots: VecDeque<Slot>,
    escalations: VecDeque<Escalation>,
    room: [usize; 2],
}

impl Queue {
    /// With room for what a message can cause.
    pub fn new() -> Self {
        Self {
            slots: VecDeque::with_capacity(WORDS),
            escalations: VecDeque::with_capacity(SAID),
            room: [WORDS, SAID],
        }
    }

    /// Makes room for what a block of sound can cause, with a reading every `interval_ms`: it, the
    /// point and an escalation. One queue serves both, as neither is taken while events wait.
    pub fn expect_sound(&mut self, interval_ms: u32) {
        let readings = BLOCK_S * 1000 / interval_ms.max(1) as usize + 1;
        // And the gap itself.
        let slots = readings * 3 + BLOCK_S * FRAMES * 2 + 1;
        self.room = [slots.max(WORDS), readings.max(SAID)];
        self.slots.reserve(self.room[0]);
        self.escalations.reserve(self.room[1]);
    }

    /// Drops what waits.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.escalations.clear();
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// There is room for all that a block or a message can cause, so this never grows.
    pub fn push(&mut self, event: Event) {
        let slot = match event {
            Event::Affect(affect) => Slot::Affect(affect),
            Event::Point(point) => Slot::Point(point),
            Event::Marker(marker) => Slot::Marker(marker),
            Event::Line(line) => Slot::Line(line),
            Event::Gap { at, samples } => Slot::Gap { at, samples },
            Event::Escalation(escalation) => {
                debug_assert!(self.escalations.len() < self.room[1]);
                self.escalations.push_back(escalation);
                Slot::Escalation
            }
        };
        debug_assert!(self.slots.len() < self.room[0]);
        self.slots.push_back(slot);
    }

    pub fn pop(&mut self) -> Option<Event> {
        Some(match self.slots.pop_front()? {
            Slot::Affect(affect) => Event::Affect(affect),
            Slot::Point(point) => Event::Point(point),
            Slot::Marker(marker) => Event::Marker(marker),
            Slot::Line(line) => Event::Line(line),
            Slot::Gap { at, samples } => Event::Gap { at, samples },
            Slot::Escalation => Event::Escalation(self.escalations.pop_front()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Reason, Trigger};

    fn escalation(at_s: f64) -> Event {
        let at = StreamTime::from_seconds(at_s);
        Event::Escalation(Escalation {
            at,
            trigger: Trigger::ExplicitRequest,
            reason: Reason::Rule,
            onset: at,
            evidence: Default::default(),
            confidence: 1.0,
            phrase: None,
            intent: None,
        })
    }

    #[test]
    fn events_come_out_in_the_order_in_which_they_went_in() {
        let mut queue = Queue::new();
        let gap = |at_s: f64| Event::Gap {
            at: StreamTime::from_seconds(at_s),
            samples: 80,
        };
        let events = [gap(0.0), escalation(1.0), gap(1.5), escalation(2.0)];
        for event in &events {
            queue.push(event.clone());
        }
        assert_eq!(queue.len(), events.len());
        let out: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(out, events);
    }
}
