//! Exact pitch, frame by frame.

use super::rows::Rows;
use crate::shell::error::ShellError;
use std::path::Path;

/// What is true at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    at_s: f64,
    /// Hz; 0 where unvoiced.
    pub f0_hz: f64,
    /// Not in doubt: `w` above 0, or no such column.
    pub sure: bool,
}

/// The truth about one signal.
pub struct F0Truth {
    moments: Vec<Moment>,
    /// How far from a moment it still holds, s.
    reach_s: f64,
    /// The file tells doubt at all.
    pub weighted: bool,
}

impl F0Truth {
    /// Reads `time_s,f0_hz,voiced` and, where it is there, `w`.
    ///
    /// # Errors
    /// Names the line and the column: no number, times that do not rise, voiced without a pitch.
    pub fn read(path: &Path) -> Result<Self, ShellError> {
        let mut rows = Rows::open(path, &["time_s", "f0_hz", "voiced"])?;
        let weighted = rows.has("w");
        let mut moments: Vec<Moment> = Vec::new();
        while let Some(row) = rows.next()? {
            let at_s = row.number("time_s")?;
            if moments.last().is_some_and(|before| at_s <= before.at_s) {
                return Err(row.wrong("time_s", "is not after the row before: sort the rows"));
            }
            let voiced = match row.text("voiced") {
                "0" => false,
                "1" => true,
                _ => return Err(row.wrong("voiced", "is neither 0 nor 1")),
            };
            let hz = row.number("f0_hz")?;
            if voiced && hz <= 0.0 {
                return Err(row.wrong("f0_hz", "is no pitch, and `voiced` is 1: one must change"));
            }
            moments.push(Moment {
                at_s,
                f0_hz: if voiced { hz } else { 0.0 },
                sure: !weighted || row.number("w")? > 0.0,
            });
        }
        let [first, second, ..] = moments[..] else {
            return Err(ShellError::data(
                path,
                2,
                "fewer than two rows: nothing to score by",
            ));
        };
        Ok(Self {
            // A little more, as decimal times are rounded.
            reach_s: (second.at_s - first.at_s) * 0.5 + 1e-6,
            moments,
            weighted,
        })
    }

    /// What is true nearest to `at_s`; nothing beyond half a step from the rows.
    pub fn at(&self, at_s: f64) -> Option<&Moment> {
        let after = self.moments.partition_point(|moment| moment.at_s < at_s);
        let around = &self.moments[after.saturating_sub(1)..(after + 1).min(self.moments.len())];
        let distance = |moment: &Moment| (moment.at_s - at_s).abs();
        let nearest = around
            .iter()
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        (distance(nearest) <= self.reach_s).then_some(nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(text: &str) -> Result<F0Truth, ShellError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        F0Truth::read(file.path())
    }

    #[test]
    fn the_nearest_row_is_the_truth_and_beyond_the_rows_there_is_none() {
        let truth =
            truth("time_s,f0_hz,voiced,w\n0,0,0,1\n0.005,100,1,0\n0.010,101,1,1\n").unwrap();
        let hz = |at_s: f64| truth.at(at_s).map(|moment| moment.f0_hz);
        assert_eq!(hz(0.001), Some(0.0));
        assert_eq!(hz(0.006), Some(100.0));
        assert_eq!(hz(0.0124), Some(101.0));
        assert_eq!(hz(0.013), None);
        assert!(!truth.at(0.005).unwrap().sure);
    }

    #[test]
    fn what_is_wrong_is_told_with_line_and_column() {
        for (text, line, column) in [
            ("time_s,f0_hz\n", 1, "`voiced`"),
            ("time_s,f0_hz,voiced\n0,0,0\n0.005,none,1\n", 3, "`f0_hz`"),
            ("time_s,f0_hz,voiced\n0,0,0\n0,0,0\n", 3, "`time_s`"),
            ("time_s,f0_hz,voiced\n0,0,1\n", 2, "`f0_hz`"),
            ("time_s,f0_hz,voiced\n0,0,yes\n", 2, "`voiced`"),
            ("time_s,f0_hz,voiced\n0,0\n", 2, "2 fields"),
        ] {
            let error = truth(text).err().unwrap().to_string();
            assert!(error.contains(&format!("line {line}")), "{error}");
            assert!(error.contains(column), "{error}");
        }
    }
}
