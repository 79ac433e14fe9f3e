//! Voice quality against closed forms, and what a line takes away.

use std::f64::consts::TAU;
use undertone::{FeatureFrame, FeatureStream, PcmBlock};

fn random(seed: &mut u32) -> f64 {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    f64::from(*seed >> 8) / f64::from(1 << 24) - 0.5
}

/// Six seconds of equal harmonics in 300–3400 Hz (cosine sum, power 0.01), `on` of each second.
fn voice(f0: f64, on: f64) -> Vec<f32> {
    let (first, last) = ((300.0 / f0).ceil() as u32, (3_400.0 / f0) as u32);
    let amplitude = (0.02 / f64::from(last - first + 1)).sqrt();
    (0..48_000)
        .map(|i| {
            let t = f64::from(i) / 8_000.0;
            let harmonic = |h: u32| (TAU * f0 * t * f64::from(h) + f64::from(h * h)).cos();
            let sum: f64 = (first..=last).map(harmonic).sum();
            if t % 1.0 < on {
                (amplitude * sum) as f32
            } else {
                0.0
            }
        })
        .collect()
}

/// White noise of power 0.01 under `db`.
fn noise(samples: &mut [f32], db: f64) {
    // Uniform in ±½ has power 1/12.
    let gain = (0.12 * 10f64.powf(-db / 10.0)).sqrt();
    let mut seed = 9;
    for sample in samples {
        *sample += (gain * random(&mut seed)) as f32;
    }
}

