//! What kind of line this is, and what is on it.
//!
//! - **Takes** feature frames, and the last 128 ms of samples every 50 ms.
//! - **Gives** one [`Line`] a frame: its band, its damage, its gain control, and its [`Occupant`].
//! - **Remembers** ten seconds of averages, and the evidence for a voice or for music.
//! - **Source**: see each file.

mod band;
mod comfort_noise;
mod damage;
mod dtmf;
mod gain;
mod music;
mod occupant;
mod partials;
mod tones;

pub use occupant::Occupant;

use crate::error::MemoryError;
use crate::features::frame::FeatureFrame;
use crate::features::history::History;
use band::Band;
use comfort_noise::PauseFloor;
use damage::Damage;
use dtmf::KeyDetector;
pub use dtmf::key;
use gain::GainControl;
use music::{Belief, MusicDetector, steadiness};
use partials::{PartialTracker, Partials};
use serde::{Deserialize, Serialize};
use tones::{NetworkTone, ToneDetector};

/// Frames between two spectra of partials: 50 ms.
const STEP: u32 = 5;
/// Hops that make up a spectrum, the look-ahead of the frame included: all must have come.
const INTACT: u32 = 13;
/// Sound is what lies at most this far under the peak of the last seconds, dB …
const UNDER_PEAK_DB: f32 = 20.0;
/// … which is forgotten by a decibel a second …
const PEAK_FALL_DB: f32 = 0.05;
/// … and over the idle noise of any line, dBFS.
const IDLE_DB: f32 = -65.0;
/// Spectra without sound after which the line is silent: ten seconds.
const SILENT: u32 = 200;
/// Spectra of sound without a voice that are noise: five seconds.
const NOISE: u32 = 100;
/// Weight of a spectrum in the share of speech that is voiced: three seconds.
const VOICED_WEIGHT: f32 = 1.0 / 60.0;
/// Speech of which less is voiced is no speech. Crying and whispering stay above it.
const LEAST_VOICED: f32 = 0.05;

/// What is known of the line at a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Line {
    /// Who or what is on it.
    pub occupant: Occupant,
    /// Lower edge of the band that the caller's speech fills, Hz.
    pub low_hz: f32,
    /// Upper edge, Hz; 0 until a second of speech was heard.
    pub high_hz: f32,
    /// Share of samples at full scale in the last ten seconds.
    pub clipped_share: f32,
    /// Share of hops that never came in the last ten seconds.
    pub loss_share: f32,
    /// Rise and fall of the noise in step with the pauses, dB.
    pub agc_db: f32,
    /// Share of the pauses that is digital silence.
    pub gated_share: f32,
    /// Standard deviation of the level of the pauses, dB; under 1 dB is comfort noise.
    pub floor_sd_db: f32,
    /// How much of the sound holds still, 0..1: speech is under 0.2, music over 0.4.
    pub steadiness: f32,
    /// Evidence for music above 0, for a voice below.
    pub music_evidence: f32,
}

/// Watches one line. Allocates only when built.
pub struct LineWatch {
    partials: PartialTracker,
    band: Band,
    damage: Damage,
    gain: GainControl,
    floor: PauseFloor,
    keys: KeyDetector,
    tones: ToneDetector,
    music: MusicDetector,
    line: Line,
    phase: u32,
    voiced: u32,
    speech: u32,
    intact: u32,
    peak_db: f32,
    silent: u32,
    sound: u32,
    voiced_share: f32,
}

impl LineWatch {
    pub fn new(rate: u32) -> Self {
        Self {
            partials: PartialTracker::new(rate),
            band: Band::new(),
            damage: Damage::default(),
            gain: GainControl::default(),
            floor: PauseFloor::default(),
            keys: KeyDetector::default(),
            tones: ToneDetector::default(),
            music: MusicDetector::default(),
            line: Line::default(),
            phase: 0,
            voiced: 0,
            speech: 0,
            intact: 0,
            peak_db: IDLE_DB,
            silent: SILENT,
            sound: 0,
            voiced_share: 0.5,
        }
    }

