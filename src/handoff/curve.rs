//! The trajectory in sixty points and sixteen markers, however long the call. Allocates nothing
//! while it listens.

use super::payload::{MarkerAt, SentimentTrajectory};
use crate::error::MemoryError;
use crate::trajectory::{Marker, MarkerKind, Point, PointMemory, Trend};
use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

/// The most points.
pub const MAX_POINTS: usize = 60;
/// The most markers.
pub const MAX_MARKERS: usize = 16;
/// Seconds that a bin covers at first. When the last one is full, each covers twice the time.
const FIRST_WIDTH_S: f64 = 1.0;
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Mean sentiment over stretches of equal length, the last and the worst point, the markers.
pub struct Curve {
    width_s: f64,
    bins: [(f32, u32); MAX_POINTS],
    last: Option<Point>,
    worst: Option<Point>,
    markers: ArrayVec<(MarkerKind, f64), MAX_MARKERS>,
}

impl Curve {
    /// Nothing heard.
    pub fn new() -> Self {
        Self {
            width_s: FIRST_WIDTH_S,
            bins: [(0.0, 0); MAX_POINTS],
            last: None,
            worst: None,
            markers: ArrayVec::new(),
        }
    }

    /// Takes a point.
    pub fn point(&mut self, point: &Point) {
        while point.at.seconds() >= self.width_s * MAX_POINTS as f64 {
            self.halve();
        }
        let bin = &mut self.bins[(point.at.seconds() / self.width_s) as usize];
        *bin = (bin.0 + point.sentiment, bin.1 + 1);
        self.last = Some(*point);
        if self
            .worst
            .is_none_or(|worst| point.sentiment < worst.sentiment)
        {
            self.worst = Some(*point);
        }
    }

    /// Takes a marker. When there are too many, the first that many callers give goes, or else the
    /// first.
    pub fn marker(&mut self, marker: &Marker) {
        if self.markers.is_full() {
            let usual = self.markers.iter().position(|(kind, _)| usual(*kind));
            self.markers.remove(usual.unwrap_or(0));
        }
        self.markers.push((marker.kind, marker.from.seconds()));
    }

    /// What there is to show, after `speech_s` seconds of the caller's speech.
    pub fn view(&self, speech_s: f64) -> SentimentTrajectory {
        let filled = self.bins.iter().enumerate().filter(|(_, (_, n))| *n > 0);
        let end_s = self.last.map_or(0.0, |last| last.at.seconds());
        let points: Vec<[f64; 2]> = filled
            .map(|(place, (sum, n))| {
                let centre_s = (place as f64 + 0.5) * self.width_s;
                let sentiment = f64::from(sum / *n as f32);
                [tidy(centre_s.min(end_s)), tidy(sentiment)]
            })
            .collect();
        let mut markers: Vec<_> = self.markers.iter().copied().collect();
        markers.sort_by(|a, b| a.1.total_cmp(&b.1));
        SentimentTrajectory {
            speech_s: tidy(speech_s),
            sparkline: sparkline(&points),
            points,
            now: self.last.map(|p| p.sentiment),
            slope_per_min: self.last.map(|p| p.slope_per_min),
            trend: self.last.map(|p| trend_name(p.trend).to_owned()),
            worst: self.worst.map(|p| p.sentiment),
            worst_at_s: self.worst.map(|p| tidy(p.at.seconds())),
            markers: markers
                .into_iter()
                .map(|(kind, at_s)| MarkerAt {
                    kind: kind.name().to_owned(),
                    at_s: tidy(at_s),
                })
                .collect(),
        }
    }

    fn halve(&mut self) {
        for place in 0..MAX_POINTS {
            let bin = |of: usize| self.bins.get(of).copied().unwrap_or_default();
            let (a, b) = (bin(2 * place), bin(2 * place + 1));
            self.bins[place] = (a.0 + b.0, a.1 + b.1);
        }
        self.width_s *= 2.0;
    }
}

impl Default for Curve {
    fn default() -> Self {
        Self::new()
    }
}

/// What many callers give in a call without distress.
fn usual(kind: MarkerKind) -> bool {
    use MarkerKind::{BreathChange, Cough, Hesitation, Laugh};
    matches!(kind, BreathChange | Cough | Hesitation | Laugh)
}

fn trend_name(trend: Trend) -> &'static str {
    match trend {
        Trend::Steady => "steady",
        Trend::Falling => "falling",
        Trend::Rising => "rising",
    }
}

/// To the tenth of a millisecond, or of a thousandth.
fn tidy(value: f64) -> f64 {
    (value * 1e4).round() / 1e4 + 0.0
}

/// One block character a point, from sentiment −1 to +1.
pub(super) fn sparkline(points: &[[f64; 2]]) -> String {
    let block = |[_, sentiment]: &[f64; 2]| {
        let share = (sentiment.clamp(-1.0, 1.0) + 1.0) / 2.0;
        BLOCKS[((share * 8.0) as usize).min(7)]
    };
    points.iter().map(block).collect()
}

