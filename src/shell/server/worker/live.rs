//! One open call: its engine, what was decided, and how far the transfer is.

use super::command::{Pulled, Reply, Say, Taken};
use super::names::Names;
use super::restore::keep;
use super::sound::Ears;
use super::thread::World;
use super::transfer::OpenTransfer;
use super::voice::Keeping;
use crate::decision::Escalation;
use crate::dialogue::{DialogueEvent, DialogueMessage, MAX_TIME_S};
use crate::engine::{Engine, Event};
use crate::error::BuildError;
use crate::handoff::{Channel, HandoffPayload, Stage};
use crate::model::AffectModel;
use crate::shell::output::record::Record as EventRecord;
use crate::shell::screen;
use crate::shell::server::calls::{Call, Ended, Escalated};
use crate::shell::server::ledger::Done;
use crate::shell::store::{self, CallOpened, Decided, Dialogue, PayloadUpdated, Record};
use crate::shell::wall::unix_ms;
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An open call.
pub struct Live {
    pub(super) call: Arc<Call>,
    pub(super) world: Arc<World>,
    pub(super) engine: Engine,
    pub(super) ears: Ears,
    pub(super) transfer: Option<OpenTransfer>,
    pub(super) names: Names,
    /// Messages that came without a name.
    unnamed: u64,
    /// Messages that were taken.
    pub(super) messages: u64,
    pub(super) keeping: Keeping,
    /// Escalations that the engine has decided.
    pub(super) decided: u32,
    /// When the call was opened, or came back after a restart; and where it stood then.
    began: Instant,
    began_s: f64,
    pub(super) latest: Instant,
    /// The payload as a human accepted it.
    pub(super) accepted: Option<HandoffPayload>,
}

/// What pulled a trigger: it names the escalation.
#[derive(Clone, Copy)]
pub(super) enum Cause<'a> {
    /// A message.
    Message(&'a str),
    /// The voice, in a stream of sound that began then, milliseconds since 1970.
    Voice(i64),
}

impl Live {
    pub fn new(call: &Arc<Call>, world: &Arc<World>) -> Result<Self, BuildError> {
        let mut engine = Engine::without_sound(&world.engine)?;
        engine.set_words(world.words.clone());
        engine.set_channel(call.channel);
        let now = Instant::now();
        let began_s = (unix_ms() - call.opened_ms).max(0) as f64 / 1e3;
        Ok(Self {
            call: call.clone(),
            world: world.clone(),
            engine,
            ears: Ears::new(),
            transfer: None,
            names: Names::new(),
            unnamed: 0,
            messages: 0,
            keeping: Keeping::new(call, world.server.voice_snapshot_s),
            decided: 0,
            began: now,
            began_s,
            latest: now,
            accepted: None,
        })
    }

    /// The call begins.
    pub fn open(&mut self, reply: Option<Reply<()>>) {
        let call = &self.call;
        let mut done = Done::new(call);
        let opened = CallOpened {
            call_id: call.id.to_string(),
            channel: call.channel,
            opened_ms: call.opened_ms,
            tenant: None,
            labels: call.labels.clone(),
        };
        done.record(&self.world.ledger, Record::CallOpened(opened));
        done.event(
            "call_opened",
            &Fields::of(
                "call_opened",
                Opened {
                    channel: call.channel,
                },
            ),
        );
        if let Some(reply) = reply {
            done.answer(Box::new(|stored| drop(reply.send(stored))));
        }
        self.world.ledger.send(done);
    }

    /// Takes messages. The answer comes when they, and what they caused, are stored.
    pub fn say(&mut self, say: Say) {
        if let Err(problem) = self.world.ledger.well() {
            let _ = say.reply.send(Err(problem));
            return;
        }
        self.latest = Instant::now();
        let mut done = Done::new(&self.call);
        done.since = Some(say.since);
        let mut taken = Taken {
            call_id: self.call.id.to_string(),
            ..Taken::default()
        };
        for message in say.messages {
            self.message(message, &mut taken, &mut done);
        }
        taken.at_s = self.at_s();
        if taken.taken > 0 && taken.escalations.iter().all(|pulled| !pulled.new) {
            self.update_payload(&mut done);
        }
        self.call.update(|status| {
            status.at_s = taken.at_s;
            status.messages += u64::from(taken.taken);
        });
        let reply = say.reply;
        done.answer(Box::new(move |stored| {
            drop(reply.send(stored.map(|()| taken)))
        }));
        self.world.ledger.send(done);
    }

