//! How far the transfer is, as a row of steps.

use super::words;
use crate::handoff::{Failure, Stage};

/// How far a transfer is, as the page shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransferView {
    /// The stage that was reached last.
    pub stage: Stage,
    /// Why it failed, where it did.
    pub failure: Option<Failure>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Milliseconds since the decision.
    pub elapsed_ms: u64,
    /// What the queue says the caller must wait, seconds.
    pub queue_estimate_s: Option<f64>,
    /// The stage that is waited for is past its target.
    pub late: bool,
}

/// One step of the row.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    pub name: &'static str,
    /// `done`, `current`, `todo`, `failed`: for the style sheet.
    pub class: &'static str,
    /// The same for people who do not see the row.
    pub state: &'static str,
    pub sign: &'static str,
    pub current: bool,
}

/// The row and the sentence beside it.
#[derive(Debug, PartialEq, Eq)]
pub struct Steps {
    pub steps: Vec<Step>,
    /// One sentence, said aloud when it changes. No running time is in it.
    pub status: String,
    pub late: bool,
    pub failed: bool,
    /// Milliseconds since the decision; counts on in the browser until the end.
    pub elapsed_ms: u64,
    pub elapsed: String,
    pub running: bool,
}

impl Steps {
    pub fn new(view: &TransferView) -> Self {
        let failed = view.stage == Stage::Failed;
        let end = failed || view.stage == Stage::Connected;
        let step = |stage: Stage| {
            let (class, state, sign) = match stage.cmp(&view.stage) {
                // What was reached before a failure is not told; only the decision is certain.
                _ if failed && stage != Stage::Decided => ("todo", "not reached", ""),
                std::cmp::Ordering::Less => ("done", "done", "✓"),
                std::cmp::Ordering::Equal if end => ("done", "done", "✓"),
                std::cmp::Ordering::Equal => ("current", "now", "●"),
                std::cmp::Ordering::Greater => ("todo", "to come", ""),
            };
            Step {
                name: words::stage(stage),
                class,
                state,
                sign,
                current: stage == view.stage,
            }
        };
        let mut steps: Vec<Step> = words::STAGES.into_iter().map(step).collect();
        if failed {
            steps.truncate(1);
            steps.push(Step {
                name: words::stage(Stage::Failed),
                class: "failed",
                state: "the transfer failed",
                sign: "✕",
                current: true,
            });
        }
        Self {
            steps,
            status: status(view),
            late: view.late,
            failed,
            elapsed_ms: view.elapsed_ms,
            elapsed: elapsed(view.elapsed_ms),
            running: !end,
        }
    }
}

/// `12 s`, or `2 min 05 s`.
pub fn elapsed(ms: u64) -> String {
    match ms / 1000 {
        s @ 0..=119 => format!("{s} s"),
        s => format!("{} min {:02} s", s / 60, s % 60),
    }
}

fn status(view: &TransferView) -> String {
    let mut said = match (view.stage, view.failure) {
        (Stage::Failed, Some(why)) => format!("Failed: {}", words::failure(why)),
        (Stage::Failed, None) => "Failed".to_owned(),
        (stage, _) => words::stage(stage).to_owned(),
    };
    if view.attempt > 1 {
        said.push_str(&format!(", attempt {}", view.attempt));
    }
    if view.late {
        said.push_str(", late");
    }
    let waits = matches!(
        view.stage,
        Stage::Decided | Stage::Initiated | Stage::Ringing
    );
    if let Some(wait) = view.queue_estimate_s.filter(|s| waits && s.is_finite()) {
        let wait = (wait.clamp(0.0, 1e6) * 1000.0) as u64;
        said.push_str(&format!(", queue about {}", elapsed(wait)));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(stage: Stage) -> TransferView {
        TransferView {
            stage,
            failure: None,
            attempt: 1,
            elapsed_ms: 12_400,
            queue_estimate_s: None,
            late: false,
        }
    }

    #[test]
    fn the_row_follows_the_stage() {
        let row = |stage| {
            let steps = Steps::new(&view(stage)).steps;
            steps.iter().map(|s| s.class).collect::<Vec<_>>()
        };
        assert_eq!(
            row(Stage::Decided),
            ["current", "todo", "todo", "todo", "todo"]
        );
        assert_eq!(
            row(Stage::Ringing),
            ["done", "done", "current", "todo", "todo"]
        );
        assert_eq!(row(Stage::Connected), ["done"; 5]);
        assert_eq!(row(Stage::Failed), ["done", "failed"]);
    }

    #[test]
    fn the_sentence_has_no_running_time() {
        let mut now = view(Stage::Ringing);
        now.attempt = 2;
        now.late = true;
        now.queue_estimate_s = Some(40.0);
        assert_eq!(status(&now), "Ringing, attempt 2, late, queue about 40 s");
        now.queue_estimate_s = Some(f64::NAN);
        assert_eq!(status(&now), "Ringing, attempt 2, late");
        let mut gone = view(Stage::Failed);
        gone.failure = Some(Failure::CallerHungUp);
        assert_eq!(status(&gone), "Failed: caller hung up");
    }

    #[test]
    fn time_stops_at_the_end() {
        assert!(Steps::new(&view(Stage::Accepted)).running);
        assert!(!Steps::new(&view(Stage::Connected)).running);
        assert_eq!(elapsed(125_000), "2 min 05 s");
    }
}
