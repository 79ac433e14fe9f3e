//! Windows that are read in one batch, of one call or of several.

use super::{AffectModel, FeatureWindow, ModelCard, Reading};
use crate::error::ModelFault;
use arrayvec::ArrayVec;
use ndarray::{Array2, Array3, ArrayViewMut1, ArrayViewMut2, Axis};

/// The most windows that a batch may hold.
pub const MOST_WINDOWS: usize = 32;

/// Room for a batch of windows and for what is read of them. Allocates only when built.
pub struct Windows {
    /// `[windows, steps, channels]`.
    x: Array3<f32>,
    /// `[windows, steps]`.
    mask: Array2<f32>,
    readings: ArrayVec<Reading, MOST_WINDOWS>,
    taken: usize,
}

impl Windows {
    /// Room for `most` windows of the geometry of `card`; at most [`MOST_WINDOWS`].
    pub fn new(card: &ModelCard, most: usize) -> Self {
        let (steps, channels) = card.window_shape();
        let most = most.min(MOST_WINDOWS);
        Self {
            x: Array3::zeros((most, steps, channels)),
            mask: Array2::zeros((most, steps)),
            readings: ArrayVec::new(),
            taken: 0,
        }
    }

    /// Windows that wait to be read.
    pub fn len(&self) -> usize {
        self.taken
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.taken == 0
    }

    /// Windows that still find room.
    pub fn room(&self) -> usize {
        self.mask.nrows() - self.taken
    }

    /// The place of the next window, `[steps, channels]` and `[steps]`; `None` where all are taken.
    pub fn place(&mut self) -> Option<(ArrayViewMut2<'_, f32>, ArrayViewMut1<'_, f32>)> {
        if self.room() == 0 {
            return None;
        }
        let at = self.taken;
        self.taken += 1;
        let place = Axis(0);
        Some((
            self.x.index_axis_mut(place, at),
            self.mask.index_axis_mut(place, at),
        ))
    }

    /// Reads all windows that wait, and makes room. One reading a window, in their order.
    ///
    /// # Errors
    /// As [`AffectModel::infer`]; the windows are gone then too.
    pub fn read(&mut self, model: &mut dyn AffectModel) -> Result<&[Reading], ModelFault> {
        let taken = std::mem::take(&mut self.taken);
        if taken == 0 {
            return Ok(&[]);
        }
        self.readings
            .extend((self.readings.len()..taken).map(|_| Reading::default()));
        let windows = self.x.outer_iter().zip(self.mask.outer_iter()).take(taken);
        let windows: ArrayVec<_, MOST_WINDOWS> =
            windows.map(|(x, mask)| FeatureWindow { x, mask }).collect();
        let readings = &mut self.readings[..taken];
        model.infer(&windows, readings)?;
        Ok(readings)
    }
}
