//! The same question in other words: topics that both ask for, and where there are none, words in
//! common. Words in common do not make two questions the same that have different aspects (how much,
//! when), of which one says Monday and the other Tuesday, or that differ in one word that weighs.
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
    articles: Vec<String>,
    #[serde(default)]
    contrasts: Vec<String>,
    #[serde(default)]
    pub aspect: BTreeMap<String, Vec<String>>,
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
    /// Words that do not count where one word is exchanged.
    articles: HashSet<String>,
    /// A word, and the list of words of which it excludes the others.
    contrast: HashMap<String, usize>,
}

/// What a turn asks for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    asks: bool,
    topics: BTreeSet<usize>,
    /// How much, when, where, why: as what the fact is asked for.
    aspects: BTreeSet<usize>,
    /// Stems, each with its weight.
    stems: BTreeMap<String, f64>,
    /// All stems in their order, those of common words too.
    said: Vec<String>,
    /// Words that exclude others, each with its list.
    contrasts: BTreeSet<(usize, String)>,
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
        question.articles = words(&read.articles).into_iter().collect();
        question.usual = words(&read.usual)
            .iter()
            .map(|word| question.stem(word))
            .collect();
        for (number, list) in read.contrasts.iter().enumerate() {
            let words = list.split_whitespace().map(String::from);
            question.contrast.extend(words.map(|word| (word, number)));
        }
        for group in &read.synonyms {
            let stems: Vec<String> = group.split_whitespace().map(|w| question.stem(w)).collect();
            for stem in &stems {
                question.group.insert(stem.clone(), stems[0].clone());
            }
        }
        Ok(question)
    }

    /// What `tokens` ask for, if they ask, when the patterns found `topics` and `aspects` in them.
    pub(super) fn asked(
        &self,
        asks: bool,
        [topics, aspects]: [BTreeSet<usize>; 2],
        tokens: &[Token],
    ) -> Asked {
        let mut stems = BTreeMap::new();
        let counts = |token: &&Token| !self.articles.contains(&token.text);
        let said = tokens.iter().filter(counts).map(|token| {
            let stem = self.stem(&token.text);
            self.group.get(&stem).cloned().unwrap_or(stem)
        });
        let contrasts = tokens.iter().filter_map(|token| {
            let list = self.contrast.get(&token.text)?;
            Some((*list, token.text.clone()))
        });
        let (said, contrasts) = (said.collect(), contrasts.collect());
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
            aspects,
            stems,
            said,
            contrasts,
        }
    }

    /// Whether both ask for the same fact.
    pub(super) fn same(&self, earlier: &Asked, now: &Asked) -> bool {
        if !(earlier.asks && now.asks) {
            return false;
        }
        if excluded(&earlier.contrasts, &now.contrasts) {
            return false;
        }
        if !earlier.topics.is_disjoint(&now.topics) {
            return true;
        }
        if parted(&earlier.aspects, &now.aspects) || self.exchanged(&earlier.said, &now.said) {
            return false;
        }
        let either_without = earlier.topics.is_empty() || now.topics.is_empty();
        let needed = match either_without {
            true => self.threshold,
            false => OVERRIDES,
        };
        likeness(&earlier.stems, &now.stems) >= needed
    }

    /// Whether the one is the other with one word exchanged for another that weighs.
    fn exchanged(&self, earlier: &[String], now: &[String]) -> bool {
        if earlier.len() != now.len() {
            return false;
        }
        let mut different = earlier.iter().zip(now).filter(|(a, b)| a != b);
        let Some((a, b)) = different.next() else {
            return false;
        };
        different.next().is_none() && !(self.common.contains(a) || self.common.contains(b))
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

/// Whether both have a word of one list, and none of it in common.
fn excluded(a: &BTreeSet<(usize, String)>, b: &BTreeSet<(usize, String)>) -> bool {
    a.iter().any(|(list, _)| {
        b.iter().any(|(other, _)| other == list)
            && !a.iter().any(|word| word.0 == *list && b.contains(word))
    })
}

/// Whether both are known and nothing is in both.
fn parted(a: &BTreeSet<usize>, b: &BTreeSet<usize>) -> bool {
    !a.is_empty() && !b.is_empty() && a.is_disjoint(b)
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
            articles: vec!["the my".into()],
            contrasts: vec!["monday tuesday".into()],
            ..QuestionFile::default()
        };
        let suffixes = ["s", "ed", "ing"].map(String::from);
        Question::new("test", read, &suffixes).unwrap()
    }

    fn same(topics: [&[usize]; 2], texts: [&str; 2]) -> bool {
        let question = question();
        let asked = |place: usize| {
            let topics = topics[place].iter().copied().collect();
            question.asked(true, [topics, BTreeSet::new()], &text::tokens(texts[place]))
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
    fn words_that_exclude_each_other_part_two_questions() {
        let none: [&[usize]; 2] = [&[], &[]];
        assert!(!same(none, ["the boots on monday", "the boots tuesday"]));
        assert!(same(none, ["the boots on monday", "boots monday"]));
        assert!(same(none, ["monday or tuesday boots", "boots tuesday"]));
        assert!(same(none, ["the boots on monday", "the boots"]));
        assert!(!same([&[1], &[1]], ["boots on monday", "boots tuesday"]));
    }

    #[test]
    fn one_word_exchanged_is_another_question() {
        let none: [&[usize]; 2] = [&[], &[]];
        assert!(!same(none, ["shipping of boots", "shipping of shirts"]));
        assert!(same(none, ["the cost of boots", "the price of boots"]));
        assert!(!same(
            none,
            ["shipping of boots", "the shipping of my shirts"]
        ));
        assert!(same(none, ["the boots", "my boots"]));
    }

    #[test]
    fn different_aspects_are_different_questions() {
        let question = question();
        let asked = |aspects: &[usize]| {
            let found = [BTreeSet::new(), aspects.iter().copied().collect()];
            question.asked(true, found, &text::tokens("blue boots"))
        };
        let other = |aspects: &[usize]| {
            let found = [BTreeSet::new(), aspects.iter().copied().collect()];
            question.asked(true, found, &text::tokens("the boots blue"))
        };
        assert!(!question.same(&asked(&[1]), &other(&[2])));
        assert!(question.same(&asked(&[1, 2]), &other(&[2])));
        assert!(question.same(&asked(&[1]), &other(&[])));
    }

    #[test]
    fn an_answer_said_twice_is_no_question() {
        let question = question();
        let said = || {
            let found = [BTreeSet::from([1]), BTreeSet::new()];
            question.asked(false, found, &text::tokens("blue boots"))
        };
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
