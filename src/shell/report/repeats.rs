//! Whether a caller had to say again what the payload already held. `docs/metrics.md` defines it.
//!
//! English only. The lists are short and literal on purpose: the figure is a floor, and anybody can
//! read off why a call counted.

use crate::dialogue::Speaker;
use crate::shell::store::StoredTurn;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// How long after the connection is looked at, milliseconds.
pub const WINDOW_MS: i64 = 60_000;
/// Content words that a turn needs before it can be a repetition.
const LEAST_WORDS: usize = 5;
/// The share of a turn's content words that one earlier turn must hold.
const SAME: f64 = 0.6;

/// How something was asked or said again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// The human asked for what a filled field of the payload held.
    HumanAsked,
    /// The caller said that they had said it before.
    CallerComplained,
    /// The caller said what an earlier turn or the intent already says.
    CallerSaidAgain,
}

/// What a human says who has not read the field.
const ASKED: [(&str, &[&str]); 3] = [
    (
        "identity",
        &[
            "what is your name",
            "what's your name",
            "have your name",
            "get your name",
            "tell me your name",
            "give me your name",
            "who am i speaking",
            "who am i talking",
            "what is your account number",
            "what's your account number",
            "have your account number",
            "get your account number",
            "tell me your account number",
            "give me your account number",
            "have your customer number",
            "what is your customer number",
        ],
    ),
    (
        "intent",
        &[
            "how can i help",
            "how may i help",
            "what can i do for you",
            "what can i help",
            "what is this about",
            "what's this about",
            "are you calling about",
            "reason for your call",
            "what is the problem",
            "what's the problem",
            "what is the issue",
            "what's the issue",
            "what seems to be",
        ],
    ),
    (
        "actions",
        &[
            "what have you tried",
            "have you already tried",
            "have you tried",
            "did you already try",
        ],
    ),
];

/// What a caller says who is tired of it.
const COMPLAINTS: [&str; 16] = [
    "already told",
    "already said",
    "already explained",
    "already gave",
    "just told",
    "just said",
    "just explained",
    "just gave",
    "like i said",
    "as i said",
    "i told you",
    "i told the",
    "how many times",
    "repeat myself",
    "explain again",
    "everything again",
];

const EMPTY_WORDS: [&str; 44] = [
    "the", "and", "for", "that", "this", "with", "you", "your", "was", "were", "are", "have",
    "has", "had", "but", "not", "they", "them", "there", "their", "what", "when", "from", "can",
    "could", "would", "will", "just", "its", "i'm", "it's", "get", "got", "did", "does", "don't",
    "about", "been", "because", "yes", "yeah", "okay", "please", "want",
];

/// The ways in which something was asked or said again in `turns` within a minute of
/// `connected_ms`, given the payload of that moment. None where no turn of that minute is known.
pub fn repeats(
    payload: &Value,
    turns: &[StoredTurn],
    connected_ms: i64,
) -> Option<BTreeSet<Repeat>> {
    let window = connected_ms..connected_ms.saturating_add(WINDOW_MS);
    let mut first = turns
        .iter()
        .filter(|it| window.contains(&it.at_ms))
        .peekable();
    first.peek()?;
    let earlier = earlier(payload);
    let mut found = BTreeSet::new();
    for turn in first {
        let text = spaced(&turn.text);
        let has = |phrase: &&str| text.contains(&format!(" {phrase} "));
        match turn.speaker {
            Speaker::Human => {
                let mut held = ASKED.iter().filter(|(field, _)| is_filled(payload, field));
                if held.any(|(_, phrases)| phrases.iter().any(has)) {
                    found.insert(Repeat::HumanAsked);
                }
            }
            Speaker::Caller => {
                if COMPLAINTS.iter().any(has) {
                    found.insert(Repeat::CallerComplained);
                }
                let words = content(&turn.text);
                let again = |before: &BTreeSet<String>| {
                    words.intersection(before).count() as f64 >= SAME * words.len() as f64
                };
                if words.len() >= LEAST_WORDS && earlier.iter().any(again) {
                    found.insert(Repeat::CallerSaidAgain);
                }
            }
            Speaker::Agent => {}
        }
    }
    Some(found)
}

