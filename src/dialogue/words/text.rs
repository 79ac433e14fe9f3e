//! From a transcript as it comes to tokens: folded letters, edges of clauses, a bound on all of it.

/// The most bytes of a turn that are considered: of a longer one, half from each end.
pub const MAX_BYTES: usize = 4096;
/// The most tokens of a turn that are considered.
pub const MAX_TOKENS: usize = 1024;
/// Letters of a word beyond this are dropped.
const MAX_LETTERS: usize = 32;

/// What stands before a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge {
    /// White space or nothing.
    #[default]
    None,
    /// A comma, a colon, a bracket, a dash.
    Clause,
    /// The end of a sentence, or of the text.
    Sentence,
}

/// One word, and where in the original it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Lower case, accents and apostrophes as [`fold`] leaves them.
    pub text: String,
    /// Bytes of the original.
    pub from: usize,
    pub to: usize,
    /// What stands before it.
    pub edge: Edge,
}

/// What a letter counts as.
enum Folded {
    Letter(char),
    Apostrophe,
    Nothing,
    Edge(Edge),
}

/// Accents go, as callers' keyboards and recognisers drop them at will.
fn fold(letter: char) -> Folded {
    match letter {
        'a'..='z' | '0'..='9' => Folded::Letter(letter),
        'A'..='Z' => Folded::Letter(letter.to_ascii_lowercase()),
        '\'' | '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{b4}' | '`' => Folded::Apostrophe,
        // Combining marks, zero-width letters, soft hyphens, variation selectors.
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{ad}' | '\u{feff}' | '\u{2060}' => {
            Folded::Nothing
        }
        '\u{fe00}'..='\u{fe0f}' => Folded::Nothing,
        '.' | '!' | '?' | ';' | '\n' | '\r' | '\u{2026}' | '\u{2029}' => {
            Folded::Edge(Edge::Sentence)
        }
        ',' | ':' | '(' | ')' | '"' | '\u{201c}' | '\u{201d}' | '\u{2013}' | '\u{2014}' => {
            Folded::Edge(Edge::Clause)
        }
        // Full-width forms.
        '\u{ff10}'..='\u{ff5a}' => {
            let plain = char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(' ');
            if plain.is_ascii_alphanumeric() {
                Folded::Letter(plain.to_ascii_lowercase())
            } else {
                Folded::Edge(Edge::None)
            }
        }
        _ if letter.is_alphanumeric() => {
            let lower = letter.to_lowercase().next().unwrap_or(letter);
            Folded::Letter(match lower {
                'à'..='å' => 'a',
                'ç' => 'c',
                'è'..='ë' => 'e',
                'ì'..='ï' => 'i',
                'ñ' => 'n',
                'ò'..='ö' | 'ø' => 'o',
                'ù'..='ü' => 'u',
                'ý' | 'ÿ' => 'y',
                other => other,
            })
        }
        _ => Folded::Edge(Edge::None),
    }
}

/// The tokens of `text`, at most [`MAX_TOKENS`] of at most [`MAX_BYTES`].
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    if text.len() <= MAX_BYTES {
        take(text, 0, text.len(), MAX_TOKENS, &mut found);
        return found;
    }
    let mut head = MAX_BYTES / 2;
    while !text.is_char_boundary(head) {
        head -= 1;
    }
    let mut tail = text.len() - MAX_BYTES / 2;
    while !text.is_char_boundary(tail) {
        tail += 1;
    }
    take(text, 0, head, MAX_TOKENS / 2, &mut found);
    take(text, tail, text.len(), MAX_TOKENS, &mut found);
    found
}

/// Appends the tokens of `text[from..to]` until `found` holds `most`.
fn take(text: &str, from: usize, to: usize, most: usize, found: &mut Vec<Token>) {
    let mut edge = Edge::Sentence;
    let mut word = String::new();
    let mut letters = 0;
    let (mut begin, mut end) = (from, from);
    let mut following = text[from..to].char_indices().peekable();
    while let Some((at, letter)) = following.next() {
        let at = from + at;
        let beside = |next: Option<&(usize, char)>| next.is_some_and(|(_, c)| c.is_alphanumeric());
        match fold(letter) {
            Folded::Letter(folded) => {
                if letters == 0 {
                    begin = at;
                }
                letters += 1;
                end = at + letter.len_utf8();
                if letters <= MAX_LETTERS && !stretched(&word, folded) {
                    word.push(folded);
                }
            }
            Folded::Apostrophe if letters > 0 && beside(following.peek()) => word.push('\''),
            Folded::Nothing => {}
            Folded::Apostrophe => finish(&mut word, &mut letters, begin, end, &mut edge, found),
            Folded::Edge(mut next) => {
                finish(&mut word, &mut letters, begin, end, &mut edge, found);
                // 84.50, 1,000 and e.g. are no ends of sentences.
                if matches!(letter, '.' | ',' | ':') && beside(following.peek()) {
                    next = Edge::None;
                }
                edge = edge.max(next);
            }
        }
        if found.len() >= most {
            return;
        }
    }
    finish(&mut word, &mut letters, begin, end, &mut edge, found);
    found.truncate(most);
}

