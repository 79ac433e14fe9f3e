//! Any text as a turn: bounded time, evidence out of the text itself, the same answer twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use undertone::dialogue::words::{Finding, PHRASE_BYTES, Words};

static WORDS: LazyLock<Words> = LazyLock::new(Words::english);

fuzz_target!(|turns: (String, String)| {
    let (text, earlier) = (turns.0.as_str(), turns.1.as_str());
    let found = WORDS.classify(text, &[earlier]);
    let quoted = |finding: &Finding, of: &str| {
        assert!(of.contains(&finding.phrase) && finding.phrase.len() <= PHRASE_BYTES);
        assert!(!finding.rule.is_empty() && finding.version > 0);
    };
    for (_, finding) in &found.intents {
        quoted(finding, text);
    }
    found
        .explicit_request
        .iter()
        .for_each(|finding| quoted(finding, text));
    found
        .distress
        .iter()
        .for_each(|(_, finding)| quoted(finding, text));
    found
        .confusion
        .iter()
        .for_each(|(_, finding)| quoted(finding, text));
    found
        .repeated_question
        .iter()
        .for_each(|finding| quoted(finding, earlier));
    assert_eq!(found, WORDS.classify(text, &[earlier]));
});
