//! Voice quality beside pitch and level, and which of it the line can carry.
//!
//! A telephone line adds noise, cuts off the fundamental, clips and loses packets. A measure that
//! this would falsify is flagged, and the table leaves its cell empty. The limits come from made
//! voices with known truth (`benches/quality.py`; numbers in `docs/features.md`).

/// Voice quality of one frame. Values are numbers always; they are meant where their flag is set.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quality {
    /// Local shimmer in dB, last 20 pairs of periods.
    pub shimmer_db: f32,
    /// Smoothed cepstral peak prominence, 300–3400 Hz, dB; 0 where unvoiced.
    pub cpp_db: f32,
    /// Slope of the spectrum from 500 to 1500 Hz, dB per kHz.
    pub slope_500_1500_db: f32,
    /// `jitter` can be relied on.
    pub jitter_ok: bool,
    /// `shimmer` and `shimmer_db` can be relied on.
    pub shimmer_ok: bool,
    /// `hnr_db` is the voice's, not the line's.
    pub hnr_ok: bool,
    /// `cpp_db` can be relied on.
    pub cpp_ok: bool,
    /// Alpha ratio, Hammarberg index, tilt and slope are the voice's, not the noise's.
    pub balance_ok: bool,
}

/// Pairs of periods that a figure needs.
const MIN_PAIRS: usize = 10;
/// Noise moves the marks: a voice without jitter reads up to 0.2 % at 20 dB, 0.5 % at 10 dB.
const JITTER_SNR_DB: f32 = 15.0;
/// Noise is taken for loudness sooner: at 20 dB a voice without shimmer reads 2 %.
const SHIMMER_SNR_DB: f32 = 20.0;
/// Over this, ringing formants hold several periods in one, and little over half of the truth is read.
const PERIODS_MAX_HZ: f32 = 300.0;
const CPP_SNR_DB: f32 = 15.0;
const BALANCE_SNR_DB: f32 = 15.0;
/// The line's noise is at most a quarter of all noise where it lies this far under the voice's: an
/// error of 1.2 dB.
const HNR_MARGIN_DB: f32 = 6.0;
/// Share of samples at full scale that is clipping; a single one is only a peak.
const CLIPPED: f32 = 0.03;
/// Frames after a disturbance until it has left the longest window (64 ms).
const WINDOW_FRAMES: u32 = 4;

/// What reliability rests on.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    pub voiced: bool,
    pub speech: bool,
    pub f0_hz: f32,
    pub snr_db: f32,
    pub hnr_db: f32,
    /// Pairs of periods behind jitter, and behind shimmer.
    pub jitter_pairs: usize,
    pub shimmer_pairs: usize,
}

/// Remembers when the line last failed.
pub struct Reliability {
    undisturbed: u32,
}

impl Reliability {
    pub fn new() -> Self {
        Self {
            undisturbed: WINDOW_FRAMES,
        }
    }

    /// Whether one of the hops in view was lost or clipped, and so the periods must be forgotten.
    pub fn disturbed(&mut self, hops: &[(f32, bool)]) -> bool {
        let disturbed = hops
            .iter()
            .any(|(clipped, lost)| *lost || *clipped > CLIPPED);
        self.undisturbed = if disturbed {
            0
        } else {
            self.undisturbed.saturating_add(1)
        };
        disturbed
    }

    /// Sets the flags.
    pub fn judge(&self, quality: &mut Quality, from: Evidence) {
        let intact = self.undisturbed >= WINDOW_FRAMES;
        let voiced = intact && from.voiced;
        let periods = |pairs| voiced && pairs >= MIN_PAIRS && from.f0_hz <= PERIODS_MAX_HZ;
        quality.jitter_ok = periods(from.jitter_pairs) && from.snr_db >= JITTER_SNR_DB;
        quality.shimmer_ok = periods(from.shimmer_pairs) && from.snr_db >= SHIMMER_SNR_DB;
        quality.hnr_ok = voiced && from.snr_db >= from.hnr_db + HNR_MARGIN_DB;
        quality.cpp_ok = voiced && from.snr_db >= CPP_SNR_DB;
        quality.balance_ok = intact && from.speech && from.snr_db >= BALANCE_SNR_DB;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Evidence = Evidence {
        voiced: true,
        speech: true,
        f0_hz: 150.0,
        snr_db: 30.0,
        hnr_db: 15.0,
        jitter_pairs: 20,
        shimmer_pairs: 20,
    };

    /// Jitter, shimmer, HNR, CPP, balance after `frames` good hops.
    fn flags(from: Evidence, frames: u32) -> [bool; 5] {
        let mut reliability = Reliability::new();
        reliability.disturbed(&[(0.0, true)]);
        for _ in 0..frames {
            reliability.disturbed(&[(0.0, false), (0.02, false)]);
        }
        let mut quality = Quality::default();
        reliability.judge(&mut quality, from);
        let Quality {
            jitter_ok,
            shimmer_ok,
            hnr_ok,
            cpp_ok,
            balance_ok,
            ..
        } = quality;
        [jitter_ok, shimmer_ok, hnr_ok, cpp_ok, balance_ok]
    }

    #[test]
    fn each_limit_takes_its_measure_away_and_no_other() {
        assert_eq!(flags(GOOD, 10), [true; 5]);
        assert_eq!(flags(GOOD, WINDOW_FRAMES - 1), [false; 5]);
        assert_eq!(
            flags(
                Evidence {
                    snr_db: 22.0,
                    ..GOOD
                },
                10
            ),
            [true; 5]
        );
        assert_eq!(
            flags(
                Evidence {
                    snr_db: 20.9,
                    ..GOOD
                },
                10
            ),
            [true, true, false, true, true]
        );
        assert_eq!(
            flags(
                Evidence {
                    snr_db: 16.0,
                    hnr_db: 5.0,
                    ..GOOD
                },
                10
            ),
            [true, false, true, true, true]
        );
        assert_eq!(
            flags(
                Evidence {
                    snr_db: 12.0,
                    hnr_db: 5.0,
                    ..GOOD
                },
                10
            ),
            [false, false, true, false, false]
        );
        assert_eq!(
            flags(
                Evidence {
                    jitter_pairs: 9,
                    shimmer_pairs: 10,
                    ..GOOD
                },
                10
            ),
            [false, true, true, true, true]
        );
        assert_eq!(
            flags(
                Evidence {
                    f0_hz: 310.0,
                    ..GOOD
                },
                10
            ),
            [false, false, true, true, true]
        );
        assert_eq!(
            flags(
                Evidence {
                    voiced: false,
                    ..GOOD
                },
                10
            ),
            [false, false, false, false, true]
        );
        assert_eq!(
            flags(
                Evidence {
                    speech: false,
                    ..GOOD
                },
                10
            ),
            [true, true, true, true, false]
        );
    }

    #[test]
    fn one_sample_at_full_scale_is_a_peak_and_three_are_clipping() {
        let mut reliability = Reliability::new();
        assert!(!reliability.disturbed(&[(1.0 / 80.0, false)]));
        assert!(reliability.disturbed(&[(0.0, false), (3.0 / 80.0, false)]));
    }
}
