//! WebSockets: the dialogue, the agent that stays in the loop, and sound.
#![cfg(all(feature = "serve", feature = "embedded"))]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod sample;
mod server;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use server::Server;
use std::time::Duration;
use tempfile::tempdir;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use undertone::Event;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(server: &Server, path: &str) -> Socket {
    let url = format!("{}{path}", server.base.replace("http://", "ws://"));
    let mut request = url.into_client_request().unwrap();
    let bearer = "Bearer all".parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    connect_async(request).await.unwrap().0
}

/// The next JSON frame for which `wanted` holds.
async fn next(socket: &mut Socket, wanted: impl Fn(&Value) -> bool) -> Value {
    let read = async {
        loop {
            let frame = socket.next().await.expect("the socket is open").unwrap();
            let Message::Text(text) = frame else { continue };
            let value: Value = serde_json::from_str(&text).unwrap();
            if wanted(&value) {
                return value;
            }
        }
    };
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, read).await.expect("in time")
}

async fn next_of(socket: &mut Socket, kind: &str) -> Value {
    next(socket, |value| value["type"] == kind).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_talks_and_hears_how_far_the_transfer_is() {
    let folder = tempdir().unwrap();
    let more = "\n[transfer.ringing]\ntarget_ms = 200\nworst_ms = 400\n";
    let server = Server::start_with(folder.path(), more).await;
    let mut agent = connect(&server, "/v1/calls/CA1/dialogue/ws").await;
    agent.send(Message::text("nonsense")).await.unwrap();
    let refused = next_of(&mut agent, "refused").await;
    assert_eq!(refused["problem"]["status"], 400, "{refused}");
    let turn = json!({"id": "m1", "type": "turn", "speaker": "caller", "start_s": 1.0, "final": false, "text": "get me a human"});
    agent.send(Message::text(turn.to_string())).await.unwrap();
    let ack = next_of(&mut agent, "ack").await;
    assert_eq!(
        ack["escalations"][0]["trigger"], "explicit_request",
        "{ack}"
    );
    let reached = next_of(&mut agent, "transfer_reached").await;
    assert_eq!(reached["stage"], "initiated", "{reached}");
    // Nobody rings within the budget: first late, then failed, and back to the agent.
    let late = next_of(&mut agent, "transfer_late").await;
    assert_eq!(
        (&late["stage"], &late["late"]),
        (&json!("ringing"), &json!("late"))
    );
    let failed = next_of(&mut agent, "transfer_failed").await;
    assert_eq!(failed["failure"], "timeout", "{failed}");
    assert_eq!(failed["next"]["action"], "back_to_agent", "{failed}");
    // The caller asks again, and is heard again.
    let turn = json!({"id": "m2", "type": "turn", "speaker": "caller", "start_s": 5.0, "text": "I said, I want to speak to a person"});
    agent.send(Message::text(turn.to_string())).await.unwrap();
    let ack = next_of(&mut agent, "ack").await;
    assert_eq!(ack["escalations"][0]["new"], true, "{ack}");
    server.received.wait(2).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_over_a_socket_escalates_where_the_file_does() {
    let events = sample::hear("became-angry");
    let expected = events.iter().find_map(|event| match event {
        Event::Escalation(escalation) => Some(escalation.at.seconds()),
        _ => None,
    });
    let bytes = std::fs::read(sample::path("became-angry")).unwrap();
    let data = bytes.windows(4).position(|four| four == b"data").unwrap();
    let rate = u32::from_le_bytes(bytes[24..28].try_into().unwrap());
    assert_eq!(bytes[20], 7, "the sample is in mu-law");
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let path = format!("/v1/calls/CA1/audio?encoding=mulaw&rate={rate}");
    let mut line = connect(&server, &path).await;
    let mut agent = connect(&server, "/v1/calls/CA1/dialogue/ws").await;
    for (place, block) in bytes[data + 8..].chunks(333).enumerate() {
        line.send(Message::binary(block.to_vec())).await.unwrap();
        // Paced, so that nothing is lost: the queue has a bound.
        if place % 4 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let told = next_of(&mut agent, "escalation").await;
    assert_eq!(told["at_s"].as_f64(), expected, "{told}");
    assert_eq!(told["trigger"], "sentiment");
    line.close(None).await.unwrap();
    server.received.wait(1).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shape_that_cannot_be_heard_is_refused() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    for query in ["rate=x", "encoding=mp3", "side=both", "volume=1"] {
        let (status, problem) = server.get(&format!("/v1/calls/CA1/audio?{query}")).await;
        assert_eq!(status, 422, "{query}: {problem}");
    }
    assert_eq!(server.get("/v1/calls/CA1/audio").await.0, 426);
    assert_eq!(server.get("/v1/calls").await.1["calls"], json!([]));
    server.stop().await;
}

/// A WebSocket from an address of this machine; `None` where the server ends the connection.
#[cfg(target_os = "linux")]
async fn connect_from(server: &Server, from: &str) -> Option<WebSocketStream<TcpStream>> {
    let host = server.base.strip_prefix("http://").unwrap();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    let stream = socket.connect(host.parse().unwrap()).await.unwrap();
    let url = format!("ws://{host}/v1/calls/CA1/dialogue/ws");
    let mut request = url.into_client_request().unwrap();
    let bearer = "Bearer all".parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    let agreed = tokio_tungstenite::client_async(request, stream).await;
    agreed.ok().map(|(socket, _)| socket)
}

// Only there is all of 127.0.0.0/8 this machine.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_client_has_its_own_places_and_no_more() {
    let folder = tempdir().unwrap();
    let server = Server::start_with(folder.path(), "max_connections_per_client = 3\n").await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(connect_from(&server, "127.0.0.2").await.expect("a place"));
    }
    assert!(connect_from(&server, "127.0.0.2").await.is_none());
    assert!(connect_from(&server, "127.0.0.3").await.is_some());
    // Without a word, as one that vanishes: the place comes back when the server sees it.
    held.pop();
    let mut again = None;
    for _ in 0..100 {
        again = connect_from(&server, "127.0.0.2").await;
        if again.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(again.is_some(), "the place came back");
    let (_, metrics) = server.get("/metrics").await;
    let refused = "undertone_connections_refused_total ";
    let text = metrics.as_str().unwrap();
    let line = text.lines().find(|line| line.starts_with(refused));
    assert!(line.is_some_and(|line| line != "undertone_connections_refused_total 0"));
    server.stop().await;
}
