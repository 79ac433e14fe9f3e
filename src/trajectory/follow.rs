//! Readings in, points out: the room's one machine.

use super::hello::among_callers;
use super::point::PointEvidence;
use super::trend::TrendNoise;
use super::voice::LEVEL;
use super::{EvidenceWeights, LocalTrend, Norm, Point, Trend, Voice};
use crate::error::BuildError;
use crate::features::FeatureFrame;
use crate::model::{CalmLogOdds, ModelCard, Reading};
use crate::units::StreamTime;
use serde::{Deserialize, Serialize};

/// How the trajectory is followed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrajectoryConfig {
    /// Weight of distress beside anger in what counts as bad, 0..1.
    pub distress_weight: f64,
    /// What a standard deviation of level above the caller's own adds to anger, logits.
    pub level_weight: f64,
    /// Seconds of calm speech after which the caller's habits are known.
    pub norm_speech_s: f64,
    /// Anger, read against the population, at which speech no longer counts as calm, 0..1.
    pub calm_anger_below: f64,
    /// The same for arousal: agitation of any kind is no baseline.
    pub calm_arousal_below: f64,
    /// One-sided standard deviations of slope that make a trend.
    pub trend_sd: f64,
}

impl Default for TrajectoryConfig {
    fn default() -> Self {
        Self {
            distress_weight: 0.6,
            level_weight: 0.2,
            norm_speech_s: 25.0,
            calm_anger_below: 0.25,
            calm_arousal_below: 0.95,
            trend_sd: 1.64,
        }
    }
}

impl TrajectoryConfig {
    /// # Errors
    /// When a value is outside its range.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        for (key, value, from, to) in [
            ("trajectory.distress_weight", self.distress_weight, 0.0, 1.0),
            ("trajectory.level_weight", self.level_weight, 0.0, 2.0),
            ("trajectory.norm_speech_s", self.norm_speech_s, 5.0, 120.0),
            (
                "trajectory.calm_anger_below",
                self.calm_anger_below,
                0.05,
                1.0,
            ),
            (
                "trajectory.calm_arousal_below",
                self.calm_arousal_below,
                0.05,
                1.0,
            ),
            ("trajectory.trend_sd", self.trend_sd, 0.5, 5.0),
        ] {
            BuildError::within(file, key, value, from, to)?;
        }
        Ok(())
    }
}

/// What the decision needs to know after a reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// When.
    pub at: StreamTime,
    /// New speech since the last reading, s.
    pub speech_s: f64,
    /// Evidence of anger above this caller's own mean, in this caller's own standard deviations.
    pub anger_sd: f64,
    /// Distress, likewise.
    pub distress_sd: f64,
    /// How the voice stands among calm callers in general, in standard deviations between them.
    pub hello_sd: f64,
    /// Share of the new speech that counts as calm, 0..1.
    pub calm: f64,
    /// The model's confidence in the reading.
    pub confidence: f64,
    /// The mean anger of the caller's own baseline, and now, 0..1.
    pub anger: (f64, f64),
    /// Distress, likewise.
    pub distress: (f64, f64),
}

/// Spread of calm log odds over people and windows, and how many readings the prior is worth (six
/// seconds of speech). The means are in the model's card.
const PRIOR_SD: f64 = 1.0;
const PRIOR_READINGS: f64 = 24.0;
/// Of anger and distress together the calm log odds lie this far above those of anger.
const SENTIMENT_ABOVE_ANGER: f64 = 0.9;
const SENTIMENT_SD: f64 = 0.9;
/// Spread of the evidence of calm speech, and the readings that is worth: forty seconds of speech.
/// A caller's own spread says little more, and where it is small it makes much of nothing.
const EVIDENCE_SD: f64 = 1.0;
const EVIDENCE_READINGS: f64 = 160.0;
/// From agitated to calm in arousal.
const AROUSAL_MARGIN: f64 = 0.15;
/// A class is never less likely than this.
const LEAST_CLASS: f64 = 1e-3;
/// Log odds beyond this say no more.
const LOGIT_LIMIT: f64 = 4.5;
/// Variance of one reading's log odds. Windows overlap by seven eighths, so eight neighbouring
/// readings are worth one: the variance is taken eight times.
const READING_VARIANCE: f64 = 8.0 * 0.35;

