//! Any bytes on an AudioSocket connection: the same for any two cuts, or the same refusal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undertone::error::WireError;
use undertone::wire::feed::Media;
use undertone::wire::feed::audiosocket::Stream;

fn said(bytes: &[u8], block: usize) -> (Vec<Media>, Result<(), WireError>) {
    let (mut stream, mut out) = (Stream::new(), Vec::new());
    for bytes in bytes.chunks(block) {
        if let Err(error) = stream.push(bytes, &mut out) {
            return (out, Err(error));
        }
    }
    (out, Ok(()))
}

fuzz_target!(|bytes: &[u8]| {
    let block = 1 + usize::from(bytes.first().copied().unwrap_or(0)) % 64;
    // The UUID in front, so that not every input ends there.
    let uuid = [&[0x01, 0x00, 0x10][..], &[7; 16]].concat();
    for bytes in [bytes.to_vec(), [&uuid, bytes].concat()] {
        assert_eq!(said(&bytes, usize::MAX), said(&bytes, block));
    }
});
