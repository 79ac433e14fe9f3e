//! The store: what is acknowledged is there, once, whatever happens to the process.
#![cfg(feature = "serve")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod payload;

use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use undertone::decision::Trigger;
use undertone::handoff::{Failure, Stage};
use undertone::shell::store::{
    Applied, CallOpened, Decided, Dialogue, Durability, MAX_RECORD_BYTES, MAX_WAITING, NewDelivery,
    PayloadUpdated, Rated, Rating, Reads, Record, Store, StoreConfig, StoreError, TransferAt,
    VoiceKept, escalation_id,
};

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("undertone.db");
    (folder, path)
}

fn opened(call: &str) -> Record {
    Record::CallOpened(CallOpened {
        call_id: call.to_owned(),
        opened_ms: 1_000,
        labels: [("ticket_id".to_owned(), "7".to_owned())].into(),
        ..CallOpened::default()
    })
}

fn told(call: &str, message: &str) -> Record {
    Record::Dialogue(Dialogue {
        call_id: call.to_owned(),
        message_id: message.to_owned(),
        at_ms: 2_000,
        message: format!("{{\"type\":\"failed_turn\",\"why\":\"{message}\"}}"),
    })
}

fn decided(call: &str, key: &str) -> Record {
    let delivery = NewDelivery {
        destination: "desk".to_owned(),
        expires_ms: i64::MAX,
    };
    let payload = payload::empty();
    let trigger = Trigger::ExplicitRequest;
    Record::Decided(Decided::new(
        call,
        trigger,
        key,
        3_000,
        payload,
        vec![delivery],
    ))
}

fn put(store: &Store, record: Record) -> Applied {
    store.submit(record).unwrap().wait().unwrap()
}

fn voice(call: &str, at_ms: i64) -> VoiceKept {
    VoiceKept {
        call_id: call.to_owned(),
        at_ms,
        began_ms: 1_500,
        messages: 2,
        escalation: Some(("esc_1".to_owned(), 1)),
        memory: vec![1, 2, 3],
    }
}

#[test]
fn a_voice_is_one_row_a_call_is_stored_with_its_decision_and_goes_with_the_call() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    put(&store, opened("a"));
    put(&store, Record::VoiceKept(voice("a", 2_000)));
    put(&store, Record::VoiceKept(voice("a", 2_500)));
    let reads = store.reads();
    assert_eq!(reads.voice("a").unwrap(), Some(voice("a", 2_500)));
    let Record::Decided(by_voice) = decided("a", "m2") else {
        unreachable!()
    };
    let by_voice = by_voice.with_voice(Some(voice("a", 3_000)));
    put(&store, Record::Decided(by_voice));
    let open = reads.open_calls().unwrap();
    assert_eq!(open[0].voice, Some(voice("a", 3_000)));
    let closed = Record::CallClosed {
        call_id: "a".to_owned(),
        closed_ms: 9_000,
    };
    put(&store, closed);
    // What comes late does not outlive the call, and of no known call nothing is kept.
    assert_eq!(
        put(&store, Record::VoiceKept(voice("a", 9_500))),
        Applied::Already
    );
    assert_eq!(
        put(&store, Record::VoiceKept(voice("b", 9_500))),
        Applied::Already
    );
    assert_eq!(reads.voice("a").unwrap(), None);
    assert_eq!(reads.voice("b").unwrap(), None);
}

#[test]
fn what_nobody_waits_for_is_held_back_until_something_else_is_stored() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    put(&store, opened("a"));
    // Often enough that one of them falls into no pause of this machine.
    let together = (0..20).any(|round| {
        let kept = store.submit(Record::VoiceKept(voice("a", round))).unwrap();
        assert_eq!(store.waiting(), 0, "nobody waits for it");
        let alone = store.reads().voice("a").unwrap();
        put(&store, told("a", &format!("m{round}")));
        // In the same transaction, and in the order in which they came.
        assert_eq!(store.reads().voice("a").unwrap(), Some(voice("a", round)));
        assert_eq!(kept.wait(), Ok(Applied::Stored));
        alone != Some(voice("a", round))
    });
    assert!(together, "each was stored at once and alone");
    // Without anything else it is stored soon.
    let kept = store.submit(Record::VoiceKept(voice("a", 99))).unwrap();
    assert_eq!(kept.wait(), Ok(Applied::Stored));
}

