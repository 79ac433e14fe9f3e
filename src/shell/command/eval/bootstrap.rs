//! How far a figure could lie elsewhere with other speakers: the bootstrap over speakers (Efron,
//! "Bootstrap methods: another look at the jackknife", 1979). Clips of one speaker are alike, so
//! whole speakers are drawn.

use super::lines::Chance;
use std::path::Path;

/// Draws of as many speakers as there are.
const DRAWS: usize = 400;

/// The 2.5 and 97.5 % points of `figure` over speakers drawn with replacement; none with fewer than three
/// speakers, or where a draw in ten has no figure.
pub fn interval<S>(speakers: &[S], figure: impl Fn(&[&S]) -> Option<f64>) -> Option<(f64, f64)> {
    if speakers.len() < 3 {
        return None;
    }
    let mut chance = Chance::of(Path::new("speakers"));
    let mut drawn = || -> Vec<&S> {
        let one = |_| &speakers[chance.place(speakers.len())];
        speakers.iter().map(one).collect()
    };
    let mut figures: Vec<f64> = (0..DRAWS).filter_map(|_| figure(&drawn())).collect();
    if figures.len() * 10 < DRAWS * 9 {
        return None;
    }
    figures.sort_by(f64::total_cmp);
    let at = |share: f64| figures[(share * (figures.len() - 1) as f64).round() as usize];
    Some((at(0.025), at(0.975)))
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
