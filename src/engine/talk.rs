//! From messages to triggers and markers; what was told stays for the handoff.

use super::call::Call;
use crate::config::EngineConfig;
use crate::decision::{Phrase, Sign};
use crate::dialogue::{
    DialogueEvent, DialogueMessage, MOST_SAID, Reports, Speaker, Spoken, Turn, Words,
};
use crate::error::PushError;
use crate::handoff::{Channel, Dossier, HandoffPayload, Known, Redaction, compose};
use crate::trajectory::{Marker, MarkerKind, Voice};
use crate::units::StreamTime;
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Names of messages that are remembered, as hashes of 64 bits: two names that share one are one
/// in 2⁶⁴, and cost a message.
const REMEMBERED_IDS: usize = 1024;

pub struct Talk {
    words: Option<Arc<Words>>,
    redaction: Redaction,
    reports: Reports,
    spoken: Spoken,
    dossier: Dossier,
    channel: Channel,
    ids: VecDeque<u64>,
    at: StreamTime,
}

impl Talk {
    pub fn new(config: &EngineConfig) -> Self {
        Self {
            words: None,
            redaction: config.redaction,
            reports: Reports::new(config.reports.clone()),
            spoken: Spoken::new(config.words.clone()),
            dossier: Dossier::new(),
            channel: Channel::default(),
            ids: VecDeque::new(),
            at: StreamTime::ZERO,
        }
    }

    pub fn set_words(&mut self, words: Arc<Words>) {
        self.words = Some(words);
    }

    pub fn set_channel(&mut self, channel: Channel) {
        self.channel = channel;
    }

    /// The latest time of a message.
    pub fn at(&self) -> StreamTime {
        self.at
    }

    /// Takes a message, with where the sound stands and how the voice is, where there is sound.
    pub fn say(
        &mut self,
        message: &DialogueMessage,
        heard: Option<StreamTime>,
        voice: Option<&Voice>,
        call: &mut Call,
    ) -> Result<(), PushError> {
        let mut message = message.clone();
        if let DialogueEvent::SelfEvaluation(evaluation) = &mut message.event
            && evaluation.score.is_nan()
        {
            evaluation.score = 0.0;
        }
        let refused = |error: crate::dialogue::MessageError| PushError::Message { key: error.key };
        message.check().map_err(refused)?;
        if self.known(message.id.as_deref()) {
            return Ok(());
        }
        let told = message.at_s.map(StreamTime::from_seconds);
        self.at = self.at.max(told.unwrap_or(self.at));
        let at = heard.unwrap_or(self.at);
        self.redaction.apply(&mut message);
        if let DialogueEvent::Turn(turn) = &message.event
            && turn.speaker == Speaker::Caller
        {
            self.listen(turn, at, voice, call);
        }
        if let Some(trigger) = self.reports.take(&message.event) {
            let escalation = call.decision.reported(trigger, at);
            call.escalated(escalation);
        }
        self.dossier.take(message.event);
        Ok(())
    }

    /// Reads the caller's words.
    fn listen(&mut self, turn: &Turn, at: StreamTime, voice: Option<&Voice>, call: &mut Call) {
        let words = self.words.get_or_insert_with(|| Arc::new(Words::english()));
        // Only a final text can ask again.
        let history = match turn.is_final {
            true => self.dossier.history(turn.start_s),
            false => Vec::new(),
        };
        let findings = words.classify(&turn.text, &history);
        let said = self.spoken.take(turn, findings);
        let count = said.pulled.len()
            + usize::from(said.confusion.is_some())
            + usize::from(said.distress.is_some())
            + usize::from(said.anger.is_some());
        debug_assert!(count <= MOST_SAID);
        let from = turn.start_s.map_or(at, StreamTime::from_seconds).min(at);
        let to = turn.end_s.map_or(at, StreamTime::from_seconds);
        let to = to.clamp(from, at);
        for (trigger, finding) in said.pulled {
            let escalation = call.decision.worded(trigger, &finding, from, at);
            call.escalated(escalation);
        }
        let marker = |kind: MarkerKind| Marker {
            at,
            kind,
            from,
            to,
            confidence: 1.0,
        };
        if let Some((kind, finding)) = said.confusion {
            call.marker(marker(kind));
            let phrase = Phrase::of(&finding);
            if let Some(escalation) = call.decision.confused(&Sign { kind, from, phrase }, at) {
                call.escalated(escalation);
            }
        }
        if let Some((kind, finding)) = said.anger {
            call.marker(marker(kind));
            let phrase = Phrase::of(&finding);
            let escalation = call.decision.angered(&Sign { kind, from, phrase }, at);
            if let Some(escalation) = escalation {
                call.escalated(escalation);
            }
        }
        if let Some((kind, finding)) = said.distress {
            call.marker(marker(kind));
            let phrase = Phrase::of(&finding);
            let sign = Sign { kind, from, phrase };
            if let Some(escalation) = call.decision.mentioned(&sign, at, voice) {
                call.escalated(escalation);
            }
        }
    }

    /// Whether a message of this name came before; remembers it.
    fn known(&mut self, id: Option<&str>) -> bool {
        let Some(id) = id else {
            return false;
        };
        // This hasher has fixed keys, so the same messages do the same everywhere.
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let hash = hasher.finish();
        if self.ids.contains(&hash) {
            return true;
        }
        if self.ids.len() == REMEMBERED_IDS {
            self.ids.pop_front();
        }
        self.ids.push_back(hash);
        false
    }

    pub fn handoff(&self, call: &Call, nth: u32, at_s: f64, heard: bool) -> HandoffPayload {
        let (escalation, others) = call.escalations(nth);
        let sound = heard && self.channel == Channel::Voice;
        compose(Known {
            channel: self.channel,
            at_s,
            dossier: &self.dossier,
            escalation,
            others: &others,
            floors: self.reports.config(),
            trajectory: sound.then(|| call.curve.view(call.tally.speech_s())),
        })
    }
}