/// Follows one caller.
pub struct Trajectory {
    config: TrajectoryConfig,
    weights: EvidenceWeights,
    calm: CalmLogOdds,
    joy: Option<(usize, usize)>,
    pub(super) trend: LocalTrend,
    pub(super) voice: Voice,
    pub(super) anger: Norm,
    pub(super) distress: Norm,
    pub(super) sentiment: Norm,
    pub(super) anger_evidence: Norm,
    pub(super) distress_evidence: Norm,
    pub(super) calm_speech_s: f64,
    pub(super) last: Option<StreamTime>,
}

impl Trajectory {
    /// Nothing heard, by a model of this card.
    pub fn new(config: TrajectoryConfig, weights: EvidenceWeights, card: &ModelCard) -> Self {
        let calm = card.calls.calm_log_odds;
        let class = |name| card.output.classes.iter().position(|class| class == name);
        let own = |mean: f64| Norm::new(mean, PRIOR_SD, PRIOR_READINGS);
        let evidence = Norm::new(0.0, EVIDENCE_SD, EVIDENCE_READINGS);
        let sentiment = calm.anger + SENTIMENT_ABOVE_ANGER;
        Self {
            config,
            weights,
            calm,
            joy: class("anger").zip(class("happiness")),
            trend: LocalTrend::new(TrendNoise::DEFAULT),
            voice: Voice::new(),
            anger: own(calm.anger),
            distress: own(calm.distress),
            sentiment: Norm::new(sentiment, SENTIMENT_SD, PRIOR_READINGS),
            anger_evidence: evidence,
            distress_evidence: evidence,
            calm_speech_s: 0.0,
            last: None,
        }
    }

    /// The caller's voice against the caller's own habit.
    pub fn voice(&self) -> &Voice {
        &self.voice
    }

    /// Takes a frame, for the descriptors of the voice.
    pub fn frame(&mut self, frame: &FeatureFrame) {
        self.voice.push(frame);
    }

    /// Forgets the frames since the last reading: they were not the caller's.
    pub fn forget(&mut self) {
        self.voice.forget();
    }

    /// How calm a reading is that was made against the population alone, 0..1: what a caller's
    /// baseline may learn from.
    pub fn calm(&self, population: &Reading) -> f64 {
        let (anger, arousal) = (self.config.calm_anger_below, self.config.calm_arousal_below);
        let anger = (anger - f64::from(population.anger)) / (anger / 2.0);
        let arousal = (arousal - f64::from(population.arousal)) / AROUSAL_MARGIN;
        anger.min(arousal).clamp(0.0, 1.0)
    }

    /// Takes a reading against the caller's own baseline, with how calm it is; `speech_s` is the new
    /// speech in it.
    pub fn reading(
        &mut self,
        at: StreamTime,
        own: &Reading,
        calm: f64,
        speech_s: f64,
    ) -> (Point, State) {
        let learning = self.calm_speech_s < self.config.norm_speech_s;
        let weight = if learning { calm } else { 0.0 };
        self.voice.close(weight);
        if learning {
            self.calm_speech_s += calm * speech_s;
        }
        let louder = self.voice.deviation(LEVEL).unwrap_or(0.0).clamp(-1.0, 4.0);
        let anger = limit(logit(own.anger) + self.config.level_weight * louder);
        let distress = limit(logit(own.distress));
        let bad = self.bad(anger, distress);
        let elapsed = self.last.map_or(0.0, |last| at.since(last));
        let variance = READING_VARIANCE / f64::from(own.confidence).max(0.1);
        self.trend.observe(elapsed, bad, variance);
        self.last = Some(at);

        let sad = logit(own.distress) - self.calm.distress;
        let moved = (
            self.weights.anger(self.against_joy(own), &self.voice),
            self.weights.distress(sad, &self.voice),
        );
        let state = State {
            at,
            speech_s,
            anger_sd: self.anger_evidence.deviation(moved.0),
            distress_sd: self.distress_evidence.deviation(moved.1),
            hello_sd: among_callers(&self.voice),
            calm,
            confidence: own.confidence.into(),
            anger: (sigmoid(self.anger.mean()), sigmoid(anger)),
            distress: (sigmoid(self.distress.mean()), sigmoid(distress)),
        };
        self.anger.learn(anger, weight);
        self.distress.learn(distress, weight);
        self.sentiment.learn(bad, weight);
        self.anger_evidence.learn(moved.0, weight);
        self.distress_evidence.learn(moved.1, weight);
        (self.point(at), state)
    }

