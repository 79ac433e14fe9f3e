//! Samples from a file or from standard input, whatever the container and codec.

mod compressed;
mod formats;
mod opus;
mod opus_packet;
mod pcm;

use crate::shell::error::ShellError;
use crate::wire::pcm::Format;
use formats::Kind;
use std::fs::File;
use std::io::{self, Read, SeekFrom};
use std::path::Path;
use symphonia::core::io::MediaSource;

/// An open input, read block by block.
pub struct Source {
    stream: Box<dyn Stream>,
    /// Decoded but not given out yet, from `given` on.
    ready: Vec<f32>,
    given: usize,
}

/// One kind of input: PCM, Opus, or a codec of `symphonia`'s.
trait Stream: Send {
    /// Frames per second.
    fn rate(&self) -> u32;
    /// Samples in a frame.
    fn channels(&self) -> u16;
    /// The length in frames, where the input tells.
    fn frames(&self) -> Option<u64>;
    /// Appends at most a second or one packet of interleaved samples; `false` at the end.
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, ShellError>;
    /// The input ended before it should.
    fn truncated(&self) -> bool;
    /// Packets that could not be decoded, and gaps in the numbering.
    fn damaged(&self) -> u64;
}

impl Source {
    /// Opens the file at `path`, recognised by its content; `-` is a WAV on standard input.
    ///
    /// # Errors
    /// The file cannot be opened or read, or is no audio that can be decoded; the message names the way out.
    pub fn open(path: &Path) -> Result<Self, ShellError> {
        if path == Path::new("-") {
            return Self::from_reader(path, Box::new(io::stdin()));
        }
        let file = File::open(path).map_err(|source| ShellError::Open {
            path: path.into(),
            source,
        })?;
        // A pipe or a device has no length and no way back: it can only be read forwards.
        if file.metadata().is_ok_and(|it| it.is_file() || it.is_dir()) {
            Self::from_media(path, Box::new(file))
        } else {
            Self::from_reader(path, Box::new(file))
        }
    }

    /// Reads from anything that can be read and sought in; `path` is its name in messages.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn from_media(path: &Path, mut media: Box<dyn MediaSource>) -> Result<Self, ShellError> {
        let failed = |source| ShellError::Read {
            path: path.into(),
            source,
        };
        let mut head = Vec::new();
        (&mut media)
            .take(formats::HEAD_BYTES)
            .read_to_end(&mut head)
            .map_err(failed)?;
        media.seek(SeekFrom::Start(0)).map_err(failed)?;
        let stream: Box<dyn Stream> = match formats::recognise(&head) {
            Ok(Kind::Wav) => {
                let length = media.byte_len();
                Box::new(pcm::PcmStream::wav(path, media, length)?)
            }
            Ok(Kind::Opus) => Box::new(opus::OpusStream::new(path, media)?),
            Ok(Kind::Compressed) => Box::new(compressed::CompressedStream::new(path, media)?),
            Err(reason) => {
                return Err(ShellError::Format {
                    path: path.into(),
                    reason: reason.into(),
                });
            }
        };
        Ok(Self::over(stream))
    }

    /// Reads a WAV from anything that can only be read forwards.
    ///
    /// # Errors
    /// It cannot be read, or is no WAV.
    pub fn from_reader(path: &Path, mut reader: Box<dyn Read + Send>) -> Result<Self, ShellError> {
        let mut head = Vec::new();
        (&mut reader)
            .take(formats::HEAD_BYTES)
            .read_to_end(&mut head)
            .map_err(|source| ShellError::Read {
                path: path.into(),
                source,
            })?;
        let reason = match formats::recognise(&head) {
            Ok(Kind::Wav) => {
                let whole = io::Cursor::new(head).chain(reader);
                return Ok(Self::over(Box::new(pcm::PcmStream::wav(
                    path, whole, None,
                )?)));
            }
            Ok(_) => "only WAV can be piped in: give the file's name, or raw PCM with --raw",
            Err(reason) => reason,
        };
        Err(ShellError::Format {
            path: path.into(),
            reason: reason.into(),
        })
    }

    /// Headerless PCM on standard input.
    pub fn raw_stdin(format: Format) -> Self {
        Self::raw(Path::new("-"), Box::new(io::stdin()), format)
    }

    /// Headerless PCM from `reader`; `path` is its name in messages.
    pub fn raw(path: &Path, reader: Box<dyn Read + Send>, format: Format) -> Self {
        Self::over(Box::new(pcm::PcmStream::raw(path, reader, format)))
    }

    fn over(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            ready: Vec::new(),
            given: 0,
        }
    }

    /// Frames per second.
    pub fn rate(&self) -> u32 {
        self.stream.rate()
    }

    /// Samples in a frame.
    pub fn channels(&self) -> u16 {
        self.stream.channels()
    }

    /// The length in frames, where the input tells: good for a progress bar, not to be relied on.
    pub fn frames(&self) -> Option<u64> {
        self.stream.frames()
    }

    /// The input ended before it should. Final after the last block.
    pub fn truncated(&self) -> bool {
        self.stream.truncated()
    }

    /// Packets that could not be decoded and were left out, or made silent where their length is known.
    pub fn damaged(&self) -> u64 {
        self.stream.damaged()
    }

    /// Puts the next block, at most 0.1 s of interleaved frames, into `out`; `false` at the end.
    ///
    /// # Errors
    /// The input cannot be read on.
    pub fn next_block(&mut self, out: &mut Vec<f32>) -> Result<bool, ShellError> {
        out.clear();
        while self.given == self.ready.len() {
            self.ready.clear();
            self.given = 0;
            if !self.stream.read(&mut self.ready)? {
                return Ok(false);
            }
        }
        let most = (self.rate() / 10) as usize * usize::from(self.channels());
        let end = self.ready.len().min(self.given + most);
        out.extend_from_slice(&self.ready[self.given..end]);
        self.given = end;
        Ok(true)
    }
}
