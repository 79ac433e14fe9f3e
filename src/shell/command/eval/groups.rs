//! Whether some callers are taken for angry more often than others: by gender, age and language.

use super::bootstrap::interval;
use super::manifest::Clip;
use super::pitch_score::percent;
use super::voices::{Tested, by_speaker};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The group that a clip's speaker is of, where the manifest says it.
type Key = fn(&Clip) -> Option<String>;

/// What callers are grouped by.
const BY: [(&str, Key); 3] = [
    ("gender", |clip| {
        let first = clip.gender.chars().next()?;
        Some(first.to_ascii_lowercase().to_string())
    }),
    ("age", |clip| {
        let age: f64 = clip.age.parse().ok()?;
        let band = match age {
            ..30.0 => "under 30",
            30.0..50.0 => "30 to 49",
            _ => "50 and over",
        };
        Some(band.to_owned())
    }),
    ("language", |clip| {
        (!clip.language.is_empty()).then(|| clip.language.clone())
    }),
];

/// The clips of one speaker that are not angry: how many, and how many were taken for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Taken {
    clips: usize,
    angry: usize,
}

/// One line for each way to group that parts the speakers: false anger in each group, and how far the
/// first lies from the last.
pub fn told(tested: &[Tested]) -> String {
    let mut text = String::new();
    for (name, key) in BY {
        let speakers = speakers(tested, key);
        let mut groups: BTreeMap<&str, Vec<Taken>> = BTreeMap::new();
        for (group, taken) in &speakers {
            groups.entry(group).or_default().push(*taken);
        }
        let names: Vec<&str> = groups.keys().copied().collect();
        let [first, .., last] = names[..] else {
            continue;
        };
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  false anger by {name}:");
        for (group, taken) in &groups {
            let clips: usize = taken.iter().map(|it| it.clips).sum();
            let share = share(taken.iter()).unwrap_or(f64::NAN);
            let _ = write!(text, " {group} {share:.1} % of {clips} clips;");
        }
        let gap = |drawn: &[&(String, Taken)]| {
            let of = |group: &str| share(drawn.iter().filter(|it| it.0 == group).map(|it| &it.1));
            Some(of(first)? - of(last)?)
        };
        let all: Vec<&(String, Taken)> = speakers.iter().collect();
        if let Some(points) = gap(&all) {
            let _ = write!(text, " {first} over {last} {points:+.1} points");
        }
        if let Some((low, high)) = interval(&speakers, gap) {
            let _ = write!(text, " (95 % {low:+.1} to {high:+.1})");
        }
    }
    text
}

/// The group of each speaker, and what was taken for anger of what was not.
fn speakers(tested: &[Tested], key: Key) -> Vec<(String, Taken)> {
    let one = |own: &Vec<&Tested>| {
        let group = key(own.first()?.0)?;
        let mut taken = Taken::default();
        for (_, heard) in own.iter().filter(|it| it.0.emotion != "anger") {
            taken.clips += 1;
            taken.angry += usize::from(heard.anger > 0.0);
        }
        Some((group, taken))
    };
    by_speaker(tested).iter().filter_map(one).collect()
}

/// How many of a hundred clips were taken for angry; none of none.
fn share<'a>(taken: impl Iterator<Item = &'a Taken>) -> Option<f64> {
    let (clips, angry) = taken.fold((0, 0), |sum, it| (sum.0 + it.clips, sum.1 + it.angry));
    percent(angry, clips)
}
