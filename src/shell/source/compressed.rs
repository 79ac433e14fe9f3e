//! FLAC, MP3 and Vorbis, through `symphonia`.

use super::Stream;
use crate::shell::error::ShellError;
use crate::wire::pcm::{MAX_CHANNELS, MAX_RATE, MIN_RATE};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

/// The longest gap that is filled with silence, in seconds. A longer one is a lie.
const MAX_GAP_S: u64 = 60;
/// Errors in a row, without a packet between them, after which the rest is given up.
const MAX_ERRORS: u32 = 100;

/// A stream that `symphonia` takes apart and decodes.
pub struct CompressedStream {
    path: PathBuf,
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    rate: u32,
    channels: u16,
    frames: Option<u64>,
    /// The timestamp of the next frame; `None` before the first packet.
    clock: Option<i64>,
    given: u64,
    samples: Vec<f32>,
    errors: u32,
    truncated: bool,
    damaged: u64,
}

impl CompressedStream {
    /// Reads up to the first packet.
    pub fn new(path: &Path, media: Box<dyn MediaSource>) -> Result<Self, ShellError> {
        let garbled = |reason: String| ShellError::Format {
            path: path.into(),
            reason,
        };
        let stream = MediaSourceStream::new(media, Default::default());
        let reader = symphonia::default::get_probe()
            .probe(
                &Hint::new(),
                stream,
                FormatOptions::default(),
                MetadataOptions::default(),
            )
            .map_err(|error| match error {
                Error::IoError(source) if source.kind() != ErrorKind::UnexpectedEof => {
                    ShellError::Read {
                        path: path.into(),
                        source,
                    }
                }
                other => garbled(format!("its header cannot be read: {other}")),
            })?;
        let (track, parameters, frames) =
            audio_track(&*reader).ok_or_else(|| garbled("it holds no audio".into()))?;
        let rate = parameters.sample_rate.unwrap_or(0);
        let channels = parameters.channels.as_ref().map_or(0, |it| it.count());
        if !(MIN_RATE..=MAX_RATE).contains(&rate) {
            return Err(garbled(format!(
                "its sample rate is {rate} Hz: {MIN_RATE} to {MAX_RATE} are taken"
            )));
        }
        if !(1..=usize::from(MAX_CHANNELS)).contains(&channels) {
            return Err(garbled(format!(
                "it has {channels} channels: 1 to {MAX_CHANNELS} are taken"
            )));
        }
        let decoder = decoder(&parameters)
            .map_err(|error| garbled(format!("its codec is not decoded: {error}")))?;
        Ok(Self {
            path: path.into(),
            reader,
            decoder,
            track,
            rate,
            channels: channels as u16,
            frames,
            clock: None,
            given: 0,
            samples: Vec::new(),
            errors: 0,
            truncated: false,
            damaged: 0,
        })
    }

    fn silence(&mut self, frames: u64, out: &mut Vec<f32>) {
        let frames = frames.min(MAX_GAP_S * u64::from(self.rate));
        out.resize(
            out.len() + frames as usize * usize::from(self.channels),
            0.0,
        );
        self.given += frames;
    }

    /// Decodes one packet, with silence before it where packets are missing, or in its place where it is broken.
    fn decode(&mut self, packet: &Packet, out: &mut Vec<f32>) {
        let begins = packet
            .pts
            .get()
            .saturating_add_unsigned(packet.trim_start.get());
        let missing = begins.saturating_sub(self.clock.unwrap_or(begins));
        if missing > 0 && missing as u64 <= MAX_GAP_S * u64::from(self.rate) {
            self.damaged += 1;
            self.silence(missing as u64, out);
        }
        self.clock = Some(begins.saturating_add_unsigned(packet.dur.get()));
        let whole = match self.decoder.decode(packet) {
            Ok(buffer)
                if buffer.spec().rate() == self.rate
                    && buffer.spec().channels().count() == usize::from(self.channels) =>
            {
                buffer.copy_to_vec_interleaved(&mut self.samples);
                true
            }
            _ => false,
        };
        if whole {
            self.given += (self.samples.len() / usize::from(self.channels)) as u64;
            out.append(&mut self.samples);
        } else {
            self.damaged += 1;
            self.silence(packet.dur.get(), out);
        }
    }

    /// A new stream begins in the middle of the file: go on where it has the shape of the first.
    fn restart(&mut self) -> bool {
        let Some((track, parameters, _)) = audio_track(&*self.reader) else {
            return false;
        };
        let Ok(decoder) = decoder(&parameters) else {
            return false;
        };
        self.track = track;
        self.decoder = decoder;
        self.clock = None;
        self.frames = None;
        true
    }
}

impl Stream for CompressedStream {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn channels(&self) -> u16 {
        self.channels
    }

    fn frames(&self) -> Option<u64> {
        self.frames
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, ShellError> {
        while self.errors < MAX_ERRORS {
            match self.reader.next_packet() {
                Ok(Some(packet)) => {
                    self.errors = 0;
                    if packet.track_id == self.track {
                        self.decode(&packet, out);
                        return Ok(true);
                    }
                }
                Ok(None) => {
                    self.truncated |= self.frames.is_some_and(|frames| self.given < frames);
                    return Ok(false);
                }
                Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                    self.truncated = true;
                    return Ok(false);
                }
                Err(Error::IoError(source)) => {
                    return Err(ShellError::Read {
                        path: self.path.clone(),
                        source,
                    });
                }
                Err(Error::ResetRequired) => {
                    self.errors += 1;
                    if !self.restart() {
                        self.truncated = true;
                        return Ok(false);
                    }
                }
                Err(_) => {
                    self.errors += 1;
                    self.damaged += 1;
                }
            }
        }
        self.truncated = true;
        Ok(false)
    }

    fn truncated(&self) -> bool {
        self.truncated
    }

    fn damaged(&self) -> u64 {
        self.damaged
    }
}

/// The first audio track: its number, codec and length.
fn audio_track(reader: &dyn FormatReader) -> Option<(u32, AudioCodecParameters, Option<u64>)> {
    let track = reader.first_track_known_codec(TrackType::Audio)?;
    match &track.codec_params {
        Some(CodecParameters::Audio(parameters)) => {
            Some((track.id, parameters.clone(), track.num_frames))
        }
        _ => None,
    }
}

fn decoder(parameters: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, Error> {
    symphonia::default::get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default())
}
