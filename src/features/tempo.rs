//! Syllable nuclei, and from them the pace.
//!
//! De Jong & Wempe (2009), "Praat script to detect syllable nuclei and measure speech rate
//! automatically": a nucleus is a voiced peak of intensity with a dip before and after it. Here
//! the intensity is that of 300–1200 Hz, as it comes in: vowels have it, fricatives do not, and a
//! telephone carries it. The dip is 4 dB for their 2, since 30 ms of smoothing leave more ripple.
//! Band, smoothing and dip were chosen by the syllable counts of read German and English texts.

use crate::units::SILENCE_DB;

const WINDOW: usize = 300;
const DIP_DB: f32 = 4.0;
/// Peaks further than this under the active speech level are no nuclei.
const BELOW_ACTIVE_DB: f32 = 25.0;
/// Two nuclei are at least 60 ms apart: 16 syllables a second is beyond any speaker.
const MIN_DISTANCE: u64 = 6;

/// Pace over the last three seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tempo {
    /// A nucleus was completed here; its peak lies up to 150 ms before.
    pub nucleus: bool,
    /// Nuclei per second of stream received.
    pub pace_sps: f32,
    /// Nuclei per second of speech.
    pub articulation_sps: f32,
}

/// Finds peaks in a smoothed level.
pub struct TempoTracker {
    levels: [f32; 3],
    peak_db: f32,
    peak_voiced: bool,
    valley_db: f32,
    rising: bool,
    frame: u64,
    last_nucleus: u64,
    flags: [Flag; WINDOW],
    nuclei: u32,
    speech: u32,
    now: Tempo,
}

#[derive(Clone, Copy, Default)]
struct Flag {
    nucleus: bool,
    speech: bool,
}

impl TempoTracker {
    pub fn new() -> Self {
        Self {
            levels: [SILENCE_DB; 3],
            now: Tempo::default(),
            peak_db: -100.0,
            peak_voiced: false,
            valley_db: -100.0,
            rising: true,
            frame: 0,
            last_nucleus: 0,
            flags: [Flag::default(); WINDOW],
            nuclei: 0,
            speech: 0,
        }
    }

    /// `band_db` is the level of 300–1200 Hz. A lost frame is no time: the window stands still.
    pub fn push(
        &mut self,
        band_db: f32,
        voiced: bool,
        speech: bool,
        active_db: f32,
        lost: bool,
    ) -> Tempo {
        if lost {
            self.now.nucleus = false;
            return self.now;
        }
        self.frame += 1;
        self.levels.rotate_left(1);
        self.levels[2] = band_db;
        let smooth = self.levels.iter().sum::<f32>() / 3.0;
        let nucleus = self.peak(smooth, voiced, speech, active_db);
        self.count(Flag { nucleus, speech });
        let seconds = (self.frame.min(WINDOW as u64)) as f32 / 100.0;
        let rate = |time: f32| {
            // Under a second of time a count says nothing.
            if time < 1.0 {
                0.0
            } else {
                self.nuclei as f32 / time
            }
        };
        self.now = Tempo {
            nucleus,
            pace_sps: rate(seconds),
            articulation_sps: rate(self.speech as f32 / 100.0),
        };
        self.now
    }

    fn peak(&mut self, level: f32, voiced: bool, speech: bool, active_db: f32) -> bool {
        if self.rising {
            if level > self.peak_db {
                self.peak_db = level;
            }
            self.peak_voiced |= voiced && level > self.peak_db - DIP_DB;
            if level < self.peak_db - DIP_DB || !speech {
                let loud = self.peak_db > active_db - BELOW_ACTIVE_DB;
                let apart = self.frame - self.last_nucleus >= MIN_DISTANCE;
                let nucleus = self.peak_voiced && loud && apart;
                self.rising = false;
                self.valley_db = level;
                if nucleus {
                    self.last_nucleus = self.frame;
                }
                return nucleus;
            }
        } else {
            self.valley_db = self.valley_db.min(level);
            if speech && level > self.valley_db + DIP_DB {
                self.rising = true;
                self.peak_db = level;
                self.peak_voiced = voiced;
            }
        }
        false
    }

    fn count(&mut self, flag: Flag) {
        let at = (self.frame % WINDOW as u64) as usize;
        let old = std::mem::replace(&mut self.flags[at], flag);
        self.nuclei += u32::from(flag.nucleus);
        self.nuclei -= u32::from(old.nucleus);
        self.speech += u32::from(flag.speech);
        self.speech -= u32::from(old.speech);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_syllable_train_gives_its_rate() {
        for per_second in [2.0f32, 4.0, 6.0] {
            let mut tracker = TempoTracker::new();
            let mut last = Tempo::default();
            for frame in 0..600 {
                let phase = std::f32::consts::TAU * per_second * frame as f32 / 100.0;
                last = tracker.push(-20.0 - 5.0 * phase.cos(), true, true, -20.0, false);
            }
            assert!(
                (last.pace_sps - per_second).abs() < 0.4,
                "{per_second}: {last:?}"
            );
        }
    }

    #[test]
    fn half_the_time_in_pause_halves_the_pace_but_not_the_articulation() {
        let mut tracker = TempoTracker::new();
        let mut last = Tempo::default();
        for frame in 0..900 {
            let speech = frame % 100 < 50;
            let phase = std::f32::consts::TAU * 4.0 * frame as f32 / 100.0;
            let level = if speech {
                -20.0 - 6.0 * phase.cos()
            } else {
                -70.0
            };
            last = tracker.push(level, speech, speech, -20.0, false);
        }
        assert!((last.pace_sps - 2.0).abs() < 0.4, "{last:?}");
        assert!((last.articulation_sps - 4.0).abs() < 0.8, "{last:?}");
    }

    #[test]
    fn ripple_of_two_decibels_is_one_syllable() {
        let mut tracker = TempoTracker::new();
        let mut nuclei = 0;
        for frame in 0..600 {
            // Half a second of voice with a ripple at 8 Hz, then a gap of 20 dB.
            let ripple = (std::f32::consts::TAU * 8.0 * frame as f32 / 100.0).cos();
            let level = if frame % 60 < 50 {
                -20.0 - ripple
            } else {
                -40.0
            };
            let tempo = tracker.push(level, frame % 60 < 50, true, -20.0, false);
            nuclei += u32::from(tempo.nucleus);
        }
        assert_eq!(nuclei, 10);
    }

    #[test]
    fn lost_frames_are_no_time() {
        let rate = |loss: bool| {
            let mut tracker = TempoTracker::new();
            let mut last = Tempo::default();
            for frame in 0..600 {
                let phase = std::f32::consts::TAU * 4.0 * frame as f32 / 100.0;
                let level = -20.0 - 6.0 * phase.cos();
                last = tracker.push(level, true, true, -20.0, false);
                for _ in 0..if loss && frame % 25 == 0 { 50 } else { 0 } {
                    last = tracker.push(SILENCE_DB, false, false, -20.0, true);
                    assert!(!last.nucleus);
                }
            }
            last
        };
        assert_eq!(rate(true).pace_sps, rate(false).pace_sps);
        assert!((rate(true).articulation_sps - 4.0).abs() < 0.4);
    }
}
