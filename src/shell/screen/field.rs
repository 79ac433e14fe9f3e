//! One of the ten fields: what it is called, and what it says where it has no value.

use crate::handoff::{FieldState, HandoffPayload};

/// A field on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub title: &'static str,
    pub state: FieldState,
    none: &'static str,
    missing: &'static str,
}

/// What the payload holds for a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Nothing,
    /// A list with nothing in it.
    Empty,
    Something,
}

impl Held {
    fn list<T>(list: Option<&Vec<T>>) -> Self {
        match list.map(Vec::as_slice) {
            None => Self::Nothing,
            Some([]) => Self::Empty,
            Some(_) => Self::Something,
        }
    }

    fn one<T>(value: Option<&T>) -> Self {
        value.map_or(Self::Nothing, |_| Self::Something)
    }
}

/// Name, heading, and what is said where the agent reported none and where nobody reported.
type Words = (&'static str, &'static str, &'static str, &'static str);

const WORDS: [Words; 10] = [
    (
        "identity",
        "Who",
        "Nobody to identify.",
        "Nobody said who this is.",
    ),
    (
        "intent",
        "Wants",
        "No intent was found.",
        "Nobody said what the caller wants.",
    ),
    (
        "transcript",
        "Said",
        "Nothing was said.",
        "There is no transcript.",
    ),
    (
        "sources",
        "Looked up",
        "Nothing was looked up.",
        "Nobody said what was looked up.",
    ),
    (
        "actions",
        "Tried",
        "Nothing was tried.",
        "Nobody said what was tried.",
    ),
    (
        "committed_writes",
        "Written",
        "Nothing was written.",
        "Something may have been written: nobody said.",
    ),
    (
        "confidence",
        "How sure",
        "No confidence was given.",
        "No score was given.",
    ),
    (
        "escalation_reason",
        "Why now",
        "No reason was given.",
        "Nobody said why the call is handed over.",
    ),
    (
        "sentiment_trajectory",
        "Mood",
        "No mood was read.",
        "Too little speech to read a mood.",
    ),
    (
        "suggested_next_action",
        "Do first",
        "Nothing is suggested.",
        "Nobody suggested a next step.",
    ),
];

/// Lists that may be empty by report.
const REPORTED: [&str; 3] = ["sources", "actions", "committed_writes"];

impl Field {
    /// The field at `place` in reading order.
    fn new(payload: &HandoffPayload, place: usize, held: Held) -> Self {
        let (name, title, none, missing) = WORDS[place];
        let told = payload.fields.get(name).copied();
        // What is there is shown, whatever the state claims.
        let state = match (held, told) {
            (Held::Something, _) => FieldState::Filled,
            (_, Some(state @ (FieldState::NotApplicable | FieldState::NoneReported))) => state,
            (Held::Empty, None | Some(FieldState::Filled)) if REPORTED.contains(&name) => {
                FieldState::NoneReported
            }
            _ => FieldState::Missing,
        };
        Self {
            name,
            title,
            state,
            none,
            missing,
        }
    }

    /// The ten fields of `payload`, in reading order.
    pub fn all(payload: &HandoffPayload) -> [Self; 10] {
        let p = payload;
        let held = [
            Held::one(p.identity.as_ref()),
            Held::one(p.intent.as_ref()),
            Held::list(p.transcript.as_ref()),
            Held::list(p.sources.as_ref()),
            Held::list(p.actions.as_ref()),
            Held::list(p.committed_writes.as_ref()),
            Held::one(p.confidence.as_ref()),
            Held::one(p.escalation_reason.as_ref()),
            // Without points too little was said to know a mood.
            Held::list(p.sentiment_trajectory.as_ref().map(|t| &t.points)),
            Held::one(p.suggested_next_action.as_ref()),
        ];
        std::array::from_fn(|place| Self::new(payload, place, held[place]))
    }

    pub fn filled(&self) -> bool {
        self.state == FieldState::Filled
    }

    /// The state's name in the contract.
    pub fn state_name(&self) -> &'static str {
        match self.state {
            FieldState::Filled => "filled",
            FieldState::NoneReported => "none_reported",
            FieldState::NotApplicable => "not_applicable",
            FieldState::Missing => "missing",
        }
    }

    /// Where there is no value: a sign and a word for it.
    pub fn tag(&self) -> &'static str {
        match self.state {
            FieldState::Filled => "",
            FieldState::NoneReported => "∅ none",
            FieldState::NotApplicable => "– not on this channel",
            FieldState::Missing => "? unknown",
        }
    }

    /// Where there is no value: a sentence instead.
    pub fn instead(&self) -> &'static str {
        match self.state {
            FieldState::Filled => "",
            FieldState::NoneReported => self.none,
            FieldState::NotApplicable => "This channel has no such thing.",
            FieldState::Missing => self.missing,
        }
    }
}

/// How many of the fields that apply say something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completeness {
    pub known: usize,
    pub of: usize,
    /// Headings of those that do not.
    pub missing: Vec<&'static str>,
    /// In reading order: the state of each.
    pub states: Vec<&'static str>,
}

impl Completeness {
    /// The headings of those that do not, the first few.
    pub fn lacks(&self) -> String {
        const SHOWN: usize = 4;
        let named = self
            .missing
            .iter()
            .take(SHOWN)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        match self.missing.len().saturating_sub(SHOWN) {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }

    pub fn of(fields: &[Field; 10]) -> Self {
        let is = |state| fields.iter().filter(move |f| f.state == state);
        let missing: Vec<_> = is(FieldState::Missing).map(|f| f.title).collect();
        let of = fields.len() - is(FieldState::NotApplicable).count();
        Self {
            known: of - missing.len(),
            of,
            missing,
            states: fields.iter().map(Field::state_name).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::FIELDS;

    fn nothing() -> HandoffPayload {
        let minimal = include_str!("../../../tests/browser/payloads/minimal.json");
        serde_json::from_str(minimal).expect("the file is in the repository")
    }

    #[test]
    fn the_words_follow_the_contract() {
        assert_eq!(WORDS.map(|w| w.0), FIELDS);
    }

    #[test]
    fn an_empty_list_is_none_and_an_absent_one_is_unknown() {
        let mut payload = nothing();
        let writes = |p: &HandoffPayload| Field::all(p)[5];
        assert_eq!(writes(&payload).state, FieldState::Missing);
        payload.committed_writes = Some(Vec::new());
        payload.fields.remove("committed_writes");
        assert_eq!(writes(&payload).instead(), "Nothing was written.");
        let name = "committed_writes".to_owned();
        payload.fields.insert(name, FieldState::Missing);
        assert_eq!(writes(&payload).state, FieldState::Missing);
    }

    #[test]
    fn a_claim_of_filled_without_a_value_is_not_believed() {
        let mut payload = nothing();
        for name in FIELDS {
            payload.fields.insert(name.to_owned(), FieldState::Filled);
        }
        let known = Completeness::of(&Field::all(&payload));
        assert_eq!((known.known, known.of), (0, 10));
    }

    #[test]
    fn what_does_not_apply_is_not_counted() {
        let mut payload = nothing();
        let name = "sentiment_trajectory".to_owned();
        payload.fields.insert(name, FieldState::NotApplicable);
        let known = Completeness::of(&Field::all(&payload));
        assert_eq!((known.known, known.of), (0, 9));
        assert!(!known.missing.contains(&"Mood"));
    }
}
