//! A bundled call, read and heard as the command line does it: shared by the tests of samples.
#![allow(dead_code)]

use std::path::PathBuf;
use undertone::model::{AFFECT_OPEN, EmbeddedModel, ModelCard};
use undertone::shell::runner::{Hearing, analyse};
use undertone::shell::script::Script;
use undertone::{EngineConfig, Event};

/// Where the call `name` lies.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(format!("samples/{name}.wav"))
}

/// All events of the call `name`, by the bundled model on the embedded runtime.
pub fn hear(name: &str) -> Vec<Event> {
    hear_with(name, &EngineConfig::default())
}

/// The same with a configuration of its own.
pub fn hear_with(name: &str, config: &EngineConfig) -> Vec<Event> {
    let card = ModelCard::parse("affect-open.toml", AFFECT_OPEN.1).unwrap();
    let mut model = EmbeddedModel::load("affect-open.onnx", AFFECT_OPEN.0, card).unwrap();
    let mut events = Vec::new();
    let heard = analyse(
        &path(name),
        &Hearing::default(),
        config,
        &mut model,
        &Script::default(),
        false,
        &mut |event| {
            events.push(event.clone());
            Ok(())
        },
    );
    let summary = heard.unwrap().summary;
    assert!(summary.duration_s > 30.0, "{name} is read to its end");
    events
}
