//! Pitches over the range of the pitch tracker.
//!
//! Its search ends at 500 Hz; a scream lies at 500 to 2000 Hz. There the autocorrelation, which
//! the tracker has computed anyway, peaks at lags under 2 ms, and since a period's multiples are
//! periods too, the peak at the first is as high as any later one. The ringing of a formant also
//! peaks early, but lower than the period of the voice that excites it.

const HIGHEST_HZ: f32 = 2_000.0;
const LOWEST_HZ: f32 = 500.0;
/// Share of periodic power.
const HEIGHT: f32 = 0.6;
/// Share of the best later peak.
const OF_BEST: f32 = 0.9;

/// The pitch in 500..2000 Hz, or 0 where there is none; from an autocorrelation that is 1 at lag 0
/// and compensated for its window.
pub fn high_pitch(lags: &[f32], rate: u32) -> f32 {
    let (first, last) = (
        (rate as f32 / HIGHEST_HZ) as usize,
        (rate as f32 / LOWEST_HZ) as usize,
    );
    let peak = (first..=last)
        .filter(|&lag| lags[lag] > lags[lag - 1] && lags[lag] >= lags[lag + 1])
        .fold(None, |best: Option<usize>, lag| match best {
            Some(best) if lags[best] >= lags[lag] => Some(best),
            _ => Some(lag),
        });
    let Some(lag) = peak else { return 0.0 };
    let (left, here, right) = (lags[lag - 1], lags[lag], lags[lag + 1]);
    // The vertex of a parabola through the peak and its neighbours. The peak is above one of
    // them, so the curve is not 0.
    let shift = (right - left) / (2.0 * (2.0 * here - left - right));
    let height = here + 0.25 * (right - left) * shift;
    let best = lags[last..].iter().copied().fold(0.0, f32::max);
    if height > HEIGHT && height > OF_BEST * best {
        rate as f32 / (lag as f32 + shift)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The autocorrelation of harmonics of `f0` with these powers, in closed form.
    fn lags(f0: f32, powers: &[f32], rate: u32) -> Vec<f32> {
        let total: f32 = powers.iter().sum();
        let at = |lag: usize| {
            let turn = std::f32::consts::TAU * f0 * lag as f32 / rate as f32;
            let sum = |(h, power): (usize, &f32)| power * (turn * (h + 1) as f32).cos();
            powers.iter().enumerate().map(sum).sum::<f32>() / total
        };
        (0..=rate as usize / 60).map(at).collect()
    }

    #[test]
    fn a_high_voice_has_its_pitch_and_a_loud_formant_is_none() {
        for rate in [8_000, 16_000] {
            for f0 in [620.0, 900.0, 1_300.0] {
                let found = high_pitch(&lags(f0, &[1.0, 0.3], rate), rate);
                assert!((found / f0 - 1.0).abs() < 0.06, "{found} for {f0}");
            }
            // The third harmonic of 250 Hz in a formant: a peak of 0.68 at 750 Hz.
            let formant = lags(250.0, &[0.09, 0.09, 1.0, 0.09], rate);
            assert_eq!(high_pitch(&formant, rate), 0.0);
        }
    }
}
