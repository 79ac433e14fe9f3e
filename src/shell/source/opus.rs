//! Opus in Ogg, trimmed to the sample.
//!
//! Always decoded at 48 kHz, the rate in which Ogg counts. There the decoder gives libopus's samples; asked for 8 or
//! 16 kHz it comes 13 samples early and garbles music-mode packets (measured with `opus-decoder` 0.1.1).
//!
//! Source: RFC 7845 (Ogg encapsulation), RFC 6716 §3.1 (packet lengths), RFC 3533 (Ogg).

use super::Stream;
use super::ogg_file::{Fuse, is_cut, last_page};
use super::opus_packet::{CLOCK_HZ, Head, duration};
use crate::shell::error::ShellError;
use ogg::{OggReadError, Packet, PacketReader};
use opus_decoder::OpusDecoder;
use std::io::SeekFrom;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use symphonia::core::io::MediaSource;

/// The longest gap that is filled with silence, in Ogg positions: a minute. A longer one is a lie.
const MAX_GAP: u64 = 60 * CLOCK_HZ as u64;
/// Bytes that may pass without a packet: larger than any page, smaller than any danger.
const MAX_PACKET_BYTES: usize = 1 << 20;

/// An Opus stream, or several in a row.
pub struct OpusStream {
    path: PathBuf,
    packets: PacketReader<Fuse>,
    decoder: OpusDecoder,
    channels: u16,
    link: Link,
    /// Where the last page of the file ends, if it belongs to the first stream.
    last_page: Option<u64>,
    pcm: Vec<f32>,
    over: bool,
    truncated: bool,
    damaged: u64,
}

/// One logical stream: its header, and where it stands.
struct Link {
    head: Head,
    serial: u32,
    tagged: bool,
    /// The position of the next sample to decode; `None` before the first page.
    clock: Option<u64>,
    /// The position of the first sample to give out.
    start: u64,
    /// The position after the last sample to give out.
    end: Option<u64>,
}

/// The packets that end on one page, and the position where they end.
#[derive(Default)]
struct Page {
    packets: Vec<Vec<u8>>,
    end: Option<u64>,
    last: bool,
}

impl OpusStream {
    /// Reads up to the Opus header.
    pub fn new(path: &Path, mut media: Box<dyn MediaSource>) -> Result<Self, ShellError> {
        let read = |source| ShellError::Read {
            path: path.into(),
            source,
        };
        let garbled = |reason: &str| ShellError::Format {
            path: path.into(),
            reason: format!("Ogg Opus, but {reason}"),
        };
        let tail = last_page(&mut media).map_err(read)?;
        media.seek(SeekFrom::Start(0)).map_err(read)?;
        let mut packets = PacketReader::new(Fuse {
            inner: media,
            left: MAX_PACKET_BYTES,
        });
        let first = match packets.read_packet() {
            Ok(Some(packet)) => packet,
            Err(OggReadError::ReadError(source)) if !is_cut(&source) => return Err(read(source)),
            _ => return Err(garbled("its first page is broken")),
        };
        let head = Head::read(&first.data).map_err(garbled)?;
        let channels = u16::from(head.channels);
        let decoder = OpusDecoder::new(CLOCK_HZ, usize::from(channels))
            .map_err(|_| garbled("no decoder exists for its channels"))?;
        let link = Link::new(head, first.stream_serial());
        Ok(Self {
            path: path.into(),
            packets,
            decoder,
            channels,
            last_page: tail
                .filter(|&(serial, _)| serial == link.serial)
                .map(|(_, end)| end),
            link,
            pcm: Vec::new(),
            over: false,
            truncated: false,
            damaged: 0,
        })
    }

    /// Gathers the packets that end on the next page; sets `over` where there is no more.
    fn next_page(&mut self) -> Result<Page, ShellError> {
        let mut page = Page::default();
        loop {
            self.packets.get_mut().left = MAX_PACKET_BYTES;
            match self.packets.read_packet() {
                Ok(Some(packet)) => {
                    if self.take(packet, &mut page) {
                        return Ok(page);
                    }
                }
                Ok(None) => {
                    self.over = true;
                    self.truncated = self.link.end.is_none();
                    return Ok(page);
                }
                Err(OggReadError::ReadError(source)) if is_cut(&source) => {
                    self.over = true;
                    self.truncated = true;
                    return Ok(page);
                }
                Err(OggReadError::ReadError(source)) => {
                    return Err(ShellError::Read {
                        path: self.path.clone(),
                        source,
                    });
                }
                // A broken page: go on with the next, and let it begin in the middle of a packet.
                Err(_) => {
                    self.damaged += 1;
                    self.packets.delete_unread_packets();
                }
            }
        }
    }

