//! Numbers whose own digits say what they are: cards, bank accounts, social security numbers.

use super::Span;
use super::numbers::{Atom, atoms, runs, tokens};

/// Card numbers, written or spoken.
pub fn cards(text: &str) -> Vec<Span> {
    let atoms = atoms(&tokens(text));
    let mut spans = Vec::new();
    for run in runs(&atoms) {
        let mut at = 0;
        while at < run.len() {
            let Some(length) = longest(&run[at..], 19, is_card) else {
                at += 1;
                continue;
            };
            let digits = joined(&run[at..at + length]);
            spans.push(Span {
                from: run[at].from,
                to: run[at + length - 1].to,
                instead: format!("[card ending {}]", &digits[digits.len() - 4..]),
            });
            at += length;
        }
    }
    spans
}

/// How many atoms the longest beginning of `run` has that is `wanted`.
fn longest(run: &[Atom], most: usize, wanted: fn(&str) -> bool) -> Option<usize> {
    let mut digits = String::new();
    let mut found = None;
    for (place, atom) in run.iter().enumerate() {
        digits.push_str(&atom.digits);
        if digits.len() > most {
            break;
        }
        if wanted(&digits) {
            found = Some(place + 1);
        }
    }
    found
}

fn joined(atoms: &[Atom]) -> String {
    atoms.iter().map(|atom| atom.digits.as_str()).collect()
}

/// An issuer that gives numbers of this length, and the right check digit.
fn is_card(digits: &str) -> bool {
    let length = digits.len();
    let begins = |n: usize| digits.get(..n).and_then(|d| d.parse::<u32>().ok());
    let (Some(two), Some(three), Some(four)) = (begins(2), begins(3), begins(4)) else {
        return false;
    };
    let issued = match (two, three, four) {
        (40..=49, ..) => matches!(length, 13 | 16 | 19),
        (51..=55, ..) | (_, _, 2221..=2720) => length == 16,
        (34 | 37, ..) => length == 15,
        (36 | 38 | 39, ..) | (_, 300..=305 | 309, _) => (14..=19).contains(&length),
        (_, _, 3528..=3589) => (16..=19).contains(&length),
        // Discover, UnionPay, Maestro and their neighbours.
        (50 | 56..=69 | 81, ..) => (16..=19).contains(&length),
        _ => false,
    };
    issued && luhn(digits)
}

/// ISO/IEC 7812-1, annex B.
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            match (place % 2, digit * 2) {
                (0, _) => digit,
                (_, twice) if twice > 9 => twice - 9,
                (_, twice) => twice,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Social security numbers: 3-2-4 digits as they are written, or nine after their words.
pub fn ssns(text: &str) -> Vec<Span> {
    let tokens = tokens(text);
    let atoms = atoms(&tokens);
    let mut spans = Vec::new();
    for run in runs(&atoms) {
        let mut before = tokens
            .iter()
            .rev()
            .skip_while(|t| t.from >= run[0].from)
            .take(4);
        let called = before.any(|t| matches!(t.word.as_str(), "ssn" | "social" | "security"));
        let mut at = 0;
        while at < run.len() {
            let length = match written(&run[at..]) {
                true => Some(3),
                false if called => longest(&run[at..], 9, is_ssn),
                false => None,
            };
            let Some(length) = length else {
                at += 1;
                continue;
            };
            spans.push(Span {
                from: run[at].from,
                to: run[at + length - 1].to,
                instead: "[SSN]".to_owned(),
            });
            at += length;
        }
    }
    spans
}

/// Three groups of 3, 2 and 4 written digits.
fn written(run: &[Atom]) -> bool {
    run.get(..3).is_some_and(|three| {
        let mut groups = three.iter().zip([3, 2, 4]);
        groups.all(|(atom, n)| atom.digits.len() == n && atom.to - atom.from == n)
            && is_ssn(&joined(three))
    })
}

fn is_ssn(digits: &str) -> bool {
    let part = |range: std::ops::Range<usize>| digits.get(range);
    digits.len() == 9
        && !matches!(part(0..3), Some("000" | "666"))
        && !digits.starts_with('9')
        && part(3..5) != Some("00")
        && part(5..9) != Some("0000")
}

/// Bank accounts with two letters of a country and two check digits before them.
pub fn ibans(text: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let bytes = text.as_bytes();
    let mut from = 0;
    while from + 15 <= bytes.len() {
        let begins = bytes[from..from + 2].iter().all(u8::is_ascii_alphabetic)
            && bytes[from + 2..from + 4].iter().all(u8::is_ascii_digit)
            && (from == 0 || !bytes[from - 1].is_ascii_alphanumeric());
        match begins.then(|| iban(&bytes[from..])).flatten() {
            Some(length) => {
                spans.push(Span {
                    from,
                    to: from + length,
                    instead: "[IBAN]".to_owned(),
                });
                from += length;
            }
            None => from += 1,
        }
    }
    spans
}

/// How many bytes the longest account has that `bytes` begin with; blanks and dashes inside it
/// count for nothing.
fn iban(bytes: &[u8]) -> Option<usize> {
    let (mut symbols, mut found) = (Vec::new(), None);
    for (place, &byte) in bytes.iter().enumerate() {
        match byte {
            b' ' | b'-' => continue,
            _ if byte.is_ascii_alphanumeric() && symbols.len() < 34 => {
                symbols.push(byte.to_ascii_uppercase());
            }
            _ => break,
        }
        let ends = bytes
            .get(place + 1)
            .is_none_or(|next| !next.is_ascii_alphanumeric());
        if ends && symbols.len() >= 15 && mod_97(&symbols) == 1 {
            found = Some(place + 1);
        }
    }
    found
}

/// ISO 13616-1: the first four symbols to the end, letters as 10 to 35, modulo 97.
fn mod_97(symbols: &[u8]) -> u32 {
    let turned = symbols[4..].iter().chain(&symbols[..4]);
    turned.fold(0, |rest, &symbol| match symbol {
        b'0'..=b'9' => (rest * 10 + u32::from(symbol - b'0')) % 97,
        _ => (rest * 100 + u32::from(symbol - b'A') + 10) % 97,
    })
}
