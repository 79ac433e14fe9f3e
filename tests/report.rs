//! The report over a store whose truth is known.
#![cfg(feature = "serve")]
#![allow(clippy::disallowed_methods)]

mod payload;

use assert_cmd::Command;
use std::path::Path;
use undertone::decision::Trigger;
use undertone::dialogue::{Identity, Speaker};
use undertone::handoff::{Failure, FieldState, Stage, TransferBudget};
use undertone::shell::report::{Query, Repeat, Report};
use undertone::shell::store::{
    CallOpened, Decided, HumanTurn, NewDelivery, Rated, Rating, Reads, Record, Store, TransferAt,
};

const DAY_MS: i64 = 86_400_000;
/// A round moment in 2026.
const BEGIN: i64 = 1_790_000_000_000;

struct Filled(Store);

impl Filled {
    fn put(&self, record: Record) {
        self.0.submit(record).unwrap().wait().unwrap();
    }

    /// Opens a call and decides; the escalation's name.
    fn escalate(
        &self,
        call: &str,
        key: &str,
        trigger: Trigger,
        at_ms: i64,
        customer: &str,
    ) -> String {
        self.put(Record::CallOpened(CallOpened {
            call_id: call.to_owned(),
            opened_ms: at_ms - 60_000,
            ..CallOpened::default()
        }));
        let mut payload = payload::empty();
        if !customer.is_empty() {
            payload.identity = Some(Identity {
                verified: true,
                name: None,
                customer_id: Some(customer.to_owned()),
                method: None,
            });
        }
        payload.fields = [("identity".to_owned(), FieldState::Filled)].into();
        payload
            .fields
            .insert("actions".to_owned(), FieldState::Missing);
        payload
            .fields
            .insert("confidence".to_owned(), FieldState::NotApplicable);
        payload.completeness = if customer.is_empty() { 0.5 } else { 1.0 };
        let told = vec![NewDelivery {
            destination: "desk".to_owned(),
            expires_ms: at_ms + 10_000,
        }];
        let record = Decided::new(call, trigger, key, at_ms, payload, told);
        let id = record.escalation_id.clone();
        self.put(Record::Decided(record));
        id
    }

    fn stage(&self, id: &str, stage: Stage, failure: Option<Failure>, at_ms: i64) {
        self.put(Record::Transfer(TransferAt {
            escalation_id: id.to_owned(),
            stage,
            failure,
            at_ms,
            destination: None,
            deliveries: vec![],
        }));
    }
}

fn filled(path: &Path) -> Filled {
    let store = Filled(Store::open(path).unwrap());
    let sentiment = Trigger::Sentiment;
    // The first fails once, then reaches a human after 40 s, who asks for the name.
    let first = store.escalate("a", "1", sentiment, BEGIN, "c-1");
    store.stage(&first, Stage::Initiated, None, BEGIN + 100);
    store.stage(&first, Stage::Ringing, None, BEGIN + 3_100);
    store.stage(
        &first,
        Stage::Failed,
        Some(Failure::NoAnswer),
        BEGIN + 20_000,
    );
    store.stage(&first, Stage::Initiated, None, BEGIN + 20_500);
    store.stage(&first, Stage::Connected, None, BEGIN + 40_000);
    store.put(Record::HumanTurn(HumanTurn {
        call_id: "a".to_owned(),
        at_ms: BEGIN + 41_000,
        speaker: Speaker::Human,
        text: "Hi, who am I speaking to?".to_owned(),
    }));
    // The same customer comes back two days later, and nobody takes the call.
    let second = store.escalate("b", "1", sentiment, BEGIN + 2 * DAY_MS, "c-1");
    store.stage(
        &second,
        Stage::Failed,
        Some(Failure::QueueFull),
        BEGIN + 2 * DAY_MS + 1_000,
    );
    // Two triggers in one handoff; no customer, connected at once, a quiet minute with a turn.
    let third = store.escalate("c", "1", sentiment, BEGIN, "");
    store.escalate("c", "2", Trigger::ExplicitRequest, BEGIN + 500, "");
    store.stage(&third, Stage::Connected, None, BEGIN + 10_000);
    store.put(Record::HumanTurn(HumanTurn {
        call_id: "c".to_owned(),
        at_ms: BEGIN + 11_000,
        speaker: Speaker::Human,
        text: "Hello, I see what happened and will put it right.".to_owned(),
    }));
    // Another customer comes back after eight days, too late to count.
    store.escalate("d", "1", sentiment, BEGIN, "c-2");
    store.escalate("e", "1", sentiment, BEGIN + 8 * DAY_MS, "c-2");
    for (n, (csat, group)) in [
        (2, Rating::Escalated),
        (4, Rating::Escalated),
        (5, Rating::HumanOnly),
        (5, Rating::HumanOnly),
    ]
    .into_iter()
    .enumerate()
    {
        store.put(Record::Rated(Rated {
            call_id: format!("rated-{n}"),
            csat,
            group,
            at_ms: BEGIN,
        }));
    }
    store
}

