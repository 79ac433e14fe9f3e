//! SIGHUP: what changes for a server that runs, what does not, and what is refused as a whole.
#![cfg(all(feature = "serve", feature = "embedded"))]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod certificate;
mod process;

use certificate::Files;
use process::{Process, config, free, token};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::tempdir;

/// Status and JSON of a request under `token`.
async fn ask(
    client: &Client,
    server: &Process,
    token: &str,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let url = format!("http://{}{path}", server.address);
    let request = match body {
        Value::Null => client.get(url),
        body => client
            .post(url)
            .header("content-type", "application/json")
            .body(body.to_string()),
    };
    let answer = request.bearer_auth(token).send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

/// How many escalations a report of a failed turn causes in the call `id`.
async fn failed_turn(client: &Client, server: &Process, token: &str, id: &str) -> usize {
    let report = json!({"type": "failed_turn"});
    let path = format!("/v1/calls/{id}/dialogue");
    let (status, taken) = ask(client, server, token, &path, report).await;
    assert_eq!(status, 200, "{taken}");
    taken["escalations"].as_array().unwrap().len()
}

/// A metric's value, without labels or with just these.
async fn metric(client: &Client, server: &Process, token: &str, name: &str) -> Option<f64> {
    let (_, text) = ask(client, server, token, "/metrics", Value::Null).await;
    let text = text.as_str().unwrap().to_owned();
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{name} ")));
    line.and_then(|line| line.rsplit_once(' ')?.1.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn new_calls_and_requests_follow_the_new_file_and_open_calls_the_old_one() {
    let folder = tempdir().unwrap();
    let patient = format!("{}[reports]\nfailed_turns = 3\n", token("old"));
    let server = Process::start(folder.path(), "max_calls = 2", &patient);
    // One connection, that outlives the reload.
    let client = client();
    assert_eq!(failed_turn(&client, &server, "old", "before").await, 0);
    let (_, before) = ask(&client, &server, "old", "/readyz", Value::Null).await;

    let hasty = format!("{}[reports]\nfailed_turns = 1\n", token("new"));
    let text = config(folder.path(), server.address, "max_calls = 3", &hasty);
    server.reload(&text);
    server.logged("configuration read again", 1);

    let (status, _) = ask(&client, &server, "old", "/v1/calls", Value::Null).await;
    assert_eq!(status, 401, "a token that is gone opens nothing");
    let (_, after) = ask(&client, &server, "new", "/readyz", Value::Null).await;
    assert_ne!(before["config_sha256"], after["config_sha256"]);
    let hash = after["config_sha256"].as_str().unwrap();
    assert!(server.logged("configuration read again", 1)[0].contains(hash));
    assert_eq!(failed_turn(&client, &server, "new", "after").await, 1);
    assert_eq!(failed_turn(&client, &server, "new", "before").await, 0);
    assert_eq!(failed_turn(&client, &server, "new", "before").await, 1);
    // The third call at once, and no fourth.
    assert_eq!(failed_turn(&client, &server, "new", "third").await, 1);
    let path = "/v1/calls";
    let (status, _) = ask(&client, &server, "new", path, json!({"call_id": "fourth"})).await;
    assert_eq!(status, 503);
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_restart_is_named_and_what_is_wrong_changes_nothing() {
    let folder = tempdir().unwrap();
    let rest = format!("{}[reports]\nfailed_turns = 3\n", token("all"));
    let server = Process::start(folder.path(), "", &rest);
    let client = client();
    let (_, first) = ask(&client, &server, "all", "/readyz", Value::Null).await;

    // Another address and more workers, and beside them something that can change.
    let hasty = format!("{}[reports]\nfailed_turns = 1\n", token("all"));
    server.reload(&config(folder.path(), free(), "workers = 7", &hasty));
    server.logged("configuration read again", 1);
    let named = server.logged("until a restart", 2);
    assert!(named[0].contains("server.listen") && named[1].contains("server.workers"));
    let metric = |name: &'static str| metric(&client, &server, "all", name);
    assert_eq!(metric("undertone_config_keys_waiting").await, Some(2.0));
    assert_eq!(metric("undertone_config_reload_failed").await, Some(0.0));
    assert_eq!(failed_turn(&client, &server, "all", "a").await, 1);
    let (_, second) = ask(&client, &server, "all", "/readyz", Value::Null).await;
    assert_ne!(first["config_sha256"], second["config_sha256"]);

    // No TOML; a key that is not known; a value out of its range; a destination's file that is not
    // there; nobody who may use it.
    let whole = config(folder.path(), server.address, "", &token("all"));
    let wrong = [
        ("[server", "TOML"),
        (&whole.replace("notice", "notise"), "notise"),
        (
            &format!("{whole}[reports]\nfailed_turns = 0\n"),
            "reports.failed_turns",
        ),
        (
            &format!(
                "{whole}[[destination]]\nname = 'desk'\nurl = 'https://desk.example'\n\
                 secrets = ['file:/no/such/file']\n"
            ),
            "/no/such/file",
        ),
        (&config(folder.path(), server.address, "", ""), "token"),
    ];
    for (count, (text, why)) in (1..).zip(wrong) {
        server.reload(text);
        let told = server.logged("not reloaded", count);
        assert!(told[count - 1].contains(why), "{why}: {}", told[count - 1]);
    }
    assert_eq!(metric("undertone_config_reload_failed").await, Some(1.0));
    let failed = "undertone_config_reloads_total{result=\"failed\"}";
    assert_eq!(metric(failed).await, Some(5.0));
    let (_, third) = ask(&client, &server, "all", "/readyz", Value::Null).await;
    assert_eq!(second["config_sha256"], third["config_sha256"]);
    assert_eq!(failed_turn(&client, &server, "all", "b").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_shown_from_the_next_handshake_on() {
    let folder = tempdir().unwrap();
    let first = Files::draw(folder.path());
    let rest = format!("{}{}", first.section(), token("all"));
    let server = Process::start(folder.path(), "", &rest);
    let url = format!("https://{}/healthz", server.address);
    let trusts_first = first.client();
    assert!(trusts_first.get(&url).send().await.is_ok());

    let second = Files::draw(folder.path()).client();
    assert!(
        second.get(&url).send().await.is_err(),
        "not read before SIGHUP"
    );
    server.signal("HUP");
    server.logged("configuration read again", 1);
    assert!(second.get(&url).send().await.is_ok());
    let fresh = Files::of(folder.path()).client();
    assert!(fresh.get(&url).send().await.is_ok());
    // Who is connected stays so.
    assert!(trusts_first.get(&url).send().await.is_ok());

    // A key that does not belong to it: the pair of before stays.
    let other = tempdir().unwrap();
    std::fs::copy(Files::draw(other.path()).key, &first.key).unwrap();
    server.signal("HUP");
    let told = server.logged("not reloaded", 1);
    assert!(told[0].contains("server.tls.key"), "{}", told[0]);
    assert!(fresh.get(&url).send().await.is_ok());
}

#[test]
fn listening_beyond_this_machine_without_tls_is_told() {
    let folders = [tempdir(), tempdir(), tempdir()].map(Result::unwrap);
    let files = Files::draw(folders[0].path());
    let warned = |folder: &tempfile::TempDir, address: &str, tls: &str| {
        let rest = format!("{tls}{}", token("all"));
        let text = config(folder.path(), free(), "", &rest);
        let text = text.replace("127.0.0.1", address);
        let process = Process::start_as(folder.path(), &text);
        process.count("without TLS")
    };
    assert_eq!(warned(&folders[0], "0.0.0.0", ""), 1);
    assert_eq!(warned(&folders[1], "127.0.0.1", ""), 0);
    assert_eq!(warned(&folders[2], "0.0.0.0", &files.section()), 0);
}