#[test]
fn what_is_acknowledged_is_read_back_and_a_repeat_changes_nothing() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    let records = [
        opened("a"),
        told("a", "m1"),
        told("a", "m2"),
        decided("a", "m2"),
    ];
    for record in &records {
        assert_eq!(put(&store, record.clone()), Applied::Stored);
    }
    for record in &records {
        assert_eq!(put(&store, record.clone()), Applied::Already);
    }
    let reads = store.reads();
    let open = reads.open_calls().unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].call.labels["ticket_id"], "7");
    let names: Vec<_> = open[0]
        .dialogue
        .iter()
        .map(|it| it.message_id.as_str())
        .collect();
    assert_eq!(names, ["m1", "m2"]);
    let id = escalation_id("a", Trigger::ExplicitRequest, "m2");
    assert_eq!(open[0].escalations.len(), 1);
    assert_eq!(open[0].escalations[0].escalation_id, id);
    assert!(
        open[0].escalations[0].payload.contains(&id),
        "the payload knows its name"
    );
    assert_eq!(reads.deliveries(0, Some(&id)).unwrap().len(), 1);
    assert_eq!(reads.pending().unwrap(), [("desk".to_owned(), 1)]);

    let closed = || Record::CallClosed {
        call_id: "a".to_owned(),
        closed_ms: 9_000,
    };
    assert_eq!(put(&store, closed()), Applied::Stored);
    assert_eq!(put(&store, closed()), Applied::Already);
    assert!(reads.open_calls().unwrap().is_empty());
}

#[test]
fn a_record_without_its_call_is_refused_and_the_others_of_its_group_are_not() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    let receipts = [
        told("nobody", "m"),
        opened("a"),
        decided("nobody", "m"),
        told("a", "m"),
    ];
    let receipts = receipts.map(|it| store.submit(it).unwrap());
    let [first, second, third, fourth] = receipts.map(|it| it.wait());
    let unknown = |result| matches!(result, Err(StoreError::Unknown { id }) if id == "nobody");
    assert!(unknown(first) && unknown(third));
    assert_eq!((second, fourth), (Ok(Applied::Stored), Ok(Applied::Stored)));
    assert!(
        store.reads().pending().unwrap().is_empty(),
        "nothing of it is left"
    );

    for orphan in [
        Record::CallClosed {
            call_id: "nobody".to_owned(),
            closed_ms: 1,
        },
        Record::PayloadUpdated(PayloadUpdated::new(
            "esc_nobody",
            1,
            payload::empty(),
            vec![],
        )),
        Record::Transfer(TransferAt {
            escalation_id: "esc_nobody".to_owned(),
            stage: Stage::Ringing,
            failure: None,
            at_ms: 1,
            destination: None,
            deliveries: vec![],
        }),
    ] {
        let result = store.submit(orphan).unwrap().wait();
        assert!(
            matches!(result, Err(StoreError::Unknown { .. })),
            "{result:?}"
        );
    }
}

#[test]
fn updates_and_transfers_are_kept_and_the_newest_payload_stays() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    put(&store, opened("a"));
    put(&store, decided("a", "m"));
    let id = escalation_id("a", Trigger::ExplicitRequest, "m");
    let update = |at_ms: i64, completeness: f32| {
        let mut payload = payload::empty();
        payload.completeness = completeness;
        Record::PayloadUpdated(PayloadUpdated::new(&id, at_ms, payload, vec![]))
    };
    assert_eq!(put(&store, update(5_000, 1.0)), Applied::Stored);
    assert_eq!(
        put(&store, update(4_000, 0.5)),
        Applied::Already,
        "an older one comes late"
    );
    let stored = store.reads().escalation(&id).unwrap().unwrap();
    assert_eq!((stored.completeness, stored.updated_ms), (1.0, 5_000));

    let stage = |stage, failure, at_ms| {
        Record::Transfer(TransferAt {
            escalation_id: id.clone(),
            stage,
            failure,
            at_ms,
            destination: Some("billing".to_owned()),
            deliveries: vec![NewDelivery {
                destination: "desk".to_owned(),
                expires_ms: 99_000,
            }],
        })
    };
    assert_eq!(
        put(&store, stage(Stage::Ringing, None, 6_000)),
        Applied::Stored
    );
    assert_eq!(
        put(&store, stage(Stage::Ringing, None, 6_000)),
        Applied::Already
    );
    put(&store, stage(Stage::Failed, Some(Failure::NoAnswer), 7_000));
    let log = store.reads().transfers(&id).unwrap();
    assert_eq!(log.len(), 2);
    assert_eq!(log[1].failure, Some(Failure::NoAnswer));
    assert_eq!(store.reads().deliveries(0, Some(&id)).unwrap().len(), 3);
}

