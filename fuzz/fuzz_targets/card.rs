//! Any text as a model's card: refused with a message, or within what an engine is built for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undertone::{Engine, EngineConfig, ModelCard};

fuzz_target!(|text: &str| {
    match ModelCard::parse("fuzz.toml", text) {
        Ok(card) => {
            assert!(card.rates.min_steps <= card.rates.window_steps);
            assert_eq!(card.input.population_sd.len(), card.channels());
            // A card that was taken makes an engine, or is refused with a message.
            if let Err(error) = Engine::new(&EngineConfig::default(), 8_000, &card) {
                assert!(!error.to_string().is_empty());
            }
        }
        Err(error) => assert!(error.to_string().contains("fuzz.toml")),
    }
});
