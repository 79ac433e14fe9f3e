//! Evidence against thresholds: the room's one machine.

use super::escalation::{Escalation, Evidence, MAX_EVIDENCE, Phrase, Reason, Trigger};
use super::operating_point::OperatingPoint;
use super::signs::{Sign, SignPoint, Signs};
use crate::dialogue::words::Finding;
use crate::dialogue::{ReportTrigger, WordTrigger};
use crate::trajectory::{Cusum, DESCRIPTORS, State, Voice};
use crate::units::StreamTime;
use arrayvec::ArrayVec;

/// One reading may count for this much and no more: a shout is not a minute of anger.
const LIMIT_SD: f64 = 4.0;
/// The sum stops here, in thresholds: what was accumulated in an hour must drain in minutes.
const CEILING: f64 = 1.5;
/// Evidence that is more than chance, standard deviations × seconds.
const SUSPICION_SD_S: f64 = 2.0;
/// Descriptors that moved less than this are no evidence.
const MIN_EVIDENCE_SD: f64 = 1.0;

/// Decides for one call.
pub struct Decision {
    point: OperatingPoint,
    anger: Evidential,
    distress: Evidential,
    signs: Signs,
    speech_s: f64,
    calm_s: f64,
    state: Option<State>,
    last: Option<StreamTime>,
}

/// One accumulator with its memory of what came before its onset.
#[derive(Clone, Copy, Default)]
struct Evidential {
    cusum: Cusum,
    calm_before_s: f64,
    excess_sum: f64,
    confidence_sum: f64,
    readings: f64,
    fired: bool,
}

impl Evidential {
    /// Adds a reading; true when the threshold is passed for the first time since the last zero.
    fn add(&mut self, sd: f64, drift: f64, threshold: f64, state: &State, calm_s: f64) -> bool {
        let excess = sd.clamp(-LIMIT_SD, LIMIT_SD) - drift;
        let before = self.cusum.onset();
        self.cusum
            .add(excess, state.speech_s, state.at, threshold * CEILING);
        match (before, self.cusum.onset()) {
            (_, None) => *self = Self::default(),
            (None, Some(_)) => {
                *self = Self {
                    cusum: self.cusum,
                    calm_before_s: calm_s,
                    ..Self::default()
                }
            }
            _ => {}
        }
        self.excess_sum += excess;
        self.confidence_sum += state.confidence;
        self.readings += 1.0;
        self.cusum.sum() >= threshold && !self.fired
    }

    /// The model's mean confidence in its readings, times the probability that the mean excess is
    /// above zero given the speech behind it. Readings of one caller share an error that does not
    /// average out (half a standard deviation). Not calibrated on calls: see `EVALUATION.md`.
    fn confidence(&self) -> f32 {
        let n = self.readings.max(1.0);
        let independent = (self.cusum.speech_s() / 2.0).max(1.0);
        let error = (0.25 + 1.0 / independent).sqrt();
        let z = self.excess_sum / n / error;
        let real = 1.0 / (1.0 + (-1.7 * z).exp());
        let model = self.confidence_sum / n;
        (real * model).clamp(0.0, 1.0) as f32
    }
}

impl Decision {
    /// Nothing heard.
    pub fn new(point: OperatingPoint, signs: SignPoint) -> Self {
        Self {
            point,
            anger: Evidential::default(),
            distress: Evidential::default(),
            signs: Signs::new(signs),
            speech_s: 0.0,
            calm_s: 0.0,
            state: None,
            last: None,
        }
    }

    /// Whether evidence of anger is under way: until it drains away or escalates, what is heard
    /// must not be learnt as this caller's habit.
    pub fn suspects(&self) -> bool {
        self.anger.cusum.sum() > SUSPICION_SD_S
    }

