//! Evidence against thresholds: the room's one machine.

use super::detector::{Beside, Detector, Found};
use super::escalation::{Escalation, Evidence, MAX_EVIDENCE, Reason, Trigger};
use super::operating_point::OperatingPoint;
use super::signs::{SignPoint, Signs};
use crate::dialogue::Turns;
use crate::model::Calibrated;
use crate::trajectory::{Change, Hello, Marker, Occasions, PointEvidence, State, Voice};
use crate::units::StreamTime;
use arrayvec::ArrayVec;

/// Strength of evidence that is more than chance, standard deviations.
const SUSPICION_SD: f64 = 1.5;
/// The most lines of evidence for what came at moments.
const MOST_MOMENTS: usize = 3;

/// Decides for one call.
pub struct Decision {
    point: OperatingPoint,
    thresholds: Option<Calibrated>,
    pub(super) anger: Detector<Change>,
    pub(super) distress: Detector<Change>,
    pub(super) hello: Detector<Hello>,
    pub(super) signs: Signs,
    pub(super) occasions: Occasions,
    pub(super) speech_s: f64,
    pub(super) calm_s: f64,
    pub(super) state: Option<State>,
    pub(super) last: Option<StreamTime>,
}

impl Decision {
    /// Nothing heard, and no ear yet: words and reports alone decide.
    pub fn new(point: OperatingPoint, signs: SignPoint) -> Self {
        Self {
            point,
            thresholds: None,
            anger: Detector::default(),
            distress: Detector::default(),
            hello: Detector::default(),
            signs: Signs::new(signs),
            occasions: Occasions::default(),
            speech_s: 0.0,
            calm_s: 0.0,
            state: None,
            last: None,
        }
    }

    /// From here on the voice decides too, at these thresholds.
    pub fn hear(&mut self, thresholds: Calibrated) {
        self.thresholds = Some(thresholds);
    }

    /// Takes a marker, for what it says of distress and anger beside the voice.
    pub fn heard(&mut self, marker: &Marker) {
        self.occasions.marker(marker);
    }

    /// Takes who spoke when so far.
    pub fn turns(&mut self, turns: &Turns, at: StreamTime) {
        self.occasions.turns(turns.interruptions, turns.hasty, at);
    }

    /// Whether evidence of anger is under way: until it goes away or escalates, what is heard must
    /// not be learnt as this caller's habit.
    pub fn suspects(&self) -> bool {
        self.anger.evidence.strength() > SUSPICION_SD
    }

    /// The strength of the evidence that counts: none before there is speech enough.
    pub fn evidence(&self) -> PointEvidence {
        let OperatingPoint {
            min_speech_s,
            min_onset_speech_s,
            ..
        } = self.point;
        if self.speech_s < min_speech_s {
            return PointEvidence::default();
        }
        PointEvidence {
            anger: self.anger.counted(min_onset_speech_s) as f32,
            distress: self.distress.counted(min_onset_speech_s) as f32,
            hello: self.hello.counted(min_speech_s) as f32,
        }
    }

    /// Takes the state after a reading.
    pub fn reading(&mut self, state: &State, voice: &Voice) -> Option<Escalation> {
        self.state = Some(*state);
        self.speech_s += state.speech_s;
        let State {
            at,
            speech_s,
            confidence,
            ..
        } = *state;
        let calm_s = self.calm_s;
        let add = |change: &mut Change, sd: f64| change.add(sd, speech_s, at, confidence, calm_s);
        add(&mut self.anger.evidence, state.anger_sd);
        add(&mut self.distress.evidence, state.distress_sd);
        self.hello
            .evidence
            .add(state.hello_sd, speech_s, at, confidence);
        self.weigh_occasions(at);
        self.calm_s += state.calm * speech_s;
        let thresholds = self.thresholds?;
        let least_s = self.point.min_onset_speech_s;
        let anger = self.anger.passes(thresholds.anger_sd, least_s);
        let distress = self.distress.passes(thresholds.distress_sd, least_s);
        let hello = self
            .hello
            .passes(thresholds.hello_sd, self.point.min_speech_s);
        if self.cooling(at) || self.speech_s < self.point.min_speech_s {
            return None;
        }
        let calm_enough = |found: &Found| found.calm_before_s >= self.point.calm_before_trend_s;
        let (reason, found) = match (anger, hello, distress.or_else(|| self.voice_agrees())) {
            (Some(found), ..) if calm_enough(&found) => (Reason::Trend, found),
            (Some(found), ..) | (None, Some(found), _) => (Reason::Sustained, found),
            (None, None, Some(found)) => (Reason::Distress, found),
            (None, None, None) => return None,
        };
        Some(self.escalate(reason, found, state, voice))
    }

