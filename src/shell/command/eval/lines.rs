//! The lines that a clip may be heard over: as it is, a telephone, a noisy one, one that loses packets.
//!
//! Noise and loss depend on the clip's name alone, so that a table comes out the same again.

use super::line::{LINE_RATE, Line};
use crate::audio::PcmBlock;
use crate::features::{FeatureFrame, FeatureStream};
use crate::shell::bootstrap::SplitMix;
use crate::shell::error::ShellError;
use crate::shell::runner::Hearing;
use clap::ValueEnum;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// Samples in a packet of 20 ms.
const PACKET: usize = LINE_RATE as usize / 50;
/// Packets this far under the loudest are pauses: the level of the speech is that of the others, dB.
const PAUSE_DB: f64 = 25.0;

/// One kind of line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LineKind {
    /// As the clips are
    Full,
    /// 300-3400 Hz, 8 kHz, 16 bits
    Narrow,
    /// The same in mu-law: a telephone line
    Telephone,
    /// A telephone line with noise 20 dB under the speech
    Noise20,
    /// A telephone line with noise 15 dB under the speech
    Noise15,
    /// A telephone line with noise 10 dB under the speech
    Noise10,
    /// A telephone line that loses 1 % of its packets
    Loss1,
    /// A telephone line that loses 3 % of its packets
    Loss3,
    /// A telephone line that loses 5 % of its packets
    Loss5,
    /// All of these
    All,
}

impl LineKind {
    /// The kinds that are meant by `named`, each once, in the order of the rows.
    pub fn meant(named: &[Self]) -> Vec<Self> {
        let mut kinds = Vec::new();
        for kind in named {
            let more: &[Self] = match kind {
                Self::All => &[
                    Self::Full,
                    Self::Narrow,
                    Self::Telephone,
                    Self::Noise20,
                    Self::Noise15,
                    Self::Noise10,
                    Self::Loss1,
                    Self::Loss3,
                    Self::Loss5,
                ],
                one => std::slice::from_ref(one),
            };
            for kind in more {
                if !kinds.contains(kind) {
                    kinds.push(*kind);
                }
            }
        }
        kinds
    }

    /// Its name in a table.
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Noise under the speech, dB.
    fn noise_db(self) -> Option<f64> {
        match self {
            Self::Noise20 => Some(20.0),
            Self::Noise15 => Some(15.0),
            Self::Noise10 => Some(10.0),
            _ => None,
        }
    }

    /// Share of the packets that are lost.
    fn loss(self) -> f64 {
        match self {
            Self::Loss1 => 0.01,
            Self::Loss3 => 0.03,
            Self::Loss5 => 0.05,
            _ => 0.0,
        }
    }

    /// Hands every feature frame of the clip at `path` to `sink`, as this line brings it.
    ///
    /// # Errors
    /// The clip cannot be opened, decoded or read, or its rate cannot be analysed.
    pub fn hear(self, path: &Path, mut sink: impl FnMut(&FeatureFrame)) -> Result<(), ShellError> {
        let (rate, clip) = whole(path)?;
        if self == Self::Full {
            let mut stream = FeatureStream::new(rate)?;
            stream.push(PcmBlock::Samples(&clip), |frame| sink(&frame));
            stream.finish(|frame| sink(&frame));
            return Ok(());
        }
        let mut chance = draws_of(path);
        let mut sound = Vec::new();
        let mut line = Line::new(rate)?;
        line.push(&clip, &mut sound);
        line.finish(&mut sound);
        if let Some(db) = self.noise_db() {
            add_noise(&mut sound, db, &mut chance)?;
        }
        if self != Self::Narrow {
            super::line::code(&mut sound);
        }
        let mut stream = FeatureStream::new(LINE_RATE)?;
        for packet in sound.chunks(PACKET) {
            let block = if chance.share() < self.loss() {
                let samples = packet.len() as u32;
                PcmBlock::Gap { samples }
            } else {
                PcmBlock::Samples(packet)
            };
            stream.push(block, |frame| sink(&frame));
        }
        stream.finish(|frame| sink(&frame));
        Ok(())
    }
}

