//! Any text as a raw spec: refused with a message, or within the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undertone::wire::pcm::{MAX_CHANNELS, MAX_RATE, MIN_RATE};
use undertone::wire::raw;

fuzz_target!(|spec: &str| {
    match raw::parse(spec) {
        Ok(format) => {
            assert!((MIN_RATE..=MAX_RATE).contains(&format.rate));
            assert!((1..=MAX_CHANNELS).contains(&format.channels));
            assert!(format.frame_bytes() > 0);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
