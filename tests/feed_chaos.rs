//! Clients that vanish, send garbage, stall, reorder and lose: the call beside them is untouched.
#![cfg(all(feature = "serve", feature = "embedded"))]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod feed;
mod sample;
mod server;

use feed::*;
use futures_util::SinkExt;
use server::Server;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tempfile::tempdir;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};
use tokio_tungstenite::tungstenite::Message;

const BEARER: [(&str, &str); 1] = [("authorization", "Bearer all")];

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % below
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let count = self.roll(most) + 1;
        (0..count).map(|_| self.roll(256) as u8).collect()
    }
}

/// One that sends Twilio's messages badly, and goes without a word.
async fn twilio_badly(server: &Server, call: &str, dice: &mut Dice, sound: &[u8]) {
    let Ok(mut socket) = connect(server, "/v1/feed/twilio", &BEARER).await else {
        return;
    };
    let _ = socket.send(Message::text(twilio_start(call, None))).await;
    for _ in 0..60 {
        let place = dice.roll(200);
        let message = match dice.roll(8) {
            0 => Message::text("{\"event\":\"media\""),
            1 => Message::binary(dice.bytes(300)),
            2 => Message::text(twilio_media(
                "inbound",
                place * 77_777,
                place << 40,
                &sound[..160],
            )),
            3 => Message::text(twilio_media(
                "outbound",
                place,
                place * 160,
                &sound[..dice.roll(700)],
            )),
            // One in twenty of what is left is lost.
            4 if place < 10 => continue,
            _ => Message::text(twilio_media("inbound", place, place * 160, &sound[..160])),
        };
        if socket.send(message).await.is_err() {
            return;
        }
    }
    // In the middle of a frame: the head of a message of 100 bytes, and nothing after it.
    if dice.roll(2) == 0
        && let tokio_tungstenite::MaybeTlsStream::Plain(stream) = socket.get_mut()
    {
        let _ = stream.write_all(&[0x82, 0x80 | 100, 1, 2]).await;
    }
}