    /// Takes the state after a reading.
    pub fn reading(&mut self, state: &State, voice: &Voice) -> Option<Escalation> {
        let point = self.point;
        self.state = Some(*state);
        self.speech_s += state.speech_s;
        let (calm_s, speech_s) = (self.calm_s, self.speech_s);
        let anger = self.anger.add(
            state.anger_sd,
            point.anger_drift_sd,
            point.anger_threshold_sd_s,
            state,
            calm_s,
        );
        let distress = self.distress.add(
            state.distress_sd,
            point.distress_drift_sd,
            point.distress_threshold_sd_s,
            state,
            calm_s,
        );
        if self.anger.cusum.onset().is_none() {
            self.calm_s += state.calm * state.speech_s;
        }
        if self.cooling(state.at) || speech_s < point.min_speech_s {
            return None;
        }
        let ripe = |e: &Evidential| e.cusum.speech_s() >= point.min_onset_speech_s;
        let reason = if anger && ripe(&self.anger) {
            if self.anger.calm_before_s >= point.calm_before_trend_s {
                Reason::Trend
            } else {
                Reason::Sustained
            }
        } else if (distress && ripe(&self.distress)) || self.voice_agrees() {
            Reason::Distress
        } else {
            return None;
        };
        Some(self.escalate(reason, state, voice))
    }

    /// Takes a sign of confusion in the caller's words.
    pub fn confused(&mut self, sign: &Sign, at: StreamTime) -> Option<Escalation> {
        if !self.signs.confused(sign, at) || self.cooling(at) {
            return None;
        }
        self.last = Some(at);
        let (onset, evidence) = self.signs.confusion();
        let escalation = Escalation {
            at,
            trigger: Trigger::Sentiment,
            reason: Reason::Confusion,
            onset: onset.unwrap_or(at).min(at),
            evidence: evidence.take(MAX_EVIDENCE).collect(),
            confidence: 1.0,
            phrase: Some(sign.phrase),
            intent: None,
        };
        self.signs.forget_confusion();
        Some(escalation)
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
        if let (Some(state), Some(voice), true) = (self.state, voice, self.voice_agrees()) {
            let mut escalation = self.escalate(Reason::Distress, &state, voice);
            (escalation.at, self.last) = (at, Some(at));
            return Some(escalation);
        }
        if !enough {
            return None;
        }
        self.last = Some(at);
        let escalation = Escalation {
            at,
            trigger: Trigger::Sentiment,
            reason: Reason::Distress,
            onset: sign.from.min(at),
            evidence: self.signs.distress().into_iter().collect(),
            confidence: 1.0,
            phrase: Some(sign.phrase),
            intent: None,
        };
        self.signs.forget_distress();
        Some(escalation)
    }

    /// Whether distress was mentioned, and the voice is far enough on its own way to the same.
    fn voice_agrees(&self) -> bool {
        let enough = self.point.distress_threshold_sd_s * self.signs.point.distress_voice_share;
        self.signs.mention.is_some() && !self.distress.fired && self.distress.cusum.sum() >= enough
    }

