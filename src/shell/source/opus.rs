//! Opus in Ogg, trimmed to the sample.
//!
//! Positions are counted as Ogg counts them, in 1/48000 s whatever the rate, and brought to the output rate at the
//! very end: a stream made from 8 or 16 kHz is decoded at that rate, which spares a resampling.
//!
//! Source: RFC 7845 (Ogg encapsulation), RFC 6716 §3.1 (packet lengths), RFC 3533 (Ogg).

use super::Stream;
use super::opus_packet::{CLOCK_HZ, Head, duration};
use crate::shell::error::ShellError;
use ogg::{OggReadError, Packet, PacketReader};
use opus_decoder::OpusDecoder;
use std::io::{self, Read, Seek, SeekFrom};
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
    rate: u32,
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
        let rate = match head.source_rate {
            1..=8_000 => 8_000,
            8_001..=16_000 => 16_000,
            _ => CLOCK_HZ,
        };
        let channels = u16::from(head.channels);
        let decoder = OpusDecoder::new(rate, usize::from(channels))
            .map_err(|_| garbled("no decoder exists for its channels"))?;
        let link = Link::new(head, first.stream_serial());
        Ok(Self {
            path: path.into(),
            packets,
            decoder,
            channels,
            rate,
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

    /// Ogg positions in one output sample.
    fn step(&self) -> u64 {
        u64::from(CLOCK_HZ / self.rate)
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

    /// Finds the page's place in time: the samples lost before it, and where the stream begins and ends.
    fn place(&mut self, page: &Page) -> u64 {
        let length: u64 = page
            .packets
            .iter()
            .filter_map(|packet| duration(packet))
            .sum();
        let begins = page.end.map(|end| end.saturating_sub(length));
        let mut lost = 0;
        let clock = match (self.link.clock, begins) {
            (None, begins) => {
                let clock = begins.unwrap_or(0);
                self.link.start = clock + u64::from(self.link.head.pre_skip);
                clock
            }
            (Some(clock), Some(begins)) if begins > clock && begins - clock <= MAX_GAP => {
                lost = begins - clock;
                begins
            }
            (Some(clock), _) => clock,
        };
        self.link.clock = Some(clock);
        if page.last {
            self.link.end = page.end.or(Some(clock + length));
        }
        lost
    }

    /// Decodes one packet and gives out what lies between the stream's start and end.
    fn decode(&mut self, packet: &[u8], out: &mut Vec<f32>) {
        let Some(length) = duration(packet) else {
            self.damaged += 1;
            return;
        };
        let step = self.step();
        let channels = usize::from(self.channels);
        let frames = (length / step) as usize;
        self.pcm.clear();
        self.pcm.resize(frames * channels, 0.0);
        if self.decoder.decode_float(packet, &mut self.pcm, false).ok() != Some(frames) {
            self.damaged += 1;
            self.pcm.fill(0.0);
        }
        let clock = self.link.clock.unwrap_or(0);
        let end = self.link.end.unwrap_or(u64::MAX);
        let first = self
            .link
            .start
            .saturating_sub(clock)
            .div_ceil(step)
            .min(frames as u64);
        let beyond = end.saturating_sub(clock).div_ceil(step).min(frames as u64);
        if first < beyond {
            let kept = &self.pcm[first as usize * channels..beyond as usize * channels];
            out.extend(kept.iter().map(|sample| sample * self.link.head.gain));
        }
        self.link.clock = Some(clock.saturating_add(length));
    }
}

impl Stream for OpusStream {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn channels(&self) -> u16 {
        self.channels
    }

    fn frames(&self) -> Option<u64> {
        let start = match self.link.clock {
            Some(_) => self.link.start,
            None => u64::from(self.link.head.pre_skip),
        };
        let end = self.last_page?;
        Some(
            end.div_ceil(self.step())
                .saturating_sub(start.div_ceil(self.step())),
        )
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, ShellError> {
        if self.over {
            return Ok(false);
        }
        let page = self.next_page()?;
        let lost = self.place(&page);
        self.damaged += u64::from(lost > 0);
        let silence = lost / self.step() * u64::from(self.channels);
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

/// A reader that gives up when too much passes without a packet: the Ogg reader would keep it all.
struct Fuse {
    inner: Box<dyn MediaSource>,
    left: usize,
}

impl Read for Fuse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let most = buffer.len().min(self.left);
        let count = self.inner.read(&mut buffer[..most])?;
        self.left -= count;
        Ok(count)
    }
}

impl Seek for Fuse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// The file ends inside a page.
fn is_cut(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

/// The serial number and the end position of the last page, where one can be found.
fn last_page(media: &mut Box<dyn MediaSource>) -> io::Result<Option<(u32, u64)>> {
    /// A page has 27 bytes of header, 255 of lengths, and 255 segments of at most 255 bytes.
    const LONGEST: u64 = 27 + 255 + 255 * 255;
    let length = media.seek(SeekFrom::End(0))?;
    media.seek(SeekFrom::Start(length.saturating_sub(LONGEST)))?;
    let mut tail = Vec::new();
    media.take(LONGEST).read_to_end(&mut tail)?;
    let page = tail
        .windows(27)
        .rev()
        .find(|page| page.starts_with(b"OggS\0"));
    Ok(page.map(|page| {
        let end: [u8; 8] = std::array::from_fn(|i| page[6 + i]);
        let serial: [u8; 4] = std::array::from_fn(|i| page[14 + i]);
        (u32::from_le_bytes(serial), u64::from_le_bytes(end))
    }))
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;
    use ogg::{PacketWriteEndInfo, PacketWriter};

    /// An Opus file of 20 ms packets that hold no sound: a length byte and nothing to decode.
    fn file(channels: u8, source_rate: u32, pre_skip: u16, packets: u64, end: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = PacketWriter::new(&mut bytes);
        let mut put = |data: Vec<u8>, info, at| {
            writer
                .write_packet(data, 7, info, at)
                .expect("a Vec takes all")
        };
        let mut head = b"OpusHead\x01".to_vec();
        head.push(channels);
        head.extend(pre_skip.to_le_bytes());
        head.extend(source_rate.to_le_bytes());
        head.extend([0, 0, 0]);
        put(head, PacketWriteEndInfo::EndPage, 0);
        put(
            b"OpusTags\0\0\0\0\0\0\0\0".to_vec(),
            PacketWriteEndInfo::EndPage,
            0,
        );
        for i in 1..=packets {
            let (info, at) = match i {
                _ if i == packets => (PacketWriteEndInfo::EndStream, end),
                _ if i % 10 == 0 => (PacketWriteEndInfo::EndPage, i * 960),
                _ => (PacketWriteEndInfo::NormalPacket, i * 960),
            };
            // SILK wideband, 20 ms, one frame, empty.
            put(vec![9 << 3 | (channels - 1) << 2], info, at);
        }
        bytes
    }

    fn read(bytes: Vec<u8>) -> (Source, usize) {
        let media = Box::new(io::Cursor::new(bytes));
        let mut source = Source::from_media(Path::new("test.opus"), media).expect("an Opus header");
        let (mut samples, mut block) = (0, Vec::new());
        while source.next_block(&mut block).expect("memory can be read") {
            assert!(block.len() <= source.rate() as usize / 10 * usize::from(source.channels()));
            samples += block.len();
        }
        let frames = samples / usize::from(source.channels());
        (source, frames)
    }

    #[test]
    fn the_length_is_right_to_the_sample_at_each_rate() {
        for (source_rate, rate) in [
            (8_000, 8_000),
            (16_000, 16_000),
            (44_100, 48_000),
            (0, 48_000),
        ] {
            for end in [30 * 960, 30 * 960 - 1, 29 * 960 + 17, 25 * 960] {
                let (source, frames) = read(file(1, source_rate, 312, 30, end));
                let step = 48_000 / rate;
                let expected = end.div_ceil(step) - 312u64.div_ceil(step);
                assert_eq!(u64::from(source.rate()), rate);
                assert_eq!(frames as u64, expected, "{rate} Hz, end {end}");
                assert_eq!(source.frames(), Some(expected));
                assert!(!source.truncated() && source.damaged() == 0);
            }
        }
    }

    #[test]
    fn streams_in_a_row_are_read_in_a_row() {
        let one = file(2, 48_000, 312, 12, 12 * 960);
        let mut other = file(2, 48_000, 312, 12, 12 * 960);
        // Another serial number, and the pages' sums with it.
        let mut reader = PacketReader::new(io::Cursor::new(std::mem::take(&mut other)));
        let mut writer = PacketWriter::new(&mut other);
        while let Some(packet) = reader.read_packet().expect("a valid file") {
            let info = match (packet.last_in_stream(), packet.last_in_page()) {
                (true, _) => PacketWriteEndInfo::EndStream,
                (_, true) => PacketWriteEndInfo::EndPage,
                _ => PacketWriteEndInfo::NormalPacket,
            };
            let at = packet.absgp_page();
            writer
                .write_packet(packet.data, 8, info, at)
                .expect("a Vec takes all");
        }
        let (source, frames) = read([one, other].concat());
        assert_eq!(frames, 2 * (12 * 960 - 312));
        assert!(!source.truncated() && source.damaged() == 0);
    }

    #[test]
    fn a_broken_page_becomes_silence_of_its_length() {
        let mut bytes = file(1, 16_000, 312, 40, 40 * 960);
        let pages: Vec<usize> = (0..bytes.len() - 4)
            .filter(|&i| bytes[i..].starts_with(b"OggS"))
            .collect();
        bytes[pages[3] + 40] ^= 0xFF;
        let (source, frames) = read(bytes);
        assert_eq!(frames, (40 * 960 - 312) / 3);
        assert!(source.damaged() > 0 && !source.truncated());
    }

    #[test]
    fn a_file_cut_anywhere_gives_what_is_there() {
        let whole = file(1, 16_000, 312, 40, 40 * 960);
        for cut in 0..whole.len() {
            let media = Box::new(io::Cursor::new(whole[..cut].to_vec()));
            if let Ok(mut source) = Source::from_media(Path::new("cut.opus"), media) {
                let mut block = Vec::new();
                while source.next_block(&mut block).expect("memory can be read") {}
                assert!(source.truncated(), "cut at {cut}");
            }
        }
    }
}
