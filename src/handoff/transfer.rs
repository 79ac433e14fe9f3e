//! The way from a decision to a human who speaks, stage by stage, against the budget.
//!
//! Sans-IO. Time is an input: milliseconds since the decision, as the shell's clock has them; a
//! time that runs backwards counts as the latest one. The telephony side may leave out stages that
//! it does not see, but no stage comes back.
//!
//! ```text
//! decided → initiated → ringing → accepted → connected (the end)
//!    └──────────┴──────────┴──────────┴─→ failed → initiated, while destinations are left
//!                                            └──→ back to the agent, or the caller is gone (the end)
//! ```

use super::budget::{StageBudget, TransferBudget};
use super::stages::{
    Ending, Failure, Lateness, Next, Stage, StageAt, TransferError, TransferEvent, TransferStatus,
    TransferUpdate,
};

/// The most destinations of one transfer.
pub const MAX_DESTINATIONS: usize = 16;

/// One transfer.
#[derive(Clone, Debug)]
pub struct Transfer {
    budget: TransferBudget,
    /// The one in use first.
    destinations: Vec<String>,
    stage: Stage,
    failure: Option<Failure>,
    next: Option<Next>,
    ended: bool,
    attempt: u32,
    queue_estimate_s: Option<f64>,
    /// Of this attempt.
    stages: Vec<StageAt>,
    now_ms: u64,
    /// When the present stage, or the failure, came.
    since_ms: u64,
    /// What was told of the stage that is waited for, and of the whole.
    told: Lateness,
    told_in_all: Lateness,
}

impl Transfer {
    /// Decided, at 0 ms.
    pub fn new(budget: TransferBudget) -> Self {
        Self {
            budget,
            destinations: Vec::new(),
            stage: Stage::Decided,
            failure: None,
            next: None,
            ended: false,
            attempt: 1,
            queue_estimate_s: None,
            stages: vec![StageAt {
                stage: Stage::Decided,
                at_ms: 0,
                elapsed_ms: 0,
                late: Lateness::OnTime,
            }],
            now_ms: 0,
            since_ms: 0,
            told: Lateness::OnTime,
            told_in_all: Lateness::OnTime,
        }
    }

    /// Where to try, the first one first; at most [`MAX_DESTINATIONS`] of them count.
    pub fn with_destinations(mut self, destinations: Vec<String>) -> Self {
        self.destinations = destinations;
        self.destinations.truncate(MAX_DESTINATIONS);
        self
    }

    /// What the telephony side says. The present stage said again changes nothing but the
    /// estimate.
    ///
    /// # Errors
    /// When it cannot be; the transfer is unchanged then.
    pub fn update(
        &mut self,
        update: impl Into<TransferUpdate>,
        at_ms: u64,
    ) -> Result<Vec<TransferEvent>, TransferError> {
        let update = update.into();
        self.possible(&update)?;
        let mut events = Vec::new();
        if self.ended {
            return Ok(events);
        }
        self.now_ms = self.now_ms.max(at_ms);
        if let Some(estimate_s) = update.queue_estimate_s
            && self.queue_estimate_s != Some(estimate_s)
        {
            self.queue_estimate_s = Some(estimate_s);
            let at_ms = self.now_ms;
            events.push(TransferEvent::Queue { estimate_s, at_ms });
        }
        if let Some(failure) = update.failure {
            if self.failure != Some(failure) {
                self.lateness(&mut events);
                self.fail(failure, &mut events);
            }
        } else if update.stage != self.stage {
            self.lateness(&mut events);
            self.reach(update.stage, &mut events);
        }
        Ok(events)
    }

    /// What is late at `at_ms`, once each: call at [`Transfer::next_deadline_ms`], or whenever.
    pub fn due(&mut self, at_ms: u64) -> Vec<TransferEvent> {
        let mut events = Vec::new();
        if self.ended {
            return events;
        }
        self.now_ms = self.now_ms.max(at_ms);
        self.lateness(&mut events);
        let worst = [self.told, self.told_in_all].contains(&Lateness::Worst);
        let waits = self.stage != Stage::Failed || self.told_in_all == Lateness::Worst;
        if worst && waits && self.budget.timeout_at_worst {
            self.fail(Failure::Timeout, &mut events);
        }
        events
    }

