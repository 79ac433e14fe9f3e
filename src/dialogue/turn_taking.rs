//! Who speaks when: overlaps, interruptions, response latency.
//!
//! Heldner & Edlund (2010), "Pauses, gaps and overlaps in conversations". The agent's side is
//! known by its activity alone; nothing else is ever read from it.

use serde::Serialize;
use std::collections::VecDeque;

/// The two sides may run apart by this many frames before the older half is given up: a second.
const SLACK: usize = 100;
/// A caller who begins inside the agent's speech and goes on for half a second interrupts;
/// less is a back-channel ("mhm").
const INTERRUPTION_FRAMES: u32 = 50;
/// Silence after the agent that is longer than this is no answer but a new start.
const LATENCY_LIMIT_FRAMES: u32 = 500;

/// Turn-taking so far. All times in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Turns {
    /// Speech of the agent.
    pub agent_speech_s: f32,
    /// Both at once.
    pub overlap_s: f32,
    /// The caller broke into the agent's speech and went on.
    pub interruptions: u32,
    /// Answers of the caller to the agent.
    pub responses: u32,
    /// Mean silence before the caller's answers.
    pub response_latency_s: f32,
}

/// Aligns the two sides and counts. Allocates only when built.
pub struct TurnTaking {
    caller: VecDeque<bool>,
    agent: VecDeque<bool>,
    now: Turns,
    heard_agent: bool,
    since_agent: Option<u32>,
    overlap_run: u32,
    was_caller: bool,
    began_inside: bool,
    latency_sum: f32,
}

impl TurnTaking {
    /// Nothing heard.
    pub fn new() -> Self {
        Self {
            caller: VecDeque::with_capacity(SLACK + 1),
            agent: VecDeque::with_capacity(SLACK + 1),
            now: Turns::default(),
            heard_agent: false,
            since_agent: None,
            overlap_run: 0,
            was_caller: false,
            began_inside: false,
            latency_sum: 0.0,
        }
    }

    /// The next 10 ms of the caller.
    pub fn caller(&mut self, speech: bool) {
        // Without an agent's side there is nothing to align with.
        if self.heard_agent {
            bounded(&mut self.caller, speech);
            self.align();
        }
    }

    /// The next 10 ms of the agent.
    pub fn agent(&mut self, speech: bool) {
        self.heard_agent = true;
        bounded(&mut self.agent, speech);
        self.align();
    }

    /// Turn-taking so far; `None` while the agent's side was never heard.
    pub fn turns(&self) -> Option<Turns> {
        self.heard_agent.then_some(self.now)
    }

    fn align(&mut self) {
        while let (Some(&caller), Some(&agent)) = (self.caller.front(), self.agent.front()) {
            self.caller.pop_front();
            self.agent.pop_front();
            self.count(caller, agent);
        }
    }

    fn count(&mut self, caller: bool, agent: bool) {
        let hop = 0.01;
        self.now.agent_speech_s += if agent { hop } else { 0.0 };
        self.now.overlap_s += if agent && caller { hop } else { 0.0 };
        let begins = caller && !self.was_caller;
        if begins {
            self.began_inside = agent;
            if let (Some(silence), false) = (self.since_agent, agent) {
                self.latency_sum += silence as f32 * hop;
                self.now.responses += 1;
                self.now.response_latency_s = self.latency_sum / self.now.responses as f32;
            }
            self.since_agent = None;
        }
        self.overlap_run = if caller && self.began_inside {
            self.overlap_run + 1
        } else {
            0
        };
        if self.overlap_run == INTERRUPTION_FRAMES {
            self.now.interruptions += 1;
        }
        self.since_agent = match (agent, self.since_agent) {
            (true, _) => Some(0),
            (false, Some(frames)) if frames < LATENCY_LIMIT_FRAMES => Some(frames + 1),
            _ => None,
        };
        self.was_caller = caller;
    }
}

impl Default for TurnTaking {
    fn default() -> Self {
        Self::new()
    }
}

fn bounded(side: &mut VecDeque<bool>, speech: bool) {
    if side.len() == SLACK {
        side.pop_front();
    }
    side.push_back(speech);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pattern: impl Fn(usize) -> (bool, bool), frames: usize) -> Turns {
        let mut turns = TurnTaking::new();
        for frame in 0..frames {
            let (caller, agent) = pattern(frame);
            turns.agent(agent);
            turns.caller(caller);
        }
        turns.turns().unwrap()
    }

    #[test]
    fn polite_turns_have_a_latency_and_no_interruption() {
        // Agent 1 s, 0.3 s of silence, caller 1 s, 0.2 s of silence.
        let turns = run(|f| ((130..230).contains(&(f % 250)), f % 250 < 100), 1_000);
        assert_eq!((turns.interruptions, turns.responses), (0, 4));
        assert!((turns.response_latency_s - 0.30).abs() < 0.011, "{turns:?}");
        assert!(turns.overlap_s == 0.0 && (turns.agent_speech_s - 4.0).abs() < 0.02);
    }

    #[test]
    fn breaking_in_is_an_interruption_and_a_back_channel_is_not() {
        let breaks_in = run(|f| (f % 300 >= 50 && f % 300 < 200, f % 300 < 100), 900);
        assert_eq!(breaks_in.interruptions, 3);
        let hums = run(|f| (f % 300 >= 50 && f % 300 < 70, f % 300 < 100), 900);
        assert_eq!(hums.interruptions, 0);
    }

    #[test]
    fn without_an_agent_there_are_no_turns() {
        let mut turns = TurnTaking::new();
        turns.caller(true);
        assert_eq!(turns.turns(), None);
    }
}
