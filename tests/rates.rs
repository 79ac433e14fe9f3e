//! The same call at 8 and at 16 kHz gives the same model input.
//!
//! Tolerance: over the windows of a whole call the input differs by less than 0.05 population
//! standard deviations in the mean, and by less than 0.75 in 99 of 100 values. It is not nothing,
//! because a decision (speech, voiced) may fall a frame earlier or later.
#![cfg(all(feature = "cli", feature = "embedded"))]
#![allow(clippy::disallowed_methods)]

use ndarray::{Array1, Array2};
use std::f64::consts::PI;
use undertone::features::FeatureFrame;
use undertone::model::{Baseline, Context};
use undertone::wire::g711::mulaw_to_linear;
use undertone::{FeatureStream, ModelCard, PcmBlock};

/// Samples of a mono µ-law WAV with the plain header of `samples/`.
fn read(path: &str) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    let data = bytes.windows(4).position(|four| four == b"data").unwrap() + 8;
    bytes[data..]
        .iter()
        .map(|byte| f32::from(mulaw_to_linear(*byte)) / 32_768.0)
        .collect()
}

/// Twice the rate: zeros between the samples, then a windowed sinc.
fn doubled(samples: &[f32]) -> Vec<f32> {
    const ARM: i64 = 64;
    let taps: Vec<f64> = (-ARM..=ARM)
        .map(|n| {
            let x = PI * n as f64 / 2.0;
            let sinc = if n == 0 { 1.0 } else { x.sin() / x };
            sinc * (0.5 + 0.5 * (PI * n as f64 / (ARM + 1) as f64).cos())
        })
        .collect();
    let at = |i: i64| {
        if i % 2 == 0 {
            samples.get((i / 2) as usize).copied()
        } else {
            None
        }
    };
    (0..2 * samples.len() as i64)
        .map(|i| {
            let terms = (-ARM..=ARM).zip(&taps);
            let sum: f64 = terms
                .filter(|(n, _)| i - n >= 0)
                .map(|(n, tap)| f64::from(at(i - n).unwrap_or(0.0)) * tap)
                .sum();
            sum as f32
        })
        .collect()
}

fn frames(rate: u32, samples: &[f32]) -> Vec<FeatureFrame> {
    let mut stream = FeatureStream::new(rate).unwrap();
    let mut all = Vec::new();
    for block in samples.chunks(rate as usize / 50) {
        stream.push(PcmBlock::Samples(block), |frame| all.push(frame));
    }
    all
}

#[test]
fn a_call_gives_the_same_model_input_at_both_rates() {
    let card = std::fs::read_to_string("models/affect-open.toml").unwrap();
    let card = ModelCard::parse("models/affect-open.toml", &card).unwrap();
    let narrow = read("samples/became-angry.wav");
    let wide = frames(16_000, &doubled(&narrow));
    let narrow = frames(8_000, &narrow);
    let mut contexts = [Context::new(&card).unwrap(), Context::new(&card).unwrap()];
    let mean = Baseline::new(&card).mean().to_vec();
    let mut windows = [
        Array2::zeros(card.window_shape()),
        Array2::zeros(card.window_shape()),
    ];
    let mut mask = Array1::zeros(card.window_shape().0);
    let mut off = Vec::new();
    for (i, pair) in narrow.iter().zip(&wide).enumerate() {
        let [a, b] = &mut contexts;
        a.push(pair.0);
        b.push(pair.1);
        if i % 100 == 99 && a.ready() && b.ready() {
            for (context, window) in [&*a, &*b].into_iter().zip(&mut windows) {
                context.write(&mean, window.view_mut(), mask.view_mut());
            }
            let pairs = windows[0].iter().zip(windows[1].iter());
            off.extend(pairs.map(|(a, b)| (a - b).abs()));
        }
    }
    assert!(off.len() > 40 * 4_200, "{} values", off.len());
    off.sort_by(f32::total_cmp);
    let average = off.iter().sum::<f32>() / off.len() as f32;
    let most = off[off.len() * 99 / 100];
    assert!(average < 0.05 && most < 0.75, "mean {average}, 99 % {most}");
}