fn finish(
    word: &mut String,
    letters: &mut usize,
    from: usize,
    to: usize,
    edge: &mut Edge,
    found: &mut Vec<Token>,
) {
    if *letters > 0 {
        found.push(Token {
            text: squeeze(std::mem::take(word)),
            from,
            to,
            edge: std::mem::take(edge),
        });
    }
    word.clear();
    *letters = 0;
}

/// A fourth of the same letter adds nothing.
fn stretched(word: &str, next: char) -> bool {
    let mut last = word.chars().rev();
    next.is_alphabetic() && (0..3).all(|_| last.next() == Some(next))
}

/// `pleeease` is `please`: three of a letter in a row are one, but not where there is no other.
fn squeeze(word: String) -> String {
    let letters: Vec<char> = word.chars().collect();
    if letters.iter().all(|letter| *letter == letters[0]) {
        return word;
    }
    let mut squeezed = String::with_capacity(word.len());
    let mut at = 0;
    while at < letters.len() {
        let same = letters[at..]
            .iter()
            .take_while(|c| **c == letters[at])
            .count();
        let kept = if same >= 3 && letters[at].is_alphabetic() {
            1
        } else {
            same
        };
        squeezed.extend(std::iter::repeat_n(letters[at], kept));
        at += same;
    }
    squeezed
}

/// The original words from token `from` up to token `to`, cut at `most` bytes.
pub(super) fn quote(text: &str, tokens: &[Token], most: usize) -> String {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return String::new();
    };
    let mut to = last.to.max(first.to).min(first.from + most);
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    text[first.from..to].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn letters_are_folded_and_apostrophes_are_one() {
        assert_eq!(words("I\u{2019}m José — NAÏVE"), ["i'm", "jose", "naive"]);
        assert_eq!(words("J\u{301}e\u{301} ｈｅｌｌｏ"), ["je", "hello"]);
        assert_eq!(
            words("'quoted' rock 'n' roll"),
            ["quoted", "rock", "n", "roll"]
        );
    }

    #[test]
    fn stretched_words_shrink() {
        assert_eq!(words("pleeeeease helllllp meee"), ["please", "help", "me"]);
        assert_eq!(words("call 1000 good"), ["call", "1000", "good"]);
        assert_eq!(words("bbb"), ["bbb"]);
    }

    #[test]
    fn edges_of_sentences_and_clauses_are_kept() {
        let edges: Vec<Edge> = tokens("no, stop. it is 84.50 now")
            .iter()
            .map(|t| t.edge)
            .collect();
        let (n, c, s) = (Edge::None, Edge::Clause, Edge::Sentence);
        assert_eq!(edges, [s, c, s, n, n, n, n]);
    }

    #[test]
    fn a_long_turn_is_read_from_both_ends() {
        let long = format!("first {} last", "é filler, ".repeat(100_000));
        let found = tokens(&long);
        assert!(found.len() <= MAX_TOKENS, "{}", found.len());
        assert_eq!(found[0].text, "first");
        assert_eq!(found[found.len() - 1].text, "last");
        assert_eq!(tokens(&"a ".repeat(2000)).len(), MAX_TOKENS);
        assert_eq!(tokens(&"x".repeat(4000))[0].text.len(), 3);
        assert_eq!(tokens(&"xyz".repeat(1000))[0].text.len(), MAX_LETTERS);
    }

    #[test]
    fn a_quote_is_of_the_original_and_never_splits_a_letter() {
        let text = "Ich möchte: JÉ vous";
        let found = tokens(text);
        assert_eq!(quote(text, &found[1..3], 120), "möchte: JÉ");
        assert_eq!(quote(text, &found[1..3], 2), "m");
        assert_eq!(quote(text, &[], 2), "");
    }
}
