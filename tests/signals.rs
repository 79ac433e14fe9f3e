//! Features against signals whose truth is a formula.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::f64::consts::TAU;
use undertone::features::table;
use undertone::{FeatureFrame, FeatureStream, PcmBlock};

fn frames(rate: u32, samples: &[f32]) -> Vec<FeatureFrame> {
    let mut stream = FeatureStream::new(rate).unwrap();
    let mut frames = Vec::new();
    stream.push(PcmBlock::Samples(samples), |frame| frames.push(frame));
    stream.finish(|frame| frames.push(frame));
    frames
}

/// Harmonics 1/h of a fundamental that is a function of time, at -20 dBFS or so.
fn tone(rate: u32, seconds: f64, f0: impl Fn(f64) -> f64, gain: f64) -> Vec<f32> {
    let mut phase = 0.0;
    (0..(seconds * f64::from(rate)) as usize)
        .map(|i| {
            phase += f0(i as f64 / f64::from(rate)) / f64::from(rate);
            let voice: f64 = (1..=10)
                .map(|h| (TAU * phase * f64::from(h)).sin() / f64::from(h))
                .sum();
            (gain * voice) as f32
        })
        .collect()
}

/// Frames away from both ends.
fn middle(frames: &[FeatureFrame]) -> &[FeatureFrame] {
    &frames[30..frames.len() - 30]
}

#[test]
fn every_hop_has_one_frame_at_its_centre() {
    for rate in [8_000, 16_000, 44_100, 48_000] {
        let frames = frames(rate, &vec![0.1; rate as usize * 2]);
        assert_eq!(frames.len(), 200, "{rate}");
        for (i, frame) in frames.iter().enumerate() {
            assert!((frame.at.seconds() - (i as f64 + 0.5) * 0.01).abs() < 1e-9);
        }
    }
}

#[test]
fn look_ahead_is_55_ms() {
    let mut stream = FeatureStream::new(8_000).unwrap();
    let mut received = 0.0;
    for hop in [0.1f32; 8_000].chunks(80) {
        received += 0.01;
        let mut at = None;
        stream.push(PcmBlock::Samples(hop), |frame| {
            at = Some(frame.at.seconds())
        });
        if let Some(at) = at {
            assert!((received - at - 0.055) < 1e-6, "{received} {at}");
        }
    }
}

#[test]
fn a_steady_tone_has_its_pitch_level_and_no_noise() {
    for rate in [8_000, 16_000] {
        for f0 in [80.0, 125.0, 210.0, 330.0] {
            let samples = tone(rate, 2.0, |_| f0, 0.1);
            let power: f64 =
                samples.iter().map(|x| f64::from(x * x)).sum::<f64>() / samples.len() as f64;
            for frame in middle(&frames(rate, &samples)) {
                let cents = 1_200.0 * (f64::from(frame.f0_hz) / f0).log2();
                assert!(frame.voiced && cents.abs() < 5.0, "{rate} {f0}: {frame:?}");
                // A window of 46 ms holds under four periods of 80 Hz; the taper costs the rest.
                assert!(
                    frame.hnr_db > if f0 < 100.0 { 17.0 } else { 20.0 },
                    "{frame:?}"
                );
                assert!((f64::from(frame.level_db) - 10.0 * power.log10()).abs() < 1.0);
                assert!(frame.jitter < 0.005 && frame.shimmer < 0.02, "{frame:?}");
            }
        }
    }
}

#[test]
fn a_glide_is_followed_without_a_jump() {
    let f0 = |t: f64| 100.0 * (t * 0.6).exp2();
    for frame in middle(&frames(8_000, &tone(8_000, 3.0, f0, 0.1))) {
        let cents = 1_200.0 * (f64::from(frame.f0_hz) / f0(frame.at.seconds())).log2();
        assert!(
            frame.voiced && cents.abs() < 2.0,
            "{cents} at {:?}",
            frame.at
        );
    }
}

