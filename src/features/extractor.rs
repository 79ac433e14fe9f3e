//! The room's one machine: hops in, frames out.

use super::cpp::Cepstrum;
use super::frame::FeatureFrame;
use super::history::History;
use super::lengthening::Lengthening;
use super::level::{ActiveLevel, Dynamics};
use super::line::{self, LineWatch};
use super::mel::MelBank;
use super::nuclei::{NucleusCounter, Sound};
use super::pauses::PauseTracker;
use super::pitch::{Decision, PATH_LAG, PitchEvidence, PitchTracker};
use super::pulses::Pulses;
use super::quality::{Evidence, Quality, Reliability};
use super::sounds::{SoundDetector, high_pitch};
use super::spectrum::{Spectrum, band, slope, strongest, sum};
use super::speech::{SpeechDecision, SpeechDetector};
use super::tempo::TempoTracker;
use crate::audio::Hop;
use crate::units::{StreamTime, power_to_db};
use std::ops::Range;

/// Hops that must follow a frame's own before its windows are full.
const WINDOW_HOPS: usize = 2;
/// Hops between a frame and its delivery: windows and the path search.
pub const LOOK_AHEAD_HOPS: usize = WINDOW_HOPS + PATH_LAG;
const PENDING: usize = LOOK_AHEAD_HOPS + 1;

/// What is known of a frame before its pitch is decided.
#[derive(Clone, Copy)]
struct Raw {
    at_sample: i64,
    voicing: f32,
    /// Level of all mel bands, and of those of 300–1200 Hz.
    mel_db: [f32; 2],
    high_hz: f32,
    key: Option<u8>,
    frame: FeatureFrame,
}

/// Jitter, shimmer and CPP: a tenth of the work, which no decision of ours rests on.
struct Perturbation {
    pulses: Pulses,
    cepstrum: Cepstrum,
}

/// One caller's feature extractor. Allocates only when built.
pub struct Extractor {
    rate: u32,
    hop_len: usize,
    hops: usize,
    history: History,
    spectrum: Spectrum,
    mel: MelBank,
    pitch: PitchTracker,
    perturbation: Option<Perturbation>,
    reliability: Reliability,
    pub(super) level: ActiveLevel,
    pub(super) active_level_db: f32,
    pub(super) dynamics: Dynamics,
    pub(super) speech: SpeechDetector,
    vowels: Range<usize>,
    nuclei: NucleusCounter,
    tempo: TempoTracker,
    pub(super) pauses: PauseTracker,
    lengthening: Lengthening,
    sounds: SoundDetector,
    pub(super) line: LineWatch,
    previous_mel: Option<[f32; super::MEL_BANDS]>,
    /// Clipping and loss of the last hops, for the frame that they belong to.
    hop_facts: [(f32, bool); PENDING],
    pending: [Option<Raw>; PENDING],
    floor_db: f32,
    pub(super) pause_total_s: f32,
}

impl Extractor {
    /// For hops at `rate`: 8000 or 16000 Hz.
    pub fn new(rate: u32) -> Self {
        Self {
            perturbation: Some(Perturbation {
                pulses: Pulses::new(rate),
                cepstrum: Cepstrum::new(rate),
            }),
            ..Self::lean(rate)
        }
    }

    /// The same without jitter, shimmer and CPP, which stay 0 and are never reliable.
    pub fn lean(rate: u32) -> Self {
        let spectrum = Spectrum::new(rate);
        let mel = MelBank::new();
        let vowels = mel.bands(300.0, 1_200.0);
        let pitch = PitchTracker::new(rate);
        Self {
            rate,
            hop_len: rate as usize / 100,
            hops: 0,
            history: History::new(rate as usize * 16 / 100),
            mel,
            perturbation: None,
            reliability: Reliability::new(),
            level: ActiveLevel::new(rate),
            active_level_db: crate::units::SILENCE_DB,
            dynamics: Dynamics::new(),
            speech: SpeechDetector::new(),
            nuclei: NucleusCounter::new(vowels.clone()),
            vowels,
            tempo: TempoTracker::new(),
            pauses: PauseTracker::new(),
            lengthening: Lengthening::new(),
            sounds: SoundDetector::new(),
            line: LineWatch::new(rate),
            previous_mel: None,
            hop_facts: [(0.0, false); PENDING],
            pending: [None; PENDING],
            floor_db: crate::units::SILENCE_DB,
            pause_total_s: 0.0,
            spectrum,
            pitch,
        }
    }