    /// Puts one packet into `page`; `true` where it completes the page.
    fn take(&mut self, packet: Packet, page: &mut Page) -> bool {
        let new = packet.first_in_stream() && self.link.end.is_some();
        if new && let Ok(head) = Head::read(&packet.data) {
            // The next of several streams in a row, given out in the shape of the first.
            self.link = Link::new(head, packet.stream_serial());
            self.decoder.reset();
            return false;
        }
        if packet.stream_serial() != self.link.serial {
            return false;
        }
        let tags = !self.link.tagged && packet.data.starts_with(b"OpusTags");
        self.link.tagged |= tags;
        if !tags {
            page.packets.push(packet.data.clone());
        }
        if packet.last_in_page() && !page.packets.is_empty() {
            page.end = Some(packet.absgp_page()).filter(|&end| end <= i64::MAX as u64);
            page.last = packet.last_in_stream();
            return true;
        }
        false
    }

    /// Finds the page's place in time: the frames lost before it, and where the stream begins and ends.
    fn place(&mut self, page: &Page) -> u64 {
        let length: u64 = page
            .packets
            .iter()
            .filter_map(|packet| duration(packet))
            .sum();
        let begins = page.end.map(|end| end.saturating_sub(length));
        let clock = self.link.clock.unwrap_or_else(|| {
            // A recording that joined late begins where it joined, unless it is we who lost its beginning.
            let joined = begins.filter(|_| self.damaged == 0).unwrap_or(0);
            self.link.start = joined + u64::from(self.link.head.pre_skip);
            joined
        });
        let gap = begins.map_or(0, |begins| begins.saturating_sub(clock));
        let believed = if gap <= MAX_GAP { gap } else { 0 };
        self.link.clock = Some(clock + believed);
        if page.last {
            self.link.end = page.end.or(Some(clock + length));
        }
        (clock + believed).saturating_sub(clock.max(self.link.start))
    }

    /// Decodes one packet and gives out what lies between the stream's start and end.
    fn decode(&mut self, packet: &[u8], out: &mut Vec<f32>) {
        let Some(length) = duration(packet) else {
            self.damaged += 1;
            return;
        };
        let channels = usize::from(self.channels);
        self.pcm.clear();
        self.pcm.resize(length as usize * channels, 0.0);
        if !self.decode_into_pcm(packet) {
            self.damaged += 1;
            self.pcm.fill(0.0);
        }
        let clock = self.link.clock.unwrap_or(0);
        let end = self.link.end.unwrap_or(u64::MAX);
        let first = self.link.start.saturating_sub(clock).min(length) as usize;
        let beyond = end.saturating_sub(clock).min(length) as usize;
        if first < beyond {
            let kept = &self.pcm[first * channels..beyond * channels];
            out.extend(kept.iter().map(|sample| sample * self.link.head.gain));
        }
        self.link.clock = Some(clock.saturating_add(length));
    }

    /// Decodes one packet over all of `pcm`; `false` where that fails.
    ///
    /// Built with overflow checks, the decoder (`opus-decoder` 0.1.1) panics on some packets of nonsense, as fuzzing
    /// found (a shift in its `celt/vq.rs`). That is caught here, and the next packet meets a new decoder.
    fn decode_into_pcm(&mut self, packet: &[u8]) -> bool {
        let channels = usize::from(self.channels);
        let (decoder, pcm) = (&mut self.decoder, &mut self.pcm);
        let decoded = catch_unwind(AssertUnwindSafe(|| {
            decoder.decode_float(packet, pcm, false)
        }));
        match decoded {
            Ok(frames) => frames.is_ok_and(|frames| frames * channels == self.pcm.len()),
            Err(_) => {
                if let Ok(new) = OpusDecoder::new(CLOCK_HZ, channels) {
                    self.decoder = new;
                }
                false
            }
        }
    }
}

impl Stream for OpusStream {
    fn rate(&self) -> u32 {
        CLOCK_HZ
    }

    fn channels(&self) -> u16 {
        self.channels
    }

    fn frames(&self) -> Option<u64> {
        let start = match self.link.clock {
            Some(_) => self.link.start,
            None => u64::from(self.link.head.pre_skip),
        };
        self.last_page.map(|end| end.saturating_sub(start))
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, ShellError> {
        if self.over {
            return Ok(false);
        }
        let page = self.next_page()?;
        let lost = self.place(&page);
        self.damaged += u64::from(lost > 0);
        let silence = lost * u64::from(self.channels);
        out.resize(out.len() + silence as usize, 0.0);
        for packet in &page.packets {
            self.decode(packet, out);
        }
        Ok(true)
    }

    fn truncated(&self) -> bool {
        self.truncated
    }

    fn damaged(&self) -> u64 {
        self.damaged
    }
}

impl Link {
    fn new(head: Head, serial: u32) -> Self {
        Self {
            head,
            serial,
            tagged: false,
            clock: None,
            start: 0,
            end: None,
        }
    }
}
