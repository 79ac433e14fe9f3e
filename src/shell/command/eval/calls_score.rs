//! Figures of a group of calls: found or not, how late, how often in vain.

use super::bootstrap;
use crate::shell::calls::Heard;
use std::collections::BTreeMap;

/// A call's first escalation at or after its onset.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    /// The caller's speech since the onset, s.
    pub speech_s: f64,
    /// The call's time since the onset, s.
    pub call_s: f64,
}

/// One call, scored.
#[derive(Clone, Debug)]
struct Scored {
    has_onset: bool,
    hit: Option<Hit>,
    reason: Option<&'static str>,
    false_alarms: usize,
    quiet_hours: f64,
}

/// Calls of one kind, by speaker: whole speakers are drawn for intervals.
pub struct Group {
    speakers: Vec<Vec<Scored>>,
}

impl Group {
    /// Scores `calls`.
    pub fn new(calls: &[&Heard]) -> Self {
        let mut speakers: BTreeMap<String, Vec<Scored>> = BTreeMap::new();
        for (place, call) in calls.iter().enumerate() {
            let speaker = call.truth.as_ref().map(|truth| truth.speaker.clone());
            // A caller without a name is one by himself.
            let speaker = speaker.filter(|name| !name.is_empty());
            let speaker = speaker.unwrap_or_else(|| format!("#{place}"));
            speakers.entry(speaker).or_default().push(score(call));
        }
        Self {
            speakers: speakers.into_values().collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Scored> {
        self.speakers.iter().flatten()
    }

    pub fn calls(&self) -> usize {
        self.all().count()
    }

    /// Share of the calls with an onset in which one came after it.
    pub fn detected(&self) -> Option<f64> {
        share(self.all())
    }

    pub fn detected_interval(&self) -> Option<(f64, f64)> {
        bootstrap::interval(&self.speakers, |drawn| {
            share(drawn.iter().flat_map(|speaker| speaker.iter()))
        })
    }

    pub fn false_alarms(&self) -> usize {
        self.all().map(|call| call.false_alarms).sum()
    }

    /// Hours in which none was right.
    pub fn quiet_hours(&self) -> f64 {
        self.all().map(|call| call.quiet_hours).sum()
    }

    pub fn false_per_hour(&self) -> Option<f64> {
        rate(self.all())
    }

    pub fn false_interval(&self) -> Option<(f64, f64)> {
        bootstrap::interval(&self.speakers, |drawn| {
            rate(drawn.iter().flat_map(|speaker| speaker.iter()))
        })
    }

    /// Delays of all calls with an onset, shortest first; infinite where none came.
    pub fn delays(&self, delay: impl Fn(&Hit) -> f64) -> Vec<f64> {
        let with_onset = self.all().filter(|call| call.has_onset);
        let mut delays: Vec<f64> = with_onset
            .map(|call| call.hit.as_ref().map_or(f64::INFINITY, &delay))
            .collect();
        delays.sort_by(f64::total_cmp);
        delays
    }

    /// The reason of the first escalation after the onset, and in how many calls.
    pub fn reasons(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in self.all().filter_map(|call| call.reason) {
            *counts.entry(reason).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(reason, count)| (usize::MAX - count, *reason));
        let words = counts
            .iter()
            .map(|(reason, count)| format!("{reason} {count}"));
        words.collect::<Vec<_>>().join(", ")
    }
}

fn score(call: &Heard) -> Scored {
    let quiet_s = call.quiet_s();
    let onset_s = call.truth.as_ref().and_then(|truth| truth.onset_s);
    let first = onset_s.and_then(|onset_s| {
        let first = call.decided.iter().find(|it| it.at_s >= onset_s)?;
        Some((onset_s, *first))
    });
    Scored {
        has_onset: onset_s.is_some(),
        hit: first.map(|(onset_s, first)| Hit {
            speech_s: call
                .truth
                .as_ref()
                .map_or(0.0, |truth| truth.speech_s(onset_s, first.at_s)),
            call_s: first.at_s - onset_s,
        }),
        reason: first.map(|(_, first)| first.reason.name()),
        false_alarms: call.decided.iter().filter(|it| it.at_s < quiet_s).count(),
        quiet_hours: quiet_s / 3_600.0,
    }
}

fn share<'a>(calls: impl Iterator<Item = &'a Scored>) -> Option<f64> {
    let (mut hits, mut all) = (0, 0);
    for call in calls.filter(|call| call.has_onset) {
        hits += usize::from(call.hit.is_some());
        all += 1;
    }
    (all > 0).then(|| f64::from(hits as u32) / f64::from(all))
}

fn rate<'a>(calls: impl Iterator<Item = &'a Scored>) -> Option<f64> {
    let (mut alarms, mut hours) = (0, 0.0);
    for call in calls {
        alarms += call.false_alarms;
        hours += call.quiet_hours;
    }
    (hours > 0.0).then(|| alarms as f64 / hours)
}

/// The value that `share` of `sorted` does not exceed (nearest rank); none where that is a miss.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = (share * sorted.len() as f64).ceil() as usize;
    let value = sorted.get(place.max(1) - 1)?;
    value.is_finite().then_some(*value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Reason, Trigger};
    use crate::shell::calls::{Decided, Truth, Utterance};

    fn call(speaker: &str, onset_s: Option<f64>, decided: &[f64]) -> Heard {
        Heard {
            truth: Some(Truth {
                scenario: "x".to_owned(),
                corpus: String::new(),
                speaker: speaker.to_owned(),
                onset_s,
                utterances: vec![Utterance {
                    start_s: 0.0,
                    end_s: 60.0,
                }],
            }),
            seconds: 120.0,
            steps: Vec::new(),
            decided: decided
                .iter()
                .map(|at_s| Decided {
                    at_s: *at_s,
                    trigger: Trigger::Sentiment,
                    reason: Reason::Trend,
                })
                .collect(),
        }
    }

    #[test]
    fn hits_misses_and_false_alarms_are_told_apart() {
        let calls = [
            call("a", Some(50.0), &[20.0, 58.0, 100.0]),
            call("b", Some(50.0), &[70.0]),
            call("c", Some(50.0), &[]),
            call("d", None, &[119.0]),
        ];
        let group = Group::new(&calls.iter().collect::<Vec<_>>());
        assert_eq!(group.detected(), Some(2.0 / 3.0));
        assert_eq!(group.false_alarms(), 2);
        let hours = 270.0 / 3_600.0;
        assert!((group.quiet_hours() - hours).abs() < 1e-12);
        assert!((group.false_per_hour().unwrap() - 2.0 / hours).abs() < 1e-9);
        let speech = group.delays(|hit| hit.speech_s);
        assert_eq!(
            (quantile(&speech, 0.5), quantile(&speech, 0.9)),
            (Some(10.0), None)
        );
        let call = group.delays(|hit| hit.call_s);
        assert_eq!(quantile(&call, 0.5), Some(20.0));
        assert_eq!(group.reasons(), "trend 2");
        let (low, high) = group.detected_interval().unwrap();
        assert!(low < 0.5 && high == 1.0, "{low} {high}");
        assert_eq!(quantile(&[], 0.5), None);
    }
}