    /// When the next thing will be late, ms since the decision; `None` when nothing can be.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        if self.ended {
            return None;
        }
        let stage = self.awaited().map(|(_, budget)| budget);
        let stage = stage.and_then(|b| b.deadline(self.told, self.since_ms));
        let whole = self.budget.connected.deadline(self.told_in_all, 0);
        stage.into_iter().chain(whole).min()
    }

    /// Where to try now: the first destination, or after a failure the next.
    pub fn destination(&self) -> Option<&str> {
        self.destinations.first().map(String::as_str)
    }

    /// Whether nothing more can come.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// All of it as seen at `at_ms`.
    pub fn status(&self, at_ms: u64) -> TransferStatus {
        let now_ms = match self.ended {
            true => self.now_ms,
            false => self.now_ms.max(at_ms),
        };
        TransferStatus {
            stage: self.stage,
            failure: self.failure,
            attempt: self.attempt,
            destination: self.destination().map(str::to_owned),
            elapsed_ms: now_ms,
            stages: self.stages.clone(),
            queue_estimate_s: self.queue_estimate_s,
            next: self.next.clone(),
        }
    }

    fn possible(&self, update: &TransferUpdate) -> Result<(), TransferError> {
        let (from, to) = (self.stage, update.stage);
        if let Some(estimate_s) = update.queue_estimate_s
            && !(0.0..=86_400.0).contains(&estimate_s)
        {
            return Err(TransferError::Estimate);
        }
        match (to == Stage::Failed, update.failure) {
            (true, None) => return Err(TransferError::NoFailure),
            (false, Some(_)) => return Err(TransferError::StrayFailure),
            _ => {}
        }
        let again = from == to && update.failure == self.failure;
        if again {
            return Ok(());
        }
        if self.ended {
            return Err(TransferError::Ended { stage: from });
        }
        match (from, to) {
            // Between two attempts only the caller can still be lost.
            (Stage::Failed, Stage::Failed) if update.failure == Some(Failure::CallerHungUp) => {
                Ok(())
            }
            (Stage::Failed, Stage::Initiated) => Ok(()),
            (Stage::Failed, _) => Err(TransferError::NotInitiated { to }),
            (_, Stage::Failed) => Ok(()),
            _ if to > from => Ok(()),
            _ => Err(TransferError::Backwards { from, to }),
        }
    }

    fn reach(&mut self, stage: Stage, events: &mut Vec<TransferEvent>) {
        if self.stage == Stage::Failed {
            self.attempt += 1;
            self.stages.truncate(1);
            (self.failure, self.next) = (None, None);
        }
        let (at_ms, elapsed_ms) = (self.now_ms, self.now_ms - self.since_ms);
        // Of stages left out nothing is known; the one that came is held against its own budget.
        let late = match (stage, self.budget_of(stage)) {
            (Stage::Connected, _) => self.told_in_all,
            (_, Some(budget)) => budget.lateness(elapsed_ms),
            (_, None) => Lateness::OnTime,
        };
        self.stage = stage;
        self.since_ms = at_ms;
        self.told = Lateness::OnTime;
        let reached = StageAt {
            stage,
            at_ms,
            elapsed_ms,
            late,
        };
        self.stages.push(reached);
        let attempt = self.attempt;
        events.push(TransferEvent::Reached { reached, attempt });
        if stage == Stage::Connected {
            self.end(Ending::Connected, events);
        }
    }

    fn fail(&mut self, failure: Failure, events: &mut Vec<TransferEvent>) {
        let attempt = self.attempt;
        let lost = failure == Failure::CallerHungUp;
        // Beyond the worst case of the whole there is no time for another attempt.
        let time = self.told_in_all != Lateness::Worst || !self.budget.timeout_at_worst;
        if self.stage != Stage::Failed && !self.destinations.is_empty() {
            self.destinations.remove(0);
        }
        self.next = match self.destination() {
            _ if lost => None,
            Some(destination) if time => Some(Next::Retry {
                destination: destination.to_owned(),
            }),
            _ => Some(Next::BackToAgent),
        };
        self.stage = Stage::Failed;
        self.failure = Some(failure);
        self.since_ms = self.now_ms;
        self.told = Lateness::OnTime;
        events.push(TransferEvent::Failed {
            failure,
            at_ms: self.now_ms,
            attempt,
            next: self.next.clone(),
        });
        match self.next {
            None => self.end(Ending::CallerHungUp, events),
            Some(Next::BackToAgent) => self.end(Ending::BackToAgent, events),
            Some(Next::Retry { .. }) => {}
        }
    }

    fn end(&mut self, ending: Ending, events: &mut Vec<TransferEvent>) {
        self.ended = true;
        let at_ms = self.now_ms;
        events.push(TransferEvent::Ended { ending, at_ms });
    }

    /// Tells what has become late and was not told.
    fn lateness(&mut self, events: &mut Vec<TransferEvent>) {
        let at_ms = self.now_ms;
        if let Some((stage, budget)) = self.awaited() {
            let elapsed_ms = at_ms - self.since_ms;
            tell(stage, budget, elapsed_ms, at_ms, &mut self.told, events);
        }
        let (whole, told) = (self.budget.connected, &mut self.told_in_all);
        tell(Stage::Connected, whole, at_ms, at_ms, told, events);
    }

    /// The stage that is waited for, where it has a budget of its own.
    fn awaited(&self) -> Option<(Stage, StageBudget)> {
        let stage = match self.stage {
            Stage::Decided | Stage::Failed => Stage::Initiated,
            Stage::Initiated => Stage::Ringing,
            Stage::Ringing => Stage::Accepted,
            Stage::Accepted | Stage::Connected => return None,
        };
        self.budget_of(stage).map(|budget| (stage, budget))
    }

    fn budget_of(&self, stage: Stage) -> Option<StageBudget> {
        match stage {
            Stage::Initiated => Some(self.budget.initiated),
            Stage::Ringing => Some(self.budget.ringing),
            Stage::Accepted => Some(self.budget.accepted),
            Stage::Decided | Stage::Connected | Stage::Failed => None,
        }
    }
}

