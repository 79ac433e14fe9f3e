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
use std::ops::Range;

/// What hearing the dialogue again came to.
#[derive(Default)]
struct Again<'a> {
    /// Which of the call's escalations the latest transfer's is.
    nth_of_open: u32,
    /// Decisions that the end of the process came before.
    lost: Vec<(Escalation, &'a str)>,
}

impl Live {
    /// Hears again what was told, and goes on with the voice where it stood in between. What was
    /// decided then is not decided again: but for a decision on the last message, which the end of
    /// the process may have come before.
    pub fn restore(&mut self, mut restored: Restored) {
        let (open, voice) = (restored.open.take(), restored.voice.take());
        let open_id = open.as_ref().map(|it| it.escalation_id.as_str());
        let all = restored.messages.len();
        let known = voice.as_ref().map_or(0, |it| it.messages);
        let known = usize::try_from(known).unwrap_or(all).min(all);
        let mut again = Again::default();
        // What the voice's memory knows of words is in the dossier by this alone; what it decided is
        // in the memory too, which takes the place of it.
        self.hear_again(&restored, 0..known, open_id, &mut again);
        if let Some(voice) = &voice {
            match self.recall(voice) {
                Ok(()) => {
                    again.lost.clear();
                    let nth = voice.escalation.as_ref();
                    let nth = nth.filter(|(id, _)| Some(id.as_str()) == open_id);
                    again.nth_of_open = nth.map_or(0, |(_, nth)| *nth);
                }
                Err(reason) => {
                    metrics::counter!("undertone_voices_forgotten_total").increment(1);
                    tracing::warn!(call = %self.call.id, %reason, "the voice is learnt anew");
                }
            }
        }
        self.hear_again(&restored, known..all, open_id, &mut again);
        self.messages = all as u64;
        self.call.update(|status| status.messages = all as u64);
        if let Some(open) = open {
            let escalated = open.trigger.map(|trigger| Escalated {
                escalation_id: open.escalation_id.clone(),
                trigger,
                reason: open.reason.clone(),
                at_s: open.payload.as_ref().map_or(0.0, |it| it.at_s),
                decided_ms: open.decided_ms,
            });
            self.call.update(|status| status.escalation = escalated);
            let (budget, to) = (self.world.engine.transfer, &self.world.server.transfer_to);
            let transfer = OpenTransfer::restored(open, again.nth_of_open, budget, to);
            if transfer.taken() {
                self.accepted = transfer.before.clone();
            }
            let view = transfer.view();
            self.call.update(|status| status.transfer = Some(view));
            self.transfer = Some(transfer);
        }
        self.decide(&again.lost);
    }

    fn hear_again<'a>(
        &mut self,
        restored: &'a Restored,
        places: Range<usize>,
        open_id: Option<&str>,
        again: &mut Again<'a>,
    ) {
        let last = restored.messages.len().saturating_sub(1);
        for place in places {
            let (id, message) = &restored.messages[place];
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
                if open_id == Some(name.as_str()) {
                    again.nth_of_open = self.decided;
                }
                if place == last && !restored.decided.contains(&name) {
                    again.lost.push((escalation, id.as_str()));
                }
                self.decided += 1;
            }
        }
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
