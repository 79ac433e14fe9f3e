//! A call in one object, counted as it goes.

use crate::dialogue::Turns;
use crate::error::MemoryError;
use crate::features::{Extractor, FeatureFrame};
use crate::trajectory::{Point, PointMemory};
use crate::units::{SILENCE_DB, semitones};
use serde::{Deserialize, Serialize};

/// The last line of `analyze`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Length of the stream, s.
    pub duration_s: f64,
    /// Speech of the caller, s.
    pub speech_s: f64,
    /// Share of the stream that is the caller's speech.
    pub talk_share: f64,
    /// Syllable nuclei per second of stream.
    pub pace_sps: f64,
    /// Syllable nuclei per second of speech.
    pub articulation_sps: f64,
    /// Pauses of 0.2 to 2 s inside the caller's speech.
    pub pauses: u32,
    /// Their mean length, s.
    pub pause_mean_s: f64,
    /// Share of the stream that is not the caller's speech.
    pub pause_share: f64,
    /// Median pitch, Hz; 0 where nothing was voiced.
    pub f0_median_hz: f64,
    /// Tenth percentile of pitch, Hz.
    pub f0_p10_hz: f64,
    /// Ninetieth percentile of pitch, Hz.
    pub f0_p90_hz: f64,
    /// Active speech level, dBFS (ITU-T P.56).
    pub active_level_dbfs: f64,
    /// Noise floor of 300–3400 Hz, dBFS.
    pub noise_floor_dbfs: f64,
    /// Share of the hops with clipped samples.
    pub clipped_share: f64,
    /// Share of the hops that never came.
    pub lost_share: f64,
    /// Sound that was not read because it was no caller who spoke, s.
    pub abstained_s: f64,
    /// The lowest sentiment, −1..1; absent where nothing was read.
    pub worst_sentiment: Option<f64>,
    /// When that was, s.
    pub worst_at_s: Option<f64>,
    /// Escalations.
    pub escalations: u32,
    /// Turn-taking, where the agent's side was heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<Turns>,
    /// SHA-256 of the caller's samples as they were decoded (32-bit floats, little-endian), where a
    /// recording was heard: whether a replay hears the same. The engine leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard_sha256: Option<String>,
    /// What a reader must know about the input, such as damage or sound that was not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Bins of a third of a semitone over 60–520 Hz.
const F0_BINS: usize = 114;
const F0_LOW_ST: f32 = -8.9;
const BINS_PER_ST: f32 = 3.0;

/// Counts of a call. Of fixed size.
pub(crate) struct Tally {
    frames: u64,
    speech: u64,
    nuclei: u64,
    pauses: u32,
    clipped: u64,
    lost: u64,
    withheld: u64,
    active_level_db: f32,
    f0: [u32; F0_BINS],
    worst: Option<Point>,
    escalations: u32,
}

impl Tally {
    pub fn new() -> Self {
        Self {
            frames: 0,
            speech: 0,
            nuclei: 0,
            pauses: 0,
            clipped: 0,
            lost: 0,
            withheld: 0,
            active_level_db: SILENCE_DB,
            f0: [0; F0_BINS],
            worst: None,
            escalations: 0,
        }
    }

    pub fn frame(&mut self, frame: &FeatureFrame) {
        self.frames += 1;
        self.speech += u64::from(frame.speech);
        self.nuclei += u64::from(frame.nucleus);
        self.clipped += u64::from(frame.clipped > 0.0);
        self.lost += u64::from(frame.lost);
        self.pauses = frame.pauses;
        self.active_level_db = frame.active_level_db;
        if frame.voiced && frame.speech {
            let bin = (semitones(frame.f0_hz) - F0_LOW_ST) * BINS_PER_ST;
            self.f0[(bin.max(0.0) as usize).min(F0_BINS - 1)] += 1;
        }
    }

    /// A frame that is not read: it counts as time, and as nothing that the caller said.
    pub fn withheld(&mut self, frame: &FeatureFrame) {
        self.withheld += u64::from(frame.speech);
        self.frame(&FeatureFrame {
            speech: false,
            nucleus: false,
            ..*frame
        });
    }

    pub fn point(&mut self, point: &Point) {
        if self
            .worst
            .is_none_or(|worst| point.sentiment < worst.sentiment)
        {
            self.worst = Some(*point);
        }
    }

    /// Counts an escalation; how many came before it.
    pub fn escalation(&mut self) -> u32 {
        self.escalations += 1;
        self.escalations - 1
    }

    /// Speech of the caller so far, s.
    pub fn speech_s(&self) -> f64 {
        self.speech as f64 / 100.0
    }

