//! Frames → steps → windows: the model's input, exactly as `models/training/input.py` builds it.

use super::{Baseline, ModelCard};
use crate::error::BuildError;
use crate::features::{FeatureFrame, MEL_BANDS, table};
use crate::units::semitones;
use ndarray::{Array2, ArrayViewMut1, ArrayViewMut2};
use std::ops::Range;

/// Where a channel's value comes from.
#[derive(Clone, Copy)]
pub(super) struct Channel {
    value: ChannelValue,
    /// The value exists in voiced frames only.
    voiced_only: bool,
}

#[derive(Clone, Copy)]
enum ChannelValue {
    Mel(usize),
    F0Semitones,
    Column(fn(&FeatureFrame) -> f64),
}

impl Channel {
    fn of(self, frame: &FeatureFrame) -> f32 {
        match self.value {
            ChannelValue::Mel(band) => frame.log_mel_db[band],
            ChannelValue::F0Semitones => semitones(frame.f0_hz),
            ChannelValue::Column(get) => get(frame) as f32,
        }
    }
}

/// Finds each named channel in the feature table.
pub(super) fn channels_of(file: &str, names: &[String]) -> Result<Vec<Channel>, BuildError> {
    names
        .iter()
        .map(|name| {
            let mel = name.strip_prefix("mel_").and_then(|band| band.parse().ok());
            let column = table::COLUMNS.iter().find(|column| column.name == name);
            let value = match (name.as_str(), mel, column) {
                ("f0_st", _, _) => ChannelValue::F0Semitones,
                (_, Some(band), _) if band < MEL_BANDS => ChannelValue::Mel(band),
                (_, _, Some(column)) => ChannelValue::Column(column.get),
                _ => {
                    return Err(BuildError::value(
                        file,
                        "input.features",
                        name,
                        "f0_st, mel_00 to mel_35 or a column of `undertone features --list`",
                    ));
                }
            };
            Ok(Channel {
                value,
                voiced_only: matches!(name.as_str(), "f0_st" | "hnr_db"),
            })
        })
        .collect()
}

/// One caller's last seconds of speech. Allocates only when built.
pub struct Context {
    channels: Vec<Channel>,
    mel: Range<usize>,
    /// 1 for a mel channel, from which the window's level is taken off, else 0.
    levelled: Vec<f32>,
    sd: Vec<f32>,
    clip: f32,
    min_steps: usize,
    first: Option<FeatureFrame>,
    /// Ring of kept steps, `[steps, channels]`.
    steps: Array2<f32>,
    voiced: Vec<bool>,
    kept: usize,
    /// The kept steps that the baseline has not learnt yet.
    unlearnt: usize,
}

impl Context {
    /// For the geometry of `card`.
    ///
    /// # Errors
    /// When the card names a feature that the table does not have.
    pub fn new(card: &ModelCard) -> Result<Self, BuildError> {
        let channels = channels_of(&card.name, &card.input.features)?;
        let is_mel = |channel: &Channel| matches!(channel.value, ChannelValue::Mel(_));
        let first_mel = channels.iter().position(is_mel).unwrap_or(0);
        let mel_count = channels.iter().filter(|channel| is_mel(channel)).count();
        let (steps, width) = card.window_shape();
        let levelled = channels.iter().map(|c| f32::from(is_mel(c))).collect();
        Ok(Self {
            channels,
            levelled,
            mel: first_mel..first_mel + mel_count,
            sd: card.input.population_sd.clone(),
            clip: card.input.clip_sd,
            min_steps: card.rates.min_steps,
            first: None,
            steps: Array2::zeros((steps, width)),
            voiced: vec![false; steps],
            kept: 0,
            unlearnt: 0,
        })
    }

