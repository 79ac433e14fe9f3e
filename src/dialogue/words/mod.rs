//! What a caller's words say: rules over tokens, in a language pack.
//!
//! - **Takes** one turn of the caller as text, however messy, and the caller's earlier turns.
//! - **Gives** [`Findings`]: a request for a human, intents that policy reserves for humans,
//!   distress, anger, confusion, a repeated question; each with the rule's name and version and the
//!   caller's own words.
//! - **Remembers** nothing. A turn is bounded: of a text over [`MAX_BYTES`] half is read from each
//!   end, and at most [`MAX_TOKENS`] words of it.
//! - **Source**: the pattern language is this project's own (`pattern.rs`); rules are data
//!   (`packs/en.toml`). `docs/words.md` describes both.

mod findings;
mod matcher;
mod normal;
mod pack;
mod pattern;
mod rephrase;
mod text;

pub use findings::{ConfusionKind, DistressKind, Finding, Findings, PHRASE_BYTES, PolicyIntent};
pub use text::{MAX_BYTES, MAX_TOKENS};

use crate::error::BuildError;
use findings::Label;
use matcher::{Scan, Seen, UNKNOWN};
use pack::{Pack, Rule};
use rephrase::Asked;
use std::collections::{BTreeSet, HashMap};
use text::Token;

/// The embedded English pack.
pub const ENGLISH: &str = include_str!("packs/en.toml");
/// Earlier turns that are considered, counted from the last.
pub const HISTORY: usize = 20;
/// Words before a match that a negative context may span.
const BEFORE: usize = 10;

/// A language pack, ready to classify turns. Share it among calls.
pub struct Words {
    pack: Pack,
}

impl Words {
    /// The embedded English pack.
    ///
    /// # Panics
    /// Never: a unit test reads the same text.
    pub fn english() -> Self {
        match Self::parse("en.toml", ENGLISH) {
            Ok(words) => words,
            Err(error) => unreachable!("the embedded pack is tested: {error}"),
        }
    }

    /// Compiles the language pack `pack`; `file` is its name in errors.
    ///
    /// # Errors
    /// What is wrong in the pack: file, key, value and mend.
    pub fn parse(file: &str, pack: &str) -> Result<Self, BuildError> {
        Pack::parse(file, pack).map(|pack| Self { pack })
    }

    /// The pack's language, as the pack names it.
    pub fn language(&self) -> &str {
        &self.pack.language
    }

    /// The pack's version.
    pub fn version(&self) -> u32 {
        self.pack.version
    }

    /// What `text` says. `history` is the same caller's earlier turns, oldest first; the last
    /// [`HISTORY`] are considered.
    pub fn classify(&self, text: &str, history: &[&str]) -> Findings {
        let tokens = self.pack.writing.tokens(text);
        let mut findings = self.rules(text, &tokens);
        let considered = &history[history.len().saturating_sub(HISTORY)..];
        if considered.is_empty() {
            return findings;
        }
        let asked = self.asked(&tokens);
        for earlier in considered.iter().rev() {
            let before = self.pack.writing.tokens(earlier);
            if self.pack.question.same(&self.asked(&before), &asked) {
                findings.repeated_question = Some(Finding {
                    rule: "same_question".into(),
                    version: self.pack.version,
                    phrase: text::quote(earlier, &before, PHRASE_BYTES),
                });
                break;
            }
        }
        findings
    }

