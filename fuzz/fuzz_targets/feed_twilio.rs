//! Any lines as messages of a Twilio stream: refused with a reason, or media of which no more comes
//! out than went in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undertone::wire::feed::Media;
use undertone::wire::feed::twilio::Stream;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (mut stream, mut out) = (Stream::new(), Vec::new());
    for line in text.lines() {
        let _ = stream.push(line, &mut out);
    }
    stream.end(&mut out);
    let heard: usize = out.iter().map(|media| match media {
        Media::Sound { bytes, .. } => bytes.len(),
        _ => 0,
    }).sum();
    assert!(heard <= bytes.len());
    let opened = out.iter().filter(|media| matches!(media, Media::Opened(_)));
    assert!(opened.count() <= 1);
});
