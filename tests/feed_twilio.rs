//! Twilio and its kin: the same call as from its file, who may send it, and what is refused.
#![cfg(all(feature = "serve", feature = "embedded"))]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod feed;
mod sample;
mod server;

use feed::*;
use futures_util::SinkExt;
use server::Server;
use std::time::Duration;
use tempfile::tempdir;
use tokio_tungstenite::tungstenite::{Error, Message};

#[tokio::test(flavor = "multi_thread")]
async fn any_framing_gives_what_the_file_gives() {
    let folder = tempdir().unwrap();
    let server = Server::start_with(folder.path(), TWILIO).await;
    let (expected, bytes) = (expected("became-angry"), mulaw("became-angry"));
    for size in [80, 160, 480, 333, 4000] {
        let call = format!("twilio-{size}");
        twilio(&server, &call, &bytes, size).await;
        ended_as(&server, &call, &expected).await;
    }
    let (_, call) = server.get("/v1/calls/twilio-80").await;
    assert_eq!(
        call["labels"],
        serde_json::json!({"desk": "cards"}),
        "{call}"
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_out_of_order_and_twice_are_put_right() {
    let folder = tempdir().unwrap();
    // The command line hears no agent, who would say more of the caller.
    let deaf = format!("{TWILIO}[signs]\nturn_taking_sd = 0.0\n");
    let server = Server::start_with(folder.path(), &deaf).await;
    let (expected, bytes) = (expected("became-angry"), mulaw("became-angry"));
    let mut frames: Vec<_> = bytes.chunks(160).enumerate().collect();
    for five in frames.chunks_mut(5) {
        five.reverse();
    }
    let mut socket = connect(
        &server,
        "/v1/feed/twilio",
        &[("authorization", "Bearer all")],
    )
    .await
    .unwrap();
    socket
        .send(Message::text(twilio_start("mixed", None)))
        .await
        .unwrap();
    for (place, block) in frames {
        let media = twilio_media("inbound", place + 1, place * 160, block);
        for _ in 0..=place % 2 {
            socket.send(Message::text(media.clone())).await.unwrap();
        }
        // The agent speaks too: for turn-taking alone.
        let other = twilio_media("outbound", place + 1, place * 160, block);
        socket.send(Message::text(other)).await.unwrap();
    }
    socket.send(Message::text(TWILIO_STOP)).await.unwrap();
    ended_as(&server, "mixed", &expected).await;
    server.stop().await;
}

/// The status of a refused upgrade.
async fn refused(server: &Server, headers: &[(&'static str, &str)]) -> u16 {
    match connect(server, "/v1/feed/twilio", headers).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_is_known_may_send() {
    let folder = tempdir().unwrap();
    let public = "public_url = 'wss://engine.example.com/twilio'\n";
    let server = Server::start_with(folder.path(), &format!("{TWILIO}{public}")).await;
    let path = "/v1/feed/twilio";
    // Signed for the address in the TwiML: no token is needed.
    let signed = [("x-twilio-signature", "Q5l3VrA0MkrZYa0X50VwH2w1WDQ=")];
    let mut socket = connect(&server, path, &signed).await.unwrap();
    socket
        .send(Message::text(twilio_start("signed", None)))
        .await
        .unwrap();
    socket.send(Message::text(TWILIO_STOP)).await.unwrap();
    ended(&server, "signed").await;
    // The password of Basic: `user:all`.
    let basic = [("authorization", "Basic dXNlcjphbGw=")];
    let mut socket = connect(&server, path, &basic).await.unwrap();
    socket
        .send(Message::text(twilio_start("basic", None)))
        .await
        .unwrap();
    socket.send(Message::text(TWILIO_STOP)).await.unwrap();
    ended(&server, "basic").await;

    assert_eq!(
        refused(&server, &[("x-twilio-signature", "AAAA")]).await,
        401
    );
    assert_eq!(
        refused(&server, &[("authorization", "Bearer wrong")]).await,
        401
    );
    assert_eq!(
        refused(&server, &[("authorization", "Bearer read")]).await,
        403
    );
    for token in [None, Some("wrong"), Some("read")] {
        let mut socket = connect(&server, path, &[]).await.unwrap();
        socket
            .send(Message::text(twilio_start("stranger", token)))
            .await
            .unwrap();
        let (code, reason) = closed(&mut socket).await;
        assert_eq!(code, 1008, "{reason}");
        assert!(reason.contains("token"), "{reason}");
    }
    assert_eq!(server.get("/v1/calls/stranger").await.0, 404);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_says_who_they_are_is_cut_off() {
    let folder = tempdir().unwrap();
    let more = format!("header_timeout_s = 0.3\n{TWILIO}");
    let server = Server::start_with(folder.path(), &more).await;
    let mut socket = connect(&server, "/v1/feed/twilio", &[]).await.unwrap();
    let (code, reason) = closed(&mut socket).await;
    assert_eq!(code, 1001, "{reason}");
    let mut socket = connect(&server, "/v1/feed/twilio", &[]).await.unwrap();
    for _ in 0..50 {
        socket.send(Message::text("nonsense")).await.unwrap();
    }
    let (code, reason) = closed(&mut socket).await;
    assert_eq!((code, reason.as_str()), (1008, "the message is no JSON"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_is_taken_up_again() {
    let folder = tempdir().unwrap();
    let server = Server::start_with(folder.path(), TWILIO).await;
    let bytes = mulaw("became-angry");
    let half = bytes.len() / 2;
    let headers = [("authorization", "Bearer all")];
    let mut socket = connect(&server, "/v1/feed/twilio", &headers).await.unwrap();
    socket
        .send(Message::text(twilio_start("again", None)))
        .await
        .unwrap();
    for (chunk, block) in bytes[..half].chunks(160).enumerate() {
        let media = twilio_media("inbound", chunk + 1, chunk * 160, block);
        socket.send(Message::text(media)).await.unwrap();
    }
    socket.close(None).await.unwrap();
    drop(socket);
    let listening = |yes: bool| {
        let server = &server;
        async move {
            for _ in 0..500 {
                let (_, call) = server.get("/v1/calls/again").await;
                if call["listening"] == yes {
                    return call;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            panic!("not in time");
        }
    };
    let waits = listening(false).await;
    assert!(waits["closed_ms"].is_null(), "{waits}");
    twilio(&server, "again", &bytes[half..], 160).await;
    let call = ended(&server, "again").await;
    assert_eq!(call["escalation"]["trigger"], "sentiment", "{call}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_is_not_configured_is_not_there() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    assert_eq!(
        refused(&server, &[("authorization", "Bearer all")]).await,
        404
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_room_is_a_gap_and_time_adds_up() {
    let folder = tempdir().unwrap();
    let more = TWILIO.replace("audio_queue = 100000", "audio_queue = 1");
    let server = Server::start_with(folder.path(), &more).await;
    let bytes = mulaw("became-angry");
    twilio(&server, "crowded", &bytes, 160).await;
    let call = ended(&server, "crowded").await;
    let length_s = bytes.len() as f64 / 8000.0;
    let at_s = call["at_s"].as_f64().unwrap();
    assert!((at_s - length_s).abs() < 0.001, "{at_s} for {length_s}");
    let (_, metrics) = server.get("/metrics").await;
    let lost = metrics.as_str().unwrap().lines().find_map(|line| {
        let count = line.strip_prefix("undertone_audio_samples_lost_total ")?;
        count.parse::<f64>().ok()
    });
    assert!(lost.is_some_and(|lost| lost > 0.0), "{lost:?}");
    server.stop().await;
}
