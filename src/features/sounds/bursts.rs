//! The rhythm of a sound: bursts of level, each held against the one before it.

use super::FeatureFrame;
use crate::features::MEL_BANDS;

/// A burst rises and falls by at least this much.
const SWING_DB: f32 = 8.0;
/// A pitch that counts as high.
const HIGH_HZ: f32 = 220.0;
/// Bursts further apart have nothing to do with each other; so far time is counted, frames.
const FORGOTTEN: u32 = 500;

/// A burst that has just ended, against the one before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// From peak to peak, s.
    pub interval_s: f32,
    /// How far the dip between the peaks lies under the lower one, dB.
    pub depth_db: f32,
    /// RMS difference of the two spectra at their peaks, levels removed, dB.
    pub unlikeness_db: f32,
    /// Highest periodicity within the burst, 0..1.
    pub voicing: f32,
    /// Share of the burst's frames that are voiced over 220 Hz.
    pub high_share: f32,
}

#[derive(Clone, Copy)]
struct Peak {
    level_db: f32,
    shape: [f32; MEL_BANDS],
}

/// Finds bursts by hysteresis.
pub struct Bursts {
    rising: bool,
    /// The lowest level since the last peak, dB.
    dip_db: f32,
    peak: Peak,
    last: Peak,
    since_last_peak: u32,
    since_peak: u32,
    frames: u32,
    high: u32,
    voicing: f32,
}

impl Default for Bursts {
    fn default() -> Self {
        let nothing = Peak {
            level_db: f32::MIN,
            shape: [0.0; MEL_BANDS],
        };
        Self {
            rising: false,
            dip_db: f32::INFINITY,
            peak: nothing,
            last: nothing,
            since_last_peak: FORGOTTEN,
            since_peak: 0,
            frames: 0,
            high: 0,
            voicing: 0.0,
        }
    }
}

impl Bursts {
    /// Takes a frame; gives a burst whose fall is complete with it.
    pub fn push(&mut self, frame: &FeatureFrame, loud: bool) -> Option<Burst> {
        let level_db = frame.level_db;
        self.since_last_peak = (self.since_last_peak + 1).min(FORGOTTEN);
        if !self.rising {
            self.dip_db = self.dip_db.min(level_db);
            if !loud || level_db < self.dip_db + SWING_DB {
                return None;
            }
            self.rising = true;
            self.peak.level_db = f32::MIN;
            (self.frames, self.high, self.voicing) = (0, 0, 0.0);
        }
        self.frames += 1;
        self.high += u32::from(frame.voiced && frame.f0_hz > HIGH_HZ);
        self.voicing = self.voicing.max(frame.voicing);
        self.since_peak += 1;
        if level_db > self.peak.level_db {
            self.peak = Peak {
                level_db,
                shape: frame.log_mel_db,
            };
            self.since_peak = 0;
        }
        (level_db < self.peak.level_db - SWING_DB).then(|| self.complete(level_db))
    }

    fn complete(&mut self, level_db: f32) -> Burst {
        let burst = Burst {
            interval_s: (self.since_last_peak - self.since_peak) as f32 * 0.01,
            depth_db: self.peak.level_db.min(self.last.level_db) - self.dip_db,
            unlikeness_db: unlikeness(&self.peak.shape, &self.last.shape),
            voicing: self.voicing,
            high_share: self.high as f32 / self.frames as f32,
        };
        self.last = self.peak;
        self.since_last_peak = self.since_peak;
        self.rising = false;
        self.dip_db = level_db;
        burst
    }
}

/// RMS difference of two log spectra without their means.
fn unlikeness(a: &[f32; MEL_BANDS], b: &[f32; MEL_BANDS]) -> f32 {
    let n = MEL_BANDS as f32;
    let differences = || a.iter().zip(b).map(|(a, b)| a - b);
    let mean = differences().sum::<f32>() / n;
    let square = differences().map(|d| d * d).sum::<f32>() / n;
    (square - mean * mean).max(0.0).sqrt()
}

/// Consecutive bursts that belong together.
#[derive(Default)]
pub struct Chain {
    links: u32,
    interval_s: f32,
    silent_s: f32,
}

impl Chain {
    /// Links so far, after a frame that may have completed a burst. `fits` says whether the burst
    /// continues a chain; intervals may grow or shrink by `regularity` from link to link, and
    /// after `longest_s` without a burst the chain has ended.
    pub fn push(
        &mut self,
        burst: Option<&Burst>,
        fits: impl Fn(&Burst) -> bool,
        regularity: f32,
        longest_s: f32,
    ) -> u32 {
        self.silent_s += 0.01;
        if let Some(burst) = burst {
            let ratio = burst.interval_s / self.interval_s;
            let regular = self.links == 0 || (1.0 / regularity..=regularity).contains(&ratio);
            self.links = match (fits(burst), regular) {
                (true, true) => self.links + 1,
                (true, false) => 1,
                (false, _) => 0,
            };
            self.interval_s = burst.interval_s;
            self.silent_s = 0.0;
        } else if self.silent_s > longest_s {
            self.links = 0;
        }
        self.links
    }
}
