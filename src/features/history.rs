//! The last samples, always as one contiguous slice.

/// A ring written twice, so that any window inside it can be borrowed without a copy.
pub struct History {
    samples: Vec<f32>,
    capacity: usize,
    received: u64,
}

impl History {
    pub fn new(capacity: usize) -> Self {
        Self {
            samples: vec![0.0; capacity * 2],
            capacity,
            received: 0,
        }
    }

    pub fn push(&mut self, hop: &[f32]) {
        for sample in hop {
            let at = (self.received % self.capacity as u64) as usize;
            self.samples[at] = *sample;
            self.samples[at + self.capacity] = *sample;
            self.received += 1;
        }
    }

    /// Samples `from..from + len` of the stream. Before the stream's beginning there is silence.
    ///
    /// The window must have been received and must not be older than the capacity.
    pub fn window(&self, from: i64, len: usize) -> &[f32] {
        debug_assert!(from + len as i64 <= self.received as i64);
        debug_assert!(self.received as i64 - from <= self.capacity as i64);
        let at = from.rem_euclid(self.capacity as i64) as usize;
        &self.samples[at..at + len]
    }
}
