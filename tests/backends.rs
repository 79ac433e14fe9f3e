//! Both ONNX backends give what the training code's own runtime gave.
#![allow(clippy::disallowed_methods)]
#![cfg(feature = "embedded")]

use ndarray::{Array1, Array2};
use serde_json::Value;
use undertone::model::{
    AFFECT_OPEN, AffectModel, EmbeddedModel, FeatureWindow, ModelCard, Reading,
};

fn card() -> ModelCard {
    ModelCard::parse("affect-open.toml", AFFECT_OPEN.1).unwrap()
}

struct Golden {
    inputs: Vec<(Array2<f32>, Array1<f32>)>,
    classes: Vec<Vec<f64>>,
    affect: Vec<Vec<f64>>,
    tolerance: f64,
}

/// The models that lie in the repository: their weights' place without the ending.
const MODELS: [&str; 2] = ["models/affect-open", "models/affect-research"];

/// Those that are there: a package has the first alone.
fn models() -> Vec<&'static str> {
    let there = |stem: &&str| std::path::Path::new(&format!("{stem}.toml")).exists();
    let others = MODELS[1..].iter().copied().filter(there);
    std::iter::once(MODELS[0]).chain(others).collect()
}

/// The weights and the card of one.
fn files(stem: &str) -> (Vec<u8>, ModelCard) {
    let card = std::fs::read_to_string(format!("{stem}.toml")).unwrap();
    let onnx = std::fs::read(format!("{stem}.onnx")).unwrap();
    (onnx, ModelCard::parse(stem, &card).unwrap())
}

/// The inputs of a model's `.golden.json`, made again from its description.
fn golden(stem: &str) -> Golden {
    let text = std::fs::read_to_string(format!("{stem}.golden.json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let (steps, channels) = files(stem).1.window_shape();
    let rows = |key: &str| -> Vec<Vec<f64>> { serde_json::from_value(json[key].clone()).unwrap() };
    let missing: Vec<usize> = serde_json::from_value(json["missing_steps"].clone()).unwrap();
    let mut seed = 2026u32;
    let mut draw = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 24) as f32 * 4.0 - 2.0
    };
    let inputs = missing
        .iter()
        .map(|missing| {
            let x = Array2::from_shape_fn((steps, channels), |(step, _)| {
                let value = draw();
                if step < *missing { 0.0 } else { value }
            });
            let mask = Array1::from_shape_fn(steps, |step| if step < *missing { 0.0 } else { 1.0 });
            (x, mask)
        })
        .collect();
    let golden = Golden {
        inputs,
        classes: rows("classes"),
        affect: rows("affect"),
        tolerance: json["tolerance"].as_f64().unwrap(),
    };
    let first: Vec<f64> = serde_json::from_value(json["first_values"].clone()).unwrap();
    let ours = golden.inputs[0].0.iter().map(|v| f64::from(*v));
    for (ours, theirs) in ours.zip(&first) {
        assert!(
            (ours - theirs).abs() < 2e-6,
            "the generator is the same: {ours} {theirs}"
        );
    }
    golden
}

fn agrees(model: &mut dyn AffectModel, name: &str, stem: &str) {
    let golden = golden(stem);
    let windows: Vec<_> = golden
        .inputs
        .iter()
        .map(|(x, mask)| FeatureWindow {
            x: x.view(),
            mask: mask.view(),
        })
        .collect();
    let mut readings = vec![Reading::default(); windows.len()];
    model.infer(&windows, &mut readings).unwrap();
    // One at a time must give what the batch gave, bit for bit: calls are read in batches.
    let mut alone = vec![Reading::default(); 1];
    for (i, window) in windows.iter().enumerate() {
        model.infer(&[*window], &mut alone).unwrap();
        assert_eq!(alone[0], readings[i], "{name}: batch and single differ");
    }
    for ((reading, classes), affect) in readings.iter().zip(&golden.classes).zip(&golden.affect) {
        let ours = [
            reading.arousal,
            reading.anger,
            reading.distress,
            reading.confidence,
        ];
        let all = ours
            .iter()
            .zip(affect)
            .chain(reading.classes.iter().zip(classes));
        for (ours, theirs) in all {
            let off = (f64::from(*ours) - theirs).abs();
            assert!(off < golden.tolerance, "{name}: {ours} for {theirs}");
        }
    }
}