#[test]
fn values_out_of_range_and_huge_records_are_refused() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    let rated = |csat| {
        Record::Rated(Rated {
            call_id: "never seen".to_owned(),
            csat,
            group: Rating::HumanOnly,
            at_ms: 1,
        })
    };
    for csat in [0, 6] {
        let error = store.submit(rated(csat)).err().unwrap();
        assert!(error.to_string().contains("csat"), "{error}");
    }
    assert_eq!(put(&store, rated(5)), Applied::Stored);
    assert!(store.submit(opened("")).is_err());
    let huge = Record::Dialogue(Dialogue {
        call_id: "a".to_owned(),
        message_id: "m".to_owned(),
        at_ms: 1,
        message: "x".repeat(MAX_RECORD_BYTES),
    });
    let error = store.submit(huge).err().unwrap();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
}

/// The writer is held up by a lock that another connection takes on the file.
#[test]
fn a_writer_that_is_behind_refuses_instead_of_growing() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    put(&store, opened("a"));
    let blocker = rusqlite::Connection::open(&path).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut receipts = Vec::new();
    let refused = (0..2 * MAX_WAITING).find_map(|n| {
        let sent = store.submit(told("a", &format!("m{n}")));
        sent.map(|it| receipts.push(it)).err()
    });
    assert!(
        matches!(refused, Some(StoreError::Full { .. })),
        "{refused:?}"
    );
    blocker.execute_batch("COMMIT").unwrap();
    let accepted = receipts.len();
    assert!(accepted >= MAX_WAITING, "{accepted}");
    for receipt in receipts {
        assert_eq!(receipt.wait(), Ok(Applied::Stored));
    }
    assert_eq!(store.waiting(), 0);
    assert_eq!(store.reads().dialogue("a").unwrap().len(), accepted);
}

/// Run in a process of its own by the test below, where no file may grow over a megabyte.
#[test]
#[ignore = "a part of the test below"]
fn child_on_a_small_disk() {
    let path = PathBuf::from(std::env::var("UNDERTONE_TEST_STORE").unwrap());
    let store = Store::open(&path).unwrap();
    put(&store, opened("a"));
    for n in 0.. {
        match store.submit(decided("a", &n.to_string())).unwrap().wait() {
            Ok(_) => println!("stored {n}"),
            Err(error) => {
                println!("refused: {error}");
                assert!(store.reads().escalations_of("a").is_ok(), "reading goes on");
                return;
            }
        }
    }
}

#[test]
#[cfg(unix)]
fn a_disk_that_takes_no_more_is_told_and_what_was_acknowledged_stays() {
    let (_folder, path) = folder();
    let output = Command::new("sh")
        // Without the signal a write over the bound is an error, as on a full disk.
        .args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "child_on_a_small_disk",
            "--nocapture",
        ])
        .env("UNDERTONE_TEST_STORE", &path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("refused: ") && text.contains("undertone.db"),
        "{text}"
    );
    assert!(text.contains("the disk"), "with the mend: {text}");
    let acknowledged = text.matches("stored ").count();
    let store = Store::open(&path).unwrap();
    let stored = store.reads().escalations_of("a").unwrap().len();
    assert!(
        acknowledged > 10 && stored >= acknowledged,
        "{stored} of {acknowledged}"
    );
}

#[test]
fn a_file_that_another_process_holds_is_told_to_whoever_waits() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    put(&store, opened("a"));
    let blocker = rusqlite::Connection::open(&path).unwrap();
    blocker.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let began = Instant::now();
    let result = store.submit(told("a", "m")).unwrap().wait();
    let Err(StoreError::Disk {
        path: named,
        reason,
    }) = result
    else {
        panic!("{result:?}");
    };
    assert_eq!(named, path);
    assert!(reason.contains("another process"), "{reason}");
    assert!(began.elapsed() < Duration::from_secs(20));
    blocker.execute_batch("ROLLBACK").unwrap();
    assert_eq!(
        put(&store, told("a", "m")),
        Applied::Stored,
        "it goes on afterwards"
    );
}

