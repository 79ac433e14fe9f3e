//! How long each stage of a transfer may take.

use super::stages::Lateness;
use crate::error::BuildError;
use serde::{Deserialize, Serialize};

/// The longest that can be configured, ms: an hour.
const MOST_MS: u64 = 3_600_000;

/// Target and worst case of one stage, ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageBudget {
    /// Should be reached by then; later is told.
    pub target_ms: u64,
    /// Must be reached by then.
    pub worst_ms: u64,
}

impl StageBudget {
    const fn of(target_ms: u64, worst_ms: u64) -> Self {
        Self {
            target_ms,
            worst_ms,
        }
    }

    /// How late it is after `elapsed_ms`.
    pub(super) fn lateness(self, elapsed_ms: u64) -> Lateness {
        match elapsed_ms {
            ms if ms > self.worst_ms => Lateness::Worst,
            ms if ms > self.target_ms => Lateness::Late,
            _ => Lateness::OnTime,
        }
    }

    /// When it will be later than was told. A time is passed one millisecond after it.
    pub(super) fn deadline(self, told: Lateness, since_ms: u64) -> Option<u64> {
        match told {
            Lateness::OnTime => Some(since_ms + self.target_ms + 1),
            Lateness::Late => Some(since_ms + self.worst_ms + 1),
            Lateness::Worst => None,
        }
    }
}

/// How long a transfer may take: each stage since the one before it, and the whole since the
/// decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransferBudget {
    /// A stage that passes its worst case has failed: the next destination is tried, or the caller
    /// goes back to the agent. Otherwise it is told, and waited for.
    pub timeout_at_worst: bool,
    /// From the decision, or from the failure before, to the payload on its way.
    pub initiated: StageBudget,
    /// From there to a human's telephone that rings.
    pub ringing: StageBudget,
    /// From there to a human who takes the call.
    pub accepted: StageBudget,
    /// From the decision to caller and human connected, all attempts together.
    pub connected: StageBudget,
}

impl Default for TransferBudget {
    fn default() -> Self {
        Self {
            timeout_at_worst: true,
            initiated: StageBudget::of(500, 1_000),
            ringing: StageBudget::of(2_000, 5_000),
            accepted: StageBudget::of(20_000, 60_000),
            connected: StageBudget::of(30_000, 90_000),
        }
    }
}

impl TransferBudget {
    /// # Errors
    /// When a time is outside its range, or a worst case lies before its target.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        for (key, budget) in [
            ("initiated", self.initiated),
            ("ringing", self.ringing),
            ("accepted", self.accepted),
            ("connected", self.connected),
        ] {
            let (target, worst) = (budget.target_ms, budget.worst_ms);
            for (name, value, from) in [("target_ms", target, 1), ("worst_ms", worst, target)] {
                if !(from..=MOST_MS).contains(&value) {
                    return Err(BuildError::value(
                        file,
                        format_args!("transfer.{key}.{name}"),
                        value,
                        format_args!("give {from} to {MOST_MS}"),
                    ));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worst_case_before_its_target_is_refused_by_name() {
        let mut budget = TransferBudget::default();
        assert_eq!(budget.check("x.toml"), Ok(()));
        budget.ringing.worst_ms = 1_999;
        let error = budget.check("x.toml").unwrap_err().to_string();
        assert_eq!(
            error,
            "x.toml: `transfer.ringing.worst_ms` is 1999: give 2000 to 3600000"
        );
    }
}
