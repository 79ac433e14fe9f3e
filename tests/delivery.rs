//! The courier against a receiver that misbehaves in every way it can.
#![cfg(feature = "serve")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod payload;
mod receiver;

use receiver::{Answer, Receiver, Request, answer};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use undertone::decision::Trigger;
use undertone::shell::delivery::{Courier, DestinationConfig, Destinations, Key, verify};
use undertone::shell::store::{
    CallOpened, Decided, DeliveryState, EventKind, Record, Store, StoredDelivery, delivery_id,
    escalation_id,
};

const NEW: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis() as i64
}

fn config(name: &str, port: u16, more: &str) -> DestinationConfig {
    let own = |key: &str, value: &str| match more.contains(key) {
        true => String::new(),
        false => format!("{key} = {value}\n"),
    };
    let text = format!(
        "name = \"{name}\"\nallow_http = true\n{}{}{}{more}",
        own("url", &format!("\"http://127.0.0.1:{port}/hook\"")),
        own("secrets", &format!("[\"{NEW}\"]")),
        own("allow_private", "true"),
    );
    toml::from_str(&text).unwrap()
}

/// A store and its courier.
struct Desk {
    store: Store,
    courier: Courier,
    destinations: Destinations,
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn desk(configs: &[DestinationConfig]) -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("undertone.db");
    let store = Store::open(&path).unwrap();
    let destinations = Destinations::build(configs, "test.toml").unwrap();
    let courier = Courier::start(&store, destinations.clone()).unwrap();
    Desk {
        store,
        courier,
        destinations,
        _folder: folder,
        path,
    }
}

impl Desk {
    /// Opens a call and decides to hand it over; the escalation's name.
    fn decide(&self, call: &str) -> String {
        decide(&self.store, &self.destinations, call)
    }

