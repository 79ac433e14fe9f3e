//! WAV files that are cut short or lie about themselves: a clear error or what can be saved, never a panic.
#![cfg(feature = "cli")]
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::io::Cursor;
use std::path::Path;
use undertone::shell::error::ShellError;
use undertone::shell::source::Source;

/// The fields of a WAV file, each free to lie.
struct Wav {
    riff: [u8; 4],
    tag: u16,
    channels: u16,
    rate: u32,
    byte_rate: u32,
    frame: u16,
    bits: u16,
    fmt_length: u32,
    before_data: Vec<u8>,
    data_length: u32,
    samples: Vec<u8>,
    after: Vec<u8>,
}

impl Default for Wav {
    /// Eight frames of stereo, 16-bit, at 8 kHz, all true.
    fn default() -> Self {
        Self {
            riff: *b"RIFF",
            tag: 1,
            channels: 2,
            rate: 8_000,
            byte_rate: 32_000,
            frame: 4,
            bits: 16,
            fmt_length: 16,
            before_data: Vec::new(),
            data_length: 32,
            samples: (0..32).collect(),
            after: Vec::new(),
        }
    }
}

impl Wav {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.riff.to_vec();
        bytes.extend(100u32.to_le_bytes());
        bytes.extend(b"WAVEfmt ");
        bytes.extend(self.fmt_length.to_le_bytes());
        bytes.extend(self.tag.to_le_bytes());
        bytes.extend(self.channels.to_le_bytes());
        bytes.extend(self.rate.to_le_bytes());
        bytes.extend(self.byte_rate.to_le_bytes());
        bytes.extend(self.frame.to_le_bytes());
        bytes.extend(self.bits.to_le_bytes());
        bytes.extend(&self.before_data);
        bytes.extend(b"data");
        bytes.extend(self.data_length.to_le_bytes());
        bytes.extend(&self.samples);
        bytes.extend(&self.after);
        bytes
    }

    /// Reads the file and tells its samples and whether it was cut short.
    fn read(&self) -> Result<(Vec<f32>, bool), ShellError> {
        read(self.bytes())
    }

    /// The message and exit code of the refusal.
    fn refused(&self) -> String {
        let error = self.read().expect_err("the file must be refused");
        assert_eq!(error.exit_code(), 4);
        let cause = std::error::Error::source(&error).expect("a refusal has a cause");
        cause.to_string()
    }
}

fn read(bytes: Vec<u8>) -> Result<(Vec<f32>, bool), ShellError> {
    let piped = Source::from_reader(Path::new("-"), Box::new(Cursor::new(bytes.clone())));
    let piped = piped.and_then(drain);
    let file = Source::from_media(Path::new("test.wav"), Box::new(Cursor::new(bytes)));
    let file = file.and_then(drain);
    match (&piped, &file) {
        (Ok(piped), Ok(file)) => {
            assert_eq!(bits(piped), bits(file), "a pipe and a file must agree")
        }
        (Err(piped), Err(file)) => assert_eq!(piped.exit_code(), file.exit_code()),
        _ => panic!("a pipe and a file disagree: {piped:?}, {file:?}"),
    }
    file
}

fn drain(mut source: Source) -> Result<(Vec<f32>, bool), ShellError> {
    let (mut samples, mut block) = (Vec::new(), Vec::new());
    let most = source.rate() as usize / 10 * usize::from(source.channels());
    while source.next_block(&mut block)? {
        assert!(!block.is_empty() && block.len() <= most);
        samples.extend(&block);
    }
    Ok((samples, source.truncated()))
}

/// Comparable even where NaN stands.
fn bits((samples, truncated): &(Vec<f32>, bool)) -> (Vec<u32>, bool) {
    (samples.iter().map(|x| x.to_bits()).collect(), *truncated)
}

fn chunk(name: &[u8; 4], length: u32, body: &[u8]) -> Vec<u8> {
    [name.as_slice(), &length.to_le_bytes(), body].concat()
}

#[test]
fn an_honest_file_is_read_whole() {
    let (samples, truncated) = Wav::default().read().expect("an honest file");
    assert_eq!(samples.len(), 16);
    assert_eq!(samples[1], f32::from(0x0302u16) / 32_768.0);
    assert!(!truncated);
}

