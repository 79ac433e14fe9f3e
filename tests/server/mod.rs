//! A server in this process, a client of it, and somebody who receives its webhooks.
#![allow(dead_code)]

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use undertone::shell::delivery::{Key, verify};
use undertone::shell::output::record::Run;
use undertone::shell::server::settings::Settings;
use undertone::shell::server::{Running, start};
use undertone::shell::weights::{Backend, Weights};

/// Signs the webhooks of the tests.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A server that runs.
pub struct Server {
    pub base: String,
    pub client: Client,
    pub received: Received,
    running: Option<Running>,
}

/// Everything that the webhook's receiver was sent.
#[derive(Clone, Default)]
pub struct Received(Arc<Mutex<Vec<(HeaderMap, Bytes)>>>);

impl Received {
    /// The bodies whose signature holds.
    pub fn verified(&self) -> Vec<(String, Value)> {
        let key = Key::parse(SECRET).unwrap();
        let now_s = undertone::shell::wall::unix_ms() / 1000;
        let all = self.0.lock().unwrap();
        let body = |(headers, body): &(HeaderMap, Bytes)| {
            let header = |name: &str| headers[name].to_str().unwrap().to_owned();
            let id = header("webhook-id");
            verify(
                std::slice::from_ref(&key),
                &id,
                &header("webhook-timestamp"),
                &header("webhook-signature"),
                body,
                now_s,
            )
            .unwrap();
            (id, serde_json::from_slice(body).unwrap())
        };
        all.iter().map(body).collect()
    }

    /// The first `count` of them, waited for.
    pub async fn wait(&self, count: usize) -> Vec<(String, Value)> {
        for _ in 0..500 {
            if self.0.lock().unwrap().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let all = self.verified();
        assert!(all.len() >= count, "{count} webhooks, not {}", all.len());
        all
    }
}

/// A receiver of webhooks on a port of its own.
pub async fn receiver() -> (String, Received) {
    let received = Received::default();
    let kept = received.clone();
    let take = move |headers: HeaderMap, body: Bytes| {
        kept.0.lock().unwrap().push((headers, body));
        async {}
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(take));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(router.clone());
            let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(served);
        }
    });
    (url, received)
}

/// A configuration with tokens `all`, `read` and `metrics`, and `more` in its `[server]`.
pub fn settings(store: &Path, hook: &str, more: &str) -> Settings {
    let hash = |token: &str| {
        let hash = Sha256::digest(token.as_bytes());
        hash.iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let text = format!(
        r#"
[server]
listen = "127.0.0.1:0"
notice = "a machine listens"
workers = 1
shed_after_ms = 0
ticket_key = "0123456789abcdef0123456789abcdef"
{more}
[[token]]
name = "all"
sha256 = "{}"
scopes = ["calls:write", "calls:read", "transfers:write", "metrics:read"]
[[token]]
name = "read"
sha256 = "{}"
scopes = ["calls:read"]
[store]
path = {store:?}
[[destination]]
name = "desk"
url = "{hook}"
secrets = ["{SECRET}"]
events = ["call.escalation.raised", "call.transfer.changed"]
allow_http = true
allow_private = true
"#,
        hash("all"),
        hash("read"),
    );
    Settings::parse("test.toml", &text).unwrap()
}

impl Server {
    /// Starts one whose store is in `folder`.
    pub async fn start(folder: &Path) -> Self {
        Self::start_with(folder, "").await
    }

    /// The same with `more` in `[server]`.
    pub async fn start_with(folder: &Path, more: &str) -> Self {
        let (hook, received) = receiver().await;
        let settings = settings(&folder.join("calls.db"), &hook, more);
        Self::start_as(settings, received).await
    }

    /// The same with all of its settings.
    pub async fn start_as(settings: Settings, received: Received) -> Self {
        // An error says that it was done before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let weights = Weights::open(None, Backend::Embedded, None).unwrap();
        let running = start(settings, "test.toml", &weights, Run::default()).await;
        let running = running.unwrap();
        Self {
            base: format!("http://{}", running.address()),
            client: Client::builder().no_proxy().build().unwrap(),
            received,
            running: Some(running),
        }
    }

    /// Ends it gently.
    pub async fn stop(mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// A request under the token that may do everything.
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base);
        self.client.request(method, url).bearer_auth("all")
    }

    /// GET, and the JSON of the answer.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        json(self.ask(Method::GET, path).send().await.unwrap()).await
    }

    /// POST of JSON, and the JSON of the answer.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let ask = self.ask(Method::POST, path).body(body.to_string());
        let ask = ask.header("content-type", "application/json");
        json(ask.send().await.unwrap()).await
    }

    /// A turn of the caller in the call `id`.
    pub async fn says(&self, id: &str, message_id: &str, text: &str) -> (u16, Value) {
        let turn = serde_json::json!({
            "id": message_id, "type": "turn", "speaker": "caller", "text": text,
        });
        self.post(&format!("/v1/calls/{id}/dialogue"), &turn).await
    }
}

/// Status and JSON.
pub async fn json(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, value)
}
