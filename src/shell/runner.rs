//! One input through one engine: samples in, events out.

use crate::audio::PcmBlock;
use crate::config::EngineConfig;
use crate::engine::{Engine, Event, Summary};
use crate::error::PushError;
use crate::features::{FeatureFrame, FeatureStream};
use crate::model::AffectModel;
use crate::shell::channel::{Channel, Splitter};
use crate::shell::error::ShellError;
use crate::shell::plot::Recorder;
use crate::shell::source::Source;
use crate::wire::pcm::Format;
use std::path::Path;

/// How inputs are to be heard.
#[derive(Clone, Debug, Default)]
pub struct Hearing {
    /// Which channel carries the caller; without it the only one, or the mean of all.
    pub channel: Option<Channel>,
    /// Headerless PCM in this format instead of what the input says of itself.
    pub raw: Option<Format>,
}

impl Hearing {
    /// Opens `path`, and fits the choice of channel to it.
    ///
    /// # Errors
    /// See [`Source::open`] and [`Splitter::new`].
    pub fn open(&self, path: &Path) -> Result<(Source, Splitter), ShellError> {
        let source = match self.raw {
            None => Source::open(path)?,
            Some(format) if path == Path::new("-") => Source::raw_stdin(format),
            Some(format) => {
                let opened = std::fs::File::open(path);
                let file = opened.map_err(|source| ShellError::Open {
                    path: path.to_owned(),
                    source,
                })?;
                Source::raw(path, Box::new(file), format)
            }
        };
        let channel = self.channel.unwrap_or(Channel::Mix);
        let splitter = Splitter::new(channel, source.channels())?;
        Ok((source, splitter))
    }
}

/// Hears the whole of `path`. Events go to `sink` as they come; with `draw` also into a picture.
///
/// # Errors
/// The input cannot be opened, decoded or read, the engine refuses it, or `sink` fails.
pub fn analyse(
    path: &Path,
    hearing: &Hearing,
    config: &EngineConfig,
    model: &mut dyn AffectModel,
    draw: bool,
    sink: &mut dyn FnMut(&Event) -> Result<(), ShellError>,
) -> Result<(Summary, Option<Recorder>), ShellError> {
    let (mut source, splitter) = hearing.open(path)?;
    let mut engine = Engine::new(config, source.rate(), model.card())?;
    // The engine keeps its frames to itself; a picture needs them, and pays for its own.
    let mut frames = draw
        .then(|| FeatureStream::new(source.rate()))
        .transpose()?;
    let mut recorder = draw.then(|| Recorder::new(source.rate()));
    let (mut block, mut caller, mut agent) = (Vec::new(), Vec::new(), Vec::new());
    let mut failed = Ok(());
    let mut faults = 0;
    while source.next_block(&mut block)? {
        splitter.split(&block, &mut caller, &mut agent);
        // The agent first: who was silent while the caller spoke is known when it counts.
        if !agent.is_empty() {
            engine.push_agent(PcmBlock::Samples(&agent))?;
        }
        if let (Some(recorder), Some(frames)) = (&mut recorder, &mut frames) {
            recorder.samples(&caller);
            frames.push(PcmBlock::Samples(&caller), |frame| recorder.frame(&frame));
        }
        let fed = engine.feed(&caller, model, |event| {
            tell(&event, &mut failed, recorder.as_mut(), sink);
        });
        faults += survived(fed)?;
        std::mem::replace(&mut failed, Ok(()))?;
    }
    faults += survived(engine.finish(model))?;
    while let Some(event) = engine.poll() {
        tell(&event, &mut failed, recorder.as_mut(), sink);
    }
    if let (Some(recorder), Some(frames)) = (&mut recorder, &mut frames) {
        frames.finish(|frame| recorder.frame(&frame));
    }
    failed?;
    let mut summary = engine.summary();
    summary.notes.extend(notes(&source, faults));
    Ok((summary, recorder))
}

/// A model that fails costs its reading, not the call; everything else ends it.
pub(super) fn survived(pushed: Result<(), PushError>) -> Result<u32, PushError> {
    match pushed {
        Ok(()) => Ok(0),
        Err(PushError::Model(_)) => Ok(1),
        Err(other) => Err(other),
    }
}

/// What a reader of the summary must know about the input.
fn notes(source: &Source, faults: u32) -> Vec<String> {
    let mut notes = Vec::new();
    if source.truncated() {
        notes.push("the input ends before it says it does".to_owned());
    }
    if source.damaged() > 0 {
        notes.push(format!(
            "{} damaged packets were silenced",
            source.damaged()
        ));
    }
    if faults > 0 {
        notes.push(format!(
            "the model failed in {faults} blocks; their readings are missing"
        ));
    }
    notes
}

/// The first failure of the sink stands; what comes after it is not written.
fn tell(
    event: &Event,
    failed: &mut Result<(), ShellError>,
    recorder: Option<&mut Recorder>,
    sink: &mut dyn FnMut(&Event) -> Result<(), ShellError>,
) {
    if let Some(recorder) = recorder {
        recorder.event(event);
    }
    if failed.is_ok() {
        *failed = sink(event);
    }
}

/// Hands every feature frame of `path` to `sink`.
///
/// # Errors
/// The input cannot be opened, decoded or read, its rate cannot be analysed, or `sink` fails.
pub fn features(
    path: &Path,
    hearing: &Hearing,
    sink: &mut dyn FnMut(&FeatureFrame) -> Result<(), ShellError>,
) -> Result<(), ShellError> {
    let (mut source, splitter) = hearing.open(path)?;
    let mut stream = FeatureStream::new(source.rate())?;
    let (mut block, mut caller, mut agent) = (Vec::new(), Vec::new(), Vec::new());
    let mut failed = Ok(());
    let mut keep = |frame: FeatureFrame, failed: &mut Result<(), ShellError>| {
        if failed.is_ok() {
            *failed = sink(&frame);
        }
    };
    while source.next_block(&mut block)? {
        splitter.split(&block, &mut caller, &mut agent);
        stream.push(PcmBlock::Samples(&caller), |frame| keep(frame, &mut failed));
        std::mem::replace(&mut failed, Ok(()))?;
    }
    stream.finish(|frame| keep(frame, &mut failed));
    failed
}
