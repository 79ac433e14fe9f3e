//! Any samples through both laws: coding what was decoded changes nothing more.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undertone::wire::g711::{alaw_to_linear, linear_to_alaw, linear_to_mulaw, mulaw_to_linear};

fuzz_target!(|bytes: &[u8]| {
    for pair in bytes.as_chunks().0 {
        let sample = i16::from_le_bytes(*pair);
        let a = alaw_to_linear(linear_to_alaw(sample));
        assert_eq!(alaw_to_linear(linear_to_alaw(a)), a);
        assert_eq!(a < 0, sample < 0);
        let mu = mulaw_to_linear(linear_to_mulaw(sample));
        assert_eq!(mulaw_to_linear(linear_to_mulaw(mu)), mu);
        assert!(i32::from(mu) * i32::from(sample) >= 0);
    }
});
