//! Readings that are made in batches over calls give each call the events that it has alone, bit
//! for bit, whatever the blocks, the gaps and the calls beside it.

#![cfg(feature = "embedded")]

mod call;

use call::{PitchModel, card, events, voice};
use undertone::engine::Heard;
use undertone::error::ModelFault;
use undertone::model::{AFFECT_OPEN, AffectModel, EmbeddedModel, FeatureWindow, Reading, Windows};
use undertone::trajectory::Point;
use undertone::{Engine, Event, ModelCard, PcmBlock};

fn bundled() -> EmbeddedModel {
    EmbeddedModel::load("affect-open.onnx", AFFECT_OPEN.0, card()).unwrap()
}

/// A call among others.
struct Live {
    engine: Engine,
    rest: Vec<PcmBlock<'static>>,
    block: Option<PcmBlock<'static>>,
    events: Vec<Event>,
}

impl Live {
    fn new(rate: u32, blocks: Vec<PcmBlock<'static>>) -> Self {
        let mut engine = Engine::without_sound(&call::config()).unwrap();
        engine.attach_shared(rate, &card()).unwrap();
        let rest = blocks.into_iter().rev().collect();
        Self {
            engine,
            rest,
            block: None,
            events: Vec::new(),
        }
    }

    /// Hears as far as the next reading; false at the end.
    fn hear(&mut self) -> bool {
        loop {
            let Some(block) = self.block.take().or_else(|| self.rest.pop()) else {
                return false;
            };
            let heard = self.engine.hear(block).unwrap();
            self.drain();
            if let Heard::Due { taken } = heard {
                assert!(self.engine.hear(block).is_err(), "a reading is due");
                self.block = Some(match block {
                    PcmBlock::Samples(samples) => PcmBlock::Samples(&samples[taken..]),
                    PcmBlock::Gap { samples } => PcmBlock::Gap {
                        samples: samples - taken as u32,
                    },
                });
                return true;
            }
        }
    }

    fn drain(&mut self) {
        self.events
            .extend(std::iter::from_fn(|| self.engine.poll()));
    }
}

