//! Times that were measured, as percentiles.

use serde::Serialize;
use std::time::Duration;

/// How a list of times is spread, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distribution {
    /// How many.
    pub n: usize,
    /// The median.
    pub p50_ms: f64,
    /// Nine in ten are not longer.
    pub p90_ms: f64,
    /// 99 in a hundred are not longer.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Distribution {
    /// Of `times`; none where there are no times.
    pub fn of(times: &[Duration]) -> Option<Self> {
        let mut ms: Vec<f64> = times.iter().map(|t| t.as_secs_f64() * 1e3).collect();
        ms.sort_by(f64::total_cmp);
        // The nearest rank: a percentile is a time that was measured.
        let rank = |share: f64| ms.get(((ms.len() as f64 * share).ceil() as usize).max(1) - 1);
        Some(Self {
            n: ms.len(),
            p50_ms: *rank(0.5)?,
            p90_ms: *rank(0.9)?,
            p99_ms: *rank(0.99)?,
            max_ms: *ms.last()?,
        })
    }
}

/// What one run of the load gave.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Calls that were live at once.
    pub calls: usize,
    /// How long they were, s.
    pub seconds: f64,
    /// A partial transcript leaves the client until the signed webhook is received.
    pub request_to_webhook: Option<Distribution>,
    /// Decided in the server until the signed webhook is received.
    pub decision_to_webhook: Option<Distribution>,
    /// A message leaves the client until the server has answered: decided, and safely stored.
    pub request_to_answer: Option<Distribution>,
    /// Escalations asked for.
    pub asked: usize,
    /// Of those, delivered with a valid signature.
    pub delivered: usize,
    /// Deliveries whose signature was wrong.
    pub forged: usize,
    /// Escalations that came from the voice alone.
    pub from_voice: usize,
    /// Audio frames that were sent.
    pub frames_sent: u64,
    /// Audio frames that could not be sent in time, because the load itself fell behind.
    pub frames_late: u64,
    /// Calls whose sound the server ended before its time.
    pub calls_cut: usize,
    /// Samples that the server says it dropped; absent where it does not say.
    pub samples_dropped: Option<f64>,
    /// Share of one core that the server used; absent where the system does not say.
    pub server_cores: Option<f64>,
    /// Resident memory of the server at the end, MiB; absent where the system does not say.
    pub server_mib: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let times: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        let found = Distribution::of(&times).unwrap();
        assert_eq!(
            (
                found.n,
                found.p50_ms,
                found.p90_ms,
                found.p99_ms,
                found.max_ms
            ),
            (200, 100.0, 180.0, 198.0, 200.0)
        );
        assert_eq!(Distribution::of(&[]), None);
    }
}
