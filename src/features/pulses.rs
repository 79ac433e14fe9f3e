//! Jitter and shimmer: how much one glottal period differs from the next.
//!
//! Marks are set by waveform matching (Boersma & Weenink's "cc" pulses): from one mark the next
//! lies where a period of signal correlates best with the one before, near the period that the
//! pitch path knows. Local jitter is the mean difference of consecutive periods over the mean
//! period; local shimmer the same of their RMS. Lengths that differ by more than a factor of 1.3 are
//! lost track, RMS by more than 1.6 an onset (Praat's defaults). What is older than half a second
//! belongs to another vowel and is forgotten.

use super::history::History;

/// Consecutive pairs of periods that the figures are taken over.
const PAIRS: usize = 20;
/// Pairs needed before there is a figure.
const MIN_PAIRS: usize = 4;
/// How long a pair counts.
const MEMORY_S: f32 = 0.5;
const SEARCH: f32 = 0.12;
const MIN_CORRELATION: f32 = 0.5;
const MAX_RATIO: f32 = 1.3;
const MAX_RMS_RATIO: f32 = 1.6;

/// Follows the periods of one caller.
pub struct Pulses {
    rate: f32,
    mark: Option<f64>,
    previous: Option<Period>,
    pairs: [Pair; PAIRS],
    count: usize,
}

/// How much one period differs from the next.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Perturbation {
    /// Local jitter, ratio.
    pub jitter: f32,
    /// Local shimmer, ratio.
    pub shimmer: f32,
    /// Local shimmer, dB: mean of |20 log10| of the ratio of neighbours.
    pub shimmer_db: f32,
    /// Pairs of periods behind jitter.
    pub jitter_pairs: usize,
    /// Pairs behind shimmer: those at an onset are left out.
    pub shimmer_pairs: usize,
}

#[derive(Clone, Copy)]
struct Period {
    end: f64,
    length: f32,
    rms: f32,
}

/// An RMS of 0 says that the loudness of the two cannot be compared.
#[derive(Clone, Copy, Default)]
struct Pair {
    end: f64,
    length: f32,
    length_change: f32,
    rms: f32,
    rms_change: f32,
    rms_change_db: f32,
}

impl Pulses {
    pub fn new(rate: u32) -> Self {
        Self {
            rate: rate as f32,
            mark: None,
            previous: None,
            pairs: [Pair::default(); PAIRS],
            count: 0,
        }
    }

    /// Follows the periods up to sample `until`, in a voice of `f0_hz`; 0 is unvoiced.
    pub fn follow(&mut self, history: &History, centre: i64, until: i64, f0_hz: f32) {
        if f0_hz <= 0.0 {
            (self.mark, self.previous) = (None, None);
            return;
        }
        let period = self.rate / f0_hz;
        let oldest = centre - 2 * period as i64;
        let mut mark = match self.mark {
            Some(mark) if mark >= oldest as f64 => mark,
            _ => {
                self.previous = None;
                strongest(history, centre, period)
            }
        };
        while mark + f64::from(period) <= until as f64 {
            match next_mark(history, mark, period) {
                Some((next, rms)) => {
                    self.take(Period {
                        end: next,
                        length: (next - mark) as f32,
                        rms,
                    });
                    mark = next;
                }
                None => {
                    self.previous = None;
                    mark += f64::from(period);
                }
            }
        }
        self.mark = Some(mark);
    }

    /// Forgets every period: the line failed, and what was measured is not the voice's.
    pub fn forget(&mut self) {
        (self.mark, self.previous, self.count) = (None, None, 0);
    }

    /// The figures at sample `now`; 0 until enough periods were seen.
    pub fn perturbation(&self, now: i64) -> Perturbation {
        let oldest = now as f64 - f64::from(MEMORY_S * self.rate);
        let kept = &self.pairs[..self.count.min(PAIRS)];
        let mut sum = Pair::default();
        let (mut pairs, mut steady) = (0, 0);
        for pair in kept.iter().filter(|pair| pair.end >= oldest) {
            pairs += 1;
            steady += usize::from(pair.rms > 0.0);
            sum.length += pair.length;
            sum.length_change += pair.length_change;
            sum.rms += pair.rms;
            sum.rms_change += pair.rms_change;
            sum.rms_change_db += pair.rms_change_db;
        }
        let mut figures = Perturbation::default();
        if pairs >= MIN_PAIRS {
            figures.jitter = sum.length_change / sum.length;
            figures.jitter_pairs = pairs;
        }
        if steady >= MIN_PAIRS {
            figures.shimmer = sum.rms_change / sum.rms;
            figures.shimmer_db = sum.rms_change_db / steady as f32;
            figures.shimmer_pairs = steady;
        }
        figures
    }

    fn take(&mut self, now: Period) {
        if let Some(before) = self.previous {
            let near = |ratio: f32, most: f32| (1.0 / most..most).contains(&ratio);
            if near(now.length / before.length, MAX_RATIO) {
                let mut pair = Pair {
                    end: now.end,
                    length: 0.5 * (now.length + before.length),
                    length_change: (now.length - before.length).abs(),
                    ..Pair::default()
                };
                let ratio = now.rms / before.rms.max(1e-9);
                if near(ratio, MAX_RMS_RATIO) {
                    pair.rms = 0.5 * (now.rms + before.rms);
                    pair.rms_change = (now.rms - before.rms).abs();
                    pair.rms_change_db = 20.0 * ratio.log10().abs();
                }
                self.pairs[self.count % PAIRS] = pair;
                self.count += 1;
            }
        }
        self.previous = Some(now);
    }
}

