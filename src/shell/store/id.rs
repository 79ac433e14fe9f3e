//! Names that come out the same when the same thing is named again, after a crash too.

use crate::decision::Trigger;
use sha2::{Digest, Sha256};

/// Bytes of the hash that a name keeps: 120 bits, 24 letters.
const KEPT: usize = 15;

/// The name of an escalation: `esc_` and 24 letters. `key` is what fired inside the call: the
/// dialogue message's id, or the ticks of stream time for the voice.
///
/// The same call, trigger and key always give the same name, so that deciding again after a crash
/// cannot make a second escalation.
pub fn escalation_id(call_id: &str, trigger: Trigger, key: &str) -> String {
    named("esc_", &["escalation", call_id, trigger.name(), key])
}

/// The name of a delivery, its `webhook-id`: `msg_` and 24 letters. The same on every attempt.
pub fn delivery_id(escalation_id: &str, destination: &str, event: &str, key: &str) -> String {
    named(
        "msg_",
        &["delivery", escalation_id, destination, event, key],
    )
}

fn named(prefix: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // Each length first: `ab`, `c` and `a`, `bc` are different lists.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut name = prefix.to_owned();
    base32(&hash.finalize()[..KEPT], &mut name);
    name
}

/// RFC 4648 base 32 in lower case; `bytes` is a multiple of five, so there is no padding.
fn base32(bytes: &[u8], out: &mut String) {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    for five in bytes.chunks(5) {
        let bits = five
            .iter()
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            out.push(LETTERS[(bits >> (5 * place)) as usize % 32] as char);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_the_rfcs() {
        let mut text = String::new();
        base32(b"fooba", &mut text);
        assert_eq!(text, "mzxw6ytb");
    }

    #[test]
    fn names_are_stable_and_every_part_counts() {
        let name = escalation_id("call-1", Trigger::Sentiment, "16000");
        assert_eq!(name, escalation_id("call-1", Trigger::Sentiment, "16000"));
        assert_eq!(name.len(), 4 + 24);
        for other in [
            escalation_id("call-11", Trigger::Sentiment, "6000"),
            escalation_id("call-1", Trigger::FailedTurns, "16000"),
            escalation_id("call-1", Trigger::Sentiment, "16001"),
        ] {
            assert_ne!(name, other);
        }
        let message = delivery_id(&name, "desk", "call.escalation.raised", "");
        assert_ne!(
            message,
            delivery_id(&name, "crm", "call.escalation.raised", "")
        );
        assert!(message.starts_with("msg_"));
    }

    /// A name that changed would let a call in progress escalate twice over an update.
    #[test]
    fn the_name_of_a_known_escalation_stays() {
        let name = escalation_id("call-1", Trigger::ExplicitRequest, "m-7");
        assert_eq!(name, "esc_yi3rtkufmyzavzkrhlckwpcn");
    }
}