    /// Sounds, words and turn-taking, in standard deviations beside those of the voice.
    fn weigh_occasions(&mut self, at: StreamTime) {
        let signs = &self.signs.point;
        let (sounds, words) = (self.occasions.sounds(at), self.occasions.words(at));
        let turns = self.occasions.turn_taking(at);
        self.distress.beside = Beside {
            sd: signs.distress_sounds_sd * sounds.weight,
            since: sounds.since,
        };
        self.anger.beside = Beside {
            sd: signs.anger_words_sd * words.weight + signs.turn_taking_sd * turns.weight,
            since: [words.since, turns.since].into_iter().flatten().min(),
        };
    }

    /// What the voice says of distress, where distress was mentioned and the voice is far enough on
    /// its own way to the same.
    pub(super) fn voice_agrees(&self) -> Option<Found> {
        let threshold = self.thresholds?.distress_sd;
        let enough = threshold * self.signs.point.distress_voice_share;
        let strong = self.distress.strength() >= enough;
        let agrees = self.signs.mention.is_some() && !self.distress.fired && strong;
        agrees.then(|| self.distress.found(threshold))
    }

    /// A time ahead of the present, as only a wrong clock gives, cools as long and no longer.
    pub(super) fn cooling(&self, at: StreamTime) -> bool {
        self.last
            .is_some_and(|last| at.since(last).abs() < self.point.cool_down_s)
    }

    pub(super) fn escalate(
        &mut self,
        reason: Reason,
        found: Found,
        state: &State,
        voice: &Voice,
    ) -> Escalation {
        self.last = Some(state.at);
        let (name, (baseline, now)) = if reason == Reason::Distress {
            self.distress.fired = true;
            ("distress", state.distress)
        } else {
            // One anger, whichever of the two detectors saw it.
            (self.anger.fired, self.hello.fired) = (true, true);
            ("anger", state.anger)
        };
        let mut evidence = ArrayVec::<_, MAX_EVIDENCE>::new();
        evidence.push(Evidence {
            feature: name,
            unit: "probability",
            baseline: baseline as f32,
            now: now as f32,
            // Of all evidence together, of which the model's word is a part.
            sd: found.strength as f32,
        });
        evidence.extend(Evidence::moved(voice));
        // The model's own word first, the rest by how far it moved.
        evidence[1..].sort_unstable_by(|a, b| b.sd.abs().total_cmp(&a.sd.abs()));
        let told = moments(&self.occasions, reason);
        let mentions = self.signs.distress();
        let mentions = mentions.filter(|_| reason == Reason::Distress);
        let moments = told.chain(mentions).take(MOST_MOMENTS);
        let moments: ArrayVec<Evidence, MOST_MOMENTS> = moments.collect();
        // The weakest make room.
        evidence.truncate(MAX_EVIDENCE - moments.len());
        evidence.extend(moments);
        let phrase = if reason == Reason::Distress {
            self.signs.mention.map(|mention| mention.phrase)
        } else {
            self.signs.anger.map(|anger| anger.phrase)
        };
        self.signs.forget(reason);
        Escalation {
            at: state.at,
            trigger: Trigger::Sentiment,
            reason,
            onset: found.from,
            evidence,
            confidence: found.confidence,
            phrase,
            intent: None,
        }
    }
}

