//! Traces: a collector of our own takes what is exported.
#![cfg(all(feature = "otel", feature = "embedded"))]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod otlp;
mod server;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use otlp::Span;
use serde_json::json;
use server::{Server, receiver, settings};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::tempdir;
use tokio::net::TcpListener;

type Taken = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A collector that takes what comes to `/v1/traces`.
async fn collector() -> (String, Taken) {
    let taken = Taken::default();
    let kept = taken.clone();
    let take = move |headers: HeaderMap, body: Bytes| {
        kept.lock().unwrap().push((headers, body));
        async {}
    };
    let router = Router::new().route("/v1/traces", post(take));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(router.clone());
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (format!("http://{address}"), taken)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_call_to_the_human_and_to_the_webhook() {
    let folder = tempdir().unwrap();
    let (endpoint, taken) = collector().await;
    let (hook, received) = receiver().await;
    let mut settings = settings(&folder.path().join("calls.db"), &hook, "");
    let text = format!("otlp_endpoint = '{endpoint}'\n[otlp_headers]\nx-tenant = 'bank'\n");
    settings.around.telemetry = toml::from_str(&text).unwrap();
    let server = Server::start_as(settings, received).await;
    let (status, told) = server
        .says("call-7", "m1", "I want to talk to a person")
        .await;
    assert_eq!(status, 200, "{told}");
    let escalation = told["escalations"][0]["escalation_id"]
        .as_str()
        .unwrap()
        .to_owned();
    for stage in ["ringing", "accepted", "connected"] {
        // So that each stage takes a time of its own.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let path = "/v1/calls/call-7/transfer";
        let (status, told) = server.post(path, &json!({"stage": stage})).await;
        assert_eq!(status, 200, "{told}");
    }
    let (status, _) = server.post("/v1/calls/call-7/close", &json!({})).await;
    assert_eq!(status, 200);
    // The payload, and four stages.
    server.received.wait(5).await;
    server.stop().await;

    let all = taken.lock().unwrap();
    let spans: Vec<_> = all.iter().flat_map(|(_, body)| otlp::spans(body)).collect();
    let named = |name: &str| -> Vec<&Span> { spans.iter().filter(|it| it.name == name).collect() };
    let one = |name: &str| match named(name).as_slice() {
        [span] => *span,
        some => panic!("{name}: {some:?} of {spans:#?}"),
    };
    let (call, raised) = (one("call"), one("escalation"));
    assert!(call.parent.iter().all(|byte| *byte == 0));
    assert_eq!(raised.parent, call.id);
    assert_eq!(
        raised.says("undertone.escalation_id"),
        Some(escalation.as_str())
    );
    assert_eq!(raised.says("undertone.trigger"), Some("explicit_request"));
    assert_eq!(raised.says("undertone.ending"), Some("connected"));
    // Each stage begins where the one before it ended, and all lie within the escalation.
    let mut latest = raised.start;
    for name in ["ringing", "accepted", "connected"] {
        let stage = one(name);
        assert_eq!(stage.parent, raised.id, "{name}");
        assert!(stage.start >= latest, "{name}");
        assert!(stage.end > stage.start, "{name}");
        latest = stage.end;
    }
    assert_eq!(one("connected").end, raised.end);
    let (decided, initiated) = (one("decided"), one("initiated"));
    assert_eq!(decided.start, raised.start);
    assert_eq!(initiated.parent, raised.id);
    let deliveries = named("delivery");
    assert_eq!(deliveries.len(), 5);
    for delivery in &deliveries {
        assert_eq!(delivery.parent, raised.id);
        assert_eq!(delivery.says("http.response.status_code"), Some("200"));
    }
    assert!(spans.iter().all(|span| span.trace == call.trace));
    assert_eq!(call.trace.len(), 16);
    for (headers, body) in all.iter() {
        assert_eq!(headers["x-tenant"], "bank");
        assert_eq!(headers["content-type"], "application/x-protobuf");
        let text = String::from_utf8_lossy(body);
        assert!(!text.contains("talk to a person"), "nothing that was said");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_holds_nobody_up() {
    let folder = tempdir().unwrap();
    let (hook, received) = receiver().await;
    let mut settings = settings(&folder.path().join("calls.db"), &hook, "");
    // Nobody listens there.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let text = format!("otlp_endpoint = 'http://{address}'");
    settings.around.telemetry = toml::from_str(&text).unwrap();
    let server = Server::start_as(settings, received).await;
    for number in 0..20 {
        let id = format!("call-{number}");
        let (status, _) = server.says(&id, "m1", "I want to talk to a person").await;
        assert_eq!(status, 200);
    }
    server.received.wait(20).await;
    server.stop().await;
}
