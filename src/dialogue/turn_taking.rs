//! Who speaks when: overlaps, interruptions, response latency.
//!
//! Heldner & Edlund (2010), "Pauses, gaps and overlaps in conversations". The agent's side is
//! known by its activity alone; nothing else is ever read from it.

use crate::error::MemoryError;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The two sides may run apart by this many frames before the older half is given up: a second.
const SLACK: usize = 100;
/// A caller who begins inside the agent's speech and goes on for half a second interrupts;
/// less is a back-channel ("mhm").
const INTERRUPTION_FRAMES: u32 = 50;
/// Silence after the agent that is longer than this is no answer but a new start.
const LATENCY_LIMIT_FRAMES: u32 = 500;

/// Answers after which a caller's habit is known.
const HABIT_ANSWERS: u32 = 4;
/// Half of a median under this is no time to be hasty in.
const LEAST_HASTE_S: f32 = 0.15;

/// Turn-taking so far. All times in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Turns {
    /// Speech of the agent.
    pub agent_speech_s: f32,
    /// Both at once.
    pub overlap_s: f32,
    /// The caller broke into the agent's speech and went on.
    pub interruptions: u32,
    /// The agent broke into the caller's speech and went on.
    pub agent_interruptions: u32,
    /// Answers of the caller to the agent.
    pub responses: u32,
    /// Mean silence before the caller's answers.
    pub response_latency_s: f32,
    /// Median of the same; one long silence does not move it.
    pub response_latency_median_s: f32,
    /// Answers in less than half of this caller's own median until then.
    pub hasty: u32,
}

/// Aligns the two sides and counts. Allocates only when built.
pub struct TurnTaking {
    caller: VecDeque<bool>,
    agent: VecDeque<bool>,
    now: Turns,
    heard_agent: bool,
    since_agent: Option<u32>,
    caller_side: Side,
    agent_side: Side,
    latency_sum: f32,
    /// Answers by their latency in frames.
    latencies: [u32; LATENCY_LIMIT_FRAMES as usize + 1],
}

/// One side's present stretch of speech.
#[derive(Clone, Copy, Default)]
struct Side {
    speaks: bool,
    /// It began while the other side spoke.
    began_inside: bool,
    run: u32,
}

impl Side {
    /// Whether with this frame the side has interrupted the other.
    fn interrupts(&mut self, speaks: bool, other: bool) -> bool {
        if speaks && !self.speaks {
            self.began_inside = other;
            self.run = 0;
        }
        self.speaks = speaks;
        self.run += u32::from(speaks);
        speaks && self.began_inside && self.run == INTERRUPTION_FRAMES
    }
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
            caller_side: Side::default(),
            agent_side: Side::default(),
            latency_sum: 0.0,
            latencies: [0; LATENCY_LIMIT_FRAMES as usize + 1],
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
        if let (true, false, Some(silence)) = (caller, agent, self.since_agent) {
            self.answer(silence);
        }
        // Whoever began together interrupted nobody.
        let (heard_caller, heard_agent) = (self.caller_side.speaks, self.agent_side.speaks);
        self.now.interruptions +=
            u32::from(self.caller_side.interrupts(caller, agent && heard_agent));
        self.now.agent_interruptions +=
            u32::from(self.agent_side.interrupts(agent, caller && heard_caller));
        self.since_agent = match (agent, caller, self.since_agent) {
            // Nobody answers a speech that has not ended, or that was answered inside.
            (_, true, _) => None,
            (true, false, _) => Some(0),
            (false, false, Some(frames)) if frames < LATENCY_LIMIT_FRAMES => Some(frames + 1),
            _ => None,
        };
    }

    fn answer(&mut self, silence: u32) {
        let turns = &mut self.now;
        let half_s = turns.response_latency_median_s / 2.0;
        let known = turns.responses >= HABIT_ANSWERS && half_s >= LEAST_HASTE_S;
        turns.hasty += u32::from(known && (silence as f32) < half_s * 100.0);
        turns.responses += 1;
        self.latency_sum += silence as f32 / 100.0;
        turns.response_latency_s = self.latency_sum / turns.responses as f32;
        self.latencies[silence as usize] += 1;
        let mut seen = 0;
        let median = self.latencies.iter().position(|count| {
            seen += count;
            2 * seen >= turns.responses
        });
        turns.response_latency_median_s = median.unwrap_or(0) as f32 / 100.0;
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

/// Turn-taking so far, and the answers by their latency in frames. Who speaks just now is not in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnMemory {
    now: Option<Turns>,
    latencies: Vec<(u16, u32)>,
}

