//! Signs beside the stream of the voice: how often of late, how much they weigh, and whether the
//! voice says the same.

use super::escalation::{Evidence, Phrase, Reason};
use crate::error::BuildError;
use crate::trajectory::MarkerKind;
use crate::units::StreamTime;
use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

/// The most signs that can be asked for, and so are remembered.
pub(super) const MOST: usize = 20;

/// When signs in words, sounds and turn-taking count as `sentiment`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignPoint {
    /// Signs of confusion that escalate: requests to repeat or to slow down, questions asked again,
    /// words of not having understood.
    pub confusion_signs: u32,
    /// Seconds within which they must come.
    pub confusion_window_s: f64,
    /// Mentions of distress that escalate whatever the voice says.
    pub distress_mentions: u32,
    /// Share of the voice's own threshold of distress at which one mention is enough, 0..1.
    pub distress_voice_share: f64,
    /// What a sound of distress adds to the evidence of distress, standard deviations: a sigh or a
    /// cry so much, both together four times as much.
    pub distress_sounds_sd: f64,
    /// Turns with words of anger in one call that escalate whatever the voice says.
    pub anger_turns: u32,
    /// What words of anger add to the evidence of anger, standard deviations a turn.
    pub anger_words_sd: f64,
    /// What breaking in on the agent adds to the evidence of anger, standard deviations; an answer
    /// in less than half of the caller's usual time adds half of it.
    pub turn_taking_sd: f64,
}

impl Default for SignPoint {
    fn default() -> Self {
        Self {
            confusion_signs: 3,
            confusion_window_s: 120.0,
            distress_mentions: 2,
            distress_voice_share: 0.5,
            distress_sounds_sd: 1.5,
            anger_turns: 3,
            anger_words_sd: 2.0,
            turn_taking_sd: 0.5,
        }
    }
}

impl SignPoint {
    /// # Errors
    /// When a value is outside its range.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        let most = MOST as f64;
        for (key, value, from, to) in [
            ("confusion_signs", self.confusion_signs.into(), 1.0, most),
            ("confusion_window_s", self.confusion_window_s, 5.0, 3_600.0),
            (
                "distress_mentions",
                self.distress_mentions.into(),
                1.0,
                most,
            ),
            ("distress_voice_share", self.distress_voice_share, 0.1, 1.0),
            ("distress_sounds_sd", self.distress_sounds_sd, 0.0, 10.0),
            ("anger_turns", self.anger_turns.into(), 1.0, most),
            ("anger_words_sd", self.anger_words_sd, 0.0, 10.0),
            ("turn_taking_sd", self.turn_taking_sd, 0.0, 10.0),
        ] {
            BuildError::within(file, &format!("signs.{key}"), value, from, to)?;
        }
        Ok(())
    }
}

/// One sign: what, since when, and the words.
#[derive(Clone, Copy, Debug)]
pub struct Sign {
    /// What it is.
    pub kind: MarkerKind,
    /// Where the words began.
    pub from: StreamTime,
    /// The rule and the words.
    pub phrase: Phrase,
}

/// The signs of one call. Of fixed size.
pub(super) struct Signs {
    pub point: SignPoint,
    pub confusion: ArrayVec<(MarkerKind, StreamTime, StreamTime), MOST>,
    pub mentions: u32,
    pub mention: Option<Sign>,
    pub angry: u32,
    pub anger: Option<Sign>,
}

impl Signs {
    pub fn new(point: SignPoint) -> Self {
        Self {
            point,
            confusion: ArrayVec::new(),
            mentions: 0,
            mention: None,
            angry: 0,
            anger: None,
        }
    }

    /// Takes a sign of confusion; true when there are enough within the window.
    pub fn confused(&mut self, sign: &Sign, at: StreamTime) -> bool {
        let window_s = self.point.confusion_window_s;
        self.confusion
            .retain(|(_, then, _)| at.since(*then) <= window_s);
        if self.confusion.is_full() {
            self.confusion.remove(0);
        }
        self.confusion.push((sign.kind, at, sign.from));
        self.confusion.len() >= self.point.confusion_signs as usize
    }

    /// Takes a mention of distress; true when there are enough in the call.
    pub fn mentioned(&mut self, sign: &Sign) -> bool {
        self.mention = Some(*sign);
        self.mentions = self.mentions.saturating_add(1);
        self.mentions >= self.point.distress_mentions
    }

    /// Takes words of anger; true when there are enough in the call.
    pub fn angered(&mut self, sign: &Sign) -> bool {
        self.anger = Some(*sign);
        self.angry = self.angry.saturating_add(1);
        self.angry >= self.point.anger_turns
    }

    /// Where the first sign of confusion in the window began, and how many there are of each kind.
    pub fn confusion(&self) -> (Option<StreamTime>, impl Iterator<Item = Evidence> + '_) {
        let onset = self.confusion.iter().map(|(.., from)| *from).min();
        let first = |place: usize, kind| self.confusion[..place].iter().all(|(k, ..)| *k != kind);
        let kinds = self.confusion.iter().enumerate();
        let kinds = kinds.filter(move |(place, (kind, ..))| first(*place, *kind));
        let counted = kinds.map(|(_, (kind, ..))| {
            let count = self.confusion.iter().filter(|(k, ..)| k == kind).count();
            counted(*kind, count as u32)
        });
        (onset, counted)
    }

    /// The mentions so far.
    pub fn distress(&self) -> Option<Evidence> {
        self.mention.map(|m| counted(m.kind, self.mentions.max(1)))
    }

    /// The turns with words of anger so far.
    pub fn anger(&self) -> Option<Evidence> {
        self.anger.map(|it| counted(it.kind, self.angry.max(1)))
    }

    /// Forgets what has escalated for `reason`.
    pub fn forget(&mut self, reason: Reason) {
        match reason {
            Reason::Confusion => self.confusion.clear(),
            Reason::Distress => (self.mentions, self.mention) = (0, None),
            _ => (self.angry, self.anger) = (0, None),
        }
    }
}

fn counted(kind: MarkerKind, count: u32) -> Evidence {
    Evidence::counted(kind.name(), count)
}
