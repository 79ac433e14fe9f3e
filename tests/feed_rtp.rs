//! RTP over UDP.
#![cfg(all(feature = "serve", feature = "embedded"))]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod feed;
mod sample;
mod server;

use feed::*;
use serde_json::Value;
use server::Server;
use std::time::Duration;
use tempfile::tempdir;
use tokio::net::UdpSocket;

/// A server with RTP on a port that was free, and a sender.
async fn start(folder: &std::path::Path, more: &str) -> (Server, UdpSocket) {
    let address = free_port();
    let more = format!(
        "audio_queue = 100000\n[feed.rtp]\nlisten = '{address}'\ngone_after_s = 2.0\n\
         payload_types = {{ 118 = 'l16/8000' }}\n{more}"
    );
    let server = Server::start_with(folder, &more).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(&address).await.unwrap();
    (server, socket)
}

fn packet(kind: u8, place: usize, at: usize, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, kind];
    bytes.extend((65_000u16.wrapping_add(place as u16)).to_be_bytes());
    bytes.extend((u32::MAX - 9999).wrapping_add(at as u32).to_be_bytes());
    bytes.extend([0, 0, 0, 7]);
    bytes.extend(payload);
    bytes
}

/// The goodbye of the sender.
const BYE: [u8; 8] = [0x81, 203, 0, 1, 0, 0, 0, 7];

/// The name of the only call, once there is one.
async fn only_call(server: &Server) -> String {
    for _ in 0..1000 {
        let (_, calls) = server.get("/v1/calls").await;
        if let Some(Value::String(id)) = calls["calls"][0].get("call_id") {
            return id.clone();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("no call");
}

/// Waits until the call's worker listens.
async fn heard(server: &Server, call: &str) {
    for _ in 0..1000 {
        let (_, seen) = server.get(&format!("/v1/calls/{call}")).await;
        if seen["listening"] == true {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{call} is not heard");
}

/// Sends all packets, but no faster than they are taken: UDP would lose them.
async fn send(server: &Server, socket: &UdpSocket, packets: &[Vec<u8>]) -> String {
    let mut call = String::new();
    for (place, packet) in packets.iter().enumerate() {
        socket.send(packet).await.unwrap();
        if place == 0 {
            call = only_call(server).await;
        }
        // The first sound is with the second packet, which may be the third datagram.
        if place == 2 {
            heard(server, &call).await;
        }
        if place % 8 == 0 {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
    call
}

#[tokio::test(flavor = "multi_thread")]
async fn every_codec_and_framing_gives_what_the_file_gives() {
    let (expected, mulaw) = (expected("became-angry"), mulaw("became-angry"));
    let big: Vec<u8> = linear(&mulaw)
        .iter()
        .flat_map(|s| s.to_be_bytes())
        .collect();
    for (kind, sound, size) in [
        (0, &mulaw, 160),
        (0, &mulaw, 80),
        (118, &big, 960),
        (0, &mulaw, 333),
    ] {
        let folder = tempdir().unwrap();
        let (server, socket) = start(folder.path(), "").await;
        let width = if kind == 0 { 1 } else { 2 };
        let blocks = sound.chunks(size).enumerate();
        let mut packets: Vec<_> = blocks
            .map(|(place, block)| packet(kind, place, place * size / width, block))
            .collect();
        // All but the first come two and two the wrong way round, every fifth twice.
        packets[1..]
            .chunks_exact_mut(2)
            .for_each(|two| two.swap(0, 1));
        let twice = packets.clone();
        let packets: Vec<_> = packets
            .into_iter()
            .zip(twice)
            .enumerate()
            .flat_map(|(place, (one, again))| [Some(one), (place % 5 == 0).then_some(again)])
            .flatten()
            .collect();
        let call = send(&server, &socket, &packets).await;
        socket.send(&BYE).await.unwrap();
        ended_as(&server, &call, &expected).await;
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_packets_are_gaps_and_the_clock_goes_on() {
    let folder = tempdir().unwrap();
    let (server, socket) = start(folder.path(), "").await;
    let mulaw = mulaw("became-angry");
    let blocks = mulaw.chunks(160).enumerate();
    // One packet in twenty is lost.
    let packets: Vec<_> = blocks
        .filter(|(place, _)| place % 20 != 7)
        .map(|(place, block)| packet(0, place, place * 160, block))
        .collect();
    let call = send(&server, &socket, &packets).await;
    // Nobody says goodbye: who sends no more has hung up.
    let ended = ended(&server, &call).await;
    let length_s = mulaw.len() as f64 / 8000.0;
    let at_s = ended["at_s"].as_f64().unwrap();
    assert!((at_s - length_s).abs() < 0.03, "{at_s} for {length_s}");
    assert_eq!(ended["escalation"]["trigger"], "sentiment", "{ended}");
    let exact = expected("became-angry").at_s.unwrap();
    let at_s = ended["escalation"]["at_s"].as_f64().unwrap();
    assert!(
        (at_s - exact).abs() < 5.0,
        "{at_s} for {exact} without loss"
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_nonsense_open_no_call() {
    let folder = tempdir().unwrap();
    let (server, socket) = start(folder.path(), "").await;
    for nonsense in [
        &b"hello"[..],
        &[0; 200],
        &[0x80, 97, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 5],
    ] {
        socket.send(nonsense).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        server.get("/v1/calls").await.1["calls"],
        serde_json::json!([])
    );
    server.stop().await;
    let folder = tempdir().unwrap();
    let (server, socket) = start(folder.path(), "allow_from = ['10.0.0.0/8']\n").await;
    socket.send(&packet(0, 1, 0, &[0xFF; 160])).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        server.get("/v1/calls").await.1["calls"],
        serde_json::json!([])
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_after_the_goodbye_open_no_call() {
    let folder = tempdir().unwrap();
    let (server, socket) = start(folder.path(), "").await;
    let voice = |place: usize| packet(0, place, place * 160, &[0xFF; 160]);
    let call = send(&server, &socket, &[voice(0), voice(1)]).await;
    socket.send(&BYE).await.unwrap();
    for place in 2..40 {
        socket.send(&voice(place)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    ended(&server, &call).await;
    for place in 40..60 {
        socket.send(&voice(place)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (_, calls) = server.get("/v1/calls").await;
    assert_eq!(calls["calls"], serde_json::json!([]));
    // Another source from the same port is another call.
    let mut other = voice(0);
    other[11] = 8;
    socket.send(&other).await.unwrap();
    assert_ne!(only_call(&server).await, call);
    server.stop().await;
}

/// The clock of G.722 says half of what its samples are; also where every tenth packet is lost.
#[tokio::test(flavor = "multi_thread")]
async fn wideband_keeps_time() {
    let folder = tempdir().unwrap();
    let (server, socket) = start(folder.path(), "").await;
    let packets: Vec<_> = (0..150)
        .filter(|place| place % 10 != 5)
        .map(|place| packet(9, place, place * 160, &[0xFA; 160]))
        .collect();
    let call = send(&server, &socket, &packets).await;
    socket.send(&BYE).await.unwrap();
    let ended = ended(&server, &call).await;
    let at_s = ended["at_s"].as_f64().unwrap();
    assert!((at_s - 3.0).abs() < 0.02, "{at_s}");
    server.stop().await;
}
