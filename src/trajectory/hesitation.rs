//! Hesitation: a sound held at the edge of a phrase.
//!
//! Filled pauses and lengthened words stand beside silence (Shriberg 2001). A vowel held in the
//! middle of a phrase is emphasis, or song.

use super::{Marker, MarkerKind};
use crate::features::FeatureFrame;
use crate::units::StreamTime;

/// Vowels of read speech end before this.
const HELD_S: f32 = 0.3;
/// Between a held sound and the silence beside it.
const EDGE_FRAMES: u32 = 20;

/// Finds hesitations in the frames of one caller.
#[derive(Default)]
pub struct HesitationDetector {
    spoken: u32,
    held_s: f32,
    after_silence: bool,
    ended: Option<Ended>,
}

#[derive(Clone, Copy)]
struct Ended {
    to: StreamTime,
    held_s: f32,
    after_silence: bool,
    frames_since: u32,
}

impl HesitationDetector {
    /// Takes a frame; gives the hesitation that is certain with it.
    pub fn push(&mut self, frame: &FeatureFrame) -> Option<Marker> {
        self.spoken = if frame.speech { self.spoken + 1 } else { 0 };
        if frame.lengthening_s <= self.held_s {
            if self.held_s >= HELD_S {
                self.ended = Some(Ended {
                    to: frame.at,
                    held_s: self.held_s,
                    after_silence: self.after_silence,
                    frames_since: 0,
                });
            }
            // The next sound begins here; it stands at the edge if speech has only begun.
            self.after_silence = self.spoken <= EDGE_FRAMES;
        }
        self.held_s = frame.lengthening_s;
        self.certain(frame)
    }

    fn certain(&mut self, frame: &FeatureFrame) -> Option<Marker> {
        let mut ended = self.ended.take()?;
        if ended.after_silence || !frame.speech {
            let from = ended.to.seconds() - f64::from(ended.held_s);
            return Some(Marker {
                at: frame.at,
                kind: MarkerKind::Hesitation,
                from: StreamTime::from_seconds(from),
                to: ended.to,
                confidence: (ended.held_s / (2.0 * HELD_S)).min(1.0),
            });
        }
        ended.frames_since += 1;
        self.ended = (ended.frames_since < EDGE_FRAMES).then_some(ended);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Speech from 0.5 s to 2.5 s, with a sound held in `held` (frames).
    fn markers(held: std::ops::Range<u64>) -> Vec<Marker> {
        let mut detector = HesitationDetector::default();
        let frame = |at: u64| FeatureFrame {
            at: StreamTime::from_ticks(160 * at),
            speech: (50..250).contains(&at),
            lengthening_s: if held.contains(&at) {
                (at - held.start + 1) as f32 / 100.0
            } else {
                0.0
            },
            ..FeatureFrame::default()
        };
        (0..400)
            .filter_map(|at| detector.push(&frame(at)))
            .collect()
    }

    #[test]
    fn a_sound_held_beside_silence_is_a_hesitation_with_its_own_times() {
        for held in [55..100, 200..245] {
            let found = markers(held.clone());
            assert_eq!(found.len(), 1, "{held:?}");
            assert!((found[0].from.seconds() - held.start as f64 / 100.0).abs() < 0.011);
            assert!((found[0].to.seconds() - held.end as f64 / 100.0).abs() < 0.011);
        }
    }

    #[test]
    fn a_short_vowel_and_one_inside_a_phrase_are_not() {
        assert!(markers(55..80).is_empty(), "a quarter of a second");
        assert!(markers(120..160).is_empty(), "inside a phrase");
    }
}
