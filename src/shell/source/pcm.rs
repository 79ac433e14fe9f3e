//! PCM from a WAV file or a pipe, read as it comes.

use super::Stream;
use crate::shell::error::ShellError;
use crate::wire::pcm::Format;
use crate::wire::wav::HeaderReader;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes asked for in one read.
const BLOCK_BYTES: usize = 16 * 1024;

/// Samples that need no codec.
pub struct PcmStream<R> {
    path: PathBuf,
    reader: R,
    format: Format,
    frames: Option<u64>,
    /// Bytes of sound still to come, where the header tells.
    left: Option<u64>,
    /// Read, but not decoded yet: the rest of a block after the header, or a part of a frame.
    bytes: Vec<u8>,
    truncated: bool,
}

impl<R: Read + Send> PcmStream<R> {
    /// Headerless PCM in `format`.
    pub fn raw(path: &Path, reader: R, format: Format) -> Self {
        Self {
            path: path.into(),
            reader,
            format,
            frames: None,
            left: None,
            bytes: Vec::new(),
            truncated: false,
        }
    }

    /// A WAV of `file_bytes` bytes, where that is known, read up to its first sample.
    pub fn wav(path: &Path, mut reader: R, file_bytes: Option<u64>) -> Result<Self, ShellError> {
        let broken = |source| ShellError::Wire {
            path: path.into(),
            source,
        };
        let mut header = HeaderReader::new();
        let mut bytes = Vec::new();
        let found = loop {
            bytes.clear();
            if !fill(&mut reader, &mut bytes, path)? {
                return Err(broken(header.cut_short()));
            }
            let used = header.push(&bytes).map_err(broken)?;
            if let Some(found) = header.header() {
                bytes.drain(..used);
                break found;
            }
        };
        let there = file_bytes.map(|all| all.saturating_sub(found.data_offset));
        let bytes_of_sound = match (found.data_bytes, there) {
            (Some(claimed), Some(there)) => Some(claimed.min(there)),
            (claimed, there) => claimed.or(there),
        };
        Ok(Self {
            frames: bytes_of_sound.map(|n| n / found.format.frame_bytes() as u64),
            left: found.data_bytes,
            bytes,
            ..Self::raw(path, reader, found.format)
        })
    }
}

impl<R: Read + Send> Stream for PcmStream<R> {
    fn rate(&self) -> u32 {
        self.format.rate
    }

    fn channels(&self) -> u16 {
        self.format.channels
    }

    fn frames(&self) -> Option<u64> {
        self.frames
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, ShellError> {
        let frame = self.format.frame_bytes();
        loop {
            let sound = match self.left {
                Some(left) => left.min(self.bytes.len() as u64) as usize,
                None => self.bytes.len(),
            };
            let whole = sound - sound % frame;
            if whole > 0 {
                self.format.encoding.decode(&self.bytes[..whole], out);
                self.bytes.drain(..whole);
                self.left = self.left.map(|left| left - whole as u64);
                return Ok(true);
            }
            // Less than a frame is left of the sound, or less than a frame is at hand.
            let over = self.left.is_some_and(|left| left < frame as u64);
            if over || !fill(&mut self.reader, &mut self.bytes, &self.path)? {
                self.truncated = match self.left {
                    Some(left) => left > 0,
                    None => !self.bytes.is_empty(),
                };
                return Ok(false);
            }
        }
    }

    fn truncated(&self) -> bool {
        self.truncated
    }

    fn damaged(&self) -> u64 {
        0
    }
}

/// Appends what one read gives; `false` at the end.
fn fill(reader: &mut impl Read, bytes: &mut Vec<u8>, path: &Path) -> Result<bool, ShellError> {
    let before = bytes.len();
    bytes.resize(before + BLOCK_BYTES, 0);
    let read = loop {
        match reader.read(&mut bytes[before..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => break result,
        }
    };
    bytes.truncate(before + *read.as_ref().unwrap_or(&0));
    match read {
        Ok(count) => Ok(count > 0),
        Err(source) => Err(ShellError::Read {
            path: path.into(),
            source,
        }),
    }
}
