//! `[server]` and `[[token]]`: where it listens, who may use it, and how much of it.

use super::auth::Scope;
use super::tls::TlsConfig;
use crate::error::BuildError;
use crate::shell::delivery::Secret;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::net::SocketAddr;

/// `[server]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// How browsers and webhooks reach this server; links are made from it.
    pub public_url: String,
    /// What callers are told: that a machine listens to how they sound. Required.
    pub notice: String,
    /// Threads that hear calls; 0 for one a core.
    pub workers: u32,
    /// Calls at once.
    pub max_calls: u32,
    /// Connections at once, of every kind.
    pub max_connections: u32,
    /// Connections at once from one address, or from one network of 64 bits in IPv6.
    pub max_connections_per_client: u32,
    /// A call of which nothing was heard for so long is closed.
    pub idle_timeout_s: f64,
    /// The same for chats and e-mails.
    pub written_timeout_s: f64,
    /// The longest body of a request.
    pub body_limit_kib: u32,
    /// The longest frame on a WebSocket.
    pub frame_limit_kib: u32,
    /// A request that takes longer is answered with 408.
    pub request_timeout_s: f64,
    /// A client that has not sent its headers by then is cut off.
    pub header_timeout_s: f64,
    /// Requests a second that one token may send.
    pub rate_per_s: u32,
    /// Requests that one token may send at once.
    pub rate_burst: u32,
    /// Queues or humans that a transfer tries, the first one first; without any, the telephony side
    /// chooses.
    pub transfer_to: Vec<String>,
    /// Messages that may wait for one worker; what comes beyond is answered with 503.
    pub dialogue_queue: u32,
    /// Blocks of sound that may wait for one worker; what comes beyond is lost, counted, and shown
    /// as a gap of just that length.
    pub audio_queue: u32,
    /// When blocks of sound wait longer than this, a worker leaves out readings, and then more; 0 for
    /// never. Sound that is sent faster than in real time waits too.
    pub shed_after_ms: u32,
    /// How often what is remembered of each caller's voice is stored, so that a restart goes on with it;
    /// 0 for never.
    pub voice_snapshot_s: f64,
    /// How long to wait for deliveries and open connections when told to stop.
    pub drain_timeout_s: f64,
    /// Signs the links to the screens: 32 characters at least, or `env:NAME` or `file:PATH` where
    /// they are. Without it one is drawn at the start, and a restart ends the links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_key: Option<Secret>,
    /// How long a link to a screen is good for.
    pub ticket_valid_s: u32,
    /// `[server.tls]`; without it requests come in the clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsConfig>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: String::new(),
            notice: String::new(),
            workers: 0,
            max_calls: 1000,
            max_connections: 4096,
            max_connections_per_client: 2048,
            idle_timeout_s: 600.0,
            written_timeout_s: 86_400.0,
            body_limit_kib: 256,
            frame_limit_kib: 64,
            request_timeout_s: 10.0,
            header_timeout_s: 10.0,
            rate_per_s: 2000,
            rate_burst: 4000,
            transfer_to: Vec::new(),
            dialogue_queue: 1024,
            audio_queue: 2048,
            shed_after_ms: 40,
            voice_snapshot_s: 5.0,
            drain_timeout_s: 10.0,
            ticket_key: None,
            ticket_valid_s: 3600,
            tls: None,
        }
    }
}

