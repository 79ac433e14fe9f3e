//! A language pack: the file, and what it is compiled to. The format is in `docs/words.md`.

use super::findings::Label;
use super::matcher::{self, Begins, Node, WordId};
use super::normal::Writing;
use super::pattern;
use super::rephrase::{Question, QuestionFile};
use super::text;
use crate::error::BuildError;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The largest pack that is read, bytes.
const MAX_BYTES: usize = 1 << 20;
/// The most classes of a pack.
const MAX_CLASSES: usize = 512;
/// The deepest nesting of classes in classes.
const MAX_DEPTH: usize = 12;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    language: String,
    version: u32,
    #[serde(default)]
    suffixes: Vec<String>,
    #[serde(default)]
    fillers: Vec<String>,
    #[serde(default)]
    rewrite: BTreeMap<String, String>,
    #[serde(default)]
    endings: BTreeMap<String, String>,
    #[serde(default)]
    mended: Vec<String>,
    #[serde(default)]
    known: Vec<String>,
    #[serde(default)]
    class: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    rule: Vec<RuleFile>,
    #[serde(default)]
    question: QuestionFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    name: String,
    version: u32,
    label: String,
    #[serde(rename = "match")]
    matches: Vec<String>,
    #[serde(default)]
    not_before: Vec<String>,
    #[serde(default)]
    not_after: Vec<String>,
    #[serde(default)]
    not_within: Vec<String>,
    #[serde(default)]
    not_anywhere: Vec<String>,
    #[serde(default)]
    with: Vec<String>,
}

/// A rule, compiled. Its own patterns are in [`Pack::patterns`].
pub(super) struct Rule {
    pub name: String,
    pub version: u32,
    pub label: Label,
    /// What must not end where the match begins.
    pub not_before: Vec<Node>,
    /// What must not begin where the match ends.
    pub not_after: Vec<Node>,
    /// What must not stand in the sentence.
    pub not_within: Vec<Node>,
    /// What must not stand in the turn.
    pub not_anywhere: Vec<Node>,
    /// Where there are any, one of them must stand in the turn.
    pub with: Vec<Node>,
}

/// Patterns, each with the number of what it stands for, found by their first word.
#[derive(Default)]
pub(super) struct Patterns {
    /// In the order of the numbers.
    pub all: Vec<(Node, usize)>,
    begins: HashMap<WordId, Vec<usize>>,
    anywhere: Vec<usize>,
}

impl Patterns {
    fn add(&mut self, node: Node, number: usize, firsts: &[(Vec<WordId>, Begins)]) {
        let mut first = Vec::new();
        let place = self.all.len();
        if matcher::first_words(&node, firsts, &mut first) == Begins::Word {
            for word in first.into_iter().collect::<BTreeSet<_>>() {
                self.begins.entry(word).or_default().push(place);
            }
        } else {
            self.anywhere.push(place);
        }
        self.all.push((node, number));
    }

    /// Those that can begin with `word`.
    pub(super) fn beginning(&self, word: WordId) -> impl Iterator<Item = &(Node, usize)> {
        let places = self.begins.get(&word).into_iter().flatten();
        places.chain(&self.anywhere).map(|&place| &self.all[place])
    }
}

/// A pack, compiled.
pub(super) struct Pack {
    pub language: String,
    pub version: u32,
    pub writing: Writing,
    pub classes: Vec<Node>,
    pub rules: Vec<Rule>,
    /// Each with the number of its rule.
    pub patterns: Patterns,
    /// What questions ask for, each with the number of its topic.
    pub topics: Patterns,
    /// As what a fact is asked for, each with the number of its aspect.
    pub aspects: Patterns,
    /// What only a turn that asks has.
    pub asking: Patterns,
    pub vocabulary: HashMap<String, WordId>,
    pub question: Question,
}

/// While patterns are compiled.
struct Compiler<'a> {
    file: &'a str,
    suffixes: &'a [String],
    vocabulary: HashMap<String, WordId>,
    class_numbers: HashMap<String, u16>,
}

impl Compiler<'_> {
    fn pattern(&mut self, key: &str, pattern: &str) -> Result<Node, BuildError> {
        let wrong = |mend: String| BuildError::value(self.file, key, pattern, mend);
        let node = pattern::parse(pattern).map_err(wrong)?;
        let unknown = |class| {
            let mend = format!("there is no [class] `{class}`; define it, or mend the name");
            BuildError::value(self.file, key, pattern, mend)
        };
        let unknown: &dyn Fn(String) -> BuildError = &unknown;
        let numbers = &self.class_numbers;
        let compiled = compile(node, self.suffixes, &mut self.vocabulary, numbers);
        compiled.map_err(unknown)
    }

    /// As `pattern`, for a pattern that must need a word.
    fn needing_a_word(&mut self, key: &str, pattern: &str) -> Result<Node, BuildError> {
        let node = self.pattern(key, pattern)?;
        if matcher::may_be_empty(&node) {
            let mend = "it can match without a word; let one element be there always";
            return Err(BuildError::value(self.file, key, pattern, mend));
        }
        Ok(node)
    }

    fn all(&mut self, key: &str, patterns: &[String]) -> Result<Vec<Node>, BuildError> {
        let each = patterns.iter();
        each.map(|pattern| self.needing_a_word(key, pattern))
            .collect()
    }
}

