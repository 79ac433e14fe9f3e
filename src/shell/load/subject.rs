//! A server of our own to be measured: this program, in a process of its own, with a fresh store.

use super::client::client;
use crate::shell::error::ShellError;
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The token of the one client. The server lives in a folder of its own, on this machine alone.
const TOKEN: &str = "a-token-for-a-server-that-lives-as-long-as-this-run";
const READY_WITHIN: Duration = Duration::from_secs(20);
/// Clock ticks a second in `/proc`; the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// A server in a process of its own. It is killed when this is dropped.
pub struct Subject {
    program: PathBuf,
    config: PathBuf,
    address: SocketAddr,
    child: Child,
}

impl Subject {
    /// Starts `program serve` with its files in `folder`; webhooks go to `hook`, signed with
    /// `secret`, and are of use for `deliver_within_s`.
    ///
    /// # Errors
    /// A file cannot be written, or the server does not become ready.
    pub async fn start(
        program: &Path,
        folder: &Path,
        hook: &str,
        secret: &str,
        deliver_within_s: f64,
    ) -> Result<Self, ShellError> {
        let config = folder.join("undertone.toml");
        let failed = |source| ShellError::Write {
            path: config.clone(),
            source,
        };
        let address = free_address().map_err(failed)?;
        let hash: String = Sha256::digest(TOKEN)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let store = folder.join("undertone.db");
        let text = format!(
            r#"[server]
listen = "{address}"
notice = "nobody calls here: this is a load"
rate_per_s = 100000
rate_burst = 100000
[[token]]
name = "load"
sha256 = "{hash}"
scopes = ["calls:read", "calls:write", "transfers:write", "metrics:read"]
[store]
path = {store:?}
[[destination]]
name = "receiver"
url = "{hook}"
secrets = ["{secret}"]
allow_http = true
allow_private = true
deliver_within_s = {deliver_within_s:?}
"#
        );
        fs::write(&config, text).map_err(failed)?;
        let child = spawn(program, &config)?;
        let mut subject = Self {
            program: program.to_owned(),
            config,
            address,
            child,
        };
        subject.ready().await?;
        Ok(subject)
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What opens every door of it.
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again, on the same files and the same address.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn again(&mut self) -> Result<(), ShellError> {
        self.child = spawn(&self.program, &self.config)?;
        Ok(())
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// It ends, or is not ready in time.
    pub async fn ready(&mut self) -> Result<(), ShellError> {
        let began = Instant::now();
        let url = format!("{}/readyz", self.url());
        let failed = |error: reqwest::Error| ShellError::Usage(error.to_string());
        let client = client(READY_WITHIN).map_err(failed)?;
        loop {
            let asked = client.get(&url).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            let ended = self.child.try_wait().ok().flatten();
            if ended.is_some() || began.elapsed() > READY_WITHIN {
                let how = ended.map_or("is not ready in time".into(), |s| format!("ended: {s}"));
                return Err(ShellError::Usage(format!(
                    "the server under load {how}; its configuration is {}",
                    self.config.display()
                )));
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Seconds of CPU that it has used, where the system says.
    pub fn cpu_s(&self) -> Option<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // The name in parentheses may hold spaces; what follows does not.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
        Some((ticks(11)? + ticks(12)?) / TICKS)
    }

    /// Its resident memory in MiB, where the system says.
    pub fn resident_mib(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1024.0)
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(program: &Path, config: &Path) -> Result<Child, ShellError> {
    let started = Command::new(program)
        .args(["serve", "--log-filter", "error", "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn();
    started.map_err(|source| ShellError::Open {
        path: program.to_owned(),
        source,
    })
}

/// A port that is free now. Somebody may take it before the server does; then it says so.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}
