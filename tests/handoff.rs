//! The payload: its ten fields and their states, prose that follows the fields, the transfer.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use undertone::dialogue::DialogueMessage;
use undertone::handoff::{
    Channel, Failure, FieldState, HandoffPayload, Lateness, Redaction, Stage, Transfer,
    TransferBudget, TransferEvent, TransferUpdate,
};
use undertone::{Engine, EngineConfig};

fn say(engine: &mut Engine, value: Value) {
    let message: DialogueMessage = serde_json::from_value(value).unwrap();
    engine.say(&message).unwrap();
    while engine.poll().is_some() {}
}

/// A chat in which everything was told.
fn full() -> Vec<Value> {
    vec![
        json!({"type": "identity", "verified": true, "name": "Ann Poe", "customer_id": "C-1", "method": "login"}),
        json!({"type": "intent", "name": "dispute_charge", "summary": "Dispute a charge of $84.50", "confidence": 0.9}),
        json!({"type": "turn", "speaker": "caller", "text": "That charge is wrong."}),
        json!({"type": "source", "title": "Statement"}),
        json!({"type": "action", "name": "lookup_vendor", "outcome": "no_match"}),
        json!({"type": "write", "what": "Case opened", "reference": "D-1"}),
        json!({"type": "self_evaluation", "score": 0.62, "failed_regroundings": 2, "action": "dispute"}),
        json!({"type": "next_action", "text": "File the case."}),
    ]
}

fn composed(messages: &[Value]) -> HandoffPayload {
    let mut engine = Engine::without_sound(&EngineConfig::default()).unwrap();
    engine.set_channel(Channel::Chat);
    for value in messages {
        say(&mut engine, value.clone());
    }
    engine.handoff()
}

#[test]
fn a_chat_with_everything_told_is_complete_without_a_trajectory() {
    let payload = composed(&full());
    assert_eq!(payload.completeness, 1.0);
    assert_eq!(
        payload.fields["sentiment_trajectory"],
        FieldState::NotApplicable
    );
    assert_eq!(payload.fields.len(), 10);
    let reason = payload.escalation_reason.unwrap();
    assert_eq!(
        reason.text,
        "The agent's confidence 0.62 stayed under the floor 0.85 for dispute after 2 failed re-groundings."
    );
    assert_eq!(
        payload.digest.headline,
        "Ann Poe: Dispute a charge of $84.50; the agent was not sure enough"
    );
}

#[test]
fn what_nobody_said_is_missing_and_what_is_reported_empty_is_not() {
    let payload = composed(&[]);
    assert_eq!(payload.completeness, 0.0);
    assert!(
        payload.digest.headline.contains("no escalation"),
        "{payload:?}"
    );
    let payload = composed(&[json!({"type": "reports", "kinds": ["actions", "committed_writes"]})]);
    assert_eq!(payload.fields["actions"], FieldState::NoneReported);
    assert_eq!(payload.fields["sources"], FieldState::Missing);
    assert_eq!(payload.committed_writes, Some(vec![]));
    assert!((payload.completeness - 2.0 / 9.0).abs() < 1e-6);
    assert!(
        payload
            .digest
            .lines
            .contains(&"Written: nothing".to_owned())
    );
}

#[test]
fn each_line_of_the_digest_changes_with_its_field_and_no_other() {
    let changes = [
        (
            0,
            json!({"type": "identity", "verified": false, "name": "Bo Roe"}),
        ),
        (
            1,
            json!({"type": "intent", "name": "refund", "summary": "A refund"}),
        ),
        (
            2,
            json!({"type": "turn", "speaker": "caller", "text": "Something else."}),
        ),
        (3, json!({"type": "source", "title": "Invoice"})),
        (
            4,
            json!({"type": "action", "name": "call_vendor", "outcome": "failed"}),
        ),
        (5, json!({"type": "write", "what": "Note added"})),
        (7, json!({"type": "next_action", "text": "Call back."})),
    ];
    let before = composed(&full()).digest.lines;
    assert_eq!(before.len(), 9, "{before:?}");
    for (place, change) in changes {
        let mut messages = full();
        messages[place] = change;
        let after = composed(&messages).digest.lines;
        let differs: BTreeSet<usize> = (0..9).filter(|i| before[*i] != after[*i]).collect();
        // Next action is told before the reason's lines and stands last.
        let line = if place == 7 { 8 } else { place };
        assert_eq!(differs, BTreeSet::from([line]), "{after:?}");
    }
    let mut messages = full();
    messages[6] = json!({"type": "self_evaluation", "score": 0.5, "failed_regroundings": 3, "action": "dispute"});
    let after = composed(&messages).digest.lines;
    let differs: Vec<usize> = (0..9).filter(|i| before[*i] != after[*i]).collect();
    assert_eq!(
        differs,
        [6, 7],
        "the score stands in the confidence and in the reason"
    );
}

