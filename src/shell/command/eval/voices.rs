//! What was heard of one speaker, and the figures of many: each with its interval over speakers.

use super::bootstrap::interval;
use super::manifest::Clip;
use super::ranking::auc;
use super::utterance_score::{Caller, d_prime};
use super::windows::Heard;

/// Emotions of who is calm.
pub const CALM: [&str; 3] = ["neutral", "calm", "boredom"];

/// A clip, and what was heard in it.
pub type Tested<'a> = (&'a Clip, Heard);

/// A figure, and its 95 % interval.
pub type Figure = (Option<f64>, Option<(f64, f64)>);

/// The anger logits of one speaker's clips, by what they are.
#[derive(Debug, Default)]
pub struct Voice {
    anger: Vec<f64>,
    calm: Vec<f64>,
    /// All that is not anger, calm clips among it.
    rest: Vec<f64>,
}

/// The clips of each speaker.
pub fn by_speaker<'a, 't>(tested: &'t [Tested<'a>]) -> Vec<Vec<&'t Tested<'a>>> {
    let mut sorted: Vec<&Tested> = tested.iter().collect();
    sorted.sort_by(|a, b| a.0.speaker.cmp(&b.0.speaker));
    let parts = sorted.chunk_by(|a, b| a.0.speaker == b.0.speaker);
    parts.map(<[_]>::to_vec).collect()
}

impl Voice {
    /// All voices of a test.
    pub fn all(tested: &[Tested]) -> Vec<Self> {
        by_speaker(tested).iter().map(|own| Self::of(own)).collect()
    }

    fn of(own: &[&Tested]) -> Self {
        let mut voice = Self::default();
        for (clip, heard) in own {
            if clip.emotion == "anger" {
                voice.anger.push(heard.anger);
                continue;
            }
            voice.rest.push(heard.anger);
            if CALM.contains(&clip.emotion.as_str()) {
                voice.calm.push(heard.anger);
            }
        }
        voice
    }
}

fn together(voices: &[&Voice], part: fn(&Voice) -> &Vec<f64>) -> Vec<f64> {
    voices.iter().flat_map(|it| part(it)).copied().collect()
}

/// The AUC of anger against calm.
pub fn against_calm(voices: &[Voice]) -> Figure {
    figure(voices, |drawn| {
        auc(
            &together(drawn, |it| &it.anger),
            &together(drawn, |it| &it.calm),
        )
    })
}

/// The AUC of anger against all else.
pub fn against_rest(voices: &[Voice]) -> Figure {
    figure(voices, |drawn| {
        auc(
            &together(drawn, |it| &it.anger),
            &together(drawn, |it| &it.rest),
        )
    })
}

/// d′ of callers' (angry, calm) logits.
pub fn distance(callers: &[Caller]) -> Figure {
    figure(callers, d_prime)
}

fn figure<S>(speakers: &[S], of: impl Fn(&[&S]) -> Option<f64>) -> Figure {
    let all: Vec<&S> = speakers.iter().collect();
    (of(&all), interval(speakers, of))
}
