//! A model without weights, for engines that run on features alone and for tests of the engine.

use super::{AffectModel, FeatureWindow, ModelCard, Reading};
use crate::error::ModelFault;

/// Says the same of every window.
pub struct SilentModel {
    card: ModelCard,
    says: Reading,
}

impl SilentModel {
    /// A model with the geometry of `card` that always gives `says`.
    pub fn new(card: ModelCard, says: Reading) -> Self {
        Self { card, says }
    }

    /// Changes what it says.
    pub fn say(&mut self, says: Reading) {
        self.says = says;
    }
}

impl AffectModel for SilentModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn backend(&self) -> &str {
        "none"
    }

    fn infer(
        &mut self,
        _: &[FeatureWindow<'_>],
        readings: &mut [Reading],
    ) -> Result<(), ModelFault> {
        for reading in readings {
            reading.clone_from(&self.says);
        }
        Ok(())
    }
}