    /// Log odds of anger against joy, which has as much arousal; of a model without classes those
    /// of anger, above a calm caller's.
    fn against_joy(&self, own: &Reading) -> f64 {
        let p = |class: usize| f64::from(own.classes.get(class).copied().unwrap_or(0.0));
        let ln = |class: usize| p(class).max(LEAST_CLASS).ln();
        match self.joy {
            Some((anger, joy)) if own.classes.len() > anger.max(joy) => ln(anger) - ln(joy),
            _ => logit(own.anger) - self.calm.anger,
        }
    }

    fn bad(&self, anger: f64, distress: f64) -> f64 {
        let calm = (1.0 - sigmoid(anger)) * (1.0 - self.config.distress_weight * sigmoid(distress));
        limit((1.0 - calm).max(1e-9).ln() - calm.max(1e-9).ln())
    }

    /// Sentiment is 1 − 2p of what is bad: 0 where bad is as likely as not.
    fn point(&self, at: StreamTime) -> Point {
        let p = sigmoid(self.trend.level());
        let per_minute = 60.0 * 2.0 * p * (1.0 - p);
        let slope = -self.trend.slope() * per_minute;
        let slope_sd = self.trend.slope_sd() * per_minute;
        let trend = if slope < -self.config.trend_sd * slope_sd {
            Trend::Falling
        } else if slope > self.config.trend_sd * slope_sd {
            Trend::Rising
        } else {
            Trend::Steady
        };
        Point {
            at,
            sentiment: (1.0 - 2.0 * p) as f32,
            sentiment_sd: (2.0 * p * (1.0 - p) * self.trend.level_sd()) as f32,
            slope_per_min: slope as f32,
            slope_sd: slope_sd as f32,
            level_sd: ((self.sentiment.mean() - self.trend.level()) / self.sentiment.sd()) as f32,
            trend,
            evidence: PointEvidence::default(),
        }
    }
}

fn logit(p: f32) -> f64 {
    let p = f64::from(p).clamp(1e-4, 1.0 - 1e-4);
    (p / (1.0 - p)).ln()
}

fn limit(logit: f64) -> f64 {
    logit.clamp(-LOGIT_LIMIT, LOGIT_LIMIT)
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AFFECT_OPEN;

    fn trajectory() -> Trajectory {
        let card = ModelCard::parse("affect-open.toml", AFFECT_OPEN.1).unwrap();
        Trajectory::new(
            TrajectoryConfig::default(),
            EvidenceWeights::default(),
            &card,
        )
    }

    fn reading(anger: f32) -> Reading {
        Reading {
            anger,
            distress: 0.1,
            confidence: 0.8,
            ..Reading::default()
        }
    }

    #[test]
    fn a_caller_who_gets_angry_falls_and_the_distance_is_the_callers_own() {
        let mut trajectory = trajectory();
        let mut at = 0.0;
        let mut step = |trajectory: &mut Trajectory, anger: f32| {
            at += 0.25;
            let reading = reading(anger);
            let calm = trajectory.calm(&reading);
            trajectory.reading(StreamTime::from_seconds(at), &reading, calm, 0.25)
        };
        for i in 0..160 {
            step(&mut trajectory, if i % 2 == 0 { 0.05 } else { 0.1 });
        }
        let (calm, state) = step(&mut trajectory, 0.07);
        assert!(
            calm.sentiment > 0.5 && calm.trend == Trend::Steady,
            "{calm:?}"
        );
        assert!(state.anger_sd.abs() < 1.0, "{state:?}");
        let mut fell = false;
        for _ in 0..60 {
            let (point, state) = step(&mut trajectory, 0.95);
            fell |= point.trend == Trend::Falling;
            assert!(state.anger_sd > 3.0, "{state:?}");
        }
        let (angry, _) = step(&mut trajectory, 0.95);
        assert!(
            fell && angry.sentiment < -0.3 && angry.level_sd < -2.0,
            "{angry:?}"
        );
    }

    #[test]
    fn anger_on_hello_does_not_become_the_norm() {
        let mut trajectory = trajectory();
        let angry = reading(0.9);
        let mut last = None;
        for i in 0..200 {
            let calm = trajectory.calm(&angry);
            let at = StreamTime::from_seconds(f64::from(i) * 0.25);
            last = Some(trajectory.reading(at, &angry, calm, 0.25));
        }
        let state = last.unwrap().1;
        assert!(state.anger_sd > 2.5, "{state:?}");
    }
}
