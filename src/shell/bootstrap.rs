//! How far a figure could lie elsewhere: the percentile bootstrap (Efron & Tibshirani, "An introduction to
//! the bootstrap", 1993, chapter 13), and the draws that it and made-up noise need.

/// Numbers that look drawn and depend on their seed alone: SplitMix64 (Steele, Lea & Flood, "Fast splittable
/// pseudorandom number generators", OOPSLA 2014). Not for secrets.
pub struct SplitMix(pub u64);

impl SplitMix {
    /// The next 64 bits.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly in 0..1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Evenly among 0..`count`; 0 of none.
    pub fn place(&mut self, count: usize) -> usize {
        ((self.share() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// About normal, of mean 0 and variance 1: twelve even ones.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}

/// The 2.5 and 97.5 % points of `draws` figures, each of one resample; none where a draw in ten has no
/// figure. The same seed gives the same interval.
pub fn interval(
    seed: u64,
    draws: usize,
    mut figure: impl FnMut(&mut SplitMix) -> Option<f64>,
) -> Option<(f64, f64)> {
    let mut random = SplitMix(seed);
    let mut figures: Vec<f64> = (0..draws).filter_map(|_| figure(&mut random)).collect();
    if figures.is_empty() || figures.len() * 10 < draws * 9 {
        return None;
    }
    figures.sort_by(f64::total_cmp);
    let at = |share: f64| figures[(share * (figures.len() - 1) as f64).round() as usize];
    Some((at(0.025), at(0.975)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_even_or_normal_and_the_same_again() {
        let mut random = SplitMix(7);
        assert_eq!(random.share(), SplitMix(7).share());
        let even: Vec<f64> = (0..20_000).map(|_| random.share()).collect();
        let normal: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let squares: Vec<f64> = normal.iter().map(|x| x * x).collect();
        assert!((mean(&even) - 0.5).abs() < 0.01);
        assert!(mean(&normal).abs() < 0.03 && (mean(&squares) - 1.0).abs() < 0.05);
        assert!((0..100).all(|_| random.place(3) < 3) && random.place(0) == 0);
    }

    #[test]
    fn an_interval_needs_nine_figures_of_ten() {
        let (low, high) = interval(1, 20_000, |random| Some(random.normal())).unwrap();
        assert!(
            (low + 1.96).abs() < 0.1 && (high - 1.96).abs() < 0.1,
            "{low} {high}"
        );
        assert_eq!(interval(1, 400, |_| None), None);
        assert_eq!(interval(1, 0, |_| Some(1.0)), None);
    }
}