    /// A time ahead of the present, as only a wrong clock gives, cools as long and no longer.
    fn cooling(&self, at: StreamTime) -> bool {
        self.last
            .is_some_and(|last| at.since(last).abs() < self.point.cool_down_s)
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

    fn escalate(&mut self, reason: Reason, state: &State, voice: &Voice) -> Escalation {
        self.last = Some(state.at);
        let (source, name, (baseline, now), sd) = match reason {
            Reason::Distress => (
                &mut self.distress,
                "distress",
                state.distress,
                state.distress_sd,
            ),
            _ => (&mut self.anger, "anger", state.anger, state.anger_sd),
        };
        source.fired = true;
        let onset = source.cusum.onset().unwrap_or(state.at);
        let confidence = source.confidence();
        let mut evidence = ArrayVec::<_, MAX_EVIDENCE>::new();
        evidence.push(Evidence {
            feature: name,
            unit: "probability",
            baseline: baseline as f32,
            now: now as f32,
            sd: sd as f32,
        });
        evidence.extend(descriptors(voice));
        // The model's own word first, the rest by how far it moved.
        evidence[1..].sort_unstable_by(|a, b| b.sd.abs().total_cmp(&a.sd.abs()));
        let mut phrase = None;
        if reason == Reason::Distress {
            phrase = self.signs.mention.map(|mention| mention.phrase);
            if let Some(mentions) = self.signs.distress() {
                // The weakest makes room.
                evidence.truncate(MAX_EVIDENCE - 1);
                evidence.push(mentions);
            }
            self.signs.forget_distress();
        }
        Escalation {
            at: state.at,
            trigger: Trigger::Sentiment,
            reason,
            onset,
            evidence,
            confidence,
            phrase,
            intent: None,
        }
    }
}

fn descriptors(voice: &Voice) -> impl Iterator<Item = Evidence> {
    (0..DESCRIPTORS.len())
        .filter_map(|i| {
            let sd = voice.deviation(i)?;
            (sd.abs() >= MIN_EVIDENCE_SD).then_some(Evidence {
                feature: DESCRIPTORS[i].name,
                unit: DESCRIPTORS[i].unit,
                baseline: voice.baseline(i)? as f32,
                now: voice.now(i)? as f32,
                sd: sd as f32,
            })
        })
        .take(MAX_EVIDENCE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trajectory::MarkerKind;

    fn run(anger_sd: impl Fn(f64) -> f64, seconds: f64) -> Vec<Escalation> {
        let mut decision = Decision::new(OperatingPoint::default(), SignPoint::default());
        let voice = Voice::new();
        (1..=(seconds * 4.0) as u32)
            .filter_map(|i| {
                let at = f64::from(i) * 0.25;
                let sd = anger_sd(at);
                let state = State {
                    at: StreamTime::from_seconds(at),
                    speech_s: 0.25,
                    anger_sd: sd,
                    distress_sd: 0.0,
                    calm: if sd < 1.0 { 1.0 } else { 0.0 },
                    confidence: 0.8,
                    anger: (0.1, 0.8),
                    distress: (0.1, 0.1),
                };
                decision.reading(&state, &voice)
            })
            .collect()
    }

    /// Half a minute of a voice whose distress alone would not escalate, with a mention at `at_s`.
    fn distressed(sd: f64, mention_at_s: Option<f64>) -> Vec<Escalation> {
        let mut decision = Decision::new(OperatingPoint::default(), SignPoint::default());
        let (voice, mut found) = (Voice::new(), Vec::new());
        for quarter in 1..=120 {
            let seconds = f64::from(quarter) * 0.25;
            let at = StreamTime::from_seconds(seconds);
            let state = State {
                at,
                speech_s: 0.25,
                anger_sd: 0.0,
                distress_sd: if seconds < 10.0 { 0.0 } else { sd },
                calm: 1.0,
                confidence: 0.8,
                anger: (0.1, 0.1),
                distress: (0.1, 0.5),
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
        let point = OperatingPoint::default();
        // Twenty seconds of it come to three quarters of what the voice alone must have.
        let sd = point.distress_drift_sd + 0.75 * point.distress_threshold_sd_s / 20.0;
        assert!(distressed(sd, None).is_empty());
        assert!(distressed(0.0, Some(25.0)).is_empty(), "one mention alone");
        for mention_at_s in [2.0, 29.0] {
            let found = distressed(sd, Some(mention_at_s));
            assert_eq!(found.len(), 1, "a mention at {mention_at_s} s");
            assert_eq!(found[0].reason, Reason::Distress);
            assert!(found[0].phrase.is_some(), "the words are named");
            // Half of it is there after two thirds of those seconds.
            let at_s = found[0].at.seconds();
            let expected = mention_at_s.max(10.0 + 20.0 * 2.0 / 3.0);
            assert!((at_s - expected).abs() < 1.0, "{at_s}");
        }
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
            found[0].at.seconds() < 48.5 && found[0].confidence > 0.7,
            "{found:?}"
        );
    }

    #[test]
    fn angry_from_hello_is_sustained() {
        let found = run(|_| 3.0, 40.0);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].reason, Reason::Sustained);
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
