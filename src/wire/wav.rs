//! WAV files: where the samples begin, how many there are, and what they are.
//!
//! [`HeaderReader`] takes bytes in blocks of any size and stops where the samples begin; what follows is for
//! [`Encoding::decode`]. It keeps 40 bytes whatever the lengths in the file claim.
//!
//! Source: RIFF 1.0 (IBM/Microsoft 1991), WAVEFORMATEXTENSIBLE (Microsoft), EBU Tech 3306 (RF64 and `ds64`).

use crate::error::WireError;
use crate::wire::pcm::{Encoding, Format, MAX_CHANNELS, MAX_RATE, MIN_RATE};

/// The longest chunk body that is read: an extensible `fmt `.
const KEPT: usize = 40;

/// Lengths that writers leave in `data` when they cannot seek back to mend it: our own zero, `sox`, the two
/// ends of `i32`, and all ones (`ffmpeg`, RF64).
const UNKNOWN_LENGTHS: [u32; 5] = [0, 0x7FFF_F000, 0x7FFF_FFFF, 0x8000_0000, u32::MAX];

/// What a WAV file says about its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How the samples are written.
    pub format: Format,
    /// Where they begin, bytes from the beginning of the file.
    pub data_offset: u64,
    /// How many bytes of them there are; `None` where only the end of the file tells.
    pub data_bytes: Option<u64>,
}

/// Finds the samples in a WAV stream, block by block.
#[derive(Clone, Debug)]
pub struct HeaderReader {
    step: Step,
    kept: [u8; KEPT],
    filled: usize,
    /// Bytes still to pass over.
    skip: u64,
    /// Bytes consumed so far.
    offset: u64,
    rf64: bool,
    long_data: Option<u64>,
    format: Option<Format>,
    header: Option<Header>,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// `RIFF`, a size, `WAVE`.
    File,
    /// The name and length of a chunk.
    Chunk,
    /// The beginning of a chunk's body; the rest is passed over.
    Body { name: [u8; 4], length: u32 },
    /// The byte that makes an odd chunk even or, from writers that forget it, a name's first letter.
    Pad,
    /// The samples.
    Data,
}

impl Step {
    /// Bytes that must be at hand before the step can be taken.
    fn wanted(self) -> usize {
        match self {
            Self::File => 12,
            Self::Chunk => 8,
            Self::Body { length, .. } => KEPT.min(length as usize),
            Self::Pad => 1,
            Self::Data => 0,
        }
    }
}

impl Default for HeaderReader {
    fn default() -> Self {
        Self::new()
    }
}

impl HeaderReader {
    /// A reader at the first byte of a file.
    pub const fn new() -> Self {
        Self {
            step: Step::File,
            kept: [0; KEPT],
            filled: 0,
            skip: 0,
            offset: 0,
            rf64: false,
            long_data: None,
            format: None,
            header: None,
        }
    }

    /// Takes the next bytes of the file and gives how many of them were header.
    ///
    /// Once [`Self::header`] is there, the samples begin after those bytes.
    ///
    /// # Errors
    /// The file is no WAV, holds no samples that can be decoded, or has `data` before `fmt `.
    pub fn push(&mut self, bytes: &[u8]) -> Result<usize, WireError> {
        let mut rest = bytes;
        while self.step != Step::Data {
            let passed = self.skip.min(rest.len() as u64) as usize;
            rest = &rest[passed..];
            self.skip -= passed as u64;

            let wanted = self.step.wanted();
            let taken = (wanted - self.filled).min(rest.len());
            self.kept[self.filled..self.filled + taken].copy_from_slice(&rest[..taken]);
            rest = &rest[taken..];
            self.filled += taken;
            self.offset += (passed + taken) as u64;

            if self.skip > 0 || self.filled < wanted {
                break;
            }
            self.filled = 0;
            self.step = self.advance().map_err(|reason| WireError {
                offset: self.offset - wanted as u64,
                reason,
            })?;
        }
        Ok(bytes.len() - rest.len())
    }

    /// The header, once the samples have been reached.
    pub fn header(&self) -> Option<Header> {
        self.header
    }

    /// What to say when the file ends before its samples begin.
    pub fn cut_short(&self) -> WireError {
        let reason = match self.step {
            Step::File => "the file ends inside its RIFF header",
            _ if self.format.is_some() => "the file ends before its data chunk",
            _ => "the file ends before its fmt chunk is complete",
        };
        WireError {
            offset: self.offset,
            reason,
        }
    }

