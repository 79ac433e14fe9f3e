//! Bad input is normal: nothing panics, nothing grows, nothing is invented.

mod call;

use call::{PitchModel, engine, events, voice};
use undertone::error::PushError;
use undertone::{Event, FeatureStream, PcmBlock};

fn escalations(events: &[Event]) -> usize {
    events
        .iter()
        .filter(|e| matches!(e, Event::Escalation(_)))
        .count()
}

fn all_finite(events: &[Event]) -> bool {
    events.iter().all(|event| match event {
        Event::Affect(a) => a.reading.anger.is_finite() && a.reading.arousal.is_finite(),
        Event::Point(p) => {
            p.sentiment.is_finite() && p.slope_sd.is_finite() && p.level_sd.is_finite()
        }
        Event::Escalation(e) => {
            e.confidence.is_finite() && e.evidence.iter().all(|v| v.sd.is_finite())
        }
        _ => true,
    })
}

#[test]
fn nan_infinity_and_full_scale_garbage() {
    let mut samples = voice(8_000, 20.0, 99.0);
    for (i, sample) in samples.iter_mut().enumerate() {
        match i % 97 {
            0 => *sample = f32::NAN,
            31 => *sample = f32::INFINITY,
            62 => *sample = f32::NEG_INFINITY,
            63 => *sample = f32::MAX,
            64 => *sample = f32::MIN_POSITIVE / 2.0,
            _ => {}
        }
    }
    for rate in [8_000, 44_100] {
        let events = events(rate, &samples, &[160], &mut PitchModel::new());
        assert!(all_finite(&events));
    }
}

#[test]
fn clipped_and_offset_speech_reads_like_speech() {
    let clean = voice(8_000, 20.0, 99.0);
    let clipped: Vec<f32> = clean.iter().map(|x| (x * 50.0).clamp(-1.0, 1.0)).collect();
    let offset: Vec<f32> = clean.iter().map(|x| x + 0.4).collect();
    let affects = |s: &[f32]| {
        let events = events(8_000, s, &[160], &mut PitchModel::new());
        assert!(all_finite(&events));
        events
            .iter()
            .filter(|e| matches!(e, Event::Affect(_)))
            .count()
    };
    let count = affects(&clean);
    assert!(count > 20);
    assert!(affects(&clipped).abs_diff(count) <= count / 3);
    assert!(affects(&offset).abs_diff(count) <= 8);
}

/// An offset of the converter is no sound: level and speech are those of the clean signal.
#[test]
fn an_offset_is_not_heard() {
    let clean = voice(8_000, 10.0, 99.0);
    let offset: Vec<f32> = clean.iter().map(|x| x + 0.4).collect();
    let last = |samples: &[f32]| {
        let mut stream = FeatureStream::new(8_000).unwrap();
        let (mut last, mut speech) = (None, 0u32);
        stream.push(PcmBlock::Samples(samples), |frame| {
            speech += u32::from(frame.speech);
            last = Some(frame.active_level_db);
        });
        (last.unwrap(), speech)
    };
    let ((level, speech), (offset_level, offset_speech)) = (last(&clean), last(&offset));
    assert!((level - offset_level).abs() < 0.5, "{level} {offset_level}");
    assert!(
        speech > 500 && speech.abs_diff(offset_speech) < 20,
        "{speech} {offset_speech}"
    );
}

#[test]
fn an_hour_of_silence_says_nothing() {
    let mut engine = engine(8_000);
    let mut model = PitchModel::new();
    let second = [0.0f32; 8_000];
    let mut count = 0;
    for _ in 0..3_600 {
        engine.push(PcmBlock::Samples(&second), &mut model).unwrap();
        while engine.poll().is_some() {
            count += 1;
        }
    }
    engine.finish(&mut model).unwrap();
    assert_eq!((count, engine.poll()), (0, None));
    let summary = engine.summary();
    assert_eq!((summary.speech_s, summary.worst_sentiment), (0.0, None));
    assert!((summary.duration_s - 3_600.0).abs() < 1e-9);
}

#[test]
fn white_noise_for_ten_minutes_does_not_escalate() {
    let mut seed = 7u32;
    let noise: Vec<f32> = (0..8_000 * 600)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((seed >> 8) as f32 / (1 << 24) as f32 - 0.5) * 0.2
        })
        .collect();
    let events = events(8_000, &noise, &[800], &mut PitchModel::new());
    assert_eq!(escalations(&events), 0);
}

#[test]
fn gaps_are_told_and_cost_only_their_time() {
    let samples = voice(8_000, 30.0, 99.0);
    let mut engine = engine(8_000);
    let mut model = PitchModel::new();
    let mut gaps = Vec::new();
    for (i, block) in samples.chunks(160).enumerate() {
        let block = if i % 50 == 49 {
            PcmBlock::Gap { samples: 160 }
        } else {
            PcmBlock::Samples(block)
        };
        engine.push(block, &mut model).unwrap();
        while let Some(event) = engine.poll() {
            if let Event::Gap { at, samples } = event {
                gaps.push((at.seconds(), samples));
            }
        }
    }
    engine.finish(&mut model).unwrap();
    assert_eq!(gaps.len(), 30);
    assert_eq!(gaps[0], (0.98, 160));
    let summary = engine.summary();
    assert!(
        (summary.lost_share - 0.02).abs() < 0.003,
        "{}",
        summary.lost_share
    );
    assert!((summary.duration_s - 30.0).abs() < 1e-9);
}

#[test]
fn misuse_is_an_error_and_not_a_panic() {
    let mut model = PitchModel::new();
    let mut engine = engine(8_000);
    let long = vec![0.1; 8_001];
    assert_eq!(
        engine.push(PcmBlock::Samples(&long), &mut model),
        Err(PushError::BlockTooLarge {
            samples: 8_001,
            max: 8_000
        })
    );
    engine
        .push(PcmBlock::Gap { samples: 80 }, &mut model)
        .unwrap();
    assert_eq!(
        engine.push(PcmBlock::Samples(&[0.0; 80]), &mut model),
        Err(PushError::NotDrained { pending: 1 })
    );
    while engine.poll().is_some() {}
    engine.finish(&mut model).unwrap();
    while engine.poll().is_some() {}
    assert_eq!(
        engine.push(PcmBlock::Samples(&[0.0; 80]), &mut model),
        Err(PushError::Finished)
    );
}

#[test]
fn a_new_engine_remembers_nothing() {
    let samples = voice(8_000, 20.0, 10.0);
    let mut model = PitchModel::new();
    let first = events(8_000, &samples, &[160], &mut model);
    let second = events(8_000, &samples, &[160], &mut model);
    assert!(first == second);
}
