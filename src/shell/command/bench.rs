//! `undertone bench`: recordings in, what a second of their audio costs out.

use super::{Destination, hearing, setup};
use crate::audio::PcmBlock;
use crate::engine::Engine;
use crate::features::FeatureStream;
use crate::model::AffectModel;
use crate::shell::cli::{Bench, BenchFormat};
use crate::shell::cpu_clock;
use crate::shell::error::ShellError;
use crate::shell::output::number::{EVENT_DECIMALS, write_json_line};
use crate::shell::runner::Hearing;
use serde::Serialize;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;

/// Measurements of which the median counts. Odd, so that it is one of them.
const REPETITIONS: usize = 5;
/// What each of many calls has heard before it is measured, s.
const WARM_S: usize = 20;

/// What one file cost.
#[derive(Serialize)]
struct Report<'a> {
    file: String,
    rate_hz: u32,
    /// Audio in one repetition, s.
    audio_s: f64,
    repetitions: usize,
    clock: &'a str,
    cpu: &'a str,
    model: &'a str,
    backend: &'a str,
    features: Cost,
    pipeline: Cost,
    together: Together,
}

/// The whole pipeline for many calls side by side, each somewhere else in the recording.
#[derive(Serialize)]
struct Together {
    calls: u32,
    #[serde(flatten)]
    each: Each,
}

/// Milliseconds per second of one call's audio: the median of the repetitions, and the ends.
#[derive(Serialize)]
struct Each {
    ms_per_audio_s: f64,
    least: f64,
    most: f64,
    channels_per_core: f64,
}

impl Each {
    fn of(mut per_second: [f64; REPETITIONS]) -> Self {
        per_second.sort_by(f64::total_cmp);
        let median = per_second[REPETITIONS / 2];
        Self {
            ms_per_audio_s: median,
            least: per_second[0],
            most: per_second[REPETITIONS - 1],
            channels_per_core: 1e3 / median,
        }
    }

    /// The first columns of the table.
    fn columns(&self, name: &str) -> String {
        let Self {
            ms_per_audio_s,
            least,
            most,
            channels_per_core,
        } = self;
        format!(
            "{name:<16}{ms_per_audio_s:>8.2}{least:>8.2}{most:>8.2}        {channels_per_core:>8.0}"
        )
    }
}

/// Costs in milliseconds.
#[derive(Serialize)]
struct Cost {
    #[serde(flatten)]
    each: Each,
    push_ms: Percentiles,
}

/// One push of 20 ms.
#[derive(Serialize)]
struct Percentiles {
    p50: f64,
    p99: f64,
    p99_9: f64,
    max: f64,
}

/// Measures each file.
///
/// # Errors
/// A file that cannot be read, or is shorter than a push; configuration and model.
pub fn run(args: &Bench) -> Result<u8, ShellError> {
    let ready = setup::prepare(&args.setup)?;
    let mut model = ready.weights.take()?;
    let cpu = cpu_name();
    let mut out = Destination::open(None)?;
    for path in &args.inputs {
        let (rate, samples) = caller(path, &hearing(&args.hearing), args.audio_seconds)?;
        let pushes = args.audio_seconds as usize * 50;
        let features = measure(
            &samples,
            rate,
            pushes,
            || Ok(FeatureStream::new(rate)?),
            |stream, block| {
                stream.push(PcmBlock::Samples(block), |frame| {
                    black_box(frame);
                });
                Ok(())
            },
        )?;
        let card = ready.weights.card();
        let hear = |engine: &mut Engine, block: &[f32], model: &mut dyn AffectModel| {
            engine.push(PcmBlock::Samples(block), model)?;
            while let Some(event) = engine.poll() {
                black_box(event);
            }
            Ok(())
        };
        let start = || Ok(Engine::new(&ready.config, rate, card)?);
        let pipeline = measure(&samples, rate, pushes, start, |engine, block| {
            hear(engine, block, model.as_mut())
        })?;
        let together = together(
            &samples,
            rate,
            pushes,
            args.calls,
            start,
            |engine, block| hear(engine, block, model.as_mut()),
        )?;
        let report = Report {
            file: path.display().to_string(),
            rate_hz: rate,
            audio_s: pushes as f64 / 50.0,
            repetitions: REPETITIONS,
            clock: cpu_clock::NAME,
            cpu: &cpu,
            model: &ready.run.model,
            backend: &ready.run.backend,
            features,
            pipeline,
            together,
        };
        out.write(|out| {
            match args.format {
                BenchFormat::Text => report.table(out)?,
                BenchFormat::Json => write_json_line(out, &report, EVENT_DECIMALS)?,
            }
            out.flush()
        })?;
    }
    Ok(0)
}

/// The caller's samples of the first `seconds` of `path`.
fn caller(path: &Path, hearing: &Hearing, seconds: u32) -> Result<(u32, Vec<f32>), ShellError> {
    let (mut source, splitter) = hearing.open(path)?;
    let rate = source.rate();
    let (mut samples, mut block) = (Vec::new(), Vec::new());
    let (mut caller, mut agent) = (Vec::new(), Vec::new());
    while samples.len() < rate as usize * seconds as usize && source.next_block(&mut block)? {
        splitter.split(&block, &mut caller, &mut agent);
        samples.extend_from_slice(&caller);
    }
    if samples.len() < push_length(rate) {
        return Err(ShellError::Format {
            path: path.to_owned(),
            reason: "too short to measure with: give at least 20 ms of sound".into(),
        });
    }
    Ok((rate, samples))
}

/// Samples in a push of 20 ms.
fn push_length(rate: u32) -> usize {
    (rate / 50).max(1) as usize
}

