//! How good a pitch track is.
//!
//! Gross pitch error: Rabiner et al. (1976), here beyond 20 %. Voicing decision error and F0 frame
//! error: Chu & Alwan (2009), "Reducing F0 frame error of F0 tracking algorithms under noisy
//! conditions with an unvoiced/voiced classification frontend".

/// A pitch this far from the truth is another pitch.
const GROSS: f64 = 0.2;

/// Counts over frames.
#[derive(Clone, Debug, Default)]
pub struct PitchScore {
    /// Frames counted.
    pub frames: usize,
    voicing_errors: usize,
    truly_voiced: usize,
    both: usize,
    gross: usize,
    cents: Vec<f64>,
}

impl PitchScore {
    /// One frame: what was heard and what is true, Hz, 0 where unvoiced.
    pub fn add(&mut self, heard_hz: f64, true_hz: f64) {
        let (heard, truly) = (heard_hz > 0.0, true_hz > 0.0);
        self.frames += 1;
        self.voicing_errors += usize::from(heard != truly);
        self.truly_voiced += usize::from(truly);
        if heard && truly {
            self.both += 1;
            if (heard_hz / true_hz - 1.0).abs() > GROSS {
                self.gross += 1;
            } else {
                self.cents
                    .push((1200.0 * (heard_hz / true_hz).log2()).abs());
            }
        }
    }

    /// Gross errors, % of the frames voiced in both.
    pub fn gpe(&self) -> Option<f64> {
        percent(self.gross, self.both)
    }

    /// Wrong voicing, % of all frames.
    pub fn vde(&self) -> Option<f64> {
        percent(self.voicing_errors, self.frames)
    }

    /// Either error, % of all frames.
    pub fn ffe(&self) -> Option<f64> {
        percent(self.voicing_errors + self.gross, self.frames)
    }

    /// Voiced frames found, %.
    pub fn recall(&self) -> Option<f64> {
        percent(self.both, self.truly_voiced)
    }

    /// Median distance of what is no gross error, cents.
    pub fn cents(&self) -> Option<f64> {
        median(self.cents.clone())
    }
}

/// `part` of `whole`, %; nothing of nothing.
pub fn percent(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len().checked_sub(1)? / 2;
    let upper = values.len() / 2;
    Some((values[middle] + values[upper]) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_is_counted_where_it_belongs() {
        let mut score = PitchScore::default();
        let cent = 2f64.powf(1.0 / 1200.0);
        for (heard, truth) in [
            (100.0, 100.0),
            (100.0 * cent.powi(4), 100.0),
            (200.0, 100.0),
            (0.0, 100.0),
            (100.0, 0.0),
            (0.0, 0.0),
            (0.0, 0.0),
            (0.0, 0.0),
        ] {
            score.add(heard, truth);
        }
        assert_eq!(score.gpe(), Some(100.0 / 3.0));
        assert_eq!(score.vde(), Some(25.0));
        assert_eq!(score.ffe(), Some(37.5));
        assert_eq!(score.recall(), Some(75.0));
        assert!((score.cents().unwrap() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn twenty_percent_is_not_gross_and_nothing_has_no_score() {
        let mut score = PitchScore::default();
        assert_eq!(
            (score.gpe(), score.vde(), score.cents()),
            (None, None, None)
        );
        score.add(119.9, 100.0);
        score.add(80.1, 100.0);
        assert_eq!(score.gpe(), Some(0.0));
        score.add(120.1, 100.0);
        assert_eq!(score.gpe(), Some(100.0 / 3.0));
    }
}
