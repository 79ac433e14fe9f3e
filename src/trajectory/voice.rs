//! The caller's voice in a few numbers a supervisor knows, against the caller's own habit.

use super::Norm;
use super::norm::NormMemory;
use crate::error::MemoryError;
use crate::features::FeatureFrame;
use crate::units::semitones;
use serde::{Deserialize, Serialize};

/// One number that an escalation may cite as evidence.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor {
    /// Its name in the feature table.
    pub name: &'static str,
    /// The unit of [`Voice::baseline`] and [`Voice::now`].
    pub unit: &'static str,
    /// Usual standard deviation within one calm caller, over two seconds of speech.
    prior_sd: f64,
    of: fn(&FeatureFrame) -> Option<f64>,
    /// From the scale that deviations are taken on to [`Descriptor::unit`].
    shown: fn(f64) -> f64,
}

/// All of them. The spreads are those of calm speech, of any caller.
pub const DESCRIPTORS: &[Descriptor] = &[
    Descriptor {
        name: "f0_hz",
        unit: "Hz",
        prior_sd: 1.5,
        // Distances in pitch are ratios: averaged and compared in semitones.
        of: |f| f.voiced.then(|| f64::from(semitones(f.f0_hz))),
        shown: |st| 100.0 * (st / 12.0).exp2(),
    },
    Descriptor {
        name: "level_db",
        unit: "dBFS",
        prior_sd: 2.5,
        of: |f| (f.speech && f.voiced).then_some(f64::from(f.level_db)),
        shown: |db| db,
    },
    Descriptor {
        name: "alpha_ratio_db",
        unit: "dB",
        prior_sd: 2.0,
        of: |f| (f.speech && f.voiced).then_some(f64::from(f.alpha_ratio_db)),
        shown: |db| db,
    },
    Descriptor {
        name: "articulation_sps",
        unit: "1/s",
        prior_sd: 0.8,
        of: |f| (f.speech && f.articulation_sps > 0.0).then_some(f64::from(f.articulation_sps)),
        shown: |rate| rate,
    },
    Descriptor {
        name: "hnr_db",
        unit: "dB",
        prior_sd: 2.0,
        of: |f| f.voiced.then_some(f64::from(f.hnr_db)),
        shown: |db| db,
    },
    Descriptor {
        name: "flux_db",
        unit: "dB",
        prior_sd: 0.35,
        of: |f| (f.speech && f.voiced).then_some(f64::from(f.flux_db)),
        shown: |db| db,
    },
    Descriptor {
        name: "dynamics_db",
        unit: "dB",
        prior_sd: 2.0,
        of: |f| (f.speech && f.voiced).then_some(f64::from(f.dynamics_db)),
        shown: |db| db,
    },
    Descriptor {
        name: "lengthening_s",
        unit: "s",
        prior_sd: 0.04,
        of: |f| (f.speech && f.voiced).then_some(f64::from(f.lengthening_s)),
        shown: |s| s,
    },
];

/// Places among the descriptors.
pub(super) const PITCH: usize = 0;
pub(super) const LEVEL: usize = 1;
pub(super) const BALANCE: usize = 2;
pub(super) const ARTICULATION: usize = 3;
pub(super) const FLUX: usize = 5;
pub(super) const RANGE: usize = 6;
pub(super) const LENGTHENING: usize = 7;

const COUNT: usize = 8;
const _: () = assert!(DESCRIPTORS.len() == COUNT);

/// Readings that the present is averaged over: two seconds of speech.
const MEMORY: f64 = 8.0;
/// Weight of the prior spread, in readings.
const PRIOR_WEIGHT: f64 = 20.0;

/// Follows the descriptors of one caller.
#[derive(Clone, Debug)]
pub struct Voice {
    sums: [(f64, u32); COUNT],
    now: [Option<f64>; COUNT],
    norms: [Norm; COUNT],
}

impl Voice {
    /// Nothing heard.
    pub fn new() -> Self {
        let norm = |i: usize| Norm::new(0.0, DESCRIPTORS[i].prior_sd, PRIOR_WEIGHT);
        Self {
            sums: [(0.0, 0); COUNT],
            now: [None; COUNT],
            norms: std::array::from_fn(norm),
        }
    }

    /// Takes a frame.
    pub fn push(&mut self, frame: &FeatureFrame) {
        for (sum, descriptor) in self.sums.iter_mut().zip(DESCRIPTORS) {
            if let Some(value) = (descriptor.of)(frame) {
                sum.0 += value;
                sum.1 += 1;
            }
        }
    }

    /// Forgets what came since the last reading.
    pub fn forget(&mut self) {
        self.sums = [(0.0, 0); COUNT];
    }

    /// Closes the interval since the last reading, and learns it with `weight` in 0..1.
    pub fn close(&mut self, weight: f64) {
        for ((sum, now), norm) in self.sums.iter_mut().zip(&mut self.now).zip(&mut self.norms) {
            let (total, frames) = std::mem::take(sum);
            // A tenth of a second of a value is the least that stands for an interval.
            if frames < 10 {
                continue;
            }
            let value = total / f64::from(frames);
            let smooth = now.map_or(value, |now| now + (value - now) / MEMORY);
            *now = Some(smooth);
            norm.learn(smooth, weight);
        }
    }

    /// The caller's own baseline of descriptor `i` in its unit, once known.
    pub fn baseline(&self, i: usize) -> Option<f64> {
        let known = self.norms[i].count() > 0.0;
        known.then(|| (DESCRIPTORS[i].shown)(self.norms[i].own_mean()))
    }

    /// The value over the last two seconds of speech, in its unit.
    pub fn now(&self, i: usize) -> Option<f64> {
        self.now[i].map(DESCRIPTORS[i].shown)
    }

    /// Distance of now from the baseline in the caller's own standard deviations.
    pub fn deviation(&self, i: usize) -> Option<f64> {
        let norm = &self.norms[i];
        let now = self.now[i].filter(|_| norm.count() > 0.0)?;
        Some((now - norm.own_mean()) / norm.sd())
    }
}

impl Default for Voice {
    fn default() -> Self {
        Self::new()
    }
}

/// The caller's habits, and the last two seconds of speech. What came since the last reading is
/// not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VoiceMemory {
    now: [Option<f64>; COUNT],
    norms: [NormMemory; COUNT],
}

impl VoiceMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        for now in self.now.iter().flatten() {
            MemoryError::within("voice.now", *now, -1e6, 1e6)?;
        }
        self.norms.iter().try_for_each(NormMemory::check)
    }
}

impl Voice {
    /// What is known.
    pub fn memory(&self) -> VoiceMemory {
        VoiceMemory {
            now: self.now,
            norms: self.norms.map(|norm| norm.memory()),
        }
    }

    /// Knows what was known before.
    pub fn recall(&mut self, memory: &VoiceMemory) {
        self.now = memory.now;
        for (norm, memory) in self.norms.iter_mut().zip(&memory.norms) {
            norm.recall(memory);
        }
    }
}