#[test]
fn files_that_cannot_be_used_are_refused_with_name_and_mend() {
    let (folder, path) = folder();
    let refuse = |path: &Path| {
        let error = Store::open(path).err().unwrap();
        assert_eq!(error.exit_code(), 3, "{error}");
        assert!(
            error
                .to_string()
                .contains(path.file_name().unwrap().to_str().unwrap())
        );
        error.to_string()
    };
    // Held by another.
    let first = Store::open(&path).unwrap();
    assert!(refuse(&path).contains("another process"));
    drop(first);
    // Newer.
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    assert!(refuse(&path).contains("version 99"));
    assert!(
        Reads::open(&path)
            .err()
            .unwrap()
            .to_string()
            .contains("version 99")
    );
    // Another program's.
    let foreign = folder.path().join("foreign.db");
    let raw = rusqlite::Connection::open(&foreign).unwrap();
    raw.execute_batch("CREATE TABLE mine (x)").unwrap();
    drop(raw);
    assert!(refuse(&foreign).contains("another program"));
    // No database at all.
    let text = folder.path().join("text.db");
    fs::write(
        &text,
        "not a database, and long enough to look like one: ".repeat(40),
    )
    .unwrap();
    assert!(refuse(&text).contains("damaged"));
    // Nowhere.
    refuse(&folder.path().join("no/such/folder.db"));
    let missing = folder.path().join("missing.db");
    assert!(Reads::open(&missing).is_err());
    assert!(!missing.exists(), "reading makes no file");
}

#[test]
fn a_file_cut_in_the_middle_is_an_error_and_never_a_panic() {
    let (folder, path) = folder();
    let store = Store::open(&path).unwrap();
    put(&store, opened("a"));
    for n in 0..2_000 {
        drop(store.submit(told("a", &format!("m{n}"))).unwrap());
    }
    store.close();
    let whole = fs::read(&path).unwrap();
    for share in [1, 3, 7] {
        let cut = folder.path().join(format!("cut{share}.db"));
        fs::write(&cut, &whole[..whole.len() * share / 8]).unwrap();
        let Ok(store) = Store::open(&cut) else {
            continue;
        };
        let written = store.submit(told("a", "new")).unwrap().wait();
        let read = store.reads().dialogue("a");
        assert!(
            written.is_err() || read.is_err(),
            "{share}/8 of a file is no file"
        );
    }
}

#[test]
fn old_calls_go_and_undelivered_ones_stay() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    put(&store, opened("undelivered"));
    put(&store, decided("undelivered", "m"));
    put(&store, opened("old"));
    put(&store, told("old", "m"));
    store.close();
    // The next start looks for old calls at once; these are of 1970.
    let store = Store::open(&path).unwrap();
    let began = Instant::now();
    while store.reads().call("old").unwrap().is_some() {
        assert!(began.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(store.reads().call("undelivered").unwrap().is_some());
    assert!(
        store.reads().dialogue("old").unwrap().is_empty(),
        "its dialogue went with it"
    );
}

/// Run in a process of its own by the test below: writes and prints what was acknowledged.
#[test]
#[ignore = "a part of the test below"]
fn child_that_is_killed() {
    let path = PathBuf::from(std::env::var("UNDERTONE_TEST_STORE").unwrap());
    let from: u64 = std::env::var("UNDERTONE_TEST_FROM")
        .unwrap()
        .parse()
        .unwrap();
    let store = Store::open(&path).unwrap();
    let mut out = std::io::stdout().lock();
    let _ = store.submit(opened("a")).unwrap().wait();
    let mut receipts = std::collections::VecDeque::new();
    for n in from.. {
        receipts.push_back((n, store.submit(decided("a", &n.to_string())).unwrap()));
        if receipts.len() > 50 {
            let (n, receipt) = receipts.pop_front().unwrap();
            receipt.wait().unwrap();
            writeln!(out, "stored {n}").unwrap();
            out.flush().unwrap();
        }
    }
}

#[test]
fn kill_nine_loses_nothing_that_was_acknowledged() {
    let (_folder, path) = folder();
    let mut acknowledged = BTreeSet::new();
    for round in 0..8_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "child_that_is_killed",
                "--nocapture",
            ])
            .env("UNDERTONE_TEST_STORE", &path)
            .env("UNDERTONE_TEST_FROM", (round * 1_000_000).to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut left = 40 + 113 * round;
        let mut heard = |line: Option<std::io::Result<String>>| {
            let line = line?.ok()?;
            let number = line.split_once("stored ").map(|(_, n)| n.to_owned());
            Some(number.is_some_and(|n| acknowledged.insert(n)))
        };
        while left > 0
            && heard(lines.next()).is_some_and(|new| {
                !new || {
                    left -= 1;
                    true
                }
            })
        {}
        child.kill().unwrap();
        while heard(lines.next()).is_some() {}
        child.wait().unwrap();
        assert_eq!(left, 0, "the child wrote");
    }
    let store = Store::open(&path).unwrap();
    let all = store.reads().escalations_of("a").unwrap();
    let stored: BTreeSet<String> = all.iter().map(|it| it.escalation_id.clone()).collect();
    assert_eq!(all.len(), stored.len());
    for n in &acknowledged {
        let id = escalation_id("a", Trigger::ExplicitRequest, n);
        assert!(stored.contains(&id), "{n} was acknowledged and is lost");
    }
    // Each with its delivery: they are written in one transaction.
    assert_eq!(store.reads().deliveries(0, None).unwrap().len(), all.len());
}

