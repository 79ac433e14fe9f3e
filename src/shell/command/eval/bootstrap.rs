//! How far a figure could lie elsewhere with other speakers. Clips of one speaker are alike, so whole
//! speakers are drawn.

use crate::shell::bootstrap;

/// Draws of as many speakers as there are.
const DRAWS: usize = 400;
/// No matter which: with it the tables in EVALUATION.md come out the same again.
const SEED: u64 = 0xb409_a2c8_49fe_3112;

/// The 95 % interval of `figure` over speakers drawn with replacement; none with fewer than three speakers, or
/// where a draw in ten has no figure.
pub fn interval<S>(speakers: &[S], figure: impl Fn(&[&S]) -> Option<f64>) -> Option<(f64, f64)> {
    if speakers.len() < 3 {
        return None;
    }
    bootstrap::interval(SEED, DRAWS, |random| {
        let one = |_| &speakers[random.place(speakers.len())];
        figure(&speakers.iter().map(one).collect::<Vec<_>>())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::command::eval::correlation::mean;

    #[test]
    fn the_interval_of_a_mean_is_that_of_its_standard_error() {
        // 100 values of spread 1: a standard error of 0.1.
        let values: Vec<f64> = (0..100)
            .map(|n| if n % 2 == 0 { 1.0 } else { -1.0 })
            .collect();
        let figure = |drawn: &[&f64]| mean(&drawn.iter().map(|it| **it).collect::<Vec<_>>());
        let (low, high) = interval(&values, figure).unwrap();
        assert!(
            (low + 0.196).abs() < 0.05 && (high - 0.196).abs() < 0.05,
            "{low} {high}"
        );
        assert_eq!(interval(&values[..2], figure), None);
        assert_eq!(interval(&values, |_| None), None);
    }
}
