//! Sounds that are held: "uhm", "eeeh", drawn-out vowels.
//!
//! Shriberg (2001), "To 'errrr' is human": a filled pause and a lengthened vowel keep their pitch
//! and their formants, where running speech moves both. Here a voiced sound is held as long as
//! pitch, shape of the mel spectrum and level all stay near their own running mean.

use super::frame::MEL_BANDS;
use crate::units::semitones;

const NEAR_SEMITONES: f32 = 1.0;
/// Mean absolute distance of the shapes.
const NEAR_SHAPE_DB: f32 = 4.0;
const NEAR_LEVEL_DB: f32 = 4.0;
/// Weight of the newest frame in the running means: a slow glide stays near.
const FORGETTING: f32 = 0.05;
/// Frames that may stray without ending it.
const DOUBT_FRAMES: u32 = 2;

/// Measures how long a sound has been held.
pub struct Lengthening {
    frames: u32,
    strayed: u32,
    pitch_st: f32,
    level_db: f32,
    shape: [f32; MEL_BANDS],
}

impl Lengthening {
    pub fn new() -> Self {
        Self {
            frames: 0,
            strayed: 0,
            pitch_st: 0.0,
            level_db: 0.0,
            shape: [0.0; MEL_BANDS],
        }
    }

    /// Seconds for which the present sound has been held; 0 where there is no voice.
    /// `f0_hz` is 0 in pauses and where unvoiced.
    pub fn push(&mut self, f0_hz: f32, log_mel_db: &[f32; MEL_BANDS]) -> f32 {
        if f0_hz <= 0.0 {
            self.frames = 0;
            return 0.0;
        }
        let pitch_st = semitones(f0_hz);
        let level_db = log_mel_db.iter().sum::<f32>() / MEL_BANDS as f32;
        let distance: f32 = log_mel_db
            .iter()
            .zip(&self.shape)
            .map(|(now, held)| (now - level_db - held).abs())
            .sum();
        let near = (pitch_st - self.pitch_st).abs() < NEAR_SEMITONES
            && (level_db - self.level_db).abs() < NEAR_LEVEL_DB
            && distance < NEAR_SHAPE_DB * MEL_BANDS as f32;
        self.strayed = if near { 0 } else { self.strayed + 1 };
        let begins = self.frames == 0 || self.strayed > DOUBT_FRAMES;
        if begins {
            (self.frames, self.strayed) = (0, 0);
        }
        let weight = match (begins, near) {
            (true, _) => 1.0,
            (false, true) => FORGETTING,
            (false, false) => 0.0,
        };
        self.pitch_st += weight * (pitch_st - self.pitch_st);
        self.level_db += weight * (level_db - self.level_db);
        for (held, now) in self.shape.iter_mut().zip(log_mel_db) {
            *held += weight * (now - level_db - *held);
        }
        self.frames += 1;
        self.frames as f32 / 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vowel of two formants, `shift` bands up.
    fn vowel(shift: usize) -> [f32; MEL_BANDS] {
        std::array::from_fn(|band| {
            let near = |at: usize| -4.0 * (band as f32 - (at + shift) as f32).abs();
            -40.0 + near(6).max(near(20))
        })
    }

    fn longest(sound: impl Fn(usize) -> (f32, [f32; MEL_BANDS])) -> f32 {
        let mut lengthening = Lengthening::new();
        (0..100).fold(0.0, |longest: f32, frame| {
            let (f0_hz, mel) = sound(frame);
            longest.max(lengthening.push(f0_hz, &mel))
        })
    }

    #[test]
    fn a_held_vowel_is_as_long_as_it_is_held() {
        // 0.45 s of one vowel inside others that change every 80 ms.
        let held = |frame: usize| (30..75).contains(&frame);
        let sound = |frame: usize| match held(frame) {
            true => (120.0, vowel(0)),
            false => (150.0, vowel(4 + 5 * (frame / 8 % 2))),
        };
        let longest = longest(sound);
        assert!((longest - 0.45).abs() <= 0.03, "{longest}");
    }

    #[test]
    fn gliding_pitch_moving_formants_and_beating_level_are_not_held() {
        let glide = longest(|f| (100.0 * (f as f32 / 50.0).exp2(), vowel(0)));
        let formants = longest(|f| (120.0, vowel(f / 6)));
        let beating = longest(|f| {
            let level = 10.0 * (std::f32::consts::TAU * f as f32 / 20.0).sin();
            (120.0, vowel(0).map(|band| band + level))
        });
        for seconds in [glide, formants, beating] {
            assert!(seconds < 0.25, "{glide} {formants} {beating}");
        }
    }
}
