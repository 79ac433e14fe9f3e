//! Tokens as rules expect them: contractions taken apart, fillers gone, common misspellings mended,
//! stutters said once.

use super::text::{self, Token};
use std::collections::{HashMap, HashSet};

/// Longest stutter, words: `I want to I want to`.
const STUTTER: usize = 3;
/// Shortest word that is mended.
const MENDED_FROM: usize = 5;
/// Words of so many letters may have two errors.
const TWO_ERRORS_FROM: usize = 9;

/// The words written, and those meant.
pub(super) type Rewrite = (Vec<String>, Vec<String>);

/// What a language pack says about writing.
#[derive(Clone, Debug, Default)]
pub(super) struct Writing {
    /// By first word, longest first.
    pub rewrites: HashMap<String, Vec<Rewrite>>,
    /// Endings such as `n't`, and the word that they stand for, which may be empty.
    pub endings: Vec<(String, String)>,
    /// Words that are worth mending.
    pub mended: Vec<String>,
    /// Words that are right as they are.
    pub known: HashSet<String>,
}

impl Writing {
    /// The tokens of `text`, as rules expect them.
    pub(super) fn tokens(&self, text: &str) -> Vec<Token> {
        let mut tokens = self.take_apart(text::tokens(text));
        for token in &mut tokens {
            if let Some(word) = self.mend(&token.text) {
                word.clone_into(&mut token.text);
            }
        }
        let mut tokens = self.rewrite(tokens);
        say_once(&mut tokens);
        tokens.truncate(text::MAX_TOKENS);
        tokens
    }

    fn take_apart(&self, tokens: Vec<Token>) -> Vec<Token> {
        let mut apart = Vec::with_capacity(tokens.len());
        for mut token in tokens {
            if !token.text.contains('\'') || self.rewrites.contains_key(&token.text) {
                apart.push(token);
                continue;
            }
            let ending = self.endings.iter().find_map(|(ending, word)| {
                let stem = token.text.strip_suffix(ending.as_str())?;
                Some((stem.to_owned(), word))
            });
            let (stem, word) = match ending {
                Some((stem, word)) => (stem, word.as_str()),
                None => (token.text.clone(), ""),
            };
            token.text = stem.replace('\'', "");
            let (from, to) = (token.from, token.to);
            if !token.text.is_empty() {
                apart.push(token);
            }
            if !word.is_empty() {
                let text = word.to_owned();
                let edge = text::Edge::None;
                apart.push(Token {
                    text,
                    from,
                    to,
                    edge,
                });
            }
        }
        apart
    }

    fn rewrite(&self, tokens: Vec<Token>) -> Vec<Token> {
        let mut written = Vec::with_capacity(tokens.len());
        let mut edge = text::Edge::None;
        let mut at = 0;
        while at < tokens.len() {
            edge = edge.max(tokens[at].edge);
            let fits = |key: &[String]| {
                let here = tokens.get(at..at + key.len());
                here.is_some_and(|here| {
                    let same = here
                        .iter()
                        .zip(key)
                        .all(|(token, word)| token.text == *word);
                    same && here[1..].iter().all(|token| token.edge == text::Edge::None)
                })
            };
            let rules = self.rewrites.get(&tokens[at].text);
            let rule = rules.and_then(|rules| rules.iter().find(|(key, _)| fits(key)));
            let Some((key, words)) = rule else {
                let mut token = tokens[at].clone();
                token.edge = std::mem::take(&mut edge);
                written.push(token);
                at += 1;
                continue;
            };
            let (from, to) = (tokens[at].from, tokens[at + key.len() - 1].to);
            for word in words {
                written.push(Token {
                    text: word.clone(),
                    from,
                    to,
                    edge: std::mem::take(&mut edge),
                });
            }
            at += key.len();
        }
        written
    }

    /// The word that was meant, where a word that matters is one or two slips away.
    fn mend(&self, word: &str) -> Option<&String> {
        if word.len() < MENDED_FROM || !word.is_ascii() || self.known.contains(word) {
            return None;
        }
        let near = |meant: &&String| {
            let allowed = 1 + usize::from(meant.len() >= TWO_ERRORS_FROM);
            meant.as_bytes()[0] == word.as_bytes()[0]
                && meant.len().abs_diff(word.len()) <= allowed
                && slips(word.as_bytes(), meant.as_bytes()) <= allowed
        };
        self.mended.iter().find(near)
    }
}

/// Drops what is said again at once, up to [`STUTTER`] words.
fn say_once(tokens: &mut Vec<Token>) {
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens.drain(..) {
        kept.push(token);
        for words in (1..=STUTTER).rev() {
            let Some(first) = kept.len().checked_sub(2 * words) else {
                continue;
            };
            let (before, again) = kept[first..].split_at(words);
            let same = before.iter().zip(again).all(|(a, b)| a.text == b.text);
            let letters = again
                .iter()
                .all(|t| !t.text.bytes().any(|b| b.is_ascii_digit()));
            let sentence = again.iter().any(|t| t.edge == text::Edge::Sentence);
            if same && letters && !sentence {
                kept.truncate(first + words);
                break;
            }
        }
    }
    *tokens = kept;
}

/// Letters left out, added, changed or swapped: the optimal string alignment distance.
fn slips(a: &[u8], b: &[u8]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, y) in b.iter().enumerate() {
            row[j + 1] = (last[j] + usize::from(x != y))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writing() -> Writing {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let rewrite = |key: &str, value: &str| {
            let value = if value.is_empty() {
                vec![]
            } else {
                words(value)
            };
            (words(key)[0].clone(), vec![(words(key), value)])
        };
        Writing {
            rewrites: [rewrite("dont", "do not"), rewrite("you know", "")].into(),
            endings: vec![("n't".into(), "not".into()), ("'s".into(), String::new())],
            mended: words("representative agent"),
            known: ["agents".to_owned()].into(),
        }
    }

    fn normal(text: &str) -> String {
        let words = writing().tokens(text).into_iter().map(|t| t.text);
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn contractions_fillers_and_misspellings() {
        assert_eq!(normal("I dont, you know, doesn't"), "i do not does not");
        assert_eq!(
            normal("the bank's agnet and reprasentitive"),
            "the bank agent and representative"
        );
        assert_eq!(normal("agents urgent"), "agents urgent");
        assert_eq!(normal("o'clock"), "oclock");
    }

    #[test]
    fn a_stutter_is_said_once_but_not_a_number_or_a_new_sentence() {
        assert_eq!(normal("I I want to want to, I want to go"), "i want to go");
        assert_eq!(normal("I want to I want to go"), "i want to go");
        assert_eq!(normal("one 5 5 5"), "one 5 5 5");
        assert_eq!(normal("no. no"), "no no");
    }

    #[test]
    fn an_edge_survives_a_filler_and_an_expansion() {
        let tokens = writing().tokens("stop. you know dont");
        let edges: Vec<_> = tokens.iter().map(|t| t.edge).collect();
        use text::Edge::{None, Sentence};
        assert_eq!(edges, [Sentence, Sentence, None]);
        assert_eq!((tokens[1].from, tokens[2].to), (15, 19));
    }

    #[test]
    fn slips_are_counted() {
        for (a, b, count) in [
            ("agent", "agent", 0),
            ("agnet", "agent", 1),
            ("aget", "agent", 1),
            ("", "abc", 3),
            ("ca", "abc", 3),
        ] {
            assert_eq!(slips(a.as_bytes(), b.as_bytes()), count, "{a} {b}");
        }
    }
}
