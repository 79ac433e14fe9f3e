//! Captured sound through one engine, as it comes.

use crate::audio::PcmBlock;
use crate::config::EngineConfig;
use crate::engine::{Engine, Event, MAX_BLOCK_S, Summary};
use crate::error::PushError;
use crate::model::AffectModel;
use crate::shell::capture::{Captured, Receiver};
use crate::shell::channel::{Channel, Splitter};
use crate::shell::error::ShellError;
use crate::shell::runner::survived;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Half a hop: a queue that was found empty is looked at again after this.
const NAP: Duration = Duration::from_millis(5);
/// A device that gives nothing for so long gives nothing at all.
const STALL: Duration = Duration::from_secs(5);

/// Why the sound ended.
#[derive(Debug)]
pub enum End {
    /// As it was asked to.
    Asked,
    /// The device gave nothing for five seconds.
    Stalled,
    /// The device said that it failed.
    Failed(ShellError),
}

/// What the world says while sound is heard.
#[derive(Debug)]
pub enum Word {
    /// Nothing new.
    GoOn,
    /// That is enough.
    Stop,
    /// The device failed.
    Fail(ShellError),
}

/// How live sound is heard.
#[derive(Clone, Copy, Debug)]
pub struct Live {
    /// Frames per second.
    pub rate: u32,
    /// Which channel carries the caller.
    pub channel: Channel,
    /// Frames after which to stop; none without end.
    pub frames: Option<u64>,
}

/// Hears `sound` until it ends. `word` is asked before each block; events go to `sink`.
///
/// # Errors
/// The channel or the rate does not fit, or `sink` fails. A device that fails is no error here: the
/// call until then is worth its summary, and [`End`] says what happened.
pub fn follow(
    sound: &mut Receiver,
    live: Live,
    config: &EngineConfig,
    model: &mut dyn AffectModel,
    word: &mut dyn FnMut() -> Word,
    sink: &mut dyn FnMut(&Event) -> Result<(), ShellError>,
) -> Result<(Summary, End), ShellError> {
    let channels = usize::from(sound.channels());
    let splitter = Splitter::new(live.channel, sound.channels())?;
    let mut engine = Engine::new(config, live.rate, model.card())?;
    let with_agent = live.channel == Channel::Both;
    if with_agent {
        engine.attach_agent()?;
    }
    let mut call = Call {
        engine,
        model,
        sink,
        faults: 0,
        with_agent,
    };
    let (mut caller, mut agent) = (Vec::new(), Vec::new());
    let mut left = live.frames.unwrap_or(u64::MAX);
    let mut lost = 0;
    let mut heard_at = Instant::now();
    let end = loop {
        if left == 0 {
            break End::Asked;
        }
        match word() {
            Word::GoOn => {}
            Word::Stop => break End::Asked,
            Word::Fail(error) => break End::Failed(error),
        }
        match sound.poll() {
            Captured::Waiting if heard_at.elapsed() > STALL => break End::Stalled,
            Captured::Waiting => {
                sleep(NAP);
                continue;
            }
            Captured::Ended => break End::Asked,
            Captured::Samples(samples) => {
                let frames = left.min((samples.len() / channels) as u64);
                left -= frames;
                splitter.split(
                    &samples[..frames as usize * channels],
                    &mut caller,
                    &mut agent,
                );
                call.hear(PcmBlock::Samples(&caller), PcmBlock::Samples(&agent))?;
            }
            Captured::Gap { frames } => {
                let frames = left.min(frames.into());
                left -= frames;
                lost += frames;
                call.miss(frames, live.rate * MAX_BLOCK_S)?;
            }
        }
        heard_at = Instant::now();
    };
    let mut summary = call.finish()?;
    if lost > 0 {
        summary.notes.push(format!(
            "{lost} samples came faster than they could be heard, and are missing; --buffer gives them more room"
        ));
    }
    Ok((summary, end))
}

/// One engine with all that its events go through.
struct Call<'a> {
    engine: Engine,
    model: &'a mut dyn AffectModel,
    sink: &'a mut dyn FnMut(&Event) -> Result<(), ShellError>,
    faults: u32,
    with_agent: bool,
}