async fn l16_badly(server: &Server, dice: &mut Dice) {
    let path = format!(
        "/v1/feed/l16?rate={}",
        [8000, 16_000, 500, 7_000_000][dice.roll(4)]
    );
    let Ok(mut socket) = connect(server, &path, &BEARER).await else {
        return;
    };
    for _ in 0..20 {
        let garbage = dice.bytes(2000);
        let message = match dice.roll(3) {
            0 => Message::text(String::from_utf8_lossy(&garbage).into_owned()),
            _ => Message::binary(garbage),
        };
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

async fn audiosocket_badly(address: &str, dice: &mut Dice) {
    let Ok(mut socket) = TcpStream::connect(address).await else {
        return;
    };
    if dice.roll(3) > 0 {
        let uuid = dice.bytes(1).repeat(16);
        let _ = socket.write_all(&[&[1, 0, 16], &uuid[..]].concat()).await;
    }
    for _ in 0..dice.roll(20) {
        let garbage = dice.bytes(600);
        if socket.write_all(&garbage).await.is_err() {
            return;
        }
    }
    // Some stall with the connection open.
    tokio::time::sleep(Duration::from_millis(dice.roll(400) as u64)).await;
}

async fn rtp_badly(address: &str, dice: &mut Dice) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for _ in 0..30 {
        let mut datagram = dice.bytes(200);
        datagram[0] = 0x80 | (datagram[0] & 0x1F);
        let _ = socket.send_to(&datagram, address).await;
    }
}

/// A whole call that takes its time, so that it meets many of the bad ones.
async fn good_call(server: &Server, name: &str, sound: &[u8]) {
    let mut socket = connect(server, "/v1/feed/twilio", &BEARER).await.unwrap();
    let start = twilio_start(name, None);
    socket.send(Message::text(start)).await.unwrap();
    for (chunk, block) in sound.chunks(160).enumerate() {
        let media = twilio_media("inbound", chunk + 1, chunk * 160, block);
        socket.send(Message::text(media)).await.unwrap();
        if chunk % 10 == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    socket.send(Message::text(TWILIO_STOP)).await.unwrap();
}

/// Tasks of this runtime, the server's and ours, and files and sockets that are open.
fn held() -> [usize; 2] {
    let tasks = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    // Without a list of them, as elsewhere than on Linux, only tasks are counted.
    let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    [tasks, files]
}

/// What is held once it is no more than `most`, or after ten seconds.
async fn settled(server: &Server, most: [usize; 2]) -> [usize; 2] {
    for _ in 0..100 {
        let _ = server.get("/v1/calls").await;
        let now = held();
        if now[0] <= most[0] && now[1] <= most[1] {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    held()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_company_leaves_a_call_untouched() {
    let folder = tempdir().unwrap();
    let (audiosocket, rtp) = (free_port(), free_port());
    let more = format!(
        "header_timeout_s = 0.5\nidle_timeout_s = 5\naudio_queue = 100000\n[feed.twilio]\n[feed.l16]\n\
         [feed.audiosocket]\nlisten = '{audiosocket}'\n[feed.rtp]\nlisten = '{rtp}'\ngone_after_s = 1.0\n"
    );
    let server = Arc::new(Server::start_with(folder.path(), &more).await);
    let (expected, sound) = (expected("became-angry"), mulaw("became-angry"));
    // What the server holds after a call alone: it keeps the connections of its webhooks.
    good_call(&server, "first", &sound).await;
    ended_as(&server, "first", &expected).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let alone = held();
    let over = Arc::new(AtomicBool::new(false));
    let company: Vec<_> = (0..6u64)
        .map(|number| {
            let (server, over, sound) = (server.clone(), over.clone(), sound.clone());
            let (audiosocket, rtp) = (audiosocket.clone(), rtp.clone());
            tokio::spawn(async move {
                let mut dice = Dice(number + 1);
                let mut round = 0;
                while !over.load(Relaxed) {
                    round += 1;
                    match dice.roll(4) {
                        0 => l16_badly(&server, &mut dice).await,
                        1 => audiosocket_badly(&audiosocket, &mut dice).await,
                        2 => rtp_badly(&rtp, &mut dice).await,
                        _ => {
                            let call = format!("bad-{number}-{}", round % 3);
                            twilio_badly(&server, &call, &mut dice, &sound).await;
                        }
                    }
                }
                round
            })
        })
        .collect();
    good_call(&server, "good", &sound).await;
    ended_as(&server, "good", &expected).await;
    over.store(true, Relaxed);
    let mut rounds = 0;
    for one in company {
        rounds += one.await.unwrap();
    }
    assert!(rounds > 30, "the company was there: {rounds}");
    // Nothing of it stays: every stream ends within its time, and so do the calls.
    let open = || async {
        let (_, metrics) = server.get("/metrics").await;
        let text = metrics.as_str().unwrap().to_owned();
        let lines = text
            .lines()
            .filter(|line| line.starts_with("undertone_feeds_open"));
        let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        values.sum::<f64>()
            + server.get("/v1/calls").await.1["calls"]
                .as_array()
                .unwrap()
                .len() as f64
    };
    for _ in 0..200 {
        if open().await == 0.0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(open().await, 0.0, "streams or calls are left behind");
    // Webhooks that went out at once keep a few connections; a leak would be one for each client.
    let most = alone.map(|held| held + 8);
    let after = settled(&server, most).await;
    println!("tasks, files: {alone:?} after a call alone, {after:?} after {rounds} bad ones");
    assert!(
        after[0] <= most[0] && after[1] <= most[1],
        "tasks and files: {after:?} after it, {alone:?} before it"
    );
    let server = Arc::into_inner(server).expect("nobody else has it");
    server.stop().await;
}
