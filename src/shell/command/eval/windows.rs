//! Steps of speech read by the model, as the engine reads them: windows of one caller, whose mean
//! is what was heard.

use crate::error::BuildError;
use crate::features::FeatureFrame;
use crate::model::{Baseline, Context, ModelCard, Reading, Windows};
use crate::shell::error::ShellError;
use crate::shell::weights::BoxedModel;

/// Steps between two windows: half a second of speech.
const HOP_STEPS: usize = 25;

/// The two frames of a step that holds speech.
pub type Step = [FeatureFrame; 2];

/// The mean of the windows of a piece of speech. Logits, but for the confidence.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    pub arousal: f64,
    pub anger: f64,
    pub distress: f64,
    pub confidence: f64,
    /// Logarithms of the class probabilities.
    pub classes: Vec<f64>,
}

/// Pairs frames as they come and keeps the steps that the model would keep.
#[derive(Default)]
pub struct Steps {
    first: Option<FeatureFrame>,
    pub kept: Vec<Step>,
}

impl Steps {
    pub fn push(&mut self, frame: &FeatureFrame) {
        let Some(first) = self.first.take() else {
            self.first = Some(*frame);
            return;
        };
        let step = [first, *frame];
        if step.iter().any(|it| it.speech) && !step.iter().any(|it| it.lost) {
            self.kept.push(step);
        }
    }
}

/// A model and the card that it was loaded with.
pub struct Reader {
    pub model: BoxedModel,
    pub card: ModelCard,
}

impl Reader {
    /// A caller's baseline after `clips`; the population's with none.
    ///
    /// # Errors
    /// The card names a feature that the table does not have.
    pub fn baseline(&self, clips: &[&[Step]]) -> Result<Vec<f32>, BuildError> {
        let mut baseline = Baseline::new(&self.card);
        let mut context = Context::new(&self.card)?;
        for (number, step) in clips.iter().copied().flatten().enumerate() {
            step.iter().for_each(|frame| context.push(frame));
            // The ring of steps must not run over what was not learnt.
            if number % HOP_STEPS == 0 {
                context.enrol(&mut baseline, 1.0);
            }
        }
        context.enrol(&mut baseline, 1.0);
        Ok(baseline.mean().to_vec())
    }

    /// What is heard in `steps` against `baseline`; none with too little speech.
    ///
    /// # Errors
    /// The model's card or the model itself.
    pub fn read<'a>(
        &mut self,
        steps: impl ExactSizeIterator<Item = &'a Step>,
        baseline: &[f32],
    ) -> Result<Option<Heard>, ShellError> {
        let (window, least) = (self.card.rates.window_steps, self.card.rates.min_steps);
        let total = steps.len();
        if total < least {
            return Ok(None);
        }
        let mut context = Context::new(&self.card).map_err(ShellError::Model)?;
        let (mut sum, mut count) = (Heard::default(), 0.0);
        let mut next = total.min(window);
        let mut windows = Windows::new(&self.card, 1);
        for step in steps {
            step.iter().for_each(|frame| context.push(frame));
            if context.kept() != next {
                continue;
            }
            next += HOP_STEPS;
            if let Some((x, mask)) = windows.place() {
                context.write(baseline, x, mask);
            }
            let failed = |fault: crate::error::ModelFault| {
                ShellError::Model(BuildError::file(&self.card.name, fault.to_string()))
            };
            for reading in windows.read(self.model.as_mut()).map_err(failed)? {
                sum.add(reading);
                count += 1.0;
            }
        }
        Ok(Some(sum.divided(count)))
    }
}

impl Heard {
    fn add(&mut self, reading: &Reading) {
        self.arousal += logit(reading.arousal);
        self.anger += logit(reading.anger);
        self.distress += logit(reading.distress);
        self.confidence += f64::from(reading.confidence);
        self.classes.resize(reading.classes.len(), 0.0);
        for (sum, class) in self.classes.iter_mut().zip(&reading.classes) {
            *sum += f64::from(*class).max(1e-9).ln();
        }
    }

    fn divided(mut self, count: f64) -> Self {
        let values = [
            &mut self.arousal,
            &mut self.anger,
            &mut self.distress,
            &mut self.confidence,
        ];
        for value in values.into_iter().chain(&mut self.classes) {
            *value /= count;
        }
        self
    }
}

fn logit(probability: f32) -> f64 {
    let p = f64::from(probability).clamp(1e-7, 1.0 - 1e-7);
    (p / (1.0 - p)).ln()
}

/// The probability of a logit.
pub fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}
