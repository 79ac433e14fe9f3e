//! The listener over TLS: who comes in, and who is let go.
#![cfg(all(feature = "serve", feature = "embedded"))]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod certificate;
mod process;

use certificate::Files;
use process::{PROGRAM, Process, token};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;
use tempfile::{TempDir, tempdir};

fn start(server: &str) -> (TempDir, Files, Process) {
    let folder = tempdir().unwrap();
    let files = Files::draw(folder.path());
    let rest = format!("{}[feed.l16]\n{}", files.section(), token("all"));
    let process = Process::start(folder.path(), server, &rest);
    (folder, files, process)
}

/// What comes back to `bytes`, until the server ends the connection.
fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    // Longer than any bound of the server's: then the test fails and does not hang.
    let patience = Some(Duration::from_secs(30));
    stream.set_read_timeout(patience).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

/// The first message of a handshake (RFC 5246 §7.4.1.2) of somebody who knows `version` at most.
fn hello(version: [u8; 2]) -> Vec<u8> {
    let mut body = version.to_vec();
    body.extend([7; 32]);
    body.push(0);
    // ECDHE-ECDSA with AES-128: with GCM, and with CBC as before TLS 1.2.
    body.extend([0, 4, 0xC0, 0x2B, 0xC0, 0x09]);
    body.extend([1, 0]);
    let extensions = [
        // ecdsa_secp256r1_sha256; the groups X25519 and P-256; points without compression.
        vec![0, 13, 0, 4, 0, 2, 4, 3],
        vec![0, 10, 0, 6, 0, 4, 0, 29, 0, 23],
        vec![0, 11, 0, 2, 1, 0],
    ];
    let extensions = extensions.concat();
    body.extend([0, extensions.len() as u8]);
    body.extend(extensions);
    let mut message = vec![22, 3, 1, 0, body.len() as u8 + 4, 1, 0, 0, body.len() as u8];
    message.extend(body);
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_their_links_go_over_tls() {
    let (_folder, files, server) = start("");
    let client = files.client();
    let base = format!("https://{}", server.address);
    let turn = json!({"id": "m1", "type": "turn", "speaker": "caller", "text": "a human please"});
    let said = client
        .post(format!("{base}/v1/calls/a/dialogue"))
        .bearer_auth("all")
        .header("content-type", "application/json")
        .body(turn.to_string());
    assert_eq!(said.send().await.unwrap().status(), 200);
    let ticket = client
        .post(format!("{base}/v1/tickets"))
        .bearer_auth("all")
        .header("content-type", "application/json")
        .body(r#"{"call_id": "a"}"#);
    let ticket = ticket.send().await.unwrap().text().await.unwrap();
    let ticket: Value = serde_json::from_str(&ticket).unwrap();
    let url = ticket["url"].as_str().unwrap();
    assert!(url.starts_with(&base), "{url}");
    assert_eq!(client.get(url).send().await.unwrap().status(), 200);
    // Somebody else's authority vouches for nobody here.
    let other = tempdir().unwrap();
    let stranger = Files::draw(other.path()).client();
    assert!(
        stranger
            .get(format!("{base}/healthz"))
            .send()
            .await
            .is_err()
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn who_speaks_without_tls_is_told_so() {
    let (_folder, _files, server) = start("");
    let answer = raw(server.address, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["mend"], "use https:// or wss://");
}

#[test]
fn nothing_older_than_tls_1_2_is_spoken() {
    let (_folder, _files, server) = start("header_timeout_s = 1.0");
    for old in [[3, 1], [3, 2]] {
        // A fatal alert, protocol_version (RFC 5246 §7.2).
        let answer = raw(server.address, &hello(old));
        assert_eq!((answer[0], &answer[5..]), (21, &[2, 70][..]), "{old:?}");
    }
    // The same with TLS 1.2 is answered by a handshake, and ends when nothing follows.
    assert_eq!(raw(server.address, &hello([3, 3]))[0], 22);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stalls_in_the_handshake_is_let_go_and_makes_room() {
    let (_folder, files, server) = start("header_timeout_s = 0.5\nmax_connections = 2");
    let stalled = |bytes: &'static [u8]| {
        let address = server.address;
        std::thread::spawn(move || raw(address, bytes))
    };
    // Nothing at all, and the beginning of a record that never ends: they fill the server.
    let stalls = [stalled(b""), stalled(&[22, 3, 1, 2, 0])];
    server.logged("did not come in time", 2);
    let asked = files.client();
    let asked = asked.get(format!("https://{}/healthz", server.address));
    assert_eq!(asked.send().await.unwrap().status(), 200);
    for stall in stalls {
        assert_eq!(stall.join().unwrap(), b"");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn undertone_call_plays_over_wss_to_whom_it_trusts() {
    let (folder, files, server) = start("");
    let sound = folder.path().join("second.wav");
    // The bundled calls take over a minute, and two seconds are enough.
    let call = std::fs::read("samples/calm.wav").unwrap();
    std::fs::write(&sound, &call[..20_000]).unwrap();
    let call = |ca: Option<&Files>, name: &str| {
        let mut command = Command::new(PROGRAM);
        command
            .args(["call", "--as", "l16", "--token", "all", "--name", name])
            .args(["--to", &format!("wss://{}/v1/feed/l16", server.address)])
            .arg(&sound);
        if let Some(files) = ca {
            command.arg("--ca").arg(&files.ca);
        }
        command.output().unwrap()
    };
    let played = call(Some(&files), "mine");
    let error = String::from_utf8_lossy(&played.stderr).into_owned();
    assert!(played.status.success(), "{error}");
    let heard = files.client();
    let heard = heard.get(format!("https://{}/v1/calls/mine", server.address));
    let heard = heard.bearer_auth("all").send().await.unwrap();
    assert_eq!(heard.status(), 200);
    let other = tempdir().unwrap();
    for ca in [None, Some(&Files::draw(other.path()))] {
        let refused = call(ca, "other");
        let error = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{error}");
        assert!(error.contains("certificate"), "{error}");
    }
}
