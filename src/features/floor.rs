//! The noise floor of each band: what the line sounds like when nobody speaks.
//!
//! The floor is the minimum of the smoothed band power over the last four seconds (minimum
//! statistics, Martin 2001): it follows a line that gets noisier within seconds and needs no
//! decision about what is noise.

const SUB_WINDOW: u32 = 40;
const SUB_WINDOWS: usize = 10;
/// The minimum of a noise lies under its mean: with 25 ms smoothing by about 2.5 dB.
const MINIMUM_BIAS: f32 = 1.78;
const SMOOTHING: f32 = 0.6;

/// Floors of `BANDS` bands, as mean squares.
pub struct NoiseFloor<const BANDS: usize> {
    smoothed: [f32; BANDS],
    /// Minimum of the sub-window that is being filled.
    current: [f32; BANDS],
    minima: [[f32; BANDS]; SUB_WINDOWS],
    /// Minimum of the sub-windows that are full.
    past: [f32; BANDS],
    frames: u32,
    oldest: usize,
}

impl<const BANDS: usize> NoiseFloor<BANDS> {
    pub fn new() -> Self {
        Self {
            smoothed: [0.0; BANDS],
            current: [f32::INFINITY; BANDS],
            minima: [[f32::INFINITY; BANDS]; SUB_WINDOWS],
            past: [f32::INFINITY; BANDS],
            frames: 0,
            oldest: 0,
        }
    }

    /// The minima of four seconds; 1 where nothing was heard yet.
    pub fn memory(&self) -> [f32; BANDS] {
        std::array::from_fn(|band| self.past[band].min(self.current[band]).min(1.0))
    }

    /// Begins with these minima: a line is as quiet after a break as it was before.
    pub fn recall(&mut self, minima: &[f32; BANDS]) {
        self.minima = [*minima; SUB_WINDOWS];
        self.past = *minima;
    }

    /// Hears 10 ms.
    pub fn push(&mut self, power: &[f32; BANDS]) {
        if self.smoothed[0] == 0.0 {
            self.smoothed = *power;
        }
        for (band, power) in power.iter().enumerate() {
            let smoothed = SMOOTHING * self.smoothed[band] + (1.0 - SMOOTHING) * power;
            self.smoothed[band] = smoothed;
            self.current[band] = self.current[band].min(smoothed);
        }
        self.frames += 1;
        if self.frames == SUB_WINDOW {
            self.frames = 0;
            self.minima[self.oldest] = self.current;
            self.oldest = (self.oldest + 1) % SUB_WINDOWS;
            self.current = self.smoothed;
            for band in 0..BANDS {
                let minima = self.minima.iter().map(|minima| minima[band]);
                self.past[band] = minima.fold(f32::INFINITY, f32::min);
            }
        }
    }

    /// Power of a band, smoothed over 25 ms.
    pub fn smoothed(&self, band: usize) -> f32 {
        self.smoothed[band]
    }

    /// The floor of a band. Before the first sound it is full scale.
    pub fn floor(&self, band: usize) -> f32 {
        MINIMUM_BIAS * self.past[band].min(self.current[band]).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_band_has_the_floor_of_its_own_pauses() {
        let mut floor = NoiseFloor::<2>::new();
        for frame in 0..1_000 {
            let voice = if frame % 100 < 60 { 1e-1 } else { 0.0 };
            floor.push(&[1e-6 + voice, 1e-4 + voice]);
        }
        assert!((floor.floor(0) / (MINIMUM_BIAS * 1e-6) - 1.0).abs() < 0.05);
        assert!((floor.floor(1) / (MINIMUM_BIAS * 1e-4) - 1.0).abs() < 0.05);
    }

    #[test]
    fn a_line_that_gets_noisier_is_followed_within_its_window() {
        let mut floor = NoiseFloor::<1>::new();
        let window = SUB_WINDOW as usize * (SUB_WINDOWS + 1);
        for _ in 0..500 {
            floor.push(&[1e-6]);
        }
        for _ in 0..100 {
            floor.push(&[1e-3]);
        }
        assert!(floor.floor(0) < 1e-5, "a second of noise is no new floor");
        for _ in 0..window - 100 {
            floor.push(&[1e-3]);
        }
        assert!((floor.floor(0) / (MINIMUM_BIAS * 1e-3) - 1.0).abs() < 0.05);
    }
}
