//! A call that was open when the server stopped, from what was stored of it.

use super::command::Restored;
use super::live::{Cause, Live};
use super::transfer::OpenTransfer;
use crate::decision::Escalation;
use crate::engine::Event;
use crate::handoff::HandoffPayload;
use crate::shell::server::calls::Escalated;
use crate::shell::server::ledger::Done;
use crate::shell::store;

impl Live {
    /// Hears again what was told. What was decided then is not decided again: but for a decision
    /// on the last message, which the end of the process may have come before.
    pub fn restore(&mut self, restored: Restored) {
        let last = restored.messages.len().saturating_sub(1);
        let (mut nth_of_open, mut lost) = (0, Vec::new());
        for (place, (id, message)) in restored.messages.iter().enumerate() {
            self.names.note(id);
            if let Err(error) = self.engine.say(message) {
                tracing::error!(call = %self.call.id, %error, "a stored message was refused");
                continue;
            }
            self.recognise(message);
            while let Some(event) = self.engine.poll() {
                let Event::Escalation(escalation) = event else {
                    continue;
                };
                let name = store::escalation_id(&self.call.id, escalation.trigger, id);
                if restored
                    .open
                    .as_ref()
                    .is_some_and(|it| it.escalation_id == name)
                {
                    nth_of_open = self.decided;
                }
                if place == last && !restored.decided.contains(&name) {
                    lost.push((escalation, id.as_str()));
                }
                self.decided += 1;
            }
        }
        let count = restored.messages.len() as u64;
        self.call.update(|status| status.messages = count);
        if let Some(open) = restored.open {
            let escalated = open.trigger.map(|trigger| Escalated {
                escalation_id: open.escalation_id.clone(),
                trigger,
                reason: open.reason.clone(),
                at_s: open.payload.as_ref().map_or(0.0, |it| it.at_s),
                decided_ms: open.decided_ms,
            });
            self.call.update(|status| status.escalation = escalated);
            let (budget, to) = (self.world.engine.transfer, &self.world.server.transfer_to);
            let transfer = OpenTransfer::restored(open, nth_of_open, budget, to);
            if transfer.taken() {
                self.accepted = transfer.before.clone();
            }
            let view = transfer.view();
            self.call.update(|status| status.transfer = Some(view));
            self.transfer = Some(transfer);
        }
        self.decide(&lost);
    }

    /// Acts on decisions that the end of the process came before.
    fn decide(&mut self, lost: &[(Escalation, &str)]) {
        let mut done = Done::new(&self.call);
        self.decided -= lost.len() as u32;
        for (escalation, id) in lost {
            self.escalated(escalation, Cause::Message(id), &mut done);
        }
        self.world.ledger.send(done);
    }
}

/// What only the sound of an earlier run told stays in the payload.
pub fn keep(payload: &mut HandoffPayload, before: &HandoffPayload) {
    let same_reason = payload.escalation_reason.is_some();
    if !same_reason {
        payload.escalation_reason = before.escalation_reason.clone();
        payload.confidence = payload
            .confidence
            .take()
            .or_else(|| before.confidence.clone());
        payload.digest = before.digest.clone();
        payload.suggested_next_action = payload
            .suggested_next_action
            .take()
            .or_else(|| before.suggested_next_action.clone());
    }
    if payload.sentiment_trajectory.is_none() {
        payload.sentiment_trajectory = before.sentiment_trajectory.clone();
    }
    payload.complete();
}
