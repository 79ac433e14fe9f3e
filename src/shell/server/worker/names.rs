//! Which messages of a call were taken: the latest few thousand, by the hash of their names.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

/// Names that are remembered. The store knows the older ones too, but would not keep them from
/// acting again.
const REMEMBERED: usize = 4096;

/// The names of a call's messages.
pub struct Names {
    hasher: RandomState,
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Names {
    /// None yet.
    pub fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            known: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    /// Notes `name`; whether it is new.
    pub fn note(&mut self, name: &str) -> bool {
        let hash = self.hasher.hash_one(name);
        if !self.known.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_new_once_while_it_is_remembered() {
        let mut names = Names::new();
        assert!(names.note("a"));
        assert!(!names.note("a"));
        for i in 0..REMEMBERED {
            assert!(names.note(&i.to_string()));
        }
        assert!(names.note("a"), "it was forgotten");
        assert!(names.known.len() <= REMEMBERED);
    }
}
