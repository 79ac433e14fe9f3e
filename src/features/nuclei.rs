//! Syllable nuclei: four ways of counting them, and the mean of the four.
//!
//! De Jong & Wempe (2009), "Praat script to detect syllable nuclei and measure speech rate
//! automatically": a nucleus is a voiced peak of intensity with a dip before and after it. Which
//! intensity? That of the whole band merges syllables that an l or an n joins, that of the vowels'
//! band misses others, and both err by themselves. So three envelopes are counted: all mel bands,
//! those of 300–1200 Hz, and the mean of the latter's decibels, in which loud bands weigh no more.
//! The fourth counts how often the spectrum changes: into each syllable, and out of it, so a
//! change is half a nucleus. Where all four err apart, their mean errs less. No weight of it was fitted; smoothing and dips were
//! chosen by the syllable counts of read German, English and Polish.

use super::frame::MEL_BANDS;
use crate::units::SILENCE_DB;

/// Ways of counting.
const COUNTERS: usize = 4;
const DIP_DB: f32 = 1.0;
/// A change of shape of this much more than before and after is one, dB a frame.
const CHANGE_DB: f32 = 0.5;
/// Into a syllable and out of it are two changes.
const CHANGE_SHARE: f32 = 0.5;
/// Peaks further than this under the recent loudest are no nuclei.
const BELOW_TOP_DB: f32 = 28.0;
/// Bands further than this under the recent loudest are noise.
const MEL_RANGE_DB: f32 = 40.0;
/// The loudest is forgotten by 1 dB a second.
const FORGET_DB: f32 = 0.01;
/// Two peaks are at least so many frames apart, of level and of change.
const APART: u32 = 6;
const CHANGES_APART: u32 = 4;
/// A peak is voiced where so few frames before it were.
const VOICED_NEAR: u32 = 5;
/// Triangles of 70 and 50 ms.
const LONG: [f32; 7] = [1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0];
const SHORT: [f32; 5] = [1.0, 2.0, 3.0, 2.0, 1.0];

/// What a frame sounds like to the counters.
#[derive(Clone, Copy)]
pub struct Sound<'a> {
    /// Level of all mel bands, dB.
    pub all_db: f32,
    /// Level of those of 300–1200 Hz, dB.
    pub vowels_db: f32,
    /// Mean of the latter's decibels, and where they lie among `log_mel_db`.
    pub log_mel_db: &'a [f32; MEL_BANDS],
    /// The pitch path's decision.
    pub voiced: bool,
    /// The speech decision.
    pub speech: bool,
}

/// Counts as it hears.
pub struct NucleusCounter {
    vowels: std::ops::Range<usize>,
    all: [f32; 7],
    vowel: [f32; 7],
    mel: [[f32; MEL_BANDS]; 5],
    shape: [f32; MEL_BANDS],
    top_db: [f32; 3],
    mel_top_db: f32,
    since_voiced: u32,
    peaks: [Peaks; COUNTERS],
}

impl NucleusCounter {
    /// `vowels` are the mel bands of 300–1200 Hz.
    pub fn new(vowels: std::ops::Range<usize>) -> Self {
        Self {
            vowels,
            all: [SILENCE_DB; 7],
            vowel: [SILENCE_DB; 7],
            mel: [[SILENCE_DB; MEL_BANDS]; 5],
            shape: [SILENCE_DB; MEL_BANDS],
            top_db: [SILENCE_DB; 3],
            mel_top_db: SILENCE_DB,
            since_voiced: u32::MAX,
            peaks: std::array::from_fn(|counter| match counter {
                3 => Peaks::new(CHANGE_DB, CHANGES_APART),
                _ => Peaks::new(DIP_DB, APART),
            }),
        }
    }

    /// How many nuclei ended here: the share of the counters that say so, 0 to 1.
    pub fn push(&mut self, sound: Sound<'_>) -> f32 {
        self.since_voiced = if sound.voiced {
            0
        } else {
            self.since_voiced.saturating_add(1)
        };
        let change = self.change(sound.log_mel_db);
        let vowels = &self.shape[self.vowels.clone()];
        let mean = vowels.iter().sum::<f32>() / vowels.len() as f32;
        let levels = [
            smooth(&mut self.all, sound.all_db, &LONG),
            smooth(&mut self.vowel, sound.vowels_db, &LONG),
            mean,
        ];
        let voiced = self.since_voiced <= VOICED_NEAR;
        let mut ended = 0.0;
        for ((peaks, top), level) in self.peaks.iter_mut().zip(&mut self.top_db).zip(levels) {
            *top = level.max(*top - FORGET_DB);
            let counts = voiced && level > *top - BELOW_TOP_DB;
            ended += f32::from(u8::from(peaks.push(level, counts, sound.speech)));
        }
        let changed = self.peaks[3].push(change, true, sound.speech);
        ended += CHANGE_SHARE * f32::from(u8::from(changed));
        ended / COUNTERS as f32
    }

    /// How far the smoothed spectrum moved in this frame, root mean square over the bands, dB.
    fn change(&mut self, log_mel_db: &[f32; MEL_BANDS]) -> f32 {
        let loudest = log_mel_db.iter().copied().fold(SILENCE_DB, f32::max);
        self.mel_top_db = loudest.max(self.mel_top_db - FORGET_DB);
        let floor = self.mel_top_db - MEL_RANGE_DB;
        self.mel.rotate_left(1);
        self.mel[4] = log_mel_db.map(|db| db.max(floor));
        let before = self.shape;
        for (band, to) in self.shape.iter_mut().enumerate() {
            let terms = self.mel.iter().zip(SHORT);
            *to = terms.map(|(mel, weight)| weight * mel[band]).sum::<f32>() / 9.0;
        }
        let moved = self.shape.iter().zip(before);
        let square: f32 = moved.map(|(now, before)| (now - before).powi(2)).sum();
        (square / MEL_BANDS as f32).sqrt()
    }
}

fn smooth<const N: usize>(last: &mut [f32; N], now: f32, weights: &[f32; N]) -> f32 {
    last.rotate_left(1);
    last[N - 1] = now;
    let terms = last.iter().zip(weights);
    terms.map(|(value, weight)| value * weight).sum::<f32>() / weights.iter().sum::<f32>()
}

/// Peaks with a dip of a given depth before and after them.
struct Peaks {
    dip: f32,
    apart: u32,
    rising: bool,
    extreme: f32,
    counts: bool,
    since: u32,
}

impl Peaks {
    fn new(dip: f32, apart: u32) -> Self {
        Self {
            dip,
            apart,
            rising: false,
            extreme: f32::MAX,
            counts: false,
            since: u32::MAX,
        }
    }

    /// Whether a peak ended here; `counts` says whether it would, were it now.
    fn push(&mut self, level: f32, counts: bool, speech: bool) -> bool {
        self.since = self.since.saturating_add(1);
        if !self.rising {
            self.extreme = self.extreme.min(level);
            if speech && level > self.extreme + self.dip {
                (self.rising, self.extreme, self.counts) = (true, level, counts);
            }
            return false;
        }
        if level > self.extreme {
            (self.extreme, self.counts) = (level, counts);
        }
        if speech && level >= self.extreme - self.dip {
            return false;
        }
        let ended = self.counts && self.since >= self.apart;
        if ended {
            self.since = 0;
        }
        (self.rising, self.extreme) = (false, level);
        ended
    }
}