impl ServerConfig {
    /// # Errors
    /// Names the first value that cannot be used.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        if self.notice.trim().is_empty() {
            return Err(BuildError::value(
                file,
                "server.notice",
                "empty",
                "write what callers are told: that a machine listens to how they sound, and what for",
            ));
        }
        let url = self.public_url.as_str();
        let known = url.is_empty() || url.starts_with("http://") || url.starts_with("https://");
        if !known || url.ends_with('/') {
            return Err(BuildError::value(
                file,
                "server.public_url",
                url,
                "give http:// or https://, the host and the port, without a slash at the end",
            ));
        }
        let within = |key: &str, value: f64, from: f64, to: f64| {
            BuildError::within(file, &format!("server.{key}"), value, from, to)
        };
        within("workers", self.workers.into(), 0.0, 256.0)?;
        within("max_calls", self.max_calls.into(), 1.0, 100_000.0)?;
        within("max_connections", self.max_connections.into(), 1.0, 1e6)?;
        let per_client = self.max_connections_per_client.into();
        within("max_connections_per_client", per_client, 1.0, 1e6)?;
        within("idle_timeout_s", self.idle_timeout_s, 1.0, 86_400.0)?;
        within(
            "written_timeout_s",
            self.written_timeout_s,
            1.0,
            8_640_000.0,
        )?;
        within("body_limit_kib", self.body_limit_kib.into(), 1.0, 16_384.0)?;
        within("frame_limit_kib", self.frame_limit_kib.into(), 1.0, 1024.0)?;
        within("request_timeout_s", self.request_timeout_s, 0.1, 600.0)?;
        within("header_timeout_s", self.header_timeout_s, 0.1, 600.0)?;
        within("rate_per_s", self.rate_per_s.into(), 1.0, 1e6)?;
        within("rate_burst", self.rate_burst.into(), 1.0, 1e6)?;
        within("dialogue_queue", self.dialogue_queue.into(), 1.0, 1e6)?;
        within("audio_queue", self.audio_queue.into(), 1.0, 1e6)?;
        within("shed_after_ms", self.shed_after_ms.into(), 0.0, 10_000.0)?;
        let often = self.voice_snapshot_s;
        if often != 0.0 {
            // More often than this the store would have more of it than of anything else.
            within("voice_snapshot_s", often, 0.5, 3600.0)?;
        }
        within("drain_timeout_s", self.drain_timeout_s, 0.0, 3600.0)?;
        within("ticket_valid_s", self.ticket_valid_s.into(), 1.0, 604_800.0)
    }

    /// How this server is reached from outside; it listens at `address`.
    pub fn base_url(&self, address: SocketAddr) -> String {
        match (self.public_url.as_str(), &self.tls) {
            ("", None) => format!("http://{address}"),
            ("", Some(_)) => format!("https://{address}"),
            (url, _) => url.to_owned(),
        }
    }

    /// Whether tokens and what is said can be read on the way to `address`.
    pub fn in_the_clear(&self, address: SocketAddr) -> bool {
        self.tls.is_none() && !address.ip().to_canonical().is_loopback()
    }
}

/// `[[token]]`: somebody who may use the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenConfig {
    /// Who, for the logs.
    pub name: String,
    /// SHA-256 of the token, hexadecimal. The token itself stands nowhere.
    pub sha256: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

/// # Errors
/// When nobody could use the server, or a token cannot be told from another.
pub fn check_tokens(file: &str, tokens: &[TokenConfig]) -> Result<(), BuildError> {
    if tokens.is_empty() {
        let mend = "nobody could use this server; `undertone token NAME` prints one to paste";
        return Err(BuildError::value(file, "token", "missing", mend));
    }
    let mut hashes = HashSet::new();
    for (place, token) in tokens.iter().enumerate() {
        let key = |field: &str| format!("token[{place}].{field}");
        let hash = token.sha256.to_ascii_lowercase();
        let hexadecimal = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        if !hexadecimal {
            let mend = "give the 64 hexadecimal digits that `undertone token NAME` prints";
            return Err(BuildError::value(file, key("sha256"), &token.sha256, mend));
        }
        if !hashes.insert(hash) {
            let mend = "two tokens are the same; make a new one with `undertone token NAME`";
            return Err(BuildError::value(file, key("sha256"), &token.sha256, mend));
        }
        if token.scopes.is_empty() {
            let mend = "give it at least one scope";
            return Err(BuildError::value(file, key("scopes"), "[]", mend));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_a_notice_is_refused() {
        let error = ServerConfig::default().check("u.toml").unwrap_err();
        assert!(error.to_string().contains("server.notice"), "{error}");
    }

    #[test]
    fn wild_values_are_refused_by_name() {
        let told = ServerConfig {
            notice: "told".into(),
            ..ServerConfig::default()
        };
        let refuse = |config: ServerConfig| config.check("u.toml").unwrap_err().to_string();
        let timeout = ServerConfig {
            idle_timeout_s: f64::NAN,
            ..told.clone()
        };
        assert!(refuse(timeout).contains("server.idle_timeout_s"));
        let slash = ServerConfig {
            public_url: "https://x.test/".into(),
            ..told.clone()
        };
        assert!(refuse(slash).contains("server.public_url"));
        assert_eq!(told.check("u.toml"), Ok(()));
    }

    #[test]
    fn a_token_needs_a_hash_of_its_own_and_a_scope() {
        let token = TokenConfig {
            name: "agent".into(),
            sha256: "ab".repeat(32),
            scopes: vec![Scope::CallsRead],
        };
        assert_eq!(check_tokens("u", std::slice::from_ref(&token)), Ok(()));
        assert!(check_tokens("u", &[]).is_err());
        assert!(check_tokens("u", &[token.clone(), token.clone()]).is_err());
        let bare = TokenConfig {
            scopes: vec![],
            ..token.clone()
        };
        assert!(check_tokens("u", &[bare]).is_err());
        let short = TokenConfig {
            sha256: "ab".into(),
            ..token
        };
        assert!(check_tokens("u", &[short]).is_err());
    }
}
