//! The bundled calls through the bundled model: who escalates, for what reason, and since when.
//!
//! The truth is what `samples/make_samples.py` put into the calls. The voices are synthetic, so
//! this holds the program's behaviour, not its accuracy on people.
#![cfg(all(feature = "cli", feature = "embedded"))]
#![allow(clippy::disallowed_methods)]

mod sample;

use sample::hear;
use undertone::Event;
use undertone::decision::{Escalation, Reason, Trigger};

/// How far the back-dated onset may lie from the first angry word, s: the evidence comes in
/// phrases, and one phrase with its pause is about six seconds.
const ONSET_TOLERANCE_S: f64 = 6.0;

fn escalations(name: &str) -> Vec<Escalation> {
    let events = hear(name);
    let readings = events.iter().filter(|e| matches!(e, Event::Affect(_)));
    assert!(readings.count() > 100, "{name} was heard");
    let escalation = |event| match event {
        Event::Escalation(escalation) => Some(escalation),
        _ => None,
    };
    events.into_iter().filter_map(escalation).collect()
}

fn truth(name: &str, key: &str) -> toml::Value {
    let text = std::fs::read_to_string("samples/truth.toml").unwrap();
    let truth: toml::Table = toml::from_str(&text).unwrap();
    truth[name][key].clone()
}

#[test]
fn a_caller_who_becomes_angry_escalates_by_trend_from_where_it_began() {
    let began = truth("became-angry", "onset_s").as_float().unwrap();
    let all = escalations("became-angry");
    let [first, ..] = all.as_slice() else {
        panic!("became-angry does not escalate");
    };
    assert_eq!(
        (first.trigger, first.reason),
        (Trigger::Sentiment, Reason::Trend)
    );
    let off = first.onset.seconds() - began;
    assert!(off.abs() <= ONSET_TOLERANCE_S, "onset is {off:+.1} s off");
    assert!(first.at > first.onset, "{first:?}");
    assert!(
        first.at.seconds() > began,
        "decided before anything happened: {first:?}"
    );
    assert!(!first.evidence.is_empty(), "an escalation says why");
}

#[test]
fn a_caller_who_is_angry_from_the_start_escalates_but_not_by_trend() {
    let all = escalations("angry-from-start");
    let [first, ..] = all.as_slice() else {
        panic!("angry-from-start does not escalate");
    };
    assert_eq!(first.trigger, Trigger::Sentiment);
    for escalation in &all {
        assert_ne!(escalation.reason, Reason::Trend, "{escalation:?}");
    }
}

fn does_not_escalate(name: &str) {
    assert_eq!(truth(name, "expect").as_str(), Some("none"));
    assert_eq!(escalations(name), [], "{name} escalates");
}

#[test]
fn a_calm_caller_keeps_the_agent() {
    does_not_escalate("calm");
}

#[test]
fn a_hesitant_caller_keeps_the_agent() {
    does_not_escalate("hesitant");
}

/// One outburst of five seconds, then calm again.
#[test]
fn a_caller_who_recovers_keeps_the_agent() {
    does_not_escalate("recovered");
}
