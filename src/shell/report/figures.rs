//! Spreads, shares and a bootstrap, each with the number of cases behind it.

use crate::shell::bootstrap;
use serde::Serialize;

/// Resamples of a bootstrap.
const RESAMPLES: usize = 4000;
const SEED: u64 = 0x5eed;

/// How a number is spread over cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Cases.
    pub n: usize,
    /// Mean.
    pub mean: f64,
    /// Median: the smallest value that at least half of the cases do not exceed.
    pub p50: f64,
    /// The same for 95 of 100.
    pub p95: f64,
    /// The greatest.
    pub worst: f64,
}

impl Spread {
    /// Of `values`; none without any.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let rank = |share: f64| {
            let place = (share * values.len() as f64).ceil() as usize;
            values.get(place.saturating_sub(1)).copied()
        };
        Some(Self {
            n: values.len(),
            mean: mean(&values)?,
            p50: rank(0.50)?,
            p95: rank(0.95)?,
            worst: *values.last()?,
        })
    }
}

/// A share of cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// Cases.
    pub n: usize,
    /// Those that count.
    pub hits: usize,
    /// `hits / n`, 0..1.
    pub share: f64,
}

impl Share {
    /// None without cases.
    pub fn of(hits: usize, n: usize) -> Option<Self> {
        (n > 0).then(|| Self {
            n,
            hits,
            share: hits as f64 / n as f64,
        })
    }
}

/// The mean; none without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / count)
}

/// The 95 % interval of `mean(a) − mean(b)`: the percentile bootstrap (Efron & Tibshirani 1993,
/// chapter 13), each group resampled with replacement. The same data give the same interval.
/// None with fewer than two values in either group.
pub fn difference_interval(a: &[f64], b: &[f64]) -> Option<[f64; 2]> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let (low, high) = bootstrap::interval(SEED, RESAMPLES, |random| {
        let mut resample = |values: &[f64]| {
            let drawn = (0..values.len()).map(|_| values[random.place(values.len())]);
            drawn.sum::<f64>() / values.len() as f64
        };
        Some(resample(a) - resample(b))
    })?;
    Some([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_values_that_occurred() {
        let spread = Spread::of((1..=20).map(f64::from).collect()).unwrap();
        assert_eq!((spread.n, spread.mean), (20, 10.5));
        assert_eq!((spread.p50, spread.p95, spread.worst), (10.0, 19.0, 20.0));
        assert_eq!(Spread::of(vec![3.0]).unwrap().p95, 3.0);
        assert_eq!(Spread::of(vec![]), None);
        assert_eq!(Share::of(0, 0), None);
    }

    #[test]
    fn the_interval_covers_a_known_difference_and_knows_when_it_cannot() {
        let a: Vec<f64> = (0..200).map(|n| 4.0 + f64::from(n % 2)).collect();
        let b: Vec<f64> = (0..200).map(|n| 3.0 + f64::from(n % 2)).collect();
        let [low, high] = difference_interval(&a, &b).unwrap();
        assert!(low < 1.0 && 1.0 < high, "{low} {high}");
        // The standard error of the difference is 0.05; 1.96 of them on either side.
        assert!((high - low - 0.196).abs() < 0.03, "{low} {high}");
        assert_eq!(difference_interval(&a, &b), difference_interval(&a, &b));
        assert_eq!(difference_interval(&a, &[4.0]), None);
    }
}
