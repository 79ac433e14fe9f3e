//! Any text as a language pack: refused with a message, or turns can be classified with it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undertone::dialogue::words::Words;

fuzz_target!(|pack: &str| {
    match Words::parse("fuzz.toml", pack) {
        Ok(words) => {
            // Turns made of the pack itself reach its rules.
            let turn: String = pack
                .chars()
                .filter(|c| c.is_alphanumeric() || *c == ' ')
                .collect();
            let _ = words.classify(&turn, &[pack, &turn]);
        }
        Err(error) => assert!(error.to_string().contains("fuzz.toml")),
    }
});
