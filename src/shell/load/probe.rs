//! Callers who ask for a human while all the others talk on, and the time until it is acted upon.

use super::caller::{Audio, Frames};
use super::client::client;
use super::figures::{Distribution, Figures};
use super::receiver::{Receiver, Webhook};
use crate::shell::error::ShellError;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio::time::{interval, sleep, timeout};

/// Ways to ask that a recogniser hands over before the sentence has ended.
const WORDS: [&str; 4] = [
    "can i talk to a real person",
    "get me a human please",
    "i want to speak to an agent",
    "put me through to a representative",
];
/// What comes later than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the server is: `http://HOST:PORT`.
    pub server: String,
    /// A token that may do everything.
    pub token: String,
    /// Calls at once.
    pub calls: usize,
    /// How long they last.
    pub time: Duration,
    /// What every caller sounds like.
    pub audio: Audio,
    /// Callers who ask for a human, a second, among all.
    pub asks_per_s: f64,
}

/// One request that was sent.
struct Asked {
    at: Instant,
}

/// The answers to requests, as they come.
type Answers = mpsc::UnboundedSender<(usize, Duration)>;

/// Drives the load and gives its figures.
///
/// # Errors
/// The server refuses a call, a sound or a message.
pub async fn drive(plan: &Plan, receiver: &mut Receiver) -> Result<Figures, ShellError> {
    let desk = Desk::new(plan).map_err(|error| ShellError::Usage(error.to_string()))?;
    for call in 0..plan.calls {
        let body = json!({"call_id": name(call), "channel": "voice"});
        desk.post("/v1/calls", &body).await?;
    }
    let frames = Arc::new(Frames::default());
    let end = tokio::time::Instant::now() + plan.time;
    let sounds: Vec<_> = (0..plan.calls)
        .map(|call| tokio::spawn(sound(plan.clone(), call, end, frames.clone())))
        .collect();
    let (answers, mut answered) = mpsc::unbounded_channel();
    let mut asked: HashMap<String, Asked> = HashMap::new();
    let mut times = Times::default();
    let mut ticks = interval(Duration::from_secs_f64(1.0 / plan.asks_per_s));
    let mut turn = 0usize;
    let started = Instant::now();
    // The first seconds belong to the connections.
    let from = started + Duration::from_secs(2).min(plan.time / 4);
    let until = started + plan.time.saturating_sub(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = ticks.tick(), if Instant::now() < until => {
                if Instant::now() < from {
                    continue;
                }
                let call = turn % plan.calls;
                asked.insert(name(call), Asked { at: Instant::now() });
                times.asked += 1;
                desk.ask(call, turn, answers.clone());
                turn += 1;
            }
            Some((_, time)) = answered.recv() => times.answers.push(time),
            webhook = timeout(PATIENCE, receiver.next()) => match webhook {
                Ok(Some(webhook)) => {
                    times.take(&webhook, asked.get(&webhook.call_id));
                    desk.decline(webhook.call_id);
                }
                Ok(None) | Err(_) if Instant::now() > until => break,
                Ok(None) | Err(_) => {}
            },
            () = sleep(PATIENCE), if Instant::now() > until => break,
        }
        if Instant::now() > until + PATIENCE || (Instant::now() > until && times.complete()) {
            break;
        }
    }
    for sound in sounds {
        let _ = sound.await;
    }
    Ok(Figures {
        calls: plan.calls,
        seconds: plan.time.as_secs_f64(),
        request_to_webhook: Distribution::of(&times.requests),
        decision_to_webhook: Distribution::of(&times.decisions),
        request_to_answer: Distribution::of(&times.answers),
        asked: times.asked,
        delivered: times.delivered,
        forged: times.forged,
        from_voice: times.from_voice,
        frames_sent: frames.sent.load(Relaxed),
        frames_late: frames.late.load(Relaxed),
        calls_cut: frames.cut.load(Relaxed) as usize,
        samples_dropped: desk.metric("undertone_audio_samples_lost_total").await,
        server_cores: None,
        server_mib: None,
    })
}