    /// The analysis rate, Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The noise floor of 300–3400 Hz, dBFS.
    pub fn noise_floor_db(&self) -> f32 {
        self.floor_db
    }

    /// What the pitch decision of the newest frame but [`LOOK_AHEAD_HOPS`] will rest on.
    pub fn pitch_evidence(&self) -> &PitchEvidence {
        self.pitch.evidence()
    }

    /// Total length of completed pauses, s.
    pub fn pause_total_s(&self) -> f32 {
        self.pause_total_s
    }

    /// Takes the next hop; gives the frame [`LOOK_AHEAD_HOPS`] before it, once there is one.
    pub fn push(&mut self, hop: Hop<'_>) -> Option<FeatureFrame> {
        self.history.push(hop.samples);
        self.hop_facts[self.hops % PENDING] = (hop.clipped, hop.lost);
        if !hop.lost {
            self.level.push(hop.samples);
            self.active_level_db = self.level.db();
        }
        self.hops += 1;
        let index = self.hops.checked_sub(WINDOW_HOPS + 1)?;
        let (raw, decision, speech) = self.analyse(index);
        self.pending[index % PENDING] = Some(raw);
        let (decision, speech) = (decision?, speech?);
        // The path has decided, so the frame it decided about is pending.
        let raw = self.pending[(index - PATH_LAG) % PENDING].take()?;
        Some(self.complete(raw, decision, speech))
    }

    fn analyse(&mut self, index: usize) -> (Raw, Option<Decision>, Option<SpeechDecision>) {
        let at_sample = (index * self.hop_len + self.hop_len / 2) as i64;
        let (clipped, lost) = self.hop_facts[index % PENDING];

        let len = self.spectrum.window_len();
        let samples = self.history.window(at_sample - len as i64 / 2, len);
        let power = self.spectrum.of(samples);
        let low = band(power, 300.0, 1_000.0);
        let high = band(power, 1_000.0, 3_400.0);
        let peak_low = strongest(power, 300.0, 2_000.0);
        let peak_high = strongest(power, 2_000.0, 3_400.0);
        let level_db = power_to_db(sum(power));
        let key = line::key(power);
        let mel_power = self.mel.power(power);
        let vowels = &mel_power[self.vowels.clone()];
        let mel_db = [sum(&mel_power), sum(vowels)].map(power_to_db);
        let log_mel_db = mel_power.map(power_to_db);
        let flux_db = self.previous_mel.map_or(0.0, |previous| {
            let rise = |(now, before): (&f32, &f32)| (now - before).max(0.0);
            log_mel_db.iter().zip(&previous).map(rise).sum::<f32>() / log_mel_db.len() as f32
        });
        self.previous_mel = Some(log_mel_db);

        let len = self.pitch.window_len();
        let samples = self.history.window(at_sample - len as i64 / 2, len);
        let (voicing, decision) = self.pitch.push(samples);
        let high_hz = high_pitch(self.pitch.lags(), self.rate);
        let speech = self
            .speech
            .push(power, voicing.min(1.0), self.active_level_db, lost);

        let ticks = at_sample as u64 * u64::from(StreamTime::TICKS_PER_SECOND / self.rate);
        let raw = Raw {
            at_sample,
            voicing,
            mel_db,
            high_hz,
            key,
            frame: FeatureFrame {
                at: StreamTime::from_ticks(ticks),
                level_db,
                spectral_tilt_db: self.mel.tilt(&log_mel_db),
                alpha_ratio_db: power_to_db(high) - power_to_db(low),
                hammarberg_db: power_to_db(peak_low) - power_to_db(peak_high),
                flux_db,
                quality: Quality {
                    slope_500_1500_db: slope(power, 500.0, 1_500.0),
                    ..Quality::default()
                },
                clipped,
                lost,
                log_mel_db,
                ..FeatureFrame::default()
            },
        };
        (raw, decision, speech)
    }

