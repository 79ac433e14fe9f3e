//! What a second of audio costs: features alone, one inference, one push of 20 ms. What a turn of
//! words costs.
//!
//! `cargo bench --bench cost`. Times are of this machine; compare the ratios.
#![allow(clippy::disallowed_methods)]

use divan::Bencher;
use divan::counter::ItemsCount;
use ndarray::{Array1, Array2};
use std::hint::black_box;
use undertone::dialogue::words::Words;
use undertone::model::{AFFECT_OPEN, AffectModel, FeatureWindow, ModelCard, Reading};
use undertone::{Engine, EngineConfig, FeatureStream, PcmBlock};

fn main() {
    divan::main();
}

/// Ten seconds of harmonics under a 4 Hz envelope, over a little noise.
fn voice(rate: u32) -> Vec<f32> {
    let mut seed = 1u32;
    (0..rate * 10)
        .map(|i| {
            let t = f64::from(i) / f64::from(rate);
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (f64::from(seed >> 8) / f64::from(1 << 24) - 0.5) * 1e-3;
            let envelope = 0.5 - 0.5 * (std::f64::consts::TAU * 4.0 * t).cos();
            let voice: f64 = (2..14)
                .map(|h| (std::f64::consts::TAU * 140.0 * t * f64::from(h)).sin() / f64::from(h))
                .sum();
            (0.1 * envelope * voice + noise) as f32
        })
        .collect()
}

fn card() -> ModelCard {
    ModelCard::parse("affect-open.toml", AFFECT_OPEN.1).expect("the bundled card is valid")
}

/// A turn of ordinary length, the longest that is read, and a turn after twenty others.
#[divan::bench(args = ["turn", "longest", "history"])]
fn words(bencher: Bencher<'_, '_>, what: &str) {
    let words = Words::english();
    let turn = "um i was just calling because there is a charge on my card i do not know";
    let text = match what {
        "longest" => format!("{turn} and ").repeat(60),
        _ => turn.into(),
    };
    let history = match what {
        "history" => vec!["could you tell me what the fee on my statement is"; 20],
        _ => vec![],
    };
    bencher.bench_local(|| words.classify(black_box(&text), &history));
}

/// Ten seconds of audio: divide by ten for a second.
#[divan::bench(args = [8_000, 16_000, 48_000])]
fn features_of_10_s(bencher: Bencher<'_, '_>, rate: u32) {
    let samples = voice(rate);
    bencher.bench_local(|| {
        let mut stream = FeatureStream::new(rate).expect("a usual rate");
        for block in samples.chunks(rate as usize / 50) {
            stream.push(PcmBlock::Samples(block), |frame| {
                black_box(frame);
            });
        }
    });
}

fn infer(bencher: Bencher<'_, '_>, model: &mut dyn AffectModel, batch: usize) {
    let (steps, channels) = model.card().window_shape();
    let x = Array2::from_shape_fn((steps, channels), |(t, c)| {
        ((t * 7 + c * 3) % 11) as f32 / 5.0 - 1.0
    });
    let mask = Array1::ones(steps);
    let window = FeatureWindow {
        x: x.view(),
        mask: mask.view(),
    };
    let windows = vec![window; batch];
    let mut readings = vec![Reading::default(); batch];
    bencher
        .counter(ItemsCount::new(batch))
        .bench_local(|| model.infer(black_box(&windows), &mut readings));
}

#[cfg(feature = "embedded")]
#[divan::bench(args = [1, 2, 8, 32])]
fn inference_embedded(bencher: Bencher<'_, '_>, batch: usize) {
    let mut model =
        undertone::model::EmbeddedModel::load("affect-open.onnx", AFFECT_OPEN.0, card())
            .expect("the bundled model loads");
    infer(bencher, &mut model, batch);
}

/// Needs ORT_DYLIB_PATH to name a native library; otherwise it measures nothing and says so.
#[cfg(feature = "native")]
#[divan::bench(args = [1, 2, 8, 32])]
fn inference_native(bencher: Bencher<'_, '_>, batch: usize) {
    let Some(library) = std::env::var_os("ORT_DYLIB_PATH") else {
        eprintln!("ORT_DYLIB_PATH is not set: the native runtime is not measured");
        return;
    };
    let mut model = undertone::model::NativeModel::load(
        std::path::Path::new(&library),
        "affect-open.onnx",
        AFFECT_OPEN.0,
        card(),
    )
    .expect("the library loads");
    infer(bencher, &mut model, batch);
}

/// A push of 20 ms with everything in it: `median` is p50; the slow ones hold an inference.
#[cfg(feature = "embedded")]
#[divan::bench(args = [8_000, 16_000], sample_size = 1, sample_count = 5_000)]
fn push_of_20_ms(bencher: Bencher<'_, '_>, rate: u32) {
    let samples = voice(rate);
    let block = rate as usize / 50;
    let mut model =
        undertone::model::EmbeddedModel::load("affect-open.onnx", AFFECT_OPEN.0, card())
            .expect("the bundled model loads");
    let mut engine = Engine::new(&EngineConfig::default(), rate, &card()).expect("a usual rate");
    let mut at = 0;
    bencher.bench_local(|| {
        let piece = &samples[at..at + block];
        at = (at + block) % (samples.len() - block);
        let pushed = engine.push(PcmBlock::Samples(piece), &mut model);
        while let Some(event) = engine.poll() {
            black_box(event);
        }
        pushed
    });
}

/// The memory of a call of two minutes: to take it and write its bytes, and to read them and go on.
#[cfg(feature = "embedded")]
#[divan::bench(args = ["to bytes", "from bytes", "recall"])]
fn memory(bencher: Bencher<'_, '_>, what: &str) {
    use undertone::engine::Memory;
    let mut model =
        undertone::model::EmbeddedModel::load("affect-open.onnx", AFFECT_OPEN.0, card())
            .expect("the bundled model loads");
    let mut engine = Engine::new(&EngineConfig::default(), 8_000, &card()).expect("a usual rate");
    let samples = voice(8_000);
    for _ in 0..12 {
        engine
            .feed(&samples, &mut model, |_| {})
            .expect("samples are taken");
    }
    let bytes = engine.memory().expect("there is sound").to_bytes();
    let (card, config) = (card(), EngineConfig::default());
    match what {
        "to bytes" => bencher.bench_local(|| engine.memory().map(|memory| memory.to_bytes())),
        "from bytes" => bencher.bench_local(|| Memory::from_bytes(black_box(&bytes))),
        _ => bencher.bench_local(|| {
            let memory = Memory::from_bytes(&bytes).expect("it was just written");
            let mut engine = Engine::without_sound(&config).expect("it is valid");
            engine.recall(&memory, &card).expect("it was just written");
            engine
        }),
    }
}