#[test]
fn a_file_cut_at_any_byte_gives_the_whole_frames_that_are_there() {
    let whole = Wav::default().bytes();
    let header = whole.len() - 32;
    for cut in 0..whole.len() {
        let result = read(whole[..cut].to_vec());
        if cut < header {
            let error = result.expect_err("no samples were reached");
            assert_eq!(error.exit_code(), 4, "cut at {cut}");
        } else {
            let (samples, truncated) = result.expect("the header is whole");
            assert_eq!(samples.len(), (cut - header) / 4 * 2, "cut at {cut}");
            assert!(truncated, "cut at {cut}");
        }
    }
}

#[test]
fn a_length_that_a_streaming_writer_left_means_to_the_end() {
    for data_length in [0, 0x7FFF_F000, 0x7FFF_FFFF, 0x8000_0000, u32::MAX] {
        let wav = Wav {
            data_length,
            ..Wav::default()
        };
        let (samples, truncated) = wav.read().expect("a streamed file");
        assert_eq!(
            (samples.len(), truncated),
            (16, false),
            "length {data_length:#x}"
        );
    }
}

#[test]
fn a_length_beyond_the_end_is_reported_and_one_before_it_obeyed() {
    let long = Wav {
        data_length: 1_000_000,
        ..Wav::default()
    };
    assert_eq!(
        long.read().map(|(s, t)| (s.len(), t)).ok(),
        Some((16, true))
    );
    let short = Wav {
        data_length: 8,
        ..Wav::default()
    };
    assert_eq!(
        short.read().map(|(s, t)| (s.len(), t)).ok(),
        Some((4, false))
    );
    let uneven = Wav {
        data_length: 7,
        ..Wav::default()
    };
    assert_eq!(
        uneven.read().map(|(s, t)| (s.len(), t)).ok(),
        Some((2, true))
    );
}

#[test]
fn chunks_around_the_data_are_passed_over() {
    let before_data = [
        chunk(b"LIST", 5, b"INFOx\0"),
        chunk(b"fact", 4, &8u32.to_le_bytes()),
        chunk(b"bext", 3, b"abc"), // an odd chunk whose writer forgot the pad byte
        chunk(b"junk", 0, b""),
        chunk(b"fmt ", 16, &[0xFF; 16]), // a second one, which has no say
    ]
    .concat();
    let after = chunk(b"LIST", 4, b"INFO");
    let wav = Wav {
        before_data,
        after,
        ..Wav::default()
    };
    let expected = Wav::default().read().expect("an honest file");
    assert_eq!(wav.read().ok(), Some(expected));
}

#[test]
fn a_chunk_that_claims_four_gigabytes_ends_in_an_error_without_being_kept() {
    for length in [u32::MAX, u32::MAX - 1, 0x8000_0000] {
        let wav = Wav {
            before_data: chunk(b"LIST", length, b""),
            ..Wav::default()
        };
        assert!(wav.refused().contains("before its data chunk"));
        let wav = Wav {
            fmt_length: length,
            ..Wav::default()
        };
        assert!(wav.refused().contains("before its data chunk"));
    }
}

#[test]
fn data_before_fmt_is_refused() {
    let bytes = [b"RIFF\0\0\0\0WAVE".as_slice(), &chunk(b"data", 4, &[0; 4])].concat();
    let error = read(bytes).expect_err("no format is known");
    let cause = std::error::Error::source(&error).expect("a refusal has a cause");
    assert!(
        cause.to_string().contains("before the fmt chunk"),
        "{cause}"
    );
}

#[test]
fn impossible_channels_and_rates_are_refused() {
    for channels in [0, 65, u16::MAX] {
        let wav = Wav {
            channels,
            ..Wav::default()
        };
        assert!(wav.refused().contains("channels"), "{channels} channels");
    }
    for rate in [0, 1_999, 384_001, u32::MAX] {
        let wav = Wav {
            rate,
            ..Wav::default()
        };
        assert!(wav.refused().contains("sample rate"), "{rate} Hz");
    }
    for (channels, rate) in [(1, 2_000), (64, 384_000)] {
        let wav = Wav {
            channels,
            rate,
            byte_rate: 0,
            frame: 0,
            ..Wav::default()
        };
        assert!(wav.read().is_ok(), "{channels} channels at {rate} Hz");
    }
}

