//! Two runs of one call, record by record: what is the same, and what differs first.

use super::events::Line;
use crate::shell::output::clock::tenths;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// A record of the events and the one that came out in its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair<'a> {
    /// In the events; none where the replay has one more of this kind.
    pub was: Option<&'a Line>,
    /// In the replay; none where it has one less.
    pub is: Option<&'a Line>,
}

impl Pair<'_> {
    /// Both are there, and every byte is the same.
    pub fn same(&self) -> bool {
        matches!((self.was, self.is), (Some(was), Some(is)) if was.text == is.text)
    }

    /// Whether this is a decision.
    pub fn decides(&self) -> bool {
        let line = self.was.or(self.is);
        line.is_some_and(|line| line.kind == "escalation")
    }

    /// What became of an escalation, in one line: `same  00:57.2 sentiment trend`.
    pub fn told(&self) -> String {
        let told = match (self.was, self.is) {
            (Some(was), Some(_)) if self.same() => format!("same  {}", heading(was)),
            (Some(was), Some(is)) => format!(
                "DIFFERS  {}: {}",
                heading(was),
                first_field(&was.text, &is.text)
            ),
            (Some(was), None) => format!("GONE  {}: did not come out again", heading(was)),
            (None, Some(is)) => format!("NEW  {}: not in the events", heading(is)),
            (None, None) => String::new(),
        };
        printable(&told)
    }
}

/// The n-th record of each kind beside the n-th of its kind, in the order of the events.
///
/// So a record too many shifts its own kind alone. What the replay has beyond the events comes
/// last, but where the events end early (not `whole`): then there is nothing to hold it against.
pub fn pairs<'a>(was: &'a [Line], is: &'a [Line], whole: bool) -> Vec<Pair<'a>> {
    let mut waiting: BTreeMap<&str, VecDeque<&Line>> = BTreeMap::new();
    for line in is {
        waiting.entry(&line.kind).or_default().push_back(line);
    }
    let mut next = |kind: &str| waiting.get_mut(kind)?.pop_front();
    let mut pairs: Vec<Pair<'a>> = was
        .iter()
        .map(|line| Pair {
            was: Some(line),
            is: next(&line.kind),
        })
        .collect();
    if whole {
        let mut beyond: Vec<&Line> = waiting.into_values().flatten().collect();
        beyond.sort_by_key(|line| line.number);
        pairs.extend(beyond.into_iter().map(|line| Pair {
            was: None,
            is: Some(line),
        }));
    }
    pairs
}

/// When and what an escalation was.
fn heading(line: &Line) -> String {
    let record: Value = serde_json::from_str(&line.text).unwrap_or_default();
    let at = record["at_s"].as_f64().map_or("--:--".into(), tenths);
    let name = |key: &str| record[key].as_str().unwrap_or("unnamed").to_owned();
    format!("{at} {} {}", name("trigger"), name("reason"))
}

/// The first field, in the order of the record, in which `is` differs from `was`.
fn first_field(was: &str, is: &str) -> String {
    let record = |text| serde_json::from_str::<Fields>(text);
    let (Ok(Fields(was)), Ok(Fields(is))) = (record(was), record(is)) else {
        return "not a record that has fields".into();
    };
    let of = |name: &str| is.iter().find(|(other, _)| other == name);
    let kept = was.iter().find_map(|(name, before)| match of(name) {
        Some((_, now)) => first_value(name, before, now),
        None => Some(format!("{name} is gone, was {before}")),
    });
    let added = || {
        let new = is
            .iter()
            .find(|(name, _)| was.iter().all(|(it, _)| it != name));
        new.map(|(name, now)| format!("{name} is {now}, was absent"))
    };
    kept.or_else(added)
        .unwrap_or_else(|| "the same values in other bytes".into())
}

