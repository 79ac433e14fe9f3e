//! A call that is cut and goes on from its memory: how far it is from one that was never cut, and
//! that bytes which no call wrote are refused.
#![cfg(all(feature = "cli", feature = "embedded"))]
#![allow(clippy::disallowed_methods)]

use proptest::prelude::*;
use std::sync::OnceLock;
use undertone::decision::{Escalation, Reason};
use undertone::engine::{MAX_MEMORY_BYTES, MEMORY_VERSION, Memory};
use undertone::error::MemoryError;
use undertone::model::{AFFECT_OPEN, EmbeddedModel, ModelCard};
use undertone::trajectory::Point;
use undertone::wire::g711::mulaw_to_linear;
use undertone::{Engine, EngineConfig, Event, PcmBlock};

const RATE: u32 = 8_000;
/// How long the caller is away, s.
const AWAY_S: u32 = 3;
/// How much earlier, and how much later, a call that was cut may escalate than one that heard the same
/// gap, s. Evidence comes in phrases: what just fails to be enough at the end of one waits for the next,
/// which here ends 6.6 s later.
const TOLERANCE_S: (f64, f64) = (-1.0, 6.6);
/// How far they may be apart in the median over all cuts, s: three readings.
const MEDIAN_TOLERANCE_S: f64 = 0.75;

fn card() -> ModelCard {
    ModelCard::parse("affect-open.toml", AFFECT_OPEN.1).unwrap()
}

fn model() -> EmbeddedModel {
    EmbeddedModel::load("affect-open.onnx", AFFECT_OPEN.0, card()).unwrap()
}

/// The samples of a bundled call, one channel of µ-law at 8 kHz.
fn samples(name: &str) -> Vec<f32> {
    let bytes = std::fs::read(format!("samples/{name}.wav")).unwrap();
    assert_eq!((bytes[20], bytes[22]), (7, 1), "one channel of mu-law");
    let data = bytes.windows(4).position(|four| four == b"data").unwrap();
    let code = |code: &u8| f32::from(mulaw_to_linear(*code)) / 32_768.0;
    bytes[data + 8..].iter().map(code).collect()
}

/// What a call gave from some place on.
#[derive(Default)]
struct Heard {
    points: Vec<Point>,
    escalations: Vec<Escalation>,
}

impl Heard {
    fn take(&mut self, event: Event) {
        match event {
            Event::Point(point) => self.points.push(point),
            Event::Escalation(escalation) => self.escalations.push(escalation),
            _ => {}
        }
    }
}

fn hear(engine: &mut Engine, model: &mut EmbeddedModel, samples: &[f32], heard: &mut Heard) {
    engine
        .feed(samples, model, |event| heard.take(event))
        .unwrap();
}

fn away(engine: &mut Engine, model: &mut EmbeddedModel, seconds: u32, heard: &mut Heard) {
    for _ in 0..seconds {
        engine.push(PcmBlock::Gap { samples: RATE }, model).unwrap();
        while let Some(event) = engine.poll() {
            heard.take(event);
        }
    }
}

/// Without a cool-down: nothing but the detectors keeps one anger from escalating twice. At a rate at which
/// the call escalates in its middle.
fn config() -> EngineConfig {
    let mut config = EngineConfig::default();
    config.operating_point.cool_down_s = 0.0;
    config.operating_point.false_alarms_per_call_hour = 4.0;
    config
}

fn fresh() -> Engine {
    Engine::new(&config(), RATE, &card()).unwrap()
}

/// An engine that goes on from bytes.
fn recalled(bytes: &[u8]) -> Engine {
    let mut engine = Engine::without_sound(&config()).unwrap();
    engine
        .recall(&Memory::from_bytes(bytes).unwrap(), &card())
        .unwrap();
    engine
}

/// What came after the place where the call was cut: of the engine that heard the gap and went on, and
/// of one that went on from the memory.
fn cut(samples: &[f32], at_s: usize, away_s: u32, model: &mut EmbeddedModel) -> (Heard, Heard) {
    let (before, after) = samples.split_at(at_s * RATE as usize);
    let mut uncut = fresh();
    hear(&mut uncut, model, before, &mut Heard::default());
    let bytes = uncut.memory().unwrap().to_bytes();
    let mut cut = recalled(&bytes);
    assert_eq!(cut.at(), uncut.at());
    let mut heard = (Heard::default(), Heard::default());
    away(&mut uncut, model, away_s, &mut heard.0);
    hear(&mut uncut, model, after, &mut heard.0);
    cut.away(away_s * RATE).unwrap();
    let gap = Event::Gap {
        at: Memory::from_bytes(&bytes).unwrap().at(),
        samples: away_s * RATE,
    };
    assert_eq!((cut.poll(), cut.poll()), (Some(gap), None));
    hear(&mut cut, model, after, &mut heard.1);
    assert_eq!(cut.at(), uncut.at(), "the time away is in it");
    heard
}

