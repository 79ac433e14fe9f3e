//! What this caller sounds like: subtracted at the model's input, where it is worth most.
//!
//! Iterative feature normalisation (Busso et al. 2011) in its simplest form: the mean of the
//! caller's first seconds of speech, shrunk toward the population while little was heard.
//! Somebody who is angry on hello must not become the baseline silently, so each step that is
//! learnt carries a trust: what the model, reading against the population alone, takes for
//! agitated speech is not learnt from.

use super::ModelCard;

/// Per-channel mean of the caller's own speech.
#[derive(Clone, Debug)]
pub struct Baseline {
    shrink: f64,
    enrol: f64,
    population: Vec<f64>,
    sums: Vec<f64>,
    counts: Vec<f64>,
    trusted: f64,
    mean: Vec<f32>,
}

impl Baseline {
    /// Nothing heard: the population's mean.
    pub fn new(card: &ModelCard) -> Self {
        let population = &card.input.population_mean;
        Self {
            shrink: f64::from(card.input.shrink_steps),
            enrol: card.input.enrol_steps as f64,
            population: population.iter().map(|p| f64::from(*p)).collect(),
            sums: vec![0.0; population.len()],
            counts: vec![0.0; population.len()],
            trusted: 0.0,
            mean: population.clone(),
        }
    }

    /// Whether enough trusted speech was heard: from now on the baseline stands.
    pub fn complete(&self) -> bool {
        self.trusted >= self.enrol
    }

    /// The baseline, one value a channel.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// Learns a step with a trust in 0..1; `valid(channel)` is false where the step has no value.
    pub fn learn(&mut self, step: &[f32], trust: f32, valid: impl Fn(usize) -> bool) {
        if self.complete() {
            return;
        }
        let trust = f64::from(trust);
        for (channel, value) in step.iter().enumerate() {
            if valid(channel) {
                self.sums[channel] += trust * f64::from(*value);
                self.counts[channel] += trust;
            }
        }
        self.trusted += trust;
    }

    /// Brings [`Baseline::mean`] up to date. `mel` is the range of the log-mel channels, whose
    /// common level is taken off: a baseline is a shape, not a loudness.
    pub fn update(&mut self, mel: std::ops::Range<usize>) {
        let n = self.trusted;
        let own = |channel: usize| {
            if self.counts[channel] > 0.0 {
                self.sums[channel] / self.counts[channel]
            } else {
                self.population[channel]
            }
        };
        let level = mel.clone().map(own).sum::<f64>() / mel.len().max(1) as f64;
        for channel in 0..self.mean.len() {
            let heard = self.counts[channel] > 0.0;
            let level = if heard && mel.contains(&channel) {
                level
            } else {
                0.0
            };
            let mean = n * (own(channel) - level) + self.shrink * self.population[channel];
            self.mean[channel] = (mean / (n + self.shrink)) as f32;
        }
    }
}
