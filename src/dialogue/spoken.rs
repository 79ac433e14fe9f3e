//! What a caller's words do: pull a trigger, or stand as a sign of confusion or distress.

use super::event::Turn;
use super::words::{ConfusionKind, DistressKind, Finding, Findings, PolicyIntent};
use crate::error::BuildError;
use crate::trajectory::MarkerKind;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Utterances with a request that are remembered, so that a text that comes again is no new request.
const REMEMBERED: usize = 32;

/// Which words escalate by themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WordsConfig {
    /// Intents that policy gives to humans: `fraud`, `account_closure`, `hardship`, `legal`,
    /// `self_harm`. A request for a human is no matter of policy and is not in this list.
    pub policy_intents: Vec<PolicyIntent>,
}

impl Default for WordsConfig {
    fn default() -> Self {
        Self {
            policy_intents: PolicyIntent::ALL.to_vec(),
        }
    }
}

impl WordsConfig {
    /// # Errors
    /// When an intent is named twice.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        for (place, intent) in self.policy_intents.iter().enumerate() {
            if self.policy_intents[..place].contains(intent) {
                let value = format_args!("a list with `{}` twice", intent.name());
                let mend = "name each intent once";
                return Err(BuildError::value(file, "words.policy_intents", value, mend));
            }
        }
        Ok(())
    }
}

/// What words can pull by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordTrigger {
    /// The caller asked for a human.
    ExplicitRequest,
    /// An intent that policy gives to humans.
    PolicyIntent(PolicyIntent),
}

/// What one turn did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// Triggers, the request for a human first.
    pub pulled: Vec<(WordTrigger, Finding)>,
    /// A sign of confusion. A turn gives one: who asks to repeat something for the second time asks
    /// the same question again, too.
    pub confusion: Option<(MarkerKind, Finding)>,
    /// A mention of distress.
    pub distress: Option<(MarkerKind, Finding)>,
    /// Words of anger.
    pub anger: Option<(MarkerKind, Finding)>,
}

/// Triggers that a turn can pull, and signs that it can give, at most.
pub const MOST_SAID: usize = 1 + PolicyIntent::ALL.len() + 3;

/// Listens to one caller's words.
pub struct Spoken {
    config: WordsConfig,
    intents: [bool; PolicyIntent::ALL.len()],
    /// Utterances that asked for a human, by the bits of their beginning.
    asked: VecDeque<u64>,
    /// The utterance without a beginning that is being said has asked already.
    asking: bool,
}

impl Spoken {
    /// Nothing said.
    pub fn new(config: WordsConfig) -> Self {
        Self {
            config,
            intents: Default::default(),
            asked: VecDeque::with_capacity(REMEMBERED),
            asking: false,
        }
    }

    /// Takes a caller's turn and what the rules found in it.
    ///
    /// A request for a human is heard in partial texts too, once an utterance; an intent once a
    /// call, and in partial texts only where a life may hang on it. Signs wait for the final text.
    pub fn take(&mut self, turn: &Turn, findings: Findings) -> Said {
        let mut said = Said::default();
        if let Some(finding) = findings.explicit_request
            && self.asks_anew(turn)
        {
            said.pulled.push((WordTrigger::ExplicitRequest, finding));
        }
        if turn.is_final && turn.start_s.is_none() {
            self.asking = false;
        }
        for (intent, finding) in findings.intents {
            let timely = turn.is_final || intent == PolicyIntent::SelfHarm;
            let wanted = self.config.policy_intents.contains(&intent);
            let before = &mut self.intents[intent as usize];
            if timely && wanted && !*before {
                *before = true;
                let trigger = WordTrigger::PolicyIntent(intent);
                said.pulled.push((trigger, finding));
            }
        }
        if turn.is_final {
            let confusion = findings.confusion.map(|(kind, f)| (confusion(kind), f));
            let repeated = findings.repeated_question;
            let repeated = repeated.map(|f| (MarkerKind::RepeatQuestion, f));
            said.confusion = confusion.or(repeated);
            said.distress = findings.distress.map(|(kind, f)| (distress(kind), f));
            said.anger = findings.anger.map(|f| (MarkerKind::AngerWords, f));
        }
        said
    }