/// The rate and all samples of a clip, the mean of its channels.
fn whole(path: &Path) -> Result<(u32, Vec<f32>), ShellError> {
    let (mut source, splitter) = Hearing::default().open(path)?;
    let (mut all, mut block, mut caller, mut agent) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    while source.next_block(&mut block)? {
        splitter.split(&block, &mut caller, &mut agent);
        all.extend_from_slice(&caller);
    }
    Ok((source.rate(), all))
}

/// White noise in the telephone band, `db` under the level of the speech.
fn add_noise(sound: &mut [f32], db: f64, chance: &mut SplitMix) -> Result<(), ShellError> {
    let white: Vec<f32> = sound.iter().map(|_| chance.normal() as f32).collect();
    let mut noise = Vec::new();
    Line::new(LINE_RATE)?.push(&white, &mut noise);
    let power = noise.iter().map(|x| f64::from(x * x)).sum::<f64>() / noise.len().max(1) as f64;
    let gain = (speech_power(sound) / power.max(1e-12) * 10f64.powf(-db / 10.0)).sqrt();
    for (sample, noise) in sound.iter_mut().zip(&noise) {
        *sample += gain as f32 * noise;
    }
    Ok(())
}

/// The mean power of the packets that are no pauses; 0 where there is no sound.
fn speech_power(sound: &[f32]) -> f64 {
    let power =
        |packet: &[f32]| packet.iter().map(|x| f64::from(x * x)).sum::<f64>() / packet.len() as f64;
    let powers: Vec<f64> = sound.chunks(PACKET).map(power).collect();
    let least = powers.iter().fold(0.0, |a: f64, b| a.max(*b)) * 10f64.powf(-PAUSE_DB / 10.0);
    let loud: Vec<f64> = powers.into_iter().filter(|it| *it >= least).collect();
    loud.iter().sum::<f64>() / loud.len().max(1) as f64
}

/// Draws that depend on the file's name alone, wherever it lies.
fn draws_of(path: &Path) -> SplitMix {
    let mut hasher = DefaultHasher::new();
    path.file_name().hash(&mut hasher);
    SplitMix(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_every_line_once() {
        let all = LineKind::meant(&[LineKind::Telephone, LineKind::All]);
        assert_eq!(all.len(), 9);
        assert_eq!((all[0], all[1]), (LineKind::Telephone, LineKind::Full));
        assert_eq!(LineKind::Noise20.name(), "noise20");
    }

    #[test]
    fn noise_lies_as_far_under_the_speech_as_asked() {
        // One second of a tone, one of silence: the pause does not count.
        let tone = |n: usize| {
            if n < 8_000 {
                (n as f32 * 0.7).sin() * 0.3
            } else {
                0.0
            }
        };
        let clean: Vec<f32> = (0..16_000).map(tone).collect();
        let mut noisy = clean.clone();
        add_noise(&mut noisy, 20.0, &mut SplitMix(1)).unwrap();
        let noise: Vec<f32> = noisy.iter().zip(&clean).map(|(a, b)| a - b).collect();
        let power = |x: &[f32]| x.iter().map(|x| f64::from(x * x)).sum::<f64>() / x.len() as f64;
        let snr = 10.0 * (power(&clean[..8_000]) / power(&noise)).log10();
        assert!((snr - 20.0).abs() < 0.1, "{snr}");
    }

    #[test]
    fn the_draws_of_a_file_are_those_of_its_name() {
        let first = |path: &str| draws_of(Path::new(path)).share();
        assert_eq!(first("a/x.wav"), first("b/x.wav"));
        assert_ne!(first("a/x.wav"), first("a/y.wav"));
    }
}
