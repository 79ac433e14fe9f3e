//! Cepstral peak prominence in the telephone band.
//!
//! Hillenbrand, Cleveland & Erickson (1994): harmonics are a ripple in the log spectrum, so a
//! periodic voice has a peak in the cepstrum at its period; its prominence is the height over a
//! straight line through the cepstrum in dB. As in Hillenbrand & Houde (1996) cepstra are averaged
//! over time first. Ours differs in three ways: only 300–3400 Hz is transformed, so that the line's
//! filter is no part of it; the band's edges are tapered; line and peak stand between 2 and 16 ms.

use super::history::History;
use super::spectrum::Transform;
use crate::units::decibels;

const BAND_HZ: (f32, f32) = (300.0, 3_400.0);
/// A window of 64 ms holds four periods of the lowest voice; its bins are 15.625 Hz wide.
const WINDOW_S: f32 = 0.064;
/// Points of the second transform: 256 of 15.625 Hz are 4 kHz, so a bin of it is 0.25 ms.
const CEPSTRUM_LEN: usize = 256;
/// 2 to 16 ms: fundamentals of 500 down to 62.5 Hz.
const FIRST: usize = 8;
const LAST: usize = 64;
const QUEFRENCIES: usize = LAST - FIRST + 1;
/// What lies further under the strongest bin is the line's floor or the window's side lobes.
const RANGE_DB: f32 = 50.0;
/// Share of a new frame in the average: a time constant of 28 ms.
const SHARE: f32 = 0.3;

/// Follows the cepstrum of one caller's voiced sound.
pub struct Cepstrum {
    spectrum: Transform,
    cepstrum: Transform,
    power: Vec<f32>,
    /// First bin of the band, and the band's level in dB, bin by bin.
    first_bin: usize,
    band_db: Vec<f32>,
    raw: Vec<f32>,
    average: [f32; QUEFRENCIES],
    fresh: bool,
}

impl Cepstrum {
    pub fn new(rate: u32) -> Self {
        let window = (rate as f32 * WINDOW_S) as usize;
        let bin = |hz: f32| (hz * WINDOW_S).ceil() as usize;
        let (first_bin, end) = (bin(BAND_HZ.0), bin(BAND_HZ.1));
        Self {
            spectrum: Transform::new(window, window),
            cepstrum: Transform::new(end - first_bin, CEPSTRUM_LEN),
            power: vec![0.0; end],
            first_bin,
            band_db: vec![0.0; end - first_bin],
            raw: vec![0.0; LAST + 1],
            average: [0.0; QUEFRENCIES],
            fresh: true,
        }
    }

    /// The prominence at `centre`, dB; 0 where the frame is unvoiced, which ends the average.
    pub fn prominence_db(&mut self, history: &History, centre: i64, voiced: bool) -> f32 {
        if !voiced {
            self.fresh = true;
            return 0.0;
        }
        let len = self.spectrum.window_len();
        let samples = history.window(centre - len as i64 / 2, len);
        self.spectrum.power(samples, &mut self.power);
        to_db(&self.power[self.first_bin..], &mut self.band_db);
        // The transform takes the mean off and tapers the edges.
        self.cepstrum.power(&self.band_db, &mut self.raw);
        let share = if self.fresh { 1.0 } else { SHARE };
        self.fresh = false;
        for (average, raw) in self.average.iter_mut().zip(&self.raw[FIRST..]) {
            *average += share * (raw - *average);
        }
        prominence(&self.average)
    }
}

/// Decibels of each bin, those far under the strongest raised to [`RANGE_DB`] under it.
fn to_db(power: &[f32], db: &mut [f32]) {
    let strongest = power.iter().copied().fold(1e-20, f32::max);
    let floor = strongest * 10f32.powf(-RANGE_DB / 10.0);
    for (to, power) in db.iter_mut().zip(power) {
        *to = decibels(power.max(floor));
    }
}