/// Runs `pushes` of 20 ms, around and around `samples`, through what `start` makes, five times.
fn measure<S>(
    samples: &[f32],
    rate: u32,
    pushes: usize,
    start: impl Fn() -> Result<S, ShellError>,
    mut push: impl FnMut(&mut S, &[f32]) -> Result<(), ShellError>,
) -> Result<Cost, ShellError> {
    let length = push_length(rate);
    let mut each = Vec::with_capacity(pushes * REPETITIONS);
    let mut per_second = [0.0; REPETITIONS];
    for cost in &mut per_second {
        let mut stream = start()?;
        // The whole blocks of the file alone: a short one would flatter the percentiles.
        let blocks = samples.chunks_exact(length).cycle();
        let from = each.len();
        for block in blocks.take(pushes) {
            let before = cpu_clock::now_ms();
            push(&mut stream, block)?;
            each.push(cpu_clock::now_ms() - before);
        }
        let audio_s = (pushes * length) as f64 / f64::from(rate);
        *cost = each[from..].iter().sum::<f64>() / audio_s;
    }
    each.sort_by(f64::total_cmp);
    Ok(Cost {
        each: Each::of(per_second),
        push_ms: Percentiles {
            p50: percentile(&each, 0.5),
            p99: percentile(&each, 0.99),
            p99_9: percentile(&each, 0.999),
            max: percentile(&each, 1.0),
        },
    })
}

/// Runs `calls` streams side by side, a push of 20 ms each in turn, five times; each begins at another place in
/// `samples`, so that their readings do not fall together. `pushes` is how many each gets.
fn together<S>(
    samples: &[f32],
    rate: u32,
    pushes: usize,
    calls: u32,
    start: impl Fn() -> Result<S, ShellError>,
    mut push: impl FnMut(&mut S, &[f32]) -> Result<(), ShellError>,
) -> Result<Together, ShellError> {
    let blocks: Vec<&[f32]> = samples.chunks_exact(push_length(rate)).collect();
    // As much audio in all as one call alone is measured with, but at least a second of each.
    let pushes = (pushes / calls as usize).max(50);
    let mut per_second = [0.0; REPETITIONS];
    for cost in &mut per_second {
        let streams = (0..calls).map(|_| start());
        let mut streams = streams.collect::<Result<Vec<S>, _>>()?;
        // Their beginnings, until all hear a caller, are no part of it.
        let warm = WARM_S * 50;
        for turn in 0..warm + pushes {
            if turn == warm {
                *cost = cpu_clock::now_ms();
            }
            for (call, stream) in streams.iter_mut().enumerate() {
                let from = call * blocks.len() / calls as usize;
                push(stream, blocks[(from + turn) % blocks.len()])?;
            }
        }
        let audio_s = f64::from(calls) * pushes as f64 / 50.0;
        *cost = (cpu_clock::now_ms() - *cost) / audio_s;
    }
    let each = Each::of(per_second);
    Ok(Together { calls, each })
}

/// The least value that `share` of the sorted values do not exceed; 0 of none.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// The processor as the system names it.
fn cpu_name() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = line.and_then(|line| line.split_once(':'));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}

impl Report<'_> {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self {
            file,
            rate_hz,
            audio_s,
            repetitions,
            clock,
            cpu,
            model,
            backend,
            ..
        } = self;
        writeln!(
            out,
            "{file}  {rate_hz} Hz, {audio_s} s of audio, {repetitions} repetitions"
        )?;
        writeln!(out, "{clock}, one thread at a time, on {cpu}")?;
        writeln!(out, "model {model}, backend {backend}\n")?;
        let titles = [
            [
                "ms per second of audio",
                "channels",
                "one push of 20 ms, ms",
            ],
            [
                "  median   least    most",
                "  a core",
                "   p50     p99   p99.9     max",
            ],
        ];
        for [cost, channels, push] in titles {
            writeln!(out, "{:16}{cost:32}{channels:12}{push}", "")?;
        }
        for (name, cost) in [
            ("features", &self.features),
            ("whole pipeline", &self.pipeline),
        ] {
            let Percentiles {
                p50,
                p99,
                p99_9,
                max,
            } = cost.push_ms;
            writeln!(
                out,
                "{}    {p50:>6.3}{p99:>8.3}{p99_9:>8.3}{max:>8.3}",
                cost.each.columns(name)
            )?;
        }
        let Together { calls, each } = &self.together;
        let name = format!("{calls} together");
        writeln!(out, "{}\n", each.columns(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let sorted: Vec<f64> = (1..=1000).map(f64::from).collect();
        let found = [0.5, 0.99, 0.999, 1.0].map(|share| percentile(&sorted, share));
        assert_eq!(found, [500.0, 990.0, 999.0, 1000.0]);
        assert_eq!(percentile(&[], 0.5), 0.0);
    }

    #[test]
    fn dearer_work_costs_more() {
        let samples = vec![0.0; 16_000];
        let cost = |work: u64| {
            let push = |_: &mut (), _: &[f32]| {
                black_box((0..work).fold(0, |sum, n| black_box(sum ^ n)));
                Ok(())
            };
            measure(&samples, 8_000, 200, || Ok(()), push).unwrap()
        };
        let (little, much) = (cost(20_000), cost(400_000));
        assert!(much.each.ms_per_audio_s > 5.0 * little.each.ms_per_audio_s);
        let each = little.each;
        assert!(each.least <= each.ms_per_audio_s && each.ms_per_audio_s <= each.most);
        assert!(much.push_ms.p50 <= much.push_ms.p99 && much.push_ms.p99 <= much.push_ms.max);
    }
}
