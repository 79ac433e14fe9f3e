//! One input through one engine: samples in, events out.

use crate::audio::PcmBlock;
use crate::config::EngineConfig;
use crate::engine::{Engine, Event, Summary};
use crate::error::PushError;
use crate::features::{FeatureFrame, FeatureStream};
use crate::handoff::{Channel as Conversation, HandoffPayload};
use crate::model::AffectModel;
use crate::shell::channel::{Channel, Splitter};
use crate::shell::error::ShellError;
use crate::shell::plot::Recorder;
use crate::shell::script::Script;
use crate::shell::source::Source;
use crate::wire::pcm::Format;
use sha2::{Digest, Sha256};
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

/// What became of one call.
pub struct Heard {
    /// The call so far, counted.
    pub summary: Summary,
    /// The picture, where one was asked for.
    pub picture: Option<Recorder>,
    /// What a human would see.
    pub handoff: HandoffPayload,
}

/// Hears the whole of `path`, and what `script` tells of it, each message at its time to the
/// sample. Events go to `sink` as they come; with `draw` also into a picture.
///
/// # Errors
/// The input cannot be opened, decoded or read, the engine refuses it, or `sink` fails.
pub fn analyse(
    path: &Path,
    hearing: &Hearing,
    config: &EngineConfig,
    model: &mut dyn AffectModel,
    script: &Script,
    draw: bool,
    sink: &mut dyn FnMut(&Event) -> Result<(), ShellError>,
) -> Result<Heard, ShellError> {
    let (mut source, splitter) = hearing.open(path)?;
    let mut engine = Engine::new(config, source.rate(), model.card())?;
    // The engine keeps its frames to itself; a picture needs them, and pays for its own.
    let mut frames = draw
        .then(|| FeatureStream::new(source.rate()))
        .transpose()?;
    let mut picture = draw.then(|| Recorder::new(source.rate()));
    let (mut block, mut caller, mut agent) = (Vec::new(), Vec::new(), Vec::new());
    let mut fingerprint = Fingerprint::default();
    let mut failed = Ok(());
    let (mut faults, mut fed) = (0, 0u64);
    let mut told = script.by_frame(source.rate()).peekable();
    while source.next_block(&mut block)? {
        splitter.split(&block, &mut caller, &mut agent);
        fingerprint.samples(&caller);
        // The agent first: who was silent while the caller spoke is known when it counts.
        if !agent.is_empty() {
            engine.attach_agent()?;
            engine.push_agent(PcmBlock::Samples(&agent))?;
        }
        if let (Some(picture), Some(frames)) = (&mut picture, &mut frames) {
            picture.samples(&caller);
            frames.push(PcmBlock::Samples(&caller), |frame| picture.frame(&frame));
        }
        let mut rest = caller.as_slice();
        let end = fed + rest.len() as u64;
        loop {
            let message = told.next_if(|(frame, _)| *frame <= end);
            let until = message.map_or(end, |(frame, _)| frame).max(fed);
            let (piece, after) = rest.split_at((until - fed) as usize);
            (rest, fed) = (after, until);
            faults += survived(engine.feed(piece, model, |event| {
                tell(&event, &mut failed, picture.as_mut(), sink);
            }))?;
            let Some((_, message)) = message else { break };
            engine.say(message)?;
            drain(&mut engine, &mut failed, picture.as_mut(), sink);
        }
        std::mem::replace(&mut failed, Ok(()))?;
    }
    // What was told after the recording's end.
    for (_, message) in told {
        engine.say(message)?;
        drain(&mut engine, &mut failed, picture.as_mut(), sink);
    }
    faults += survived(engine.finish(model))?;
    drain(&mut engine, &mut failed, picture.as_mut(), sink);
    if let (Some(picture), Some(frames)) = (&mut picture, &mut frames) {
        frames.finish(|frame| picture.frame(&frame));
    }
    failed?;
    let mut summary = engine.summary();
    summary.heard_sha256 = Some(fingerprint.hex());
    summary.notes.extend(notes(&source, faults));
    Ok(Heard {
        summary,
        picture,
        handoff: engine.handoff(),
    })
}

/// What was heard, as a hash: the same samples have the same one, whatever file held them.
#[derive(Default)]
struct Fingerprint {
    hash: Sha256,
    bytes: Vec<u8>,
}

impl Fingerprint {
    fn samples(&mut self, samples: &[f32]) {
        self.bytes.clear();
        let bytes = samples.iter().flat_map(|sample| sample.to_le_bytes());
        self.bytes.extend(bytes);
        self.hash.update(&self.bytes);
    }

    fn hex(self) -> String {
        let hash = self.hash.finalize();
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A conversation without sound.
///
/// # Errors
/// The engine refuses it, or `sink` fails.
pub fn converse(
    script: &Script,
    conversation: Conversation,
    config: &EngineConfig,
    sink: &mut dyn FnMut(&Event) -> Result<(), ShellError>,
) -> Result<Heard, ShellError> {
    let mut engine = Engine::without_sound(config)?;
    engine.set_channel(conversation);
    let mut failed = Ok(());
    for message in script.messages() {
        engine.say(message)?;
        drain(&mut engine, &mut failed, None, sink);
    }
    failed?;
    Ok(Heard {
        summary: engine.summary(),
        picture: None,
        handoff: engine.handoff(),
    })
}

fn drain(
    engine: &mut Engine,
    failed: &mut Result<(), ShellError>,
    mut picture: Option<&mut Recorder>,
    sink: &mut dyn FnMut(&Event) -> Result<(), ShellError>,
) {
    while let Some(event) = engine.poll() {
        tell(&event, failed, picture.as_deref_mut(), sink);
    }
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