    /// The deliveries of an escalation, once none is pending.
    fn settled(&self, escalation: &str) -> Vec<StoredDelivery> {
        let began = Instant::now();
        loop {
            let all = self.store.reads().deliveries(0, Some(escalation)).unwrap();
            if all.iter().all(|it| it.state != DeliveryState::Pending) {
                return all;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{all:?}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn outcome(&self, escalation: &str) -> StoredDelivery {
        let mut all = self.settled(escalation);
        assert_eq!(all.len(), 1);
        all.remove(0)
    }
}

fn decide(store: &Store, destinations: &Destinations, call: &str) -> String {
    let labels = ["ticket_id", "agent_id"].map(|key| (key.to_owned(), format!("{key}/7")));
    let opened = store.submit(Record::CallOpened(CallOpened {
        call_id: call.to_owned(),
        opened_ms: now_ms(),
        labels: labels.into(),
        ..CallOpened::default()
    }));
    opened.unwrap().wait().unwrap();
    let now = now_ms();
    let told = destinations.deliveries(EventKind::Raised, now);
    let payload = payload::empty();
    let record = Decided::new(call, Trigger::ExplicitRequest, "m1", now, payload, told);
    let id = record.escalation_id.clone();
    store
        .submit(Record::Decided(record))
        .unwrap()
        .wait()
        .unwrap();
    id
}

fn believed(request: &Request, key: &str) -> bool {
    let checked = verify(
        &[Key::parse(key).unwrap()],
        request.header("webhook-id"),
        request.header("webhook-timestamp"),
        request.header("webhook-signature"),
        &request.body,
        now_ms() / 1000,
    );
    checked.is_ok()
}

#[test]
fn a_decision_arrives_signed_and_is_marked_delivered() {
    let receiver = Receiver::start(|_, _| answer(204));
    let desk = desk(&[config(
        "desk",
        receiver.port,
        &format!("secrets = [\"{NEW}\", \"{OLD}\"]"),
    )]);
    let id = desk.decide("call-1");
    let request = receiver.wait_for(1).remove(0);
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/hook")
    );
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(
        request.header("webhook-id"),
        delivery_id(&id, "desk", "call.escalation.raised", "")
    );
    assert_eq!(
        request.header("webhook-signature").split(' ').count(),
        2,
        "one a key"
    );
    assert!(believed(&request, NEW) && believed(&request, OLD));
    let body = request.json();
    assert_eq!(body["type"], "call.escalation.raised");
    assert_eq!(body["data"]["escalation_id"], id);
    assert_eq!(body["data"]["call_id"], "call-1");
    assert!(body["data"]["expires_at"].as_str().unwrap().ends_with('Z'));
    let outcome = desk.outcome(&id);
    assert_eq!(
        (outcome.state, outcome.status),
        (DeliveryState::Delivered, Some(204))
    );
    assert_eq!(outcome.attempts, 1);
    // Neither the key nor its name is in the file.
    desk.courier.stop();
    desk.store.close();
    let file = std::fs::read(&desk.path).unwrap();
    assert!(!file.windows(NEW.len()).any(|it| it == NEW.as_bytes()));
}

#[test]
fn failures_are_tried_again_under_the_same_name_and_signed_anew() {
    let receiver = Receiver::start(|n, _| match n {
        0 => answer(500),
        1 => answer(429),
        _ => answer(200),
    });
    let desk = desk(&[config("desk", receiver.port, "")]);
    let id = desk.decide("call-1");
    let outcome = desk.outcome(&id);
    assert_eq!(
        (outcome.state, outcome.attempts),
        (DeliveryState::Delivered, 3)
    );
    let requests = receiver.requests();
    let names: BTreeSet<_> = requests.iter().map(|it| it.header("webhook-id")).collect();
    assert_eq!((requests.len(), names.len()), (3, 1));
    assert!(requests.iter().all(|it| believed(it, NEW)));
    assert!(requests.windows(2).all(|it| it[0].body == it[1].body));
    let pause = requests[2].at - requests[1].at;
    assert!(pause >= Duration::from_millis(400), "{pause:?}");
}

#[test]
fn a_wish_to_wait_is_honoured_where_it_fits_and_ends_it_where_not() {
    let asks = |seconds: u32| {
        move |n: usize, _: &Request| Answer {
            headers: format!("retry-after: {seconds}\r\n"),
            ..answer(if n == 0 { 503 } else { 200 })
        }
    };
    let (short, long) = (Receiver::start(asks(1)), Receiver::start(asks(60)));
    let desk = desk(&[
        config("short", short.port, ""),
        config("long", long.port, ""),
    ]);
    let id = desk.decide("call-1");
    let all = desk.settled(&id);
    let state = |name: &str| all.iter().find(|it| it.destination == name).unwrap().state;
    assert_eq!(state("short"), DeliveryState::Delivered);
    assert_eq!(state("long"), DeliveryState::Expired);
    let requests = short.requests();
    assert!(requests[1].at - requests[0].at >= Duration::from_millis(1000));
    assert_eq!(long.requests().len(), 1);
}

#[test]
fn what_is_refused_for_good_is_not_tried_again() {
    let receiver = Receiver::start(|_, _| answer(404));
    let desk = desk(&[config("desk", receiver.port, "")]);
    let outcome = desk.outcome(&desk.decide("call-1"));
    assert_eq!(
        (outcome.state, outcome.attempts),
        (DeliveryState::Failed, 1)
    );
    assert_eq!((outcome.status, receiver.requests().len()), (Some(404), 1));
}

#[test]
fn gone_turns_the_destination_off_until_it_is_loaded_again() {
    let receiver = Receiver::start(|n, _| answer(if n == 0 { 410 } else { 200 }));
    let desk = desk(&[config("desk", receiver.port, "")]);
    assert_eq!(
        desk.outcome(&desk.decide("call-1")).state,
        DeliveryState::Failed
    );
    assert_eq!(desk.store.reads().destinations_off().unwrap().len(), 1);
    let second = desk.outcome(&desk.decide("call-2"));
    assert_eq!((second.state, second.attempts), (DeliveryState::Failed, 0));
    assert!(second.problem.unwrap().contains("410"));
    assert_eq!(receiver.requests().len(), 1, "nothing is sent any more");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(desk.courier.reload(desk.destinations.clone()));
    thread::sleep(Duration::from_millis(100));
    assert_eq!(
        desk.outcome(&desk.decide("call-3")).state,
        DeliveryState::Delivered
    );
    assert!(desk.store.reads().destinations_off().unwrap().is_empty());
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Receiver::start(|_, _| answer(200));
    let port = elsewhere.port;
    let receiver = Receiver::start(move |n, _| Answer {
        headers: format!("location: http://127.0.0.1:{port}/\r\n"),
        ..answer([301, 302, 303, 307, 308][n])
    });
    let desk = desk(&[config("desk", receiver.port, "")]);
    for n in 0..5 {
        let outcome = desk.outcome(&desk.decide(&format!("call-{n}")));
        assert_eq!(outcome.state, DeliveryState::Failed);
        assert!(outcome.problem.unwrap().contains("redirect"));
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn silence_is_cut_off_and_tried_again_until_the_window_ends() {
    let silent = Receiver::start(|_, _| Answer {
        after: Duration::from_secs(3),
        ..answer(200)
    });
    let more = "attempt_timeout_ms = 100\ndeliver_within_s = 1.5\n";
    let desk = desk(&[config("desk", silent.port, more)]);
    let began = Instant::now();
    let outcome = desk.outcome(&desk.decide("call-1"));
    assert!(
        began.elapsed() < Duration::from_millis(2500),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(outcome.state, DeliveryState::Expired);
    assert!((2..=4).contains(&outcome.attempts), "{outcome:?}");
    assert_eq!(outcome.problem.as_deref(), Some("no answer in time"));
}

#[test]
fn a_port_without_anybody_expires_with_its_reason() {
    let desk = desk(&[config("desk", 1, "deliver_within_s = 0.6\n")]);
    let outcome = desk.outcome(&desk.decide("call-1"));
    assert_eq!(outcome.state, DeliveryState::Expired);
    assert!(outcome.problem.unwrap().to_lowercase().contains("refused"));
}

#[test]
fn inside_addresses_are_refused_by_number_and_by_name() {
    let receiver = Receiver::start(|_, _| answer(200));
    // By number: refused before anything is sent, at the configuration.
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"] {
        let more = format!(
            "allow_private = false\nurl = \"http://{host}:{}/\"\n",
            receiver.port
        );
        let error = config("desk", 0, &more)
            .check("test.toml")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("destination.desk.url") && error.contains("loopback"),
            "{error}"
        );
    }
    // By name: refused when the name is resolved.
    let more = format!(
        "allow_private = false\ndeliver_within_s = 0.6\nurl = \"http://localhost:{}/\"\n",
        receiver.port
    );
    let desk = desk(&[config("desk", 0, &more)]);
    let outcome = desk.outcome(&desk.decide("call-1"));
    assert_eq!(outcome.state, DeliveryState::Expired);
    assert!(
        outcome.problem.as_ref().unwrap().contains("allow_private"),
        "{outcome:?}"
    );
    assert!(receiver.requests().is_empty());
}

#[test]
fn a_slow_destination_delays_itself_alone() {
    let slow = Receiver::start(|_, _| Answer {
        after: Duration::from_secs(1),
        ..answer(200)
    });
    let quick = Receiver::start(|_, _| answer(200));
    let desk = desk(&[
        config("slow", slow.port, "concurrency = 1\n"),
        config("quick", quick.port, ""),
    ]);
    let began = Instant::now();
    for n in 0..20 {
        desk.decide(&format!("call-{n}"));
    }
    quick.wait_for(20);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
    assert!(slow.requests().len() <= 4, "one at a time");
}

#[test]
fn the_presets_speak_as_their_desks_expect() {
    let receiver = Receiver::start(|_, _| answer(200));
    let at = |path: &str| {
        format!(
            "url = \"http://127.0.0.1:{}{path}\"\nsecrets = []\n",
            receiver.port
        )
    };
    let zendesk = at("/api/v2/channels/voice/agents/{agent_id}/tickets/{ticket_id}/display.json")
        + "format = \"zendesk\"\n[headers]\nAuthorization = \"Bearer z\"\n";
    let salesforce = at("/telephony/v1/voiceCalls/{call_id}/realtimeConversationEvents")
        + "format = \"salesforce\"\nservice = \"S\"\n[headers]\nAuthorization = \"Bearer s\"\n\
           Telephony-Provider-Name = \"acme\"\n";
    let desk = desk(&[
        config("zendesk", 0, &zendesk),
        config("salesforce", 0, &salesforce),
    ]);
    let id = desk.decide("call 1");
    assert!(
        desk.settled(&id)
            .iter()
            .all(|it| it.state == DeliveryState::Delivered)
    );
    let requests: BTreeMap<String, Request> = receiver
        .requests()
        .into_iter()
        .map(|it| (it.header("authorization").to_owned(), it))
        .collect();
    let zendesk = &requests["Bearer z"];
    assert!(
        zendesk
            .path
            .contains("/agents/agent_id%2F7/tickets/ticket_id%2F7/display")
    );
    assert_eq!(
        (zendesk.body.len(), zendesk.header("content-length")),
        (0, "0")
    );
    let salesforce = &requests["Bearer s"];
    assert_eq!(
        salesforce.path,
        "/telephony/v1/voiceCalls/call%201/realtimeConversationEvents"
    );
    assert_eq!(salesforce.header("telephony-provider-name"), "acme");
    assert_eq!(salesforce.json()["events"][0]["type"], "escalation");
    assert_eq!(salesforce.header("webhook-signature"), "", "not signed");
}

#[test]
fn a_label_that_the_call_lacks_is_a_failure_with_its_name() {
    let receiver = Receiver::start(|_, _| answer(200));
    let more = format!("url = \"http://127.0.0.1:{}/{{queue}}\"\n", receiver.port);
    let desk = desk(&[config("desk", 0, &more)]);
    let outcome = desk.outcome(&desk.decide("call-1"));
    assert_eq!(outcome.state, DeliveryState::Failed);
    assert!(outcome.problem.unwrap().contains("queue"));
}

#[test]
fn what_waited_before_the_start_is_delivered_and_what_has_no_destination_fails() {
    let receiver = Receiver::start(|_, _| answer(200));
    let both = [
        config("desk", receiver.port, ""),
        config("gone", receiver.port, ""),
    ];
    let first = desk(&both);
    first.courier.stop();
    let id = first.decide("call-1");
    assert_eq!(first.store.reads().pending().unwrap().len(), 2);
    let one = Destinations::build(&both[..1], "test.toml").unwrap();
    let _courier = Courier::start(&first.store, one).unwrap();
    let all = first.settled(&id);
    let state = |name: &str| all.iter().find(|it| it.destination == name).unwrap().state;
    assert_eq!(state("desk"), DeliveryState::Delivered);
    assert_eq!(state("gone"), DeliveryState::Failed);
    assert_eq!(receiver.requests().len(), 1);
}

/// Run in a process of its own by the test below: decides and delivers until it is killed.
#[test]
#[ignore = "a part of the test below"]
fn child_that_is_killed() {
    let path = PathBuf::from(std::env::var("UNDERTONE_TEST_STORE").unwrap());
    let port = std::env::var("UNDERTONE_TEST_PORT")
        .unwrap()
        .parse()
        .unwrap();
    let from: u64 = std::env::var("UNDERTONE_TEST_FROM")
        .unwrap()
        .parse()
        .unwrap();
    let (store, destinations) = (Store::open(&path).unwrap(), crash_destination(port));
    let _courier = Courier::start(&store, destinations.clone()).unwrap();
    let mut out = std::io::stdout().lock();
    for n in from.. {
        decide(&store, &destinations, &format!("call-{n}"));
        writeln!(out, "stored call-{n}").unwrap();
        out.flush().unwrap();
    }
}

fn crash_destination(port: u16) -> Destinations {
    let config = config("desk", port, "deliver_within_s = 600.0\n");
    Destinations::build(&[config], "test.toml").unwrap()
}

fn killed(path: &Path, port: u16, round: u64) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "child_that_is_killed",
            "--nocapture",
        ])
        .env("UNDERTONE_TEST_STORE", path)
        .env("UNDERTONE_TEST_PORT", port.to_string())
        .env("UNDERTONE_TEST_FROM", (round * 1_000_000).to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut calls = lines.map_while(Result::ok).filter_map(|line| {
        let (_, call) = line.split_once("stored ")?;
        Some(call.to_owned())
    });
    let mut heard: Vec<String> = calls.by_ref().take(5 + 17 * (round as usize % 8)).collect();
    child.kill().unwrap();
    heard.extend(calls);
    child.wait().unwrap();
    heard
}

/// Repeats the kill more often with `UNDERTONE_TEST_KILLS`.
#[test]
fn kill_nine_at_any_moment_delivers_every_decision_under_one_name() {
    let kills = std::env::var("UNDERTONE_TEST_KILLS").map_or(6, |it| it.parse().unwrap());
    let receiver = Receiver::start(|n, _| answer(if n % 7 == 3 { 503 } else { 200 }));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("undertone.db");
    let mut decided = BTreeSet::new();
    for round in 0..kills {
        decided.extend(killed(&path, receiver.port, round));
    }
    let store = Store::open(&path).unwrap();
    let _courier = Courier::start(&store, crash_destination(receiver.port)).unwrap();
    let began = Instant::now();
    while !store.reads().pending().unwrap().is_empty() {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "it takes too long"
        );
        thread::sleep(Duration::from_millis(10));
    }
    // Which names each escalation came under, and whether all that was acknowledged came.
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in receiver.requests() {
        let escalation = request.json()["data"]["escalation_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let name = request.header("webhook-id").to_owned();
        names.entry(escalation).or_default().insert(name);
    }
    assert!(names.values().all(|it| it.len() == 1), "one name each");
    for call in &decided {
        let id = escalation_id(call, Trigger::ExplicitRequest, "m1");
        assert!(names.contains_key(&id), "{call} was decided and never came");
    }
    println!(
        "{} decisions, {} requests, {kills} kills",
        decided.len(),
        receiver.requests().len()
    );
}

/// Prints decision → request at the receiver: `cargo test --release --test delivery -- --ignored
/// --nocapture latency`.
#[test]
#[ignore = "a measurement"]
fn latency_from_decision_to_the_receiver() {
    let receiver = Receiver::start(|_, _| answer(200));
    let desk = desk(&[config("desk", receiver.port, "")]);
    let micros = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_micros()
    };
    let mut sent = BTreeMap::new();
    for n in 0..1000 {
        let call = format!("call-{n}");
        let opened = desk.store.submit(Record::CallOpened(CallOpened {
            call_id: call.clone(),
            opened_ms: now_ms(),
            ..CallOpened::default()
        }));
        opened.unwrap().wait().unwrap();
        let began = micros();
        let now = now_ms();
        let told = desk.destinations.deliveries(EventKind::Raised, now);
        let payload = payload::empty();
        let record = Decided::new(&call, Trigger::Sentiment, "1", now, payload, told);
        sent.insert(record.escalation_id.clone(), began);
        drop(desk.store.submit(Record::Decided(record)).unwrap());
        thread::sleep(Duration::from_millis(5));
    }
    let mut took: Vec<u128> = receiver
        .wait_for(1000)
        .iter()
        .map(|it| it.at_us - sent[it.json()["data"]["escalation_id"].as_str().unwrap()])
        .collect();
    took.sort();
    let at = |share: f64| took[(share * (took.len() - 1) as f64) as usize] as f64 / 1000.0;
    println!(
        "decision → request at the receiver, 1000 decisions, 200 a second: p50 {:.2} ms, p99 {:.2} ms, worst {:.2} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
