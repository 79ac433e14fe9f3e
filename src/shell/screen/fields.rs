//! What the agent told, cut to the size of its place: who, what, tried, written, looked up, said.

use super::text::{Clipped, clean, counted, link, room, share, spaced};
use super::words;
use crate::dialogue::{Action, Identity, Intent, Source, Speaker, Turn, Write};

/// A list of which a few are shown, and the rest is folded.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed<T> {
    pub shown: Vec<T>,
    pub folded: Vec<T>,
    /// The fold's label.
    pub label: String,
}

impl<T> Listed<T> {
    /// Newest first; `view` cuts each.
    fn newest<'a, S>(all: &'a [S], shown: usize, one: &str, view: impl FnMut(&'a S) -> T) -> Self {
        let mut views: Vec<T> = all.iter().rev().map(view).collect();
        let folded = views.split_off(shown.min(views.len()));
        Self {
            label: format!("{} before", counted(folded.len(), one)),
            shown: views,
            folded,
        }
    }
}

/// Who the caller is.
#[derive(Debug, PartialEq, Eq)]
pub struct Who {
    pub name: Clipped,
    pub customer: Option<Clipped>,
    pub verified: bool,
    pub badge: Clipped,
}

impl Who {
    pub fn new(identity: &Identity) -> Self {
        let name = identity.name.as_deref().map(clean).unwrap_or_default();
        let name = if name.is_empty() {
            "No name given"
        } else {
            &name
        };
        let method = identity.method.as_deref().filter(|m| !m.trim().is_empty());
        let badge = match (identity.verified, method) {
            (true, Some(method)) => format!("Verified: {method}"),
            (true, None) => "Verified".to_owned(),
            (false, Some(method)) => format!("Not verified, claimed: {method}"),
            (false, None) => "Not verified, only claimed".to_owned(),
        };
        Self {
            name: Clipped::new(name, room::LINE),
            customer: told(identity.customer_id.as_deref(), room::LABEL),
            verified: identity.verified,
            badge: Clipped::new(&badge, room::LINE),
        }
    }
}

/// What the caller wants.
#[derive(Debug, PartialEq, Eq)]
pub struct Wants {
    pub summary: Clipped,
    pub name: Clipped,
    pub sure: Option<String>,
}

impl Wants {
    pub fn new(intent: &Intent) -> Self {
        let summary = intent.summary.as_deref().filter(|s| !s.trim().is_empty());
        let summary = summary.map_or_else(|| spaced(&intent.name), str::to_owned);
        Self {
            summary: Clipped::new(&summary, room::SENTENCE),
            name: Clipped::new(&intent.name, room::LABEL),
            sure: intent.confidence.and_then(share),
        }
    }
}

/// One action.
#[derive(Debug, PartialEq, Eq)]
pub struct Tried {
    pub sign: &'static str,
    pub word: &'static str,
    pub class: &'static str,
    pub name: Clipped,
    pub result: Option<Clipped>,
    pub given: Option<Clipped>,
}

impl Tried {
    fn new(action: &Action) -> Self {
        let (sign, word, class) = words::outcome(action.outcome);
        let given = action
            .arguments
            .iter()
            .map(|(name, value)| format!("{} {value}", spaced(name)));
        let given = given.collect::<Vec<_>>().join(", ");
        Self {
            sign,
            word,
            class,
            name: Clipped::new(&spaced(&action.name), room::LABEL),
            result: told(action.result.as_deref(), room::SENTENCE),
            given: told(Some(&given), room::LINE),
        }
    }

    pub fn list(actions: &[Action]) -> Listed<Self> {
        Listed::newest(actions, 4, "action", Self::new)
    }
}

/// One committed write.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    pub what: Clipped,
    pub place: Option<Clipped>,
}