    /// The kept bytes are complete: read them, and say what comes next.
    fn advance(&mut self) -> Result<Step, &'static str> {
        match self.step {
            Step::File => {
                self.rf64 = match &self.kept[..4] {
                    b"RIFF" => false,
                    b"RF64" | b"BW64" => true,
                    _ => return Err("not a RIFF or RF64 file"),
                };
                if &self.kept[8..12] != b"WAVE" {
                    return Err("a RIFF file, but not of sound (WAVE)");
                }
                Ok(Step::Chunk)
            }
            Step::Chunk => {
                let name = field(&self.kept, 0);
                let length = u32::from_le_bytes(field(&self.kept, 4));
                if &name != b"data" {
                    return Ok(Step::Body { name, length });
                }
                let format = self
                    .format
                    .ok_or("the data chunk comes before the fmt chunk")?;
                self.header = Some(Header {
                    format,
                    data_offset: self.offset,
                    data_bytes: self.data_bytes(length),
                });
                Ok(Step::Data)
            }
            Step::Body { name, length } => {
                let body = &self.kept[..self.step.wanted()];
                match &name {
                    b"fmt " if self.format.is_none() => self.format = Some(read_format(body)?),
                    b"ds64" if body.len() >= 16 => {
                        self.long_data = Some(u64::from_le_bytes(field(body, 8)));
                    }
                    _ => {}
                }
                self.skip = u64::from(length) - body.len() as u64;
                Ok(if length % 2 == 1 {
                    Step::Pad
                } else {
                    Step::Chunk
                })
            }
            Step::Pad => {
                self.filled = usize::from(self.kept[0] != 0);
                Ok(Step::Chunk)
            }
            Step::Data => Ok(Step::Data),
        }
    }

    fn data_bytes(&self, length: u32) -> Option<u64> {
        let unknown = UNKNOWN_LENGTHS.contains(&length);
        match self.long_data {
            Some(long) if self.rf64 && unknown => Some(long).filter(|&n| n != 0 && n != u64::MAX),
            _ => Some(u64::from(length)).filter(|_| !unknown),
        }
    }
}

/// Reads the body of a `fmt ` chunk, as far as it was kept.
fn read_format(body: &[u8]) -> Result<Format, &'static str> {
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
fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fmt(tag: u16, channels: u16, rate: u32, frame: u16, bits: u16) -> Vec<u8> {
        let mut body = Vec::new();
        body.extend(tag.to_le_bytes());
        body.extend(channels.to_le_bytes());
        body.extend(rate.to_le_bytes());
        body.extend((rate.wrapping_mul(u32::from(frame))).to_le_bytes());
        body.extend(frame.to_le_bytes());
        body.extend(bits.to_le_bytes());
        body
    }

    fn file(kind: &[u8; 4], chunks: &[(&[u8; 4], u32, &[u8])]) -> Vec<u8> {
        let mut bytes = [kind.as_slice(), &[0; 4], b"WAVE"].concat();
        for (name, length, body) in chunks {
            bytes.extend(name.as_slice());
            bytes.extend(length.to_le_bytes());
            bytes.extend(*body);
        }
        bytes
    }

    /// The header, read in blocks of `block` bytes.
    fn read(bytes: &[u8], block: usize) -> Result<Header, WireError> {
        let mut reader = HeaderReader::new();
        for bytes in bytes.chunks(block) {
            let used = reader.push(bytes)?;
            if let Some(header) = reader.header() {
                return Ok(header);
            }
            assert_eq!(used, bytes.len());
        }
        Err(reader.cut_short())
    }

    #[test]
    fn any_block_size_gives_the_same_header() {
        let fmt = fmt(1, 2, 8_000, 4, 16);
        let bytes = file(
            b"RIFF",
            &[
                (b"LIST", 5, b"abcde\0"),
                (b"fmt ", 16, &fmt),
                (b"fact", 4, &[0; 4]),
                (b"bext", 3, b"xyz"),
                (b"data", 400, b"\x01\x02\x03\x04"),
            ],
        );
        let expected = Header {
            format: Format {
                encoding: Encoding::S16Le,
                rate: 8_000,
                channels: 2,
            },
            // The three-byte `bext` forgot its pad byte.
            data_offset: bytes.len() as u64 - 4,
            data_bytes: Some(400),
        };
        for block in 1..=bytes.len() {
            assert_eq!(read(&bytes, block), Ok(expected), "blocks of {block}");
        }
    }

    #[test]
    fn rf64_takes_its_length_from_ds64() {
        let mut ds64 = [0; 28];
        ds64[8..16].copy_from_slice(&5_000_000_000u64.to_le_bytes());
        let fmt = fmt(7, 1, 8_000, 1, 8);
        let chunks: [(&[u8; 4], u32, &[u8]); 3] = [
            (b"ds64", 28, &ds64),
            (b"fmt ", 16, &fmt),
            (b"data", u32::MAX, &[]),
        ];
        let long = read(&file(b"RF64", &chunks), 7).expect("a valid RF64 header");
        assert_eq!(long.data_bytes, Some(5_000_000_000));
        let plain = read(&file(b"RIFF", &chunks), 7).expect("a valid RIFF header");
        assert_eq!(plain.data_bytes, None, "ds64 has no say in a RIFF file");
    }

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
}