    /// Whether this utterance had not asked before.
    fn asks_anew(&mut self, turn: &Turn) -> bool {
        let Some(start_s) = turn.start_s else {
            return !std::mem::replace(&mut self.asking, true);
        };
        let key = start_s.to_bits();
        if self.asked.contains(&key) {
            return false;
        }
        if self.asked.len() == REMEMBERED {
            self.asked.pop_front();
        }
        self.asked.push_back(key);
        true
    }
}

fn confusion(kind: ConfusionKind) -> MarkerKind {
    match kind {
        ConfusionKind::Repeat => MarkerKind::RepeatRequest,
        ConfusionKind::SlowDown => MarkerKind::SlowDownRequest,
        ConfusionKind::NotUnderstood | ConfusionKind::Explain => MarkerKind::NotUnderstood,
    }
}

fn distress(kind: DistressKind) -> MarkerKind {
    match kind {
        DistressKind::Hardship => MarkerKind::HardshipMention,
        DistressKind::Bereavement => MarkerKind::BereavementMention,
        DistressKind::Illness | DistressKind::Emergency => MarkerKind::MedicalMention,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::Speaker;

    fn turn(start_s: Option<f64>, is_final: bool) -> Turn {
        Turn {
            speaker: Speaker::Caller,
            text: String::new(),
            start_s,
            end_s: None,
            is_final,
        }
    }

    fn asks() -> Findings {
        Findings {
            explicit_request: Some(Finding::default()),
            ..Findings::default()
        }
    }

    fn intends(intent: PolicyIntent) -> Findings {
        Findings {
            intents: vec![(intent, Finding::default())],
            ..Findings::default()
        }
    }

    #[test]
    fn an_utterance_asks_once_and_the_next_one_again() {
        let mut spoken = Spoken::new(WordsConfig::default());
        let pulled = |spoken: &mut Spoken, start_s, is_final| {
            let said = spoken.take(&turn(start_s, is_final), asks());
            said.pulled.len()
        };
        let told = [
            (Some(1.0), false, 1),
            (Some(1.0), false, 0),
            (Some(1.0), true, 0),
            (Some(4.0), true, 1),
            (None, false, 1),
            (None, true, 0),
            (None, true, 1),
            (None, true, 1),
        ];
        for (start_s, is_final, count) in told {
            assert_eq!(
                pulled(&mut spoken, start_s, is_final),
                count,
                "{start_s:?} {is_final}"
            );
        }
    }

    #[test]
    fn an_intent_waits_for_the_final_text_but_for_self_harm() {
        let mut spoken = Spoken::new(WordsConfig::default());
        let mut count = |intent, is_final| {
            spoken
                .take(&turn(None, is_final), intends(intent))
                .pulled
                .len()
        };
        assert_eq!(count(PolicyIntent::Fraud, false), 0);
        assert_eq!(count(PolicyIntent::Fraud, true), 1);
        assert_eq!(count(PolicyIntent::Fraud, true), 0, "once a call");
        assert_eq!(count(PolicyIntent::SelfHarm, false), 1);
        assert_eq!(count(PolicyIntent::SelfHarm, true), 0);
    }

    #[test]
    fn policy_may_keep_an_intent_but_never_a_request() {
        let mut spoken = Spoken::new(WordsConfig {
            policy_intents: vec![],
        });
        let legal = intends(PolicyIntent::Legal);
        assert!(spoken.take(&turn(None, true), legal).pulled.is_empty());
        assert_eq!(spoken.take(&turn(None, true), asks()).pulled.len(), 1);
    }

    #[test]
    fn signs_wait_for_the_final_text() {
        let mut spoken = Spoken::new(WordsConfig::default());
        let findings = || Findings {
            confusion: Some((ConfusionKind::Explain, Finding::default())),
            repeated_question: Some(Finding::default()),
            distress: Some((DistressKind::Emergency, Finding::default())),
            ..Findings::default()
        };
        assert_eq!(spoken.take(&turn(None, false), findings()), Said::default());
        let said = spoken.take(&turn(None, true), findings());
        assert_eq!(said.confusion.unwrap().0, MarkerKind::NotUnderstood);
        assert_eq!(said.distress.unwrap().0, MarkerKind::MedicalMention);
        let again = Findings {
            repeated_question: Some(Finding::default()),
            ..Findings::default()
        };
        let said = spoken.take(&turn(None, true), again);
        assert_eq!(said.confusion.unwrap().0, MarkerKind::RepeatQuestion);
    }
}