    /// Takes a frame, the DTMF key in its spectrum, and the samples up to `end`.
    pub fn push(
        &mut self,
        frame: &FeatureFrame,
        key: Option<u8>,
        history: &History,
        end: i64,
    ) -> Line {
        self.damage.push(frame.clipped, frame.lost);
        self.line.clipped_share = self.damage.clipped_share;
        self.line.loss_share = self.damage.loss_share;
        self.line.agc_db = self.gain.push(frame.level_db, frame.speech, frame.lost);
        self.floor.push(frame.level_db, frame.speech, frame.lost);
        self.line.gated_share = self.floor.gated_share;
        self.line.floor_sd_db = self.floor.sd_db;
        let key = self.keys.push(key.filter(|_| !frame.lost));

        self.intact = if frame.lost { 0 } else { self.intact + 1 };
        self.voiced += u32::from(frame.voiced && frame.speech);
        self.speech += u32::from(frame.speech);
        self.phase += 1;
        if self.phase == STEP {
            if self.intact >= INTACT {
                self.spectrum(history, end);
            } else {
                self.partials.interrupt();
            }
            (self.phase, self.voiced, self.speech) = (0, 0, 0);
        }
        Line {
            occupant: key.map_or(self.line.occupant, Occupant::Dtmf),
            ..self.line
        }
    }

    fn spectrum(&mut self, history: &History, end: i64) {
        let len = self.partials.window_len();
        let partials = self.partials.push(history.window(end - len as i64, len));
        self.peak_db = (self.peak_db - PEAK_FALL_DB).max(partials.level_db);
        let sound = partials.level_db > (self.peak_db - UNDER_PEAK_DB).max(IDLE_DB);
        self.line.steadiness = if sound { steadiness(&partials) } else { 0.0 };
        let (pure, tone) = self.tones.push(&partials, sound);
        if sound {
            self.silent = 0;
            // Where a tone begins and ends its spectrum is not pure, and says nothing of a voice.
            if !pure && tone.is_none() {
                self.listen(&partials);
            }
        } else {
            self.silent = (self.silent + 1).min(SILENT);
        }
        self.line.music_evidence = self.music.evidence();
        self.line.occupant = match tone {
            Some(NetworkTone::Ringback) => Occupant::Ringback,
            // A pure note of the music that plays.
            Some(NetworkTone::Other) if self.music.belief() == Belief::Music => Occupant::Music,
            Some(NetworkTone::Other) => Occupant::Tone,
            None if self.silent >= SILENT => Occupant::Silence,
            None => match self.music.belief() {
                Belief::Voice => Occupant::Voice,
                Belief::Music => Occupant::Music,
                Belief::Open if self.sound >= NOISE => Occupant::Noise,
                Belief::Open => Occupant::Undecided,
            },
        };
    }

    fn listen(&mut self, partials: &Partials) {
        let (voiced, speech) = (self.voiced > STEP / 2, self.speech > STEP / 2);
        let belief = self.music.push(partials, speech, voiced);
        if speech {
            self.voiced_share += (f32::from(u8::from(voiced)) - self.voiced_share) * VOICED_WEIGHT;
        }
        if belief == Belief::Voice && self.voiced_share < LEAST_VOICED {
            self.music.reopen();
        }
        self.sound = match belief {
            Belief::Open => (self.sound + 1).min(NOISE),
            _ => 0,
        };
        if voiced && belief == Belief::Voice {
            self.band.push(self.partials.power());
            (self.line.low_hz, self.line.high_hz) = self.band.edges_hz();
        }
    }
}

/// Voice or music, the share of speech that is voiced, and the peak of sound in dBFS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LineMemory(MusicDetector, f32, f32);

impl LineMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        self.0.check()?;
        MemoryError::within("line.voiced_share", self.1.into(), 0.0, 1.0)?;
        MemoryError::within("line.peak_db", self.2.into(), -1e3, 1e3)
    }
}

impl LineWatch {
    /// Who was believed to be on the line. Averages of ten seconds begin anew.
    pub fn memory(&self) -> LineMemory {
        LineMemory(self.music, self.voiced_share, self.peak_db)
    }

    /// Believes it again.
    pub fn recall(&mut self, memory: &LineMemory) {
        (self.music, self.voiced_share, self.peak_db) = (memory.0, memory.1, memory.2);
    }
}
