//! One call from samples to escalation: the only file that wires the rooms.
//!
//! Sans-IO: [`Engine::push`] samples, [`Engine::poll`] events until none is left. The same
//! samples give the same events, bit for bit, however they are cut into blocks.

use crate::audio::PcmBlock;
use crate::config::EngineConfig;
use crate::decision::{Decision, Escalation};
use crate::dialogue::{AgentReport, Reports, TurnTaking};
use crate::error::{BuildError, PushError};
use crate::features::{FeatureFrame, FeatureStream, Occupant};
use crate::handoff::HandoffPayload;
use crate::model::{Affect, AffectModel, Baseline, Context, ModelCard, Reading};
pub use crate::summary::Summary;
use crate::summary::Tally;
use crate::trajectory::{Marker, MarkerDetector, Point, Trajectory};
use crate::units::StreamTime;
use std::collections::VecDeque;

/// The longest block that [`Engine::push`] takes, seconds.
pub const MAX_BLOCK_S: u32 = 1;
/// Events that a block of [`MAX_BLOCK_S`] can cause: two seconds' worth (a resampler may release
/// a second at once) of affect, point, escalation at ten readings a second, and a marker and a
/// change of the line a frame.
const QUEUE: usize = 2 * (10 * 3 + 100 + 100) + 1;

/// What the engine has to say.
///
/// An escalation carries its evidence inline: a box would be an allocation on the audio path.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A reading of the model.
    Affect(Affect),
    /// The trajectory after it.
    Point(Point),
    /// A marker of distress or confusion.
    Marker(Marker),
    /// A human should take over.
    Escalation(Escalation),
    /// Somebody or something else is on the line.
    Line(LineChange),
    /// Samples that never came.
    Gap {
        /// Where in the stream.
        at: StreamTime,
        /// How many, at the source's rate.
        samples: u32,
    },
}

/// Who or what is on the line from here on. Nothing but a voice is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineChange {
    /// When it was known.
    pub at: StreamTime,
    /// Who or what.
    pub occupant: Occupant,
    /// Upper edge of the caller's band, Hz; 0 while unknown.
    pub band_hz: f32,
}

/// One call. Allocates only when built, and inside the model.
pub struct Engine {
    source_hz: u32,
    received: u64,
    finished: bool,
    features: FeatureStream,
    agent: FeatureStream,
    call: Call,
}

impl Engine {
    /// For a caller's leg at `source_hz`, read by a model with this card.
    ///
    /// # Errors
    /// When the rate, the configuration or the card cannot be served.
    pub fn new(
        config: &EngineConfig,
        source_hz: u32,
        card: &ModelCard,
    ) -> Result<Self, BuildError> {
        config.check("config")?;
        let features = FeatureStream::new(source_hz)?;
        if !card.rates.analysis_hz.contains(&features.rate()) {
            return Err(BuildError::value(
                &card.name,
                "rates.analysis_hz",
                format!("{:?}", card.rates.analysis_hz),
                format!("a list with {}, the rate of this source", features.rate()),
            ));
        }
        Ok(Self {
            source_hz,
            received: 0,
            finished: false,
            agent: FeatureStream::new(source_hz)?,
            call: Call::new(config, card)?,
            features,
        })
    }

    /// Takes the next block of the caller's leg, at most [`MAX_BLOCK_S`] long.
    ///
    /// # Errors
    /// When the block is too long, events wait, or the stream was finished. A failing model is
    /// reported too, but costs its reading alone: the call goes on.
    pub fn push(
        &mut self,
        block: PcmBlock<'_>,
        model: &mut dyn AffectModel,
    ) -> Result<(), PushError> {
        self.ready(block.len())?;
        if let PcmBlock::Gap { samples } = block {
            let at = StreamTime::from_seconds(self.received as f64 / f64::from(self.source_hz));
            self.call.events.push_back(Event::Gap { at, samples });
        }
        self.received += block.len() as u64;
        let mut outcome = Ok(());
        let call = &mut self.call;
        self.features.push(block, |frame| {
            outcome = outcome.and(call.frame(&frame, model))
        });
        outcome
    }

