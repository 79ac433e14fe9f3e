//! `undertone serve` in a process of its own, and its log.
#![allow(dead_code)]

use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_undertone");

/// A server that runs. It is killed when this is dropped.
pub struct Process {
    pub config: PathBuf,
    pub address: SocketAddr,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

/// An address on this machine where nobody listens.
pub fn free() -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap()
}

/// `[[token]]` of `name`, whose token is its name.
pub fn token(name: &str) -> String {
    let hash = Sha256::digest(name.as_bytes());
    let hash: String = hash.iter().map(|b| format!("{b:02x}")).collect();
    format!(
        "[[token]]\nname = {name:?}\nsha256 = {hash:?}\n\
         scopes = ['calls:write', 'calls:read', 'transfers:write', 'metrics:read']\n"
    )
}

/// A configuration: `server` in its `[server]`, and `rest` after it.
pub fn config(folder: &Path, address: SocketAddr, server: &str, rest: &str) -> String {
    let store = folder.join("calls.db");
    format!(
        "[server]\nlisten = '{address}'\nnotice = 'a machine listens'\nshed_after_ms = 0\n{server}\n{rest}\n\
         [store]\npath = {store:?}\n"
    )
}

impl Process {
    /// Starts it in `folder` and waits until it is ready.
    pub fn start(folder: &Path, server: &str, rest: &str) -> Self {
        let address = free();
        let text = config(folder, address, server, rest);
        let mut process = Self::start_as(folder, &text);
        process.address = address;
        process
    }

    /// The same with the whole configuration.
    pub fn start_as(folder: &Path, text: &str) -> Self {
        let file = folder.join("undertone.toml");
        std::fs::write(&file, text).unwrap();
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--log-filter", "undertone=debug", "--config"])
            .arg(&file)
            .env_remove("NOTIFY_SOCKET")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let kept = log.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        let process = Self {
            config: file,
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            child,
            log,
        };
        process.logged("listening on", 1);
        process
    }

    /// The lines of the log with `what` in them, waited for until there are `count`.
    pub fn logged(&self, what: &str, count: usize) -> Vec<String> {
        let mut all = Vec::new();
        for _ in 0..3000 {
            all = self.log.lock().unwrap().clone();
            let found: Vec<_> = all.iter().filter(|it| it.contains(what)).cloned().collect();
            if found.len() >= count {
                return found;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{count} times {what:?} in the log: {}", all.join("\n"));
    }

    /// How many lines with `what` the log has now.
    pub fn count(&self, what: &str) -> usize {
        let log = self.log.lock().unwrap();
        log.iter().filter(|line| line.contains(what)).count()
    }

    /// Writes the configuration anew and sends SIGHUP.
    pub fn reload(&self, text: &str) {
        std::fs::write(&self.config, text).unwrap();
        self.signal("HUP");
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// SIGTERM, and the exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
