//! A made-up call, and a model that needs no weights: shared by the tests of the engine.
#![allow(dead_code)]

use undertone::error::ModelFault;
use undertone::model::{AFFECT_OPEN, AffectModel, FeatureWindow, ModelCard, Reading};
use undertone::{Engine, EngineConfig, Event};

/// The bundled card.
pub fn card() -> ModelCard {
    ModelCard::parse("affect-open.toml", AFFECT_OPEN.1).unwrap()
}

/// The default, but that a short call escalates: a rarer false alarm needs a longer one.
pub fn config() -> EngineConfig {
    let mut config = EngineConfig::default();
    config.operating_point.false_alarms_per_call_hour = 4.0;
    config
}

/// An engine with this configuration.
pub fn engine(rate: u32) -> Engine {
    Engine::new(&config(), rate, &card()).unwrap()
}

/// Takes the pitch and the spectral balance of a window for anger: crude, but a function of the
/// input, so that a sample lost anywhere shows in the events. Allocates nothing.
pub struct PitchModel(pub ModelCard);

impl PitchModel {
    pub fn new() -> Self {
        Self(card())
    }
}

impl AffectModel for PitchModel {
    fn card(&self) -> &ModelCard {
        &self.0
    }

    fn backend(&self) -> &str {
        "pitch"
    }

    fn infer(
        &mut self,
        windows: &[FeatureWindow<'_>],
        readings: &mut [Reading],
    ) -> Result<(), ModelFault> {
        for (window, reading) in windows.iter().zip(readings) {
            let heard = window.mask.sum();
            // The channel after the 36 mel bands is the pitch.
            let pitch = window.x.column(36).sum() / heard;
            let anger = 1.0 / (1.0 + (-1.5 * (pitch - 1.0)).exp());
            *reading = Reading {
                arousal: anger,
                anger,
                distress: 0.05 + 0.01 * window.x.column(3).sum().abs() / heard,
                confidence: 0.7,
                classes: [anger, 1.0 - anger].into_iter().collect(),
            };
        }
        Ok(())
    }
}

/// `seconds` of syllables at 4 Hz in phrases of two seconds and pauses of half a second; from
/// `angry_from` on the pitch is an octave higher.
pub fn voice(rate: u32, seconds: f64, angry_from: f64) -> Vec<f32> {
    let (mut phase, mut seed) = (0.0f64, 1u32);
    (0..(seconds * f64::from(rate)) as usize)
        .map(|i| {
            let t = i as f64 / f64::from(rate);
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (f64::from(seed >> 8) / f64::from(1 << 24) - 0.5) * 1e-3;
            let melody = 1.0 + 0.08 * (std::f64::consts::TAU * 0.6 * t).sin();
            let f0 = melody * if t < angry_from { 120.0 } else { 230.0 };
            phase += f0 / f64::from(rate);
            let syllable = 0.5 - 0.5 * (std::f64::consts::TAU * 4.0 * t).cos();
            let speaking = t % 2.5 < 2.0 && t > 0.5;
            let voice: f64 = (3..16)
                .map(|h| (std::f64::consts::TAU * phase * f64::from(h)).sin() / f64::from(h))
                .sum();
            let gain = if speaking {
                0.15 * syllable.sqrt()
            } else {
                0.0
            };
            (gain * voice + noise) as f32
        })
        .collect()
}

/// All events of a call, pushed in blocks of the given sizes, over and over.
pub fn events(
    rate: u32,
    samples: &[f32],
    blocks: &[usize],
    model: &mut dyn AffectModel,
) -> Vec<Event> {
    let mut engine = engine(rate);
    let mut events = Vec::new();
    let mut sizes = blocks.iter().cycle();
    let mut rest = samples;
    while !rest.is_empty() {
        let n = sizes.next().copied().unwrap_or(80).clamp(1, rest.len());
        let (block, tail) = rest.split_at(n);
        engine
            .feed(block, model, |event| events.push(event))
            .unwrap();
        rest = tail;
    }
    engine.finish(model).unwrap();
    while let Some(event) = engine.poll() {
        events.push(event);
    }
    events
}
