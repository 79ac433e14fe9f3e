//! The pattern language: what a rule's line means.
//!
//! | written | matches |
//! |---|---|
//! | `word` | that word |
//! | `word~` | the word and its inflected forms |
//! | `a\|b~\|@c` | one of these elements, outside brackets |
//! | `@name` | anything that the class `name` matches |
//! | `x?` | `x` or nothing |
//! | `(a b \| c)` | one of these sequences |
//! | `<3>` | up to three words, whatever they are |
//! | `_` | any one word |
//! | `#` | any one word with a digit |
//! | `^`, `$` | nothing, at the beginning, the end of a clause |
//! | `^^`, `$$` | nothing, at the beginning, the end of the turn |
//!
//! No match crosses the end of a sentence.

/// Most words that a gap may skip.
const MAX_GAP: u8 = 16;
/// Deepest nesting of brackets.
const MAX_DEPTH: usize = 8;

/// A pattern as written, before its words have numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// One word; `true` with its inflected forms.
    Word(String, bool),
    /// A class by name.
    Class(String),
    /// One after the other.
    Seq(Vec<Node>),
    /// One of these.
    Alt(Vec<Node>),
    /// This or nothing.
    Maybe(Box<Node>),
    /// Up to so many words.
    Gap(u8),
    /// Any word.
    Any,
    /// Any word with a digit.
    Number,
    /// Beginning of a clause; `true` for the turn's.
    Begin(bool),
    /// End of a clause; `true` for the turn's.
    End(bool),
}

/// Reads a pattern.
///
/// # Errors
/// What is wrong, and how to mend it.
pub(super) fn parse(pattern: &str) -> Result<Node, String> {
    let mut spaced = String::with_capacity(2 * pattern.len());
    let mut open = 0;
    for letter in pattern.chars() {
        match letter {
            '(' => {
                open += 1;
                spaced.push_str(" ( ");
            }
            ')' => {
                open -= 1;
                spaced.push_str(" ) ");
            }
            '|' if open > 0 => spaced.push_str(" | "),
            other => spaced.push(other),
        }
    }
    let spaced = spaced.replace(") ?", ")?");
    let lexemes: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let node = alternatives(&lexemes, &mut at, 0)?;
    if at < lexemes.len() {
        return Err("a bracket is closed that was not opened".into());
    }
    Ok(node)
}

/// Sequences between bars, up to the closing bracket or the end.
fn alternatives(lexemes: &[&str], at: &mut usize, depth: usize) -> Result<Node, String> {
    if depth > MAX_DEPTH {
        return Err(format!("brackets are nested deeper than {MAX_DEPTH}"));
    }
    let mut all = Vec::new();
    let mut sequence = Vec::new();
    while let Some(&lexeme) = lexemes.get(*at) {
        match lexeme {
            ")" | ")?" => break,
            "|" => {
                all.push(closed(std::mem::take(&mut sequence))?);
                *at += 1;
            }
            "(" => {
                *at += 1;
                let inner = alternatives(lexemes, at, depth + 1)?;
                match lexemes.get(*at) {
                    Some(&")") => sequence.push(inner),
                    Some(&")?") => sequence.push(Node::Maybe(Box::new(inner))),
                    _ => return Err("a bracket is not closed".into()),
                }
                *at += 1;
            }
            other => {
                sequence.push(element(other)?);
                *at += 1;
            }
        }
    }
    all.push(closed(sequence)?);
    Ok(match all.len() {
        1 => all.swap_remove(0),
        _ => Node::Alt(all),
    })
}

fn closed(mut sequence: Vec<Node>) -> Result<Node, String> {
    match sequence.len() {
        0 => Err("there is nothing between two bars or brackets, or in the pattern".into()),
        1 => Ok(sequence.swap_remove(0)),
        _ => Ok(Node::Seq(sequence)),
    }
}

