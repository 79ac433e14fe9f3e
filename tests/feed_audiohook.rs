//! Genesys AudioHook: signed, answered, heard, and told what happens in the call.
#![cfg(all(feature = "serve", feature = "embedded"))]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod feed;
mod sample;
mod server;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use feed::*;
use futures_util::{SinkExt, StreamExt};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use server::Server;
use sha2::Sha256;
use tempfile::tempdir;
use tokio_tungstenite::tungstenite::{Error, Message};

const PATH: &str = "/v1/feed/audiohook";
const KEY: &str = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh";
const SECRET: &str = "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=";
const FEED: &str = "audio_queue = 100000\n[feed.audiohook]\n\
    keys = [{ api_key = 'SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh', client_secret = 'TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=' }]\n";
const ORGANIZATION: &str = "d7934305-0972-4844-938e-9060eef73d05";

/// The head of a request that `secret` signed.
fn signed(server: &Server, secret: &str, nonce: &str) -> Vec<(&'static str, String)> {
    let now_s = undertone::shell::wall::unix_ms() / 1000;
    let authority = server.base.strip_prefix("http://").unwrap();
    let parts = [
        ("@request-target", PATH),
        ("@authority", authority),
        ("audiohook-organization-id", ORGANIZATION),
        (
            "audiohook-session-id",
            "e160e428-53e2-487c-977d-96989bf5c99d",
        ),
        (
            "audiohook-correlation-id",
            "30b0e395-84d3-4570-ac13-9a62d8f514c0",
        ),
        ("x-api-key", KEY),
    ];
    let names: Vec<_> = parts.iter().map(|(name, _)| format!("{name:?}")).collect();
    let parameters = format!(
        "({});keyid=\"{KEY}\";nonce=\"{nonce}\";alg=\"hmac-sha256\";created={now_s};expires={}",
        names.join(" "),
        now_s + 30
    );
    let lines = parts
        .iter()
        .map(|(name, value)| format!("{name:?}: {value}\n"));
    let base = lines.collect::<String>() + "\"@signature-params\": " + &parameters;
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(secret).unwrap()).unwrap();
    mac.update(base.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let mut headers: Vec<_> = parts[2..]
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    headers.push(("signature-input", format!("sig1={parameters}")));
    headers.push(("signature", format!("sig1=:{signature}:")));
    headers
}