impl TurnMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        let now = self.now.unwrap_or_default();
        for seconds in [
            now.agent_speech_s,
            now.overlap_s,
            now.response_latency_s,
            now.response_latency_median_s,
        ] {
            MemoryError::within("turns.seconds", seconds.into(), 0.0, 1e9)?;
        }
        let counts = [
            now.interruptions,
            now.agent_interruptions,
            now.responses,
            now.hasty,
        ];
        for count in counts {
            MemoryError::events("turns.count", count)?;
        }
        let mut answers = 0;
        let most = f64::from(LATENCY_LIMIT_FRAMES);
        for (frames, count) in &self.latencies {
            MemoryError::within("turns.latency", (*frames).into(), 0.0, most)?;
            MemoryError::events("turns.answers", *count)?;
            answers += u64::from(*count);
        }
        let told = now.responses.into();
        MemoryError::within("turns.answers", answers as f64, told, told)
    }
}

impl TurnTaking {
    /// What was counted.
    pub fn memory(&self) -> TurnMemory {
        let latencies = self.latencies.iter().enumerate();
        let some = latencies.filter(|(_, count)| **count > 0);
        TurnMemory {
            now: self.turns(),
            latencies: some.map(|(frames, n)| (frames as u16, *n)).collect(),
        }
    }

    /// Counts on from there.
    pub fn recall(&mut self, memory: &TurnMemory) {
        let Some(now) = memory.now else { return };
        // An agent whose leg does not come back must not fill the caller's half for ever: both
        // halves are bounded, and what is not aligned is given up.
        (self.now, self.heard_agent) = (now, true);
        self.latency_sum = now.response_latency_s * now.responses as f32;
        for (frames, count) in &memory.latencies {
            if let Some(place) = self.latencies.get_mut(usize::from(*frames)) {
                *place = *count;
            }
        }
    }
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

    #[test]
    fn the_agent_interrupts_too() {
        let turns = run(|f| (f % 300 < 100, (50..200).contains(&(f % 300))), 900);
        assert_eq!((turns.agent_interruptions, turns.interruptions), (3, 0));
        let together = run(|f| (f % 300 < 100, f % 300 < 100), 900);
        assert_eq!(
            (together.agent_interruptions, together.interruptions),
            (0, 0)
        );
    }

    #[test]
    fn going_on_after_a_pause_of_ones_own_is_no_answer() {
        // The caller overlaps the agent's end, pauses for 0.3 s, and goes on.
        let caller = |f: usize| (80..150).contains(&f) || (180..250).contains(&f);
        let turns = run(|f| (caller(f % 600), f % 600 < 100), 600);
        assert_eq!((turns.responses, turns.interruptions), (0, 1));
    }

    #[test]
    fn an_answer_in_half_of_the_usual_time_is_hasty_once_there_is_a_usual_time() {
        // Answers after 0.6 s, from the seventh on after 0.2 s.
        let begins = |turn: usize| if turn < 6 { 160 } else { 120 };
        let caller = |f: usize| (begins(f / 500)..begins(f / 500) + 100).contains(&(f % 500));
        let turns = |answers: usize| run(|f| (caller(f), f % 500 < 100), 500 * answers);
        assert_eq!((turns(6).hasty, turns(7).hasty, turns(8).hasty), (0, 1, 2));
        let always = |f: usize| (110..210).contains(&(f % 500));
        assert_eq!(run(|f| (always(f), f % 500 < 100), 5_000).hasty, 0);
    }

    #[test]
    fn one_long_silence_moves_the_mean_and_not_the_median() {
        // Answers after 0.2, 0.2 and 2 s.
        let begins = |turn: usize| if turn == 2 { 300 } else { 120 };
        let caller = |f: usize| (begins(f / 500)..begins(f / 500) + 100).contains(&(f % 500));
        let turns = run(|f| (caller(f), f % 500 < 100), 1_500);
        assert_eq!(turns.responses, 3);
        assert!((turns.response_latency_s - 0.8).abs() < 0.011, "{turns:?}");
        assert!(
            (turns.response_latency_median_s - 0.2).abs() < 0.011,
            "{turns:?}"
        );
    }
}
