//! What is told of a call: which triggers it pulls, once or again, and that it never grows.

mod call;

use call::{PitchModel, card, voice};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use undertone::decision::{Escalation, Reason, Trigger};
use undertone::dialogue::{DialogueMessage, Words};
use undertone::error::PushError;
use undertone::handoff::Channel;
use undertone::trajectory::MarkerKind;
use undertone::{Engine, EngineConfig, Event, PcmBlock};

fn message(value: Value) -> DialogueMessage {
    serde_json::from_value(value).unwrap()
}

fn chat(config: &EngineConfig) -> Engine {
    let mut engine = Engine::without_sound(config).unwrap();
    engine.set_channel(Channel::Chat);
    engine
}

/// All events of `messages` in a conversation without sound.
fn told(messages: &[Value]) -> Vec<Event> {
    told_under(&EngineConfig::default(), messages)
}

fn told_under(config: &EngineConfig, messages: &[Value]) -> Vec<Event> {
    let mut engine = chat(config);
    let mut events = Vec::new();
    for value in messages {
        engine.say(&message(value.clone())).unwrap();
        events.extend(std::iter::from_fn(|| engine.poll()));
    }
    events
}

fn escalations(events: &[Event]) -> Vec<&Escalation> {
    let found = events.iter().filter_map(|event| match event {
        Event::Escalation(escalation) => Some(escalation),
        _ => None,
    });
    found.collect()
}

fn says(at_s: f64, text: &str, is_final: bool) -> Value {
    json!({"type": "turn", "speaker": "caller", "text": text, "start_s": at_s, "at_s": at_s + 1.0,
           "final": is_final})
}

#[test]
fn a_request_escalates_at_once_on_a_partial_text_and_once_an_utterance() {
    let events = told(&[
        says(1.0, "can i speak to a human", false),
        says(1.0, "can i speak to a human please", false),
        says(1.0, "Can I speak to a human, please?", true),
        says(9.0, "I said, let me talk to a human", true),
    ]);
    let found = escalations(&events);
    assert_eq!(found.len(), 2, "{found:?}");
    for escalation in &found {
        assert_eq!(escalation.trigger, Trigger::ExplicitRequest);
        assert_eq!(escalation.confidence, 1.0);
        let phrase = escalation.phrase.expect("words fired");
        assert!(phrase.text.contains("human"), "{phrase:?}");
        assert_eq!(escalation.reason_name(), phrase.rule.as_str());
        assert!(phrase.version > 0);
    }
    assert_eq!(found[0].at.seconds(), 2.0);
    assert_eq!(found[0].onset.seconds(), 1.0);
}

#[test]
fn only_the_caller_asks() {
    let turn = |speaker: &str| json!({"type": "turn", "speaker": speaker, "text": "let me get you a human agent, speak to a human"});
    assert!(told(&[turn("agent"), turn("human")]).is_empty());
}

#[test]
fn low_confidence_knows_the_floor_of_its_action() {
    let evaluation = |score: f64, tries: u32, action: &str| json!({"type": "self_evaluation", "score": score, "failed_regroundings": tries, "action": action});
    assert!(told(&[evaluation(0.62, 1, "dispute")]).is_empty());
    assert!(told(&[evaluation(0.62, 2, "weather")]).is_empty());
    let events = told(&[
        evaluation(0.62, 2, "dispute"),
        evaluation(0.5, 3, "dispute"),
    ]);
    let found = escalations(&events);
    assert_eq!(found.len(), 1, "once an intent");
    assert_eq!(
        (found[0].trigger, found[0].reason),
        (Trigger::LowConfidence, Reason::Reported)
    );
}

#[test]
fn failed_turns_count_on_one_intent() {
    let failed = json!({"type": "failed_turn"});
    let intent = |name: &str| json!({"type": "intent", "name": name});
    let other = [
        intent("a"),
        failed.clone(),
        failed.clone(),
        intent("b"),
        failed.clone(),
        failed.clone(),
    ];
    assert!(told(&other).is_empty());
    let same = [
        intent("a"),
        failed.clone(),
        failed.clone(),
        intent("a"),
        failed,
    ];
    assert_eq!(escalations(&told(&same))[0].trigger, Trigger::FailedTurns);
}

#[test]
fn an_intent_for_humans_escalates_once_and_policy_chooses_which() {
    let fraud = "somebody stole my card and used it, this is fraud";
    let turns = [
        says(1.0, fraud, false),
        says(1.0, fraud, true),
        says(5.0, fraud, true),
    ];
    let events = told(&turns);
    let found = escalations(&events);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].trigger, Trigger::PolicyIntent);
    assert_eq!(found[0].intent.unwrap().name(), "fraud");
    let config = EngineConfig::parse("x.toml", "[words]\npolicy_intents = [\"legal\"]").unwrap();
    assert!(escalations(&told_under(&config, &turns)).is_empty());
}

#[test]
fn three_signs_of_confusion_within_the_window_escalate() {
    let asks = |at_s| says(at_s, "sorry, could you repeat that please", true);
    let events = told(&[asks(1.0), asks(60.0), asks(190.0)]);
    assert!(escalations(&events).is_empty(), "{events:?}");
    let markers = events
        .iter()
        .filter(|e| matches!(e, Event::Marker(m) if m.kind == MarkerKind::RepeatRequest));
    assert_eq!(markers.count(), 3);
    let events = told(&[asks(1.0), asks(60.0), asks(100.0)]);
    let found = escalations(&events);
    assert_eq!(found.len(), 1, "{events:?}");
    assert_eq!(
        (found[0].trigger, found[0].reason),
        (Trigger::Sentiment, Reason::Confusion)
    );
    assert_eq!(found[0].onset.seconds(), 1.0);
    assert_eq!(found[0].evidence[0].feature, "repeat_request");
    assert_eq!(found[0].evidence[0].now, 3.0);
}