async fn dial(server: &Server, headers: &[(&'static str, String)]) -> Result<Socket, Error> {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    connect(server, PATH, &headers).await
}

fn message(seq: u64, kind: &str, parameters: &Value) -> Message {
    let message = json!({"version": "2", "id": "e160e428-53e2-487c-977d-96989bf5c99d", "type": kind,
        "seq": seq, "serverseq": 0, "position": "PT0S", "parameters": parameters});
    Message::text(message.to_string())
}

fn open(conversation: &str) -> Value {
    json!({"organizationId": ORGANIZATION, "conversationId": conversation, "media": [
        {"type": "audio", "format": "PCMU", "channels": ["external", "internal"], "rate": 8000},
        {"type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8000}]})
}

/// The next message of a type, and the number of the last one that came.
async fn next(socket: &mut Socket, kind: &str, seq: &mut u64) -> Value {
    let read = async {
        loop {
            let frame = socket.next().await.expect("open").unwrap();
            let Message::Text(text) = frame else { continue };
            let value: Value = serde_json::from_str(&text).unwrap();
            *seq += 1;
            assert_eq!(value["seq"], *seq, "none is left out");
            if value["type"] == kind {
                return value;
            }
        }
    };
    let limit = std::time::Duration::from_secs(20);
    tokio::time::timeout(limit, read).await.expect(kind)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_gives_what_the_file_gives_and_genesys_is_told() {
    let folder = tempdir().unwrap();
    let server = Server::start_with(folder.path(), FEED).await;
    let (expected, mulaw) = (expected("became-angry"), mulaw("became-angry"));
    let headers = signed(&server, SECRET, "VGhpc0lzQVVuaXF1ZU5vbmNl");
    let (mut socket, mut seq) = (dial(&server, &headers).await.unwrap(), 0);
    socket.send(message(1, "open", &open("c-1"))).await.unwrap();
    let opened = next(&mut socket, "opened", &mut seq).await;
    assert_eq!(
        opened["parameters"]["media"][0]["channels"],
        json!(["external", "internal"])
    );
    // The agent says nothing.
    let both: Vec<u8> = mulaw.iter().flat_map(|code| [*code, 0xFF]).collect();
    for block in both.chunks(3200) {
        socket.send(Message::binary(block.to_vec())).await.unwrap();
    }
    socket.send(message(2, "ping", &json!({}))).await.unwrap();
    let pong = next(&mut socket, "pong", &mut seq).await;
    assert_eq!(pong["clientseq"], 2);
    let told = loop {
        let event = next(&mut socket, "event", &mut seq).await;
        let entity = event["parameters"]["entities"][0].clone();
        if entity["type"] == "x-escalation" {
            break entity;
        }
        assert_eq!(entity["type"], "x-sentiment");
    };
    assert_eq!(told["data"]["at_s"], json!(expected.at_s), "{told}");
    socket
        .send(message(3, "close", &json!({"reason": "end"})))
        .await
        .unwrap();
    next(&mut socket, "closed", &mut seq).await;
    ended_as(&server, "c-1", &expected).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_secret_signed_is_taken_and_only_once() {
    let folder = tempdir().unwrap();
    let server = Server::start_with(folder.path(), FEED).await;
    let status = |outcome: Result<Socket, Error>| match outcome {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("{other:?}"),
    };
    let headers = signed(&server, SECRET, "VGhpc0lzQVVuaXF1ZU5vbmNl");
    // A probe is answered, and is no call.
    let (mut socket, mut seq) = (dial(&server, &headers).await.unwrap(), 0);
    let nobody = "00000000-0000-0000-0000-000000000000";
    socket
        .send(message(1, "open", &open(nobody)))
        .await
        .unwrap();
    let opened = next(&mut socket, "opened", &mut seq).await;
    assert_eq!(opened["parameters"]["media"], json!([]));
    socket
        .send(message(2, "close", &json!({"reason": "end"})))
        .await
        .unwrap();
    next(&mut socket, "closed", &mut seq).await;
    assert_eq!(server.get("/v1/calls").await.1["calls"], json!([]));

    assert_eq!(status(dial(&server, &headers).await), 401, "a replay");
    let other = signed(&server, "b3RoZXI=", "QW5vdGhlclVuaXF1ZU5vbmNl");
    assert_eq!(status(dial(&server, &other).await), 401);
    assert_eq!(status(dial(&server, &[]).await), 401);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_may_last_longer_than_the_patience_with_silence() {
    let folder = tempdir().unwrap();
    let feed = FEED.replace("[feed", "idle_timeout_s = 1.0\n[feed");
    let server = Server::start_with(folder.path(), &feed).await;
    let headers = signed(&server, SECRET, "VGhpc0lzQVVuaXF1ZU5vbmNl");
    let (mut socket, mut seq) = (dial(&server, &headers).await.unwrap(), 0);
    socket.send(message(1, "open", &open("c-1"))).await.unwrap();
    next(&mut socket, "opened", &mut seq).await;
    let sound = Message::binary(vec![0xFF; 2 * 8000]);
    socket.send(sound.clone()).await.unwrap();
    socket.send(message(2, "paused", &json!({}))).await.unwrap();
    for ping in 3..15 {
        socket
            .send(message(ping, "ping", &json!({})))
            .await
            .unwrap();
        next(&mut socket, "pong", &mut seq).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    let resumed = json!({"start": "PT1S", "discarded": "PT3.6S"});
    socket.send(message(15, "resumed", &resumed)).await.unwrap();
    socket.send(sound).await.unwrap();
    let close = message(16, "close", &json!({"reason": "end"}));
    socket.send(close).await.unwrap();
    next(&mut socket, "closed", &mut seq).await;
    let call = ended(&server, "c-1").await;
    let at_s = call["at_s"].as_f64().unwrap();
    assert!((at_s - 5.6).abs() < 0.02, "{at_s}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_client_is_heard_signed_and_with_a_token() {
    let folder = tempdir().unwrap();
    let server = Server::start_with(folder.path(), FEED).await;
    let url = server.base.replace("http://", "ws://") + PATH;
    // Two seconds of the recording, in frames of 200 ms of which every fifth is left out.
    let bytes = std::fs::read(sample::path("became-angry")).unwrap();
    let data = bytes.windows(4).position(|four| four == b"data").unwrap() + 8;
    let mut short = bytes[..data + 16_000].to_vec();
    short[data - 4..data].copy_from_slice(&16_000u32.to_le_bytes());
    let recording = folder.path().join("short.wav");
    std::fs::write(&recording, short).unwrap();
    for (name, shown, well) in [
        ("signed", ["--key-id", KEY, "--secret", SECRET], true),
        ("token", ["--token", "all", "--calls", "1"], true),
        ("forged", ["--key-id", KEY, "--secret", "b3RoZXI="], false),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_undertone"));
        command.args(["call", "--as", "audiohook", "--to", &url, "--name", name]);
        command.args(["--frame-ms", "200", "--lose-one-in", "5"]);
        command.args(shown).arg(&recording);
        let out = tokio::task::spawn_blocking(move || command.output()).await;
        let out = out.unwrap().unwrap();
        assert_eq!(out.status.success(), well, "{name}: {out:?}");
        if well {
            let call = ended(&server, name).await;
            let at_s = call["at_s"].as_f64().unwrap();
            assert!((at_s - 1.8).abs() < 0.02, "{name}: {at_s}");
        }
    }
    server.stop().await;
}