/// The largest excursion within a period around `centre`.
fn strongest(history: &History, centre: i64, period: f32) -> f64 {
    let from = centre - (period / 2.0) as i64;
    let window = history.window(from, period.ceil() as usize);
    let at = window
        .iter()
        .enumerate()
        .fold((0, -1.0), |best, (i, x)| {
            if x.abs() > best.1 { (i, x.abs()) } else { best }
        })
        .0;
    (from + at as i64) as f64
}

/// The mark one period on, and the RMS of the period between.
fn next_mark(history: &History, mark: f64, period: f32) -> Option<(f64, f32)> {
    let len = period.round() as usize;
    let base = mark.round() as i64;
    let reference = history.window(base - len as i64 / 2, len);
    let reach = (period * SEARCH).ceil() as i64 + 1;
    let first = base + len as i64 - reach;
    let lags = (2 * reach + 1) as usize;
    let area = history.window(first - len as i64 / 2, len + lags - 1);
    let reference_energy: f32 = reference.iter().map(|x| x * x).sum();
    let mut energy: f32 = area[..len].iter().map(|x| x * x).sum();
    let mut best = (0, f32::MIN);
    // Three neighbours are enough for the parabola, so only they are remembered.
    let (mut left, mut right, mut last) = (0.0, 0.0, 0.0);
    let mut rms = 0.0;
    for lag in 0..lags {
        let cross: f32 = dot(reference, &area[lag..lag + len]);
        let correlation = cross / (reference_energy * energy).sqrt().max(1e-12);
        if correlation > best.1 {
            best = (lag, correlation);
            left = last;
            right = f32::NAN;
            rms = (energy.max(0.0) / len as f32).sqrt();
        } else if lag == best.0 + 1 {
            right = correlation;
        }
        last = correlation;
        if lag + 1 < lags {
            energy += area[lag + len] * area[lag + len] - area[lag] * area[lag];
        }
    }
    if best.1 < MIN_CORRELATION || best.0 == 0 || !right.is_finite() {
        return None;
    }
    let curve = 2.0 * best.1 - left - right;
    let shift = if curve > 0.0 {
        ((right - left) / (2.0 * curve)).clamp(-0.5, 0.5)
    } else {
        0.0
    };
    // The reference was taken around the rounded mark; its fraction carries over.
    let next = (first + best.0 as i64) as f64 + f64::from(shift) + (mark - base as f64);
    Some((next, rms))
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Four sums, so that the compiler may keep them in one vector register.
    let mut sums = [0.0f32; 4];
    let (a4, a_rest) = a.as_chunks::<4>();
    let (b4, b_rest) = b.as_chunks::<4>();
    for (x, y) in a4.iter().zip(b4) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pulses through a resonance, with alternating period and amplitude.
    fn figures(rate: u32, jitter: f64, shimmer: f32) -> Perturbation {
        let mut signal = vec![0.0f32; rate as usize];
        let period = f64::from(rate) / 125.0;
        let (mut at, mut odd) = (50.0f64, false);
        while at + period < signal.len() as f64 {
            let sign = if odd { 1.0 } else { -1.0 };
            let gain = 0.5 * (1.0 + sign as f32 * shimmer / 2.0);
            for n in 0..(period * 0.8) as usize {
                let t = (at.ceil() + n as f64 - at) / f64::from(rate);
                let ring = (-t * 700.0).exp() * (std::f64::consts::TAU * 600.0 * t).sin();
                signal[at.ceil() as usize + n] += gain * ring as f32;
            }
            at += period * (1.0 + sign * jitter / 2.0);
            odd = !odd;
        }
        let hop = rate as usize / 100;
        let mut history = History::new(rate as usize / 5);
        let mut pulses = Pulses::new(rate);
        let mut last = 0;
        for (i, samples) in signal.chunks_exact(hop).enumerate() {
            history.push(samples);
            let centre = (i as i64 - 5) * hop as i64;
            if centre > hop as i64 * 5 {
                pulses.follow(&history, centre, centre + hop as i64 / 2, 125.0);
                last = centre;
            }
        }
        assert_eq!(
            pulses.perturbation(last + i64::from(rate)),
            Perturbation::default()
        );
        let read = pulses.perturbation(last);
        pulses.forget();
        assert_eq!(pulses.perturbation(last), Perturbation::default());
        read
    }

    #[test]
    fn known_jitter_and_shimmer_are_read_back() {
        for rate in [8_000, 16_000] {
            let none = figures(rate, 0.0, 0.0);
            assert!(
                none.jitter < 0.002 && none.shimmer < 0.01,
                "{rate}: {none:?}"
            );
            assert_eq!((none.jitter_pairs, none.shimmer_pairs), (PAIRS, PAIRS));
            let jitter = figures(rate, 0.02, 0.0).jitter;
            assert!((jitter - 0.02).abs() < 0.003, "{rate}: {jitter}");
            let read = figures(rate, 0.0, 0.10);
            assert!((read.shimmer - 0.10).abs() < 0.02, "{rate}: {read:?}");
            // 1.05 over 0.95 is 0.87 dB.
            assert!(
                (read.shimmer_db / read.shimmer - 8.69).abs() < 0.1,
                "{read:?}"
            );
            // Neighbours over a factor of 1.6 apart are two sounds, not a shimmering one.
            assert_eq!(figures(rate, 0.0, 0.6).shimmer_pairs, 0);
        }
    }
}
