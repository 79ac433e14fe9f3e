//! Cuts the stream into events: what rises out of its surroundings and falls back.
//!
//! The noise floor of the speech detector needs seconds to settle and a sound lasts one. Here the
//! reference is the quietest moment of the last 0.6 s, so that an event needs an onset: a line
//! that is noisy all the time is no event, however loud.

use super::FeatureFrame;

/// An event begins this far over the quietest moment before it.
const BEGIN_DB: f32 = 10.0;
/// It ends this far under its own peak,
const FALL_DB: f32 = 18.0;
/// or this near to where it began.
const END_DB: f32 = 6.0;
/// What goes on for longer has become the surroundings; frames.
const LONGEST: u32 = 400;
/// What lies further under the recent peak is not looked at.
const LOUD_DB: f32 = 25.0;
/// Quiet is not told apart further down than this.
const DEPTH_DB: f32 = 45.0;
/// The recent peak is forgotten at 3 dB/s.
const PEAK_DECAY_DB: f32 = 0.03;

const SUB_WINDOW: usize = 10;
const SUB_WINDOWS: usize = 6;
/// Periodicity under which an unvoiced frame is noise.
const NOISE_VOICING: f32 = 0.5;

/// One sound, as far as it has been heard.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Event {
    /// Length so far, frames.
    pub frames: u32,
    /// Unvoiced frames without periodicity.
    pub noise: u32,
    /// Level of the quiet before it, dB.
    pub before_db: f32,
    /// Highest level, dB.
    pub peak_db: f32,
    /// Frames from the onset to the last jump by more than 6 dB.
    pub attack: u32,
    /// Frames between the end of the event before and this onset.
    pub pause: u32,
    alpha_db: f32,
    flux_db: f32,
    /// The level that the last such jump reached, dB.
    attack_from_db: f32,
}

impl Event {
    /// Noise frames over frames.
    pub fn noise_share(&self) -> f32 {
        self.noise as f32 / self.frames as f32
    }

    /// Mean alpha ratio, dB.
    pub fn alpha_db(&self) -> f32 {
        self.alpha_db / self.frames as f32
    }

    /// Mean spectral flux, dB.
    pub fn flux_db(&self) -> f32 {
        self.flux_db / self.frames as f32
    }

    fn add(&mut self, frame: &FeatureFrame) {
        if frame.level_db > self.peak_db {
            self.peak_db = frame.level_db;
            if frame.level_db > self.attack_from_db + 6.0 {
                self.attack = self.frames;
                self.attack_from_db = frame.level_db;
            }
        }
        self.frames += 1;
        self.noise += u32::from(!frame.voiced && frame.voicing < NOISE_VOICING);
        self.alpha_db += frame.alpha_ratio_db;
        self.flux_db += frame.flux_db;
    }

    fn over(&self, level_db: f32) -> bool {
        level_db < self.peak_db - FALL_DB
            || level_db < self.before_db + END_DB
            || self.frames >= LONGEST
    }
}

/// What the cut says about a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heard {
    /// The event that the frame belongs to.
    pub event: Option<Event>,
    /// The event that ended just before the frame.
    pub ended: Option<Event>,
    /// Within 25 dB of the recent peak.
    pub loud: bool,
}

/// Keeps the recent minimum and peak, and the event under way.
pub struct Segmenter {
    minima: [f32; SUB_WINDOWS],
    frames: usize,
    peak_db: f32,
    event: Option<Event>,
    pause: u32,
}

impl Default for Segmenter {
    fn default() -> Self {
        Self {
            minima: [f32::INFINITY; SUB_WINDOWS],
            frames: 0,
            peak_db: f32::MIN,
            event: None,
            pause: u32::MAX,
        }
    }
}

impl Segmenter {
    /// Takes a frame. A lost one ends the event and teaches nothing.
    pub fn push(&mut self, frame: &FeatureFrame) -> Heard {
        if frame.lost {
            return Heard {
                ended: self.event.take(),
                ..Heard::default()
            };
        }
        let level_db = frame.level_db;
        self.peak_db = level_db.max(self.peak_db - PEAK_DECAY_DB);
        let loud = level_db > self.peak_db - LOUD_DB;
        let quiet_db = self.quietest(level_db).max(self.peak_db - DEPTH_DB);

        let ended = self.event.take_if(|event| event.over(level_db));
        if ended.is_some() {
            self.pause = 0;
        }
        if self.event.is_none() && ended.is_none() && loud && level_db > quiet_db + BEGIN_DB {
            self.event = Some(Event {
                before_db: quiet_db,
                peak_db: f32::MIN,
                attack_from_db: f32::MIN,
                pause: self.pause,
                ..Event::default()
            });
        }
        match &mut self.event {
            Some(event) => event.add(frame),
            None => self.pause = self.pause.saturating_add(1),
        }
        Heard {
            event: self.event,
            ended,
            loud,
        }
    }

    /// The lowest level of the last 0.6 s.
    fn quietest(&mut self, level_db: f32) -> f32 {
        let slot = self.frames / SUB_WINDOW % SUB_WINDOWS;
        if self.frames.is_multiple_of(SUB_WINDOW) {
            self.minima[slot] = level_db;
        }
        self.minima[slot] = self.minima[slot].min(level_db);
        self.frames += 1;
        self.minima.iter().copied().fold(level_db, f32::min)
    }
}