    fn complete(&mut self, raw: Raw, decision: Decision, speech: SpeechDecision) -> FeatureFrame {
        let mut frame = raw.frame;
        frame.active_level_db = self.active_level_db;
        frame.voicing = decision.map_or(raw.voicing.min(1.0), |c| c.height);
        if let (Some(pitch), false) = (decision, frame.lost) {
            frame.voiced = true;
            frame.f0_hz = pitch.f0_hz;
            // Boersma (1993), eq. 4: the height of the peak is the harmonic share.
            frame.hnr_db = 10.0 * (pitch.height / (1.0 - pitch.height)).log10();
        }
        frame.speech = speech.speech;
        frame.snr_db = speech.snr_db;
        self.floor_db = speech.floor_db;
        self.voice_quality(&mut frame, raw.at_sample);

        frame.syllables = self.nuclei.push(Sound {
            all_db: raw.mel_db[0],
            vowels_db: raw.mel_db[1],
            log_mel_db: &frame.log_mel_db,
            voiced: frame.voiced,
            speech: frame.speech,
        });
        let tempo = self.tempo.push(frame.syllables, frame.speech, frame.lost);
        frame.nucleus = tempo.nucleus;
        frame.pace_sps = tempo.pace_sps;
        frame.articulation_sps = tempo.articulation_sps;

        let pauses = self.pauses.push(frame.speech);
        frame.pause_s = pauses.pause_s;
        frame.pauses = pauses.count;
        frame.pause_share = pauses.share;
        self.pause_total_s = pauses.total_s;

        let held_hz = if frame.speech { frame.f0_hz } else { 0.0 };
        frame.lengthening_s = self.lengthening.push(held_hz, &frame.log_mel_db);
        frame.sounds = self.sounds.push(&frame, raw.high_hz);
        (frame.level_rel_db, frame.dynamics_db) = self.dynamics.push(&frame);
        let heard = (self.hops * self.hop_len) as i64;
        frame.line = self.line.push(&frame, raw.key, &self.history, heard);
        frame
    }

    /// Periods, cepstrum, and which of all this the line can carry.
    fn voice_quality(&mut self, frame: &mut FeatureFrame, centre: i64) {
        let disturbed = self.reliability.disturbed(&self.hop_facts);
        let mut evidence = Evidence {
            voiced: frame.voiced,
            speech: frame.speech,
            f0_hz: frame.f0_hz,
            snr_db: frame.snr_db,
            hnr_db: frame.hnr_db,
            jitter_pairs: 0,
            shimmer_pairs: 0,
        };
        let measured = self.perturbation.is_some();
        if let Some(Perturbation { pulses, cepstrum }) = &mut self.perturbation {
            if disturbed {
                pulses.forget();
            }
            let until = centre + self.hop_len as i64 / 2;
            pulses.follow(&self.history, centre, until, frame.f0_hz);
            let periods = pulses.perturbation(centre);
            (frame.jitter, frame.shimmer) = (periods.jitter, periods.shimmer);
            frame.quality.shimmer_db = periods.shimmer_db;
            frame.quality.cpp_db = cepstrum.prominence_db(&self.history, centre, frame.voiced);
            evidence.jitter_pairs = periods.jitter_pairs;
            evidence.shimmer_pairs = periods.shimmer_pairs;
        }
        self.reliability.judge(&mut frame.quality, evidence);
        frame.quality.cpp_ok &= measured;
    }
}
