//! The same question in other words: topics that both ask for, and where there are none, words in
//! common.
//!
//! Likeness is the weighted cosine of two sets of stems (Salton & McGill 1983, "Introduction to
//! Modern Information Retrieval"); the weights are the pack's, since a call is too short to count
//! how rare a word is.

use super::text::Token;
use crate::error::BuildError;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What a word weighs that the pack does not list.
const RARE: f64 = 1.0;
/// What a usual word weighs.
const USUAL: f64 = 1.0 / 3.0;
/// The weight in common under which two questions are not the same, however short they are.
const LEAST: f64 = 0.6;
/// Likeness from which questions of different topics are the same all the same.
const OVERRIDES: f64 = 0.9;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuestionFile {
    #[serde(default)]
    threshold: Option<f64>,
    #[serde(default)]
    pub asking: Vec<String>,
    #[serde(default)]
    pub common: Vec<String>,
    #[serde(default)]
    usual: Vec<String>,
    #[serde(default)]
    synonyms: Vec<String>,
    #[serde(default)]
    pub topic: BTreeMap<String, Vec<String>>,
}

/// How questions are compared.
#[derive(Default)]
pub(super) struct Question {
    threshold: f64,
    suffixes: Vec<String>,
    common: HashSet<String>,
    usual: HashSet<String>,
    /// A stem, and the stem that stands for its group.
    group: HashMap<String, String>,
}

/// What a turn asks for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    asks: bool,
    topics: BTreeSet<usize>,
    /// Stems, each with its weight.
    stems: BTreeMap<String, f64>,
}

impl Question {
    pub(super) fn new(
        file: &str,
        read: QuestionFile,
        suffixes: &[String],
    ) -> Result<Self, BuildError> {
        let threshold = read.threshold.unwrap_or(0.5);
        BuildError::within(file, "question.threshold", threshold, 0.0, 1.0)?;
        let mut question = Self {
            threshold,
            suffixes: suffixes.to_vec(),
            ..Self::default()
        };
        question
            .suffixes
            .sort_by_key(|suffix| std::cmp::Reverse(suffix.len()));
        let words = |lists: &[String]| -> Vec<String> {
            lists
                .iter()
                .flat_map(|list| list.split_whitespace())
                .map(String::from)
                .collect()
        };
        question.common = words(&read.common).into_iter().collect();
        question.usual = words(&read.usual)
            .iter()
            .map(|word| question.stem(word))
            .collect();
        for group in &read.synonyms {
            let stems: Vec<String> = group.split_whitespace().map(|w| question.stem(w)).collect();
            for stem in &stems {
                question.group.insert(stem.clone(), stems[0].clone());
            }
        }
        Ok(question)
    }

    /// What `tokens` ask for, if they ask, when the patterns found `topics` in them.
    pub(super) fn asked(&self, asks: bool, topics: BTreeSet<usize>, tokens: &[Token]) -> Asked {
        let mut stems = BTreeMap::new();
        for token in tokens
            .iter()
            .filter(|token| !self.common.contains(&token.text))
        {
            let stem = self.stem(&token.text);
            let weight = match self.usual.contains(&stem) {
                true => USUAL,
                false => RARE,
            };
            let stem = self.group.get(&stem).cloned().unwrap_or(stem);
            stems.insert(stem, weight);
        }
        Asked {
            asks,
            topics,
            stems,
        }
    }

    /// Whether both ask for the same fact.
    pub(super) fn same(&self, earlier: &Asked, now: &Asked) -> bool {
        if !(earlier.asks && now.asks) {
            return false;
        }
        let likeness = likeness(&earlier.stems, &now.stems);
        if earlier.topics.is_empty() || now.topics.is_empty() {
            return likeness >= self.threshold;
        }
        !earlier.topics.is_disjoint(&now.topics) || likeness >= OVERRIDES
    }