    /// Takes the next block of the agent's leg. Only its activity is heard, for turn-taking.
    ///
    /// # Errors
    /// When the block is too long or the stream was finished.
    pub fn push_agent(&mut self, block: PcmBlock<'_>) -> Result<(), PushError> {
        self.ready(block.len())?;
        let turns = &mut self.call.turns;
        self.agent.push(block, |frame| turns.agent(frame.speech));
        Ok(())
    }

    /// Takes a report of the voice agent.
    ///
    /// # Errors
    /// When events wait or the stream was finished.
    pub fn report(&mut self, report: AgentReport) -> Result<(), PushError> {
        self.ready(0)?;
        let at = StreamTime::from_seconds(self.received as f64 / f64::from(self.source_hz));
        if let Some(trigger) = self.call.reports.take(report) {
            let escalation = self.call.decision.reported(trigger, at);
            self.call.escalated(escalation);
        }
        Ok(())
    }

    /// The next event.
    pub fn poll(&mut self) -> Option<Event> {
        self.call.events.pop_front()
    }

    /// Any number of samples, in pieces: push and poll in one. `sink` takes the events.
    ///
    /// # Errors
    /// As [`Engine::push`]; the first failure of the model is given after all samples were taken.
    pub fn feed(
        &mut self,
        samples: &[f32],
        model: &mut dyn AffectModel,
        mut sink: impl FnMut(Event),
    ) -> Result<(), PushError> {
        let mut outcome = Ok(());
        for block in samples.chunks((self.source_hz * MAX_BLOCK_S) as usize) {
            match self.push(PcmBlock::Samples(block), model) {
                Err(PushError::Model(fault)) => outcome = outcome.and(Err(fault.into())),
                other => other?,
            }
            while let Some(event) = self.poll() {
                sink(event);
            }
        }
        outcome
    }

    /// The end of the stream: what waited for its look-ahead is decided. Poll afterwards.
    ///
    /// # Errors
    /// When events wait, the stream was finished before, or the model fails.
    pub fn finish(&mut self, model: &mut dyn AffectModel) -> Result<(), PushError> {
        self.ready(0)?;
        self.finished = true;
        let mut outcome = Ok(());
        let call = &mut self.call;
        self.features
            .finish(|frame| outcome = outcome.and(call.frame(&frame, model)));
        let turns = &mut self.call.turns;
        self.agent.finish(|frame| turns.agent(frame.speech));
        outcome
    }

    /// The call so far.
    pub fn summary(&self) -> Summary {
        let extractor = self.features.extractor();
        let duration_s = self.received as f64 / f64::from(self.source_hz);
        self.call
            .tally
            .summary(duration_s, extractor, self.call.turns.turns())
    }

    /// What a human would see if the call were handed over now.
    pub fn handoff(&self) -> HandoffPayload {
        HandoffPayload::heard(self.call.escalation.as_ref(), self.call.tally.trajectory())
    }

    fn ready(&self, samples: usize) -> Result<(), PushError> {
        let max = (self.source_hz * MAX_BLOCK_S) as usize;
        if self.finished {
            return Err(PushError::Finished);
        }
        if samples > max {
            return Err(PushError::BlockTooLarge { samples, max });
        }
        match self.call.events.len() {
            0 => Ok(()),
            pending => Err(PushError::NotDrained { pending }),
        }
    }
}

/// All that happens after the features.
struct Call {
    context: Context,
    baseline: Baseline,
    trajectory: Trajectory,
    markers: MarkerDetector,
    turns: TurnTaking,
    reports: Reports,
    decision: Decision,
    tally: Tally,
    escalation: Option<Escalation>,
    events: VecDeque<Event>,
    population: Vec<f32>,
    occupant: Occupant,
    told: Occupant,
    readings: [Reading; 2],
    interval: u32,
    frames: u32,
    kept: usize,
    step_s: f64,
}

