//! Asterisk AudioSocket over TCP.
#![cfg(all(feature = "serve", feature = "embedded"))]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod feed;
mod sample;
mod server;

use feed::*;
use serde_json::json;
use server::Server;
use std::time::Duration;
use tempfile::tempdir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const UUID: [u8; 16] = [
    0x40, 0x32, 0x5e, 0xc2, 0x5e, 0xfd, 0x4b, 0xd3, 0x80, 0x5f, 0x53, 0x57, 0x6e, 0x58, 0x1d, 0x13,
];
const CALL: &str = "40325ec2-5efd-4bd3-805f-53576e581d13";

fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16).to_be_bytes();
    [&[kind], &length[..], payload].concat()
}

/// A server with AudioSocket on a port that was free.
async fn start(folder: &std::path::Path, more: &str) -> (Server, String) {
    let address = free_port();
    let more = format!(
        "audio_queue = 100000\nheader_timeout_s = 0.5\n[feed.audiosocket]\nlisten = '{address}'\n{more}"
    );
    (Server::start_with(folder, &more).await, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn any_framing_gives_what_the_file_gives() {
    let folder = tempdir().unwrap();
    let (server, address) = start(folder.path(), "").await;
    let (expected, linear) = (expected("became-angry"), linear(&mulaw("became-angry")));
    let bytes: Vec<u8> = linear.iter().flat_map(|s| s.to_le_bytes()).collect();
    for (place, size) in [160, 320, 480, 960, 258, 65_534].into_iter().enumerate() {
        let mut uuid = UUID;
        uuid[15] = place as u8;
        let mut socket = TcpStream::connect(&address).await.unwrap();
        let mut all = message(1, &uuid);
        for frame in bytes.chunks(size) {
            all.extend(message(0x10, frame));
        }
        all.extend(message(3, b"1"));
        // Cut where no message ends.
        for part in all.chunks(1777) {
            socket.write_all(part).await.unwrap();
        }
        drop(socket);
        let call = format!("{}{place:02x}", &CALL[..34]);
        ended_as(&server, &call, &expected).await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_those_who_say_nothing_are_cut_off() {
    let folder = tempdir().unwrap();
    let (server, address) = start(folder.path(), "").await;
    let nothing: &[u8] = b"";
    for begin in [
        nothing,
        b"\x01\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x10\x01\x40",
    ] {
        let mut socket = TcpStream::connect(&address).await.unwrap();
        socket.write_all(begin).await.unwrap();
        let mut rest = Vec::new();
        let ended = socket.read_to_end(&mut rest);
        let ended = tokio::time::timeout(Duration::from_secs(5), ended).await;
        assert!(ended.is_ok(), "{begin:?} keeps its connection");
    }
    assert_eq!(
        server.get("/v1/calls").await.1["calls"],
        serde_json::json!([])
    );
    server.stop().await;

    let folder = tempdir().unwrap();
    let (server, address) = start(folder.path(), "allow_from = ['10.0.0.0/8']\n").await;
    let mut socket = TcpStream::connect(&address).await.unwrap();
    let _ = socket.write_all(&message(1, &UUID)).await;
    let _ = socket.write_all(&message(0x10, &[0; 320])).await;
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut rest))
        .await
        .expect("cut off");
    assert_eq!(server.get(&format!("/v1/calls/{CALL}")).await.0, 404);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_keeps_an_asterisk_that_waits() {
    let folder = tempdir().unwrap();
    let (server, address) = start(folder.path(), "keep_alive = true\n").await;
    let mut socket = TcpStream::connect(&address).await.unwrap();
    socket.write_all(&message(1, &UUID)).await.unwrap();
    let mut silence = [1; 323];
    let read = socket.read_exact(&mut silence);
    tokio::time::timeout(Duration::from_secs(5), read)
        .await
        .expect("in time")
        .unwrap();
    assert_eq!(
        (&silence[..3], silence[3..].iter().max()),
        (&[0x10, 1, 0x40][..], Some(&0))
    );
    drop(socket);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_never_sounds_ends_with_its_connection() {
    let folder = tempdir().unwrap();
    let (server, address) = start(folder.path(), "").await;
    // Opened beforehand, to tell who calls; the caller hangs up before a sound.
    let opened = server.post("/v1/calls", &json!({"call_id": CALL})).await;
    assert_eq!(opened.0, 201, "{opened:?}");
    let mut socket = TcpStream::connect(&address).await.unwrap();
    socket.write_all(&message(1, &UUID)).await.unwrap();
    drop(socket);
    ended(&server, CALL).await;
    // Nobody opened this one, so there is nothing to end.
    let mut other = UUID;
    other[15] = 0x99;
    let mut socket = TcpStream::connect(&address).await.unwrap();
    socket.write_all(&message(1, &other)).await.unwrap();
    drop(socket);
    // A connection that sounds is not ended by another one that does not.
    other[15] = 0x98;
    let mut sounding = TcpStream::connect(&address).await.unwrap();
    let all = [message(1, &other), message(0x10, &[0; 320])].concat();
    sounding.write_all(&all).await.unwrap();
    let call = format!("{}98", &CALL[..34]);
    while server.get(&format!("/v1/calls/{call}")).await.1["listening"] != true {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut silent = TcpStream::connect(&address).await.unwrap();
    silent.write_all(&message(1, &other)).await.unwrap();
    silent.shutdown().await.unwrap();
    // The server closes its half when it has dealt with ours.
    silent.read_to_end(&mut Vec::new()).await.unwrap();
    sounding.write_all(&message(0x10, &[0; 320])).await.unwrap();
    let (_, seen) = server.get(&format!("/v1/calls/{call}")).await;
    assert!(seen.get("closed_because").is_none(), "{seen}");
    drop(sounding);
    ended(&server, &call).await;
    server.stop().await;
}
