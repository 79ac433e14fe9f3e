//! What words and reports do: by themselves, or together with the voice.

use super::Decision;
use super::escalation::{Escalation, Evidence, MAX_EVIDENCE, Phrase, Reason, Trigger};
use super::signs::Sign;
use crate::dialogue::words::Finding;
use crate::dialogue::{ReportTrigger, WordTrigger};
use crate::trajectory::Voice;
use crate::units::StreamTime;
use arrayvec::ArrayVec;

impl Decision {
    /// Takes a sign of confusion in the caller's words.
    pub fn confused(&mut self, sign: &Sign, at: StreamTime) -> Option<Escalation> {
        if !self.signs.confused(sign, at) || self.cooling(at) {
            return None;
        }
        let (onset, evidence) = self.signs.confusion();
        let evidence = evidence.take(MAX_EVIDENCE).collect();
        let onset = onset.unwrap_or(at);
        Some(self.by_words(Reason::Confusion, onset, evidence, sign, at))
    }

    /// Takes words of anger. They add to what the voice says; enough of them in one call speak for
    /// themselves.
    pub fn angered(&mut self, sign: &Sign, at: StreamTime) -> Option<Escalation> {
        let enough = self.signs.angered(sign);
        if !enough || self.cooling(at) {
            return None;
        }
        // One anger, whoever tells of it.
        (self.anger.fired, self.hello.fired) = (true, true);
        let onset = self.occasions.words(at).since.unwrap_or(sign.from);
        let evidence = self.signs.anger().into_iter().collect();
        Some(self.by_words(Reason::Sustained, onset, evidence, sign, at))
    }

    /// Takes a mention of distress in the caller's words; `voice` where there is sound.
    pub fn mentioned(
        &mut self,
        sign: &Sign,
        at: StreamTime,
        voice: Option<&Voice>,
    ) -> Option<Escalation> {
        let enough = self.signs.mentioned(sign);
        if self.cooling(at) {
            return None;
        }
        if let (Some(state), Some(voice), Some(found)) = (self.state, voice, self.voice_agrees()) {
            let mut escalation = self.escalate(Reason::Distress, found, &state, voice);
            (escalation.at, self.last) = (at, Some(at));
            return Some(escalation);
        }
        if !enough {
            return None;
        }
        let evidence = self.signs.distress().into_iter().collect();
        Some(self.by_words(Reason::Distress, sign.from, evidence, sign, at))
    }

    /// Enough signs of one kind: they are told, and counted anew.
    fn by_words(
        &mut self,
        reason: Reason,
        onset: StreamTime,
        evidence: ArrayVec<Evidence, MAX_EVIDENCE>,
        sign: &Sign,
        at: StreamTime,
    ) -> Escalation {
        self.last = Some(at);
        self.signs.forget(reason);
        Escalation {
            at,
            trigger: Trigger::Sentiment,
            reason,
            onset: onset.min(at),
            evidence,
            confidence: 1.0,
            phrase: Some(sign.phrase),
            intent: None,
        }
    }

    /// Takes what the caller's words pulled. Never vetoed, by no cool-down.
    pub fn worded(
        &mut self,
        trigger: WordTrigger,
        finding: &Finding,
        from: StreamTime,
        at: StreamTime,
    ) -> Escalation {
        Escalation {
            at,
            trigger: match trigger {
                WordTrigger::ExplicitRequest => Trigger::ExplicitRequest,
                WordTrigger::PolicyIntent(_) => Trigger::PolicyIntent,
            },
            reason: Reason::Rule,
            onset: from.min(at),
            evidence: ArrayVec::new(),
            confidence: 1.0,
            phrase: Some(Phrase::of(finding)),
            intent: match trigger {
                WordTrigger::ExplicitRequest => None,
                WordTrigger::PolicyIntent(intent) => Some(intent),
            },
        }
    }

    /// Takes a trigger that the agent's reports pulled. Never vetoed, by no cool-down.
    pub fn reported(&mut self, trigger: ReportTrigger, at: StreamTime) -> Escalation {
        Escalation {
            at,
            trigger: match trigger {
                ReportTrigger::LowConfidence => Trigger::LowConfidence,
                ReportTrigger::FailedTurns => Trigger::FailedTurns,
            },
            reason: Reason::Reported,
            onset: at,
            evidence: ArrayVec::new(),
            confidence: 1.0,
            phrase: None,
            intent: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{OperatingPoint, SignPoint};
    use crate::trajectory::{Marker, MarkerKind};

    #[test]
    fn the_third_angry_turn_escalates_without_any_voice_and_the_next_waits() {
        let mut decision = Decision::new(OperatingPoint::default(), SignPoint::default());
        let mut say = |seconds: f64| {
            let at = StreamTime::from_seconds(seconds);
            let kind = MarkerKind::AngerWords;
            decision.heard(&Marker {
                at,
                kind,
                from: at,
                to: at,
                confidence: 1.0,
            });
            let phrase = Phrase::default();
            decision.angered(
                &Sign {
                    kind,
                    from: at,
                    phrase,
                },
                at,
            )
        };
        assert!(say(10.0).is_none() && say(20.0).is_none());
        let found = say(30.0).unwrap();
        assert_eq!(
            (found.trigger, found.reason),
            (Trigger::Sentiment, Reason::Sustained)
        );
        assert_eq!(found.onset.seconds(), 10.0);
        assert_eq!(
            (found.evidence[0].feature, found.evidence[0].now),
            ("anger_words", 3.0)
        );
        assert!(
            (31..80).all(|second| say(f64::from(second)).is_none()),
            "it cools down"
        );
    }
}
