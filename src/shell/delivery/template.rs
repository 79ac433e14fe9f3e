//! URL templates: `https://desk.example/tickets/{ticket_id}/display`.
//!
//! Labels fill the path and the query, percent-encoded, and can never move the request to another
//! host or climb out of their segment.

use reqwest::Url;
use thiserror::Error;

/// The most bytes of one label in a URL.
const MAX_LABEL: usize = 512;

/// A URL with places for labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlTemplate {
    parts: Vec<Part>,
    /// The URL with `x` in every place.
    example: Url,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Label(String),
}

/// Why a call's labels make no URL.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FillError {
    /// The call has no such label, or an empty one.
    #[error("the call has no label `{0}`")]
    Missing(String),
    /// The label cannot stand in a URL.
    #[error("the label `{0}` is too long, or would change the path")]
    Unfit(String),
}

impl UrlTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it, and how to mend it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(open);
            let closed = from.strip_prefix('{').and_then(|it| it.split_once('}'));
            let (name, after) = closed.ok_or("a brace has no partner; write {label}")?;
            if !is_name(name) {
                return Err(format!("`{{{name}}}` is no label; use a-z, 0-9 and _"));
            }
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Label(name.to_owned()));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        let with = |value: &str| {
            let url = Url::parse(&joined(&parts, |_| Some(value)));
            url.map_err(|error| format!("no URL: {error}; give one such as https://host/path"))
        };
        let (example, other) = (with("x")?, with("y")?);
        if !matches!(example.scheme(), "https" | "http") || example.host_str().is_none() {
            return Err("give an https:// URL with a host".to_owned());
        }
        if !example.username().is_empty() || example.password().is_some() {
            return Err("has a user or password; give `headers.Authorization`".to_owned());
        }
        if example.fragment().is_some() {
            return Err("has a #fragment, which is never sent; leave it out".to_owned());
        }
        if example.origin() != other.origin() || other.username() != example.username() {
            return Err("labels may stand in the path and the query alone".to_owned());
        }
        Ok(Self { parts, example })
    }

    /// Its labels, in order.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Label(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The URL with `x` for every label: scheme, host and port are those of every URL it makes.
    pub fn example(&self) -> &Url {
        &self.example
    }

    /// The URL with the values that `label` gives.
    ///
    /// # Errors
    /// [`FillError`] names the label.
    pub fn fill<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> Result<Url, FillError> {
        for name in self.labels() {
            match label(name) {
                None | Some("") => return Err(FillError::Missing(name.to_owned())),
                Some(value) if value.len() > MAX_LABEL => {
                    return Err(FillError::Unfit(name.to_owned()));
                }
                Some(_) => {}
            }
        }
        let unfit = || FillError::Unfit(self.labels().next().unwrap_or_default().to_owned());
        let url = Url::parse(&joined(&self.parts, label)).map_err(|_| unfit())?;
        // Values have no slash, but `..` swallows segments and `.` empties one.
        let shape = |url: &Url| {
            let empty = url.path().split('/').filter(|it| it.is_empty());
            (url.path().split('/').count(), empty.count())
        };
        let same = url.origin() == self.example.origin()
            && shape(&url) == shape(&self.example)
            && url.fragment().is_none();
        if same { Ok(url) } else { Err(unfit()) }
    }
}

fn is_name(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(word)
}

fn joined<'a>(parts: &[Part], value: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(it) => text.push_str(it),
            Part::Label(name) => encode(value(name).unwrap_or_default(), &mut text),
        }
    }
    text
}

/// Percent-encodes all but the unreserved characters of RFC 3986, section 2.3.
fn encode(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_are_encoded_into_their_place() {
        let template =
            UrlTemplate::parse("https://desk.example/t/{ticket_id}/show?who={user}").unwrap();
        assert_eq!(template.labels().collect::<Vec<_>>(), ["ticket_id", "user"]);
        let url = template.fill(|name| match name {
            "ticket_id" => Some("a/b?c#d"),
            _ => Some("é&x=1"),
        });
        assert_eq!(
            url.unwrap().as_str(),
            "https://desk.example/t/a%2Fb%3Fc%23d/show?who=%C3%A9%26x%3D1"
        );
        assert_eq!(
            template.fill(|name| (name == "user").then_some("u")),
            Err(FillError::Missing("ticket_id".to_owned()))
        );
    }

    #[test]
    fn a_label_never_climbs() {
        let template = UrlTemplate::parse("https://desk.example/a/{x}/b").unwrap();
        let last = UrlTemplate::parse("https://desk.example/a/{x}").unwrap();
        for value in ["..", "."] {
            assert!(template.fill(|_| Some(value)).is_err() && last.fill(|_| Some(value)).is_err());
        }
        for value in ["...", "%2e%2e", "..\\..", "../b"] {
            let filled = template.fill(|_| Some(value));
            match filled {
                Ok(url) => {
                    assert!(url.as_str().ends_with("/b") && url.path().matches('/').count() == 3)
                }
                Err(error) => assert_eq!(error, FillError::Unfit("x".to_owned())),
            }
        }
        let twice = UrlTemplate::parse("https://desk.example/a/{x}{x}/b").unwrap();
        assert!(twice.fill(|_| Some(".")).is_err());
    }

    #[test]
    fn templates_that_could_go_elsewhere_are_refused() {
        for (wrong, word) in [
            ("https://{host}/a", "path and the query"),
            ("https://desk.{zone}.example/a", "path and the query"),
            ("https://{user}@desk.example/a", "user"),
            ("https://me:pw@desk.example/", "Authorization"),
            ("ftp://desk.example/", "https"),
            ("desk.example/a", "URL"),
            ("https://desk.example/{a", "brace"),
            ("https://desk.example/a}", "brace"),
            ("https://desk.example/{A}", "label"),
            ("https://desk.example/{}", "label"),
            ("https://desk.example/#a", "fragment"),
            ("{scheme}://desk.example/", "URL"),
        ] {
            let error = UrlTemplate::parse(wrong).unwrap_err();
            assert!(error.contains(word), "{wrong}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_label_stays_on_its_host_and_in_its_segment(value in "\\PC{0,40}") {
            let template = UrlTemplate::parse("https://desk.example/a/{x}/b").unwrap();
            if let Ok(url) = template.fill(|_| Some(&value)) {
                prop_assert_eq!(url.origin(), template.example().origin());
                let segments: Vec<_> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 3);
                prop_assert_eq!(segments[0], "a");
                prop_assert_eq!(segments[2], "b");
            }
        }

        #[test]
        fn any_text_is_refused_or_read(text in ".{0,60}") {
            let _ = UrlTemplate::parse(&text);
        }
    }
}
