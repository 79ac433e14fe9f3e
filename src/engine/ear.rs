//! From the caller's frames to readings, points, markers and decisions.

use super::call::Call;
use super::{Event, LineChange};
use crate::config::EngineConfig;
use crate::error::{BuildError, PushError};
use crate::features::{FeatureFrame, Occupant};
use crate::model::{Affect, AffectModel, Baseline, Context, ModelCard, Reading, Windows};
use crate::trajectory::{MarkerDetector, Trajectory, Voice};
use crate::units::StreamTime;
use std::ops::ControlFlow;

/// All that happens after the features.
pub struct Ear {
    context: Context,
    pub(super) baseline: Baseline,
    pub(super) trajectory: Trajectory,
    pub(super) markers: MarkerDetector,
    population: Vec<f32>,
    occupant: Occupant,
    pub(super) told: Occupant,
    /// Where a call of its own has its readings made; none where they come from outside.
    alone: Option<Windows>,
    due: Option<Due>,
    /// How calm the last speech was by what tells it, 0..1: a reading against the population, and
    /// once the baseline stands each one against that.
    calm: f64,
    interval: u32,
    frames: u32,
    kept: usize,
    step_s: f64,
}

/// A reading that is waited for.
#[derive(Clone, Copy)]
struct Due {
    at: StreamTime,
    /// Speech since the reading before, seconds.
    speech_s: f64,
    /// Made against the population too, and what was said since the last such reading is learnt as
    /// far as it is calm. Once for each second of speech is enough, for it costs as much as the
    /// reading itself; once the baseline stands nothing is learnt.
    learning: bool,
}

impl Ear {
    pub fn new(config: &EngineConfig, card: &ModelCard) -> Result<Self, BuildError> {
        Ok(Self {
            context: Context::new(card)?,
            baseline: Baseline::new(card),
            trajectory: Trajectory::new(config.trajectory, config.evidence, card),
            markers: MarkerDetector::new(),
            population: card.input.population_mean.clone(),
            occupant: Occupant::default(),
            told: Occupant::default(),
            alone: None,
            due: None,
            calm: 0.0,
            interval: card.rates.interval_ms / card.rates.hop_ms,
            frames: 0,
            kept: 0,
            step_s: f64::from(card.rates.step_ms) / 1e3,
        })
    }

    /// How the caller's voice stands against its own habits.
    pub fn voice(&self) -> &Voice {
        self.trajectory.voice()
    }

    /// Makes room for readings of this call's own.
    pub fn read_alone(&mut self, card: &ModelCard) {
        self.alone = Some(Windows::new(card, 2));
    }

    /// Whether a reading is waited for.
    pub fn waits(&self) -> bool {
        self.due.is_some()
    }

    /// Takes a frame; breaks off where a reading is due with it.
    pub fn frame(&mut self, frame: &FeatureFrame, call: &mut Call) -> ControlFlow<()> {
        self.line(frame, call);
        if self.occupant.abstains() {
            call.turns.caller(false);
            call.tally.withheld(frame);
            return ControlFlow::Continue(());
        }
        self.context.push(frame);
        self.trajectory.frame(frame);
        call.turns.caller(frame.speech);
        call.tally.frame(frame);
        let heard = self.occupant == Occupant::Voice;
        if let Some(marker) = self.markers.push(frame).filter(|_| heard) {
            call.marker(marker);
        }
        self.frames += 1;
        if self.frames < self.interval {
            return ControlFlow::Continue(());
        }
        self.frames = 0;
        // A reading needs new speech: half of the interval at least.
        let fresh = self.context.kept() - self.kept;
        if fresh * 4 < self.interval as usize || !self.context.ready() || !heard {
            return ControlFlow::Continue(());
        }
        self.due = Some(Due {
            at: frame.at,
            speech_s: fresh as f64 * self.step_s,
            learning: !self.baseline.complete() && self.context.unlearnt_makes_a_reading(),
        });
        ControlFlow::Break(())
    }

    /// Tells a change of the line. What was gathered before something that is no caller may be its
    /// beginning, so it is forgotten.
    fn line(&mut self, frame: &FeatureFrame, call: &mut Call) {
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
            call.emit(Event::Line(LineChange {
                at: frame.at,
                occupant,
                band_hz: frame.line.high_hz,
            }));
        }
    }

    /// Windows that the reading that is due needs.
    pub fn needs(&self) -> usize {
        self.due.map_or(0, |due| if due.learning { 2 } else { 1 })
    }

    /// Writes the windows of the reading that is due; they must find room.
    pub fn write(&self, windows: &mut Windows) {
        let learning = self.due.is_some_and(|due| due.learning);
        let population = learning.then_some(self.population.as_slice());
        for baseline in population.into_iter().chain([self.baseline.mean()]) {
            if let Some((x, mask)) = windows.place() {
                self.context.write(baseline, x, mask);
            }
        }
    }

    /// Makes the reading that is due, and takes it.
    pub fn read(&mut self, model: &mut dyn AffectModel, call: &mut Call) -> Result<(), PushError> {
        let alone = self.alone.take();
        let mut alone = alone.unwrap_or_else(|| Windows::new(model.card(), 2));
        self.write(&mut alone);
        let outcome = match alone.read(model) {
            Ok(readings) => {
                self.taken(readings, call);
                Ok(())
            }
            Err(fault) => {
                self.failed();
                Err(fault.into())
            }
        };
        self.alone = Some(alone);
        outcome
    }

    /// Does without the reading that is due: its speech counts for the next.
    pub fn skip(&mut self) {
        self.due = None;
    }

    /// The reading that is due could not be made, and its speech is passed over.
    pub fn failed(&mut self) {
        if self.due.take().is_some() {
            self.kept = self.context.kept();
        }
    }

    /// Takes the readings of the windows that [`Ear::write`] wrote.
    pub fn taken(&mut self, readings: &[Reading], call: &mut Call) {
        let Some(due) = self.due.take() else { return };
        self.kept = self.context.kept();
        let (tells_calm, own) = match readings {
            [population, own] => (Some(population), own),
            [own] => (self.baseline.complete().then_some(own), own),
            _ => return,
        };
        if let Some(reading) = tells_calm {
            self.calm = self.trajectory.calm(reading);
        }
        let calm = if call.decision.suspects() {
            0.0
        } else {
            self.calm
        };
        if due.learning {
            self.context.enrol(&mut self.baseline, calm as f32);
        }
        let (mut point, state) = self.trajectory.reading(due.at, own, calm, due.speech_s);
        if let Some(turns) = call.turns.turns() {
            call.decision.turns(&turns, due.at);
        }
        let escalation = call.decision.reading(&state, self.trajectory.voice());
        point.evidence = call.decision.evidence();
        let reading = own.clone();
        call.emit(Event::Affect(Affect {
            at: due.at,
            reading,
        }));
        call.point(point);
        if let Some(escalation) = escalation {
            call.escalated(escalation);
        }
    }
}