fn element(lexeme: &str) -> Result<Node, String> {
    match lexeme {
        "_" => return Ok(Node::Any),
        "^" | "^^" => return Ok(Node::Begin(lexeme.len() == 2)),
        "$" | "$$" => return Ok(Node::End(lexeme.len() == 2)),
        _ => {}
    }
    if let Some(gap) = lexeme.strip_prefix('<').and_then(|l| l.strip_suffix('>')) {
        let most: Option<u8> = gap.parse().ok().filter(|most| (1..=MAX_GAP).contains(most));
        let wrong = || format!("`{lexeme}` is no gap: give <1> to <{MAX_GAP}>");
        return most.map(Node::Gap).ok_or_else(wrong);
    }
    let (body, optional) = match lexeme.strip_suffix('?') {
        Some(body) => (body, true),
        None => (lexeme, false),
    };
    let mut choices = body.split('|').map(one).collect::<Result<Vec<_>, _>>()?;
    let node = match choices.len() {
        1 => choices.swap_remove(0),
        _ => Node::Alt(choices),
    };
    Ok(match optional {
        true => Node::Maybe(Box::new(node)),
        false => node,
    })
}

fn one(word: &str) -> Result<Node, String> {
    if word == "#" {
        return Ok(Node::Number);
    }
    if let Some(class) = word.strip_prefix('@') {
        return Ok(Node::Class(class.to_owned()));
    }
    let (stem, inflected) = match word.strip_suffix('~') {
        Some(stem) => (stem, true),
        None => (word, false),
    };
    if stem.is_empty()
        || !stem
            .chars()
            .all(|c| c.is_alphanumeric() && !c.is_uppercase())
    {
        return Err(format!(
            "`{word}` is no word: lower-case letters and digits, with ~ for its inflected forms"
        ));
    }
    Ok(Node::Word(stem.to_owned(), inflected))
}

/// A word and its forms: each suffix appended, and with a final `e` dropped, a final consonant
/// doubled, a final `y` as `ie`. Forms that nobody says do no harm.
pub(super) fn forms(stem: &str, suffixes: &[String]) -> Vec<String> {
    let mut all = vec![stem.to_owned()];
    let last = stem.chars().next_back().unwrap_or(' ');
    let vowel = |letter: char| "aeiou".contains(letter);
    for suffix in suffixes {
        all.push(format!("{stem}{suffix}"));
        if let Some(short) = stem.strip_suffix('e') {
            all.push(format!("{short}{suffix}"));
        }
        if let Some(short) = stem.strip_suffix('y') {
            all.push(format!("{short}ie{suffix}"));
            all.push(format!("{short}i{suffix}"));
        }
        if !vowel(last) && suffix.starts_with(vowel) {
            all.push(format!("{stem}{last}{suffix}"));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Node {
        Node::Word(text.into(), false)
    }

    #[test]
    fn every_element_is_read() {
        assert_eq!(
            parse("^ want to? (talk~ | speak|speaks to|@reach) <3> _ a|# $$"),
            Ok(Node::Seq(vec![
                Node::Begin(false),
                word("want"),
                Node::Maybe(Box::new(word("to"))),
                Node::Alt(vec![
                    Node::Word("talk".into(), true),
                    word("speak"),
                    Node::Seq(vec![word("speaks"), word("to")]),
                    Node::Class("reach".into()),
                ]),
                Node::Gap(3),
                Node::Any,
                Node::Alt(vec![word("a"), Node::Number]),
                Node::End(true),
            ]))
        );
        assert_eq!(parse("(a)? b"), parse("a? b"));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        for (pattern, reason) in [
            ("", "nothing"),
            ("( a", "not closed"),
            ("a )", "not opened"),
            ("( a | )", "nothing"),
            ("<0>", "no gap"),
            ("<99>", "no gap"),
            ("<x>", "no gap"),
            ("Agent", "no word"),
            ("can't", "no word"),
            ("~", "no word"),
        ] {
            let error = parse(pattern).unwrap_err();
            assert!(error.contains(reason), "{pattern}: {error}");
        }
        let deep = "(".repeat(20) + "a" + &")".repeat(20);
        assert!(parse(&deep).unwrap_err().contains("nested"), "{deep}");
    }

    #[test]
    fn forms_follow_the_spelling() {
        let suffixes: Vec<String> = ["s", "ed", "ing"].map(String::from).into();
        for (stem, form) in [
            ("talk", "talking"),
            ("close", "closing"),
            ("close", "closed"),
            ("cancel", "cancelled"),
            ("rob", "robbed"),
            ("cry", "cries"),
            ("cry", "cried"),
        ] {
            assert!(forms(stem, &suffixes).contains(&form.to_owned()), "{form}");
        }
    }
}
