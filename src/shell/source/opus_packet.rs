//! What an Opus packet and an Opus header say about themselves.
//!
//! Source: RFC 7845 §5.1 (identification header), RFC 6716 §3.1 and §3.2 (lengths of packets).

/// Ogg positions in a second (RFC 7845 §4).
pub const CLOCK_HZ: u32 = 48_000;

/// The identification header.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Head {
    /// 1 or 2.
    pub channels: u8,
    /// Positions to leave out at the beginning.
    pub pre_skip: u16,
    /// The rate that the sound had before it was encoded, Hz; 0 where unknown.
    pub source_rate: u32,
    /// The output gain, as a factor.
    pub gain: f32,
}

impl Head {
    /// Reads the header packet.
    pub fn read(packet: &[u8]) -> Result<Self, &'static str> {
        let Some((head, mapping)) = packet.split_first_chunk::<19>() else {
            return Err("its header is too short");
        };
        let [
            ..,
            version,
            channels,
            s0,
            s1,
            r0,
            r1,
            r2,
            r3,
            g0,
            g1,
            family,
        ] = *head;
        if !head.starts_with(b"OpusHead") {
            return Err("it has no header");
        }
        if version >> 4 != 0 {
            return Err("of a version that is unknown here");
        }
        // A mapped stream of one or two channels is a plain one when it holds a single Opus stream.
        let plain = family == 0 || family == 1 && mapping.first() == Some(&1);
        if !(1..=2).contains(&channels) || !plain {
            return Err("with more channels than two: convert it to mono or stereo");
        }
        let decibels = f32::from(i16::from_le_bytes([g0, g1])) / 256.0;
        Ok(Self {
            channels,
            pre_skip: u16::from_le_bytes([s0, s1]),
            source_rate: u32::from_le_bytes([r0, r1, r2, r3]),
            gain: 10f32.powf(decibels / 20.0),
        })
    }
}

/// The length of a packet, in 1/48000 s: at most 120 ms; `None` where the packet breaks the rules.
pub fn duration(packet: &[u8]) -> Option<u64> {
    let (&toc, rest) = packet.split_first()?;
    let size = toc >> 3 & 3;
    let frame = match toc >> 3 {
        // SILK: 10, 20, 40, 60 ms.
        0..12 if size == 3 => 2_880,
        0..12 => 480 << size,
        // Hybrid: 10, 20 ms.
        12..16 => 480 << (size & 1),
        // CELT: 2.5, 5, 10, 20 ms.
        _ => 120 << size,
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(rest.first()? & 63),
    };
    Some(frame * frames).filter(|length| (1..=5_760).contains(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_follow_table_2_of_the_rfc() {
        for (config, milliseconds) in [
            (0, 10.0),
            (1, 20.0),
            (2, 40.0),
            (3, 60.0),
            (9, 20.0),
            (11, 60.0),
            (12, 10.0),
            (13, 20.0),
            (14, 10.0),
            (15, 20.0),
            (16, 2.5),
            (17, 5.0),
            (18, 10.0),
            (19, 20.0),
            (28, 2.5),
            (31, 20.0),
        ] {
            let length = duration(&[config << 3]).expect("a packet of one frame");
            assert_eq!(length as f64 / 48.0, milliseconds, "configuration {config}");
        }
        assert_eq!(duration(&[9 << 3 | 1]), Some(1_920));
        assert_eq!(duration(&[9 << 3 | 3, 3]), Some(2_880));
    }

    #[test]
    fn impossible_packets_have_no_length() {
        assert_eq!(duration(&[]), None);
        assert_eq!(duration(&[9 << 3 | 3]), None, "no frame count");
        assert_eq!(duration(&[9 << 3 | 3, 0]), None, "no frames");
        assert_eq!(duration(&[9 << 3 | 3, 7]), None, "140 ms");
    }

    #[test]
    fn the_header_is_read() {
        let mut packet = *b"OpusHead\x01\x02\x38\x01\x80\x3E\0\0\0\xFA\0";
        let head = Head::read(&packet).expect("a valid header");
        assert_eq!(
            (head.channels, head.pre_skip, head.source_rate),
            (2, 312, 16_000)
        );
        assert!(
            (20.0 * head.gain.log10() + 6.0).abs() < 1e-4,
            "a gain of −6 dB"
        );
        packet[9] = 3;
        assert!(Head::read(&packet).is_err(), "three channels");
        assert!(Head::read(&packet[..18]).is_err(), "one byte short");
    }
}
