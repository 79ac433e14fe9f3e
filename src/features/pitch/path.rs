//! From candidates to one fundamental: an online path search.
//!
//! Boersma (1993), section 4, with a fixed lag instead of the whole file: costs for octave jumps
//! and for voicing changes are weighed against the candidates' log odds by dynamic programming
//! (Viterbi), and the decision for a frame is read off the best path three frames later.

use super::peaks::CANDIDATES;
use super::weights::{OCTAVE_JUMP_COST, VOICING_CHANGE_COST};
use arrayvec::ArrayVec;

/// Frames of look-ahead.
pub const PATH_LAG: usize = 3;

/// One explanation of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Fundamental frequency, Hz.
    pub f0_hz: f32,
    /// Height of the peak, 0..1: the share of periodic power.
    pub height: f32,
    /// Log odds, up to a constant that "unvoiced" shares.
    pub strength: f32,
}

/// All explanations of a frame.
pub type Candidates = ArrayVec<Candidate, CANDIDATES>;

const STATES: usize = CANDIDATES + 1;
const DEPTH: usize = PATH_LAG + 1;

/// The decision for one frame: `None` is unvoiced.
pub type Decision = Option<Candidate>;

#[derive(Clone, Copy)]
struct State {
    candidate: Decision,
    score: f32,
    from: u8,
}

/// The search. State 0 of every frame is "unvoiced".
#[derive(Default)]
pub struct PitchPath {
    frames: [ArrayVec<State, STATES>; DEPTH],
    seen: usize,
}

impl PitchPath {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a frame's candidates and its strength of being unvoiced; gives the decision for the
    /// frame [`PATH_LAG`] before it, once there is one.
    pub fn push(&mut self, candidates: &Candidates, unvoiced_strength: f32) -> Option<Decision> {
        let mut states = ArrayVec::<State, STATES>::new();
        let previous = &self.frames[(self.seen + DEPTH - 1) % DEPTH];
        let unvoiced = std::iter::once((None, unvoiced_strength));
        let voiced = candidates.iter().map(|c| (Some(*c), c.strength));
        for (candidate, strength) in unvoiced.chain(voiced) {
            let (from, best) = previous
                .iter()
                .enumerate()
                .map(|(i, state)| (i, state.score - transition(state.candidate, candidate)))
                .fold((0, f32::MIN), |a, b| if b.1 > a.1 { b } else { a });
            states.push(State {
                candidate,
                score: strength + if previous.is_empty() { 0.0 } else { best },
                from: from as u8,
            });
        }
        // Scores are differences: the best is set to 0, so that an hour does not add up.
        let top = states.iter().map(|s| s.score).fold(f32::MIN, f32::max);
        states.iter_mut().for_each(|s| s.score -= top);
        self.frames[self.seen % DEPTH] = states;
        self.seen += 1;
        (self.seen >= DEPTH).then(|| self.trace_back())
    }

    fn trace_back(&self) -> Decision {
        let newest = &self.frames[(self.seen - 1) % DEPTH];
        let mut at = newest
            .iter()
            .enumerate()
            .fold(
                (0, f32::MIN),
                |a, (i, s)| if s.score > a.1 { (i, s.score) } else { a },
            )
            .0;
        for back in 0..PATH_LAG {
            at = self.frames[(self.seen - 1 - back) % DEPTH][at].from as usize;
        }
        self.frames[(self.seen - DEPTH) % DEPTH][at].candidate
    }
}

fn transition(from: Decision, to: Decision) -> f32 {
    match (from, to) {
        (None, None) => 0.0,
        (Some(a), Some(b)) => OCTAVE_JUMP_COST * (a.f0_hz / b.f0_hz).log2().abs(),
        _ => VOICING_CHANGE_COST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(list: &[(f32, f32)]) -> Candidates {
        list.iter()
            .map(|&(f0_hz, strength)| Candidate {
                f0_hz,
                height: 0.9,
                strength,
            })
            .collect()
    }

    #[test]
    fn one_octave_slip_is_bridged_by_its_neighbours() {
        let mut path = PitchPath::new();
        let steady = candidates(&[(120.0, 4.0), (240.0, 1.0)]);
        let slip = candidates(&[(240.0, 4.5), (120.0, 3.0)]);
        let decided: Vec<_> = [&steady, &steady, &steady, &slip, &steady, &steady, &steady]
            .iter()
            .filter_map(|c| path.push(c, 0.0))
            .map(|d| d.map(|c| c.f0_hz))
            .collect();
        assert_eq!(decided, vec![Some(120.0); 4]);
    }

    #[test]
    fn weak_candidates_are_unvoiced() {
        let mut path = PitchPath::new();
        let weak = candidates(&[(120.0, -1.0)]);
        let decided: Vec<_> = (0..6).filter_map(|_| path.push(&weak, 0.0)).collect();
        assert_eq!(decided, vec![None; 3]);
    }
}
