//! A process that is killed in the middle of a call, and the caller who comes back: the voice goes on
//! where it was stored, and one anger is one escalation.
#![cfg(all(feature = "serve", feature = "embedded"))]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod sample;

use futures_util::SinkExt;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::{TempDir, tempdir};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use undertone::decision::Escalation;
use undertone::engine::Memory;
use undertone::shell::load::{Receiver, Subject};
use undertone::shell::store::Reads;
use undertone::{EngineConfig, Event};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Of the bundled calls.
const RATE: usize = 8_000;
/// How much earlier, and how much later, the call may escalate than the one that was never cut, s: at
/// the latest in the next phrase. See `tests/resume.rs`.
const TOLERANCE_S: (f64, f64) = (-1.0, 6.6);

/// A line that is open until it is dropped.
type Line = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A server in a process of its own, with snapshots as `every` says.
struct Server {
    subject: Subject,
    folder: TempDir,
    /// Webhooks go there.
    _receiver: Receiver,
}

impl Server {
    async fn start(every: &str) -> Self {
        let folder = tempdir().unwrap();
        let receiver = Receiver::open(SECRET).await.unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_undertone"));
        let mut subject = Subject::start(program, folder.path(), &receiver.url, SECRET, 120.0)
            .await
            .unwrap();
        subject.kill();
        let config = folder.path().join("undertone.toml");
        let text = fs::read_to_string(&config).unwrap();
        let text = text.replace(
            "[server]\n",
            &format!(
                "[operating_point]\nfalse_alarms_per_call_hour = 4.0\n\
                 [server]\nshed_after_ms = 0\n{every}\n"
            ),
        );
        fs::write(&config, text).unwrap();
        let mut server = Self {
            subject,
            folder,
            _receiver: receiver,
        };
        server.again().await;
        server
    }

    /// `kill -9`, and up again.
    async fn crash(&mut self) {
        self.subject.kill();
        self.again().await;
    }

    async fn again(&mut self) {
        self.subject.again().unwrap();
        self.subject.ready().await.unwrap();
    }

    fn reads(&self) -> Reads {
        Reads::open(&self.folder.path().join("undertone.db")).unwrap()
    }

