//! An Ogg file as bytes: read with a limit, and looked at from its end.
//!
//! Source: RFC 3533 §6 (the layout of a page).

use std::io::{self, Read, Seek, SeekFrom};
use symphonia::core::io::MediaSource;

/// A reader that gives up when too much passes without a packet: the Ogg reader would keep it all.
pub struct Fuse {
    /// The file.
    pub inner: Box<dyn MediaSource>,
    /// Bytes that may still be read.
    pub left: usize,
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
pub fn is_cut(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

/// The serial number and the end position of the last page, where one can be found.
pub fn last_page(media: &mut Box<dyn MediaSource>) -> io::Result<Option<(u32, u64)>> {
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
