//! What was told of a call, in bounded memory.

use super::bounded::Bounded;
use crate::dialogue::{
    Action, DialogueEvent, Identity, Intent, NextAction, Outcome, ReportedKind, SelfEvaluation,
    Source, Speaker, Turn, Write,
};

/// The most turns that are kept.
pub const MAX_TURNS: usize = 2_000;
/// The most sources, and as many actions and writes.
pub const MAX_ITEMS: usize = 200;
/// The most bytes of text in each of these lists.
pub const MAX_LIST_BYTES: usize = 256 * 1024;
/// Earlier turns of the caller that a question is held against, and the most bytes of one: who
/// speaks longer than a minute does not ask the same question again.
const HISTORY: usize = 20;
const HISTORY_BYTES: usize = 600;

/// What was told. The oldest goes first when there is too much, and is counted.
pub struct Dossier {
    turns: Bounded<Turn>,
    sources: Bounded<Source>,
    actions: Bounded<Action>,
    writes: Bounded<Write>,
    reported: [bool; 3],
    /// Who the caller is.
    pub identity: Option<Identity>,
    /// What the caller wants.
    pub intent: Option<Intent>,
    /// The agent's last judgement of itself.
    pub evaluation: Option<SelfEvaluation>,
    /// What the agent would do next.
    pub next: Option<NextAction>,
}

impl Dossier {
    /// Nothing told.
    pub fn new() -> Self {
        Self {
            turns: Bounded::new(MAX_TURNS, MAX_LIST_BYTES, |turn| turn.text.len()),
            sources: Bounded::new(MAX_ITEMS, MAX_LIST_BYTES, |source| {
                let more = [&source.uri, &source.excerpt].map(length);
                source.title.len() + more.iter().sum::<usize>()
            }),
            actions: Bounded::new(MAX_ITEMS, MAX_LIST_BYTES, |action| {
                let pairs = action.arguments.iter().map(|(k, v)| k.len() + v.len());
                action.name.len() + length(&action.result) + pairs.sum::<usize>()
            }),
            writes: Bounded::new(MAX_ITEMS, MAX_LIST_BYTES, |write| {
                let more = [&write.system, &write.reference].map(length);
                write.what.len() + more.iter().sum::<usize>()
            }),
            reported: [false; 3],
            identity: None,
            intent: None,
            evaluation: None,
            next: None,
        }
    }

    /// Takes what was told. A final turn takes the place of its partial ones, and a result that of
    /// the pending action.
    pub fn take(&mut self, event: DialogueEvent) {
        match event {
            DialogueEvent::Turn(turn) => self.turn(turn),
            DialogueEvent::SelfEvaluation(evaluation) => self.evaluation = Some(evaluation),
            DialogueEvent::Intent(intent) => self.intent = Some(intent),
            DialogueEvent::IntentSettled(_) | DialogueEvent::FailedTurn(_) => {}
            DialogueEvent::Source(source) => self.sources.push(source),
            DialogueEvent::Action(action) => {
                let waits = |it: &Action| {
                    it.outcome == Outcome::Pending
                        && it.name == action.name
                        && (it.arguments == action.arguments || action.arguments.is_empty())
                };
                match self.actions.iter().rposition(waits) {
                    Some(place) => {
                        let given = self.actions.get(place).map(|it| it.arguments.clone());
                        let arguments = match action.arguments.is_empty() {
                            true => given.unwrap_or_default(),
                            false => action.arguments,
                        };
                        let action = Action {
                            arguments,
                            ..action
                        };
                        self.actions.replace(place, action);
                    }
                    None => self.actions.push(action),
                }
            }
            DialogueEvent::Write(write) => self.writes.push(write),
            DialogueEvent::Identity(identity) => self.identity = Some(identity),
            DialogueEvent::NextAction(next) => self.next = Some(next),
            DialogueEvent::Reports(reported) => {
                for kind in reported.kinds {
                    self.reported[kind as usize] = true;
                }
            }
        }
    }

    fn turn(&mut self, turn: Turn) {
        let same = |it: &Turn| {
            it.speaker == turn.speaker
                && it.start_s == turn.start_s
                && (turn.start_s.is_some() || !it.is_final)
        };
        if let Some(place) = self.turns.iter().rposition(same) {
            let held = self.turns.get(place);
            // A partial text that was overtaken by its final one says nothing new.
            if held.is_none_or(|held| turn.is_final || !held.is_final) {
                self.turns.replace(place, turn);
            }
            return;
        }
        let later = |it: &Turn| matches!((it.start_s, turn.start_s), (Some(a), Some(b)) if a > b);
        let after = self.turns.iter().rev().take_while(|it| later(it)).count();
        self.turns.insert_before_end(after, turn);
    }