#[test]
fn a_call_that_is_cut_anywhere_decides_as_one_that_is_not() {
    let (samples, mut model) = (samples("became-angry"), model());
    let seconds = samples.len() / RATE as usize;
    let (mut decided_later, mut decided_before) = (0, 0);
    let mut apart = Vec::new();
    for at_s in (5..seconds - 4).step_by(5) {
        let (uncut, cut) = cut(&samples, at_s, AWAY_S, &mut model);
        let place = |heard: &Heard| {
            let one = |it: &Escalation| (it.reason, it.at.seconds(), it.onset.seconds());
            heard.escalations.iter().map(one).collect::<Vec<_>>()
        };
        let (uncut, cut) = (place(&uncut), place(&cut));
        println!("cut at {at_s} s: went on {uncut:?}, recalled {cut:?}");
        assert_eq!(uncut.len(), cut.len(), "cut at {at_s} s");
        for (uncut, cut) in uncut.iter().zip(&cut) {
            assert_eq!(uncut.0, cut.0, "cut at {at_s} s");
            let off = cut.1 - uncut.1;
            apart.push(off.abs());
            let allowed = TOLERANCE_S.0..=TOLERANCE_S.1;
            assert!(allowed.contains(&off), "cut at {at_s} s: {off:+.2} s");
        }
        decided_later += usize::from(!cut.is_empty());
        decided_before += usize::from(cut.is_empty());
    }
    apart.sort_by(f64::total_cmp);
    let (median, most) = (apart[apart.len() / 2], apart[apart.len() - 1]);
    println!("apart by {median:.2} s in the median, {most:.2} s at most");
    assert!(median <= MEDIAN_TOLERANCE_S, "{median:.2} s");
    assert!(decided_later > 5, "cut before the anger: {decided_later}");
    assert!(decided_before >= 3, "cut after it: {decided_before}");
}

#[test]
fn points_after_the_windows_have_filled_are_those_of_a_call_that_was_not_cut() {
    let mut model = model();
    for (name, at_s) in [("calm", 20), ("became-angry", 40), ("recovered", 60)] {
        let (uncut, cut) = cut(&samples(name), at_s, AWAY_S, &mut model);
        // By the time of the point: the cut one begins to read a little later.
        let mut far = 0.0_f32;
        let (mut compared, mut settled) = (0, 0.0_f32);
        let began = f64::from(AWAY_S) + at_s as f64;
        for point in &cut.points {
            let Some(same) = uncut.points.iter().find(|it| it.at == point.at) else {
                continue;
            };
            compared += 1;
            let off = (point.sentiment - same.sentiment).abs();
            far = far.max(off);
            if point.at.seconds() > began + 15.0 {
                settled = settled.max(off);
            }
        }
        println!(
            "{name}, cut at {at_s} s: {compared} of {} points compared, sentiment apart by {far:.3} \
             at most, {settled:.3} after 15 s",
            uncut.points.len()
        );
        assert!(compared * 2 > uncut.points.len(), "{name}: {compared}");
        assert!(far < 0.25 && settled < 0.1, "{name}: {far}, {settled}");
    }
}

#[test]
fn calm_then_cut_then_angry_is_a_trend_and_without_the_memory_it_is_not() {
    let (samples, mut model) = (samples("became-angry"), model());
    // The calm part, and from where the anger is in full.
    let (calm, angry) = (
        &samples[..44 * RATE as usize],
        &samples[65 * RATE as usize..],
    );
    let mut engine = fresh();
    hear(&mut engine, &mut model, calm, &mut Heard::default());
    let bytes = engine.memory().unwrap().to_bytes();
    let reasons = |mut engine: Engine, model: &mut EmbeddedModel| {
        let mut heard = Heard::default();
        away(&mut engine, model, 20, &mut heard);
        hear(&mut engine, model, angry, &mut heard);
        let reasons = heard.escalations.iter().map(|it| it.reason);
        reasons.collect::<Vec<_>>()
    };
    assert_eq!(reasons(recalled(&bytes), &mut model), [Reason::Trend]);
    let anew = reasons(fresh(), &mut model);
    assert!(!anew.contains(&Reason::Trend), "{anew:?}");
}

#[test]
fn what_escalated_does_not_escalate_again_and_the_payload_goes_on() {
    let (samples, mut model) = (samples("became-angry"), model());
    let mut engine = fresh();
    let mut heard = Heard::default();
    let (before, after) = samples.split_at(75 * RATE as usize);
    hear(&mut engine, &mut model, before, &mut heard);
    assert_eq!(heard.escalations.len(), 1);
    let memory = engine.memory().unwrap();
    assert_eq!(memory.escalations(), 1);
    let mut cut = recalled(&memory.to_bytes());
    assert_eq!(cut.handoff(), engine.handoff(), "the payload is the same");
    assert_eq!(cut.memory().unwrap().to_bytes(), memory.to_bytes());
    let mut heard = Heard::default();
    hear(&mut cut, &mut model, after, &mut heard);
    assert_eq!(heard.escalations, [], "one anger, one escalation");
    let curve = cut.handoff().sentiment_trajectory.unwrap();
    let first = curve.points[0][0];
    let last = curve.points[curve.points.len() - 1][0];
    assert!(first < 10.0 && last > 80.0, "{first} to {last} s");
}

