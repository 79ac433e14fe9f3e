//! Any lines as messages of an AudioHook session, those that begin with `!` as sound: no more sound comes
//! out than went in, and every reply is numbered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undertone::wire::feed::Media;
use undertone::wire::feed::audiohook::Stream;

fuzz_target!(|bytes: &[u8]| {
    let (mut stream, mut out, mut seq) = (Stream::new(None), Vec::new(), 0);
    for line in bytes.split(|byte| *byte == b'\n') {
        match (line.strip_prefix(b"!"), std::str::from_utf8(line)) {
            (Some(sound), _) => drop(stream.binary(sound, &mut out)),
            (None, Ok(text)) => drop(stream.text(text, &mut out)),
            (None, Err(_)) => {}
        }
        for reply in stream.replies() {
            seq += 1;
            let reply: serde_json::Value = serde_json::from_str(&reply).expect("JSON");
            assert_eq!(reply["seq"], seq);
        }
    }
    let heard: usize = out
        .iter()
        .map(|media| match media {
            Media::Sound { bytes, .. } => bytes.len(),
            _ => 0,
        })
        .sum();
    assert!(heard <= bytes.len());
});
