//! What sound and words have in common: the decision, the counts, the curve, the events.

use super::Event;
use super::queue::Queue;
use crate::config::EngineConfig;
use crate::decision::{Decision, Escalation};
use crate::dialogue::TurnTaking;
use crate::handoff::Curve;
use crate::summary::Tally;
use crate::trajectory::{Marker, Point};

/// Escalations that are kept.
pub const KEPT: usize = 16;

pub struct Call {
    pub turns: TurnTaking,
    pub decision: Decision,
    pub tally: Tally,
    pub curve: Curve,
    pub events: Queue,
    /// With their place among all of the call.
    pub(super) escalations: Vec<(u32, Escalation)>,
}

impl Call {
    pub fn new(config: &EngineConfig) -> Self {
        Self {
            turns: TurnTaking::new(),
            decision: Decision::new(config.operating_point.clone(), config.signs),
            tally: Tally::new(),
            curve: Curve::new(),
            events: Queue::new(),
            escalations: Vec::with_capacity(KEPT),
        }
    }

    pub fn point(&mut self, point: Point) {
        self.tally.point(&point);
        self.curve.point(&point);
        self.emit(Event::Point(point));
    }

    pub fn marker(&mut self, marker: Marker) {
        self.curve.marker(&marker);
        self.decision.heard(&marker);
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

    pub fn emit(&mut self, event: Event) {
        self.events.push(event);
    }
}