#[test]
fn one_lie_about_the_sample_size_is_seen_through() {
    let honest = Wav::default().read().expect("an honest file");
    for (frame, bits, byte_rate) in [(0, 16, 32_000), (4, 0, 32_000), (4, 24, 32_000), (4, 16, 7)] {
        let wav = Wav {
            frame,
            bits,
            byte_rate,
            ..Wav::default()
        };
        let found = wav.read().expect("two fields agree");
        assert_eq!(
            found, honest,
            "frame {frame}, bits {bits}, byte rate {byte_rate}"
        );
    }
}

#[test]
fn sizes_and_codecs_that_do_not_exist_are_refused() {
    for (tag, bits, word) in [
        (1, 64, "1 to 4 bytes"),
        (1, 0, "1 to 4 bytes"),
        (3, 16, "4 or 8 bytes"),
        (2, 4, "neither PCM"),
        (0x55, 0, "neither PCM"),
        (0xFFFE, 16, "incomplete"),
    ] {
        let wav = Wav {
            tag,
            bits,
            frame: 0,
            byte_rate: 0,
            ..Wav::default()
        };
        assert!(wav.refused().contains(word), "tag {tag}, {bits} bits");
    }
    for fmt_length in [0, 15] {
        let wav = Wav {
            fmt_length,
            ..Wav::default()
        };
        assert!(
            wav.refused().contains("shorter than 16"),
            "length {fmt_length}"
        );
    }
}

#[test]
fn g711_needs_no_truth_about_bits_and_floats_pass_as_they_are() {
    for (tag, silence) in [(6, 0xD5), (7, 0xFF)] {
        let samples = vec![silence; 32];
        let wav = Wav {
            tag,
            samples,
            channels: 1,
            bits: 16,
            frame: 9,
            ..Wav::default()
        };
        let (samples, truncated) = wav.read().expect("G.711 is one byte a sample");
        assert_eq!((samples.len(), truncated), (32, false));
        assert!(samples.iter().all(|x| x.abs() < 0.001));
    }
    let samples = [f32::NAN, f32::INFINITY, -2.0, 0.5]
        .map(f32::to_le_bytes)
        .concat();
    let wav = Wav {
        tag: 3,
        bits: 32,
        channels: 1,
        data_length: 16,
        samples,
        ..Wav::default()
    };
    let (samples, _) = wav.read().expect("floats are floats");
    assert!(samples[0].is_nan() && samples[1].is_infinite());
    assert_eq!(samples[2..], [-2.0, 0.5]);
}

#[test]
fn any_single_wrong_byte_in_the_header_is_survived() {
    let whole = Wav {
        before_data: chunk(b"LIST", 4, b"INFO"),
        ..Wav::default()
    }
    .bytes();
    for place in 0..whole.len() - 32 {
        for value in [0, 1, 0x7F, 0x80, 0xFE, 0xFF] {
            let mut bytes = whole.clone();
            bytes[place] = value;
            if let Err(error) = read(bytes) {
                assert_eq!(error.exit_code(), 4, "byte {place} as {value}");
            }
        }
    }
}

#[test]
fn content_decides_and_the_name_does_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let named_wrong = folder.path().join("call.mp3");
    fs::write(&named_wrong, Wav::default().bytes()).expect("a writable folder");
    assert_eq!(
        Source::open(&named_wrong).map(|it| it.frames()).ok(),
        Some(Some(8))
    );
    let not_audio = folder.path().join("notes.wav");
    fs::write(&not_audio, "dear diary").expect("a writable folder");
    for (path, code) in [
        (not_audio.as_path(), 4),
        (&folder.path().join("missing.wav"), 3),
        (folder.path(), 3),
    ] {
        let error = Source::open(path).err().expect("no audio there");
        assert_eq!(error.exit_code(), code, "{error}");
        assert!(
            error.to_string().contains(&path.display().to_string()),
            "{error}"
        );
    }
}
