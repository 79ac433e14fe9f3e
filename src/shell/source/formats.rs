//! Telling an input's format by its first bytes, never by its name.

/// Bytes that [`recognise`] wants to see.
pub const HEAD_BYTES: u64 = 128;

/// The ways there are to read an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// RIFF, RF64.
    Wav,
    /// Opus in Ogg.
    Opus,
    /// FLAC, MP3, and Vorbis or FLAC in Ogg.
    Compressed,
}

/// Formats that are known by sight but not decoded: where the mark stands, the mark, what to say.
const REFUSED: [(usize, &[u8], &str); 8] = [
    (
        0,
        b"RIFX",
        "a big-endian WAV (RIFX): convert it to WAV or FLAC",
    ),
    (0, b"FORM", "AIFF: convert it to WAV or FLAC"),
    (0, b".snd", "Sun AU: convert it to WAV or FLAC"),
    (0, b"caff", "Core Audio: convert it to WAV or FLAC"),
    (0, b"#!AMR", "AMR: convert it to WAV or FLAC"),
    (
        0,
        b"\x1A\x45\xDF\xA3",
        "Matroska or WebM: convert it to WAV or FLAC",
    ),
    (4, b"ftyp", "MP4 or M4A: convert it to WAV or FLAC"),
    (0, b"0&\xB2u", "Windows Media: convert it to WAV or FLAC"),
];

/// What the input is, or why it is not taken.
pub fn recognise(head: &[u8]) -> Result<Kind, &'static str> {
    let at = |from: usize, mark: &[u8]| head.get(from..).is_some_and(|rest| rest.starts_with(mark));
    if head.is_empty() {
        return Err("the file is empty");
    }
    if [b"RIFF", b"RF64", b"BW64"].iter().any(|mark| at(0, *mark)) {
        return Ok(Kind::Wav);
    }
    if at(0, b"OggS") {
        return in_ogg(head);
    }
    if at(0, b"fLaC") || at(0, b"ID3") {
        return Ok(Kind::Compressed);
    }
    if let Some((_, _, reason)) = REFUSED.iter().find(|(from, mark, _)| at(*from, mark)) {
        return Err(reason);
    }
    match head {
        // An MPEG frame: eleven bits of sync, then version and layer.
        [0xFF, second, ..] if second & 0xE0 == 0xE0 => match (second >> 3 & 3, second >> 1 & 3) {
            (1, _) => Err("not audio that is known here: convert it to WAV or FLAC"),
            (_, 1) => Ok(Kind::Compressed),
            (_, 0) => Err("AAC: convert it to WAV or FLAC"),
            _ => Err("MPEG layer I or II: convert it to WAV or FLAC"),
        },
        _ => Err(
            "not WAV, FLAC, MP3 or Ogg: convert it to WAV or FLAC, or pipe headerless PCM in with --raw",
        ),
    }
}

/// The codec in an Ogg file, by the first packet of its first page.
fn in_ogg(head: &[u8]) -> Result<Kind, &'static str> {
    let segments = head.get(26).map_or(0, |&count| usize::from(count));
    let packet = head.get(27 + segments..).unwrap_or_default();
    if packet.starts_with(b"OpusHead") {
        Ok(Kind::Opus)
    } else if packet.starts_with(b"\x01vorbis") || packet.starts_with(b"\x7FFLAC") {
        Ok(Kind::Compressed)
    } else if packet.starts_with(b"Speex   ") {
        Err("Speex: convert it to WAV or FLAC")
    } else {
        Err("Ogg, but neither Opus, Vorbis nor FLAC: convert it to WAV or FLAC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ogg(packet: &[u8]) -> Vec<u8> {
        let mut page = b"OggS".to_vec();
        page.resize(26, 0);
        page.extend([1, packet.len() as u8]);
        page.extend(packet);
        page
    }

    #[test]
    fn content_tells_the_kind() {
        assert_eq!(recognise(b"RIFF\0\0\0\0WAVE"), Ok(Kind::Wav));
        assert_eq!(recognise(b"RF64\xFF\xFF\xFF\xFFWAVE"), Ok(Kind::Wav));
        assert_eq!(recognise(b"fLaC\0"), Ok(Kind::Compressed));
        assert_eq!(recognise(b"ID3\x04"), Ok(Kind::Compressed));
        assert_eq!(recognise(b"\xFF\xFB\x90\x64"), Ok(Kind::Compressed));
        assert_eq!(recognise(&ogg(b"OpusHead\x01")), Ok(Kind::Opus));
        assert_eq!(recognise(&ogg(b"\x01vorbis")), Ok(Kind::Compressed));
    }

    #[test]
    fn what_is_refused_is_named_with_a_way_out() {
        for (head, name) in [
            (&b""[..], "empty"),
            (b"\0\0\0\x20ftypM4A ", "M4A"),
            (b"\xFF\xF1\x50\x80", "AAC"),
            (b"FORM\0\0\0\0AIFF", "AIFF"),
            (b"time_s,f0_hz", "--raw"),
            (b"OggS", "Ogg"),
        ] {
            let reason = recognise(head).expect_err(name);
            assert!(reason.contains(name), "{reason}");
        }
    }

    #[test]
    fn no_beginning_panics() {
        let whole = ogg(b"OpusHead\x01");
        for end in 0..whole.len() {
            let _ = recognise(&whole[..end]);
        }
    }
}
