//! Figures of readings whose truth is known: recall, distance, calibration, risk.

use super::correlation::mean;

/// For each of `names`: the shares of its clips that were taken for each of `names`, and how many
/// clips it has. `pairs` are (truth, answer), as places in `names`.
pub fn confusion(pairs: &[(usize, usize)], names: usize) -> Vec<(usize, Vec<f64>)> {
    let row = |truth: usize| {
        let own: Vec<usize> = pairs
            .iter()
            .filter(|it| it.0 == truth)
            .map(|it| it.1)
            .collect();
        let share = |answer: usize| {
            let taken = own.iter().filter(|it| **it == answer).count();
            taken as f64 / own.len().max(1) as f64
        };
        (own.len(), (0..names).map(share).collect())
    };
    (0..names).map(row).collect()
}

/// Unweighted average recall of a confusion; emotions without a clip do not count.
pub fn recall(confusion: &[(usize, Vec<f64>)]) -> Option<f64> {
    let recalls = confusion
        .iter()
        .enumerate()
        .filter(|(_, (clips, _))| *clips > 0)
        .map(|(place, (_, shares))| shares[place]);
    mean(&recalls.collect::<Vec<_>>())
}

/// One caller's (angry, calm) scores.
pub type Caller = (Vec<f64>, Vec<f64>);

/// d′ over callers, each with its own (angry, calm) scores: the mean difference of their means in
/// the root of their mean variance. Callers with fewer than three on a side do not count.
pub fn d_prime(callers: &[&Caller]) -> Option<f64> {
    let counted = || {
        callers
            .iter()
            .copied()
            .filter(|(angry, calm)| angry.len() >= 3 && calm.len() >= 3)
    };
    let variance = |values: &[f64]| super::correlation::deviation(values).map(|sd| sd * sd);
    let gaps: Vec<f64> = counted()
        .filter_map(|(angry, calm)| Some(mean(angry)? - mean(calm)?))
        .collect();
    let spreads: Vec<f64> = counted()
        .filter_map(|(angry, calm)| Some((variance(angry)? + variance(calm)?) / 2.0))
        .collect();
    let spread = mean(&spreads)?.sqrt();
    (spread > 0.0).then_some(mean(&gaps)? / spread)
}

/// One bin of probabilities: (clips, mean probability, share that came true).
pub type Bin = (usize, f64, f64);

/// Ten equally wide bins of (probability, whether it came true); the empty ones are left out.
pub fn bins(said: &[(f64, bool)]) -> Vec<Bin> {
    let bin = |place: usize| {
        let inside = |p: f64| ((p * 10.0) as usize).min(9) == place;
        let own: Vec<&(f64, bool)> = said.iter().filter(|it| inside(it.0)).collect();
        let n = own.len() as f64;
        let p = own.iter().map(|it| it.0).sum::<f64>() / n;
        let true_ones = own.iter().filter(|it| it.1).count();
        (!own.is_empty()).then_some((own.len(), p, true_ones as f64 / n))
    };
    (0..10).filter_map(bin).collect()
}

/// Expected calibration error over the bins (Naeini et al., AAAI 2015).
pub fn ece(bins: &[Bin]) -> Option<f64> {
    let total: usize = bins.iter().map(|bin| bin.0).sum();
    let gaps = bins
        .iter()
        .map(|(n, said, came)| *n as f64 * (said - came).abs());
    (total > 0).then(|| gaps.sum::<f64>() / total as f64)
}

/// Of (confidence, whether it was right): the share that was wrong among the most confident one, two, … of
/// all (Geifman & El-Yaniv, NeurIPS 2017).
pub fn risks(answers: &[(f64, bool)]) -> Vec<f64> {
    let mut sorted = answers.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let wrong = sorted.iter().scan(0.0, |wrong, it| {
        *wrong += f64::from(u8::from(!it.1));
        Some(*wrong)
    });
    let share = |(place, wrong): (usize, f64)| wrong / (place + 1) as f64;
    wrong.enumerate().map(share).collect()
}

/// The risk among the most confident `coverage` of all: of what `risks` gave.
pub fn risk(risks: &[f64], coverage: f64) -> Option<f64> {
    let taken = (coverage * risks.len() as f64).ceil() as usize;
    risks.get(taken.clamp(1, risks.len().max(1)) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recall_weighs_every_emotion_alike() {
        // Three of four of the first, none of the one of the second, no clip of the third.
        let pairs = [(0, 0), (0, 0), (0, 0), (0, 1), (1, 2)];
        let table = confusion(&pairs, 3);
        assert_eq!(table[0], (4, vec![0.75, 0.25, 0.0]));
        assert_eq!(recall(&table), Some(0.375));
        assert_eq!(recall(&confusion(&[], 2)), None);
    }

    #[test]
    fn the_distance_is_in_the_callers_own_spread() {
        // Both have a spread of 1; their means lie 2 and 4 apart; where a caller stands is nothing.
        let first = (vec![1.0, 2.0, 3.0], vec![-1.0, 0.0, 1.0]);
        let second = (vec![103.0, 104.0, 105.0], vec![99.0, 100.0, 101.0]);
        let few = (vec![9.0, 9.0], vec![0.0, 0.0]);
        let found = d_prime(&[&first, &second, &few]).unwrap();
        assert!((found - 3.0).abs() < 1e-12);
        assert_eq!(d_prime(&[]), None);
    }

    #[test]
    fn calibration_is_the_gap_of_each_bin_by_its_size() {
        let said = [(0.95, true), (0.95, false), (0.05, false), (0.05, false)];
        let bins = bins(&said);
        assert_eq!(bins.len(), 2);
        assert!((ece(&bins).unwrap() - (0.45 + 0.05) / 2.0).abs() < 1e-12);
        assert_eq!(ece(&[]), None);
    }

    #[test]
    fn risk_counts_the_most_confident() {
        let answers = [(0.1, false), (0.9, true), (0.5, true), (0.4, false)];
        let risks = risks(&answers);
        assert_eq!(risks, [0.0, 0.0, 1.0 / 3.0, 0.5]);
        assert_eq!(risk(&risks, 0.5), Some(0.0));
        assert_eq!(risk(&risks, 1.0), Some(0.5));
        assert_eq!(risk(&[], 1.0), None);
    }
}
