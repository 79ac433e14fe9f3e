//! A list that drops its oldest entries rather than grow beyond a count or a number of bytes.

use std::collections::VecDeque;

/// Entries with their weight in bytes.
pub(super) struct Bounded<T> {
    entries: VecDeque<T>,
    bytes: usize,
    dropped: u32,
    most: usize,
    most_bytes: usize,
    weigh: fn(&T) -> usize,
}

impl<T> Bounded<T> {
    pub fn new(most: usize, most_bytes: usize, weigh: fn(&T) -> usize) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            dropped: 0,
            most,
            most_bytes,
            weigh,
        }
    }

    pub fn push(&mut self, entry: T) {
        self.insert_before_end(0, entry);
    }

    /// Puts `entry` before the last `after` entries.
    pub fn insert_before_end(&mut self, after: usize, entry: T) {
        self.bytes += (self.weigh)(&entry);
        let place = self.entries.len().saturating_sub(after);
        self.entries.insert(place, entry);
        self.shrink();
    }

    /// Puts `entry` in the place of another.
    pub fn replace(&mut self, place: usize, entry: T) {
        if let Some(held) = self.entries.get_mut(place) {
            self.bytes = self.bytes + (self.weigh)(&entry) - (self.weigh)(held);
            *held = entry;
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        while self.entries.len() > self.most || self.bytes > self.most_bytes {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.bytes -= (self.weigh)(&oldest);
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    pub fn get(&self, place: usize) -> Option<&T> {
        self.entries.get(place)
    }

    pub fn iter(&self) -> std::collections::vec_deque::Iter<'_, T> {
        self.entries.iter()
    }

    pub fn dropped(&self) -> u32 {
        self.dropped
    }
}
