//! The seed metrics: completeness, trigger mix, escalated again, caller repeats, satisfaction.

use super::Query;
use super::figures::{Share, difference_interval, mean};
use super::repeats::{Repeat, repeats};
use crate::handoff::{FIELDS, Stage};
use crate::shell::error::ShellError;
use crate::shell::store::{Rating, StoredEscalation, StoredRating, StoredTransfer, StoredTurn};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Above this share of one trigger the mix is worth a look.
pub(super) const ALARM: f64 = 0.70;
/// Escalations before the mix says anything.
const ALARM_FROM: usize = 10;

/// How complete the payloads were, as they last stood.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Completeness {
    /// Payloads with every applicable field.
    pub whole: Share,
    /// Mean completeness, 0..1.
    pub mean: f64,
    /// For each field the payloads to which it applies, and those that say something.
    pub fields: BTreeMap<String, Option<Share>>,
}

/// Of `escalations`; none without any.
pub fn completeness(escalations: &[StoredEscalation]) -> Option<Completeness> {
    let all: Vec<f64> = escalations.iter().map(|it| it.completeness).collect();
    let whole = all.iter().filter(|it| **it >= 1.0).count();
    let payloads: Vec<Value> = escalations.iter().map(payload).collect();
    let field = |name: &str| {
        let states = payloads.iter().filter_map(|it| it["fields"][name].as_str());
        let states: Vec<&str> = states.filter(|it| *it != "not_applicable").collect();
        let says = states.iter().filter(|it| **it != "missing").count();
        (name.to_owned(), Share::of(says, states.len()))
    };
    Some(Completeness {
        whole: Share::of(whole, all.len())?,
        mean: mean(&all)?,
        fields: FIELDS.into_iter().map(field).collect(),
    })
}

fn payload(escalation: &StoredEscalation) -> Value {
    serde_json::from_str(&escalation.payload).unwrap_or_default()
}

/// Which triggers decided.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Triggers {
    /// Most frequent first.
    pub shares: Vec<TriggerShare>,
    /// Set where one trigger has over 70 % of at least ten escalations: tune it, or look whether
    /// the others still work.
    pub alarm: Option<String>,
}

/// One trigger.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TriggerShare {
    /// Its name.
    pub trigger: String,
    /// How often it decided.
    pub share: Share,
}

/// Of `escalations`; none without any.
pub fn triggers(escalations: &[StoredEscalation]) -> Option<Triggers> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for it in escalations {
        *counts.entry(it.trigger.as_str()).or_default() += 1;
    }
    let share = |(name, hits): (&&str, &usize)| {
        Some(TriggerShare {
            trigger: (*name).to_owned(),
            share: Share::of(*hits, escalations.len())?,
        })
    };
    let mut shares: Vec<TriggerShare> = counts.iter().filter_map(share).collect();
    shares.sort_by_key(|it| std::cmp::Reverse(it.share.hits));
    let first = shares.first()?;
    let alarm = first.share.share > ALARM && escalations.len() >= ALARM_FROM;
    let alarm = alarm.then(|| first.trigger.clone());
    Some(Triggers { shares, alarm })
}