fn query(since_ms: i64) -> Query {
    Query {
        since_ms,
        now_ms: BEGIN + 30 * DAY_MS,
        again_within_days: 7,
        budget: TransferBudget::default(),
    }
}

#[test]
fn every_figure_is_the_one_that_was_put_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("undertone.db");
    let _store = filled(&path);
    let report = Report::gather(&Reads::open(&path).unwrap(), &query(0)).unwrap();
    assert_eq!((report.calls, report.escalations), (5, 6));

    let complete = report.completeness.unwrap();
    assert_eq!((complete.whole.hits, complete.whole.n), (4, 6));
    assert!((complete.mean - 5.0 / 6.0).abs() < 1e-9);
    let field = |name: &str| complete.fields[name].map(|it| (it.hits, it.n));
    assert_eq!(field("identity"), Some((6, 6)));
    assert_eq!(field("actions"), Some((0, 6)));
    assert_eq!(field("confidence"), None, "not applicable is no case");

    let stage = |place: usize| report.transfers.stages[place].seconds.as_ref();
    let initiated = stage(0).unwrap();
    assert_eq!((initiated.n, initiated.p50, initiated.worst), (2, 0.1, 0.5));
    assert_eq!(stage(1).unwrap().worst, 3.0);
    assert!(stage(2).is_none(), "nobody told of accepted");
    let connected = &report.transfers.stages[3];
    let spread = connected.seconds.as_ref().unwrap();
    assert_eq!((spread.n, spread.p50, spread.p95), (2, 10.0, 40.0));
    assert_eq!(connected.over_target.unwrap().hits, 1);
    assert_eq!(connected.over_worst.unwrap().hits, 0);
    let reached = report.transfers.connected.unwrap();
    assert_eq!((reached.hits, reached.n, report.transfers.open), (2, 3, 0));
    assert_eq!(report.transfers.failures["no_answer"], 1);
    assert_eq!(report.transfers.failures["queue_full"], 1);

    let triggers = report.triggers.unwrap();
    assert_eq!(triggers.shares[0].trigger, "sentiment");
    assert_eq!(triggers.shares[0].share.hits, 5);
    assert_eq!(triggers.alarm, None, "six are too few for an alarm");

    let again = report.escalated_again.unwrap();
    assert_eq!((again.hits, again.n), (1, 5));
    assert_eq!(report.without_customer, 1);

    let repeats = report.caller_repeats.unwrap();
    assert_eq!((repeats.calls.hits, repeats.calls.n), (1, 2));
    assert_eq!(repeats.kinds[&Repeat::HumanAsked], 1);

    assert_eq!(report.csat.difference, Some(-2.0));
    let [low, high] = report.csat.difference_interval_95.unwrap();
    assert!(
        low <= -2.0 && -2.0 <= high && (low, high) == (-3.0, -1.0),
        "{low} {high}"
    );
    assert_eq!(report.deliveries[0].pending, 6);
}

