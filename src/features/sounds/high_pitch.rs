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
