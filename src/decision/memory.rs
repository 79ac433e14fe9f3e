//! What a decision remembers, to go on with after a restart: evidence, what fired, signs, the
//! cool-down; and escalations as they are remembered.

use super::Decision;
use super::detector::Detector;
use super::escalation::{Escalation, Evidence, MAX_EVIDENCE, Phrase, Reason, Trigger};
use super::signs::{MOST, Sign};
use crate::dialogue::words::PolicyIntent;
use crate::error::MemoryError;
use crate::trajectory::{
    ChangeMemory, DESCRIPTORS, HelloMemory, MarkerKind, OccasionsMemory, State, StateMemory,
};
use crate::units::StreamTime;
use arrayvec::{ArrayString, ArrayVec};
use serde::{Deserialize, Serialize};

/// Bytes of the longest feature's name.
const NAME_BYTES: usize = 32;

/// Evidence of anger, of distress and of anger from hello, each with whether it has fired; signs in
/// the words; speech and calm speech in s; the last state; the last escalation by sentiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DecisionMemory {
    anger: (ChangeMemory, bool),
    distress: (ChangeMemory, bool),
    hello: (HelloMemory, bool),
    confusion: ArrayVec<(MarkerKind, u64, u64), MOST>,
    mentions: u32,
    mention: Option<(MarkerKind, u64, Phrase)>,
    angry: u32,
    angry_words: Option<(MarkerKind, u64, Phrase)>,
    occasions: OccasionsMemory,
    speech_s: f64,
    calm_s: f64,
    state: Option<StateMemory>,
    last: Option<u64>,
}

impl DecisionMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        self.anger.0.check()?;
        self.distress.0.check()?;
        self.hello.0.check()?;
        for (_, at, from) in &self.confusion {
            MemoryError::place("decision.confusion.at", *at)?;
            MemoryError::place("decision.confusion.from", *from)?;
        }
        MemoryError::place("decision.mention", self.mention.map_or(0, |it| it.1))?;
        MemoryError::place(
            "decision.angry_words",
            self.angry_words.map_or(0, |it| it.1),
        )?;
        self.occasions.check()?;
        MemoryError::within("decision.speech_s", self.speech_s, 0.0, 1e9)?;
        MemoryError::within("decision.calm_s", self.calm_s, 0.0, 1e9)?;
        self.state.iter().try_for_each(StateMemory::check)?;
        MemoryError::place("decision.last", self.last.unwrap_or(0))
    }
}

impl Decision {
    /// What there is to go on with. Thresholds are not in it: they come with the model.
    pub fn memory(&self) -> DecisionMemory {
        let signs = &self.signs;
        let confusion = signs.confusion.iter();
        let told = |it: &Sign| (it.kind, it.from.ticks(), it.phrase);
        DecisionMemory {
            anger: (self.anger.evidence.memory(), self.anger.fired),
            distress: (self.distress.evidence.memory(), self.distress.fired),
            hello: (self.hello.evidence.memory(), self.hello.fired),
            confusion: confusion
                .map(|(kind, at, from)| (*kind, at.ticks(), from.ticks()))
                .collect(),
            mentions: signs.mentions,
            mention: signs.mention.as_ref().map(told),
            angry: signs.angry,
            angry_words: signs.anger.as_ref().map(told),
            occasions: self.occasions.memory(),
            speech_s: self.speech_s,
            calm_s: self.calm_s,
            state: self.state.as_ref().map(StateMemory::from),
            last: self.last.map(StreamTime::ticks),
        }
    }

    /// Goes on from there. What words did before in this engine is replaced: `memory` has it too.
    pub fn recall(&mut self, memory: &DecisionMemory) {
        let time = StreamTime::from_ticks;
        self.anger = Detector::default();
        self.anger.evidence.recall(&memory.anger.0);
        self.anger.fired = memory.anger.1;
        self.distress = Detector::default();
        self.distress.evidence.recall(&memory.distress.0);
        self.distress.fired = memory.distress.1;
        self.hello = Detector::default();
        self.hello.evidence.recall(&memory.hello.0);
        self.hello.fired = memory.hello.1;
        let confusion = memory.confusion.iter();
        self.signs.confusion = confusion
            .map(|(kind, at, from)| (*kind, time(*at), time(*from)))
            .collect();
        self.signs.mentions = memory.mentions;
        let sign = |(kind, from, phrase): (MarkerKind, u64, Phrase)| Sign {
            kind,
            from: time(from),
            phrase,
        };
        self.signs.mention = memory.mention.map(sign);
        (self.signs.angry, self.signs.anger) = (memory.angry, memory.angry_words.map(sign));
        self.occasions.recall(&memory.occasions);
        (self.speech_s, self.calm_s) = (memory.speech_s, memory.calm_s);
        self.state = memory.state.as_ref().map(State::from);
        self.last = memory.last.map(time);
    }
}

