//! Pauses of the caller: how many, how long, what share of the time.

/// Shorter silences are the closures of stop consonants (Goldman-Eisler 1968: 0.25 s; here
/// 0.2 s, since the speech decision's hang-over has already eaten some).
const MIN_FRAMES: u32 = 20;
/// A silence longer than this is the other side talking, not a pause inside one's own speech.
const MAX_FRAMES: u32 = 200;
const WINDOW: usize = 1_000;

/// Where the caller stands in a pause, and how many there were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pauses {
    /// Length of the silence so far, s; 0 in speech.
    pub pause_s: f32,
    /// Completed pauses: 0.2 to 2 s between speech and speech.
    pub count: u32,
    /// Total length of the completed pauses, s.
    pub total_s: f32,
    /// Share of silence in the last 10 s.
    pub share: f32,
}

/// Counts.
pub struct PauseTracker {
    silent_run: u32,
    spoken: bool,
    now: Pauses,
    silent: [bool; WINDOW],
    silent_sum: u32,
    frame: usize,
}

impl PauseTracker {
    pub fn new() -> Self {
        Self {
            silent_run: 0,
            spoken: false,
            now: Pauses::default(),
            silent: [false; WINDOW],
            silent_sum: 0,
            frame: 0,
        }
    }

    /// Counts on from what was counted before.
    pub fn recall(&mut self, count: u32, total_s: f32) {
        (self.now.count, self.now.total_s) = (count, total_s);
    }

    pub fn push(&mut self, speech: bool) -> Pauses {
        if speech {
            if self.spoken && (MIN_FRAMES..=MAX_FRAMES).contains(&self.silent_run) {
                self.now.count += 1;
                self.now.total_s += self.silent_run as f32 / 100.0;
            }
            self.spoken = true;
            self.silent_run = 0;
        } else {
            self.silent_run = self.silent_run.saturating_add(1);
        }
        let at = self.frame % WINDOW;
        self.silent_sum -= u32::from(std::mem::replace(&mut self.silent[at], !speech));
        self.silent_sum += u32::from(!speech);
        self.frame += 1;
        self.now.pause_s = self.silent_run as f32 / 100.0;
        self.now.share = self.silent_sum as f32 / self.frame.min(WINDOW) as f32;
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_pauses_are_counted() {
        let mut tracker = PauseTracker::new();
        let mut last = Pauses::default();
        for frame in 0..2_000 {
            // 0.7 s of speech, then 0.3 s of pause; a stop closure of 50 ms inside the speech.
            let place = frame % 100;
            last = tracker.push(place < 70 && !(30..35).contains(&place));
        }
        assert_eq!(last.count, 19);
        assert!((last.total_s - 5.7).abs() < 1e-3);
        assert!((last.share - 0.35).abs() < 0.01);
        assert!((last.pause_s - 0.3).abs() < 1e-6);
    }

    #[test]
    fn the_other_sides_turn_is_no_pause() {
        let mut tracker = PauseTracker::new();
        let mut last = Pauses::default();
        for frame in 0..1_000 {
            last = tracker.push(frame % 500 < 100);
        }
        assert_eq!(last.count, 0);
    }
}
