//! API keys and bearer tokens: by how their makers begin them, or by the words before them.

use super::Span;

/// Beginnings that the makers of keys gave them.
const BEGINNINGS: [&str; 17] = [
    "sk-",
    "sk_live_",
    "sk_test_",
    "pk_live_",
    "rk_live_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "AIza",
    "eyJ",
    "whsec_",
    "SG.",
];
/// With a known beginning a key has at least so many letters; without one, after its words, fewer.
const LONG: usize = 16;
const SHORT: usize = 8;

/// Keys and tokens.
pub fn find(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut before = [""; 3];
    for word in text.split_whitespace() {
        let from = word.as_ptr() as usize - text.as_ptr() as usize;
        let trimmed = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let inside = trimmed.as_ptr() as usize - word.as_ptr() as usize;
        let called = |names: &[&str], place: usize| {
            let name = before[place].trim_matches(|c: char| !c.is_ascii_alphanumeric());
            names.iter().any(|known| name.eq_ignore_ascii_case(known))
        };
        let begun = trimmed.len() >= LONG && BEGINNINGS.iter().any(|b| trimmed.starts_with(b));
        let bearer = trimmed.len() >= LONG && called(&["bearer"], 2);
        let linked = called(&["is", "was"], 2) && called(&["key", "token", "secret"], 1);
        let linked = linked && called(&["api", "access", "client"], 0);
        let colon = before[2].ends_with([':', '=']);
        let named =
            called(&["key", "token", "secret"], 2) && called(&["api", "access", "client"], 1);
        let digits = trimmed.bytes().any(|byte| byte.is_ascii_digit());
        let called = trimmed.len() >= SHORT && digits && (linked || (named && colon));
        if (begun || bearer || called) && !word.starts_with('[') {
            spans.push(Span {
                from: from + inside,
                to: from + inside + trimmed.len(),
                instead: "[key]".to_owned(),
            });
        }
        before = [before[1], before[2], word];
    }
    spans
}
