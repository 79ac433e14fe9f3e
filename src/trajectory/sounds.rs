//! Markers for sounds that are not words: where their evidence grew, if it passed one half.

use super::{Marker, MarkerKind};
use crate::features::{FeatureFrame, Sounds};
use crate::units::StreamTime;

/// The operating point of every sound: EVALUATION.md says what it finds and what it costs.
const THRESHOLD: f32 = 0.5;
/// Evidence that has not grown for so long belongs to a sound that has ended.
const ENDED_S: f64 = 1.2;

type Evidence = fn(&Sounds) -> f32;

/// What is marked. Breath is not: its habit is, elsewhere.
const KINDS: [(MarkerKind, Evidence); 6] = [
    (MarkerKind::Cry, |s| s.cry),
    (MarkerKind::Sob, |s| s.sob),
    (MarkerKind::Scream, |s| s.scream),
    (MarkerKind::Sigh, |s| s.sigh),
    (MarkerKind::Laugh, |s| s.laugh),
    (MarkerKind::Cough, |s| s.cough),
];

/// Follows all sounds of one caller.
#[derive(Default)]
pub struct SoundMarkers {
    stretches: [Stretch; KINDS.len()],
}

impl SoundMarkers {
    /// Takes a frame.
    pub fn push(&mut self, frame: &FeatureFrame) {
        for ((kind, evidence), stretch) in KINDS.iter().zip(&mut self.stretches) {
            stretch.push(*kind, evidence(&frame.sounds), frame.at);
        }
    }

    /// A marker of a sound that has ended, each once.
    pub fn poll(&mut self) -> Option<Marker> {
        self.stretches.iter_mut().find_map(|s| s.ended.take())
    }
}

/// Evidence that grows, from its first frame to its last.
#[derive(Clone, Copy, Default)]
struct Stretch {
    open: bool,
    from: StreamTime,
    to: StreamTime,
    best: f32,
    last: f32,
    ended: Option<Marker>,
}

impl Stretch {
    fn push(&mut self, kind: MarkerKind, evidence: f32, at: StreamTime) {
        let grew = evidence > self.last || evidence >= 1.0;
        self.last = evidence;
        if grew {
            if !self.open {
                (self.open, self.from, self.best) = (true, at, 0.0);
            }
            self.to = at;
            self.best = self.best.max(evidence);
        } else if self.open && (evidence <= 0.0 || at.since(self.to) > ENDED_S) {
            self.open = false;
            if self.best >= THRESHOLD {
                self.ended = Some(Marker {
                    at,
                    kind,
                    from: self.from,
                    to: self.to,
                    confidence: self.best,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Markers of `evidence`, one value a frame, as screams.
    fn markers(evidence: impl IntoIterator<Item = f32>) -> Vec<Marker> {
        let mut markers = SoundMarkers::default();
        let mut found = Vec::new();
        for (i, scream) in evidence.into_iter().enumerate() {
            let mut frame = FeatureFrame {
                at: StreamTime::from_seconds(i as f64 * 0.01),
                ..FeatureFrame::default()
            };
            frame.sounds.scream = scream;
            markers.push(&frame);
            found.extend(markers.poll());
        }
        found
    }

    #[test]
    fn a_marker_spans_the_growth_of_its_evidence() {
        let rise = (1..=80).map(|i| i as f32 / 100.0);
        let found = markers([0.0; 20].into_iter().chain(rise).chain([0.0; 50]));
        assert_eq!(found.len(), 1);
        let marker = found[0];
        assert_eq!(marker.kind, MarkerKind::Scream);
        assert!((marker.from.seconds() - 0.2).abs() < 1e-3, "{marker:?}");
        assert!((marker.to.seconds() - 0.99).abs() < 1e-3, "{marker:?}");
        assert!((marker.at.seconds() - 1.0).abs() < 1e-3, "{marker:?}");
        assert_eq!(marker.confidence, 0.8);
    }

    #[test]
    fn weak_evidence_is_not_marked_and_what_lingers_ends() {
        let rise = (1..=49).map(|i| i as f32 / 100.0);
        assert!(markers(rise.chain([0.0; 50])).is_empty());
        // Grows for 0.6 s, then only fades.
        let rise = (1..=60).map(|i| i as f32 / 100.0);
        let fade = (0..300).map(|i| 0.6 * 0.995f32.powi(i + 1));
        let found = markers(rise.chain(fade));
        assert_eq!(found.len(), 1);
        assert!((found[0].to.seconds() - 0.59).abs() < 1e-3, "{found:?}");
        assert!(found[0].at.since(found[0].to) < 1.25, "{found:?}");
    }
}
