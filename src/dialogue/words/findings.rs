//! What words give: which labels fired, by which rule, on which words.

use serde::{Deserialize, Serialize};

/// The most bytes of the caller's own words that a [`Finding`] quotes.
pub const PHRASE_BYTES: usize = 120;

/// A rule that fired, and the words that it fired on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's name, as the language pack has it.
    pub rule: String,
    /// The rule's version.
    pub version: u32,
    /// The words of the original text that fired, cut at [`PHRASE_BYTES`] bytes. For a repeated
    /// question it is the earlier question.
    pub phrase: String,
}

/// What a turn says, as far as rules can tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// The caller asks for a human.
    pub explicit_request: Option<Finding>,
    /// Intents that policy reserves for humans, each at most once, in the order of
    /// [`PolicyIntent`].
    pub intents: Vec<(PolicyIntent, Finding)>,
    /// The caller is in distress.
    pub distress: Option<(DistressKind, Finding)>,
    /// The caller says that they are angry, or speaks as angry people do.
    pub anger: Option<Finding>,
    /// The caller did not hear or understand.
    pub confusion: Option<(ConfusionKind, Finding)>,
    /// The caller asks for the same fact again, in other words. Only with a history.
    pub repeated_question: Option<Finding>,
}

/// What policy reserves for humans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyIntent {
    /// Suspected fraud, identity theft, a stolen or misused card, a payment the caller did not make.
    Fraud,
    /// The caller wants to close or cancel an account, a plan, a membership.
    AccountClosure,
    /// The caller cannot pay, or needs time.
    Hardship,
    /// A lawyer, a court, a complaint to a regulator.
    Legal,
    /// The caller speaks of suicide or of hurting themselves.
    SelfHarm,
}

impl PolicyIntent {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [
        Self::Fraud,
        Self::AccountClosure,
        Self::Hardship,
        Self::Legal,
        Self::SelfHarm,
    ];

    /// The name in records and packs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fraud => "fraud",
            Self::AccountClosure => "account_closure",
            Self::Hardship => "hardship",
            Self::Legal => "legal",
            Self::SelfHarm => "self_harm",
        }
    }
}

/// What the distress is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DistressKind {
    /// No money, no work.
    Hardship,
    /// Somebody died.
    Bereavement,
    /// Somebody is ill, the caller or the family.
    Illness,
    /// A medical emergency, now.
    Emergency,
}

/// What kind of help with understanding the caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfusionKind {
    /// Say it again.
    Repeat,
    /// Say it more slowly.
    SlowDown,
    /// It was not understood.
    NotUnderstood,
    /// Say what it means.
    Explain,
}

/// What a rule stands for; its name in a pack is `explicit_request`, `fraud`, `distress.illness`,
/// `anger`, `confusion.repeat` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    ExplicitRequest,
    Intent(PolicyIntent),
    Distress(DistressKind),
    Anger,
    Confusion(ConfusionKind),
}

impl Label {
    pub(super) const NAMES: [(&'static str, Self); 15] = [
        ("explicit_request", Self::ExplicitRequest),
        ("fraud", Self::Intent(PolicyIntent::Fraud)),
        (
            "account_closure",
            Self::Intent(PolicyIntent::AccountClosure),
        ),
        ("hardship", Self::Intent(PolicyIntent::Hardship)),
        ("legal", Self::Intent(PolicyIntent::Legal)),
        ("self_harm", Self::Intent(PolicyIntent::SelfHarm)),
        ("distress.hardship", Self::Distress(DistressKind::Hardship)),
        (
            "distress.bereavement",
            Self::Distress(DistressKind::Bereavement),
        ),
        ("distress.illness", Self::Distress(DistressKind::Illness)),
        (
            "distress.emergency",
            Self::Distress(DistressKind::Emergency),
        ),
        ("anger", Self::Anger),
        ("confusion.repeat", Self::Confusion(ConfusionKind::Repeat)),
        (
            "confusion.slow_down",
            Self::Confusion(ConfusionKind::SlowDown),
        ),
        (
            "confusion.not_understood",
            Self::Confusion(ConfusionKind::NotUnderstood),
        ),
        ("confusion.explain", Self::Confusion(ConfusionKind::Explain)),
    ];

    pub(super) fn parse(name: &str) -> Option<Self> {
        let known = |(known, label): &(&str, Self)| (*known == name).then_some(*label);
        Self::NAMES.iter().find_map(known)
    }
}
