//! Any datagrams of a sender: refused with a reason, or sound of which no more comes out than went in,
//! and gaps of a minute at most.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undertone::wire::feed::Media;
use undertone::wire::feed::rtp::{Payload, Stream};

fuzz_target!(|bytes: &[u8]| {
    // Both of 16 kHz, so that a stream may change between them.
    let types = vec![(118, Payload::L16 { rate: 16_000 }), (96, Payload::G722)];
    let mut stream = Stream::new("call".to_owned(), Vec::new(), types);
    let (mut rest, mut out) = (bytes, Vec::new());
    while let Some((length, after)) = rest.split_first() {
        let (datagram, after) = after.split_at(after.len().min(usize::from(*length)));
        let _ = stream.push(datagram, &mut out);
        rest = after;
    }
    stream.end(&mut out);
    let heard: usize = out
        .iter()
        .map(|media| match media {
            Media::Sound { bytes, .. } => bytes.len(),
            Media::Missing { samples, .. } => {
                assert!(*samples <= 60 * 44_100);
                0
            }
            _ => 0,
        })
        .sum();
    // G.711 doubles, G.722 makes four of one.
    assert!(heard <= 4 * bytes.len());
});