#[test]
fn the_first_decision_is_the_reason_and_others_are_named() {
    let mut engine = Engine::without_sound(&EngineConfig::default()).unwrap();
    for value in full() {
        say(&mut engine, value);
    }
    say(
        &mut engine,
        json!({"type": "turn", "speaker": "caller", "text": "let me talk to a human"}),
    );
    let first = engine.handoff().escalation_reason.unwrap();
    assert_eq!(first.trigger.name(), "low_confidence");
    assert!(
        first.also[0].starts_with("explicit_request/"),
        "{:?}",
        first.also
    );
    let second = engine.handoff_of(1).escalation_reason.unwrap();
    assert_eq!(second.trigger.name(), "explicit_request");
    assert_eq!(second.also, ["low_confidence/reported"]);
    assert!(second.phrase.is_some() && second.rule_version.is_some());
}

#[test]
fn policy_suggests_where_the_agent_does_not() {
    let mut messages = full();
    messages.pop();
    let payload = composed(&messages);
    let next = payload.suggested_next_action.unwrap();
    assert_eq!(serde_json::to_value(next.from).unwrap(), "policy");
}

#[test]
fn nothing_unredacted_is_remembered() {
    let card = "four two four two four two four two four two four two four two four two";
    let payload = composed(&[
        json!({"type": "turn", "speaker": "caller", "text": "my card is 4242 4242 4242 4242, cvv 123, give me a human"}),
        json!({"type": "turn", "speaker": "caller", "text": card, "final": false}),
        json!({"type": "source", "title": "t", "excerpt": "DE89 3704 0044 0532 0130 00"}),
        json!({"type": "write", "what": "password: hunter2"}),
    ]);
    let text = serde_json::to_string(&payload).unwrap();
    for secret in ["4242 4242", "123,", "four two four", "DE89", "hunter2"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

/// A number with the check digit that makes it a card's.
fn card(seed: u64) -> String {
    let body = format!("4{:014}", seed % 100_000_000_000_000);
    let sum = |digits: &str| -> u32 {
        let digit = |(place, byte): (usize, u8)| match (place % 2, u32::from(byte - b'0')) {
            (0, d) => d,
            (_, d) => d * 2 / 10 + d * 2 % 10,
        };
        digits.bytes().rev().enumerate().map(digit).sum()
    };
    (0..10)
        .map(|check| format!("{body}{check}"))
        .find(|n| sum(n).is_multiple_of(10))
        .unwrap()
}

proptest! {
    #[test]
    fn no_card_passes_however_it_is_grouped(seed in any::<u64>(), cuts in prop::collection::vec(1usize..6, 16), dash in any::<bool>()) {
        let number = card(seed);
        let mut grouped = String::new();
        let mut rest = number.as_str();
        for cut in cuts {
            let (group, after) = rest.split_at(cut.min(rest.len()));
            if !grouped.is_empty() && !group.is_empty() {
                grouped.push(if dash { '-' } else { ' ' });
            }
            grouped.push_str(group);
            rest = after;
        }
        let text = Redaction::default().text(&format!("so it is {grouped} for you"));
        prop_assert_eq!(text, format!("so it is [card ending {}] for you", &number[12..]));
    }

    #[test]
    fn redaction_never_panics_and_is_done_once(
        wild in "\\PC{0,80}",
        said in prop::collection::vec(prop::sample::select(vec![
            "password", "is", "pin", "code", "security", "one", "two", "double", "forty", "4242",
            "4242424242424242", "123", "45", "6789", "ssn", "-", ":", ",", "um", "cvv", "bearer",
            "DE89370400440532013000", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "[secret]", "time", "you",
        ]), 0..24),
    ) {
        let text = format!("{wild} {}", said.join(" "));
        let once = Redaction::default().text(&text);
        prop_assert_eq!(Redaction::default().text(&once), once);
    }

    #[test]
    fn any_updates_keep_a_transfer_sane(
        steps in prop::collection::vec((0u8..16, 0u64..200_000), 0..40),
        destinations in 0usize..4,
    ) {
        let names = (0..destinations).map(|i| format!("queue {i}")).collect();
        let mut it = Transfer::new(TransferBudget::default()).with_destinations(names);
        let (mut ends, mut before) = (0, 0);
        for (step, at_ms) in steps {
            let stages = [Stage::Decided, Stage::Initiated, Stage::Ringing, Stage::Accepted, Stage::Connected, Stage::Failed];
            let failures = [Failure::QueueFull, Failure::Timeout, Failure::Declined, Failure::NoAnswer, Failure::CallerHungUp];
            let seen = it.status(0);
            let events = match step {
                0..=5 => it.update(stages[usize::from(step)], at_ms),
                6..=10 => it.update(failures[usize::from(step) - 6], at_ms),
                11 => it.update(TransferUpdate { stage: seen.stage, failure: seen.failure, queue_estimate_s: Some(at_ms as f64) }, at_ms),
                _ => Ok(it.due(at_ms)),
            };
            let status = it.status(0);
            if events.is_err() {
                prop_assert_eq!(&status, &seen, "a refusal changes nothing");
            }
            let events = events.unwrap_or_default();
            ends += events.iter().filter(|e| matches!(e, TransferEvent::Ended { .. })).count();
            prop_assert!(ends <= 1);
            prop_assert_eq!(ends == 1, it.ended());
            prop_assert!(status.elapsed_ms >= before);
            before = status.elapsed_ms;
            prop_assert!(status.attempt as usize <= destinations.max(1));
            prop_assert!(status.stages.windows(2).all(|w| w[0].stage < w[1].stage && w[0].at_ms <= w[1].at_ms));
            prop_assert_eq!(it.next_deadline_ms().is_some() && it.ended(), false);
            if let Some(next) = it.next_deadline_ms() {
                let late = it.clone().due(next.max(status.elapsed_ms));
                let told = late.iter().any(|e| matches!(e, TransferEvent::Late { late, .. } if *late > Lateness::OnTime));
                prop_assert!(told, "a deadline is when something is late");
            }
        }
    }
}

#[cfg(feature = "cli")]
mod published {
    #![allow(clippy::disallowed_methods)]

    use super::*;
    use undertone::shell::cli::SchemaOf;
    use undertone::shell::command::schema;

    fn committed(name: &str) -> String {
        std::fs::read_to_string(format!("docs/schema/{name}.json")).unwrap()
    }

    #[test]
    fn the_committed_schemas_are_what_the_types_give() {
        for (name, of) in [
            ("handoff", SchemaOf::Handoff),
            ("dialogue", SchemaOf::Dialogue),
        ] {
            let made = schema::text(of);
            if std::env::var_os("UNDERTONE_BLESS").is_some() {
                std::fs::create_dir_all("docs/schema").unwrap();
                std::fs::write(format!("docs/schema/{name}.json"), &made).unwrap();
            }
            assert!(
                committed(name) == made,
                "docs/schema/{name}.json is old: UNDERTONE_BLESS=1"
            );
        }
    }

    #[test]
    fn payloads_are_valid_and_what_is_not_is_refused() {
        let schema: Value = serde_json::from_str(&committed("handoff")).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for messages in [full(), vec![]] {
            let payload = serde_json::to_value(composed(&messages)).unwrap();
            let errors: Vec<_> = validator
                .iter_errors(&payload)
                .map(|e| e.to_string())
                .collect();
            assert!(errors.is_empty(), "{errors:?}");
        }
        let mut payload = serde_json::to_value(composed(&full())).unwrap();
        payload["extra"] = json!(1);
        assert!(!validator.is_valid(&payload));
        payload.as_object_mut().unwrap().remove("extra");
        payload["fields"]["identity"] = json!("perhaps");
        assert!(!validator.is_valid(&payload));
    }

    #[test]
    fn messages_are_valid_where_the_reader_takes_them() {
        let schema: Value = serde_json::from_str(&committed("dialogue")).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let sample = std::fs::read_to_string("samples/dispute.jsonl").unwrap();
        let lines = sample
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        for value in lines.chain(full()) {
            let errors: Vec<_> = validator
                .iter_errors(&value)
                .map(|e| e.to_string())
                .collect();
            assert!(errors.is_empty(), "{value}: {errors:?}");
        }
        for bad in [
            json!({"type": "turn", "speaker": "caller"}),
            json!({"type": "turn", "speaker": "somebody", "text": ""}),
            json!({"type": "turn", "speaker": "caller", "text": "", "txt": ""}),
            json!({"type": "unheard_of"}),
            json!({"type": "self_evaluation", "score": 2}),
            json!({"type": "intent", "name": " "}),
            json!({"type": "failed_turn", "at_s": -1}),
        ] {
            assert!(!validator.is_valid(&bad), "{bad}");
            let read = serde_json::from_value::<DialogueMessage>(bad);
            assert!(read.is_err() || read.is_ok_and(|message| message.check().is_err()));
        }
    }

    fn undertone() -> assert_cmd::Command {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_undertone"));
        command.env_remove("ORT_DYLIB_PATH").env("NO_COLOR", "1");
        command
    }

    #[test]
    #[cfg(feature = "embedded")]
    fn the_dispute_is_handed_over_complete() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.json");
        let mut command = undertone();
        command.args(["analyze", "samples/dispute-stereo.wav", "--channel", "both"]);
        command
            .args(["--dialogue", "samples/dispute.jsonl", "--handoff"])
            .arg(&out);
        let text = command.assert().success().get_output().stdout.clone();
        let text = String::from_utf8(text).unwrap();
        for wanted in [
            "trigger low_confidence, reason reported",
            "trigger failed_turns, reason reported",
            "trigger sentiment, reason trend",
            "trigger explicit_request, reason ",
            "real person",
            "complete 10/10",
        ] {
            assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
        }
        let mut gist = text.lines().skip_while(|line| !line.starts_with("handoff"));
        assert!(gist.all(|line| line.chars().count() <= 80), "{text}");
        let payload: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
        let schema: Value = serde_json::from_str(&committed("handoff")).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&payload)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(payload["completeness"], 1.0);
        assert_eq!(payload["escalation_reason"]["trigger"], "low_confidence");
        assert_eq!(payload["confidence"]["agent"]["score"], 0.62);
        assert_eq!(payload["confidence"]["agent"]["floor"], 0.85);
        assert_eq!(payload["actions"][0]["outcome"], "no_match");
        assert!(
            payload["intent"]["summary"]
                .as_str()
                .unwrap()
                .contains("$84.50")
        );
        let read: HandoffPayload = serde_json::from_value(payload).unwrap();
        assert_eq!(read.fields.len(), 10, "what is written reads back");
    }

    #[test]
    fn a_conversation_in_writing_needs_no_recording_and_a_bad_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (turns, out) = (
            folder.path().join("chat.jsonl"),
            folder.path().join("out.json"),
        );
        let line =
            r#"{"type":"turn","speaker":"caller","text":"let me talk to a human","start_s":3}"#;
        std::fs::write(&turns, line).unwrap();
        let chat = |events: &str| {
            let mut command = undertone();
            command.args([
                "analyze",
                "--format",
                events,
                "--conversation",
                "chat",
                "--dialogue",
            ]);
            command.arg(&turns).arg("--handoff").arg(&out);
            command
        };
        let events = chat("jsonl").assert().success().get_output().stdout.clone();
        let events = String::from_utf8(events).unwrap();
        let first: Value = serde_json::from_str(events.lines().next().unwrap()).unwrap();
        assert_eq!(
            (&first["type"], &first["trigger"]),
            (&json!("escalation"), &json!("explicit_request"))
        );
        assert_eq!(
            (&first["reason"], first["rule_version"].is_u64()),
            (&first["rule"], true)
        );
        assert!(first["phrase"].as_str().unwrap().contains("human"));
        chat("text").assert().success();
        chat("csv").assert().success();
        let payload: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
        assert_eq!(payload["fields"]["sentiment_trajectory"], "not_applicable");
        std::fs::write(
            &turns,
            format!("{line}\n{{\"type\":\"turn\",\"speaker\":\"me\",\"text\":\"\"}}\n"),
        )
        .unwrap();
        let error = chat("text").assert().code(4).get_output().stderr.clone();
        let error = String::from_utf8(error).unwrap();
        for wanted in ["chat.jsonl, line 2: ", "`me`", "undertone schema dialogue"] {
            assert!(error.contains(wanted), "{error}");
        }
        undertone()
            .args(["analyze", "--conversation", "chat"])
            .assert()
            .code(2);
        undertone()
            .args(["analyze", "--handoff", "-", "samples/calm.wav"])
            .assert()
            .code(2);
    }
}