    /// The word without its longest ending, a final `e` or a doubled consonant.
    fn stem(&self, word: &str) -> String {
        let cut = self.suffixes.iter().find_map(|suffix| {
            let stem = word.strip_suffix(suffix.as_str())?;
            (stem.len() >= 3).then_some(stem)
        });
        let stem = cut.unwrap_or(word);
        let mut letters = stem.chars().rev();
        let (last, before) = (letters.next(), letters.next());
        let doubled = cut.is_some() && last == before && stem.len() > 3;
        match last {
            Some('e') if stem.len() > 3 => stem[..stem.len() - 1].to_owned(),
            Some('y') if stem.len() > 3 => format!("{}i", &stem[..stem.len() - 1]),
            Some(letter) if doubled => stem[..stem.len() - letter.len_utf8()].to_owned(),
            _ => stem.to_owned(),
        }
    }
}

/// The cosine of two weighted sets; 0 where they have too little in common to say.
fn likeness(a: &BTreeMap<String, f64>, b: &BTreeMap<String, f64>) -> f64 {
    let square =
        |set: &BTreeMap<String, f64>| set.values().map(|weight| weight * weight).sum::<f64>();
    let shared = a.iter().filter(|(stem, _)| b.contains_key(*stem));
    let common: f64 = shared.map(|(_, weight)| weight * weight).sum();
    if common < LEAST * LEAST {
        return 0.0;
    }
    common / (square(a) * square(b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::text;
    use super::*;

    fn question() -> Question {
        let read = QuestionFile {
            threshold: Some(0.5),
            common: vec!["the is my a of".into()],
            usual: vec!["card".into()],
            synonyms: vec!["cost price".into()],
            ..QuestionFile::default()
        };
        let suffixes = ["s", "ed", "ing"].map(String::from);
        Question::new("test", read, &suffixes).unwrap()
    }

    fn same(topics: [&[usize]; 2], texts: [&str; 2]) -> bool {
        let question = question();
        let asked = |place: usize| {
            let topics = topics[place].iter().copied().collect();
            question.asked(true, topics, &text::tokens(texts[place]))
        };
        question.same(&asked(0), &asked(1))
    }

    #[test]
    fn words_in_common_decide_where_there_are_no_topics() {
        let none: [&[usize]; 2] = [&[], &[]];
        assert!(same(none, ["the cost of shipping", "shipping prices"]));
        assert!(same(none, ["tracking parcels", "track my parcel"]));
        assert!(!same(none, ["the cost of shipping", "the colour of boots"]));
        // A usual word alone says too little.
        assert!(!same(none, ["my card", "the card"]));
        assert!(!same(none, ["", ""]));
    }

    #[test]
    fn topics_decide_before_words() {
        assert!(same([&[1, 2], &[2]], ["how old", "birthday"]));
        assert!(!same([&[1], &[2]], ["blue boots here", "blue boots there"]));
        assert!(same([&[1], &[2]], ["blue boots", "blue boots"]));
    }

    #[test]
    fn an_answer_said_twice_is_no_question() {
        let question = question();
        let said = || question.asked(false, BTreeSet::from([1]), &text::tokens("blue boots"));
        assert!(!question.same(&said(), &said()));
    }

    #[test]
    fn stems_follow_the_spelling() {
        let question = question();
        for (word, stem) in [
            ("tracking", "track"),
            ("stopped", "stop"),
            ("price", "pric"),
            ("prices", "pric"),
            ("pay", "pay"),
            ("is", "is"),
            ("ring", "ring"),
        ] {
            assert_eq!(question.stem(word), stem, "{word}");
        }
    }

    #[test]
    fn a_threshold_out_of_range_is_refused() {
        let read = QuestionFile {
            threshold: Some(2.0),
            ..QuestionFile::default()
        };
        let error = Question::new("my.toml", read, &[]).err().unwrap();
        assert!(error.to_string().contains("question.threshold"), "{error}");
    }
}
