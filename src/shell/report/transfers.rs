//! Time to human, stage by stage against the budget; how transfers and deliveries ended.

use super::figures::{Share, Spread};
use crate::handoff::{Stage, StageBudget, TransferBudget};
use crate::shell::store::{DeliveryState, StoredDelivery, StoredEscalation, StoredTransfer};
use serde::Serialize;
use std::collections::BTreeMap;

/// Stages and ends of all transfers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Transfers {
    /// `initiated`, `ringing` and `accepted`, each since the stage before it, and `connected` since
    /// the decision.
    pub stages: Vec<StageTimes>,
    /// Escalations of which the telephony side told something.
    pub told: usize,
    /// Of those, how many reached a human.
    pub connected: Option<Share>,
    /// Those that neither reached a human nor ended in a failure.
    pub open: usize,
    /// Failed attempts, by type. An escalation may fail several times and still be connected.
    pub failures: BTreeMap<String, usize>,
}

/// How long one stage took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageTimes {
    /// The stage.
    pub stage: Stage,
    /// Seconds; none where no transfer reached it.
    pub seconds: Option<Spread>,
    /// The target, s.
    pub target_s: f64,
    /// The worst case, s.
    pub worst_s: f64,
    /// How many were later than the target.
    pub over_target: Option<Share>,
    /// How many were later than the worst case.
    pub over_worst: Option<Share>,
}

impl StageTimes {
    fn of(stage: Stage, times: Vec<f64>, budget: StageBudget) -> Self {
        let (target_s, worst_s) = (budget.target_ms as f64 / 1e3, budget.worst_ms as f64 / 1e3);
        let over =
            |bound: f64| Share::of(times.iter().filter(|it| **it > bound).count(), times.len());
        Self {
            stage,
            target_s,
            worst_s,
            over_target: over(target_s),
            over_worst: over(worst_s),
            seconds: Spread::of(times),
        }
    }
}

/// When each escalation reached a human, for the first time.
pub fn connected(transfers: &[StoredTransfer]) -> BTreeMap<&str, i64> {
    let mut found = BTreeMap::new();
    for it in transfers.iter().filter(|it| it.stage == Stage::Connected) {
        found.entry(it.escalation_id.as_str()).or_insert(it.at_ms);
    }
    found
}

/// Counts `transfers`, which are in order of time, of `escalations`.
pub fn count(
    escalations: &[StoredEscalation],
    transfers: &[StoredTransfer],
    budget: &TransferBudget,
) -> Transfers {
    let mut by_escalation: BTreeMap<&str, Vec<&StoredTransfer>> = BTreeMap::new();
    let mut failures: BTreeMap<String, usize> = BTreeMap::new();
    for it in transfers {
        by_escalation.entry(&it.escalation_id).or_default().push(it);
        if it.stage == Stage::Failed {
            let name = it.failure.and_then(|it| serde_json::to_value(it).ok());
            let name = name.and_then(|it| it.as_str().map(str::to_owned));
            *failures
                .entry(name.unwrap_or("unnamed".to_owned()))
                .or_default() += 1;
        }
    }
    let mut times: BTreeMap<Stage, Vec<f64>> = BTreeMap::new();
    let (mut reached, mut open) = (0, 0);
    for it in escalations {
        let Some(log) = by_escalation.get(it.escalation_id.as_str()) else {
            continue;
        };
        let mut before = it.decided_ms;
        for step in log {
            let since = if step.stage == Stage::Connected {
                it.decided_ms
            } else {
                before
            };
            let seconds = (step.at_ms - since).max(0) as f64 / 1e3;
            times.entry(step.stage).or_default().push(seconds);
            before = step.at_ms;
        }
        let is = |stage: Stage| log.iter().any(|it| it.stage == stage);
        reached += usize::from(is(Stage::Connected));
        let failed = log.last().is_some_and(|it| it.stage == Stage::Failed);
        open += usize::from(!is(Stage::Connected) && !failed);
    }
    let mut stage = |stage: Stage, budget| {
        StageTimes::of(stage, times.remove(&stage).unwrap_or_default(), budget)
    };
    Transfers {
        stages: vec![
            stage(Stage::Initiated, budget.initiated),
            stage(Stage::Ringing, budget.ringing),
            stage(Stage::Accepted, budget.accepted),
            stage(Stage::Connected, budget.connected),
        ],
        told: by_escalation.len(),
        connected: Share::of(reached, by_escalation.len()),
        open,
        failures,
    }
}

/// What became of the deliveries to one destination.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DestinationOutcome {
    /// Its name.
    pub destination: String,
    /// Taken.
    pub delivered: usize,
    /// Too late.
    pub expired: usize,
    /// Refused for good.
    pub failed: usize,
    /// On their way.
    pub pending: usize,
    /// From the event to the destination's answer, s, of those taken.
    pub seconds: Option<Spread>,
}

/// Of all `deliveries`, by destination.
pub fn deliveries(deliveries: &[StoredDelivery]) -> Vec<DestinationOutcome> {
    let mut found: BTreeMap<&str, (DestinationOutcome, Vec<f64>)> = BTreeMap::new();
    for it in deliveries {
        let (outcome, times) = found.entry(it.destination.as_str()).or_default();
        let count = match it.state {
            DeliveryState::Delivered => &mut outcome.delivered,
            DeliveryState::Expired => &mut outcome.expired,
            DeliveryState::Failed => &mut outcome.failed,
            DeliveryState::Pending => &mut outcome.pending,
        };
        *count += 1;
        if let (DeliveryState::Delivered, Some(done)) = (it.state, it.done_ms) {
            times.push((done - it.at_ms).max(0) as f64 / 1e3);
        }
    }
    let each = found
        .into_iter()
        .map(|(name, (outcome, times))| DestinationOutcome {
            destination: name.to_owned(),
            seconds: Spread::of(times),
            ..outcome
        });
    each.collect()
}
