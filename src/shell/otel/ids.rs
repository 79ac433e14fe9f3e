//! Names of traces and spans, the same whoever makes them.

use opentelemetry::trace::{SpanId, TraceId};
use sha2::{Digest, Sha256};

/// The trace of a call.
pub fn trace(call_id: &str) -> TraceId {
    TraceId::from_bytes(first(&hash(&["trace", call_id])))
}

/// The span of what `names` say together.
pub fn span(names: &[&str]) -> SpanId {
    SpanId::from_bytes(first(&hash(names)))
}

/// The span of a call.
pub fn call(call_id: &str) -> SpanId {
    span(&["call", call_id])
}

/// The span of an escalation.
pub fn escalation(escalation_id: &str) -> SpanId {
    span(&["escalation", escalation_id])
}

fn hash(names: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for name in names {
        hash.update(name.as_bytes());
        // No name has it in it: where one ends and the next begins is certain.
        hash.update([0]);
    }
    hash.finalize().into()
}

/// Zeros alone would be no name at all, and no hash that anybody has seen is.
fn first<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    std::array::from_fn(|at| hash[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_again_and_differ_where_they_should() {
        assert_eq!(trace("a"), trace("a"));
        assert_ne!(trace("a"), trace("b"));
        assert_ne!(span(&["a", "bc"]), span(&["ab", "c"]));
        assert_ne!(call("a"), escalation("a"));
    }
}
