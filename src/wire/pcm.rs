//! Sample encodings, and their way to `f32`.

use crate::wire::g711;

/// The lowest sample rate that is taken, Hz.
pub const MIN_RATE: u32 = 2_000;
/// The highest sample rate that is taken, Hz.
pub const MAX_RATE: u32 = 384_000;
/// The most channels that are taken.
pub const MAX_CHANNELS: u16 = 64;

/// How one sample is written in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Eight bits, unsigned, 128 is silence.
    U8,
    /// Sixteen bits, signed, little-endian.
    S16Le,
    /// Sixteen bits, signed, big-endian.
    S16Be,
    /// Twenty-four bits, signed, little-endian.
    S24Le,
    /// Thirty-two bits, signed, little-endian.
    S32Le,
    /// IEEE 754 single, little-endian.
    F32Le,
    /// IEEE 754 double, little-endian.
    F64Le,
    /// G.711 µ-law.
    MuLaw,
    /// G.711 A-law.
    ALaw,
}

impl Encoding {
    /// Bytes in one sample, 1..=8.
    pub const fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::MuLaw | Self::ALaw => 1,
            Self::S16Le | Self::S16Be => 2,
            Self::S24Le => 3,
            Self::S32Le | Self::F32Le => 4,
            Self::F64Le => 8,
        }
    }

    /// Appends the samples in `bytes` to `out`, full scale at ±1.
    ///
    /// A sample cut off at the end is left out. Floats pass as they are: beyond full scale, NaN and
    /// infinity included.
    pub fn decode(self, bytes: &[u8], out: &mut Vec<f32>) {
        match self {
            Self::U8 => out.extend(bytes.iter().map(|&b| (f32::from(b) - 128.0) / 128.0)),
            Self::S16Le => extend(bytes, out, |b| from_i16(i16::from_le_bytes(b))),
            Self::S16Be => extend(bytes, out, |b| from_i16(i16::from_be_bytes(b))),
            // As the top of 32 bits: the sign comes along.
            Self::S24Le => extend(bytes, out, |[a, b, c]| {
                from_i32(i32::from_le_bytes([0, a, b, c]))
            }),
            Self::S32Le => extend(bytes, out, |b| from_i32(i32::from_le_bytes(b))),
            Self::F32Le => extend(bytes, out, f32::from_le_bytes),
            Self::F64Le => extend(bytes, out, |b| f64::from_le_bytes(b) as f32),
            Self::MuLaw => out.extend(bytes.iter().map(|&b| from_i16(g711::mulaw_to_linear(b)))),
            Self::ALaw => out.extend(bytes.iter().map(|&b| from_i16(g711::alaw_to_linear(b)))),
        }
    }
}

/// The shape of a stream of PCM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// How a sample is written.
    pub encoding: Encoding,
    /// Frames per second, [`MIN_RATE`]..=[`MAX_RATE`].
    pub rate: u32,
    /// Samples in a frame, 1..=[`MAX_CHANNELS`].
    pub channels: u16,
}

impl Format {
    /// Bytes in one frame, one sample of each channel.
    pub const fn frame_bytes(self) -> usize {
        self.encoding.bytes() * self.channels as usize
    }
}

fn extend<const N: usize>(bytes: &[u8], out: &mut Vec<f32>, sample: impl Fn([u8; N]) -> f32) {
    out.extend(bytes.as_chunks().0.iter().map(|&chunk| sample(chunk)));
}

fn from_i16(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

fn from_i32(sample: i32) -> f32 {
    sample as f32 / 2_147_483_648.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoding: Encoding, bytes: &[u8]) -> Vec<f32> {
        let mut out = Vec::new();
        encoding.decode(bytes, &mut out);
        out
    }

    #[test]
    fn full_scale_silence_and_half_scale() {
        assert_eq!(decoded(Encoding::U8, &[0, 128, 192]), [-1.0, 0.0, 0.5]);
        assert_eq!(
            decoded(Encoding::S16Le, &[0, 0x80, 0, 0, 0, 0x40]),
            [-1.0, 0.0, 0.5]
        );
        assert_eq!(
            decoded(Encoding::S16Be, &[0x80, 0, 0, 0, 0x40, 0]),
            [-1.0, 0.0, 0.5]
        );
        assert_eq!(
            decoded(Encoding::S24Le, &[0, 0, 0x80, 0, 0, 0, 0, 0, 0x40]),
            [-1.0, 0.0, 0.5]
        );
        assert_eq!(
            decoded(Encoding::S32Le, &[0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x40]),
            [-1.0, 0.0, 0.5]
        );
        assert_eq!(decoded(Encoding::F64Le, &(-0.25f64).to_le_bytes()), [-0.25]);
        assert_eq!(
            decoded(Encoding::MuLaw, &[0xFF, 0x00]),
            [0.0, -32124.0 / 32768.0]
        );
        assert_eq!(
            decoded(Encoding::ALaw, &[0xD5, 0xAA]),
            [8.0 / 32768.0, 32256.0 / 32768.0]
        );
    }

    #[test]
    fn a_sample_cut_off_at_the_end_is_left_out() {
        for encoding in [
            Encoding::S16Le,
            Encoding::S24Le,
            Encoding::F32Le,
            Encoding::F64Le,
        ] {
            let bytes = vec![0; encoding.bytes() * 2 - 1];
            assert_eq!(decoded(encoding, &bytes).len(), 1, "{encoding:?}");
        }
    }

    #[test]
    fn floats_pass_untouched() {
        let bytes: Vec<u8> = [f32::NAN, f32::INFINITY, 3.0]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let out = decoded(Encoding::F32Le, &bytes);
        assert!(out[0].is_nan() && out[1].is_infinite() && out[2] == 3.0);
    }
}