/// Gives words their numbers. The error is the name of a class that is not there.
fn compile(
    node: pattern::Node,
    suffixes: &[String],
    vocabulary: &mut HashMap<String, WordId>,
    classes: &HashMap<String, u16>,
) -> Result<Node, String> {
    let mut number = |word: String| {
        let next = vocabulary.len() as WordId;
        *vocabulary.entry(word).or_insert(next)
    };
    Ok(match node {
        pattern::Node::Word(word, false) => Node::Word(number(word)),
        pattern::Node::Word(word, true) => {
            let forms = pattern::forms(&word, suffixes).into_iter().map(number);
            let sorted: BTreeSet<WordId> = forms.collect();
            Node::OneOf(sorted.into_iter().collect())
        }
        pattern::Node::Class(name) => Node::Class(*classes.get(&name).ok_or(name)?),
        pattern::Node::Seq(all) => {
            let each = all
                .into_iter()
                .map(|one| compile(one, suffixes, vocabulary, classes));
            Node::Seq(each.collect::<Result<_, _>>()?)
        }
        pattern::Node::Alt(all) => {
            let each = all
                .into_iter()
                .map(|one| compile(one, suffixes, vocabulary, classes));
            alternatives(each.collect::<Result<_, _>>()?)
        }
        pattern::Node::Maybe(inner) => {
            Node::Maybe(Box::new(compile(*inner, suffixes, vocabulary, classes)?))
        }
        pattern::Node::Gap(most) => Node::Gap(most),
        pattern::Node::Any => Node::Any,
        pattern::Node::Number => Node::Number,
        pattern::Node::Begin(turn) => Node::Begin(turn),
        pattern::Node::End(turn) => Node::End(turn),
    })
}

/// Single words among alternatives are one set, looked up at once.
fn alternatives(all: Vec<Node>) -> Node {
    let mut words = BTreeSet::new();
    let mut others = Vec::new();
    for node in all {
        match node {
            Node::Word(word) => {
                words.insert(word);
            }
            Node::OneOf(some) => words.extend(some.iter()),
            other => others.push(other),
        }
    }
    if !words.is_empty() {
        others.push(Node::OneOf(words.into_iter().collect()));
    }
    match others.len() {
        1 => others.swap_remove(0),
        _ => Node::Alt(others.into()),
    }
}

impl Pack {
    /// Reads and compiles a pack.
    ///
    /// # Errors
    /// What is wrong in it: file, key, value and mend.
    pub(super) fn parse(file: &str, pack: &str) -> Result<Self, BuildError> {
        if pack.len() > MAX_BYTES {
            let reason = format!(
                "a language pack of {} bytes; {MAX_BYTES} is the most",
                pack.len()
            );
            return Err(BuildError::file(file, reason));
        }
        let parsed: Result<File, toml::de::Error> = toml::from_str(pack);
        let read = parsed.map_err(|error| BuildError::file(file, error.to_string().trim_end()))?;
        if read.class.len() > MAX_CLASSES {
            let mend = format!("give at most {MAX_CLASSES}");
            return Err(BuildError::value(file, "class", read.class.len(), mend));
        }
        let order = in_order(file, &read.class)?;
        let numbers = order.iter().enumerate();
        let mut compiler = Compiler {
            file,
            suffixes: &read.suffixes,
            vocabulary: HashMap::new(),
            class_numbers: numbers
                .map(|(n, name)| (name.to_string(), n as u16))
                .collect(),
        };
        let mut classes = Vec::with_capacity(order.len());
        let mut firsts: Vec<(Vec<WordId>, Begins)> = Vec::with_capacity(order.len());
        for name in order {
            let key = format!("class.{name}");
            let class = alternatives(compiler.all(&key, &read.class[name])?);
            let mut first = Vec::new();
            let begins = matcher::first_words(&class, &firsts, &mut first);
            first.sort_unstable();
            first.dedup();
            firsts.push((first, begins));
            classes.push(class);
        }
        let mut pack = Self {
            language: read.language,
            version: read.version,
            writing: Writing::default(),
            classes,
            rules: Vec::new(),
            patterns: Patterns::default(),
            topics: Patterns::default(),
            aspects: Patterns::default(),
            asking: Patterns::default(),
            vocabulary: HashMap::new(),
            question: Question::default(),
        };
        for rule in &read.rule {
            pack.add(&mut compiler, rule, &firsts)?;
        }
        let question = &read.question;
        for (what, named, into) in [
            ("topic", &question.topic, &mut pack.topics),
            ("aspect", &question.aspect, &mut pack.aspects),
        ] {
            for (number, (name, patterns)) in named.iter().enumerate() {
                for node in compiler.all(&format!("question.{what}.{name}"), patterns)? {
                    into.add(node, number, &firsts);
                }
            }
        }
        for node in compiler.all("question.asking", &read.question.asking)? {
            pack.asking.add(node, 0, &firsts);
        }
        pack.vocabulary = compiler.vocabulary;
        pack.writing = writing(&read.fillers, read.rewrite, read.endings, read.mended);
        pack.writing.known = pack.vocabulary.keys().cloned().collect();
        let lists = read.known.iter().chain(&read.question.common);
        let words = lists.flat_map(|list| list.split_whitespace());
        pack.writing.known.extend(words.map(String::from));
        pack.writing
            .known
            .extend(pack.writing.rewrites.keys().cloned());
        pack.question = Question::new(file, read.question, &read.suffixes)?;
        Ok(pack)
    }

