//! Senders of datagrams whose call has ended: what they still send is late, and opens no other call.
//!
//! Source: RFC 3550 §6.6: packets may come after the goodbye of their source.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long after the end a packet of the same source is a late one.
const LATE: Duration = Duration::from_secs(5);
/// Senders that are remembered.
const SENDERS: usize = 1024;

/// Those who have left.
#[derive(Default)]
pub struct Left(HashMap<SocketAddr, Source>);

struct Source {
    ssrc: u32,
    until: Instant,
    said_goodbye: bool,
}

impl Left {
    /// The call of `peer` has ended: by the sender's own goodbye, or because it was closed here.
    pub fn note(&mut self, peer: SocketAddr, ssrc: u32, said_goodbye: bool, now: Instant) {
        if self.0.len() >= SENDERS {
            self.0.retain(|_, source| source.until > now);
        }
        if self.0.len() < SENDERS {
            let until = now + LATE;
            let source = Source {
                ssrc,
                until,
                said_goodbye,
            };
            self.0.insert(peer, source);
        }
    }

    /// Whether a packet belongs to a call that has ended. Who was not asked to stop may go on for long:
    /// then each packet is late as long as no pause tells of something new.
    pub fn is_late(&mut self, peer: SocketAddr, ssrc: u32, now: Instant) -> bool {
        let Some(source) = self.0.get_mut(&peer).filter(|source| source.ssrc == ssrc) else {
            return false;
        };
        let late = source.until > now;
        if late && !source.said_goodbye {
            source.until = now + LATE;
        }
        late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_packets_are_known_by_their_source_for_a_while() {
        let (mut left, now) = (Left::default(), Instant::now());
        let peer = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let after = |seconds| now + Duration::from_secs(seconds);
        left.note(peer(1), 7, true, now);
        left.note(peer(2), 7, false, now);
        assert!(!left.is_late(peer(3), 7, now) && !left.is_late(peer(1), 8, now));
        for seconds in [0, 4] {
            assert!(left.is_late(peer(1), 7, after(seconds)));
            assert!(left.is_late(peer(2), 7, after(seconds)));
        }
        assert!(!left.is_late(peer(1), 7, after(6)), "the same source again");
        assert!(left.is_late(peer(2), 7, after(8)), "still the closed call");
        assert!(!left.is_late(peer(2), 7, after(14)), "after a pause");
    }

    #[test]
    fn the_list_has_a_bound() {
        let (mut left, now) = (Left::default(), Instant::now());
        for port in 0..=2 * SENDERS as u16 {
            left.note(SocketAddr::from(([127, 0, 0, 1], port)), 7, true, now);
        }
        assert_eq!(left.0.len(), SENDERS);
        let later = now + 2 * LATE;
        left.note(SocketAddr::from(([127, 0, 0, 2], 1)), 7, true, later);
        assert_eq!(left.0.len(), 1);
    }
}
