//! How a number is written: rounded to a fixed count of decimals, `null` where it is not finite.

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};
use std::io::{self, Write};

/// Decimals in every line of `analyze`.
pub const EVENT_DECIMALS: i32 = 4;
/// Decimals in the feature table; jitter needs the fifth.
pub const FEATURE_DECIMALS: i32 = 5;

/// `value` rounded to `decimals`, and never −0.
pub fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    (value * scale).round() / scale + 0.0
}

/// `value` as text with at most `decimals` decimals and at least one: `12.0`, `0.0213`.
pub fn decimal(value: f64, decimals: i32) -> String {
    format!("{:?}", rounded(value, decimals))
}

/// Writes `value` as one line of JSON with every float rounded to `decimals`.
pub fn write_json_line<T: Serialize>(
    out: &mut dyn Write,
    value: &T,
    decimals: i32,
) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Rounding { decimals });
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// A JSON formatter that differs from the compact one in floats alone.
struct Rounding {
    decimals: i32,
}

impl Formatter for Rounding {
    fn write_f32<W: ?Sized + Write>(&mut self, out: &mut W, value: f32) -> io::Result<()> {
        self.write_f64(out, f64::from(value))
    }

    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        CompactFormatter.write_f64(out, rounded(value, self.decimals))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_rounded_and_integers_are_not() {
        let mut line = Vec::new();
        let value = (0.123_456_f32, -0.000_01_f64, f32::NAN, 12.0_f32, 7_u32);
        write_json_line(&mut line, &value, 4).unwrap();
        assert_eq!(line, b"[0.1235,0.0,null,12.0,7]\n");
    }

    #[test]
    fn decimals_keep_the_point() {
        assert_eq!(decimal(f64::from(0.1_f32), 4), "0.1");
        assert_eq!(decimal(3.0, 4), "3.0");
        assert_eq!(decimal(0.005_12, FEATURE_DECIMALS), "0.00512");
    }
}