#[test]
fn dropping_the_store_writes_what_waits() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    put(&store, opened("a"));
    for n in 0..1_000 {
        drop(store.submit(told("a", &n.to_string())).unwrap());
    }
    drop(store);
    assert_eq!(
        Reads::open(&path).unwrap().dialogue("a").unwrap().len(),
        1_000
    );
    let store = Store::open(&path).unwrap();
    store.close();
    assert_eq!(store.submit(opened("b")).err(), Some(StoreError::Closed));
}

/// Prints how long an acknowledgement takes: `cargo test --release --test store -- --ignored
/// --nocapture latency`.
#[test]
#[ignore = "a measurement"]
fn latency_of_both_durabilities() {
    for durability in [Durability::Process, Durability::Power] {
        let (_folder, path) = folder();
        let store = Store::open_with(&StoreConfig {
            path,
            durability,
            ..StoreConfig::default()
        })
        .unwrap();
        put(&store, opened("a"));
        let mut times: Vec<Duration> = (0..2_000)
            .map(|n| {
                let began = Instant::now();
                put(&store, decided("a", &n.to_string()));
                began.elapsed()
            })
            .collect();
        times.sort();
        let at = |share: f64| times[(share * (times.len() - 1) as f64) as usize].as_micros();
        let began = Instant::now();
        let receipts: Vec<_> = (0..5_000)
            .map(|n| store.submit(told("a", &n.to_string())).unwrap())
            .collect();
        receipts
            .into_iter()
            .for_each(|it| assert!(it.wait().is_ok()));
        let rate = 5_000.0 / began.elapsed().as_secs_f64();
        println!(
            "{durability:?}: one decision p50 {} µs, p99 {} µs, worst {} µs; {rate:.0} messages/s",
            at(0.5),
            at(0.99),
            at(1.0)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_order_of_repeats_from_several_threads_gives_one_row_each(
        order in prop::collection::vec((0_u8..3, 0_u8..6), 1..120),
    ) {
        let (_folder, path) = folder();
        let store = Store::open(&path).unwrap();
        put(&store, opened("a"));
        let record = |(kind, key): (u8, u8)| match kind {
            0 => opened("a"),
            1 => told("a", &key.to_string()),
            _ => decided("a", &key.to_string()),
        };
        let stored: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3)
                .map(|_| scope.spawn(|| {
                    let each = order.iter().map(|it| put(&store, record(*it)));
                    each.filter(|it| *it == Applied::Stored).count()
                }))
                .collect();
            threads.into_iter().map(|it| it.join().unwrap()).sum()
        });
        let distinct: BTreeSet<_> = order.iter().filter(|(kind, _)| *kind > 0).collect();
        prop_assert_eq!(stored, distinct.len());
        let reads = store.reads();
        let rows = reads.dialogue("a").unwrap().len() + reads.escalations_of("a").unwrap().len();
        prop_assert_eq!(rows, distinct.len());
        prop_assert_eq!(
            reads.deliveries(0, None).unwrap().len(),
            distinct.iter().filter(|(kind, _)| *kind == 2).count()
        );
    }
}
