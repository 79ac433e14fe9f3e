//! Headers of a webhook, templates of URLs and pauses of a destination, as anybody may send them:
//! no panic, nothing forged is believed, no label leaves its host.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undertone::shell::delivery::{Key, UrlTemplate, retry_after_ms, verify};

fuzz_target!(|parts: (&str, &str, &str, &str, &[u8])| {
    let (id, timestamp, signatures, text, body) = parts;
    let key = Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a well-formed key");
    let now_s = timestamp.parse().unwrap_or(0);
    assert!(verify(&[key], id, timestamp, signatures, body, now_s).is_err());
    let _ = Key::parse(text);
    let _ = retry_after_ms(text, 0);
    let fixed = UrlTemplate::parse("https://desk.example/a/{x}/b?c={x}").expect("a well-formed template");
    for template in UrlTemplate::parse(text).into_iter().chain([fixed]) {
        if let Ok(url) = template.fill(|_| Some(signatures)) {
            assert_eq!(url.origin(), template.example().origin());
            assert_eq!(url.path().matches('/').count(), template.example().path().matches('/').count());
        }
    }
});