/// A memory of a whole call.
fn whole() -> &'static [u8] {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let (mut engine, mut model) = (fresh(), model());
        let samples = samples("became-angry");
        hear(&mut engine, &mut model, &samples, &mut Heard::default());
        engine.memory().unwrap().to_bytes()
    })
}

#[test]
fn a_memory_is_small_and_says_why_it_cannot_be_taken_up() {
    let bytes = whole();
    println!("{} bytes after 89 s", bytes.len());
    assert!(bytes.len() < 8 << 10, "{} bytes", bytes.len());
    let refused = |bytes: &[u8]| Memory::from_bytes(bytes).unwrap_err();
    assert!(matches!(refused(&[]), MemoryError::Unreadable { .. }));
    let mut other = bytes.to_vec();
    other[0] = MEMORY_VERSION + 1;
    let told = refused(&other).to_string();
    assert!(told.contains("version 3, this program reads 2"), "{told}");
    let huge = vec![MEMORY_VERSION; MAX_MEMORY_BYTES + 1];
    assert!(matches!(refused(&huge), MemoryError::TooLarge { .. }));
    for length in (1..bytes.len()).step_by(97) {
        let told = refused(&bytes[..length]);
        assert!(matches!(told, MemoryError::Unreadable { .. }), "{told}");
    }
    let longer = [bytes, &[0]].concat();
    assert!(refused(&longer).to_string().contains("1 bytes too many"));
    // Lengths that would be more than all memory.
    let hostile = [&[MEMORY_VERSION], [0xff; 200].as_slice()].concat();
    assert!(matches!(refused(&hostile), MemoryError::Unreadable { .. }));
}

#[test]
fn no_float_that_is_none_comes_in() {
    let bytes = whole();
    // Where a whole float is replaced by NaN the memory must be refused; elsewhere it may be.
    let (mut refused, nan) = (0, f64::NAN.to_le_bytes());
    for place in 1..bytes.len() - 8 {
        let mut wrong = bytes.to_vec();
        wrong[place..place + 8].copy_from_slice(&nan);
        let Ok(memory) = Memory::from_bytes(&wrong) else {
            refused += 1;
            continue;
        };
        // What was taken is finite: it is written again without any NaN.
        let again = Memory::from_bytes(&memory.to_bytes());
        assert_eq!(again.as_ref(), Ok(&memory), "at byte {place}");
    }
    assert!(refused > bytes.len() / 4, "{refused} of {}", bytes.len());
}

#[test]
fn another_model_or_configuration_is_refused_and_the_engine_stays_as_it_was() {
    let memory = Memory::from_bytes(whole()).unwrap();
    let mut other = card();
    other.version = "another".to_owned();
    let mut engine = Engine::without_sound(&config()).unwrap();
    let told = engine.recall(&memory, &other).unwrap_err();
    assert_eq!(told, MemoryError::Other { what: "model" });
    let mut other = config();
    other.operating_point.cool_down_s += 1.0;
    let mut engine = Engine::without_sound(&other).unwrap();
    let told = engine.recall(&memory, &card()).unwrap_err().to_string();
    assert!(told.contains("another configuration"), "{told}");
    assert!(engine.memory().is_none(), "no sound was attached");
    assert_eq!(engine.at().seconds(), 0.0);
    // What the voice does not depend on may change.
    let mut other = config();
    other.transfer.ringing.target_ms += 1;
    let mut engine = Engine::without_sound(&other).unwrap();
    assert_eq!(engine.recall(&memory, &card()), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Flipped bytes are refused, or give a call that goes on with finite numbers.
    #[test]
    fn a_damaged_memory_is_refused_or_serves(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = whole().to_vec();
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let Ok(memory) = Memory::from_bytes(&bytes) else { return Ok(()) };
        let mut engine = Engine::without_sound(&config()).unwrap();
        if engine.recall(&memory, &card()).is_err() {
            return Ok(());
        }
        let samples = samples("calm");
        let mut heard = Heard::default();
        hear(&mut engine, &mut model(), &samples[..4 * RATE as usize], &mut heard);
        for point in &heard.points {
            prop_assert!(point.sentiment.is_finite() && point.level_sd.is_finite(), "{point:?}");
        }
        engine.handoff();
        engine.summary();
        prop_assert!(engine.memory().is_some());
    }
}
