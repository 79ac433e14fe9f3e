//! Any bytes as a file: an error, or blocks of whole frames within the promised size.
#![no_main]

mod contained;

use libfuzzer_sys::fuzz_target;
use std::io::Cursor;
use std::path::Path;
use undertone::shell::source::Source;

/// Blocks to read of one input: a gap may claim a minute of silence in a few bytes.
const BLOCKS: usize = 1_000;

fuzz_target!(init: contained::install(), |bytes: &[u8]| {
    let media = Box::new(Cursor::new(bytes.to_vec()));
    if let Ok(mut source) = Source::from_media(Path::new("fuzz"), media) {
        let most = source.rate() as usize / 10 * usize::from(source.channels());
        let mut block = Vec::new();
        for _ in 0..BLOCKS {
            if !matches!(source.next_block(&mut block), Ok(true)) {
                break;
            }
            assert!(!block.is_empty() && block.len() <= most);
            assert_eq!(block.len() % usize::from(source.channels()), 0);
        }
    }
});