    fn add(
        &mut self,
        compiler: &mut Compiler<'_>,
        rule: &RuleFile,
        firsts: &[(Vec<WordId>, Begins)],
    ) -> Result<(), BuildError> {
        let key = |part: &str| format!("rule.{}.{part}", rule.name);
        let label = Label::parse(&rule.label).ok_or_else(|| {
            let names: Vec<&str> = Label::NAMES.iter().map(|(name, _)| *name).collect();
            let mend = format!("give one of {}", names.join(", "));
            BuildError::value(compiler.file, key("label"), &rule.label, mend)
        })?;
        if self.rules.iter().any(|other| other.name == rule.name) {
            let mend = "two rules have this name; give each its own";
            return Err(BuildError::value(
                compiler.file,
                "rule.name",
                &rule.name,
                mend,
            ));
        }
        let number = self.rules.len();
        for node in compiler.all(&key("match"), &rule.matches)? {
            self.patterns.add(node, number, firsts);
        }
        self.rules.push(Rule {
            name: rule.name.clone(),
            version: rule.version,
            label,
            not_before: compiler.all(&key("not_before"), &rule.not_before)?,
            not_after: compiler.all(&key("not_after"), &rule.not_after)?,
            not_within: compiler.all(&key("not_within"), &rule.not_within)?,
            not_anywhere: compiler.all(&key("not_anywhere"), &rule.not_anywhere)?,
            with: compiler.all(&key("with"), &rule.with)?,
        });
        Ok(())
    }
}

/// The names of classes so that each comes after those that it names.
fn in_order<'a>(
    file: &str,
    classes: &'a BTreeMap<String, Vec<String>>,
) -> Result<Vec<&'a String>, BuildError> {
    let names_of = |entries: &[String]| -> HashSet<String> {
        let cut = |c: char| !(c.is_alphanumeric() || c == '_' || c == '@');
        let words = entries.iter().flat_map(|entry| entry.split(cut));
        words
            .filter_map(|word| word.strip_prefix('@'))
            .map(String::from)
            .collect()
    };
    let mut waiting: Vec<(&String, HashSet<String>)> = Vec::new();
    for (name, entries) in classes {
        waiting.push((name, names_of(entries)));
    }
    let mut order = Vec::new();
    let mut placed = HashSet::new();
    for _ in 0..MAX_DEPTH {
        let ready = |needs: &HashSet<String>| {
            // A class that is nowhere is told when the pattern is compiled.
            needs
                .iter()
                .all(|need| placed.contains(need) || !classes.contains_key(need))
        };
        let (now, later) = waiting.into_iter().partition(|(_, needs)| ready(needs));
        let now: Vec<(&String, HashSet<String>)> = now;
        order.extend(now.iter().map(|(name, _)| *name));
        placed.extend(now.into_iter().map(|(name, _)| name.clone()));
        waiting = later;
    }
    match waiting.first() {
        None => Ok(order),
        Some((name, _)) => Err(BuildError::value(
            file,
            format_args!("class.{name}"),
            "a circle",
            format_args!("classes name each other in a circle, or deeper than {MAX_DEPTH}"),
        )),
    }
}

fn writing(
    fillers: &[String],
    rewrites: BTreeMap<String, String>,
    endings: BTreeMap<String, String>,
    mended: Vec<String>,
) -> Writing {
    let words = |text: &str| -> Vec<String> {
        text::tokens(text)
            .into_iter()
            .map(|token| token.text)
            .collect()
    };
    let mut writing = Writing {
        mended: mended
            .iter()
            .flat_map(|words| words.split_whitespace())
            .map(String::from)
            .collect(),
        endings: endings.into_iter().collect(),
        ..Writing::default()
    };
    let fillers = fillers.iter().map(|filler| (filler.clone(), String::new()));
    for (key, value) in fillers.chain(rewrites) {
        let key = words(&key);
        if let Some(first) = key.first() {
            let rules = writing.rewrites.entry(first.clone()).or_default();
            rules.push((key, words(&value)));
        }
    }
    for rules in writing.rewrites.values_mut() {
        rules.sort_by_key(|(key, _)| std::cmp::Reverse(key.len()));
    }
    writing
        .endings
        .sort_by_key(|(ending, _)| std::cmp::Reverse(ending.len()));
    writing
}
