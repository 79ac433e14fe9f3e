//! A picture of a stream of unknown length in bounded memory.
//!
//! A fixed number of bins covers the stream from its first sample on. When a value lies beyond the
//! last bin, neighbours are merged and each bin covers twice the time. Sparkline and plot share it.

/// What a bin holds, and how two neighbours become one.
pub trait Merge: Copy {
    /// Takes in what the other bin holds.
    fn merge(&mut self, other: Self);
}

/// `T` over time, in at most a fixed number of bins.
#[derive(Clone, Debug)]
pub struct Bins<T> {
    width_s: f64,
    limit: usize,
    bins: Vec<Option<T>>,
}

impl<T: Merge> Bins<T> {
    /// Bins of `width_s` seconds; never more than `limit`, which must be even.
    pub fn new(width_s: f64, limit: usize) -> Self {
        debug_assert!(width_s > 0.0 && limit >= 2 && limit.is_multiple_of(2));
        Self {
            width_s,
            limit,
            bins: Vec::new(),
        }
    }

    /// Adds `value` at `seconds`. Times may come in any order; negative ones count as zero.
    pub fn add(&mut self, seconds: f64, value: T) {
        while seconds >= self.width_s * self.limit as f64 {
            self.halve();
        }
        let index = (seconds / self.width_s) as usize;
        if index >= self.bins.len() {
            self.bins.resize(index + 1, None);
        }
        merge_into(&mut self.bins[index], Some(value));
    }

    /// Seconds that one bin covers.
    pub fn width_s(&self) -> f64 {
        self.width_s
    }

    /// Filled bins as (centre in seconds, value), in order of time.
    pub fn iter(&self) -> impl Iterator<Item = (f64, T)> + '_ {
        let centred = |(index, bin): (usize, &Option<T>)| {
            bin.map(|value| ((index as f64 + 0.5) * self.width_s, value))
        };
        self.bins.iter().enumerate().filter_map(centred)
    }

    /// The stream from 0 to `duration_s` in exactly `columns` cells, empty where nothing was added.
    pub fn resample(&self, duration_s: f64, columns: usize) -> Vec<Option<T>> {
        let mut cells = vec![None; columns];
        for (seconds, value) in self.iter() {
            let place = seconds / duration_s.max(self.width_s) * columns as f64;
            if let Some(cell) = cells.get_mut(place as usize) {
                merge_into(cell, Some(value));
            }
        }
        cells
    }

    fn halve(&mut self) {
        let pair = |pair: &[Option<T>]| {
            let mut merged = pair[0];
            merge_into(&mut merged, pair.get(1).copied().flatten());
            merged
        };
        self.bins = self.bins.chunks(2).map(pair).collect();
        self.width_s *= 2.0;
    }
}

fn merge_into<T: Merge>(bin: &mut Option<T>, value: Option<T>) {
    match (bin, value) {
        (Some(held), Some(value)) => held.merge(value),
        (bin @ None, value) => *bin = value,
        (Some(_), None) => {}
    }
}

/// The mean of what was added.
#[derive(Clone, Copy, Debug)]
pub struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    /// One value.
    pub fn of(value: f32) -> Self {
        Self {
            sum: f64::from(value),
            count: 1,
        }
    }

    /// The mean so far.
    pub fn value(self) -> f32 {
        (self.sum / f64::from(self.count)) as f32
    }
}

impl Merge for Mean {
    fn merge(&mut self, other: Self) {
        self.sum += other.sum;
        self.count = self.count.saturating_add(other.count);
    }
}

/// The smallest and the largest of what was added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The smallest.
    pub low: f32,
    /// The largest.
    pub high: f32,
}

impl Range {
    /// One value.
    pub fn of(value: f32) -> Self {
        Self {
            low: value,
            high: value,
        }
    }
}

impl Merge for Range {
    fn merge(&mut self, other: Self) {
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_stream_stays_within_its_limit_and_keeps_its_mean() {
        let mut bins = Bins::new(0.25, 8);
        for step in 0..1000_u32 {
            bins.add(f64::from(step) * 0.25, Mean::of(step as f32));
        }
        let filled: Vec<_> = bins.iter().collect();
        assert!(filled.len() <= 8);
        let (count, sum) = filled.iter().fold((0, 0.0), |(count, sum), (_, mean)| {
            (count + mean.count, sum + mean.sum)
        });
        assert_eq!((count, sum), (1000, 499_500.0));
    }

    #[test]
    fn resampling_leaves_silence_empty_and_keeps_the_extremes() {
        let mut bins = Bins::new(1.0, 64);
        bins.add(0.5, Range::of(-0.5));
        bins.add(1.5, Range::of(0.25));
        bins.add(7.5, Range::of(1.0));
        let cells = bins.resample(8.0, 4);
        assert_eq!(
            cells[0],
            Some(Range {
                low: -0.5,
                high: 0.25
            })
        );
        assert_eq!((cells[1], cells[2]), (None, None));
        assert_eq!(cells[3], Some(Range::of(1.0)));
    }
}