fn name(call: usize) -> String {
    format!("load-{call}")
}

async fn sound(
    plan: Plan,
    call: usize,
    end: tokio::time::Instant,
    frames: Arc<Frames>,
) -> Result<(), String> {
    // Callers do not begin in step, and each is somewhere else in the recording.
    sleep(Duration::from_micros(
        1_000_000 * call as u64 / plan.calls as u64,
    ))
    .await;
    let from = plan.audio.bytes.len() / plan.calls * call;
    let url = format!(
        "{}/v1/calls/{}/audio?encoding=s16le&rate=8000",
        plan.server.replacen("http", "ws", 1),
        name(call)
    );
    let played = plan.audio.play(url, plan.token, from, end, frames.clone());
    played.await.map_err(|error| {
        frames.cut.fetch_add(1, Relaxed);
        error.to_string()
    })
}

#[derive(Default)]
struct Times {
    requests: Vec<Duration>,
    decisions: Vec<Duration>,
    answers: Vec<Duration>,
    asked: usize,
    delivered: usize,
    forged: usize,
    from_voice: usize,
}

impl Times {
    fn take(&mut self, webhook: &Webhook, asked: Option<&Asked>) {
        let (received, wall) = webhook.received;
        self.forged += usize::from(!webhook.signed);
        let wall = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let decided = Duration::from_millis(webhook.decided_ms.unsigned_abs());
        self.decisions.push(wall.saturating_sub(decided));
        match asked {
            Some(asked) if webhook.trigger == "explicit_request" => {
                self.delivered += 1;
                self.requests.push(received.duration_since(asked.at));
            }
            _ => self.from_voice += 1,
        }
    }

    fn complete(&self) -> bool {
        self.delivered == self.asked && self.answers.len() == self.asked
    }
}

/// Everything that is said to the server.
#[derive(Clone)]
struct Desk {
    client: Client,
    server: String,
    token: String,
}

impl Desk {
    fn new(plan: &Plan) -> reqwest::Result<Self> {
        Ok(Self {
            client: client(PATIENCE)?,
            server: plan.server.clone(),
            token: plan.token.clone(),
        })
    }

    fn ask(&self, call: usize, turn: usize, answers: Answers) {
        let desk = self.clone();
        let message = json!({
            "type": "turn", "speaker": "caller", "text": WORDS[turn % WORDS.len()],
            "id": format!("ask-{turn}"), "start_s": turn, "final": false,
        });
        tokio::spawn(async move {
            let sent = Instant::now();
            let path = format!("/v1/calls/{}/dialogue", name(call));
            if desk.post(&path, &message).await.is_ok() {
                let _ = answers.send((turn, sent.elapsed()));
            }
        });
    }

    /// Nobody is free: so the call may ask again.
    fn decline(&self, call_id: String) {
        let desk = self.clone();
        tokio::spawn(async move {
            let path = format!("/v1/calls/{call_id}/transfer");
            let _ = desk
                .post(&path, &json!({"stage": "failed", "failure": "declined"}))
                .await;
        });
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Response, ShellError> {
        let request = self
            .client
            .request(Method::POST, format!("{}{path}", self.server))
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .body(body.to_string());
        let failed = |why: String| ShellError::Usage(format!("{}{path}: {why}", self.server));
        let response = request.send().await.map_err(|e| failed(e.to_string()))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let words = response.text().await.unwrap_or_default();
        Err(failed(format!("{status} {words}")))
    }

    /// The sum of a metric over its labels.
    async fn metric(&self, name: &str) -> Option<f64> {
        let url = format!("{}/metrics", self.server);
        let got = self.client.get(url).bearer_auth(&self.token).send().await;
        let text = got.ok()?.error_for_status().ok()?.text().await.ok()?;
        let lines = text.lines().filter(|line| line.starts_with(name));
        let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        // A counter that never counted is not shown.
        Some(values.fold(0.0, |sum, value| sum + value))
    }
}
