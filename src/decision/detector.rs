//! Evidence against its threshold: what fires, once.

use crate::trajectory::{Change, Hello};
use crate::units::StreamTime;

/// A detector that fired may fire again once its strength fell under this share of its threshold.
pub const REARM: f64 = 0.5;

/// What a detector found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    /// Strength of the evidence, standard deviations.
    pub strength: f64,
    /// The back-dated onset.
    pub from: StreamTime,
    /// How far it can be trusted, 0..1.
    pub confidence: f32,
    /// Calm speech before the onset, s.
    pub calm_before_s: f64,
}

/// Evidence that can be told as what was found.
pub(super) trait Telling {
    /// Now, standard deviations.
    fn strength(&self) -> f64;
    /// Onset, speech since then in s, the model's mean confidence, calm speech before in s.
    fn told(&self) -> Option<(StreamTime, f64, f64, f64)>;
}

impl Telling for Change {
    fn strength(&self) -> f64 {
        Change::strength(self)
    }

    fn told(&self) -> Option<(StreamTime, f64, f64, f64)> {
        let told =
            |o: crate::trajectory::Onset| (o.from, o.speech_s, o.confidence, o.calm_before_s);
        self.onset().map(told)
    }
}

impl Telling for Hello {
    fn strength(&self) -> f64 {
        Hello::strength(self)
    }

    fn told(&self) -> Option<(StreamTime, f64, f64, f64)> {
        let from = self.from()?;
        Some((from, self.speech_s(), self.confidence(), 0.0))
    }
}

/// What is known beside the stream of the voice: standard deviations, and since when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beside {
    pub sd: f64,
    pub since: Option<StreamTime>,
}

/// Evidence, and whether it has fired already.
#[derive(Default)]
pub(super) struct Detector<E> {
    pub evidence: E,
    pub beside: Beside,
    pub fired: bool,
}

impl<E: Telling> Detector<E> {
    /// All that is known.
    pub fn strength(&self) -> f64 {
        self.evidence.strength() + self.beside.sd
    }

    /// The strength, of which the voice's part counts once there are `least_s` of speech behind it.
    pub fn counted(&self, least_s: f64) -> f64 {
        let voice = match self.evidence.told() {
            Some((_, speech_s, ..)) if speech_s >= least_s => self.evidence.strength(),
            _ => 0.0,
        };
        voice + self.beside.sd
    }

    /// What is found where the counted strength passes `threshold` for the first time since it was
    /// half of it.
    pub fn passes(&mut self, threshold: f64, least_s: f64) -> Option<Found> {
        let strength = self.counted(least_s);
        self.fired &= strength >= REARM * threshold;
        (!self.fired && strength >= threshold).then(|| self.found(threshold))
    }

    /// What there is, whether or not it is enough.
    ///
    /// The confidence is the model's own in its readings, times a share that grows with the strength.
    /// Readings of one caller share an error that does not average out; the strength has it in it.
    /// Not calibrated on calls: see `EVALUATION.md`.
    pub fn found(&self, threshold: f64) -> Found {
        let voice = self.evidence.told();
        let strength = self.strength();
        // The onset is that of the stronger of the two. What was heard at moments is sure of itself.
        let beside = self.beside.since.map(|since| (since, 0.0, 1.0, 0.0));
        let told = match voice {
            Some(told) if self.evidence.strength() >= self.beside.sd => Some(told),
            _ => beside.or(voice),
        };
        let Some((from, _, model, calm_before_s)) = told else {
            return Found::default();
        };
        let real = 1.0 / (1.0 + (-1.7 * strength / threshold.max(1e-9)).exp());
        Found {
            strength,
            from,
            confidence: (real * model).clamp(0.0, 1.0) as f32,
            calm_before_s,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fires_once_until_half_of_the_evidence_is_gone() {
        let mut detector = Detector::<Change>::default();
        let mut at = 0.0;
        let mut step = |detector: &mut Detector<Change>, sd: f64| {
            at += 0.25;
            let time = StreamTime::from_seconds(at);
            detector.evidence.add(sd, 0.25, time, 0.8, 0.0);
            let found = detector.passes(2.0, 4.0);
            detector.fired |= found.is_some();
            found
        };
        let fired =
            |detector: &mut Detector<Change>,
             sd: f64,
             n: u32,
             step: &mut dyn FnMut(&mut Detector<Change>, f64) -> Option<Found>| {
                (0..n)
                    .filter_map(|_| step(detector, sd))
                    .collect::<Vec<_>>()
            };
        let first = fired(&mut detector, 4.0, 40, &mut step);
        assert_eq!(first.len(), 1);
        // Four seconds are the least, though the strength was there before.
        assert!(
            first[0].strength > 2.6 && first[0].confidence > 0.7,
            "{first:?}"
        );
        assert!(fired(&mut detector, 0.0, 120, &mut step).is_empty());
        assert_eq!(fired(&mut detector, 4.0, 40, &mut step).len(), 1);
    }
}
