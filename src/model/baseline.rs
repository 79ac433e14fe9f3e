//! What this caller sounds like: subtracted at the model's input, where it is worth most.
//!
//! Iterative feature normalisation (Busso et al. 2011) in its simplest form: the mean of the
//! caller's first seconds of speech, shrunk toward the population while little was heard.
//! Somebody who is angry on hello must not become the baseline silently, so each step that is
//! learnt carries a trust: what the model, reading against the population alone, takes for
//! agitated speech is not learnt from.

use super::ModelCard;
use crate::error::MemoryError;
use serde::{Deserialize, Serialize};

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

/// What was learnt, one value a channel; the sums are gone once the baseline stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BaselineMemory {
    trusted: f64,
    mean: Vec<f32>,
    sums: Vec<(f64, f64)>,
}

impl BaselineMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        MemoryError::within("baseline.trusted", self.trusted, 0.0, 1e9)?;
        for mean in &self.mean {
            MemoryError::within("baseline.mean", (*mean).into(), -1e6, 1e6)?;
        }
        for (sum, count) in &self.sums {
            MemoryError::within("baseline.sum", *sum, -1e12, 1e12)?;
            MemoryError::within("baseline.count", *count, 0.0, 1e9)?;
        }
        Ok(())
    }
}

impl Baseline {
    /// What was learnt.
    pub fn memory(&self) -> BaselineMemory {
        let sums = self.sums.iter().copied().zip(self.counts.iter().copied());
        BaselineMemory {
            trusted: self.trusted,
            mean: self.mean.clone(),
            sums: if self.complete() {
                Vec::new()
            } else {
                sums.collect()
            },
        }
    }

    /// Whether `memory` has as many channels as this, so that it can be recalled.
    ///
    /// # Errors
    /// When it has more or fewer.
    pub fn fits(&self, memory: &BaselineMemory) -> Result<(), MemoryError> {
        let channels = self.mean.len() as f64;
        let found = memory.mean.len() as f64;
        MemoryError::within("baseline.mean.length", found, channels, channels)?;
        let found = memory.sums.len() as f64;
        let least = if memory.trusted < self.enrol {
            channels
        } else {
            0.0
        };
        MemoryError::within("baseline.sums.length", found, least, channels)
    }

    /// Knows what was learnt; `memory` fits.
    pub fn recall(&mut self, memory: &BaselineMemory) {
        self.trusted = memory.trusted;
        self.mean.clone_from(&memory.mean);
        let own = self.sums.iter_mut().zip(&mut self.counts);
        for ((sum, count), told) in own.zip(&memory.sums) {
            (*sum, *count) = *told;
        }
    }
}
