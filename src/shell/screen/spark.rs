//! The sentiment over the call, as the numbers of a small drawing.

/// The size of the drawing in its own units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    pub width: f64,
    pub height: f64,
}

/// A line over time. Sentiment 1 is at the top, −1 at the bottom.
#[derive(Clone, Debug, PartialEq)]
pub struct Spark {
    pub size: Size,
    /// `x,y x,y …`, for a polyline.
    pub line: String,
    /// The same down to the zero line, for a polygon.
    pub area: String,
    /// Where zero is.
    pub zero: f64,
    /// The last point.
    pub last: (f64, f64),
    from_s: f64,
    to_s: f64,
}

/// Points beyond these are left out evenly: a row of the wall is no wider.
const MOST: usize = 120;

impl Spark {
    /// `None` where fewer than two points are numbers, or all are at one time.
    pub fn new(points: &[[f64; 2]], size: Size) -> Option<Self> {
        let mut true_ones: Vec<[f64; 2]> = points
            .iter()
            .filter(|p| p[0].is_finite() && p[1].is_finite() && p[0].abs() < 1e9)
            .copied()
            .collect();
        true_ones.sort_by(|a, b| a[0].total_cmp(&b[0]));
        if true_ones.len() > MOST {
            let step = true_ones.len().div_ceil(MOST);
            let last = true_ones.last().copied();
            true_ones = true_ones.into_iter().step_by(step).collect();
            true_ones.extend(last);
        }
        let (from_s, to_s) = (true_ones.first()?[0], true_ones.last()?[0]);
        if to_s - from_s < 1e-6 {
            return None;
        }
        let zero = size.height / 2.0;
        let place = |p: &[f64; 2]| {
            let x = (p[0] - from_s) / (to_s - from_s) * size.width;
            (x, zero - p[1].clamp(-1.0, 1.0) * (zero - 2.0))
        };
        let text = |(x, y): (f64, f64)| format!("{x:.1},{y:.1}");
        let placed: Vec<(f64, f64)> = true_ones.iter().map(place).collect();
        let line: Vec<String> = placed.iter().copied().map(text).collect();
        let line = line.join(" ");
        let area = format!("0,{zero:.1} {line} {:.1},{zero:.1}", size.width);
        Some(Self {
            size,
            line,
            area,
            zero,
            last: *placed.last()?,
            from_s,
            to_s,
        })
    }

    /// Where `at_s` is; `None` outside of the drawing.
    pub fn x(&self, at_s: f64) -> Option<f64> {
        let inside = at_s >= self.from_s && at_s <= self.to_s;
        inside.then(|| (at_s - self.from_s) / (self.to_s - self.from_s) * self.size.width)
    }

    /// The times at both ends.
    pub fn span(&self) -> (f64, f64) {
        (self.from_s, self.to_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size {
        width: 100.0,
        height: 44.0,
    };

    #[test]
    fn worse_is_lower_and_later_is_further_right() {
        let spark = Spark::new(&[[10.0, 1.0], [20.0, 0.0], [30.0, -9.0]], SIZE).unwrap();
        assert_eq!(spark.line, "0.0,2.0 50.0,22.0 100.0,42.0");
        assert_eq!(spark.x(20.0), Some(50.0));
        assert_eq!(spark.x(31.0), None);
        assert_eq!(spark.x(f64::NAN), None);
    }

    #[test]
    fn what_cannot_be_drawn_is_not() {
        assert_eq!(Spark::new(&[], SIZE), None);
        assert_eq!(Spark::new(&[[1.0, 0.5]], SIZE), None);
        assert_eq!(Spark::new(&[[1.0, 0.5], [1.0, 0.2]], SIZE), None);
        assert_eq!(Spark::new(&[[1.0, f64::NAN], [2.0, 0.2]], SIZE), None);
    }

    #[test]
    fn a_million_points_are_no_longer_line() {
        let points: Vec<[f64; 2]> = (0..100_000).map(|n| [f64::from(n), 0.0]).collect();
        let spark = Spark::new(&points, SIZE).unwrap();
        assert!(spark.line.len() < 2_000);
        assert!(spark.line.ends_with("100.0,22.0"));
    }
}