impl Call<'_> {
    fn hear(&mut self, caller: PcmBlock<'_>, agent: PcmBlock<'_>) -> Result<(), ShellError> {
        // The agent first: who was silent while the caller spoke is known when it counts.
        if self.with_agent {
            self.engine.push_agent(agent)?;
        }
        let pushed = self.engine.push(caller, self.model);
        self.tell(pushed)
    }

    /// Missing frames, in blocks of `most`.
    fn miss(&mut self, mut frames: u64, most: u32) -> Result<(), ShellError> {
        while frames > 0 {
            let samples = frames.min(most.into()) as u32;
            let gap = PcmBlock::Gap { samples };
            self.hear(gap, gap)?;
            frames -= u64::from(samples);
        }
        Ok(())
    }

    fn tell(&mut self, pushed: Result<(), PushError>) -> Result<(), ShellError> {
        self.faults += survived(pushed)?;
        while let Some(event) = self.engine.poll() {
            (self.sink)(&event)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Summary, ShellError> {
        let pushed = self.engine.finish(self.model);
        self.tell(pushed)?;
        let mut summary = self.engine.summary();
        if self.faults > 0 {
            let faults = self.faults;
            let note = format!("the model failed in {faults} blocks; their readings are missing");
            summary.notes.push(note);
        }
        Ok(summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AFFECT_OPEN, ModelCard, Reading, SilentModel};
    use crate::shell::capture::{Sender, queue};

    const RATE: u32 = 8_000;

    fn heard(
        frames: Option<u64>,
        channel: Channel,
        sound: &mut Receiver,
        word: &mut dyn FnMut() -> Word,
    ) -> (Vec<Event>, Summary, End) {
        let live = Live {
            rate: RATE,
            channel,
            frames,
        };
        let mut events = Vec::new();
        let card = ModelCard::parse("affect-open.toml", AFFECT_OPEN.1).unwrap();
        let mut model = SilentModel::new(card, Reading::default());
        let sink = &mut |event: &Event| {
            events.push(event.clone());
            Ok(())
        };
        let config = EngineConfig::default();
        let (summary, end) = follow(sound, live, &config, &mut model, word, sink).unwrap();
        (events, summary, end)
    }

    /// A queue of a second with `frames` pushed into it.
    fn filled(channels: u16, frames: usize) -> (Sender, Receiver) {
        let (mut sender, receiver) = queue(channels, RATE, 1).unwrap();
        sender.push(std::iter::repeat_n(0.1, frames * usize::from(channels)));
        (sender, receiver)
    }

    #[test]
    fn it_stops_by_itself_after_exactly_so_many_frames() {
        let (_sender, mut sound) = filled(2, 8_000);
        let (events, summary, end) =
            heard(Some(4_321), Channel::Both, &mut sound, &mut || Word::GoOn);
        assert!(matches!(end, End::Asked) && events.is_empty());
        assert_eq!(summary.duration_s, 4_321.0 / 8_000.0);
        assert!(summary.notes.is_empty());
    }

    #[test]
    fn an_overflow_is_told_in_blocks_that_the_engine_takes() {
        let (sender, mut sound) = filled(1, 30_000);
        drop(sender);
        let (events, summary, _) = heard(None, Channel::Mix, &mut sound, &mut || Word::GoOn);
        let gaps = events.iter().filter_map(|event| match event {
            Event::Gap { at, samples } => Some((at.seconds(), *samples)),
            _ => None,
        });
        let gaps: Vec<_> = gaps.collect();
        assert_eq!(gaps, [(1.0, 8_000), (2.0, 8_000), (3.0, 6_000)]);
        assert_eq!(summary.duration_s, 3.75);
        assert!(summary.notes[0].starts_with("22000 samples"));
    }

    #[test]
    fn a_device_that_fails_leaves_the_call_until_then() {
        let (_sender, mut sound) = filled(1, 4_800);
        let mut asked = 0;
        let word = &mut || {
            asked += 1;
            match asked {
                // Ten blocks of 10 ms were heard.
                11 => Word::Fail(ShellError::Usage("unplugged".into())),
                _ => Word::GoOn,
            }
        };
        let (_, summary, end) = heard(None, Channel::Mix, &mut sound, word);
        assert!(matches!(end, End::Failed(_)));
        assert_eq!(summary.duration_s, 0.1);
    }
}