    /// `extractor` where there was sound.
    pub fn summary(
        &self,
        duration_s: f64,
        extractor: Option<&Extractor>,
        turns: Option<Turns>,
    ) -> Summary {
        let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
        let speech_s = self.speech_s();
        let paused_s = extractor.map_or(0.0, |e| e.pause_total_s().into());
        let floor = extractor.map_or(SILENCE_DB, Extractor::noise_floor_db);
        let nuclei = self.nuclei as f64;
        let per = |count: f64, time: f64| if time > 0.0 { count / time } else { 0.0 };
        Summary {
            duration_s,
            speech_s,
            talk_share: share(self.speech, self.frames),
            pace_sps: per(nuclei, self.frames as f64 / 100.0),
            articulation_sps: per(nuclei, speech_s),
            pauses: self.pauses,
            pause_mean_s: per(paused_s, self.pauses.into()),
            pause_share: 1.0 - share(self.speech, self.frames.max(1)),
            f0_median_hz: self.f0_percentile(0.5),
            f0_p10_hz: self.f0_percentile(0.1),
            f0_p90_hz: self.f0_percentile(0.9),
            active_level_dbfs: self.active_level_db.into(),
            noise_floor_dbfs: floor.into(),
            clipped_share: share(self.clipped, self.frames),
            lost_share: share(self.lost, self.frames),
            abstained_s: self.withheld as f64 / 100.0,
            worst_sentiment: self.worst.map(|p| p.sentiment.into()),
            worst_at_s: self.worst.map(|p| p.at.seconds()),
            escalations: self.escalations,
            turns,
            heard_sha256: None,
            notes: self.notes(),
        }
    }

    fn notes(&self) -> Vec<String> {
        let withheld = self.withheld as f64 / 100.0;
        let told = (withheld >= 1.0)
            .then(|| format!("{withheld:.1} s of sound were no caller who speaks, and not read"));
        told.into_iter().collect()
    }

    fn f0_percentile(&self, share: f64) -> f64 {
        let total: u32 = self.f0.iter().sum();
        if total == 0 {
            return 0.0;
        }
        let wanted = (f64::from(total) * share).max(1.0);
        let mut sum = 0.0;
        for (bin, count) in self.f0.iter().enumerate() {
            let before = sum;
            sum += f64::from(*count);
            if sum >= wanted {
                // Evenly spread inside the bin.
                let inside = (wanted - before) / f64::from(*count);
                let st = f64::from(F0_LOW_ST) + (bin as f64 + inside) / f64::from(BINS_PER_ST);
                return 100.0 * (st / 12.0).exp2();
            }
        }
        0.0
    }
}

/// The counts, as they are remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TallyMemory {
    /// Frames: all, of speech, with a nucleus, clipped, lost, withheld.
    frames: [u64; 6],
    pauses: u32,
    active_level_db: f32,
    /// Bins that are not empty.
    f0: Vec<(u8, u32)>,
    worst: Option<PointMemory>,
    escalations: u32,
}

impl TallyMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        let mut frames = self.frames.iter();
        frames.try_for_each(|count| MemoryError::count("tally.frames", *count))?;
        MemoryError::events("tally.pauses", self.pauses)?;
        MemoryError::events("tally.escalations", self.escalations)?;
        let level_db = self.active_level_db.into();
        MemoryError::within("tally.active_level_db", level_db, -1e3, 1e3)?;
        let most = (F0_BINS - 1) as f64;
        // Each bin once, so that their sum has a bound.
        MemoryError::within("tally.f0.length", self.f0.len() as f64, 0.0, most + 1.0)?;
        for (bin, count) in &self.f0 {
            MemoryError::within("tally.f0.bin", (*bin).into(), 0.0, most)?;
            MemoryError::within("tally.f0.count", (*count).into(), 0.0, 3e7)?;
        }
        self.worst.iter().try_for_each(PointMemory::check)
    }

    /// How many escalations there were.
    pub fn escalations(&self) -> u32 {
        self.escalations
    }
}

impl Tally {
    /// What was counted.
    pub fn memory(&self) -> TallyMemory {
        let some = self.f0.iter().enumerate().filter(|(_, count)| **count > 0);
        TallyMemory {
            frames: [
                self.frames,
                self.speech,
                self.nuclei,
                self.clipped,
                self.lost,
                self.withheld,
            ],
            pauses: self.pauses,
            active_level_db: self.active_level_db,
            f0: some.map(|(bin, count)| (bin as u8, *count)).collect(),
            worst: self.worst.as_ref().map(PointMemory::from),
            escalations: self.escalations,
        }
    }

    /// How many pauses there were.
    pub fn pauses(&self) -> u32 {
        self.pauses
    }

    /// Time of which nothing was heard, s.
    pub fn away(&mut self, seconds: f64) {
        let frames = (seconds * 100.0) as u64;
        self.frames += frames;
        self.lost += frames;
    }

    /// Counts on from there.
    pub fn recall(&mut self, memory: &TallyMemory) {
        let [frames, speech, nuclei, clipped, lost, withheld] = memory.frames;
        *self = Self {
            frames,
            speech,
            nuclei,
            pauses: memory.pauses,
            clipped,
            lost,
            withheld,
            active_level_db: memory.active_level_db,
            f0: [0; F0_BINS],
            worst: memory.worst.as_ref().map(Point::from),
            escalations: memory.escalations,
        };
        for (bin, count) in &memory.f0 {
            if let Some(place) = self.f0.get_mut(usize::from(*bin)) {
                *place = *count;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_pitch_are_within_a_bin() {
        let mut tally = Tally::new();
        for hz in 100..300 {
            let bin = (semitones(hz as f32) - F0_LOW_ST) * BINS_PER_ST;
            tally.f0[bin as usize] += 1;
        }
        for (share, hz) in [(0.1, 120.0), (0.5, 200.0), (0.9, 280.0)] {
            let found = tally.f0_percentile(share);
            assert!((found / hz - 1.0f64).abs() < 0.02, "{share}: {found}");
        }
    }
}
