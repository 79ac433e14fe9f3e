//! ITU-T G.722 at 64 kbit/s: bytes to samples at 16 kHz.
//!
//! Source: ITU-T G.722 (09/2012) §4 and §6, with the names of its blocks. Two bands of 8 kHz each are
//! coded by what they differ from a prediction; step and prediction follow from the codes alone. So a
//! decoder remembers, and bytes must come in order. A byte is a pair of samples: two bits of the upper
//! band above six of the lower one.

/// Pairs of samples that the filter which joins the bands spans.
const SPAN: usize = 12;
/// Of that filter (table 11), scaled by 8192.
const QMF: [i32; SPAN] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
/// Steps of the lower band by its six bits (table 17), by its upper four (table 16), and of the upper
/// band by its two.
const QM6: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232,
    -9360, -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776,
    -2400, -2032, -1688, -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280,
    11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776,
    2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];
const QM4: [i32; 16] = [
    0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584,
    1200, 0,
];
const QM2: [i32; 4] = [-7408, -1616, 7408, 1616];
/// By how much a code moves the logarithm of its band's step.
const LOWER: [i32; 16] = [
    -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60,
];
const UPPER: [i32; 4] = [798, -214, 798, -214];
/// Powers of two between 1 and 2 (table 14), scaled by 2048.
const POWERS: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];

/// One stream.
#[derive(Clone, Debug)]
pub struct Decoder {
    lower: Band,
    upper: Band,
    /// The latest sums and differences of the bands.
    line: [i32; 2 * SPAN],
}

/// What a band predicts from: two poles, six zeros, and a step.
#[derive(Clone, Debug)]
struct Band {
    predicted: i32,
    by_zeros: i32,
    rebuilt: [i32; 2],
    /// Differences plus what the zeros predicted, as signs alone.
    partial: [i32; 2],
    poles: [i32; 2],
    differences: [i32; 6],
    zeros: [i32; 6],
    log_step: i32,
    step: i32,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            lower: Band::new(32),
            upper: Band::new(8),
            line: [0; 2 * SPAN],
        }
    }
}

impl Decoder {
    /// A stream of which nothing has come.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next two samples, at 16 kHz.
    pub fn decode(&mut self, code: u8) -> [i16; 2] {
        let six = usize::from(code & 63);
        let low =
            (self.lower.predicted + ((self.lower.step * QM6[six]) >> 15)).clamp(-16384, 16383);
        let four = six >> 2;
        self.lower.follow((self.lower.step * QM4[four]) >> 15);
        self.lower.scale(LOWER[four], 18_432, 8);

        let two = usize::from(code >> 6);
        let difference = (self.upper.step * QM2[two]) >> 15;
        let high = (self.upper.predicted + difference).clamp(-16384, 16383);
        self.upper.follow(difference);
        self.upper.scale(UPPER[two], 22_528, 10);

        self.line.copy_within(2.., 0);
        self.line[2 * SPAN - 2] = low + high;
        self.line[2 * SPAN - 1] = low - high;
        let pairs = self.line.as_chunks::<2>().0;
        let odd = pairs.iter().zip(QMF.iter().rev());
        let odd: i32 = odd.map(|(pair, weight)| pair[1] * weight).sum();
        let even = pairs.iter().zip(QMF);
        let even: i32 = even.map(|(pair, weight)| pair[0] * weight).sum();
        [odd, even].map(|sum| saturated(sum >> 11) as i16)
    }
}

impl Band {
    const fn new(step: i32) -> Self {
        Self {
            predicted: 0,
            by_zeros: 0,
            rebuilt: [0; 2],
            partial: [0; 2],
            poles: [0; 2],
            differences: [0; 6],
            zeros: [0; 6],
            log_step: 0,
            step,
        }
    }

    /// LOGSCL, SCALEL and their like: the step after a code that moves its logarithm by `by`.
    fn scale(&mut self, by: i32, most: i32, shift: i32) {
        self.log_step = (((self.log_step * 127) >> 7) + by).clamp(0, most);
        let power = POWERS[(self.log_step >> 6 & 31) as usize];
        let shift = shift - (self.log_step >> 11);
        let power = match shift {
            0.. => power >> shift,
            _ => power << -shift,
        };
        self.step = power << 2;
    }

    /// Block 4: takes the difference that a code meant, and predicts the next sample.
    fn follow(&mut self, difference: i32) {
        let rebuilt = saturated(self.predicted + difference);
        let partial = saturated(self.by_zeros + difference);

        // UPPOL2 and UPPOL1.
        let same = |a: i32, b: i32| (a < 0) == (b < 0);
        let [first, second] = self.poles;
        let four = saturated(first << 2);
        let turned = match same(partial, self.partial[0]) {
            true => (-four).min(32_767),
            false => four,
        };
        let by = if same(partial, self.partial[1]) {
            128
        } else {
            -128
        };
        let second = (by + (turned >> 7) + ((second * 32_512) >> 15)).clamp(-12_288, 12_288);
        let by = if same(partial, self.partial[0]) {
            192
        } else {
            -192
        };
        let most = saturated(15_360 - second);
        let first = saturated(by + ((first * 32_640) >> 15)).clamp(-most, most);
        self.poles = [first, second];

        // UPZERO.
        let by = if difference == 0 { 0 } else { 128 };
        for (zero, before) in self.zeros.iter_mut().zip(self.differences) {
            let by = if same(before, difference) { by } else { -by };
            *zero = saturated(by + ((*zero * 32_640) >> 15));
        }

        // DELAYA.
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        self.rebuilt = [rebuilt, self.rebuilt[0]];
        self.partial = [partial, self.partial[0]];

        // FILTEP, FILTEZ and PREDIC.
        let weighed = |weight: i32, value: i32| (weight * saturated(2 * value)) >> 15;
        let by_poles =
            saturated(weighed(first, self.rebuilt[0]) + weighed(second, self.rebuilt[1]));
        let zeros = self.zeros.iter().zip(self.differences);
        self.by_zeros = saturated(zeros.map(|(zero, it)| weighed(*zero, it)).sum());
        self.predicted = saturated(by_poles + self.by_zeros);
    }
}

/// Within 16 bits.
fn saturated(value: i32) -> i32 {
    value.clamp(i16::MIN.into(), i16::MAX.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    /// The decoding of `codes`, as little-endian bytes, in short.
    fn hash(codes: impl Iterator<Item = u8>) -> String {
        let mut decoder = Decoder::new();
        let mut hash = Sha256::new();
        for code in codes {
            let pair = decoder.decode(code).map(i16::to_le_bytes);
            hash.update(pair.as_flattened());
        }
        let hash = hash.finalize();
        hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Codes of no sound at all, which drive every limit.
    fn wild(count: usize) -> impl Iterator<Item = u8> {
        let next = |seed: &u32| Some(seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        let seeds = std::iter::successors(Some(1u32), next);
        seeds.map(|seed| (seed >> 24) as u8).take(count)
    }

    #[test]
    fn every_sample_is_that_of_ffmpeg() {
        assert_eq!(hash(wild(40_000)), "9de6ce74b60eacb0");
        let loud = [0x04u8, 0x84, 0x24, 0xA0].into_iter().cycle().take(40_000);
        assert_eq!(hash(loud), "fd9794caf2a679b2");
    }
}