#[test]
fn a_call_that_is_escalated_again_after_its_transfer_ended_counts() {
    let folder = tempfile::tempdir().unwrap();
    let store = Filled(Store::open(&folder.path().join("undertone.db")).unwrap());
    let first = store.escalate("a", "1", Trigger::FailedTurns, BEGIN, "");
    store.stage(
        &first,
        Stage::Failed,
        Some(Failure::Declined),
        BEGIN + 9_000,
    );
    let share = || {
        Report::gather(store.0.reads(), &query(0))
            .unwrap()
            .escalated_again
            .unwrap()
    };
    assert_eq!(share().hits, 0);
    store.escalate("a", "2", Trigger::ExplicitRequest, BEGIN + 20_000, "");
    assert_eq!(share().hits, 1);
}

#[test]
fn one_trigger_over_seventy_percent_is_an_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let store = Filled(Store::open(&folder.path().join("undertone.db")).unwrap());
    let alarm = || {
        Report::gather(store.0.reads(), &query(0))
            .unwrap()
            .triggers
            .unwrap()
            .alarm
    };
    for n in 0..10 {
        let trigger = if n < 7 {
            Trigger::Sentiment
        } else {
            Trigger::PolicyIntent
        };
        store.escalate(&format!("call-{n}"), "1", trigger, BEGIN, "");
    }
    assert_eq!(alarm(), None, "just 70 %");
    store.escalate("one more", "1", Trigger::Sentiment, BEGIN, "");
    assert_eq!(alarm().as_deref(), Some("sentiment"));
}

#[test]
fn an_empty_store_says_no_data_and_never_zero_percent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("undertone.db");
    drop(Store::open(&path).unwrap());
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_undertone"));
        command.arg("report").arg("--store").arg(&path).args(more);
        let output = command.assert().success().get_output().stdout.clone();
        String::from_utf8(output).unwrap()
    };
    let text = run(&[]);
    assert!(text.matches("no data").count() >= 10, "{text}");
    assert!(!text.contains(" 0.0 %"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&run(&["--format", "json"])).unwrap();
    for key in [
        "completeness",
        "triggers",
        "escalated_again",
        "caller_repeats",
    ] {
        assert!(json[key].is_null(), "{key}");
    }
    let picture = folder.path().join("report.svg");
    run(&["--plot", picture.to_str().unwrap()]);
    let drawn = std::fs::read_to_string(picture).unwrap();
    assert!(drawn.contains("no data") && drawn.contains("alarm"));
}

#[test]
fn the_picture_and_the_configured_budget_are_those_of_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("undertone.db");
    let _store = filled(&path);
    let config = folder.path().join("undertone.toml");
    let text = "[transfer]\nconnected = { target_ms = 20000, worst_ms = 30000 }\n";
    std::fs::write(&config, text).unwrap();
    let picture = folder.path().join("report.svg");
    let mut command = Command::new(env!("CARGO_BIN_EXE_undertone"));
    command
        .args(["report", "--format", "json", "--store"])
        .arg(&path);
    command
        .arg("--config")
        .arg(&config)
        .arg("--plot")
        .arg(&picture);
    let output = command.assert().success().get_output().stdout.clone();
    let json: serde_json::Value = serde_json::from_slice(&output).unwrap();
    let stages = json["transfers"]["stages"].as_array().unwrap();
    let connected = stages.iter().find(|it| it["stage"] == "connected").unwrap();
    assert_eq!(
        (&connected["target_s"], &connected["worst_s"]),
        (&20.0.into(), &30.0.into())
    );
    // Of 40 s and 10 s one is later than each.
    assert_eq!(
        (
            &connected["over_target"]["hits"],
            &connected["over_worst"]["hits"]
        ),
        (&1.into(), &1.into())
    );
    let drawn = std::fs::read_to_string(picture).unwrap();
    for name in ["6 escalations", "explicit_request", "connected", "alarm"] {
        assert!(drawn.contains(name), "{name}");
    }
}

#[test]
fn wrong_stores_and_times_are_refused() {
    let run = |more: &[&str], code: i32| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_undertone"));
        let output = command
            .arg("report")
            .args(more)
            .assert()
            .code(code)
            .get_output()
            .stderr
            .clone();
        String::from_utf8(output).unwrap()
    };
    assert!(run(&["--store", "no/such.db"], 3).contains("no/such.db"));
    assert!(run(&["--since", "yesterday"], 2).contains("--since yesterday"));
}
