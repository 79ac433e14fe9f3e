//! Any messages on a stream of described raw samples, cut anywhere: the same sound for any two cuts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undertone::wire::feed::l16::{Assumed, Legs, Stream};
use undertone::wire::feed::{Leg, Media};

/// What each leg says, for text and sound cut into messages of `size`.
fn said(text: &str, sound: &[u8], legs: Legs, size: usize) -> [Vec<u8>; 2] {
    let assumed = Assumed {
        call_id: None,
        rate: 8000,
        legs,
    };
    let (mut stream, mut out) = (Stream::new(assumed), Vec::new());
    let _ = stream.text(text, &mut out);
    for message in sound.chunks(size) {
        stream.binary(message, &mut out);
    }
    stream.end(&mut out);
    let of = |wanted| {
        let bytes = out.iter().filter_map(|media| match media {
            Media::Sound { leg, bytes } if *leg == wanted => Some(bytes.as_slice()),
            _ => None,
        });
        bytes.collect::<Vec<_>>().concat()
    };
    [of(Leg::Caller), of(Leg::Agent)]
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let legs = [Legs::Caller, Legs::Agent, Legs::CallerFirst, Legs::AgentFirst];
    let legs = legs[usize::from(first % 4)];
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    let (text, sound) = rest.split_at(end);
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let whole = said(text, sound, legs, usize::MAX);
    assert_eq!(whole, said(text, sound, legs, 1 + usize::from(*first)));
    assert!(whole.iter().map(Vec::len).sum::<usize>() <= sound.len());
});
