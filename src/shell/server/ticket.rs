//! A link that a browser may open without a token: signed, for one page, and only for a while.

use super::config::ServerConfig;
use crate::error::BuildError;
use crate::shell::wall::unix_ms;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::Write;

/// The shortest key, bytes.
const SHORTEST: usize = 32;

/// The configured key, or one that is drawn now. `file` is where the configuration came from.
///
/// # Errors
/// The key cannot be read, or is too short.
pub fn key(server: &ServerConfig, file: &str) -> Result<Vec<u8>, BuildError> {
    let wrong = |value: &str, mend: &str| BuildError::value(file, "server.ticket_key", value, mend);
    let Some(secret) = &server.ticket_key else {
        return random().ok_or_else(|| wrong("not set", "the system gives no randomness; set it"));
    };
    let key = secret
        .reveal()
        .map_err(|reason| wrong("unreadable", &reason))?;
    if key.len() < SHORTEST {
        let value = format!("{} characters", key.len());
        return Err(wrong(
            &value,
            "give 32 random characters or more, or leave it out",
        ));
    }
    Ok(key.into_bytes())
}

/// 32 bytes that nobody can guess.
pub fn random() -> Option<Vec<u8>> {
    let mut bytes = vec![0; SHORTEST];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut bytes).ok()?;
    Some(bytes)
}

/// What tickets are signed with.
pub struct Tickets {
    key: Vec<u8>,
    valid_s: u64,
}

impl Tickets {
    /// Signs with `key`; a ticket is good for `valid_s`.
    pub fn new(key: &[u8], valid_s: u64) -> Self {
        let key = key.to_vec();
        Self { key, valid_s }
    }

    /// The address of `page` with a ticket for it.
    pub fn link(&self, base_url: &str, page: &str) -> String {
        let now_s = unix_ms().unsigned_abs() / 1000;
        format!("{base_url}/{page}?ticket={}", self.issue(page, now_s))
    }

    /// A ticket for `page`, from `now_s` on: seconds since 1970.
    pub fn issue(&self, page: &str, now_s: u64) -> String {
        let until = now_s + self.valid_s;
        let mut ticket = format!("{until}.");
        for byte in self.mac(page, until).finalize().into_bytes() {
            // Writing into a string cannot fail.
            let _ = write!(ticket, "{byte:02x}");
        }
        ticket
    }

    /// Whether `ticket` opens `page` at `now_s`.
    pub fn opens(&self, ticket: &str, page: &str, now_s: u64) -> bool {
        let Some((until, signature)) = ticket.split_once('.') else {
            return false;
        };
        let Ok(until) = until.parse::<u64>() else {
            return false;
        };
        let digits = |at: usize| u8::from_str_radix(signature.get(at..at + 2)?, 16).ok();
        let signature: Option<Vec<u8>> = (0..signature.len()).step_by(2).map(digits).collect();
        // The comparison of `hmac` takes constant time.
        let genuine = signature
            .is_some_and(|signature| self.mac(page, until).verify_slice(&signature).is_ok());
        genuine && now_s <= until
    }

    fn mac(&self, page: &str, until: u64) -> Hmac<Sha256> {
        // A key of any length is taken; the error is of another constructor.
        let mac = Hmac::<Sha256>::new_from_slice(&self.key);
        let mut mac = mac.unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
        mac.update(format!("{until}\n{page}").as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_opens_its_page_for_its_time_and_nothing_else() {
        let tickets = Tickets::new(b"a key of some length", 60);
        let ticket = tickets.issue("screen/a", 1000);
        assert!(tickets.opens(&ticket, "screen/a", 1060));
        assert!(!tickets.opens(&ticket, "screen/a", 1061));
        assert!(!tickets.opens(&ticket, "screen/b", 1000));
        let later = ticket.replacen("1060", "9060", 1);
        assert!(!tickets.opens(&later, "screen/a", 1000));
        let other = Tickets::new(b"another key", 60);
        assert!(!other.opens(&ticket, "screen/a", 1000));
        for nonsense in ["", ".", "1060", "1060.", "1060.zz", "1060.é", "x.00"] {
            assert!(!tickets.opens(nonsense, "screen/a", 1000), "{nonsense}");
        }
    }
}