/// An escalation as it is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EscalationMemory {
    at: u64,
    trigger: Trigger,
    reason: Reason,
    onset: u64,
    /// Feature, baseline, now, standard deviations.
    evidence: ArrayVec<(ArrayString<NAME_BYTES>, f32, f32, f32), MAX_EVIDENCE>,
    confidence: f32,
    phrase: Option<Phrase>,
    intent: Option<PolicyIntent>,
}

impl EscalationMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        MemoryError::place("escalation.at", self.at)?;
        MemoryError::place("escalation.onset", self.onset)?;
        MemoryError::within("escalation.confidence", self.confidence.into(), 0.0, 1.0)?;
        for (name, baseline, now, sd) in &self.evidence {
            if known(name).is_none() {
                let reason = format!("`{name}` is no evidence of this program");
                return Err(MemoryError::Unreadable { reason });
            }
            for value in [baseline, now, sd] {
                MemoryError::within("escalation.evidence", (*value).into(), -1e6, 1e6)?;
            }
        }
        Ok(())
    }
}

impl From<&Escalation> for EscalationMemory {
    fn from(it: &Escalation) -> Self {
        let evidence = it.evidence.iter();
        let told = evidence.filter_map(|it| {
            let name = ArrayString::from(it.feature).ok()?;
            Some((name, it.baseline, it.now, it.sd))
        });
        Self {
            at: it.at.ticks(),
            trigger: it.trigger,
            reason: it.reason,
            onset: it.onset.ticks(),
            evidence: told.collect(),
            confidence: it.confidence,
            phrase: it.phrase,
            intent: it.intent,
        }
    }
}

impl From<&EscalationMemory> for Escalation {
    fn from(it: &EscalationMemory) -> Self {
        let evidence = it.evidence.iter();
        let told = evidence.filter_map(|(name, baseline, now, sd)| {
            let (feature, unit) = known(name)?;
            Some(Evidence {
                feature,
                unit,
                baseline: *baseline,
                now: *now,
                sd: *sd,
            })
        });
        Self {
            at: StreamTime::from_ticks(it.at),
            trigger: it.trigger,
            reason: it.reason,
            onset: StreamTime::from_ticks(it.onset),
            evidence: told.collect(),
            confidence: it.confidence,
            phrase: it.phrase,
            intent: it.intent,
        }
    }
}

/// Name and unit of what may be cited as evidence.
fn known(name: &str) -> Option<(&'static str, &'static str)> {
    use MarkerKind::{
        AngerWords, BereavementMention, HardshipMention, MedicalMention, NotUnderstood,
        RepeatQuestion, RepeatRequest, SlowDownRequest,
    };
    let signs = [
        AngerWords,
        BereavementMention,
        HardshipMention,
        MedicalMention,
        NotUnderstood,
        RepeatQuestion,
        RepeatRequest,
        SlowDownRequest,
    ];
    let model = ["anger", "distress"].map(|name| (name, "probability"));
    let voice = DESCRIPTORS.iter().map(|it| (it.name, it.unit));
    let words = signs.iter().map(|kind| (kind.name(), "signs"));
    let moments = ["breath_sounds", "crying_sounds", "interruptions"];
    let moments = moments.map(|name| (name, "signs"));
    let mut all = model.into_iter().chain(voice).chain(words).chain(moments);
    all.find(|(known, _)| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escalation_comes_back_as_it_was_and_foreign_evidence_is_refused() {
        let evidence = |feature, unit, sd| Evidence {
            feature,
            unit,
            baseline: 0.5,
            now: 1.5,
            sd,
        };
        let mut escalation = Escalation {
            at: StreamTime::from_ticks(1_600_001),
            trigger: Trigger::Sentiment,
            reason: Reason::Distress,
            onset: StreamTime::from_ticks(1_000_003),
            evidence: ArrayVec::new(),
            confidence: 0.75,
            phrase: Some(Phrase::default()),
            intent: None,
        };
        escalation
            .evidence
            .push(evidence("distress", "probability", 2.0));
        for it in DESCRIPTORS.iter().take(MAX_EVIDENCE - 2) {
            escalation.evidence.push(evidence(it.name, it.unit, -1.0));
        }
        escalation
            .evidence
            .push(evidence("medical_mention", "signs", 0.0));
        let mut memory = EscalationMemory::from(&escalation);
        memory.check().unwrap();
        assert_eq!(Escalation::from(&memory), escalation);
        memory.evidence[0].0 = ArrayString::from("mood").unwrap();
        assert!(memory.check().unwrap_err().to_string().contains("`mood`"));
    }
}