impl Call {
    fn new(config: &EngineConfig, card: &ModelCard) -> Result<Self, BuildError> {
        Ok(Self {
            context: Context::new(card)?,
            baseline: Baseline::new(card),
            trajectory: Trajectory::new(config.trajectory),
            markers: MarkerDetector::new(),
            turns: TurnTaking::new(),
            reports: Reports::new(config.reports),
            decision: Decision::new(config.operating_point),
            tally: Tally::new(),
            escalation: None,
            events: VecDeque::with_capacity(QUEUE),
            population: card.input.population_mean.clone(),
            occupant: Occupant::default(),
            told: Occupant::default(),
            readings: Default::default(),
            interval: card.rates.interval_ms / card.rates.hop_ms,
            frames: 0,
            kept: 0,
            step_s: f64::from(card.rates.step_ms) / 1e3,
        })
    }

    fn frame(
        &mut self,
        frame: &FeatureFrame,
        model: &mut dyn AffectModel,
    ) -> Result<(), PushError> {
        self.line(frame);
        if self.occupant.abstains() {
            self.turns.caller(false);
            self.tally.withheld(frame);
            return Ok(());
        }
        self.context.push(frame);
        self.trajectory.frame(frame);
        self.turns.caller(frame.speech);
        self.tally.frame(frame);
        let heard = self.occupant == Occupant::Voice;
        if let Some(marker) = self.markers.push(frame).filter(|_| heard) {
            self.emit(Event::Marker(marker));
        }
        self.frames += 1;
        if self.frames < self.interval {
            return Ok(());
        }
        self.frames = 0;
        // A reading needs new speech: half of the interval at least.
        let fresh = self.context.kept() - self.kept;
        if fresh * 4 < self.interval as usize || !self.context.ready() || !heard {
            return Ok(());
        }
        self.kept = self.context.kept();
        self.read(frame.at, fresh as f64 * self.step_s, model)
    }

    /// Tells a change of the line. What was gathered before something that is no caller may be its
    /// beginning, so it is forgotten.
    fn line(&mut self, frame: &FeatureFrame) {
        let occupant = frame.line.occupant;
        if occupant == self.occupant {
            return;
        }
        self.occupant = occupant;
        if occupant.abstains() {
            self.context.forget();
            self.trajectory.forget();
            self.kept = 0;
        }
        // Silence, and not knowing yet, are no findings.
        let finding = !matches!(occupant, Occupant::Silence | Occupant::Undecided);
        if finding && occupant != self.told {
            self.told = occupant;
            self.emit(Event::Line(LineChange {
                at: frame.at,
                occupant,
                band_hz: frame.line.high_hz,
            }));
        }
    }

    fn read(
        &mut self,
        at: StreamTime,
        speech_s: f64,
        model: &mut dyn AffectModel,
    ) -> Result<(), PushError> {
        // Against the population and against the caller's own baseline, in one batch. Once the
        // baseline stands nothing is learnt, and the population's reading is not needed.
        let learning = !self.baseline.complete();
        let windows = self.context.windows(&self.population, self.baseline.mean());
        let batch = if learning { 0..2 } else { 1..2 };
        model.infer(&windows[batch.clone()], &mut self.readings[batch])?;
        let [population, own] = &self.readings;
        let calm = if self.decision.suspects() {
            0.0
        } else {
            self.trajectory
                .calm(if learning { population } else { own })
        };
        if learning {
            self.context.enrol(&mut self.baseline, calm as f32);
        }
        let (point, state) = self.trajectory.reading(at, own, calm, speech_s);
        self.tally.point(&point);
        let reading = own.clone();
        let escalation = self.decision.reading(&state, self.trajectory.voice());
        self.emit(Event::Affect(Affect { at, reading }));
        self.emit(Event::Point(point));
        if let Some(escalation) = escalation {
            self.escalated(escalation);
        }
        Ok(())
    }

    fn escalated(&mut self, escalation: Escalation) {
        self.tally.escalation();
        self.escalation = Some(escalation.clone());
        self.emit(Event::Escalation(escalation));
    }

    /// The queue holds all that a block can cause, so this never grows it.
    fn emit(&mut self, event: Event) {
        debug_assert!(self.events.len() < QUEUE);
        self.events.push_back(event);
    }
}
