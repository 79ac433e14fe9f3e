//! What is no caller is not read: hold music, tones, keys and noise, by the hour.

mod call;
mod music;

use call::{PitchModel, engine, events, voice};
use music::{Dice, line, piece};
use std::f64::consts::TAU;
use undertone::features::Occupant;
use undertone::{Engine, Event};

/// Whatever says something about how a caller feels.
fn is_affect(event: &Event) -> bool {
    matches!(
        event,
        Event::Affect(_) | Event::Point(_) | Event::Marker(_) | Event::Escalation(_)
    )
}

fn occupants(events: &[Event]) -> Vec<Occupant> {
    let occupant = |event: &Event| match event {
        Event::Line(change) => Some(change.occupant),
        _ => None,
    };
    events.iter().filter_map(occupant).collect()
}

/// Feeds and keeps what is said, from where the engine stands.
fn hear(engine: &mut Engine, samples: &[f32], said: &mut Vec<Event>) {
    let mut model = PitchModel::new();
    let fed = engine.feed(samples, &mut model, |event| said.push(event));
    fed.unwrap();
}

#[test]
fn an_hour_of_hold_music_yields_no_affect_events() {
    let (mut engine, mut said) = (engine(8_000), Vec::new());
    let (mut dice, mut seconds) = (Dice(1), 0.0);
    while seconds < 3_600.0 {
        let music = piece(&mut dice);
        seconds += 1.0 + music.len() as f64 / 8_000.0;
        hear(&mut engine, &music, &mut said);
        hear(&mut engine, &[0.0; 8_000], &mut said);
    }
    engine.finish(&mut PitchModel::new()).unwrap();
    let affect: Vec<_> = said.iter().filter(|event| is_affect(event)).collect();
    assert!(
        affect.is_empty(),
        "{} events: {:?}",
        affect.len(),
        affect[0]
    );
    assert!(occupants(&said).contains(&Occupant::Music), "{said:?}");
    let summary = engine.summary();
    assert!(summary.abstained_s > 600.0, "{summary:?}");
    assert_eq!(summary.worst_sentiment, None);
    assert!(summary.notes[0].contains("not read"), "{summary:?}");
}

#[test]
fn an_hour_of_noise_yields_no_affect_events() {
    let (mut engine, mut said) = (engine(8_000), Vec::new());
    let mut dice = Dice(2);
    for minute in 0..60 {
        let gain = 0.5 * 0.9f64.powi(minute % 30);
        // Bursts in every other minute: noise that stands clear of its floor.
        let bursts = |i: usize| minute % 2 == 0 || i % 12_000 < 5_000;
        let noise = (0..8_000 * 60).map(|i| {
            let loud = if bursts(i) { gain } else { 0.001 };
            loud * (dice.unit() - 0.5)
        });
        hear(
            &mut engine,
            &line(noise.collect::<Vec<_>>().into_iter()),
            &mut said,
        );
    }
    let affect: Vec<_> = said.iter().filter(|event| is_affect(event)).collect();
    assert!(
        affect.is_empty(),
        "{} events: {:?}",
        affect.len(),
        affect[0]
    );
    assert_eq!(occupants(&said), [Occupant::Noise]);
}

/// A caller, put on hold, and back: read within three seconds of speech, not read on hold, and
/// read again.
#[test]
fn a_caller_is_read_before_and_after_the_music() {
    let (mut engine, mut said) = (engine(8_000), Vec::new());
    let speech = voice(8_000, 20.0, 99.0);
    let mut dice = Dice(3);
    let mut music = piece(&mut dice);
    music.truncate(8_000 * 30);
    hear(&mut engine, &speech, &mut said);
    hear(&mut engine, &music, &mut said);
    hear(&mut engine, &speech, &mut said);
    let read = |from: f64, to: f64| {
        said.iter()
            .filter_map(|event| match event {
                Event::Affect(affect) => Some(affect.at.seconds()),
                _ => None,
            })
            .filter(|at| (from..to).contains(at))
            .collect::<Vec<_>>()
    };
    // The voice begins after half a second and pauses for half of each 2.5 s.
    assert!(read(0.0, 20.0)[0] < 4.0, "{:?}", read(0.0, 20.0));
    assert_eq!(read(25.0, 50.0), [0.0; 0], "on hold");
    assert!(read(50.0, 70.0)[0] < 61.0, "{:?}", read(50.0, 70.0));
    let expected = [Occupant::Voice, Occupant::Music, Occupant::Voice];
    assert_eq!(occupants(&said), expected);
}

#[test]
fn keys_and_ringback_are_told_and_not_read() {
    let low = [697.0, 770.0, 852.0, 941.0];
    let high = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
    let mut samples = Vec::new();
    let mut add = |hz: [f64; 2], seconds: f64, gain: f64| {
        let from = samples.len();
        samples.extend((from..from + (8_000.0 * seconds) as usize).map(|i| {
            let t = i as f64 / 8_000.0;
            gain * hz.iter().map(|hz| (TAU * hz * t).sin()).sum::<f64>()
        }));
    };
    for ring in 0..10 {
        add([440.0, 480.0], 2.0, 0.1);
        add([0.0; 2], if ring < 9 { 4.0 } else { 1.0 }, 0.0);
    }
    for low in low {
        for high in high {
            add([low, high], 0.05, 0.1);
            add([0.0; 2], 0.1, 0.0);
        }
    }
    let samples = line(samples.into_iter());
    let events = events(8_000, &samples, &[160], &mut PitchModel::new());
    assert!(!events.iter().any(is_affect), "{events:?}");
    let mut found = occupants(&events);
    found.dedup();
    let keys: Vec<u8> = found.iter().map(|o| o.key()).filter(|k| *k > 0).collect();
    assert_eq!(found[0], Occupant::Ringback);
    assert_eq!(String::from_utf8_lossy(&keys), "123A456B789C*0#D");
}