impl Written {
    fn new(write: &Write) -> Self {
        let place = match (&write.system, &write.reference) {
            (Some(system), Some(reference)) => Some(format!("{system} {reference}")),
            (one, other) => one.clone().or(other.clone()),
        };
        Self {
            what: Clipped::new(&write.what, room::SENTENCE),
            place: told(place.as_deref(), room::LINE),
        }
    }

    pub fn list(writes: &[Write]) -> Listed<Self> {
        Listed::newest(writes, 2, "write", Self::new)
    }
}

/// One source.
#[derive(Debug, PartialEq, Eq)]
pub struct Consulted {
    pub title: Clipped,
    pub link: Option<String>,
    /// A place that is no link.
    pub place: Option<Clipped>,
    pub excerpt: Option<Clipped>,
}

impl Consulted {
    fn new(source: &Source) -> Self {
        let link = source.uri.as_deref().and_then(link);
        let place = source.uri.as_deref().filter(|_| link.is_none());
        Self {
            title: Clipped::new(&source.title, room::LINE),
            place: told(place, room::LABEL),
            link,
            excerpt: told(source.excerpt.as_deref(), room::LINE),
        }
    }

    pub fn list(sources: &[Source]) -> Listed<Self> {
        Listed::newest(sources, 2, "source", Self::new)
    }
}

/// What was said.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub last: Option<Line>,
    pub lines: Vec<Line>,
    pub label: String,
}

/// One turn.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    pub who: &'static str,
    pub class: &'static str,
    pub at: Option<String>,
    /// Cut for the quote.
    pub text: Clipped,
    /// Whole, for the transcript.
    pub whole: String,
    pub partial: bool,
}

impl Line {
    fn new(turn: &Turn) -> Self {
        let class = match turn.speaker {
            Speaker::Caller => "caller",
            Speaker::Agent => "agent",
            Speaker::Human => "human",
        };
        Self {
            who: words::speaker(turn.speaker),
            class,
            at: turn
                .start_s
                .filter(|s| s.is_finite())
                .map(super::text::clock),
            text: Clipped::new(&turn.text, room::SENTENCE),
            whole: clean(&turn.text),
            partial: !turn.is_final,
        }
    }
}

impl Said {
    pub fn new(turns: &[Turn]) -> Self {
        let last = turns.iter().rev().find(|t| t.speaker == Speaker::Caller);
        Self {
            last: last.map(Line::new),
            lines: turns.iter().map(Line::new).collect(),
            label: counted(turns.len(), "turn"),
        }
    }
}

/// `text`, where there is any.
fn told(text: Option<&str>, room: usize) -> Option<Clipped> {
    text.map(|t| Clipped::new(t, room))
        .filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_name_is_not_verified() {
        let mut identity = Identity {
            verified: false,
            name: Some("Ada".into()),
            customer_id: None,
            method: None,
        };
        assert!(Who::new(&identity).badge.head.starts_with("Not verified"));
        identity.verified = true;
        assert_eq!(Who::new(&identity).badge.head, "Verified");
        identity.name = Some(" \t".into());
        assert_eq!(Who::new(&identity).name.head, "No name given");
    }

    #[test]
    fn the_newest_is_shown_and_the_rest_is_folded() {
        let write = |n: usize| Write {
            what: n.to_string(),
            system: None,
            reference: None,
        };
        let writes: Vec<Write> = (0..5).map(write).collect();
        let list = Written::list(&writes);
        assert_eq!(list.shown[0].what.head, "4");
        assert_eq!((list.shown.len(), list.folded.len()), (2, 3));
        assert_eq!(list.label, "3 writes before");
    }

    #[test]
    fn the_quote_is_the_callers() {
        let turn = |speaker, text: &str| Turn {
            speaker,
            text: text.into(),
            start_s: None,
            end_s: None,
            is_final: true,
        };
        let said = Said::new(&[turn(Speaker::Caller, "no"), turn(Speaker::Agent, "sorry")]);
        assert_eq!(said.last.unwrap().whole, "no");
        assert!(Said::new(&[turn(Speaker::Agent, "hello")]).last.is_none());
    }
}
