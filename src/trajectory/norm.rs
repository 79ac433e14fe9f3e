//! What is usual for this caller: a mean and a standard deviation, learnt early in the call.

use crate::error::MemoryError;
use serde::{Deserialize, Serialize};

/// A running mean and variance, shrunk toward what is usual for anybody.
///
/// The prior counts as `weight` observations (a normal-inverse-gamma prior, in its posterior
/// means), so that a caller of whom little was heard is judged by the population.
#[derive(Clone, Copy, Debug)]
pub struct Norm {
    prior_mean: f64,
    prior_sd: f64,
    weight: f64,
    count: f64,
    mean: f64,
    squares: f64,
}

impl Norm {
    /// A prior of `weight` observations.
    pub const fn new(prior_mean: f64, prior_sd: f64, weight: f64) -> Self {
        Self {
            prior_mean,
            prior_sd,
            weight,
            count: 0.0,
            mean: 0.0,
            squares: 0.0,
        }
    }

    /// Learns `value`, with a weight in 0..1 (West 1979).
    pub fn learn(&mut self, value: f64, weight: f64) {
        if weight <= 0.0 || !value.is_finite() {
            return;
        }
        self.count += weight;
        let change = value - self.mean;
        self.mean += change * weight / self.count;
        self.squares += weight * change * (value - self.mean);
    }

    /// Observations learnt, by weight.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The caller's mean.
    pub fn mean(&self) -> f64 {
        (self.count * self.mean + self.weight * self.prior_mean) / (self.count + self.weight)
    }

    /// The mean with a prior that only steadies the spread: for features whose mean differs so
    /// much between people that the population says nothing.
    pub fn own_mean(&self) -> f64 {
        if self.count > 0.0 {
            self.mean
        } else {
            self.prior_mean
        }
    }

    /// Distance of `value` from the caller's mean, in the caller's standard deviations.
    pub fn deviation(&self, value: f64) -> f64 {
        (value - self.mean()) / self.sd()
    }

    /// The caller's standard deviation.
    pub fn sd(&self) -> f64 {
        let prior = self.weight * self.prior_sd * self.prior_sd;
        ((self.squares + prior) / (self.count + self.weight)).sqrt()
    }
}

/// What a [`Norm`] has learnt, without its prior.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NormMemory {
    count: f64,
    mean: f64,
    squares: f64,
}

impl NormMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        MemoryError::within("norm.count", self.count, 0.0, 1e9)?;
        MemoryError::within("norm.mean", self.mean, -1e6, 1e6)?;
        MemoryError::within("norm.squares", self.squares, 0.0, 1e12)
    }
}

impl Norm {
    /// What was learnt.
    pub fn memory(&self) -> NormMemory {
        NormMemory {
            count: self.count,
            mean: self.mean,
            // Rounding may leave a trace below zero.
            squares: self.squares.max(0.0),
        }
    }

    /// Knows what was learnt before.
    pub fn recall(&mut self, memory: &NormMemory) {
        (self.count, self.mean, self.squares) = (memory.count, memory.mean, memory.squares);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prior_speaks_first_and_the_caller_in_the_end() {
        let mut norm = Norm::new(0.0, 1.0, 10.0);
        assert_eq!((norm.mean(), norm.sd()), (0.0, 1.0));
        for i in 0..1_000 {
            norm.learn(5.0 + if i % 2 == 0 { 2.0 } else { -2.0 }, 1.0);
        }
        assert!((norm.mean() - 5.0).abs() < 0.06);
        assert!((norm.sd() - 2.0).abs() < 0.02);
        norm.learn(f64::NAN, 1.0);
        assert!(norm.mean().is_finite());
    }
}
