//! `kill -9` at any instant, under load: whatever was answered as decided is delivered, and nothing
//! is delivered under two ids.
//!
//! `UNDERTONE_CRASHES` says how often the server is killed; a few times where it is not set.
#![cfg(feature = "serve")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use undertone::shell::load::{Receiver, Subject};
use undertone::shell::store::{DeliveryState, Reads};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const CLIENTS: usize = 6;
/// Between two calls of a client: together they escalate no faster than one receiver is told.
const PACE: Duration = Duration::from_millis(25);

/// Numbers that look random and are the same in every run (Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What the clients were told, and what is still open.
#[derive(Default)]
struct Ledger {
    next: AtomicUsize,
    stop: AtomicBool,
    /// Calls whose request was answered: decided and stored.
    answered: Mutex<BTreeSet<String>>,
    resent: AtomicUsize,
}

/// Calls, one after the other, each asking for a human once and hanging up. A request without an answer is sent
/// again under the same id, as a voice agent must.
async fn client(url: String, token: &'static str, ledger: Arc<Ledger>) {
    let client = undertone::shell::load::client(Duration::from_secs(3)).unwrap();
    while !ledger.stop.load(SeqCst) {
        let call = format!("crash-{}", ledger.next.fetch_add(1, SeqCst));
        let message = json!({
            "type": "turn", "speaker": "caller", "text": "let me talk to a real person",
            "id": format!("{call}-ask"), "start_s": 1.0, "final": true,
        });
        let posts = [
            (
                "/v1/calls".to_owned(),
                json!({"call_id": call, "channel": "chat"}),
            ),
            (format!("/v1/calls/{call}/dialogue"), message),
            (format!("/v1/calls/{call}/close"), json!({})),
        ];
        for (path, body) in &posts {
            let mut tries = 0;
            loop {
                let sent = client
                    .post(format!("{url}{path}"))
                    .bearer_auth(token)
                    .header("content-type", "application/json")
                    .body(body.to_string())
                    .send()
                    .await;
                match sent {
                    Ok(answer) if answer.status().is_success() => break,
                    // It was closed before the answer could be sent.
                    Ok(_) if tries > 0 && path.ends_with("/close") => break,
                    Ok(answer) if answer.status().is_client_error() && answer.status() != 429 => {
                        panic!(
                            "{path}: {} {}",
                            answer.status(),
                            answer.text().await.unwrap()
                        );
                    }
                    // Killed before, while or after it acted, or not up again: who knows.
                    _ => {
                        tries += 1;
                        ledger.resent.fetch_add(1, SeqCst);
                        assert!(tries < 2_000, "{path}: no answer");
                        sleep(Duration::from_millis(10)).await;
                    }
                }
            }
        }
        ledger.answered.lock().unwrap().insert(call);
        sleep(PACE).await;
    }
}

/// The escalations that the store holds, with the states of their deliveries.
fn stored(path: &Path) -> BTreeMap<String, Vec<DeliveryState>> {
    let reads = Reads::open(path).unwrap();
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for escalation in reads.escalations(0, u32::MAX).unwrap() {
        found.entry(escalation.escalation_id).or_default();
    }
    for delivery in reads.deliveries(0, None).unwrap() {
        let states = found
            .get_mut(&delivery.escalation_id)
            .expect("of an escalation");
        states.push(delivery.state);
    }
    found
}

#[test]
fn what_was_decided_is_delivered_under_one_id_however_often_the_server_is_killed() {
    let crashes: u32 = std::env::var("UNDERTONE_CRASHES").map_or(8, |n| n.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(crash(crashes));
}

async fn crash(crashes: u32) {
    let folder = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::open(SECRET).await.unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_undertone"));
    // Long enough for what waited through a restart.
    let mut server = Subject::start(program, folder.path(), &receiver.url, SECRET, 120.0)
        .await
        .unwrap();
    let ledger = Arc::new(Ledger::default());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| tokio::spawn(client(server.url(), server.token(), ledger.clone())))
        .collect();

    let mut dice = Dice(20_261_125);
    let mut instants = [0u32; 4];
    for _ in 0..crashes {
        // From before the server listens to long into its work.
        let wait = Duration::from_micros(dice.below(400_000));
        instants[(wait.as_millis() / 100) as usize] += 1;
        sleep(wait).await;
        server.kill();
        server.again().unwrap();
    }
    server.ready().await.unwrap();
    ledger.stop.store(true, SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    let answered = ledger.answered.lock().unwrap().clone();
    assert!(
        answered.len() > crashes as usize,
        "{} calls are no load",
        answered.len()
    );

    // What came: for each call, under which ids.
    let mut came: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    let mut deliveries = 0;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        let complete = answered.iter().all(|call| came.contains_key(call));
        let patience = Duration::from_millis(if complete { 1_500 } else { 5_000 });
        match timeout(patience, receiver.next()).await {
            Ok(Some(webhook)) => {
                assert!(webhook.signed, "{webhook:?}");
                assert_eq!(webhook.trigger, "explicit_request");
                deliveries += 1;
                let ids = (webhook.escalation_id, webhook.id);
                came.entry(webhook.call_id).or_default().insert(ids);
            }
            _ if complete => break,
            _ => {}
        }
    }
    let lost: Vec<_> = answered
        .iter()
        .filter(|call| !came.contains_key(*call))
        .collect();
    assert!(
        lost.is_empty(),
        "decided, answered and never delivered: {lost:?}"
    );
    let twice: Vec<_> = came.iter().filter(|(_, ids)| ids.len() != 1).collect();
    assert!(
        twice.is_empty(),
        "one decision under several ids: {twice:?}"
    );
    let ids: BTreeSet<_> = came.values().flatten().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), came.len(), "two calls under one id");

    server.kill();
    let stored = stored(&folder.path().join("undertone.db"));
    for (id, states) in &stored {
        assert!(ids.contains(id), "{id} was decided and never came");
        assert_eq!(states, &[DeliveryState::Delivered], "{id}");
    }
    assert_eq!(stored.len(), came.len(), "as many were stored as came");
    println!(
        "{crashes} kills ({instants:?} by tenths of a second after the start), {} calls answered, \
         {} escalations, {deliveries} deliveries, {} requests sent again",
        answered.len(),
        came.len(),
        ledger.resent.load(SeqCst),
    );
}
