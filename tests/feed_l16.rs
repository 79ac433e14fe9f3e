//! Described raw samples: FreeSWITCH, jambonz, Vonage and Asterisk over a WebSocket.
#![cfg(all(feature = "serve", feature = "embedded"))]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod feed;
mod sample;
mod server;

use feed::*;
use futures_util::SinkExt;
use server::Server;
use tempfile::tempdir;
use tokio_tungstenite::tungstenite::Message;

const BEARER: [(&str, &str); 1] = [("authorization", "Bearer all")];

fn bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dialect_and_framing_gives_what_the_file_gives() {
    let folder = tempdir().unwrap();
    let server = Server::start_with(folder.path(), L16).await;
    let (expected, mulaw) = (expected("became-angry"), mulaw("became-angry"));
    let linear = bytes(&linear(&mulaw));
    for (path, call, text, sound, size) in [
        // mod_audio_fork without metadata: nothing but samples.
        ("?call_id=fork", "fork", None, &linear, 320),
        (
            "",
            "vonage",
            Some(
                r#"{"event":"websocket:connected","content-type":"audio/l16;rate=8000","call_id":"vonage"}"#,
            ),
            &linear,
            960,
        ),
        (
            "?rate=16000",
            "jambonz",
            Some(r#"{"callSid":"jambonz","sampleRate":8000,"mixType":"mono"}"#),
            &linear,
            333,
        ),
        (
            "?v=x",
            "17.10",
            Some(
                "MEDIA_START connection_id:p channel:WebSocket/p/0x1 channel_id:17.10 format:slin optimal_frame_size:320 ptime:20",
            ),
            &linear,
            321,
        ),
        (
            "",
            "17.11",
            Some(r#"{"event":"MEDIA_START","channel_id":"17.11","format":"ulaw","ptime":10}"#),
            &mulaw,
            80,
        ),
    ] {
        let mut socket = connect(&server, &format!("/v1/feed/l16{path}"), &BEARER)
            .await
            .unwrap();
        // Sound before its description, as one Asterisk call in eight has it.
        let mut messages = sound.chunks(size);
        for early in messages.by_ref().take(3) {
            socket.send(Message::binary(early.to_vec())).await.unwrap();
        }
        if let Some(text) = text {
            socket.send(Message::text(text)).await.unwrap();
        }
        for message in messages {
            socket
                .send(Message::binary(message.to_vec()))
                .await
                .unwrap();
        }
        socket
            .send(Message::text("DTMF_END digit:1 channel_id:1"))
            .await
            .unwrap();
        socket.close(None).await.unwrap();
        ended_as(&server, call, &expected).await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn interleaved_legs_come_apart() {
    let folder = tempdir().unwrap();
    let server = Server::start_with(folder.path(), L16).await;
    let (expected, linear) = (expected("became-angry"), linear(&mulaw("became-angry")));
    // The agent says nothing, and says it on the left.
    let both: Vec<i16> = linear.iter().flat_map(|sample| [0, *sample]).collect();
    let path = "/v1/feed/l16?legs=agent_first&call_id=stereo";
    let mut socket = connect(&server, path, &BEARER).await.unwrap();
    socket
        .send(Message::text(r#"{"channels":2}"#))
        .await
        .unwrap();
    for message in bytes(&both).chunks(642) {
        socket
            .send(Message::binary(message.to_vec()))
            .await
            .unwrap();
    }
    socket.close(None).await.unwrap();
    ended_as(&server, "stereo", &expected).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_may_come_with_the_description_and_must_come() {
    let folder = tempdir().unwrap();
    let server = Server::start_with(folder.path(), L16).await;
    let mut socket = connect(&server, "/v1/feed/l16", &[]).await.unwrap();
    socket
        .send(Message::text(r#"{"uuid":"u-1","token":"all"}"#))
        .await
        .unwrap();
    socket.send(Message::binary(vec![0; 320])).await.unwrap();
    socket.close(None).await.unwrap();
    let call = ended(&server, "u-1").await;
    assert_eq!(
        call["labels"],
        serde_json::json!({"uuid": "u-1"}),
        "the token is no label"
    );
    let mut socket = connect(&server, "/v1/feed/l16", &[]).await.unwrap();
    socket
        .send(Message::text(r#"{"uuid":"u-2"}"#))
        .await
        .unwrap();
    let (code, reason) = closed(&mut socket).await;
    assert_eq!(code, 1008, "{reason}");
    assert_eq!(server.get("/v1/calls/u-2").await.0, 404);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_subprotocol_is_agreed_to() {
    let folder = tempdir().unwrap();
    let server = Server::start_with(folder.path(), L16).await;
    let headers = [BEARER[0], ("sec-websocket-protocol", "media")];
    // A client that asked for a protocol and is not granted it ends the connection.
    assert!(connect(&server, "/v1/feed/l16", &headers).await.is_ok());
    let refused = connect(&server, "/v1/feed/l16?rate=fast", &BEARER).await;
    assert!(refused.is_err());
    server.stop().await;
}

/// Batches of more windows than one call can need, so far in this process.
async fn mixed_batches(server: &Server) -> f64 {
    let (_, metrics) = server.get("/metrics").await;
    let value = |name: &str| -> f64 {
        let mut lines = metrics.as_str().unwrap().lines();
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    };
    value("undertone_batch_windows_count") - value("undertone_batch_windows_bucket{le=\"2\"}")
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_in_one_worker_have_what_each_has_alone() {
    let folder = tempdir().unwrap();
    let server = Server::start_with(folder.path(), L16).await;
    let names = ["became-angry", "angry-from-start", "distress"];
    let alone = names.map(|name| (expected(name), bytes(&linear(&mulaw(name)))));
    let before = mixed_batches(&server).await;
    // Once is enough nearly always; how the messages of calls fall among each other is chance.
    for round in 0..10 {
        let name = |call: usize| format!("call-{round}-{call}");
        // Long messages, so that sound waits: where none does, a reading is made at once and alone.
        let plays = (0..9).map(|call| {
            let (server, sound) = (&server, &alone[call % 3].1);
            async move {
                let path = format!("/v1/feed/l16?call_id={}", name(call));
                let mut socket = connect(server, &path, &BEARER).await.unwrap();
                for message in sound.chunks(8000) {
                    let message = Message::binary(message.to_vec());
                    socket.send(message).await.unwrap();
                }
                socket.close(None).await.unwrap();
            }
        });
        futures_util::future::join_all(plays).await;
        for call in 0..9 {
            ended_as(&server, &name(call), &alone[call % 3].0).await;
        }
        if mixed_batches(&server).await - before > 4.0 {
            server.stop().await;
            return;
        }
    }
    panic!("every reading was made by itself, so nothing was shown");
}