    fn message(&mut self, mut message: DialogueMessage, taken: &mut Taken, done: &mut Done) {
        let id = message.id.clone().unwrap_or_else(|| {
            self.unnamed += 1;
            format!("unnamed-{}-{}", unix_ms(), self.unnamed)
        });
        let new = self.names.note(&id);
        message.id = Some(id.clone());
        // Stored with a time of its own, so that a restart finds it where it was.
        message.at_s = Some(message.at_s.unwrap_or_else(|| self.at_s().min(MAX_TIME_S)));
        self.world.engine.redaction.apply(&mut message);
        // A message that came again is handed over again: only the store knows that it has it.
        let stored = Dialogue {
            call_id: self.call.id.to_string(),
            message_id: id.clone(),
            at_ms: unix_ms(),
            // Plain structs under plain keys always serialise.
            message: serde_json::to_string(&message).unwrap_or_default(),
        };
        done.record(&self.world.ledger, Record::Dialogue(stored));
        if !new {
            taken.repeated += 1;
            metrics::counter!("undertone_dialogue_repeated_total").increment(1);
            return;
        }
        taken.taken += 1;
        self.messages += 1;
        metrics::counter!("undertone_dialogue_messages_total").increment(1);
        if let Err(error) = self.engine.say(&message) {
            // Its bounds were checked; the engine is never finished while the call lives.
            tracing::error!(call = %self.call.id, %error, "the engine refused a message");
        }
        self.recognise(&message);
        let pulled = self.drain(Cause::Message(&id), done);
        taken.escalations.extend(pulled);
    }

    /// The wall shows who calls as soon as the agent says so.
    pub(super) fn recognise(&self, message: &DialogueMessage) {
        if let DialogueEvent::Identity(identity) = &message.event {
            self.call
                .update(|status| status.caller = screen::masked(identity));
        }
    }

    /// Takes the engine's events: each is told, and an escalation is acted on.
    pub(super) fn drain(&mut self, cause: Cause<'_>, done: &mut Done) -> Vec<Pulled> {
        let mut pulled = Vec::new();
        while let Some(event) = self.engine.poll() {
            match &event {
                Event::Escalation(escalation) => {
                    pulled.push(self.escalated(escalation, cause, done));
                }
                Event::Affect(_) => {}
                Event::Point(point) => {
                    self.call.point(point);
                    let (call, world) = (&self.call, &self.world);
                    let record = EventRecord::event(&world.run, "", &event);
                    world
                        .bus
                        .publish(&call.id, &call.ring, "trajectory", false, &record);
                }
                Event::Marker(_) => self.tell("marker", &event, done),
                Event::Line(_) => self.tell("line", &event, done),
                Event::Gap { .. } => self.tell("gap", &event, done),
            }
        }
        pulled
    }

    fn tell(&self, kind: &'static str, event: &Event, done: &mut Done) {
        done.event(kind, &EventRecord::event(&self.world.run, "", event));
    }

    /// A decision: a transfer begins, unless one is open. Then it is added to that one.
    pub(super) fn escalated(
        &mut self,
        escalation: &Escalation,
        cause: Cause<'_>,
        done: &mut Done,
    ) -> Pulled {
        let nth = self.decided;
        self.decided += 1;
        let reason = escalation.reason_name().to_owned();
        let trigger = escalation.trigger.name();
        // While a human has the call, their caller's voice begins nothing new.
        let voice = matches!(cause, Cause::Voice(_));
        let busy = |it: &&OpenTransfer| it.is_open() || (voice && it.connected());
        if let Some(open) = self.transfer.as_ref().filter(busy) {
            metrics::counter!("undertone_triggers_added_total", "trigger" => trigger).increment(1);
            let pulled = Pulled {
                escalation_id: open.escalation_id.clone(),
                trigger: escalation.trigger,
                reason,
                new: false,
            };
            done.event("trigger_added", &Fields::of("trigger_added", &pulled));
            return pulled;
        }
        metrics::counter!("undertone_escalations_total", "trigger" => trigger).increment(1);
        let key = match cause {
            Cause::Message(id) => id.to_owned(),
            Cause::Voice(began_ms) => format!("{began_ms}:{}", escalation.at.ticks()),
        };
        let now_ms = unix_ms();
        let escalation_id = store::escalation_id(&self.call.id, escalation.trigger, &key);
        self.accepted = None;
        let transfer = OpenTransfer::new(
            &escalation_id,
            nth,
            now_ms,
            self.world.engine.transfer,
            &self.world.server.transfer_to,
        );
        self.transfer = Some(transfer);
        let page = format!("screen/{}", self.call.id);
        let screen_url = self.world.tickets.link(&self.world.base_url, &page);
        let mut payload = self.payload();
        payload.screen_url = Some(screen_url.clone());
        let completeness = f64::from(payload.completeness);
        metrics::histogram!("undertone_payload_completeness").record(completeness);
        let deliveries = self.deliveries(store::EventKind::Raised, now_ms);
        let decided = Decided::new(
            &self.call.id,
            escalation.trigger,
            &key,
            now_ms,
            payload,
            deliveries,
        );
        let decided = decided.with_voice(self.voice());
        done.record(&self.world.ledger, Record::Decided(decided));
        done.decided = Some(Instant::now());
        let escalated = Escalated {
            escalation_id: escalation_id.clone(),
            trigger: escalation.trigger,
            reason: reason.clone(),
            at_s: escalation.at.seconds(),
            decided_ms: now_ms,
        };
        tracing::info!(call = %self.call.id, %escalation_id, trigger, reason, "escalated");
        done.event(
            "escalation",
            &Raised {
                record: EventRecord::event(
                    &self.world.run,
                    "",
                    &Event::Escalation(escalation.clone()),
                ),
                escalation_id: &escalation_id,
                completeness,
                screen_url,
            },
        );
        self.call
            .update(|status| status.escalation = Some(escalated));
        // Durable and in the courier's hands are one and the same commit.
        // A transfer that was just made takes its first stage.
        let _ = self.reached(Stage::Initiated, None, done);
        Pulled {
            escalation_id,
            trigger: escalation.trigger,
            reason,
            new: true,
        }
    }

