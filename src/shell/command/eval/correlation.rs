//! How two columns of figures go together.
//!
//! Pearson (1896); Spearman (1904), "The proof and measurement of association between two things",
//! as Pearson's correlation of ranks, ties sharing their mean rank.

use super::ranking::ranks;

/// The mean; of nothing, none.
pub fn mean(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    (count > 0.0).then(|| values.iter().sum::<f64>() / count)
}

/// The standard deviation of a sample; of fewer than two values, none.
pub fn deviation(values: &[f64]) -> Option<f64> {
    let centre = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// Pearson's r; none where either column does not vary.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let (mean_x, mean_y) = (mean(x)?, mean(y)?);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (x, y) = (x - mean_x, y - mean_y);
        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    // A constant column leaves a residue of rounding, far under any real variance.
    let varies = |squares: f64, mean: f64| squares > 1e-18 * (1.0 + mean * mean);
    (varies(xx, mean_x) && varies(yy, mean_y)).then(|| xy / (xx * yy).sqrt())
}

/// Spearman's rho.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    pearson(&ranks(x), &ranks(y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_correlates_wholly_and_a_constant_not_at_all() {
        let x = [1.0, 2.0, 3.0, 4.0];
        assert!((pearson(&x, &x.map(|x| 3.0 - 2.0 * x)).unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(pearson(&x, &[0.1; 4]), None);
        // By hand: deviations -1.5 -0.5 0.5 1.5 and -1 -1 1 1, so 4 / sqrt(5 * 4).
        let r = pearson(&x, &[1.0, 1.0, 3.0, 3.0]).unwrap();
        assert!((r - 4.0 / 20f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn ranks_see_order_alone() {
        let x = [1.0, 2.0, 3.0, 4.0];
        assert!((spearman(&x, &x.map(f64::exp)).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        assert_eq!(deviation(&[1.0]), None);
        assert!((deviation(&[1.0, 3.0]).unwrap() - 2f64.sqrt()).abs() < 1e-12);
    }
}
