//! Breath noise in pauses.
//!
//! Ruinskiy & Lavner (2007) find breaths by their even spectrum and their length. On a telephone
//! line what remains is: no periodicity, a level well under speech yet clear of the floor, energy
//! up to the top of the band, for 120 ms to 1.5 s. On many lines nothing remains, and then this
//! stays 0.

use super::FeatureFrame;

const MIN_FRAMES: f32 = 12.0;
const MAX_FRAMES: f32 = 150.0;

/// Judges runs of frames.
#[derive(Default)]
pub struct BreathDetector {
    run: f32,
}

impl BreathDetector {
    /// Evidence in 0..1.
    pub fn push(&mut self, frame: &FeatureFrame) -> f32 {
        let breathy = !frame.lost
            && frame.voicing < 0.45
            && frame.snr_db > 3.0
            && (8.0..40.0).contains(&(frame.active_level_db - frame.level_db))
            && frame.alpha_ratio_db > -6.0;
        if breathy {
            self.run += 1.0;
        } else {
            // Two frames of doubt do not end a breath.
            self.run = (self.run - 4.0).max(0.0);
        }
        if self.run > MAX_FRAMES {
            return 0.0;
        }
        (self.run / MIN_FRAMES - 0.5).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noise_burst_in_a_pause_is_breath_and_an_endless_one_is_not() {
        let mut breath = BreathDetector::default();
        let run = |breath: &mut BreathDetector, frames, voicing| {
            let frame = FeatureFrame {
                voicing,
                snr_db: 12.0,
                level_db: -40.0,
                active_level_db: -20.0,
                alpha_ratio_db: 2.0,
                ..FeatureFrame::default()
            };
            (0..frames).map(|_| breath.push(&frame)).last().unwrap()
        };
        assert_eq!(run(&mut breath, 5, 0.1), 0.0);
        assert_eq!(run(&mut breath, 25, 0.1), 1.0);
        assert_eq!(run(&mut breath, 200, 0.1), 0.0);
        let mut voice = BreathDetector::default();
        assert_eq!(run(&mut voice, 30, 0.9), 0.0);
    }
}