    /// The payload as it stands: live until a human accepted, from then on as they saw it.
    pub fn payload(&self) -> HandoffPayload {
        if let Some(payload) = &self.accepted {
            return payload.clone();
        }
        let transfer = self.transfer.as_ref();
        let mut payload = self.engine.handoff_of(transfer.map_or(0, |it| it.nth));
        payload.call_id = Some(self.call.id.to_string());
        payload.escalation_id = transfer.map(|it| it.escalation_id.clone());
        if let Some(before) = transfer.and_then(|it| it.before.as_ref()) {
            // What only the sound of an earlier run of the server told.
            keep(&mut payload, before);
        }
        payload
    }

    /// While the caller waits, the human learns what is told meanwhile.
    fn update_payload(&self, done: &mut Done) {
        let Some(open) = self.transfer.as_ref().filter(|it| it.is_open()) else {
            return;
        };
        if self.accepted.is_some() {
            return;
        }
        let now_ms = unix_ms();
        let deliveries = self.deliveries(store::EventKind::Updated, now_ms);
        let payload = self.payload();
        let completeness = payload.completeness;
        let updated = PayloadUpdated::new(&open.escalation_id, now_ms, payload, deliveries);
        done.record(&self.world.ledger, Record::PayloadUpdated(updated));
        let fields = PayloadTold {
            escalation_id: &open.escalation_id,
            completeness,
        };
        done.event("payload", &Fields::of("payload", fields));
    }

    pub(super) fn deliveries(
        &self,
        event: store::EventKind,
        now_ms: i64,
    ) -> Vec<store::NewDelivery> {
        self.world.destinations.get().deliveries(event, now_ms)
    }

    /// The call ends: what the sound still held back is decided first.
    pub fn close(&mut self, because: Ended, model: &mut dyn AffectModel, reply: Option<Reply<()>>) {
        let mut done = Done::new(&self.call);
        self.finish_sound(model, &mut done);
        self.hung_up(&mut done);
        let closed = Record::CallClosed {
            call_id: self.call.id.to_string(),
            closed_ms: unix_ms(),
        };
        done.record(&self.world.ledger, closed);
        done.event(
            "call_closed",
            &Fields::of("call_closed", Closed { because }),
        );
        let payload = self.payload();
        self.call.update(|status| status.at_s = payload.at_s);
        self.call.keep(payload);
        self.world.calls.end(&self.call, because);
        if let Some(reply) = reply {
            done.answer(Box::new(|stored| drop(reply.send(stored))));
        }
        self.world.ledger.send(done);
    }

    /// Whether nothing was heard of it for too long, `spoken` or `written` as it is.
    pub fn idle(&self, now: Instant, spoken: Duration, written: Duration) -> bool {
        let patience = match self.call.channel {
            Channel::Voice => spoken,
            Channel::Chat | Channel::Email => written,
        };
        now.saturating_duration_since(self.latest) > patience
    }

    /// Seconds since the call's first sample; without sound, since it was opened.
    pub(super) fn at_s(&self) -> f64 {
        if self.ears.attached() {
            return self.engine.at().seconds();
        }
        self.began_s + self.began.elapsed().as_secs_f64()
    }
}

/// An event with its type in front.
#[derive(Serialize)]
pub(super) struct Fields<T> {
    r#type: &'static str,
    #[serde(flatten)]
    fields: T,
}

impl<T> Fields<T> {
    pub fn of(kind: &'static str, fields: T) -> Self {
        Self {
            r#type: kind,
            fields,
        }
    }
}

#[derive(Serialize)]
struct Opened {
    channel: Channel,
}

#[derive(Serialize)]
struct Closed {
    because: Ended,
}

#[derive(Serialize)]
struct PayloadTold<'a> {
    escalation_id: &'a str,
    completeness: f32,
}

#[derive(Serialize)]
struct Raised<'a> {
    #[serde(flatten)]
    record: EventRecord<'a>,
    escalation_id: &'a str,
    completeness: f64,
    screen_url: String,
}