#[test]
fn noise_is_unvoiced_and_flat() {
    let mut seed = 3u32;
    let noise: Vec<f32> = (0..16_000)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((seed >> 8) as f32 / (1 << 24) as f32 - 0.5) * 0.2
        })
        .collect();
    let frames = frames(8_000, &noise);
    let voiced = middle(&frames).iter().filter(|f| f.voiced).count();
    assert!(voiced < frames.len() / 50, "{voiced} of {}", frames.len());
    let tilt: f32 = middle(&frames)
        .iter()
        .map(|f| f.spectral_tilt_db)
        .sum::<f32>()
        / (frames.len() - 60) as f32;
    assert!(tilt.abs() < 0.5, "{tilt}");
}

#[test]
fn known_syllables_and_pauses_are_counted() {
    // Four syllables a second for two seconds, then a second of silence; five times.
    let rate = 8_000;
    let mut samples = tone(rate, 15.0, |_| 140.0, 0.1);
    for (i, sample) in samples.iter_mut().enumerate() {
        let t = i as f64 / f64::from(rate);
        let envelope = 0.525 - 0.475 * (TAU * 4.0 * t).cos();
        *sample *= if t % 3.0 < 2.0 { envelope as f32 } else { 1e-4 };
    }
    let frames = frames(rate, &samples);
    let nuclei = frames.iter().filter(|f| f.nucleus).count();
    assert!((38..=42).contains(&nuclei), "{nuclei}");
    let last = frames.last().unwrap();
    assert_eq!(last.pauses, 4);
    assert!((last.pace_sps - 8.0 / 3.0).abs() < 0.5, "{last:?}");
    let speech = frames.iter().filter(|f| f.speech).count() as f64 / 100.0;
    assert!((speech - 10.0).abs() < 1.0, "{speech}");
}

/// A nucleus has a dip of 1 dB on both sides: 6 dB is one, 0.9 dB (0.9 of the amplitude) is none.
/// The end of a phrase is a dip too.
#[test]
fn a_dip_of_six_decibels_parts_syllables_and_one_of_less_than_one_does_not() {
    // A second of silence and two of voice, five times; the end of a phrase is a dip too.
    for (low, expected) in [(0.5, 33..=44), (0.9, 3..=6)] {
        let mut samples = tone(8_000, 15.0, |_| 140.0, 0.1);
        for (i, sample) in samples.iter_mut().enumerate() {
            let t = i as f64 / 8_000.0;
            let envelope = (1.0 + low) / 2.0 - (1.0 - low) / 2.0 * (TAU * 4.0 * t).cos();
            *sample *= if t % 3.0 >= 1.0 {
                envelope as f32
            } else {
                1e-4
            };
        }
        let nuclei = frames(8_000, &samples).iter().filter(|f| f.nucleus).count();
        assert!(expected.contains(&nuclei), "{nuclei} for dips to {low}");
    }
}

#[test]
fn eight_and_sixteen_kilohertz_agree_below_four() {
    let f0 = |t: f64| 150.0 + 30.0 * (TAU * 0.7 * t).sin();
    let (narrow, wide) = (tone(8_000, 3.0, f0, 0.1), tone(16_000, 3.0, f0, 0.1));
    for (a, b) in middle(&frames(8_000, &narrow))
        .iter()
        .zip(middle(&frames(16_000, &wide)))
    {
        assert_eq!(a.at, b.at);
        assert!((a.f0_hz / b.f0_hz - 1.0).abs() < 0.005, "{a:?} {b:?}");
        assert!((a.level_db - b.level_db).abs() < 0.1);
        for (x, y) in a.log_mel_db.iter().zip(&b.log_mel_db) {
            // Where a band holds nothing but the window's side lobes there is nothing to compare.
            assert!((x - y).abs() < 0.3 || x.max(*y) < -75.0, "{x} {y}");
        }
    }
}

/// The levels themselves, and the balance of what may lie at the floor of the logarithm.
fn moves_with_gain(column: &str) -> bool {
    let levels = ["level_db", "active_level_db"];
    let floored = [
        "spectral_tilt_db",
        "alpha_ratio_db",
        "hammarberg_db",
        "flux_db",
        "slope_500_1500_db",
    ];
    levels.contains(&column) || floored.contains(&column)
}

