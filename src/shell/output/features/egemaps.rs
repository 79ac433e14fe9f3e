//! The columns that eGeMAPS users know.
//!
//! Eyben et al. (2016), "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice Research
//! and Affective Computing", IEEE TAC 7(2). A usual name stands only where the definition is the
//! same; what a telephone line forces to differ keeps our name. `docs/features.md` has both lists.

use crate::features::FeatureFrame;
use crate::features::table::{Column, Kind};

/// Our own columns that stand in for descriptors whose definition differs.
pub const OURS: [&str; 8] = [
    "voiced",
    "level_db",
    "shimmer_db",
    "alpha_ratio_db",
    "hammarberg_db",
    "slope_500_1500_db",
    "balance_ok",
    "cpp_db",
];

/// The columns under their usual names.
pub const COLUMNS: &[Column] = &[
    Column {
        name: "F0semitoneFrom27.5Hz",
        unit: "semitone",
        window_ms: 46,
        kind: Kind::Real,
        source: "Eyben 2016",
        description: "F0 in semitones over 27.5 Hz, 0 where unvoiced",
        get: f0_semitones,
    },
    Column {
        name: "jitterLocal",
        unit: "1",
        window_ms: 0,
        kind: Kind::Real,
        source: "Eyben 2016",
        description: "the column jitter",
        get: jitter,
    },
    Column {
        name: "HNRdBACF",
        unit: "dB",
        window_ms: 46,
        kind: Kind::Real,
        source: "Eyben 2016",
        description: "the column hnr_db; absent unless hnr_ok",
        get: hnr,
    },
];

fn f0_semitones(frame: &FeatureFrame) -> f64 {
    if frame.voiced {
        12.0 * (f64::from(frame.f0_hz) / 27.5).log2()
    } else {
        0.0
    }
}

fn jitter(frame: &FeatureFrame) -> f64 {
    carried(frame.jitter, frame.quality.jitter_ok)
}

fn hnr(frame: &FeatureFrame) -> f64 {
    carried(frame.hnr_db, frame.quality.hnr_ok)
}

/// NaN is written as absent.
fn carried(value: f32, ok: bool) -> f64 {
    if ok { value.into() } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semitones_are_counted_from_a0_and_what_is_not_carried_is_absent() {
        let mut frame = FeatureFrame {
            f0_hz: 440.0,
            voiced: true,
            hnr_db: 12.0,
            ..FeatureFrame::default()
        };
        // From A0 to A4 are four octaves.
        assert!((f0_semitones(&frame) - 48.0).abs() < 1e-9);
        assert!(hnr(&frame).is_nan() && jitter(&frame).is_nan());
        frame.quality.hnr_ok = true;
        assert_eq!(hnr(&frame), 12.0);
        frame.voiced = false;
        assert_eq!(f0_semitones(&frame), 0.0);
    }
}
