//! Ogg Opus files that are cut short, broken or strung together: right to the sample, or silent where the sound is lost.
#![cfg(feature = "cli")]

use ogg::{PacketReader, PacketWriteEndInfo, PacketWriter};
use std::io::Cursor;
use std::path::Path;
use undertone::shell::source::Source;

/// An Opus file of 20 ms packets that hold no sound: a length byte and nothing to decode.
fn file(channels: u8, pre_skip: u16, packets: u64, end: u64) -> Vec<u8> {
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
    head.extend([0; 7]);
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
    let media = Box::new(Cursor::new(bytes));
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
fn the_length_is_right_to_the_sample() {
    for end in [30 * 960, 30 * 960 - 1, 29 * 960 + 17, 25 * 960] {
        let (source, frames) = read(file(1, 312, 30, end));
        assert_eq!(frames as u64, end - 312, "end {end}");
        assert_eq!(source.frames(), Some(end - 312));
        assert!(!source.truncated() && source.damaged() == 0);
    }
}

#[test]
fn streams_in_a_row_are_read_in_a_row() {
    let one = file(2, 312, 12, 12 * 960);
    let mut other = file(2, 312, 12, 12 * 960);
    // Another serial number, and the pages' sums with it.
    let mut reader = PacketReader::new(Cursor::new(std::mem::take(&mut other)));
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
    let mut bytes = file(1, 312, 40, 40 * 960);
    let pages: Vec<usize> = (0..bytes.len() - 4)
        .filter(|&i| bytes[i..].starts_with(b"OggS"))
        .collect();
    bytes[pages[3] + 40] ^= 0xFF;
    let (source, frames) = read(bytes);
    assert_eq!(frames, 40 * 960 - 312);
    assert!(source.damaged() > 0 && !source.truncated());
}

#[test]
fn a_broken_first_page_moves_nothing() {
    let mut bytes = file(1, 312, 40, 40 * 960);
    let third = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, at)| at == b"OggS")
        .nth(2);
    let (page, _) = third.expect("two header pages, then sound");
    bytes[page + 40] ^= 0xFF;
    let (source, frames) = read(bytes);
    assert_eq!(frames, 40 * 960 - 312);
    assert!(source.damaged() > 0);
}

#[test]
fn a_file_cut_anywhere_gives_what_is_there() {
    let whole = file(1, 312, 40, 40 * 960);
    for cut in 0..whole.len() {
        let media = Box::new(Cursor::new(whole[..cut].to_vec()));
        if let Ok(mut source) = Source::from_media(Path::new("cut.opus"), media) {
            let mut block = Vec::new();
            while source.next_block(&mut block).expect("memory can be read") {}
            assert!(source.truncated(), "cut at {cut}");
        }
    }
}
