//! Text from outside on its way to the page: cleaned, cut, counted.

/// Characters that are shown at once, by the size of the place.
pub mod room {
    /// A headline or the next step; set smaller from [`LARGE`] on.
    pub const HEADLINE: usize = 180;
    /// What fits in large type.
    pub const LARGE: usize = 112;
    /// A sentence or two.
    pub const SENTENCE: usize = 110;
    /// A name, a title.
    pub const LINE: usize = 56;
    /// A key, a label.
    pub const LABEL: usize = 28;
}

/// Text that may have been cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clipped {
    /// What is shown at once, with an ellipsis where it was cut.
    pub head: String,
    /// The whole, where it was cut.
    pub whole: Option<String>,
    /// Characters of the whole.
    pub length: usize,
}

impl Clipped {
    /// Too long for large type.
    pub fn small(&self) -> bool {
        self.length > room::LARGE
    }

    /// `text` cut to at most `room` characters, at a space where one is near.
    pub fn new(text: &str, room: usize) -> Self {
        let clean = clean(text);
        let length = clean.chars().count();
        if length <= room {
            return Self {
                head: clean,
                whole: None,
                length,
            };
        }
        let cut = clean.char_indices().nth(room.saturating_sub(1));
        let cut = &clean[..cut.map_or(clean.len(), |(at, _)| at)];
        let near = cut.rfind(' ').filter(|at| at * 5 >= cut.len() * 4);
        let head = cut[..near.unwrap_or(cut.len())].trim_end();
        Self {
            head: format!("{head}…"),
            whole: Some(clean),
            length,
        }
    }

    /// Nothing to show.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }
}

/// `text` without control characters and without white space at the ends.
pub fn clean(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.trim().chars().map(shown).collect()
}

/// `lookup_vendor` as "lookup vendor".
pub fn spaced(name: &str) -> String {
    clean(name).replace('_', " ")
}

/// A share, 0..1, with two decimals; `None` where it is no number.
pub fn share(value: f64) -> Option<String> {
    value.is_finite().then(|| format!("{:.2}", value + 0.0))
}

/// Three digits that matter: `178`, `30.4`, `0.49`; `None` where it is no number.
pub fn short(value: f64) -> Option<String> {
    let decimals = match value.abs() {
        v if !v.is_finite() => return None,
        v if v >= 1e6 => return Some(format!("{value:.1e}").replace('-', "−")),
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    Some(format!("{:.decimals$}", value + 0.0).replace('-', "−"))
}

/// `+0.31` or `−0.31` with a true minus; `None` where it is no number.
pub fn signed(value: f64, decimals: usize) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let text = format!("{:.decimals$}", value.abs());
    let zero = text.chars().all(|c| matches!(c, '0' | '.'));
    let sign = match (zero, value < 0.0) {
        (true, _) => "",
        (_, true) => "−",
        (_, false) => "+",
    };
    Some(format!("{sign}{text}"))
}

/// Stream time as `00:48`; "at an unknown time" where it is no number.
pub fn clock(seconds: f64) -> String {
    match seconds.is_finite() {
        // The cast saturates; more than a century of call is cut to that.
        true => crate::shell::output::clock::whole(seconds.clamp(0.0, 3.2e9).floor() as u64),
        false => "an unknown time".to_owned(),
    }
}

/// `1 turn`, `2 turns`.
pub fn counted(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        n => format!("{n} {one}s"),
    }
}

/// `uri` where a browser may follow it: `http` and `https` alone.
pub fn link(uri: &str) -> Option<String> {
    let clean = uri.trim();
    let lower = clean.get(..8)?.to_ascii_lowercase();
    let web = lower.starts_with("https://") || lower.starts_with("http://");
    let plain = !clean.chars().any(|c| c.is_control() || c.is_whitespace());
    (web && plain && clean.len() <= 2048).then(|| clean.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_and_kept() {
        let text = Clipped::new("one two three four", 15);
        assert_eq!(text.head, "one two three…");
        assert_eq!(text.whole.as_deref(), Some("one two three four"));
        assert_eq!(text.length, 18);
        assert_eq!(Clipped::new(" short ", 15).head, "short");
        assert_eq!(Clipped::new(&"ü".repeat(90), 10).head.chars().count(), 10);
        assert_eq!(Clipped::new("ab", 0).head, "…");
    }

    #[test]
    fn control_characters_do_not_pass() {
        assert_eq!(clean("a\0b\u{1b}[1m\nc"), "a\u{fffd}b\u{fffd}[1m c");
    }

    #[test]
    fn numbers_that_are_none_are_not_written() {
        assert_eq!(share(f64::NAN), None);
        assert_eq!(share(0.615), Some("0.61".to_owned()));
        assert_eq!(short(178.0).as_deref(), Some("178"));
        assert_eq!(short(-30.42).as_deref(), Some("−30.4"));
        assert_eq!(short(f64::NAN), None);
        assert_eq!(signed(-0.314, 2).as_deref(), Some("−0.31"));
        assert_eq!(signed(-0.001, 2).as_deref(), Some("0.00"));
        assert_eq!(signed(f64::INFINITY, 2), None);
        assert_eq!(clock(f64::NAN), "an unknown time");
        assert_eq!(clock(-3.0), "00:00");
    }

    #[test]
    fn only_the_web_is_linked() {
        assert!(link("https://example.org/a?b=c").is_some());
        for uri in [
            "javascript:alert(1)",
            "data:text/html,x",
            "https://a b",
            "",
            "ftp://a",
            "http:/é",
        ] {
            assert_eq!(link(uri), None, "{uri}");
        }
    }
}
