//! Secrets that the words before them give away: codes of cards, passwords, PINs, one-time codes.

use super::Span;
use super::numbers::{Token, atoms, tokens};

/// What stands for a secret.
pub const SECRET: &str = "[secret]";

/// Words that may stand between a secret's name and the secret.
const LINKS: [&str; 9] = [
    "is", "was", "it's", "it’s", "its", "are", "equals", "number", "code",
];
/// Words after `password is` that tell of the password and are none.
const NO_SECRET: [&str; 40] = [
    "a",
    "an",
    "and",
    "always",
    "being",
    "blocked",
    "case",
    "changed",
    "correct",
    "different",
    "expired",
    "fine",
    "forgotten",
    "gone",
    "in",
    "incorrect",
    "invalid",
    "just",
    "locked",
    "lost",
    "missing",
    "my",
    "no",
    "not",
    "ok",
    "okay",
    "on",
    "required",
    "reset",
    "right",
    "saved",
    "something",
    "still",
    "that",
    "the",
    "too",
    "what",
    "working",
    "wrong",
    "very",
];

/// Whether an argument of this name is a secret whatever its value.
pub fn is_name(name: &str) -> bool {
    let name = name.to_lowercase();
    let parts = name.split(['_', '-', ' ', '.']);
    let whole = |part: &str| {
        matches!(
            part,
            "password"
                | "passcode"
                | "passphrase"
                | "pin"
                | "cvv"
                | "cvc"
                | "otp"
                | "secret"
                | "token"
                | "apikey"
        )
    };
    parts.into_iter().any(whole) || name.contains("api_key") || name.contains("password")
}

/// Three or four digits after what the code of a card is called.
pub fn card_codes(text: &str) -> Vec<Span> {
    let tokens = tokens(text);
    let names = |at: usize| {
        let word = |n: usize| tokens.get(at + n).map(|t| t.word.as_str());
        match word(0)? {
            "cvv" | "cvc" | "cvv2" | "cvc2" => Some(1),
            "security" if word(1) == Some("code") => Some(2),
            _ => None,
        }
    };
    let fits = |digits: usize| (3..=4).contains(&digits);
    named_numbers(&tokens, names, fits, "[card code]")
}

/// Passwords, PINs and one-time codes after their names.
pub fn find(text: &str) -> Vec<Span> {
    let tokens = tokens(text);
    let names = |at: usize| {
        let word = |n: usize| tokens.get(at + n).map(|t| t.word.as_str());
        match (word(0)?, word(1)) {
            ("pin" | "otp" | "passcode", _) => Some(1),
            ("verification" | "access" | "authentication" | "login" | "sms", Some("code")) => {
                Some(2)
            }
            ("one", Some("time")) if matches!(word(2), Some("code" | "password" | "passcode")) => {
                Some(3)
            }
            ("code", Some("you" | "they" | "i")) => {
                let sent = (2..6).find(|n| {
                    matches!(
                        word(*n),
                        Some("sent" | "texted" | "got" | "received" | "gave")
                    )
                })?;
                Some(sent + 1 + usize::from(word(sent + 1) == Some("me")))
            }
            _ => None,
        }
    };
    let fits = |digits: usize| (3..=10).contains(&digits);
    let mut spans = named_numbers(&tokens, names, fits, SECRET);
    spans.extend(passwords(text, &tokens));
    spans.sort_by_key(|span| span.from);
    spans.dedup_by(|later, earlier| later.from < earlier.to);
    spans
}

/// Numbers of a fitting length after a name, with nothing but links between. `names` gives how many
/// tokens the name at a place has.
fn named_numbers(
    tokens: &[Token],
    names: impl Fn(usize) -> Option<usize>,
    fits: impl Fn(usize) -> bool,
    instead: &str,
) -> Vec<Span> {
    let atoms = atoms(tokens);
    let mut spans: Vec<Span> = Vec::new();
    for at in 0..tokens.len() {
        let Some(length) = names(at) else {
            continue;
        };
        let mut place = at + length;
        let link = |token: &Token| LINKS.contains(&token.word.as_str());
        while tokens.get(place).is_some_and(link) {
            place += 1;
        }
        let Some(token) = tokens.get(place) else {
            continue;
        };
        let Some(first) = atoms.iter().position(|atom| atom.from == token.from) else {
            continue;
        };
        let end = (first + 1..atoms.len()).find(|next| !atoms[*next].follows);
        let run = &atoms[first..end.unwrap_or(atoms.len())];
        let digits = run.iter().map(|atom| atom.digits.len()).sum();
        let overlaps = spans.last().is_some_and(|before| token.from < before.to);
        if fits(digits) && !overlaps {
            spans.push(Span {
                from: token.from,
                to: run[run.len() - 1].to,
                instead: instead.to_owned(),
            });
        }
    }
    spans
}

/// The word after `password is`, and the numbers right after it. Passwords have signs in them, so
/// the word goes up to the next blank; the sign that ends a clause stays.
fn passwords(text: &str, tokens: &[Token]) -> Vec<Span> {
    let mut spans = Vec::new();
    let atoms = atoms(tokens);
    for (at, token) in tokens.iter().enumerate() {
        let name = matches!(token.word.as_str(), "password" | "passphrase" | "passcode");
        let after = text[token.to..].trim_start();
        let linked = after.starts_with([':', '=']);
        let verb = tokens
            .get(at + 1)
            .filter(|t| matches!(t.word.as_str(), "is" | "was" | "equals"));
        let from = match (name, linked, verb) {
            (true, true, _) => text.len() - after.len() + 1,
            (true, false, Some(verb)) => verb.to,
            _ => continue,
        };
        let value = text[from..].trim_start();
        let from = text.len() - value.len();
        let word = value.split_whitespace().next().unwrap_or("");
        let word = word.trim_end_matches(['.', ',', ';', '?', ')', '"', '”']);
        let low = word.to_lowercase();
        let plain = low.trim_end_matches(['\'', '!']);
        if word.is_empty() || word.starts_with('[') || NO_SECRET.contains(&plain) {
            continue;
        }
        let mut to = from + word.len();
        while let Some(atom) = atoms.iter().find(|atom| atom.from > to)
            && text[to..atom.from].chars().all(|c| c == ' ' || c == '-')
        {
            to = atom.to;
        }
        spans.push(Span {
            from,
            to,
            instead: SECRET.to_owned(),
        });
    }
    spans
}