/// The first difference at or under `path`, such as `evidence[2].now is 0.5, was 0.4`.
fn first_value(path: &str, was: &Value, is: &Value) -> Option<String> {
    match (was, is) {
        (Value::Array(before), Value::Array(now)) => {
            let mut both = before.iter().zip(now).enumerate();
            let inside =
                both.find_map(|(nth, (was, is))| first_value(&format!("{path}[{nth}]"), was, is));
            let (from, to) = (before.len(), now.len());
            inside.or_else(|| (from != to).then(|| format!("{path} has {to} entries, had {from}")))
        }
        (Value::Object(before), Value::Object(now)) if before.keys().eq(now.keys()) => {
            let mut both = before.iter().zip(now.values());
            both.find_map(|((key, was), is)| first_value(&format!("{path}.{key}"), was, is))
        }
        _ => (was != is).then(|| format!("{path} is {is}, was {was}")),
    }
}

/// `text` without what a terminal would obey: events may come from anywhere.
pub fn printable(text: &str) -> String {
    let shown = |letter: char| match letter.is_control() {
        true => char::REPLACEMENT_CHARACTER,
        false => letter,
    };
    text.chars().map(shown).collect()
}

/// The fields of a record in the order in which they are written, which `Value` does not keep.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a record")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<Line> {
        let line = |(place, text): (usize, &&str)| Line {
            number: place as u64 + 1,
            kind: text.split('"').nth(3).unwrap_or("").into(),
            text: (*text).into(),
        };
        texts.iter().enumerate().map(line).collect()
    }

    const AT_57: &str = r#"{"type":"escalation","at_s":57.2,"trigger":"sentiment","reason":"trend","evidence":[{"now":1.5,"sd":2.0}],"confidence":0.5}"#;

    #[test]
    fn the_first_field_that_differs_is_named_in_the_order_of_the_record() {
        for (now, wanted) in [
            (AT_57.replace("57.2", "57.3"), "at_s is 57.3, was 57.2"),
            (
                AT_57.replace("2.0", "2.5").replace("0.5}", "0.6}"),
                "evidence[0].sd is 2.5, was 2.0",
            ),
            (
                AT_57.replace(r#"{"now":1.5,"sd":2.0}"#, ""),
                "evidence has 0 entries, had 1",
            ),
            (
                AT_57.replace(r#","confidence":0.5"#, ""),
                "confidence is gone, was 0.5",
            ),
            (
                AT_57.replace("0.5}", r#"0.5,"rule":"r"}"#),
                r#"rule is "r", was absent"#,
            ),
            (
                AT_57.replace("57.2", "57.20"),
                "the same values in other bytes",
            ),
        ] {
            let (was, is) = (lines(&[AT_57]), lines(&[&now]));
            let told = pairs(&was, &is, true)[0].told();
            assert_eq!(told, format!("DIFFERS  00:57.2 sentiment trend: {wanted}"));
        }
    }

    #[test]
    fn a_record_too_many_shifts_its_own_kind_alone() {
        let (a, b) = (
            r#"{"type":"marker","at_s":1}"#,
            r#"{"type":"affect","at_s":2}"#,
        );
        let (was, is) = (lines(&[a, b, AT_57]), lines(&[a, a, b]));
        let told = pairs(&was, &is, true);
        let same: Vec<bool> = told.iter().map(Pair::same).collect();
        assert_eq!(same, [true, true, false, false]);
        assert_eq!(
            told[2].told(),
            "GONE  00:57.2 sentiment trend: did not come out again"
        );
        assert_eq!(told[3].is.map(|line| line.number), Some(2));
        assert_eq!(pairs(&was, &is, false).len(), 3);
        let (was, is) = (lines(&[a]), lines(&[a, AT_57]));
        let told = pairs(&was, &is, true);
        assert!(told[1].decides() && !told[0].decides());
        assert_eq!(
            told[1].told(),
            "NEW  00:57.2 sentiment trend: not in the events"
        );
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_printed() {
        let hostile = AT_57.replace("trend", "\\u001b[2J\u{9b}");
        let (was, is) = (lines(&[&hostile]), lines(&[AT_57]));
        let told = pairs(&was, &is, true)[0].told();
        assert!(!told.contains(char::is_control), "{told:?}");
    }
}
