//! Level and slope of a noisy quantity at uneven times, with their uncertainty.
//!
//! The local linear trend model (Durbin & Koopman 2012, §3.2) in continuous time:
//! dμ = ν dt + σ_μ dW, dν = −ν/τ dt + σ_ν dW. The slope is damped: nobody gets angrier for ever.

use crate::error::MemoryError;
use serde::{Deserialize, Serialize};

/// How restless the state is.
#[derive(Clone, Copy, Debug)]
pub struct TrendNoise {
    /// Standard deviation of the level's random walk, per √s.
    pub level: f64,
    /// Standard deviation of the slope's random walk, per s per √s.
    pub slope: f64,
    /// Time constant of the slope's decay, s.
    pub slope_memory_s: f64,
}

impl TrendNoise {
    /// For quantities on a logit scale, changing over ten seconds to a minute.
    pub const DEFAULT: Self = Self {
        level: 0.05,
        slope: 0.01,
        slope_memory_s: 90.0,
    };
}

/// Innovations over this many standard deviations are outliers and count as this many.
const HUBER: f64 = 2.5;

/// A Kalman filter with two states.
#[derive(Clone, Copy, Debug)]
pub struct LocalTrend {
    noise: TrendNoise,
    level: f64,
    slope: f64,
    p: [[f64; 2]; 2],
    started: bool,
}

impl LocalTrend {
    /// Nothing observed yet.
    pub fn new(noise: TrendNoise) -> Self {
        Self {
            noise,
            level: 0.0,
            slope: 0.0,
            p: [[0.0; 2]; 2],
            started: false,
        }
    }

    /// `elapsed_s` later, `value` is observed with the variance `variance`.
    pub fn observe(&mut self, elapsed_s: f64, value: f64, variance: f64) {
        if !self.started {
            self.started = true;
            self.level = value;
            self.p = [[variance, 0.0], [0.0, 0.05f64.powi(2)]];
            return;
        }
        self.predict(elapsed_s);
        let s = self.p[0][0] + variance;
        let limit = HUBER * s.sqrt();
        let innovation = (value - self.level).clamp(-limit, limit);
        let gain = [self.p[0][0] / s, self.p[1][0] / s];
        self.level += gain[0] * innovation;
        self.slope += gain[1] * innovation;
        let [[a, b], [_, d]] = self.p;
        let cross = b - gain[0] * b;
        self.p = [[a - gain[0] * a, cross], [cross, d - gain[1] * b]];
    }

    fn predict(&mut self, t: f64) {
        let f = (-t / self.noise.slope_memory_s).exp();
        self.level += self.slope * t;
        self.slope *= f;
        let [[a, b], [_, d]] = self.p;
        let q_level = self.noise.level.powi(2) * t;
        let q_slope = self.noise.slope.powi(2) * t;
        let cross = f * (b + t * d) + q_slope * t / 2.0;
        self.p = [
            [
                a + 2.0 * t * b + t * t * d + q_level + q_slope * t * t / 3.0,
                cross,
            ],
            [cross, f * f * d + q_slope],
        ];
    }

    /// The level.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// Standard deviation of the level.
    pub fn level_sd(&self) -> f64 {
        self.p[0][0].max(0.0).sqrt()
    }

    /// The slope, per second.
    pub fn slope(&self) -> f64 {
        self.slope
    }

    /// Standard deviation of the slope, per second.
    pub fn slope_sd(&self) -> f64 {
        self.p[1][1].max(0.0).sqrt()
    }
}

/// Level, slope and their covariance; none before the first observation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrendMemory(Option<[f64; 5]>);

impl TrendMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        let Some([level, slope, a, b, d]) = self.0 else {
            return Ok(());
        };
        MemoryError::within("trend.level", level, -1e6, 1e6)?;
        MemoryError::within("trend.slope", slope, -1e6, 1e6)?;
        MemoryError::within("trend.level_variance", a, 0.0, 1e12)?;
        MemoryError::within("trend.slope_variance", d, 0.0, 1e12)?;
        // No correlation is over one.
        let most = (a * d).sqrt() * (1.0 + 1e-9);
        MemoryError::within("trend.covariance", b, -most, most)
    }
}

impl LocalTrend {
    /// Where it stands.
    pub fn memory(&self) -> TrendMemory {
        let [[a, b], [_, d]] = self.p;
        TrendMemory(self.started.then_some([self.level, self.slope, a, b, d]))
    }

    /// Goes on from there.
    pub fn recall(&mut self, memory: &TrendMemory) {
        let Some([level, slope, a, b, d]) = memory.0 else {
            return;
        };
        self.started = true;
        (self.level, self.slope, self.p) = (level, slope, [[a, b], [b, d]]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_is_followed_at_uneven_times() {
        let mut trend = LocalTrend::new(TrendNoise::DEFAULT);
        let mut t = 0.0;
        for i in 0..400 {
            let dt = if i % 3 == 0 { 1.5 } else { 0.25 };
            t += dt;
            trend.observe(dt, 0.1 * t, 0.5);
        }
        assert!(
            (trend.level() - 0.1 * t).abs() < 0.3,
            "{}",
            trend.level() - 0.1 * t
        );
        assert!((trend.slope() - 0.1).abs() < 0.03, "{}", trend.slope());
    }

    #[test]
    fn a_constant_has_no_slope_and_one_outlier_hardly_moves_it() {
        let mut trend = LocalTrend::new(TrendNoise::DEFAULT);
        for _ in 0..200 {
            trend.observe(0.25, -2.0, 0.5);
        }
        assert!(trend.slope().abs() < 1e-6 && trend.slope_sd() > 0.0);
        trend.observe(0.25, 100.0, 0.5);
        assert!(trend.level() < -1.0, "{}", trend.level());
    }

    #[test]
    fn uncertainty_grows_while_nothing_is_heard() {
        let mut trend = LocalTrend::new(TrendNoise::DEFAULT);
        for _ in 0..100 {
            trend.observe(0.25, 0.0, 0.5);
        }
        let before = trend.level_sd();
        trend.predict(20.0);
        assert!(trend.level_sd() > 1.5 * before);
    }
}
