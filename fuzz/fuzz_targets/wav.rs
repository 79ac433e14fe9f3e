//! Any bytes as a WAV file: the same header for any two block sizes, and samples that fit it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use undertone::error::WireError;
use undertone::wire::wav::{Header, HeaderReader};

fn read(bytes: &[u8], block: usize) -> Result<Option<Header>, WireError> {
    let mut reader = HeaderReader::new();
    for bytes in bytes.chunks(block) {
        reader.push(bytes)?;
        if reader.header().is_some() {
            break;
        }
    }
    Ok(reader.header())
}

fuzz_target!(|bytes: &[u8]| {
    let whole = read(bytes, usize::MAX);
    let block = 1 + usize::from(bytes.first().copied().unwrap_or(0)) % 64;
    assert_eq!(whole, read(bytes, block));
    if let Ok(Some(header)) = whole {
        let data = &bytes[header.data_offset as usize..];
        let mut samples = Vec::new();
        header.format.encoding.decode(data, &mut samples);
        assert_eq!(samples.len(), data.len() / header.format.encoding.bytes());
    }
});
