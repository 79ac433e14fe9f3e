//! What sound and words have in common: the decision, the counts, the curve, the events.

use super::Event;
use crate::config::EngineConfig;
use crate::decision::{Decision, Escalation};
use crate::dialogue::{MOST_SAID, TurnTaking};
use crate::handoff::Curve;
use crate::summary::Tally;
use crate::trajectory::{Marker, Point};
use std::collections::VecDeque;

/// Events that a block of a second can cause: two seconds' worth (a resampler may release a second
/// at once) of affect, point, escalation at ten readings a second, and a marker and a change of the
/// line a frame; and the gap itself.
const SOUND_QUEUE: usize = 2 * (10 * 3 + 100 + 100) + 1;
/// Events that a message can cause: a report pulls one trigger, a turn what its words say, and each
/// sign is a marker and perhaps an escalation.
const WORD_QUEUE: usize = 1 + 2 * MOST_SAID;
/// Escalations that are kept.
pub const KEPT: usize = 16;

// The longer queue serves both, as neither takes anything while events wait.
const _: () = assert!(WORD_QUEUE <= SOUND_QUEUE);

pub struct Call {
    pub turns: TurnTaking,
    pub decision: Decision,
    pub tally: Tally,
    pub curve: Curve,
    pub events: VecDeque<Event>,
    /// With their place among all of the call.
    pub(super) escalations: Vec<(u32, Escalation)>,
    queue: usize,
}

impl Call {
    pub fn new(config: &EngineConfig) -> Self {
        Self {
            turns: TurnTaking::new(),
            decision: Decision::new(config.operating_point.clone(), config.signs),
            tally: Tally::new(),
            curve: Curve::new(),
            events: VecDeque::with_capacity(WORD_QUEUE),
            escalations: Vec::with_capacity(KEPT),
            queue: WORD_QUEUE,
        }
    }

    /// Makes room for what a block of sound can cause.
    pub fn expect_sound(&mut self) {
        self.events.reserve(SOUND_QUEUE);
        self.queue = SOUND_QUEUE;
    }

    pub fn point(&mut self, point: Point) {
        self.tally.point(&point);
        self.curve.point(&point);
        self.emit(Event::Point(point));
    }

    pub fn marker(&mut self, marker: Marker) {
        self.curve.marker(&marker);
        self.emit(Event::Marker(marker));
    }

    pub fn escalated(&mut self, escalation: Escalation) {
        let nth = self.tally.escalation();
        if self.escalations.len() == KEPT {
            self.escalations.remove(1);
        }
        self.escalations.push((nth, escalation.clone()));
        self.emit(Event::Escalation(escalation));
    }

    /// The escalation that came `nth`, or the first where that one is not known; and the others.
    pub fn escalations(&self, nth: u32) -> (Option<&Escalation>, Vec<&Escalation>) {
        let place = self.escalations.iter().position(|(n, _)| *n == nth);
        let place = place.unwrap_or(0);
        let others = self.escalations.iter().enumerate();
        let others = others.filter(|(other, _)| *other != place);
        let chosen = self.escalations.get(place).map(|(_, it)| it);
        (chosen, others.map(|(_, (_, it))| it).collect())
    }

    /// The queue holds all that a block or a message can cause, so this never grows it.
    pub fn emit(&mut self, event: Event) {
        debug_assert!(self.events.len() < self.queue);
        self.events.push_back(event);
    }
}