    /// Takes a frame. Two make a step, and a step is kept when it holds speech: pauses are
    /// squeezed out, so that a window is two seconds of speech however long that took.
    pub fn push(&mut self, frame: &FeatureFrame) {
        let Some(first) = self.first.take() else {
            self.first = Some(*frame);
            return;
        };
        let pair = [&first, frame];
        if pair.iter().any(|f| f.lost) || !pair.iter().any(|f| f.speech) {
            return;
        }
        let at = self.kept % self.voiced.len();
        let voiced_frames = pair.iter().filter(|f| f.voiced).count();
        for (to, channel) in self.steps.row_mut(at).iter_mut().zip(&self.channels) {
            let counts = |f: &&&FeatureFrame| !channel.voiced_only || f.voiced;
            let n = pair.iter().filter(counts).count();
            let sum: f32 = pair.iter().filter(counts).map(|f| channel.of(f)).sum();
            *to = if n == 0 { 0.0 } else { sum / n as f32 };
        }
        self.voiced[at] = voiced_frames > 0;
        self.kept += 1;
        self.unlearnt = (self.unlearnt + 1).min(self.voiced.len());
    }

    /// Forgets what was kept: it was no caller, or there is a break before what follows.
    pub fn forget(&mut self) {
        (self.first, self.kept, self.unlearnt) = (None, 0, 0);
    }

    /// Steps of speech kept since the call began or since they were forgotten.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Whether there is enough speech for a reading.
    pub fn ready(&self) -> bool {
        self.kept >= self.min_steps
    }

    /// Whether what the baseline has not learnt yet is enough for a reading by itself. It is before
    /// the first reading.
    pub fn unlearnt_makes_a_reading(&self) -> bool {
        self.unlearnt >= self.min_steps
    }

    /// Teaches `baseline` the steps that came since the last time.
    pub fn enrol(&mut self, baseline: &mut Baseline, trust: f32) {
        let len = self.voiced.len();
        for back in (0..self.unlearnt).rev() {
            let at = (self.kept - 1 - back) % len;
            let row = self.steps.row(at);
            // Rows of a standard-layout array are contiguous.
            let Some(step) = row.as_slice() else { continue };
            let (voiced, channels) = (self.voiced[at], &self.channels);
            baseline.learn(step, trust, |channel| {
                voiced || !channels[channel].voiced_only
            });
        }
        self.unlearnt = 0;
        baseline.update(self.mel.clone());
    }

    /// Writes the window against `baseline` into `x`, of shape `[steps, channels]`, and which of its
    /// steps were heard into `mask`.
    pub fn write(
        &self,
        baseline: &[f32],
        mut x: ArrayViewMut2<'_, f32>,
        mut mask: ArrayViewMut1<'_, f32>,
    ) {
        let len = self.voiced.len();
        let heard = self.kept.min(len);
        let level = self.level(heard);
        let first = len - heard;
        for (row, mask) in mask.iter_mut().enumerate() {
            *mask = if row < first { 0.0 } else { 1.0 };
        }
        x.rows_mut()
            .into_iter()
            .take(first)
            .for_each(|mut row| row.fill(0.0));
        for place in 0..heard {
            let at = (self.kept - heard + place) % len;
            let step = self.steps.row(at).into_iter().zip(&self.levelled);
            let scale = baseline.iter().zip(&self.sd);
            let mut row = x.row_mut(first + place);
            for ((x, (value, levelled)), (mean, sd)) in row.iter_mut().zip(step).zip(scale) {
                let normal = (value - levelled * level - mean) / sd;
                *x = normal.clamp(-self.clip, self.clip);
            }
            if !self.voiced[at] {
                let channels = row.iter_mut().zip(&self.channels);
                let none = channels.filter(|(_, channel)| channel.voiced_only);
                none.for_each(|(x, _)| *x = 0.0);
            }
        }
    }

    /// Mean of all mel channels over the window: taken off, so that gain never matters.
    fn level(&self, heard: usize) -> f32 {
        let len = self.voiced.len();
        let mut sum = 0.0f64;
        for place in 0..heard {
            let row = self.steps.row((self.kept - heard + place) % len);
            sum += row
                .iter()
                .skip(self.mel.start)
                .take(self.mel.len())
                .map(|v| f64::from(*v))
                .sum::<f64>();
        }
        (sum / (heard * self.mel.len()).max(1) as f64) as f32
    }
}
