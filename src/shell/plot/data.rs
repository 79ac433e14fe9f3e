//! What a picture shows, as plain numbers.

use crate::shell::bins::Range;
use crate::trajectory::Trend;

/// One call. Times are seconds since the first sample, each list in order of time.
#[derive(Clone, Debug, Default)]
pub struct PlotData {
    /// The heading.
    pub title: String,
    /// The length of the time axis.
    pub duration_s: f64,
    /// Smallest and largest sample (full scale 1) of each stretch.
    pub waveform: Vec<(f64, Range)>,
    /// Fundamental frequency where voiced, Hz.
    pub pitch: Vec<(f64, f32)>,
    /// Level, dBFS.
    pub level: Vec<(f64, f32)>,
    /// Active speech level, dBFS.
    pub active_level: Vec<(f64, f32)>,
    /// The trajectory.
    pub trajectory: Vec<(f64, Sentiment)>,
    /// Markers.
    pub markers: Vec<Span>,
    /// Escalations.
    pub escalations: Vec<Mark>,
}

/// Where the trajectory stands.
#[derive(Clone, Copy, Debug)]
pub struct Sentiment {
    /// −1..1.
    pub value: f32,
    /// Half the height of the band around it.
    pub band: f32,
    /// Gives the colour.
    pub trend: Trend,
}

/// A marker from its beginning to its end.
#[derive(Clone, Debug)]
pub struct Span {
    /// Beginning, s.
    pub from_s: f64,
    /// End, s.
    pub to_s: f64,
    /// Its kind.
    pub label: String,
}

/// An escalation.
#[derive(Clone, Debug)]
pub struct Mark {
    /// When it was decided, s.
    pub at_s: f64,
    /// When the change began, s.
    pub onset_s: f64,
    /// Trigger and reason.
    pub label: String,
}

/// A made-up call of `duration_s`, which turns bad after 60 % of it.
#[cfg(test)]
pub(crate) fn sample(duration_s: f64) -> PlotData {
    let steps = |width: f64| (0..(duration_s / width) as u32).map(move |n| f64::from(n) * width);
    let talking = |t: f64| (t * 0.9).sin() > -0.6;
    let heat = |t: f64| ((t / duration_s - 0.6) / 0.2).clamp(0.0, 1.0);
    let mut data = PlotData {
        title: "became-angry.wav".into(),
        duration_s,
        ..PlotData::default()
    };
    for t in steps(duration_s / 1500.0) {
        let loud = if talking(t) {
            (0.25 + 0.4 * heat(t)) * (0.6 + 0.4 * (t * 13.0).sin())
        } else {
            0.01
        } as f32;
        data.waveform.push((
            t,
            Range {
                low: -loud,
                high: loud,
            },
        ));
        let level = 20.0 * (loud.abs() + 1e-4).log10() - 6.0;
        data.level.push((t, level));
        data.active_level.push((t, -22.0 + 6.0 * heat(t) as f32));
        if talking(t) && (t * 5.0).sin() > -0.3 {
            let f0 = 180.0 + 70.0 * heat(t) + 20.0 * (t * 7.0).sin();
            data.pitch.push((t, f0 as f32));
        }
    }
    for t in steps(0.25).filter(|t| talking(*t)) {
        let sentiment = Sentiment {
            value: (0.2 - 0.9 * heat(t) + 0.05 * (t * 3.0).sin()) as f32,
            band: 0.12,
            trend: match heat(t) {
                h if h > 0.0 && h < 1.0 => Trend::Falling,
                _ => Trend::Steady,
            },
        };
        data.trajectory.push((t, sentiment));
    }
    let span = |from: f64, long: f64, label: &str| Span {
        from_s: from * duration_s,
        to_s: from * duration_s + long,
        label: label.into(),
    };
    data.markers = vec![
        span(0.12, 1.1, "hesitation"),
        span(0.15, 0.9, "hesitation"),
        span(0.55, 2.4, "breath_change"),
    ];
    data.escalations = vec![Mark {
        at_s: 42.5 / 60.0 * duration_s,
        onset_s: 0.6 * duration_s,
        label: "sentiment, trend".into(),
    }];
    data
}