/// The highest point over a least-squares line through the cepstrum in dB.
fn prominence(cepstrum: &[f32; QUEFRENCIES]) -> f32 {
    let db = cepstrum.map(|power| decibels(power.max(1e-20)));
    let (mut peak, mut at) = (f32::MIN, 0);
    let (mut sum, mut moment) = (0.0, 0.0);
    let middle = (QUEFRENCIES - 1) as f32 / 2.0;
    for (i, value) in db.iter().enumerate() {
        if *value > peak {
            (peak, at) = (*value, i);
        }
        sum += value;
        moment += value * (i as f32 - middle);
    }
    // Σ (i − middle)² over n equidistant points is n (n² − 1) / 12.
    let n = QUEFRENCIES as f32;
    let slope = moment / (n * (n * n - 1.0) / 12.0);
    let line = sum / n + slope * (at as f32 - middle);
    // The true top lies between the points; the line hardly moves over half a step.
    let top = match (db.get(at.wrapping_sub(1)), db.get(at + 1)) {
        (Some(left), Some(right)) if 2.0 * peak - left - right > 0.0 => {
            peak + (right - left).powi(2) / (8.0 * (2.0 * peak - left - right))
        }
        _ => peak,
    };
    top - line
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    fn random(seed: &mut u32) -> f32 {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*seed >> 8) as f32 / (1 << 24) as f32 - 0.5
    }

    /// Mean prominence over a second of harmonics and noise.
    fn read(rate: u32, f0: f32, harmonic: f32, noise: f32) -> f32 {
        let mut seed = 1;
        let mut history = History::new(rate as usize / 5);
        let mut cepstrum = Cepstrum::new(rate);
        let hop = rate as usize / 100;
        let (mut sum, mut count) = (0.0, 0.0f32);
        for i in 0..120 {
            let samples: Vec<f32> = (i * hop..(i + 1) * hop)
                .map(|n| {
                    let phase = TAU * f0 * n as f32 / rate as f32;
                    let top = (3_800.0 / f0) as u32;
                    let voice: f32 = (1..=top)
                        .map(|h| (h as f32 * (phase + h as f32)).sin())
                        .sum();
                    harmonic * voice + noise * random(&mut seed)
                })
                .collect();
            history.push(&samples);
            if i >= 20 {
                let centre = ((i + 1) * hop) as i64 - rate as i64 / 25;
                sum += cepstrum.prominence_db(&history, centre, true);
                count += 1.0;
            }
        }
        sum / count
    }

    #[test]
    fn a_peak_over_a_sloping_line_is_read_to_a_hundredth() {
        let mut cepstrum = [0.0; QUEFRENCIES];
        for (i, power) in cepstrum.iter_mut().enumerate() {
            *power = 10f32.powf((30.0 - 0.2 * i as f32) / 10.0);
        }
        assert!(prominence(&cepstrum).abs() < 0.01);
        // One point 20 dB high lifts the line under itself by 20/n (1 + 12 d²/(n²−1)), d from the middle.
        cepstrum[28] *= 100.0;
        let truth = 20.0 * (1.0 - 1.0 / QUEFRENCIES as f32);
        // The vertex of a parabola with equal neighbours is the point itself.
        assert!((prominence(&cepstrum) - truth).abs() < 0.01);
    }

    #[test]
    fn a_ripple_of_the_log_spectrum_has_its_height_at_its_quefrency() {
        let mut cepstrum = Cepstrum::new(8_000);
        // A ripple of ±a dB with period 1/(8 ms) is a line of (a N/4)² at bin 32: the Hann taper
        // sums to N/2, and a cosine has half of it on each side.
        let a = 6.0;
        let n = cepstrum.band_db.len();
        for (i, db) in cepstrum.band_db.iter_mut().enumerate() {
            *db = a * (TAU * 32.0 * i as f32 / CEPSTRUM_LEN as f32).cos();
        }
        cepstrum
            .cepstrum
            .power(&cepstrum.band_db, &mut cepstrum.raw);
        let truth = (a * n as f32 / 4.0).powi(2);
        assert!((cepstrum.raw[32] / truth - 1.0).abs() < 0.01);
    }

    #[test]
    fn voices_stand_out_noise_does_not_and_both_rates_agree() {
        for f0 in [75.0, 110.0, 160.0, 240.0, 350.0] {
            let (narrow, wide) = (read(8_000, f0, 0.01, 1e-4), read(16_000, f0, 0.01, 1e-4));
            assert!(narrow > 18.0, "{f0}: {narrow}");
            assert!((narrow - wide).abs() < 0.2, "{f0}: {narrow} {wide}");
            // Noise of the line lowers it, gain does not move it.
            assert!(read(8_000, f0, 0.01, 0.05) < narrow - 2.0);
            assert!((read(8_000, f0, 0.1, 1e-3) - narrow).abs() < 0.01);
        }
        // |C|² of noise is exponential: its mean in dB lies 2.5 under its mean, and the highest of
        // some 30 independent ones 6 over it. The average over time brings them nearer.
        let noise = read(8_000, 100.0, 0.0, 0.1);
        assert!((4.0..9.0).contains(&noise), "{noise}");
    }
}