    /// The caller's last texts that are final and could be a question, oldest first, without the
    /// one that began at `start_s`.
    pub fn history(&self, start_s: Option<f64>) -> Vec<&str> {
        let earlier = |it: &&Turn| {
            let itself = start_s.is_some() && it.start_s == start_s;
            let short = it.text.len() <= HISTORY_BYTES;
            it.speaker == Speaker::Caller && it.is_final && short && !itself
        };
        let texts = self.turns.iter().rev().filter(earlier).take(HISTORY);
        let mut texts: Vec<&str> = texts.map(|it| it.text.as_str()).collect();
        texts.reverse();
        texts
    }

    /// What was said, oldest first.
    pub fn turns(&self) -> impl DoubleEndedIterator<Item = &Turn> {
        self.turns.iter()
    }

    /// What was looked up; `None` where nobody said.
    pub fn sources(&self) -> Option<Vec<Source>> {
        self.listed(&self.sources, ReportedKind::Sources)
    }

    /// What was attempted.
    pub fn actions(&self) -> Option<Vec<Action>> {
        self.listed(&self.actions, ReportedKind::Actions)
    }

    /// What was written.
    pub fn writes(&self) -> Option<Vec<Write>> {
        self.listed(&self.writes, ReportedKind::CommittedWrites)
    }

    fn listed<T: Clone>(&self, list: &Bounded<T>, kind: ReportedKind) -> Option<Vec<T>> {
        let told = list.iter().len() > 0 || self.reported[kind as usize];
        told.then(|| list.iter().cloned().collect())
    }

    /// Turns, sources, actions and writes that were dropped.
    pub fn dropped(&self) -> u32 {
        let counts = [
            self.turns.dropped(),
            self.sources.dropped(),
            self.actions.dropped(),
            self.writes.dropped(),
        ];
        counts.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }
}

impl Default for Dossier {
    fn default() -> Self {
        Self::new()
    }
}

fn length(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(text: &str, start_s: Option<f64>, is_final: bool) -> DialogueEvent {
        DialogueEvent::Turn(Turn {
            speaker: Speaker::Caller,
            text: text.to_owned(),
            start_s,
            end_s: None,
            is_final,
        })
    }

    fn texts(dossier: &Dossier) -> Vec<&str> {
        dossier.turns().map(|it| it.text.as_str()).collect()
    }

    #[test]
    fn a_final_text_takes_the_place_of_its_partial_ones() {
        let mut dossier = Dossier::new();
        for (text, start_s, is_final) in [
            ("I", Some(1.0), false),
            ("I want", Some(1.0), false),
            ("hm", None, false),
            ("I want out", Some(1.0), true),
            ("hm hm", None, true),
            ("I w", Some(1.0), false),
            ("again", None, true),
            ("before", Some(0.5), true),
        ] {
            dossier.take(turn(text, start_s, is_final));
        }
        assert_eq!(texts(&dossier), ["I want out", "hm hm", "again", "before"]);
        dossier.take(turn("after", Some(9.0), true));
        dossier.take(turn("between", Some(5.0), true));
        assert_eq!(
            texts(&dossier)[4..],
            ["between", "after"],
            "ordered by time"
        );
        assert_eq!(dossier.history(Some(9.0)).last(), Some(&"between"));
    }

    #[test]
    fn memory_is_bounded_and_what_goes_is_counted() {
        let mut dossier = Dossier::new();
        let text = "x".repeat(4_096);
        for i in 0..3_000 {
            dossier.take(turn(&text, Some(f64::from(i)), true));
        }
        let kept = MAX_LIST_BYTES / 4_096;
        assert_eq!(texts(&dossier).len(), kept);
        assert_eq!(dossier.dropped() as usize, 3_000 - kept);
        for i in 0..5_000 {
            dossier.take(turn("y", Some(4_000.0 + f64::from(i)), true));
        }
        assert_eq!(texts(&dossier).len(), MAX_TURNS);
    }

    #[test]
    fn a_result_takes_the_place_of_the_pending_action() {
        let mut dossier = Dossier::new();
        let action = |outcome| {
            DialogueEvent::Action(Action {
                name: "lookup_vendor".into(),
                outcome,
                result: None,
                arguments: [("amount".to_owned(), "$84.50".to_owned())].into(),
            })
        };
        assert_eq!(dossier.actions(), None);
        dossier.take(action(Outcome::Pending));
        dossier.take(action(Outcome::NoMatch));
        dossier.take(action(Outcome::Failed));
        let outcomes: Vec<_> = dossier
            .actions()
            .unwrap()
            .iter()
            .map(|a| a.outcome)
            .collect();
        assert_eq!(outcomes, [Outcome::NoMatch, Outcome::Failed]);
    }
}
