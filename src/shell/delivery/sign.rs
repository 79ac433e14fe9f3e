//! Signatures of Standard Webhooks, made and checked.
//!
//! Source: <https://github.com/standard-webhooks/standard-webhooks> (specification 1.0.0):
//! HMAC-SHA256 over `id.timestamp.body`, written `v1,` and base 64.

use super::secret::Key;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use thiserror::Error;

/// How far a timestamp may be from the receiver's clock, seconds.
pub const TOLERANCE_S: i64 = 300;
/// The most signatures that are looked at in one header.
const MOST: usize = 16;

/// The value of `webhook-signature`: one signature a key, so that receivers can change over.
pub fn sign(keys: &[Key], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let each = keys.iter().map(|key| {
        let code = code(key, id, &timestamp_s.to_string(), body);
        format!("v1,{}", STANDARD.encode(code))
    });
    each.collect::<Vec<_>>().join(" ")
}

/// Checks the three headers of a webhook against its raw body. `now_s` is the receiver's clock,
/// seconds since 1970.
///
/// # Errors
/// Why the message must not be believed.
pub fn verify(
    keys: &[Key],
    id: &str,
    timestamp: &str,
    signatures: &str,
    body: &[u8],
    now_s: i64,
) -> Result<(), Forged> {
    let sent: i64 = timestamp.parse().map_err(|_| Forged::Timestamp)?;
    if now_s.saturating_sub(sent).saturating_abs() > TOLERANCE_S {
        return Err(Forged::Stale);
    }
    let given = signatures.split(' ').take(MOST);
    let given: Vec<Vec<u8>> = given
        .filter_map(|it| STANDARD.decode(it.strip_prefix("v1,")?).ok())
        .collect();
    let right = keys.iter().any(|key| {
        let code = code(key, id, timestamp, body);
        given
            .iter()
            .any(|it| bool::from(it.as_slice().ct_eq(&code)))
    });
    if right {
        Ok(())
    } else {
        Err(Forged::Signature)
    }
}

/// Why a message must not be believed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Forged {
    /// `webhook-timestamp` is no number.
    #[error("webhook-timestamp is not a number of seconds")]
    Timestamp,
    /// It is over five minutes old, or as far in the future.
    #[error("webhook-timestamp is more than {TOLERANCE_S} s from this clock")]
    Stale,
    /// No signature is right for any key.
    #[error("no signature in webhook-signature is right")]
    Signature,
}

fn code(key: &Key, id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length, so the error cannot come.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.bytes()) else {
        return [0; 32];
    };
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &[u8] = b"{\"test\": 2432232314}";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn key() -> Key {
        Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
    }

    fn other() -> Key {
        Key::parse("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap()
    }

    #[test]
    fn the_published_vector() {
        assert_eq!(sign(&[key()], ID, AT, BODY), SIGNATURE);
        assert_eq!(
            verify(&[key()], ID, "1614265330", SIGNATURE, BODY, AT + 299),
            Ok(())
        );
    }

    #[test]
    fn one_of_two_keys_is_enough_on_either_side() {
        let both = sign(&[other(), key()], ID, AT, BODY);
        assert_eq!(both.split(' ').count(), 2);
        for keys in [vec![key()], vec![other()], vec![other(), key()]] {
            assert_eq!(verify(&keys, ID, "1614265330", &both, BODY, AT), Ok(()));
        }
    }

    #[test]
    fn whatever_was_touched_is_seen() {
        let check = |id: &str, at: &str, signature: &str, body: &[u8], now| {
            verify(&[key()], id, at, signature, body, now)
        };
        let at = "1614265330";
        let refused = Err(Forged::Signature);
        assert_eq!(check("msg_other", at, SIGNATURE, BODY, AT), refused);
        assert_eq!(check(ID, "1614265331", SIGNATURE, BODY, AT), refused);
        assert_eq!(check(ID, at, SIGNATURE, b"{}", AT), refused);
        assert_eq!(check(ID, at, "", BODY, AT), refused);
        assert_eq!(
            check(ID, at, &SIGNATURE.replace("v1,", "v2,"), BODY, AT),
            refused
        );
        assert_eq!(check(ID, at, "v1,", BODY, AT), refused);
        assert_eq!(check(ID, at, SIGNATURE, BODY, AT + 301), Err(Forged::Stale));
        assert_eq!(check(ID, at, SIGNATURE, BODY, AT - 301), Err(Forged::Stale));
        assert_eq!(
            check(ID, "now", SIGNATURE, BODY, AT),
            Err(Forged::Timestamp)
        );
        assert_eq!(verify(&[other()], ID, at, SIGNATURE, BODY, AT), refused);
        assert_eq!(verify(&[], ID, at, SIGNATURE, BODY, AT), refused);
    }
}