/// The share of escalated calls whose caller was escalated again: the same customer in another
/// call within the days asked for, or the same call after its transfer had ended. With it the
/// calls without a customer.
pub fn escalated_again(
    escalations: &[StoredEscalation],
    transfers: &[StoredTransfer],
    query: &Query,
) -> (Option<Share>, usize) {
    let within_ms = i64::from(query.again_within_days) * 86_400_000;
    let mut ends: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for it in transfers
        .iter()
        .filter(|it| matches!(it.stage, Stage::Failed | Stage::Connected))
    {
        ends.entry(it.escalation_id.as_str())
            .or_default()
            .push(it.at_ms);
    }
    let ended_before = |it: &StoredEscalation, at_ms: i64| {
        let ends = ends.get(it.escalation_id.as_str());
        ends.is_some_and(|ends| ends.iter().any(|end| *end < at_ms))
    };
    let mut by_call: BTreeMap<&str, Vec<&StoredEscalation>> = BTreeMap::new();
    let mut by_customer: BTreeMap<&str, Vec<&StoredEscalation>> = BTreeMap::new();
    for it in escalations {
        by_call.entry(&it.call_id).or_default().push(it);
        if let Some(customer) = &it.customer_id {
            by_customer.entry(customer).or_default().push(it);
        }
    }
    let again = |own: &[&StoredEscalation]| {
        let in_call = own.iter().enumerate().any(|(place, first)| {
            own[place + 1..]
                .iter()
                .any(|later| ended_before(first, later.decided_ms))
        });
        let others = own
            .iter()
            .filter_map(|it| Some((it, by_customer.get(it.customer_id.as_deref()?)?)));
        in_call
            || others.into_iter().any(|(first, same)| {
                same.iter().any(|later| {
                    let after = later.decided_ms - first.decided_ms;
                    later.call_id != first.call_id && after > 0 && after <= within_ms
                })
            })
    };
    let hits = by_call.values().filter(|own| again(own)).count();
    let unknown = |own: &&Vec<&StoredEscalation>| own.iter().all(|it| it.customer_id.is_none());
    let without = by_call.values().filter(unknown).count();
    (Share::of(hits, by_call.len()), without)
}

/// Connected calls in which something had to be said again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Repeats {
    /// Of the calls whose first minute with the human is known.
    pub calls: Share,
    /// In how many calls each kind occurred; a call may have several.
    pub kinds: BTreeMap<Repeat, usize>,
}

/// Over the escalations with a moment in `connected`; `turns` reads a call's turns.
pub fn caller_repeats(
    escalations: &[StoredEscalation],
    connected: &BTreeMap<&str, i64>,
    turns: impl Fn(&str) -> Result<Vec<StoredTurn>, ShellError>,
) -> Result<Option<Repeats>, ShellError> {
    let (mut known, mut hits) = (0, 0);
    let mut kinds: BTreeMap<Repeat, usize> = BTreeMap::new();
    for it in escalations {
        let Some(at_ms) = connected.get(it.escalation_id.as_str()) else {
            continue;
        };
        let found: Option<BTreeSet<Repeat>> = repeats(&payload(it), &turns(&it.call_id)?, *at_ms);
        let Some(found) = found else { continue };
        known += 1;
        hits += usize::from(!found.is_empty());
        found
            .into_iter()
            .for_each(|kind| *kinds.entry(kind).or_default() += 1);
    }
    Ok(Share::of(hits, known).map(|calls| Repeats { calls, kinds }))
}

/// Ratings, 1 to 5.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Csat {
    /// Ratings of escalated calls.
    pub escalated_n: usize,
    /// Their mean.
    pub escalated_mean: Option<f64>,
    /// Ratings of calls that a human had from the beginning.
    pub human_only_n: usize,
    /// Their mean.
    pub human_only_mean: Option<f64>,
    /// Escalated minus human only.
    pub difference: Option<f64>,
    /// 95 % bootstrap interval of the difference.
    pub difference_interval_95: Option<[f64; 2]>,
}

/// Of all `ratings`.
pub fn csat(ratings: &[StoredRating]) -> Csat {
    let of = |group: Rating| -> Vec<f64> {
        let own = ratings.iter().filter(|it| it.group == group);
        own.map(|it| f64::from(it.csat)).collect()
    };
    let (escalated, human) = (of(Rating::Escalated), of(Rating::HumanOnly));
    let (escalated_mean, human_only_mean) = (mean(&escalated), mean(&human));
    Csat {
        escalated_n: escalated.len(),
        escalated_mean,
        human_only_n: human.len(),
        human_only_mean,
        difference: escalated_mean.zip(human_only_mean).map(|(a, b)| a - b),
        difference_interval_95: difference_interval(&escalated, &human),
    }
}