    fn rules(&self, text: &str, tokens: &[Token]) -> Findings {
        let pack = &self.pack;
        let seen: Vec<Seen> = tokens.iter().map(|token| self.seen(token)).collect();
        let mut scan = Scan::new(&seen, &pack.classes);
        // For each label the first of its rules that fired, and where.
        let mut fired: [Option<(usize, usize, usize)>; SLOTS] = [None; SLOTS];
        // Whether the words around allow a rule, for each sentence in which it matched.
        let mut around: HashMap<(usize, usize), bool> = HashMap::new();
        for (at, here) in seen.iter().enumerate() {
            for (pattern, number) in pack.patterns.beginning(here.word) {
                let rule = &pack.rules[*number];
                let slot = &mut fired[slot(rule.label)];
                if slot.is_some_and(|(earlier, ..)| earlier <= *number) {
                    continue;
                }
                let Some(length) = scan.longest(pattern, at) else {
                    continue;
                };
                if allowed(&mut scan, rule, at, at + length)
                    && *around
                        .entry((*number, scan.sentence_begin(at)))
                        .or_insert_with(|| allowed_around(&mut scan, rule, at))
                {
                    *slot = Some((*number, at, at + length));
                }
            }
        }
        let mut findings = Findings::default();
        for (number, from, to) in fired.into_iter().flatten() {
            let rule = &pack.rules[number];
            let finding = Finding {
                rule: rule.name.clone(),
                version: rule.version,
                phrase: text::quote(text, &tokens[from..to], PHRASE_BYTES),
            };
            match rule.label {
                Label::ExplicitRequest => findings.explicit_request = Some(finding),
                Label::Intent(intent) => findings.intents.push((intent, finding)),
                Label::Distress(kind) => findings.distress = Some((kind, finding)),
                Label::Anger => findings.anger = Some(finding),
                Label::Confusion(kind) => findings.confusion = Some((kind, finding)),
            }
        }
        findings
    }

    /// What a turn asks for.
    fn asked(&self, tokens: &[Token]) -> Asked {
        let pack = &self.pack;
        let seen: Vec<Seen> = tokens.iter().map(|token| self.seen(token)).collect();
        let mut scan = Scan::new(&seen, &pack.classes);
        let mut asks = false;
        let mut found = [BTreeSet::new(), BTreeSet::new()];
        for (at, here) in seen.iter().enumerate() {
            let mut asking = pack.asking.beginning(here.word);
            asks = asks || asking.any(|(pattern, _)| scan.longest(pattern, at).is_some());
            for (patterns, numbers) in [&pack.topics, &pack.aspects].iter().zip(&mut found) {
                for (pattern, number) in patterns.beginning(here.word) {
                    if !numbers.contains(number) && scan.longest(pattern, at).is_some() {
                        numbers.insert(*number);
                    }
                }
            }
        }
        pack.question.asked(asks, found, tokens)
    }

    fn seen(&self, token: &Token) -> Seen {
        let word = self.pack.vocabulary.get(&token.text);
        Seen {
            word: word.copied().unwrap_or(UNKNOWN),
            number: token.text.bytes().any(|byte| byte.is_ascii_digit()),
            edge: token.edge,
        }
    }
}

/// A label's place among those that can fire at once.
fn slot(label: Label) -> usize {
    match label {
        Label::ExplicitRequest => 0,
        Label::Intent(intent) => 1 + intent as usize,
        Label::Distress(_) => SLOTS - 3,
        Label::Anger => SLOTS - 2,
        Label::Confusion(_) => SLOTS - 1,
    }
}

const SLOTS: usize = PolicyIntent::ALL.len() + 4;

/// Whether what stands before and after allows a match of `rule` from token `from` up to token `to`.
fn allowed(scan: &mut Scan<'_>, rule: &Rule, from: usize, to: usize) -> bool {
    let (begin, end) = (scan.sentence_begin(from), scan.sentence_end(from));
    for at in begin.max(from.saturating_sub(BEFORE))..from {
        let ends_here = 1 << (from - at);
        if rule
            .not_before
            .iter()
            .any(|node| scan.lengths(node, at) & ends_here > 0)
        {
            return false;
        }
    }
    if to < end
        && rule
            .not_after
            .iter()
            .any(|node| scan.longest(node, to).is_some())
    {
        return false;
    }
    true
}

/// Whether the sentence of token `at` and the turn allow `rule`, wherever in the sentence it matches.
fn allowed_around(scan: &mut Scan<'_>, rule: &Rule, at: usize) -> bool {
    let (begin, end) = (scan.sentence_begin(at), scan.sentence_end(at));
    let turn = scan.len();
    !scan.stands(&rule.not_within, begin, end)
        && !scan.stands(&rule.not_anywhere, 0, turn)
        && (rule.with.is_empty() || scan.stands(&rule.with, 0, turn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_pack_is_read() {
        let words = Words::parse("en.toml", ENGLISH).unwrap();
        assert_eq!(words.language(), "en");
        assert!(words.version() >= 1);
    }

    #[test]
    fn words_are_shared_among_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Words>();
    }
}