/// What came at moments, as evidence: sounds of distress, or words and turns of anger.
fn moments(occasions: &Occasions, reason: Reason) -> impl Iterator<Item = Evidence> {
    let [breath, crying, words, turns] = occasions.counts();
    let told = match reason {
        Reason::Distress => [("breath_sounds", breath), ("crying_sounds", crying)],
        _ => [("anger_words", words), ("interruptions", turns)],
    };
    let some = told.into_iter().filter(|(_, count)| *count > 0);
    some.map(|(feature, count)| Evidence::counted(feature, count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Phrase, Sign};
    use crate::trajectory::MarkerKind;

    const THRESHOLDS: Calibrated = Calibrated {
        per_call_hour: 0.5,
        anger_sd: 2.5,
        distress_sd: 2.0,
        hello_sd: 1.8,
    };

    fn decision() -> Decision {
        let mut decision = Decision::new(OperatingPoint::default(), SignPoint::default());
        decision.hear(THRESHOLDS);
        decision
    }

    fn state(seconds: f64) -> State {
        State {
            at: StreamTime::from_seconds(seconds),
            speech_s: 0.25,
            anger_sd: 0.0,
            distress_sd: 0.0,
            hello_sd: 0.0,
            calm: 1.0,
            confidence: 0.8,
            anger: (0.1, 0.8),
            distress: (0.1, 0.5),
        }
    }

    fn run(anger_sd: impl Fn(f64) -> f64, seconds: f64) -> Vec<Escalation> {
        let (mut decision, voice) = (decision(), Voice::new());
        (1..=(seconds * 4.0) as u32)
            .filter_map(|i| {
                let at = f64::from(i) * 0.25;
                let sd = anger_sd(at);
                let state = State {
                    anger_sd: sd,
                    calm: if sd < 1.0 { 1.0 } else { 0.0 },
                    ..state(at)
                };
                decision.reading(&state, &voice)
            })
            .collect()
    }

    /// Half a minute of a voice whose distress alone would not escalate, with a mention at `at_s`.
    fn distressed(sd: f64, mention_at_s: Option<f64>) -> Vec<Escalation> {
        let (mut decision, voice, mut found) = (decision(), Voice::new(), Vec::new());
        for quarter in 1..=120 {
            let seconds = f64::from(quarter) * 0.25;
            let at = StreamTime::from_seconds(seconds);
            let state = State {
                distress_sd: if seconds <= 10.0 { 0.0 } else { sd },
                ..state(seconds)
            };
            found.extend(decision.reading(&state, &voice));
            if mention_at_s == Some(seconds) {
                let sign = Sign {
                    kind: MarkerKind::MedicalMention,
                    from: at,
                    phrase: Phrase::default(),
                };
                found.extend(decision.mentioned(&sign, at, Some(&voice)));
            }
        }
        found
    }

    #[test]
    fn one_mention_is_enough_where_the_voice_is_half_way() {
        // Twenty seconds of it come to three quarters of what the voice alone must have.
        let sd = 0.75 * THRESHOLDS.distress_sd / (20.0_f64 / 23.0).sqrt();
        assert!(distressed(sd, None).is_empty());
        assert!(distressed(0.0, Some(25.0)).is_empty(), "one mention alone");
        for mention_at_s in [2.0, 29.0] {
            let found = distressed(sd, Some(mention_at_s));
            assert_eq!(found.len(), 1, "a mention at {mention_at_s} s");
            assert_eq!(found[0].reason, Reason::Distress);
            assert!(found[0].phrase.is_some(), "the words are named");
            // Half of it: n/(n+3) is (2/3)² of 20/23, after 1.9 s.
            let expected = mention_at_s.max(11.9);
            let at_s = found[0].at.seconds();
            assert!((at_s - expected).abs() < 0.5, "{at_s}");
        }
    }

    /// A voice with this evidence of anger and distress from the tenth second on, with markers at
    /// 20 s and so many interruptions since then.
    fn beside(sd: (f64, f64), kinds: &[MarkerKind], interruptions: u32) -> Vec<Escalation> {
        let (mut decision, voice, mut found) = (decision(), Voice::new(), Vec::new());
        for quarter in 1..=120 {
            let seconds = f64::from(quarter) * 0.25;
            let at = StreamTime::from_seconds(seconds);
            let late = seconds > 10.0;
            let state = State {
                anger_sd: if late { sd.0 } else { 0.0 },
                distress_sd: if late { sd.1 } else { 0.0 },
                ..state(seconds)
            };
            let turns = Turns {
                interruptions: if seconds >= 20.0 { interruptions } else { 0 },
                ..Turns::default()
            };
            if seconds == 20.0 {
                for kind in kinds {
                    decision.heard(&Marker {
                        at,
                        kind: *kind,
                        from: at,
                        to: at,
                        confidence: 1.0,
                    });
                }
            }
            decision.turns(&turns, at);
            found.extend(decision.reading(&state, &voice));
        }
        found
    }

    #[test]
    fn a_sigh_and_crying_are_distress_together_and_both_are_told() {
        use MarkerKind::{Cry, Laugh, Sigh};
        let quiet = (0.0, 0.2);
        assert!(beside(quiet, &[Sigh], 0).is_empty());
        assert!(beside(quiet, &[Cry, Cry, Laugh], 0).is_empty());
        let found = beside(quiet, &[Sigh, Cry], 0);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].reason, Reason::Distress);
        assert_eq!(
            (found[0].at.seconds(), found[0].onset.seconds()),
            (20.0, 20.0)
        );
        let told = |name| found[0].evidence.iter().any(|it| it.feature == name);
        assert!(told("breath_sounds") && told("crying_sounds"), "{found:?}");
    }

    #[test]
    fn breaking_in_adds_to_anger_that_is_nearly_enough() {
        // Twenty seconds of it come to 2.14 of 2.5.
        let nearly = (2.3, 0.0);
        assert!(beside(nearly, &[], 0).is_empty());
        let found = beside(nearly, &[], 1);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].reason, Reason::Trend);
        let last = found[0].evidence.last().unwrap();
        assert_eq!((last.feature, last.now), ("interruptions", 1.0));
    }

    #[test]
    fn calm_then_angry_is_a_trend_with_its_onset() {
        let found = run(|t| if t < 40.0 { 0.0 } else { 3.0 }, 60.0);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].trigger, found[0].reason),
            (Trigger::Sentiment, Reason::Trend)
        );
        assert!((found[0].onset.seconds() - 40.0).abs() < 0.5, "{found:?}");
        assert!(
            found[0].at.seconds() < 52.5 && found[0].confidence > 0.65,
            "{found:?}"
        );
    }

    #[test]
    fn angry_from_hello_is_sustained() {
        let found = run(|_| 3.0, 40.0);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].reason, Reason::Sustained);
        // A caller with no calm of his own, against people in general: one anger, told once.
        let (mut decision, voice) = (decision(), Voice::new());
        let angry = |i: u32| State {
            hello_sd: 2.8,
            anger_sd: if i > 60 { 3.0 } else { 0.5 },
            calm: 0.0,
            ..state(f64::from(i) * 0.25)
        };
        let found: Vec<_> = (1..=120)
            .filter_map(|i| decision.reading(&angry(i), &voice))
            .collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].reason, Reason::Sustained);
        assert_eq!(
            (found[0].at.seconds(), found[0].onset.seconds()),
            (8.0, 0.0)
        );
    }

    #[test]
    fn without_an_ear_only_words_decide() {
        let mut deaf = Decision::new(OperatingPoint::default(), SignPoint::default());
        let state = State {
            anger_sd: 8.0,
            ..state(60.0)
        };
        assert!((0..200).all(|_| deaf.reading(&state, &Voice::new()).is_none()));
        assert!(deaf.evidence().anger > 5.0);
    }

    #[test]
    fn one_outburst_does_not_escalate_and_cool_down_holds() {
        assert!(run(|t| if (40.0..43.0).contains(&t) { 3.5 } else { 0.0 }, 90.0).is_empty());
        // Angry, calm, angry again inside the cool-down: one escalation; after it: two.
        let twice = |gap: f64| {
            run(
                move |t| {
                    let angry = (30.0..45.0).contains(&t) || t > 45.0 + gap;
                    if angry { 3.0 } else { 0.0 }
                },
                45.0 + gap + 20.0,
            )
            .len()
        };
        assert_eq!((twice(20.0), twice(80.0)), (1, 2));
    }
}
