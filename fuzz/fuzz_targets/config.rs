//! Any text as a configuration: refused with a message, or in range, and read back as it is printed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undertone::EngineConfig;

fuzz_target!(|text: &str| {
    match EngineConfig::parse("fuzz.toml", text) {
        Ok(config) => {
            let printed = config.to_toml();
            assert_eq!(EngineConfig::parse("printed.toml", &printed), Ok(config));
        }
        Err(error) => assert!(error.to_string().contains("fuzz.toml")),
    }
});
