//! Pace: syllable nuclei in a window of three seconds, over its time and over its speech.

const WINDOW: usize = 300;
/// Shares of a nucleus are counted in whole numbers of this part of one.
const PARTS: f32 = 8.0;

/// Pace over the last three seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tempo {
    /// A nucleus more was completed; its peak lies up to 150 ms before.
    pub nucleus: bool,
    /// Nuclei per second of stream received.
    pub pace_sps: f32,
    /// Nuclei per second of speech.
    pub articulation_sps: f32,
}

/// Counts over a window.
pub struct TempoTracker {
    frame: usize,
    window: [Share; WINDOW],
    parts: u32,
    speech: u32,
    owed: u32,
    now: Tempo,
}

#[derive(Clone, Copy, Default)]
struct Share {
    parts: u32,
    speech: bool,
}

impl TempoTracker {
    pub fn new() -> Self {
        Self {
            frame: 0,
            window: [Share::default(); WINDOW],
            parts: 0,
            speech: 0,
            owed: 0,
            now: Tempo::default(),
        }
    }

    /// `syllables` is the share of a nucleus that ended in this frame. A lost frame is no time:
    /// the window stands still.
    pub fn push(&mut self, syllables: f32, speech: bool, lost: bool) -> Tempo {
        if lost {
            self.now.nucleus = false;
            return self.now;
        }
        self.frame += 1;
        let parts = (syllables * PARTS).round() as u32;
        self.count(Share { parts, speech });
        self.owed += parts;
        let nucleus = self.owed as f32 >= PARTS;
        if nucleus {
            self.owed -= PARTS as u32;
        }
        let rate = |frames: usize| {
            // Under a second of time a count says nothing.
            if frames < 100 {
                0.0
            } else {
                self.parts as f32 / PARTS / (frames as f32 / 100.0)
            }
        };
        self.now = Tempo {
            nucleus,
            pace_sps: rate(self.frame.min(WINDOW)),
            articulation_sps: rate(self.speech as usize),
        };
        self.now
    }

    fn count(&mut self, share: Share) {
        let old = std::mem::replace(&mut self.window[self.frame % WINDOW], share);
        self.parts = self.parts + share.parts - old.parts;
        self.speech = self.speech + u32::from(share.speech) - u32::from(old.speech);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_time_in_pause_halves_the_pace_but_not_the_articulation() {
        let mut tracker = TempoTracker::new();
        let mut last = Tempo::default();
        for frame in 0..900 {
            // Four nuclei a second, each told in halves, in every other half second.
            let speech = frame % 100 < 50;
            let share = if speech && frame % 25 < 2 { 0.5 } else { 0.0 };
            last = tracker.push(share, speech, false);
        }
        assert!((last.pace_sps - 2.0).abs() < 0.1, "{last:?}");
        assert!((last.articulation_sps - 4.0).abs() < 0.2, "{last:?}");
    }

    #[test]
    fn shares_add_up_to_nuclei() {
        let mut tracker = TempoTracker::new();
        let mut tell = |share| tracker.push(share, true, false).nucleus;
        let told = [0.25, 0.5, 0.0, 0.25, 1.0, 0.75].map(&mut tell);
        assert_eq!(told, [false, false, false, true, true, false]);
    }

    #[test]
    fn lost_frames_are_no_time() {
        let rate = |loss: usize| {
            let mut tracker = TempoTracker::new();
            let mut last = Tempo::default();
            for frame in 0..600 {
                last = tracker.push(if frame % 25 == 0 { 1.0 } else { 0.0 }, true, false);
                for _ in 0..loss * usize::from(frame % 25 == 0) {
                    last = tracker.push(1.0, false, true);
                    assert!(!last.nucleus);
                }
            }
            last
        };
        assert_eq!(rate(50).pace_sps, rate(0).pace_sps);
        assert_eq!(rate(50).articulation_sps, rate(0).articulation_sps);
        assert!((rate(0).articulation_sps - 4.0).abs() < 0.1);
    }
}
