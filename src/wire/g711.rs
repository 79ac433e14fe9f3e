//! G.711, the codec of the telephone network: eight bits a sample, A-law or µ-law.
//!
//! Source: ITU-T G.711 (11/88), tables 1a/1b (A-law) and 2a/2b (µ-law). Samples stand on the 16-bit
//! scale, as in the ITU-T G.191 reference code, whose one's complement of negative samples is kept.

/// A-law inverts the even bits on the line (G.711 §3.1, table 1a note 2).
const EVEN_BITS: u8 = 0x55;
/// µ-law counts its segments from 33, which is 132 on the 16-bit scale.
const BIAS: i16 = 132;

/// One A-law code to a 16-bit sample, −32256..=32256.
pub const fn alaw_to_linear(code: u8) -> i16 {
    let code = code ^ EVEN_BITS;
    let segment = (code >> 4) & 7;
    let step = ((code & 15) as i16) << 4;
    let magnitude = match segment {
        0 => step + 8,
        _ => (step + 0x108) << (segment - 1),
    };
    if code & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }
}

/// A 16-bit sample to its A-law code.
pub const fn linear_to_alaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0 } else { 0x80 };
    // Twelve bits of magnitude: the step of the two lowest segments is 16.
    let level = (if sample < 0 { !sample } else { sample }) as u16 >> 4;
    let code = if level < 32 {
        level
    } else {
        let segment = level.ilog2() - 4;
        ((segment as u16 + 1) << 4) | ((level >> segment) & 15)
    };
    (sign | code as u8) ^ EVEN_BITS
}

/// One µ-law code to a 16-bit sample, −32124..=32124.
pub const fn mulaw_to_linear(code: u8) -> i16 {
    let code = !code;
    let segment = (code >> 4) & 7;
    let magnitude = ((((code & 15) as i16) << 3) + BIAS) << segment;
    if code & 0x80 != 0 {
        BIAS - magnitude
    } else {
        magnitude - BIAS
    }
}

/// A 16-bit sample to its µ-law code.
pub const fn linear_to_mulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = if sample < 0 { !sample } else { sample };
    // Fourteen bits, clipped where the eighth segment ends.
    let level = (magnitude as u16 >> 2) + 33;
    let level = if level > 0x1FFF { 0x1FFF } else { level };
    let segment = level.ilog2() - 5;
    let step = (level >> (segment + 1)) & 15;
    !(sign | (segment as u8) << 4 | step as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alaw_code_survives_decoding_and_encoding() {
        for code in 0..=u8::MAX {
            assert_eq!(
                linear_to_alaw(alaw_to_linear(code)),
                code,
                "code {code:#04x}"
            );
        }
    }

    #[test]
    fn every_mulaw_code_but_negative_zero_survives_decoding_and_encoding() {
        for code in 0..=u8::MAX {
            // 0x7F is the second code for zero; silence is sent as 0xFF.
            let expected = if code == 0x7F { 0xFF } else { code };
            assert_eq!(
                linear_to_mulaw(mulaw_to_linear(code)),
                expected,
                "code {code:#04x}"
            );
        }
    }

    /// Outputs from G.711 tables 1a and 2a, times 8 and times 4.
    #[test]
    fn known_vectors() {
        for (code, sample) in [
            (0xD5, 8),      // A-law +1
            (0x55, -8),     // A-law −1
            (0xD4, 24),     // +3
            (0xC5, 264),    // +33
            (0xF5, 528),    // +66
            (0xAA, 32256),  // +4032
            (0x2A, -32256), // −4032
        ] {
            assert_eq!(alaw_to_linear(code), sample, "A-law {code:#04x}");
        }
        for (code, sample) in [
            (0xFF, 0),
            (0xFE, 8),      // +2
            (0x7E, -8),     // −2
            (0xF0, 120),    // +30
            (0xEF, 132),    // +33
            (0xDF, 396),    // +99
            (0x80, 32124),  // +8031
            (0x00, -32124), // −8031
        ] {
            assert_eq!(mulaw_to_linear(code), sample, "µ-law {code:#04x}");
        }
    }

    /// The segment ends of G.711 tables 1a and 2a are decision values: the code changes there, not near there.
    #[test]
    fn codes_change_at_the_decision_values() {
        for end in [64, 128, 256, 512, 1024, 2048] {
            let sample = end * 8;
            assert_ne!(
                linear_to_alaw(sample - 1),
                linear_to_alaw(sample),
                "A-law {end}"
            );
            assert_eq!((linear_to_alaw(sample) ^ EVEN_BITS) & 15, 0, "A-law {end}");
        }
        for end in [31, 95, 223, 479, 991, 2015, 4063] {
            let sample = end * 4;
            assert_ne!(
                linear_to_mulaw(sample - 1),
                linear_to_mulaw(sample),
                "µ-law {end}"
            );
            assert_eq!(!linear_to_mulaw(sample) & 15, 0, "µ-law {end}");
        }
    }

    #[test]
    fn louder_never_decodes_as_softer_and_the_error_stays_within_half_a_step() {
        let (mut last_a, mut last_mu) = (i16::MIN, i16::MIN);
        for sample in i16::MIN..=i16::MAX {
            let a = alaw_to_linear(linear_to_alaw(sample));
            let mu = mulaw_to_linear(linear_to_mulaw(sample));
            assert!(a >= last_a && mu >= last_mu, "not monotone at {sample}");
            (last_a, last_mu) = (a, mu);
            // Half the widest step of a segment is 1/32 of its lower end; small samples have a fixed step.
            let size = i32::from(sample).abs();
            let error_a = (i32::from(a) - i32::from(sample)).abs();
            let error_mu = (i32::from(mu) - i32::from(sample)).abs();
            assert!(
                error_a <= 8.max(size / 32 + 1),
                "A-law {sample} came back as {a}"
            );
            assert!(
                error_mu <= (size + 132) / 32 + 1 || size > 32635,
                "µ-law {sample} came back as {mu}"
            );
        }
    }
}