#[test]
fn the_embedded_runtime_agrees_with_the_golden_outputs() {
    for stem in models() {
        let (onnx, card) = files(stem);
        let mut model = EmbeddedModel::load(stem, &onnx, card).unwrap();
        agrees(&mut model, &format!("embedded, {stem}"), stem);
    }
}

/// What is not free must say so, in the line that every start prints.
#[test]
fn only_free_weights_are_bundled() {
    let (onnx, card) = files("models/affect-open");
    assert_eq!(onnx, AFFECT_OPEN.0);
    assert!(
        card.licence.starts_with("MIT OR Apache-2.0"),
        "{}",
        card.licence
    );
    for stem in models()
        .into_iter()
        .filter(|stem| stem.contains("research"))
    {
        let licence = files(stem).1.licence;
        assert!(licence.starts_with("CC BY-NC-SA 4.0"), "{licence}");
    }
}

/// Runs where CI names a library in `UNDERTONE_TEST_ONNXRUNTIME`.
#[cfg(feature = "native")]
#[test]
fn the_native_runtime_agrees_with_the_golden_outputs() {
    use undertone::model::NativeModel;
    let Some(library) = std::env::var_os("UNDERTONE_TEST_ONNXRUNTIME") else {
        eprintln!("skipped: UNDERTONE_TEST_ONNXRUNTIME names no library");
        return;
    };
    let library = std::path::Path::new(&library);
    for stem in models() {
        let (onnx, card) = files(stem);
        let mut model = NativeModel::load(library, stem, &onnx, card).unwrap();
        agrees(&mut model, &format!("native, {stem}"), stem);
    }
    let mut model = NativeModel::load(library, "affect-open.onnx", AFFECT_OPEN.0, card()).unwrap();
    // An empty batch aborts some versions of the library: it must never get there.
    assert!(model.infer(&[], &mut []).is_err());
}

#[cfg(feature = "native")]
#[test]
fn a_library_that_is_none_is_an_error() {
    let missing = std::path::Path::new("/nonexistent/libonnxruntime.so");
    let loaded = undertone::model::NativeModel::load(missing, "x.onnx", AFFECT_OPEN.0, card());
    let error = loaded.err().unwrap().to_string();
    assert!(error.contains("libonnxruntime.so"), "{error}");
}

#[test]
fn garbled_weights_and_wrong_shapes_are_refused() {
    let mut bytes = AFFECT_OPEN.0.to_vec();
    bytes[1_000] ^= 1;
    let error = EmbeddedModel::load("x.onnx", &bytes, card()).err().unwrap();
    assert!(error.to_string().contains("sha256"), "{error}");

    let mut model = EmbeddedModel::load("x.onnx", AFFECT_OPEN.0, card()).unwrap();
    let (x, mask) = (Array2::zeros((10, 3)), Array1::zeros(10));
    let window = FeatureWindow {
        x: x.view(),
        mask: mask.view(),
    };
    assert!(model.infer(&[window], &mut [Reading::default()]).is_err());
    assert!(model.infer(&[], &mut []).is_err());
}

#[test]
fn a_card_of_another_geometry_is_refused_at_loading() {
    use sha2::{Digest, Sha256};
    let hash: String = Sha256::digest(AFFECT_OPEN.0)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let text = AFFECT_OPEN
        .1
        .replacen("window_steps = 100", "window_steps = 90", 1);
    let card = ModelCard::parse("x.toml", &text).unwrap();
    assert_eq!(card.sha256, hash);
    let error = EmbeddedModel::load("x.onnx", AFFECT_OPEN.0, card)
        .err()
        .unwrap();
    assert!(error.to_string().contains("graph"), "{error}");
}