fn frames(blocks: &[PcmBlock<'_>]) -> Vec<FeatureFrame> {
    let mut stream = FeatureStream::new(8_000).unwrap();
    let mut frames = Vec::new();
    for block in blocks {
        stream.push(*block, |frame| frames.push(frame));
    }
    stream.finish(|frame| frames.push(frame));
    frames
}

fn heard(samples: &[f32]) -> Vec<FeatureFrame> {
    frames(&[PcmBlock::Samples(samples)])
}

/// Share of voiced frames, the first second left out, where `flag` is set.
fn share(frames: &[FeatureFrame], flag: impl Fn(&FeatureFrame) -> bool) -> f64 {
    let voiced = frames[100..].iter().filter(|f| f.voiced);
    let (mut all, mut set) = (0, 0);
    voiced.for_each(|f| {
        all += 1;
        set += usize::from(flag(f));
    });
    f64::from(set as u32) / f64::from(all)
}

/// Boersma (1993), eq. 4: a voice of harmonics and white noise has their ratio for its HNR.
#[test]
fn hnr_is_the_ratio_that_was_mixed() {
    for f0 in [90.0, 140.0, 210.0, 320.0] {
        for hnr in [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0] {
            let mut samples = voice(f0, 1.0);
            noise(&mut samples, hnr);
            let frames = heard(&samples);
            let voiced: Vec<f64> = frames[30..570]
                .iter()
                .filter(|f| f.voiced)
                .map(|f| f.hnr_db.into())
                .collect();
            let mean = voiced.iter().sum::<f64>() / voiced.len() as f64;
            // Four periods of 90 Hz in the window: from 20 dB on its taper shows. At 0 dB the path
            // calls only the better frames voiced.
            let allowed = match (f0 < 100.0, hnr) {
                (_, 0.0) => 1.0,
                (true, 20.0..) => 2.5,
                _ => 0.5,
            };
            assert!((mean - hnr).abs() < allowed, "{f0} Hz {hnr} dB: {mean}");
        }
    }
}

#[test]
fn a_clean_line_carries_every_measure() {
    let mut samples = voice(140.0, 0.7);
    noise(&mut samples, 45.0);
    let frames = heard(&samples);
    assert!(share(&frames, |f| f.quality.jitter_ok) > 0.7);
    assert!(share(&frames, |f| f.quality.shimmer_ok) > 0.7);
    assert!(share(&frames, |f| f.quality.cpp_ok) > 0.9);
    assert!(share(&frames, |f| f.quality.balance_ok) > 0.9);
    let settled = |f: &&FeatureFrame| f.quality.jitter_ok && f.quality.shimmer_ok;
    let reported: Vec<_> = frames.iter().filter(settled).collect();
    let mean = |part: fn(&FeatureFrame) -> f32| {
        reported.iter().map(|f| part(f)).sum::<f32>() / reported.len() as f32
    };
    assert!(mean(|f| f.jitter) < 0.001, "{}", mean(|f| f.jitter));
    assert!(mean(|f| f.shimmer) < 0.01, "{}", mean(|f| f.shimmer));
}

#[test]
fn noise_takes_away_what_it_falsifies_and_leaves_the_rest() {
    for (snr, jitter, shimmer, cpp) in [(10.0, 0.0, 0.0, 0.0), (18.5, 0.5, 0.0, 0.7)] {
        let mut samples = voice(140.0, 0.7);
        noise(&mut samples, snr);
        let frames = heard(&samples);
        for (name, expected, found) in [
            ("jitter", jitter, share(&frames, |f| f.quality.jitter_ok)),
            ("shimmer", shimmer, share(&frames, |f| f.quality.shimmer_ok)),
            ("cpp", cpp, share(&frames, |f| f.quality.cpp_ok)),
            // The line's noise is all the noise there is, so its HNR is the line's.
            ("hnr", 0.0, share(&frames, |f| f.quality.hnr_ok)),
        ] {
            let right = if expected > 0.0 {
                found > expected
            } else {
                found < 0.08
            };
            assert!(right, "{name} at {snr} dB: {found}");
        }
    }
}

#[test]
fn a_clipped_voice_is_not_reported() {
    let samples: Vec<f32> = voice(140.0, 0.7)
        .iter()
        .map(|x| (x * 10.0).clamp(-1.0, 1.0))
        .collect();
    let frames = heard(&samples);
    let any = |f: &FeatureFrame| {
        let q = f.quality;
        q.jitter_ok || q.shimmer_ok || q.hnr_ok || q.cpp_ok || q.balance_ok
    };
    assert!(share(&frames, any) < 0.05, "{}", share(&frames, any));
}

#[test]
fn a_lost_packet_is_in_no_figure() {
    let mut samples = voice(140.0, 0.7);
    noise(&mut samples, 45.0);
    let blocks = [
        PcmBlock::Samples(&samples[..18_400]),
        PcmBlock::Gap { samples: 160 },
        PcmBlock::Samples(&samples[18_560..]),
    ];
    let frames = frames(&blocks);
    let q = |i: usize| frames[i].quality;
    // The voice lasts from 2.00 to 2.70 s, the gap from 2.30 to 2.32 s: what is off is off for it.
    for i in [222, 262] {
        assert!(q(i).jitter_ok && q(i).cpp_ok, "{i}: {:?}", q(i));
    }
    // Windows reach 32 ms to both sides, the path five hops ahead; periods are counted anew.
    for i in 225..=234 {
        assert!(
            !q(i).cpp_ok && !q(i).hnr_ok && !q(i).balance_ok,
            "{i}: {:?}",
            q(i)
        );
    }
    for i in 225..=239 {
        assert!(!q(i).jitter_ok && !q(i).shimmer_ok, "{i}: {:?}", q(i));
    }
    for frame in &frames[230..262] {
        assert!(frame.jitter < 0.002, "the gap is no jitter: {frame:?}");
    }
}

#[test]
fn eight_and_sixteen_kilohertz_have_the_same_cepstrum() {
    let cpp = |rate: u32| {
        let samples: Vec<f32> = (0..rate * 2)
            .map(|i| {
                let t = f64::from(i) / f64::from(rate);
                let sum: f64 = (2..24)
                    .map(|h| (TAU * 140.0 * t * f64::from(h)).sin())
                    .sum();
                (0.02 * sum) as f32
            })
            .collect();
        let mut stream = FeatureStream::new(rate).unwrap();
        let mut found = Vec::new();
        stream.push(PcmBlock::Samples(&samples), |f| {
            found.push(f.quality.cpp_db)
        });
        found
    };
    for (narrow, wide) in cpp(8_000)[30..170].iter().zip(&cpp(16_000)[30..170]) {
        assert!((narrow - wide).abs() < 0.1, "{narrow} {wide}");
    }
}