    async fn call(&self) -> Value {
        let client = undertone::shell::load::client(Duration::from_secs(5)).unwrap();
        let url = format!("{}/v1/calls/CA1", self.subject.url());
        let answer = client.get(url).bearer_auth(self.subject.token());
        let text = answer.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    async fn post(&self, path: &str, body: Value) {
        let client = undertone::shell::load::client(Duration::from_secs(5)).unwrap();
        let ask = client
            .post(format!("{}/v1/calls/CA1/{path}", self.subject.url()))
            .bearer_auth(self.subject.token())
            .header("content-type", "application/json")
            .body(body.to_string());
        let status = ask.send().await.unwrap().status();
        assert!(status.is_success(), "{path}: {status}");
    }

    /// Sends `samples` at about eight times the speed of speech, and leaves the line open.
    async fn sends(&self, samples: &[u8]) -> Line {
        let url = self.subject.url().replace("http://", "ws://");
        let url = format!("{url}/v1/calls/CA1/audio?encoding=mulaw&rate={RATE}");
        let mut request = url.into_client_request().unwrap();
        let bearer = format!("Bearer {}", self.subject.token()).parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        let mut line = connect_async(request).await.unwrap().0;
        for block in samples.chunks(RATE / 5) {
            line.send(Message::binary(block.to_vec())).await.unwrap();
            sleep(Duration::from_millis(25)).await;
        }
        line.flush().await.unwrap();
        line
    }

    /// The call, once `done` says so.
    async fn until(&self, done: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..1500 {
            let call = self.call().await;
            if done(&call) {
                return call;
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("not in time: {}", self.call().await);
    }
}

fn at_s(call: &Value) -> f64 {
    call["at_s"].as_f64().unwrap()
}

fn mulaw() -> Vec<u8> {
    let bytes = fs::read(sample::path("became-angry")).unwrap();
    let data = bytes.windows(4).position(|four| four == b"data").unwrap();
    bytes[data + 8..].to_vec()
}

fn never_cut() -> Escalation {
    let mut config = EngineConfig::default();
    config.operating_point.false_alarms_per_call_hour = 4.0;
    let mut events = sample::hear_with("became-angry", &config).into_iter();
    let found = events.find_map(|event| match event {
        Event::Escalation(escalation) => Some(escalation),
        _ => None,
    });
    found.expect("the call escalates")
}

/// Where the sound stood that is stored, s.
fn stored_at_s(server: &Server) -> f64 {
    let kept = server.reads().voice("CA1").unwrap().expect("it is stored");
    let memory = Memory::from_bytes(&kept.memory).unwrap();
    memory.at().seconds()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calm_caller_who_was_cut_off_and_gets_angry_is_a_trend_and_one_anger_is_one_escalation() {
    let (sound, uncut) = (mulaw(), never_cut());
    let mut server = Server::start("voice_snapshot_s = 0.5").await;
    let cut_s = 44;
    let line = server.sends(&sound[..cut_s * RATE]).await;
    server.until(|call| at_s(call) > cut_s as f64 - 0.3).await;
    assert_eq!(server.reads().escalations(0, 9).unwrap(), [], "he is calm");
    server.crash().await;
    drop(line);

    // It stands where it was stored last, with its curve.
    let stood = stored_at_s(&server);
    assert!(stood > 30.0 && stood < cut_s as f64, "{stood} s");
    let call = server.until(|call| at_s(call) > 0.0).await;
    assert!((at_s(&call) - stood).abs() < 0.01, "{call}");
    assert!(call["points"].as_array().unwrap().len() > 5, "{call}");

    // He comes back, and is angry.
    let second = 75;
    let line = server.sends(&sound[cut_s * RATE..second * RATE]).await;
    let call = server
        .until(|call| call["escalation"]["reason"].is_string())
        .await;
    assert_eq!(call["escalation"]["reason"], "trend", "{call}");
    let before = at_s(&call);
    let heard = (second - cut_s) as f64;
    // What lies between: from where it was stored to the first sound that came back.
    let call = server
        .until(|call| at_s(call) >= stood + heard && at_s(call) >= before)
        .await;
    sleep(Duration::from_millis(300)).await;
    let at_end = at_s(&server.call().await).max(at_s(&call));
    let later = at_end - second as f64;
    let decided = call["escalation"]["at_s"].as_f64().unwrap() - later;
    let off = decided - uncut.at.seconds();
    println!(
        "stored at {stood:.2} s, cut at {cut_s} s, back {:.2} s after what was stored; escalates {off:+.2} s \
         from the call that was never cut",
        at_end - stood - heard
    );
    let allowed = TOLERANCE_S.0..=TOLERANCE_S.1;
    assert!(allowed.contains(&off), "{off:+.2} s");

    // The transfer fails, so that another decision would begin another. Then the server is killed again.
    let failed = json!({"stage": "failed", "failure": "no_answer"});
    server.post("transfer", failed).await;
    server.crash().await;
    drop(line);
    let stood = stored_at_s(&server);
    let again = server.sends(&sound[second * RATE..]).await;
    let end = stood + (sound.len() / RATE - second) as f64 - 1.0;
    server.until(|call| at_s(call) >= end).await;
    let all = server.reads().escalations(0, 9).unwrap();
    assert_eq!(all.len(), 1, "one anger, one escalation");
    assert_eq!(all[0].reason, "trend");
    drop(again);

    // What is stored of the voice ends with the call.
    server.post("close", json!({})).await;
    assert_eq!(server.reads().voice("CA1").unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_snapshots_the_voice_is_learnt_anew() {
    let sound = mulaw();
    let mut server = Server::start("voice_snapshot_s = 0.0").await;
    let line = server.sends(&sound[..44 * RATE]).await;
    server.until(|call| at_s(call) > 43.7).await;
    server.crash().await;
    drop(line);
    assert_eq!(server.reads().voice("CA1").unwrap(), None);
    let line = server.sends(&sound[60 * RATE..]).await;
    let call = server
        .until(|call| call["escalation"].is_object() || at_s(call) > 28.0)
        .await;
    assert_ne!(call["escalation"]["reason"], "trend", "{call}");
    drop(line);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_the_version_before_is_brought_up_to_date_and_a_damaged_voice_is_learnt_anew() {
    let sound = mulaw();
    let mut server = Server::start("voice_snapshot_s = 0.5").await;
    let line = server.sends(&sound[..12 * RATE]).await;
    server.until(|call| at_s(call) > 11.7).await;
    server.subject.kill();
    drop(line);
    let path = server.folder.path().join("undertone.db");
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute("UPDATE voice SET memory = x'01ff'", [])
        .unwrap();
    drop(raw);
    server.again().await;
    let call = server.call().await;
    assert_eq!(
        at_s(&call),
        0.0,
        "the call is there, its voice is not: {call}"
    );
    server.subject.kill();

    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("DROP TABLE voice; PRAGMA user_version = 1")
        .unwrap();
    drop(raw);
    server.again().await;
    assert_eq!(server.call().await["call_id"], "CA1");
    let line = server.sends(&sound[..12 * RATE]).await;
    server.until(|call| at_s(call) > 11.7).await;
    // It is held back for half a second at most.
    for _ in 0..200 {
        if server.reads().voice("CA1").unwrap().is_some() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert!(stored_at_s(&server) > 0.1);
    drop(line);
}
