//! The server from outside: what it takes, what it refuses, what it tells, and what it never loses.
#![cfg(all(feature = "serve", feature = "embedded"))]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod server;

use reqwest::Method;
use serde_json::{Value, json};
use server::{Server, json as answer};
use tempfile::tempdir;

const WANTS_A_HUMAN: &str = "I want to talk to a real person";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_a_human_is_a_signed_webhook_under_the_same_id() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let call = json!({"call_id": "CA1", "labels": {"queue": "cards"}, "identity": {"verified": true, "name": "Ada"}});
    let (status, opened) = server.post("/v1/calls", &call).await;
    assert_eq!(status, 201, "{opened}");
    assert_eq!(opened["notice"], "a machine listens");
    assert_eq!(
        server.post("/v1/calls", &call).await.0,
        200,
        "it is open already"
    );

    let (status, taken) = server.says("CA1", "m1", WANTS_A_HUMAN).await;
    assert_eq!(status, 200, "{taken}");
    let escalation = &taken["escalations"][0];
    assert_eq!(
        (&escalation["trigger"], &escalation["new"]),
        (&json!("explicit_request"), &json!(true))
    );

    // That it was initiated may arrive before it.
    let told = server.received.wait(2).await;
    let raised = told
        .iter()
        .find(|(_, body)| body["type"] == "call.escalation.raised");
    let (_, body) = raised.expect("it is told");
    assert_eq!(body["data"]["escalation_id"], escalation["escalation_id"]);
    // The human's screen opens by it, without a token.
    let screen = body["data"]["screen_url"].as_str().expect("a link");
    let page = server.client.get(screen).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("real person"));
    // The same message once more acts once.
    let (status, again) = server.says("CA1", "m1", WANTS_A_HUMAN).await;
    assert_eq!(
        (status, &again["repeated"], &again["taken"]),
        (200, &json!(1), &json!(0))
    );
    // Another trigger is added to the transfer that is open.
    let (_, also) = server
        .says("CA1", "m2", "this is fraud, somebody stole my card")
        .await;
    assert_eq!(also["escalations"][0]["new"], false, "{also}");
    assert_eq!(
        also["escalations"][0]["escalation_id"],
        escalation["escalation_id"]
    );

    let (status, payload) = server.get("/v1/calls/CA1/handoff").await;
    assert_eq!(status, 200);
    assert_eq!(payload["escalation_id"], escalation["escalation_id"]);
    assert_eq!(payload["identity"]["name"], "Ada");
    assert_eq!(payload["escalation_reason"]["trigger"], "explicit_request");
    let raised = server.received.verified();
    let raised = raised
        .iter()
        .filter(|(_, body)| body["type"] == "call.escalation.raised");
    assert_eq!(raised.count(), 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_holders_are_admitted_and_only_for_what_they_may() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let url = |path: &str| format!("{}{path}", server.base);
    let get = |path: &str| server.client.get(url(path));
    assert_eq!(get("/v1/calls").send().await.unwrap().status(), 401);
    let refused = get("/v1/calls").bearer_auth("wrong").send().await.unwrap();
    assert_eq!(refused.status(), 401);
    assert!(refused.headers().contains_key("www-authenticate"));
    assert_eq!(
        get("/v1/calls")
            .bearer_auth("read")
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    let write = server.client.post(url("/v1/calls")).bearer_auth("read");
    let write = write.header("content-type", "application/json").body("{}");
    let (status, problem) = answer(write.send().await.unwrap()).await;
    assert_eq!(status, 403);
    assert!(
        problem["mend"].as_str().unwrap().contains("calls:write"),
        "{problem}"
    );
    for path in [
        "/metrics",
        "/v1/events",
        "/v1/calls/x/handoff",
        "/screen/x",
        "/wall",
    ] {
        assert_eq!(get(path).send().await.unwrap().status(), 401, "{path}");
    }
    for path in [
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/v1/schema/handoff.json",
    ] {
        assert_eq!(get(path).send().await.unwrap().status(), 200, "{path}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_refused_by_name() {
    let folder = tempdir().unwrap();
    let server = Server::start_with(folder.path(), "body_limit_kib = 1").await;
    let post = |body: String, kind: &'static str| {
        let ask = server.ask(Method::POST, "/v1/calls/CA1/dialogue");
        ask.header("content-type", kind).body(body).send()
    };
    let json_kind = "application/json";
    let told = |status: u16, key: Value, problem: (u16, Value)| {
        assert_eq!(problem.0, status, "{}", problem.1);
        assert_eq!(problem.1["key"], key, "{}", problem.1);
    };
    told(
        400,
        Value::Null,
        answer(post("{".into(), json_kind).await.unwrap()).await,
    );
    let wrong = r#"{"type":"self_evaluation","score":"low"}"#;
    told(
        422,
        json!("score"),
        answer(post(wrong.into(), json_kind).await.unwrap()).await,
    );
    let unknown = r#"{"type":"turn","speaker":"caller","text":"x","mood":"bad"}"#;
    told(
        422,
        json!("mood"),
        answer(post(unknown.into(), json_kind).await.unwrap()).await,
    );
    told(
        413,
        Value::Null,
        answer(post("x".repeat(2000), json_kind).await.unwrap()).await,
    );
    told(
        415,
        json!("Content-Type"),
        answer(post("{}".into(), "text/plain").await.unwrap()).await,
    );
    told(404, json!("id"), server.get("/v1/calls/nobody").await);
    told(
        422,
        json!("call_id"),
        server.get("/v1/calls/no%20body").await,
    );
    told(404, Value::Null, server.get("/nothing").await);
    let (status, _) = server.post("/v1/calls/CA1", &json!({})).await;
    assert_eq!(status, 405);
    // Nothing of all that opened a call.
    assert_eq!(server.get("/v1/calls").await.1["calls"], json!([]));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_asks_too_often_waits() {
    let folder = tempdir().unwrap();
    let server = Server::start_with(folder.path(), "rate_per_s = 1\nrate_burst = 3").await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(server.get("/v1/calls").await.0);
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_goes_the_same_way() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let (status, _) = server
        .post(
            "/v1/calls",
            &json!({"call_id": "chat-1", "channel": "chat"}),
        )
        .await;
    assert_eq!(status, 201);
    let turns: Vec<Value> = (0..3)
        .map(|i| json!({"id": format!("f{i}"), "type": "failed_turn"}))
        .collect();
    let (status, taken) = server
        .post("/v1/calls/chat-1/dialogue", &json!(turns))
        .await;
    assert_eq!((status, &taken["taken"]), (200, &json!(3)));
    assert_eq!(taken["escalations"][0]["trigger"], "failed_turns");
    let (_, payload) = server.get("/v1/calls/chat-1/handoff").await;
    assert_eq!(payload["channel"], "chat");
    assert_eq!(payload["fields"]["sentiment_trajectory"], "not_applicable");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_followed_from_stage_to_stage() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let told = &server;
    let report = |body: Value| async move { told.post("/v1/calls/CA1/transfer", &body).await };
    server.says("CA1", "m1", "hello").await;
    assert_eq!(
        report(json!({"stage": "ringing"})).await.0,
        409,
        "no transfer yet"
    );
    server.says("CA1", "m2", WANTS_A_HUMAN).await;
    assert_eq!(report(json!({"stage": "failed"})).await.0, 422, "why?");
    let (status, standing) =
        report(json!({"stage": "ringing", "destination": "cards", "queue_estimate_s": 20.0})).await;
    assert_eq!((status, &standing["stage"]), (200, &json!("ringing")));
    assert_eq!(
        report(json!({"stage": "initiated"})).await.0,
        409,
        "no stage comes back"
    );
    assert_eq!(report(json!({"stage": "accepted"})).await.0, 200);
    // The human has read it: what comes later is not in what they saw.
    let (_, before) = server.get("/v1/calls/CA1/handoff").await;
    server.says("CA1", "m3", "my name is nobody").await;
    assert_eq!(server.get("/v1/calls/CA1/handoff").await.1, before);
    assert_eq!(report(json!({"stage": "connected"})).await.0, 200);
    let (_, call) = server.get("/v1/calls/CA1").await;
    assert_eq!(call["transfer"]["stage"], "connected");
    assert_eq!(server.post("/v1/calls/CA1/close", &json!({})).await.0, 200);
    assert_eq!(
        server.says("CA1", "m4", "hello?").await.0,
        409,
        "a call ends once"
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_told_and_told_again_to_who_comes_back() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    server.says("CA1", "m1", "hello").await;
    let listen = server
        .ask(Method::GET, "/v1/calls/CA1/events")
        .send()
        .await
        .unwrap();
    assert_eq!(listen.headers()["content-type"], "text/event-stream");
    server.says("CA1", "m2", WANTS_A_HUMAN).await;
    let text = until(listen, "transfer_reached").await;
    assert!(text.contains("event: escalation"), "{text}");
    let id = text
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .unwrap();
    let back = server
        .ask(Method::GET, "/v1/events")
        .header("last-event-id", id);
    let text = until(back.send().await.unwrap(), "transfer_reached").await;
    assert!(!text.contains(&format!("id: {id}\n")), "{text}");
    let long_gone = server
        .ask(Method::GET, "/v1/events")
        .header("last-event-id", "1-1");
    until(long_gone.send().await.unwrap(), "event: lost").await;
    server.stop().await;
}

/// The beginning of a stream, up to `wanted`.
async fn until(mut response: reqwest::Response, wanted: &str) -> String {
    let mut text = String::new();
    let read = async {
        while !text.contains(wanted) {
            let chunk = response.chunk().await.unwrap().expect("the stream goes on");
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        text
    };
    let limit = std::time::Duration::from_secs(20);
    tokio::time::timeout(limit, read).await.expect(wanted)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_call_goes_on_after_a_restart() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    server
        .says(
            "CA1",
            "m1",
            "I have a question about my card 4111 1111 1111 1111",
        )
        .await;
    let (_, taken) = server.says("CA1", "m2", WANTS_A_HUMAN).await;
    let id = taken["escalations"][0]["escalation_id"].clone();
    server.says("over", "m1", "hello").await;
    server.post("/v1/calls/over/close", &json!({})).await;
    server.stop().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let card = bytes.windows(4).any(|four| four == b"4111");
        assert!(!card, "a card's number was stored");
    }

    let server = Server::start(folder.path()).await;
    let (_, list) = server.get("/v1/calls").await;
    assert_eq!(list["calls"].as_array().unwrap().len(), 1, "{list}");
    let (status, payload) = server.get("/v1/calls/CA1/handoff").await;
    assert_eq!((status, &payload["escalation_id"]), (200, &id));
    let said = payload["transcript"].to_string();
    assert!(
        said.contains("question") && !said.contains("4111"),
        "{said}"
    );
    let (_, again) = server.says("CA1", "m2", WANTS_A_HUMAN).await;
    assert_eq!(again["repeated"], 1, "{again}");
    let (status, _) = server
        .post("/v1/calls/CA1/transfer", &json!({"stage": "ringing"}))
        .await;
    assert_eq!(status, 200, "the transfer is still open");
    // A name that was used stays used; what comes days later finds its call.
    assert_eq!(server.says("over", "m2", "hello?").await.0, 409);
    let turns = json!({"turns": [{"speaker": "caller", "text": "as I said"}]});
    let after = server.post("/v1/calls/over/human-turns", &turns).await;
    assert_eq!(after, (200, json!({"taken": 1})));
    let rated = server
        .post("/v1/calls/over/rating", &json!({"csat": 4}))
        .await;
    assert_eq!(rated.0, 200, "{}", rated.1);
    let unknown = server
        .post("/v1/calls/nobody/rating", &json!({"csat": 4}))
        .await;
    assert_eq!(unknown.0, 404, "{}", unknown.1);
    assert_eq!(
        server
            .received
            .verified()
            .iter()
            .filter(|(_, body)| body["type"] == "call.escalation.raised")
            .count(),
        0
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_open_by_a_ticket_for_themselves_alone() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let identity = json!({"verified": true, "name": "Dana Reyes"});
    let call = json!({"call_id": "CA1", "identity": identity});
    server.post("/v1/calls", &call).await;
    server.says("CA1", "m1", WANTS_A_HUMAN).await;
    let (status, ticket) = server.post("/v1/tickets", &json!({"call_id": "CA1"})).await;
    assert_eq!(status, 200, "{ticket}");
    let url = ticket["url"].as_str().unwrap().to_owned();
    let page = server.client.get(&url).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(
        page.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("script-src 'self'")
    );
    assert_eq!(page.headers()["cache-control"], "no-store");
    let html = page.text().await.unwrap();
    assert!(
        html.contains("real person") && html.contains("/screen/CA1/fragment?ticket="),
        "{html}"
    );
    let wall = url.replace("/screen/CA1", "/wall");
    assert_eq!(server.client.get(wall).send().await.unwrap().status(), 401);
    let (_, ticket) = server.post("/v1/tickets", &json!({})).await;
    let wall = server
        .client
        .get(ticket["url"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(wall.status(), 200);
    let html = wall.text().await.unwrap();
    assert!(html.contains("CA1") && html.contains("Dana R."), "{html}");
    assert!(!html.contains("Reyes"), "a room reads the whole name");
    server.stop().await;

    let server = Server::start(folder.path()).await;
    let (_, call) = server.get("/v1/calls/CA1").await;
    assert_eq!(call["caller"], "Dana R.", "{call}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_happened_and_never_what_was_said() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    server.says("CA1", "m1", WANTS_A_HUMAN).await;
    server.received.wait(1).await;
    let text = server
        .ask(Method::GET, "/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for name in [
        "undertone_escalations_total{trigger=\"explicit_request\"}",
        "undertone_decided_to_committed_seconds_bucket",
        "undertone_dialogue_to_initiation_seconds_bucket",
        "undertone_calls_open",
    ] {
        assert!(text.contains(name), "{name} is missing in\n{text}");
    }
    assert!(!text.contains("real person"));
    server.stop().await;
}