#[test]
fn distress_twice_escalates_and_cool_down_holds_for_sentiment_alone() {
    let mourns = |at_s| says(at_s, "my husband passed away last week", true);
    let events = told(&[mourns(1.0)]);
    assert!(escalations(&events).is_empty(), "{events:?}");
    let events = told(&[
        mourns(1.0),
        mourns(5.0),
        mourns(9.0),
        mourns(12.0),
        says(14.0, "let me talk to a human", true),
    ]);
    let triggers: Vec<_> = escalations(&events)
        .iter()
        .map(|e| (e.trigger, e.reason))
        .collect();
    assert_eq!(
        triggers,
        [
            (Trigger::Sentiment, Reason::Distress),
            (Trigger::ExplicitRequest, Reason::Rule)
        ]
    );
}

#[test]
fn a_message_that_comes_again_is_taken_once() {
    let mut turn = says(1.0, "let me talk to a human", true);
    turn["id"] = json!("m-1");
    let mut again = says(30.0, "let me talk to a human", true);
    again["id"] = json!("m-1");
    assert_eq!(escalations(&told(&[turn.clone(), again.clone()])).len(), 1);
    again["id"] = json!("m-2");
    assert_eq!(escalations(&told(&[turn, again])).len(), 2);
}

#[test]
fn hostile_messages_are_refused_or_bounded() {
    let mut engine = chat(&EngineConfig::default());
    let mut long = message(says(1.0, "x", true));
    if let undertone::dialogue::DialogueEvent::Turn(turn) = &mut long.event {
        turn.text = "x".repeat(5_000);
    }
    assert_eq!(engine.say(&long), Err(PushError::Message { key: "text" }));
    let mut when = message(says(1.0, "x", true));
    when.at_s = Some(f64::INFINITY);
    assert_eq!(engine.say(&when), Err(PushError::Message { key: "at_s" }));
    // A score that is no number is no confidence.
    let mut lost =
        message(json!({"type": "self_evaluation", "score": 0.5, "failed_regroundings": 2}));
    if let undertone::dialogue::DialogueEvent::SelfEvaluation(told) = &mut lost.event {
        told.score = f64::NAN;
    }
    engine.say(&lost).unwrap();
    assert!(
        matches!(engine.poll(), Some(Event::Escalation(e)) if e.trigger == Trigger::LowConfidence)
    );
    let payload = engine.handoff();
    assert_eq!(payload.confidence.unwrap().agent.unwrap().score, 0.0);
    assert_eq!(
        engine.push(PcmBlock::Samples(&[0.0; 80]), &mut PitchModel::new()),
        Err(PushError::NoSound)
    );
    for i in 0..400 {
        let text = "again and again ".repeat(200);
        engine
            .say(&message(says(f64::from(i), &text, true)))
            .unwrap();
        while engine.poll().is_some() {}
    }
    let payload = engine.handoff();
    let bytes: usize = payload
        .transcript
        .iter()
        .flatten()
        .map(|t| t.text.len())
        .sum();
    assert!(
        bytes <= 256 * 1024 && payload.dropped > 300,
        "{bytes} bytes, {} dropped",
        payload.dropped
    );
}

/// Events of a call with sound, where `messages` are told at their frames.
fn heard(
    samples: &[f32],
    blocks: &[usize],
    messages: &[(usize, Value)],
    words: &Arc<Words>,
) -> (Vec<Event>, String) {
    let mut engine = Engine::new(&EngineConfig::default(), 8_000, &card()).unwrap();
    engine.set_words(Arc::clone(words));
    let mut model = PitchModel::new();
    let mut events = Vec::new();
    let (mut fed, mut sizes) = (0, blocks.iter().cycle());
    let mut next = messages.iter().peekable();
    while fed < samples.len() {
        let size = *sizes.next().unwrap();
        let end = (fed + size).min(samples.len());
        let until = next.peek().map_or(end, |(frame, _)| end.min(*frame));
        engine
            .feed(&samples[fed..until], &mut model, |event| events.push(event))
            .unwrap();
        fed = until;
        while let Some((_, value)) = next.next_if(|(frame, _)| *frame == fed) {
            engine.say(&message(value.clone())).unwrap();
            events.extend(std::iter::from_fn(|| engine.poll()));
        }
    }
    engine.finish(&mut model).unwrap();
    events.extend(std::iter::from_fn(|| engine.poll()));
    (events, serde_json::to_string(&engine.handoff()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn how_the_sound_is_cut_never_matters_to_the_words(blocks in prop::collection::vec(1usize..4_000, 1..12)) {
        let samples = voice(8_000, 20.0, 10.0);
        let words = Arc::new(Words::english());
        let messages = [
            (8_001, json!({"type": "identity", "verified": true})),
            (40_123, says(3.0, "sorry, could you repeat that please", true)),
            (80_000, says(9.0, "my husband passed away last week", true)),
            (120_777, says(12.0, "let me talk to a human", false)),
        ];
        let whole = heard(&samples, &[samples.len()], &messages, &words);
        prop_assert!(escalations(&whole.0).iter().any(|e| e.trigger == Trigger::ExplicitRequest));
        let cut = heard(&samples, &blocks, &messages, &words);
        prop_assert!(cut.0 == whole.0);
        prop_assert_eq!(cut.1, whole.1);
    }
}
