//! Events in the voice or in the words that have a beginning and an end.

use crate::units::StreamTime;
use serde::{Deserialize, Serialize};

/// A marker of distress or confusion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Marker {
    /// When it was decided.
    #[serde(rename = "at_s")]
    pub at: StreamTime,
    /// What it is.
    pub kind: MarkerKind,
    /// Where it begins.
    #[serde(rename = "from_s")]
    pub from: StreamTime,
    /// Where it ends.
    #[serde(rename = "to_s")]
    pub to: StreamTime,
    /// 0..1.
    pub confidence: f32,
}

/// The kinds of marker: sounds that the acoustics carry today, and what the caller's words say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MarkerKind {
    /// Crying aloud.
    Cry,
    /// Sobbing.
    Sob,
    /// Screaming.
    Scream,
    /// A sigh.
    Sigh,
    /// Laughter.
    Laugh,
    /// A cough.
    Cough,
    /// Breath in pauses has become audible beyond this caller's own habit.
    BreathChange,
    /// A sustained flat-pitched sound, or a pause that grows inside a phrase.
    Hesitation,
    /// By words: say it more slowly.
    SlowDownRequest,
    /// By words: say it again.
    RepeatRequest,
    /// By words: the same question as before.
    RepeatQuestion,
    /// By words: it was not understood.
    NotUnderstood,
    /// By words: no money, no work.
    HardshipMention,
    /// By words: somebody died.
    BereavementMention,
    /// By words: illness or a medical emergency.
    MedicalMention,
    /// By words: the caller is angry.
    AngerWords,
}

impl MarkerKind {
    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cry => "cry",
            Self::Sob => "sob",
            Self::Scream => "scream",
            Self::Sigh => "sigh",
            Self::Laugh => "laugh",
            Self::Cough => "cough",
            Self::BreathChange => "breath_change",
            Self::Hesitation => "hesitation",
            Self::SlowDownRequest => "slow_down_request",
            Self::RepeatRequest => "repeat_request",
            Self::RepeatQuestion => "repeat_question",
            Self::NotUnderstood => "not_understood",
            Self::HardshipMention => "hardship_mention",
            Self::BereavementMention => "bereavement_mention",
            Self::MedicalMention => "medical_mention",
            Self::AngerWords => "anger_words",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_that_of_the_record() {
        for kind in [
            MarkerKind::Cry,
            MarkerKind::BreathChange,
            MarkerKind::SlowDownRequest,
            MarkerKind::RepeatQuestion,
            MarkerKind::NotUnderstood,
            MarkerKind::BereavementMention,
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
