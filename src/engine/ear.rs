//! From the caller's frames to readings, points, markers and decisions.

use super::call::Call;
use super::{Event, LineChange};
use crate::config::EngineConfig;
use crate::error::{BuildError, PushError};
use crate::features::{FeatureFrame, Occupant};
use crate::model::{Affect, AffectModel, Baseline, Context, ModelCard, Reading};
use crate::trajectory::{MarkerDetector, Trajectory, Voice};
use crate::units::StreamTime;

/// All that happens after the features.
pub struct Ear {
    context: Context,
    pub(super) baseline: Baseline,
    pub(super) trajectory: Trajectory,
    pub(super) markers: MarkerDetector,
    population: Vec<f32>,
    occupant: Occupant,
    pub(super) told: Occupant,
    readings: [Reading; 2],
    interval: u32,
    frames: u32,
    kept: usize,
    step_s: f64,
}

impl Ear {
    pub fn new(config: &EngineConfig, card: &ModelCard) -> Result<Self, BuildError> {
        Ok(Self {
            context: Context::new(card)?,
            baseline: Baseline::new(card),
            trajectory: Trajectory::new(
                config.trajectory,
                config.evidence,
                card.calls.calm_log_odds,
            ),
            markers: MarkerDetector::new(),
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

    /// How the caller's voice stands against its own habits.
    pub fn voice(&self) -> &Voice {
        self.trajectory.voice()
    }

    pub fn frame(
        &mut self,
        frame: &FeatureFrame,
        model: &mut dyn AffectModel,
        call: &mut Call,
    ) -> Result<(), PushError> {
        self.line(frame, call);
        if self.occupant.abstains() {
            call.turns.caller(false);
            call.tally.withheld(frame);
            return Ok(());
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
            return Ok(());
        }
        self.frames = 0;
        // A reading needs new speech: half of the interval at least.
        let fresh = self.context.kept() - self.kept;
        if fresh * 4 < self.interval as usize || !self.context.ready() || !heard {
            return Ok(());
        }
        self.kept = self.context.kept();
        self.read(frame.at, fresh as f64 * self.step_s, model, call)
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

    fn read(
        &mut self,
        at: StreamTime,
        speech_s: f64,
        model: &mut dyn AffectModel,
        call: &mut Call,
    ) -> Result<(), PushError> {
        // Against the population and against the caller's own baseline, in one batch. Once the
        // baseline stands nothing is learnt, and the population's reading is not needed.
        let learning = !self.baseline.complete();
        let baselines = [self.population.as_slice(), self.baseline.mean()];
        let batch = if learning { 0..2 } else { 1..2 };
        let windows = self.context.windows(&baselines[batch.clone()]);
        model.infer(&windows, &mut self.readings[batch])?;
        drop(windows);
        let [population, own] = &self.readings;
        let calm = if call.decision.suspects() {
            0.0
        } else {
            self.trajectory
                .calm(if learning { population } else { own })
        };
        if learning {
            self.context.enrol(&mut self.baseline, calm as f32);
        }
        let population = learning.then_some(population);
        let (mut point, state) = self.trajectory.reading(at, own, population, calm, speech_s);
        let reading = own.clone();
        let escalation = call.decision.reading(&state, self.trajectory.voice());
        point.evidence = call.decision.evidence();
        call.emit(Event::Affect(Affect { at, reading }));
        call.point(point);
        if let Some(escalation) = escalation {
            call.escalated(escalation);
        }
        Ok(())
    }
}
