//! Any packets in a well-formed Ogg Opus file: the page sums are right, so that the fuzzer reaches the decoder.
//!
//! Each packet is a length byte and so many bytes.
#![no_main]

mod contained;

use libfuzzer_sys::fuzz_target;
use ogg::{PacketWriteEndInfo, PacketWriter};
use std::io::Cursor;
use std::path::Path;
use undertone::shell::source::Source;

fn file(mut bytes: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = PacketWriter::new(&mut file);
    let mut put = |data: Vec<u8>, info, at| {
        writer
            .write_packet(data, 1, info, at)
            .expect("a Vec takes all")
    };
    let mut head = *b"OpusHead\x01\x01\x38\x01\x80\xBB\0\0\0\0\0";
    head[9] = 1 + bytes.first().copied().unwrap_or(0) % 2;
    put(head.to_vec(), PacketWriteEndInfo::EndPage, 0);
    put(b"OpusTags".to_vec(), PacketWriteEndInfo::EndPage, 0);
    let mut at = 0;
    while let Some((&length, rest)) = bytes.split_first() {
        let (packet, rest) = rest.split_at(rest.len().min(usize::from(length)));
        at += 960;
        let info = if rest.is_empty() {
            PacketWriteEndInfo::EndStream
        } else {
            PacketWriteEndInfo::NormalPacket
        };
        put(packet.to_vec(), info, at);
        bytes = rest;
    }
    file
}

fuzz_target!(init: contained::install(), |bytes: &[u8]| {
    let media = Box::new(Cursor::new(file(bytes)));
    let mut source =
        Source::from_media(Path::new("fuzz.opus"), media).expect("the header is valid");
    let mut block = Vec::new();
    while source.next_block(&mut block).expect("memory can be read") {
        assert!(block.iter().all(|sample| sample.is_finite()));
    }
});
