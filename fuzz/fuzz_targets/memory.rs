//! Any bytes as the memory of a voice: refused with a message, or a call that goes on with it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;
use undertone::engine::{MEMORY_VERSION, Memory};
use undertone::model::{AFFECT_OPEN, ModelCard, Reading, SilentModel};
use undertone::{Engine, EngineConfig, PcmBlock};

fn card() -> &'static ModelCard {
    static CARD: OnceLock<ModelCard> = OnceLock::new();
    CARD.get_or_init(|| ModelCard::parse("card.toml", AFFECT_OPEN.1).unwrap())
}

/// Ten seconds of harmonics under a 4 Hz envelope, as a call remembers them.
fn heard() -> &'static [u8] {
    static HEARD: OnceLock<Vec<u8>> = OnceLock::new();
    HEARD.get_or_init(|| {
        let mut engine = Engine::new(&EngineConfig::default(), 8_000, card()).unwrap();
        let voice = |i: u32| {
            let t = std::f32::consts::TAU * i as f32 / 8_000.0;
            let harmonics: f32 = (2..14).map(|h| (140.0 * t * h as f32).sin() / h as f32).sum();
            0.1 * (0.5 - 0.5 * (4.0 * t).cos()) * harmonics
        };
        let samples: Vec<f32> = (0..80_000).map(voice).collect();
        let mut model = SilentModel::new(card().clone(), Reading::default());
        engine.feed(&samples, &mut model, |_| {}).unwrap();
        engine.memory().unwrap().to_bytes()
    })
}

/// An even first byte: the rest is the memory, behind the version. An odd one: the rest are places and
/// values that are written over the memory of a call.
fn bytes(input: &[u8]) -> Vec<u8> {
    match input.split_first() {
        Some((mode, patches)) if mode % 2 == 1 => {
            let mut bytes = heard().to_vec();
            for patch in patches.chunks_exact(3) {
                let place = usize::from(u16::from_le_bytes([patch[0], patch[1]]));
                let place = place % bytes.len();
                bytes[place] = patch[2];
            }
            bytes
        }
        Some((_, rest)) => [&[MEMORY_VERSION], rest].concat(),
        None => Vec::new(),
    }
}

fuzz_target!(|input: &[u8]| {
    let bytes = bytes(input);
    let memory = match Memory::from_bytes(&bytes) {
        Ok(memory) => memory,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    // What is taken is written and read back as it is.
    assert_eq!(Memory::from_bytes(&memory.to_bytes()).as_ref(), Ok(&memory));
    let mut engine = Engine::without_sound(&EngineConfig::default()).unwrap();
    if let Err(error) = engine.recall(&memory, card()) {
        assert!(!error.to_string().is_empty());
        return;
    }
    let mut model = SilentModel::new(card().clone(), Reading::default());
    let samples: Vec<f32> = (0..800).map(|i| (i as f32 / 9.0).sin() / 4.0).collect();
    for block in [PcmBlock::Gap { samples: 160 }, PcmBlock::Samples(&samples)] {
        engine.push(block, &mut model).unwrap();
        while engine.poll().is_some() {}
    }
    assert!(engine.at() >= memory.at());
    engine.handoff();
    engine.summary();
    assert!(Memory::from_bytes(&engine.memory().unwrap().to_bytes()).is_ok());
});