fn tell(
    stage: Stage,
    budget: StageBudget,
    elapsed_ms: u64,
    at_ms: u64,
    told: &mut Lateness,
    events: &mut Vec<TransferEvent>,
) {
    let late = budget.lateness(elapsed_ms);
    for step in [Lateness::Late, Lateness::Worst] {
        if *told < step && step <= late {
            *told = step;
            events.push(TransferEvent::Late {
                stage,
                late: step,
                at_ms,
                elapsed_ms,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transfer(destinations: &[&str]) -> Transfer {
        let destinations = destinations.iter().map(|d| (*d).to_owned()).collect();
        Transfer::new(TransferBudget::default()).with_destinations(destinations)
    }

    fn lates(events: &[TransferEvent]) -> Vec<(Stage, Lateness)> {
        let late = |event: &TransferEvent| match event {
            TransferEvent::Late { stage, late, .. } => Some((*stage, *late)),
            _ => None,
        };
        events.iter().filter_map(late).collect()
    }

    #[test]
    fn a_transfer_on_time_ends_once() {
        let mut it = transfer(&["queue"]);
        assert_eq!(it.next_deadline_ms(), Some(501));
        for (stage, at_ms) in [
            (Stage::Initiated, 100),
            (Stage::Ringing, 1_000),
            (Stage::Accepted, 9_000),
        ] {
            let events = it.update(stage, at_ms).unwrap();
            assert_eq!(events.len(), 1, "{events:?}");
            assert_eq!(it.update(stage, at_ms + 5), Ok(vec![]), "said again");
        }
        assert_eq!(it.next_deadline_ms(), Some(30_001));
        let events = it.update(Stage::Connected, 9_500).unwrap();
        assert!(matches!(
            events.as_slice(),
            [
                TransferEvent::Reached { .. },
                TransferEvent::Ended {
                    ending: Ending::Connected,
                    at_ms: 9_500
                }
            ]
        ));
        let ended = Err(TransferError::Ended {
            stage: Stage::Connected,
        });
        assert_eq!(it.update(Stage::Ringing, 10_000), ended);
        assert_eq!(it.update(Failure::Declined, 10_000), ended);
        assert_eq!((it.due(1_000_000), it.next_deadline_ms()), (vec![], None));
        let status = it.status(1_000_000);
        assert_eq!(status.elapsed_ms, 9_500);
        let elapsed: Vec<_> = status.stages.iter().map(|s| s.elapsed_ms).collect();
        assert_eq!(elapsed, [0, 100, 900, 8_000, 500]);
    }

    #[test]
    fn late_stages_are_told_at_target_and_worst_and_then_time_out() {
        let mut it = transfer(&["a", "b"]);
        assert_eq!(it.due(500), vec![]);
        assert_eq!(lates(&it.due(501)), [(Stage::Initiated, Lateness::Late)]);
        assert_eq!((it.due(600), it.next_deadline_ms()), (vec![], Some(1_001)));
        let events = it.due(1_001);
        assert_eq!(lates(&events), [(Stage::Initiated, Lateness::Worst)]);
        let retry = Some(Next::Retry {
            destination: "b".into(),
        });
        assert!(
            matches!(&events[1], TransferEvent::Failed { failure: Failure::Timeout, next, .. } if *next == retry)
        );
        assert_eq!(it.update(Failure::Timeout, 1_050), Ok(vec![]), "said again");
        // The next attempt has its own deadlines, and the whole has not.
        assert_eq!(it.next_deadline_ms(), Some(1_502));
        assert_eq!(
            it.update(Stage::Ringing, 1_100),
            Err(TransferError::NotInitiated { to: Stage::Ringing })
        );
        it.update(Stage::Initiated, 1_200).unwrap();
        assert_eq!((it.status(1_300).attempt, it.destination()), (2, Some("b")));
        let events = it.update(Failure::NoAnswer, 2_000).unwrap();
        assert!(matches!(
            events.last(),
            Some(TransferEvent::Ended {
                ending: Ending::BackToAgent,
                ..
            })
        ));
    }

    #[test]
    fn a_human_who_comes_late_is_late_and_not_refused() {
        let mut it = transfer(&[]);
        it.update(Stage::Ringing, 100).unwrap();
        let events = it.update(Stage::Accepted, 95_000).unwrap();
        assert_eq!(
            lates(&events),
            [
                (Stage::Accepted, Lateness::Late),
                (Stage::Accepted, Lateness::Worst),
                (Stage::Connected, Lateness::Late),
                (Stage::Connected, Lateness::Worst),
            ]
        );
        assert_eq!(it.stage, Stage::Accepted);
    }

    #[test]
    fn without_time_out_it_is_told_and_waited_for() {
        let budget = TransferBudget {
            timeout_at_worst: false,
            ..TransferBudget::default()
        };
        let mut it = Transfer::new(budget);
        assert_eq!(lates(&it.due(1_000_000)).len(), 4);
        assert_eq!((it.stage, it.next_deadline_ms()), (Stage::Decided, None));
        assert!(it.update(Stage::Initiated, 1_000_001).is_ok());
    }

    #[test]
    fn beyond_the_worst_case_of_the_whole_there_is_no_retry() {
        let mut it = transfer(&["a", "b"]);
        it.update(Stage::Accepted, 10_000).unwrap();
        let events = it.due(90_001);
        assert!(matches!(
            events.last(),
            Some(TransferEvent::Ended {
                ending: Ending::BackToAgent,
                ..
            })
        ));
    }
}
