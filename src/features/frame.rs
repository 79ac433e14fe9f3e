//! One row of the feature table: everything measured about 10 ms of sound.

use super::line::Line;
use super::quality::Quality;
use super::sounds::Sounds;
use crate::units::{SILENCE_DB, StreamTime};

/// Log-mel bands in a frame.
pub const MEL_BANDS: usize = 36;

/// What is known about one hop of 10 ms. Units and sources stand in [`super::table::COLUMNS`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureFrame {
    /// The centre of the analysis windows.
    pub at: StreamTime,
    /// Fundamental frequency in Hz; 0 where unvoiced.
    pub f0_hz: f32,
    /// The path search's decision.
    pub voiced: bool,
    /// Strength of periodicity, 0..1.
    pub voicing: f32,
    /// Speech rather than pause.
    pub speech: bool,
    /// RMS level of the hop's 30 ms surroundings, dBFS.
    pub level_db: f32,
    /// Active speech level so far, dBFS (ITU-T P.56, method B).
    pub active_level_db: f32,
    /// Level above the tracked noise floor, dB.
    pub snr_db: f32,
    /// Syllable nuclei per second over the last 3 s of stream.
    pub pace_sps: f32,
    /// Syllable nuclei per second of speech over the last 3 s of stream.
    pub articulation_sps: f32,
    /// Syllable nuclei that ended here, by the mean of four counts: 0 to 1.
    pub syllables: f32,
    /// A nucleus more was completed.
    pub nucleus: bool,
    /// Length of the pause that this frame stands in, s; 0 in speech.
    pub pause_s: f32,
    /// Pauses (0.2 s and longer, between speech) so far.
    pub pauses: u32,
    /// Share of pauses in the last 10 s.
    pub pause_share: f32,
    /// How long the present sound has been held, s; 0 where unvoiced.
    pub lengthening_s: f32,
    /// Harmonics-to-noise ratio, dB; 0 where unvoiced.
    pub hnr_db: f32,
    /// Local jitter over the last 20 periods, ratio.
    pub jitter: f32,
    /// Local shimmer over the last 20 periods, ratio.
    pub shimmer: f32,
    /// Slope of the spectrum from 300 to 3400 Hz, dB per octave.
    pub spectral_tilt_db: f32,
    /// Energy of 1–3.4 kHz over 0.3–1 kHz, dB (alpha ratio, telephone band).
    pub alpha_ratio_db: f32,
    /// Strongest bin of 0.3–2 kHz over 2–3.4 kHz, dB (Hammarberg index, telephone band).
    pub hammarberg_db: f32,
    /// Rise of the log-mel spectrum since the last frame, dB per band.
    pub flux_db: f32,
    /// More of the voice's quality, and what of it the line can carry.
    pub quality: Quality,
    /// Evidence of sounds that are not words.
    pub sounds: Sounds,
    /// Samples at or beyond full scale, share of the hop.
    pub clipped: f32,
    /// The hop was not received: a `Gap` stands here.
    pub lost: bool,
    /// Level over the caller's own active level, dB.
    pub level_rel_db: f32,
    /// Spread of the level of voiced frames in the last 10 s, tenth to ninetieth percentile, dB.
    pub dynamics_db: f32,
    /// What kind of line this is, and what is on it.
    pub line: Line,
    /// Log-mel energies up to 3.8 kHz, dB.
    pub log_mel_db: [f32; MEL_BANDS],
}

impl Default for FeatureFrame {
    /// A frame of digital silence at the stream's beginning.
    fn default() -> Self {
        Self {
            at: StreamTime::ZERO,
            f0_hz: 0.0,
            voiced: false,
            voicing: 0.0,
            speech: false,
            level_db: SILENCE_DB,
            active_level_db: SILENCE_DB,
            snr_db: 0.0,
            pace_sps: 0.0,
            articulation_sps: 0.0,
            syllables: 0.0,
            nucleus: false,
            pause_s: 0.0,
            pauses: 0,
            pause_share: 0.0,
            lengthening_s: 0.0,
            hnr_db: 0.0,
            jitter: 0.0,
            shimmer: 0.0,
            spectral_tilt_db: 0.0,
            alpha_ratio_db: 0.0,
            hammarberg_db: 0.0,
            flux_db: 0.0,
            quality: Quality::default(),
            sounds: Sounds::default(),
            clipped: 0.0,
            lost: false,
            level_rel_db: 0.0,
            dynamics_db: 0.0,
            line: Line::default(),
            log_mel_db: [SILENCE_DB; MEL_BANDS],
        }
    }
}
