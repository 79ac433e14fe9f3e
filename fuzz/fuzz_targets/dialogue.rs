//! Lines as dialogue messages: refused, or taken; and a payload can be composed whatever was told.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};
use undertone::dialogue::{DialogueMessage, Words};
use undertone::{Engine, EngineConfig};

static WORDS: LazyLock<Arc<Words>> = LazyLock::new(|| Arc::new(Words::english()));

fuzz_target!(|bytes: &[u8]| {
    let mut engine = Engine::without_sound(&EngineConfig::default()).expect("the default is served");
    engine.set_words(Arc::clone(&WORDS));
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(message) = serde_json::from_slice::<DialogueMessage>(line) else {
            continue;
        };
        let bounded = message.check().is_ok();
        // A score that is no number cannot be written in JSON, so both agree.
        assert_eq!(engine.say(&message).is_ok(), bounded);
        while engine.poll().is_some() {}
    }
    let payload = engine.handoff();
    assert!((0.0..=1.0).contains(&payload.completeness));
    assert_eq!(payload.fields.len(), 10);
    assert!(serde_json::to_string(&payload).is_ok());
});
