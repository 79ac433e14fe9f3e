//! The `fmt ` chunk of a WAV file: what a sample is.
//!
//! Source: RIFF 1.0 (IBM/Microsoft 1991), WAVEFORMATEX and WAVEFORMATEXTENSIBLE (Microsoft, mmreg.h).

use crate::wire::pcm::{Encoding, Format, MAX_CHANNELS, MAX_RATE, MIN_RATE};

/// Reads the body of a `fmt ` chunk, as far as it was kept.
pub fn read(body: &[u8]) -> Result<Format, &'static str> {
    const PCM: u16 = 1;
    const FLOAT: u16 = 3;
    const ALAW: u16 = 6;
    const MULAW: u16 = 7;
    const EXTENSIBLE: u16 = 0xFFFE;
    /// All of a sub-format's GUID but its first two bytes, which are a format tag.
    const SUB_FORMAT: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

    if body.len() < 16 {
        return Err("the fmt chunk is shorter than 16 bytes");
    }
    let word = |at| u16::from_le_bytes(field(body, at));
    let long = |at| u32::from_le_bytes(field(body, at));
    let tag = match word(0) {
        EXTENSIBLE if body.len() < 40 => return Err("the extensible fmt chunk is incomplete"),
        EXTENSIBLE if body[26..40] != SUB_FORMAT => {
            return Err("the extensible sub-format is unknown");
        }
        EXTENSIBLE => word(24),
        tag => tag,
    };
    let (channels, rate) = (word(2), long(4));
    if !(1..=MAX_CHANNELS).contains(&channels) {
        return Err("the fmt chunk gives no channels, or more than 64");
    }
    if !(MIN_RATE..=MAX_RATE).contains(&rate) {
        return Err("the fmt chunk gives a sample rate outside 2000..=384000 Hz");
    }
    let encoding = match (
        tag,
        sample_bytes(channels, rate, long(8), word(12), word(14)),
    ) {
        (ALAW, _) => Encoding::ALaw,
        (MULAW, _) => Encoding::MuLaw,
        (PCM, 1) => Encoding::U8,
        (PCM, 2) => Encoding::S16Le,
        (PCM, 3) => Encoding::S24Le,
        (PCM, 4) => Encoding::S32Le,
        (FLOAT, 4) => Encoding::F32Le,
        (FLOAT, 8) => Encoding::F64Le,
        (PCM, _) => return Err("PCM samples must have 1 to 4 bytes"),
        (FLOAT, _) => return Err("float samples must have 4 or 8 bytes"),
        _ => return Err("neither PCM, float nor G.711: convert the file to one of these"),
    };
    Ok(Format {
        encoding,
        rate,
        channels,
    })
}

/// Bytes in a sample: three fields tell, and the majority is believed.
///
/// The frame length wins over the bits where the byte rate backs it (24 bits left-justified in 4 bytes, or
/// plainly wrong bits) or where the bits are nonsense; otherwise it is the frame length that lies.
fn sample_bytes(channels: u16, rate: u32, byte_rate: u32, frame: u16, bits: u16) -> u16 {
    let by_bits = bits.div_ceil(8);
    let by_frame = frame / channels;
    let backed = u64::from(byte_rate) == u64::from(rate) * u64::from(frame);
    let whole = frame.is_multiple_of(channels) && (1..=8).contains(&by_frame);
    if whole && (backed || !(1..=8).contains(&by_bits)) {
        by_frame
    } else {
        by_bits
    }
}

/// `N` bytes at `at`, which the caller has checked to be there.
pub fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_majority_tells_the_sample_size() {
        for (frame, bits, byte_rate, expected) in [
            (4, 16, 32_000, 2), // all agree
            (4, 16, 0, 2),      // only the byte rate lies
            (7, 16, 32_000, 2), // only the frame lies
            (4, 17, 32_000, 2), // only the bits lie
            (8, 24, 64_000, 4), // 24 bits in 4 bytes
            (6, 20, 48_000, 3), // 20 bits in 3 bytes
            (4, 0, 0, 2),       // no bits given
            (0, 24, 0, 3),      // nothing but bits
        ] {
            let found = sample_bytes(2, 8_000, byte_rate, frame, bits);
            assert_eq!(
                found, expected,
                "frame {frame}, bits {bits}, byte rate {byte_rate}"
            );
        }
    }

    #[test]
    fn an_extensible_chunk_is_what_its_sub_format_says() {
        const TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
        // Tag, 2 channels, 48 kHz, 384 000 bytes/s, 8 bytes a frame, 32 bits of which 24 count.
        let mut body = [
            0xFE, 0xFF, 2, 0, 0x80, 0xBB, 0, 0, 0, 0xDC, 5, 0, 8, 0, 32, 0,
        ]
        .to_vec();
        body.extend([22, 0, 24, 0, 3, 0, 0, 0, 1, 0]);
        body.extend(TAIL);
        let integer = read(&body).expect("a valid extensible chunk");
        assert_eq!(integer.encoding, Encoding::S32Le);
        body[24] = 3;
        let float = read(&body).expect("a valid extensible chunk");
        assert_eq!(float.encoding, Encoding::F32Le);
        body[30] = 1;
        assert_eq!(read(&body), Err("the extensible sub-format is unknown"));
    }
}