/// How far two readings of a column may lie apart by rounding alone.
fn rounding(column: &table::Column) -> f64 {
    match column.unit {
        // At 30 dB of HNR a rounding of the peak's height is worth half a decibel.
        "dB" if column.name == "hnr_db" => 0.6,
        // The thresholds of P.56 lie 6 dB apart and do not move with the gain. Where three
        // quarters of a signal are loud its active level lies between the energy over all the
        // time and that over three quarters of it, which is 1.25 dB more.
        "dB" if column.name == "level_rel_db" => 1.3,
        "dB" | "dB/octave" | "dB/s" => 0.1,
        "Hz" => 0.05,
        _ => 2e-3,
    }
}

/// A decision that stands on its edge is tipped by a rounding in one case of some hundreds, and
/// what is counted from it follows for a while: so one case of the 24 may differ in a column, and
/// two may not.
#[test]
fn gain_moves_no_feature_but_level() {
    let mut differ = BTreeMap::<&str, Vec<String>>::new();
    for (f0, gain_db) in [97.0, 143.0, 211.0, 289.0]
        .into_iter()
        .flat_map(|f0| [-12.0f32, -7.3, -3.1, 2.7, 5.9, 9.9].map(|gain_db| (f0, gain_db)))
    {
        let melody = |t: f64| f0 * (1.0 + 0.1 * (TAU * 2.0 * t).sin());
        let mut samples = tone(8_000, 2.0, melody, 0.05);
        let mut seed = 5u32;
        for (i, sample) in samples.iter_mut().enumerate() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // The line's noise keeps every band off the floor of the logarithm.
            let noise = ((seed >> 8) as f32 / (1 << 24) as f32 - 0.5) * 4e-3;
            *sample = *sample * if i % 4_000 < 3_000 { 1.0 } else { 0.01 } + noise;
        }
        let gain = 10f32.powf(gain_db / 20.0);
        let louder: Vec<f32> = samples.iter().map(|x| x * gain).collect();
        let (quiet, loud) = (frames(8_000, &samples), frames(8_000, &louder));
        for column in table::COLUMNS
            .iter()
            .filter(|column| !moves_with_gain(column.name))
        {
            let apart = |(a, b): (&FeatureFrame, &FeatureFrame)| {
                let (a, b) = ((column.get)(a), (column.get)(b));
                let same = (a - b).abs() <= rounding(column) || a.is_nan() && b.is_nan();
                (!same).then(|| format!("{a} and {b} at {f0} Hz, {gain_db} dB"))
            };
            // The envelope of P.56 takes 0.2 s to rise.
            let mut apart = quiet.iter().zip(&loud).skip(20).filter_map(apart);
            if let Some(first) = apart.next() {
                differ.entry(column.name).or_default().push(first);
            }
        }
        for (a, b) in quiet
            .iter()
            .zip(&loud)
            .filter(|(a, b)| a.speech && b.speech)
        {
            assert!((b.level_db - a.level_db - gain_db).abs() < 0.1);
            // At the floor of the logarithm (-100 dB a bin) gain is lost, as it must be.
            let clear = |f: &FeatureFrame| f.log_mel_db.iter().all(|db| *db > -99.9);
            if clear(a) && clear(b) {
                assert!((a.spectral_tilt_db - b.spectral_tilt_db).abs() < 0.1);
            }
            assert!((a.alpha_ratio_db - b.alpha_ratio_db).abs() < 0.1);
        }
    }
    differ.retain(|_, cases| cases.len() > 1);
    assert!(differ.is_empty(), "{differ:#?}");
}

proptest! {
    #[test]
    fn a_shifted_voice_shifts_its_pitch_by_just_that(f0 in 90.0f64..200.0, semitones in -4.0f64..12.0) {
        let ratio = (semitones / 12.0).exp2();
        let low = frames(8_000, &tone(8_000, 1.0, |_| f0, 0.1));
        let high = frames(8_000, &tone(8_000, 1.0, |_| f0 * ratio, 0.1));
        for (a, b) in middle(&low).iter().zip(middle(&high)) {
            let cents = 1_200.0 * (f64::from(b.f0_hz / a.f0_hz) / ratio).log2();
            prop_assert!(cents.abs() < 8.0, "{} {} {}", a.f0_hz, b.f0_hz, ratio);
        }
    }
}
