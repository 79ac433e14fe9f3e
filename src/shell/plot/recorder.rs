//! Gathers what a picture needs while one file streams by, in bounded memory.

use super::data::{Mark, PlotData, Sentiment, Span};
use crate::engine::Event;
use crate::features::FeatureFrame;
use crate::shell::bins::{Bins, Mean, Merge, Range};
use crate::trajectory::Trend;
use serde::Serialize;

/// Bins of a curve: about two a pixel.
const BINS: usize = 2048;
/// Most markers in a picture.
const MARKERS: usize = 500;

/// One file's curves and events.
pub struct Recorder {
    rate: u32,
    heard: u64,
    waveform: Bins<Range>,
    pitch: Bins<Mean>,
    level: Bins<Mean>,
    active_level: Bins<Mean>,
    trajectory: Bins<Sentiment>,
    markers: Vec<Span>,
    escalations: Vec<Mark>,
}

impl Recorder {
    /// For a source of `rate` samples a second.
    pub fn new(rate: u32) -> Self {
        Self {
            rate: rate.max(1),
            heard: 0,
            waveform: Bins::new(0.005, BINS),
            pitch: Bins::new(0.01, BINS),
            level: Bins::new(0.01, BINS),
            active_level: Bins::new(0.01, BINS),
            trajectory: Bins::new(0.25, BINS),
            markers: Vec::new(),
            escalations: Vec::new(),
        }
    }

    /// The caller's samples, in order.
    pub fn samples(&mut self, samples: &[f32]) {
        // One range a millisecond is finer than any bin and spares a division a sample.
        for block in samples.chunks((self.rate / 1000).max(1) as usize) {
            let ranges = block
                .iter()
                .filter(|s| s.is_finite())
                .map(|s| Range::of(*s));
            let whole = ranges.reduce(|mut all, one| {
                all.merge(one);
                all
            });
            if let Some(range) = whole {
                let seconds = self.heard as f64 / f64::from(self.rate);
                self.waveform.add(seconds, range);
            }
            self.heard += block.len() as u64;
        }
    }

    /// Samples that were never received: the waveform stays empty there.
    pub fn gap(&mut self, samples: u32) {
        self.heard += u64::from(samples);
    }

    /// One feature frame.
    pub fn frame(&mut self, frame: &FeatureFrame) {
        let seconds = frame.at.seconds();
        if frame.voiced && frame.f0_hz > 0.0 {
            self.pitch.add(seconds, Mean::of(frame.f0_hz));
        }
        self.level.add(seconds, Mean::of(frame.level_db));
        self.active_level
            .add(seconds, Mean::of(frame.active_level_db));
    }

    /// One event of the engine.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Point(point) => self.trajectory.add(
                point.at.seconds(),
                Sentiment {
                    value: point.sentiment,
                    band: 2.0 * point.sentiment_sd,
                    trend: point.trend,
                },
            ),
            Event::Marker(marker) if self.markers.len() < MARKERS => self.markers.push(Span {
                from_s: marker.from.seconds(),
                to_s: marker.to.seconds(),
                label: name(&marker.kind),
            }),
            Event::Escalation(escalation) => self.escalations.push(Mark {
                at_s: escalation.at.seconds(),
                onset_s: escalation.onset.seconds(),
                label: format!(
                    "{}, {}",
                    name(&escalation.trigger),
                    name(&escalation.reason)
                ),
            }),
            Event::Affect(_) | Event::Marker(_) | Event::Line(_) | Event::Gap { .. } => {}
        }
    }

    /// The picture so far.
    pub fn data(&self, title: &str) -> PlotData {
        let means = |bins: &Bins<Mean>| bins.iter().map(|(t, mean)| (t, mean.value())).collect();
        PlotData {
            title: title.to_owned(),
            duration_s: self.heard as f64 / f64::from(self.rate),
            waveform: self.waveform.iter().collect(),
            pitch: means(&self.pitch),
            level: means(&self.level),
            active_level: means(&self.active_level),
            trajectory: self.trajectory.iter().collect(),
            markers: self.markers.clone(),
            escalations: self.escalations.clone(),
        }
    }
}

impl Merge for Sentiment {
    /// The later reading stands; a trend is kept where either has one.
    fn merge(&mut self, other: Self) {
        let trend = match other.trend {
            Trend::Steady => self.trend,
            moving => moving,
        };
        *self = Self { trend, ..other };
    }
}

fn name<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::from("unnamed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::output::sample;

    #[test]
    fn an_hour_stays_bounded_and_keeps_its_peak() {
        let mut recorder = Recorder::new(8000);
        let quiet = vec![0.1; 80_000];
        for minute in 0..360 {
            let mut block = quiet.clone();
            if minute == 200 {
                block[4000] = -0.9;
            }
            recorder.samples(&block);
        }
        let data = recorder.data("hour");
        assert_eq!(data.duration_s, 3600.0);
        assert!(data.waveform.len() <= BINS);
        let lowest = data.waveform.iter().map(|(_, r)| r.low).fold(0.0, f32::min);
        assert_eq!(lowest, -0.9);
    }

    #[test]
    fn events_become_curves_spans_and_marks() {
        let mut recorder = Recorder::new(8000);
        recorder.gap(480_000);
        for event in sample::events() {
            recorder.event(&event);
        }
        let data = recorder.data("call");
        assert_eq!(data.trajectory.len(), 232);
        assert_eq!(data.markers[0].label, "hesitation");
        assert_eq!(data.escalations[0].label, "sentiment, trend");
        assert!(data.waveform.is_empty());
    }
}