/// The curve as it is remembered: the bins up to the last one that holds something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurveMemory {
    /// The width of a bin, as the power of two that it is in seconds.
    doubled: u8,
    bins: ArrayVec<(f32, u32), MAX_POINTS>,
    last: Option<PointMemory>,
    worst: Option<PointMemory>,
    markers: ArrayVec<(MarkerKind, f64), MAX_MARKERS>,
}

impl CurveMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        MemoryError::within("curve.doubled", self.doubled.into(), 0.0, 40.0)?;
        for (sum, count) in &self.bins {
            MemoryError::events("curve.count", *count)?;
            let most = f64::from(*count) * 1.001;
            MemoryError::within("curve.sum", (*sum).into(), -most, most)?;
        }
        for (_, at_s) in &self.markers {
            MemoryError::within("curve.marker", *at_s, 0.0, 1e9)?;
        }
        self.last.iter().try_for_each(PointMemory::check)?;
        self.worst.iter().try_for_each(PointMemory::check)
    }
}

impl Curve {
    /// What there is to go on with.
    pub fn memory(&self) -> CurveMemory {
        let filled = self.bins.iter().rposition(|(_, n)| *n > 0);
        let filled = filled.map_or(0, |last| last + 1);
        CurveMemory {
            doubled: (self.width_s / FIRST_WIDTH_S).log2().round() as u8,
            bins: self.bins.iter().take(filled).copied().collect(),
            last: self.last.as_ref().map(PointMemory::from),
            worst: self.worst.as_ref().map(PointMemory::from),
            markers: self.markers.clone(),
        }
    }

    /// Goes on from there.
    pub fn recall(&mut self, memory: &CurveMemory) {
        *self = Self::new();
        self.width_s = FIRST_WIDTH_S * f64::from(memory.doubled).exp2();
        for (bin, told) in self.bins.iter_mut().zip(&memory.bins) {
            *bin = *told;
        }
        self.last = memory.last.as_ref().map(Point::from);
        self.worst = memory.worst.as_ref().map(Point::from);
        self.markers.clone_from(&memory.markers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::StreamTime;

    fn point(seconds: f64, sentiment: f32) -> Point {
        Point {
            at: StreamTime::from_seconds(seconds),
            sentiment,
            sentiment_sd: 0.1,
            slope_per_min: 0.0,
            slope_sd: 0.1,
            level_sd: 0.0,
            evidence: crate::trajectory::PointEvidence::default(),
            trend: Trend::Steady,
        }
    }

    fn curve(seconds: u32) -> Curve {
        let mut curve = Curve::new();
        for quarter in 0..seconds * 4 {
            let at_s = f64::from(quarter) / 4.0;
            curve.point(&point(at_s, 1.0 - 2.0 * (at_s as f32) / seconds as f32));
        }
        curve
    }

    #[test]
    fn a_call_of_any_length_fits_and_is_evenly_spread() {
        for seconds in [5, 59, 61, 600, 86_400] {
            let view = curve(seconds).view(1.0);
            let count = view.points.len();
            assert!(count <= MAX_POINTS, "{seconds} s: {count}");
            assert!(seconds < 60 || count > 29, "{seconds} s: {count}");
            assert_eq!(view.sparkline.chars().count(), count);
            for pair in view.points.windows(2) {
                let expected = 1.0 - 2.0 * pair[0][0] / f64::from(seconds);
                assert!(
                    (pair[0][1] - expected).abs() < 0.005 + 0.5 / f64::from(seconds),
                    "{seconds} s: {pair:?}"
                );
                assert!(pair[1][0] > pair[0][0] && pair[1][1] < pair[0][1]);
            }
            assert!(view.points[count - 1][0] <= f64::from(seconds));
        }
    }

    #[test]
    fn the_line_is_drawn_from_worst_to_best() {
        assert_eq!(
            sparkline(&[[0.0, -1.0], [1.0, 0.0], [2.0, 1.0], [3.0, f64::NAN]]),
            "▁▅█▁"
        );
    }

    #[test]
    fn a_scream_outlasts_hesitations() {
        let mut curve = Curve::new();
        let marker = |kind, seconds| Marker {
            at: StreamTime::from_seconds(seconds),
            kind,
            from: StreamTime::from_seconds(seconds),
            to: StreamTime::from_seconds(seconds),
            confidence: 1.0,
        };
        curve.marker(&marker(MarkerKind::Scream, 1.0));
        for second in 2..100 {
            curve.marker(&marker(MarkerKind::Hesitation, f64::from(second)));
        }
        let kept = curve.view(1.0).markers;
        assert_eq!((kept.len(), kept[0].kind.as_str()), (MAX_MARKERS, "scream"));
        assert_eq!(kept[1].at_s, 85.0, "the latest are kept");
    }
}