/// Blocks of 20 ms of `samples`, with some left out.
fn packets(samples: &'static [f32], rate: u32, lose_one_in: usize) -> Vec<PcmBlock<'static>> {
    let mut blocks = Vec::new();
    for (i, block) in samples.chunks(rate as usize / 50).enumerate() {
        blocks.push(match (i + 1) % lose_one_in {
            0 => PcmBlock::Gap {
                samples: block.len() as u32,
            },
            _ => PcmBlock::Samples(block),
        });
    }
    blocks
}

#[test]
fn a_call_among_others_has_the_events_that_it_has_alone() {
    let mut model = bundled();
    let calls: Vec<_> = [
        (8_000, 9.0, usize::MAX),
        (8_000, 14.0, 40),
        (44_100, 11.0, 25),
        (16_000, 6.0, 60),
    ]
    .into_iter()
    .map(|(rate, angry_from, lose)| {
        let samples: &'static [f32] = voice(rate, 18.0, angry_from).leak();
        (rate, packets(samples, rate, lose))
    })
    .collect();
    let alone: Vec<Vec<Event>> = calls
        .iter()
        .map(|(rate, blocks)| {
            let mut engine = call::engine(*rate);
            let mut events = Vec::new();
            for block in blocks {
                engine.push(*block, &mut model).unwrap();
                events.extend(std::iter::from_fn(|| engine.poll()));
            }
            events
        })
        .collect();
    let mut lives: Vec<_> = calls
        .into_iter()
        .map(|(rate, blocks)| Live::new(rate, blocks))
        .collect();
    let mut windows = Windows::new(&card(), 8);
    let mut largest = 0;
    loop {
        let mut waiting = Vec::new();
        for (place, live) in lives.iter_mut().enumerate() {
            if live.hear() {
                let needs = live.engine.windows_due();
                live.engine.write_windows(&mut windows);
                waiting.push((place, needs));
            }
        }
        if waiting.is_empty() {
            break;
        }
        largest = largest.max(windows.len());
        let mut readings = windows.read(&mut model).unwrap();
        for (place, needs) in waiting {
            let (own, others) = readings.split_at(needs);
            readings = others;
            lives[place].engine.read(Ok(own)).unwrap();
            lives[place].drain();
        }
        assert!(readings.is_empty() && windows.is_empty());
    }
    assert!(largest >= 6, "batches are over calls: {largest}");
    for (place, (live, alone)) in lives.iter().zip(&alone).enumerate() {
        let points = alone.iter().filter(|it| matches!(it, Event::Point(_)));
        assert!(points.count() > 20, "call {place} was read");
        let first = live.events.iter().zip(alone).find(|(a, b)| a != b);
        assert!(live.events == *alone, "call {place}: {first:?}");
    }
}

#[test]
fn a_reading_that_is_left_out_or_fails_costs_itself_alone() {
    let samples: &'static [f32] = voice(8_000, 12.0, 6.0).leak();
    let mut model = bundled();
    let mut windows = Windows::new(&card(), 2);
    let mut live = Live::new(8_000, packets(samples, 8_000, usize::MAX));
    let (mut due, mut read) = (0, 0);
    while live.hear() {
        due += 1;
        match due % 3 {
            0 => {
                live.engine.write_windows(&mut windows);
                live.engine
                    .read(Ok(windows.read(&mut model).unwrap()))
                    .unwrap();
                read += 1;
            }
            1 => live.engine.skip(),
            _ => {
                let fault = ModelFault::BackendFailed;
                assert!(live.engine.read(Err(fault)).is_err());
            }
        }
        live.drain();
    }
    let points = live
        .events
        .iter()
        .filter(|it| matches!(it, Event::Point(_)));
    assert!(read > 5);
    assert_eq!(points.count(), read);
    live.engine.finish(&mut model).unwrap();
}

/// The points of a call of which every second reading is done without, by `without`.
fn every_second(samples: &'static [f32], without: impl Fn(&mut Engine)) -> Vec<Point> {
    let mut model = PitchModel::new();
    let mut windows = Windows::new(&card(), 2);
    let mut live = Live::new(8_000, packets(samples, 8_000, usize::MAX));
    let mut due = 0;
    while live.hear() {
        due += 1;
        if due % 2 == 0 {
            live.engine.write_windows(&mut windows);
            let readings = windows.read(&mut model).unwrap();
            live.engine.read(Ok(readings)).unwrap();
        } else {
            without(&mut live.engine);
        }
        live.drain();
    }
    let point = |event: &Event| match event {
        Event::Point(point) => Some(*point),
        _ => None,
    };
    live.events.iter().filter_map(point).collect()
}

#[test]
fn the_speech_of_a_reading_that_is_left_out_counts_for_the_next() {
    let samples: &'static [f32] = voice(8_000, 40.0, 20.0).leak();
    let left_out = every_second(samples, Engine::skip);
    let failed = every_second(samples, |engine| {
        let _ = engine.read(Err(ModelFault::BackendFailed));
    });
    assert_eq!(left_out.len(), failed.len());
    // The same windows were read, but more speech stands behind a change.
    let evidence = |points: &[Point]| -> f32 { points.iter().map(|it| it.evidence.anger).sum() };
    let (left_out, failed) = (evidence(&left_out), evidence(&failed));
    assert!(
        failed > 0.0 && left_out > 1.2 * failed,
        "{left_out} for {failed}"
    );
}

#[test]
fn an_agent_that_is_passed_over_counts_as_silent() {
    let samples: &'static [f32] = voice(8_000, 12.0, 6.0).leak();
    let mut model = bundled();
    let mut turns = |pass: bool| {
        let mut engine = Engine::without_sound(&call::config()).unwrap();
        engine.attach_shared(8_000, &card()).unwrap();
        engine.attach_agent().unwrap();
        // Both are silent for six seconds, and then talk at once.
        let silence = PcmBlock::Samples(&[0.0; 160]);
        for (i, block) in packets(samples, 8_000, usize::MAX).into_iter().enumerate() {
            let block = if i < 300 { silence } else { block };
            engine.push(block, &mut model).unwrap();
            while engine.poll().is_some() {}
            match (100..300).contains(&i) && pass {
                true => engine.pass_agent(block.len() as u32),
                false => engine.push_agent(block).unwrap(),
            }
        }
        engine.finish(&mut model).unwrap();
        engine.summary().turns.expect("an agent was heard")
    };
    let (passed, silent) = (turns(true), turns(false));
    assert!(silent.overlap_s > 1.0, "{silent:?}");
    assert_eq!(passed, silent);
}

/// Counts windows; reads nothing.
struct Counter(ModelCard, Vec<usize>);

impl AffectModel for Counter {
    fn card(&self) -> &ModelCard {
        &self.0
    }

    fn backend(&self) -> &str {
        "counter"
    }

    fn infer(
        &mut self,
        windows: &[FeatureWindow<'_>],
        _: &mut [Reading],
    ) -> Result<(), ModelFault> {
        self.1.push(windows.len());
        Ok(())
    }
}

#[test]
fn a_batch_has_no_more_windows_than_room_and_forgets_them_once_read() {
    let mut windows = Windows::new(&card(), 3);
    let mut model = Counter(card(), Vec::new());
    assert!(windows.read(&mut model).unwrap().is_empty());
    while windows.place().is_some() {}
    assert_eq!((windows.len(), windows.room()), (3, 0));
    assert_eq!(windows.read(&mut model).unwrap().len(), 3);
    assert!(windows.place().is_some());
    assert_eq!(windows.read(&mut model).unwrap().len(), 1);
    assert_eq!(model.1, [3, 1]);
}

#[test]
fn a_caller_is_held_against_the_population_once_a_second_of_speech_until_known() {
    let samples = voice(8_000, 50.0, 50.0);
    let mut model = Counter(card(), Vec::new());
    events(8_000, &samples, &[160], &mut model);
    let windows = model.1;
    let learnt: Vec<usize> = (0..windows.len()).filter(|&at| windows[at] == 2).collect();
    assert_eq!(learnt[0], 0, "nothing is known before the first reading");
    assert!(
        learnt.windows(2).all(|pair| pair[1] - pair[0] >= 4),
        "{learnt:?}"
    );
    // All of it was calm, so it takes as long as the card says; a second is up to 1.2 s of speech.
    let seconds = card().input.enrol_steps / 50;
    assert!(
        (seconds * 4 / 5..=seconds).contains(&learnt.len()),
        "{learnt:?}"
    );
    let last = learnt[learnt.len() - 1];
    assert!(windows[last + 1..].len() > 20 && windows[last + 1..].iter().all(|&n| n == 1));
}

#[test]
fn pushed_after_all_a_shared_call_reads_for_itself() {
    let samples = voice(8_000, 8.0, 4.0);
    let mut model = bundled();
    let alone = events(8_000, &samples, &[160], &mut model);
    let mut engine = Engine::without_sound(&call::config()).unwrap();
    engine.attach_shared(8_000, &card()).unwrap();
    let mut shared = Vec::new();
    for block in samples.chunks(160) {
        engine
            .feed(block, &mut model, |event| shared.push(event))
            .unwrap();
    }
    engine.finish(&mut model).unwrap();
    shared.extend(std::iter::from_fn(|| engine.poll()));
    assert!(shared == alone && !shared.is_empty());
}
