//! How well a figure parts two classes.
//!
//! The area under the ROC curve is the chance that a positive stands above a negative, a tie
//! counting half: Mann & Whitney (1947); Hanley & McNeil (1982).

/// The rank of each value, from 1; ties share their mean rank.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let tied = |&&place: &&usize| values[place] == values[order[from]];
        let count = order[from..].iter().take_while(tied).count().max(1);
        for &place in &order[from..from + count] {
            ranks[place] = from as f64 + (count as f64 + 1.0) / 2.0;
        }
        from += count;
    }
    ranks
}

/// The area under the ROC curve; none where either class is empty.
pub fn auc(positives: &[f64], negatives: &[f64]) -> Option<f64> {
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    let all: Vec<f64> = positives.iter().chain(negatives).copied().collect();
    let sum: f64 = ranks(&all)[..positives.len()].iter().sum();
    let (p, n) = (positives.len() as f64, negatives.len() as f64);
    Some((sum - p * (p + 1.0) / 2.0) / (p * n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_rank() {
        assert_eq!(ranks(&[2.0, 1.0, 2.0, 3.0]), [2.5, 1.0, 2.5, 4.0]);
        assert_eq!(ranks(&[0.0; 3]), [2.0; 3]);
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_order() {
        assert_eq!(auc(&[2.0, 3.0], &[0.0, 1.0]), Some(1.0));
        assert_eq!(auc(&[0.0, 1.0], &[2.0, 3.0]), Some(0.0));
        assert_eq!(auc(&[0.5; 4], &[0.5; 2]), Some(0.5));
        // Pairs: 1>0, 1=1 (half), 3>0, 3>1.
        assert_eq!(auc(&[1.0, 3.0], &[0.0, 1.0]), Some(3.5 / 4.0));
        assert_eq!(auc(&[], &[1.0]), None);
    }
}