fn is_filled(payload: &Value, field: &str) -> bool {
    payload["fields"][field] == "filled"
}

/// The content words of each of the caller's turns in the payload, and of the intent.
fn earlier(payload: &Value) -> Vec<BTreeSet<String>> {
    let turns = payload["transcript"].as_array().into_iter().flatten();
    let caller = turns.filter(|turn| turn["speaker"] == "caller");
    let texts = caller.filter_map(|turn| turn["text"].as_str());
    texts
        .chain(payload["intent"]["summary"].as_str())
        .map(content)
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let text = text.to_lowercase().replace('’', "'");
    let parts: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|it| it.trim_matches('\'').to_owned())
        .filter(|it| !it.is_empty())
        .collect();
    parts.into_iter()
}

/// The words with one space around each.
fn spaced(text: &str) -> String {
    words(text).fold(" ".to_owned(), |line, word| line + &word + " ")
}

fn content(text: &str) -> BTreeSet<String> {
    let long = words(text).filter(|it| it.chars().count() >= 3);
    long.filter(|it| !EMPTY_WORDS.contains(&it.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn payload() -> Value {
        json!({
            "fields": { "identity": "filled", "intent": "filled", "actions": "missing" },
            "intent": { "name": "dispute", "summary": "Dispute a charge of $84.50" },
            "transcript": [
                { "speaker": "caller", "text": "There is a charge of eighty four dollars from Northwind on my credit card" },
                { "speaker": "agent", "text": "Could you say which vendor charged your card last Tuesday morning" },
            ],
        })
    }

    fn found(turns: &[(i64, Speaker, &str)]) -> Option<Vec<Repeat>> {
        let turns: Vec<StoredTurn> = turns
            .iter()
            .map(|(at_ms, speaker, text)| StoredTurn {
                call_id: "a".to_owned(),
                at_ms: *at_ms,
                speaker: *speaker,
                text: (*text).to_owned(),
            })
            .collect();
        repeats(&payload(), &turns, 1_000).map(|it| it.into_iter().collect())
    }

    use Speaker::{Agent, Caller, Human};

    #[test]
    fn a_human_who_asks_for_a_filled_field_counts_and_for_a_missing_one_does_not() {
        let asked = Some(vec![Repeat::HumanAsked]);
        assert_eq!(found(&[(1_000, Human, "Hi! Who am I speaking to?")]), asked);
        assert_eq!(found(&[(60_999, Human, "So, what’s the problem?")]), asked);
        assert_eq!(
            found(&[(2_000, Human, "What have you tried so far?")]),
            Some(vec![])
        );
        assert_eq!(
            found(&[(2_000, Human, "Hello Ana, I see the charge of $84.50.")]),
            Some(vec![])
        );
    }

    #[test]
    fn a_caller_who_says_it_again_counts() {
        let again = "yes a charge of eighty four dollars from Northwind on the card";
        assert_eq!(
            found(&[(2_000, Caller, again)]),
            Some(vec![Repeat::CallerSaidAgain])
        );
        let tired = "I already told the other one";
        assert_eq!(
            found(&[(2_000, Caller, tired)]),
            Some(vec![Repeat::CallerComplained])
        );
        // What the agent said, short answers and new matters are no repetition.
        for fresh in [
            "which vendor charged your card last Tuesday morning",
            "Northwind, yes",
            "thank you, and could somebody also close the savings account tomorrow",
        ] {
            assert_eq!(found(&[(2_000, Caller, fresh)]), Some(vec![]), "{fresh}");
        }
    }

    #[test]
    fn only_the_first_minute_counts_and_silence_is_no_data() {
        let late = "I already told you";
        assert_eq!(found(&[(61_000, Caller, late)]), None);
        assert_eq!(found(&[(999, Caller, late)]), None);
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[(2_000, Agent, late)]), Some(vec![]));
    }
}
