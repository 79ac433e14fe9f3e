//! `undertone load`: many calls against a server, and how long it took to act.

use super::Destination;
use crate::shell::cli::{BenchFormat, seconds};
use crate::shell::error::ShellError;
use crate::shell::load::{Audio, Distribution, Figures, Plan, Receiver, Subject, drive};
use crate::shell::output::number::{EVENT_DECIMALS, write_json_line};
use crate::shell::runner::Hearing;
use clap::Args;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What `load` teaches.
pub const HELP: &str = "\
Examples:
  undertone load samples/became-angry.wav
  undertone load --calls 300 --seconds 600 --format json samples/calm.wav

Starts a server of its own with a fresh store, a receiver of webhooks, and --calls callers who each
play the recording in real time. All the while some of them ask for a human, in partial transcripts.
What is measured:
  decision -> signed webhook            decided in the server until the receiver has it
  partial transcript -> signed webhook  the request leaves the client until the receiver has it
  partial transcript -> answered        until the client knows that it is decided and safely stored
Callers, server and receiver share the machine, so the figures hold the cost of all three. Each
transfer is declined at once, so that the call may ask again.";

/// `undertone load`.
#[derive(Debug, Args)]
pub struct Load {
    /// What every caller plays, round and round: a recording at 8000 Hz
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// A table to read, or one JSON object
    #[arg(long, value_enum, default_value_t)]
    pub format: BenchFormat,
    /// Calls at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), default_value_t = 200)]
    pub calls: u32,
    /// How long they last
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(5..=86_400), default_value_t = 60)]
    pub seconds: u32,
    /// Callers who ask for a human, a second, among all calls
    #[arg(long, value_name = "N", value_parser = seconds, default_value_t = 10.0)]
    pub asks_per_s: f64,
    /// Milliseconds of sound in a frame
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(10..=200), default_value_t = 20)]
    pub frame_ms: u32,
}

/// What our own receiver and our own server share. It signs nothing else.
const SECRET: &str = "whsec_bG9hZC1sb2FkLWxvYWQtbG9hZC1sb2FkLWxvYWQ=";

/// Runs the load.
///
/// # Errors
/// The recording cannot be read, or the server does not do as it should.
pub fn run(args: &Load) -> Result<u8, ShellError> {
    let audio = Audio {
        bytes: telephone(&args.input)?.into(),
        frame: args.frame_ms as usize * 16,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| ShellError::Usage(format!("no thread can be started: {error}")))?;
    let figures = runtime.block_on(measure(args, audio))?;
    let mut out = Destination::open(None)?;
    out.write(|out| match args.format {
        BenchFormat::Text => text(&figures, out),
        BenchFormat::Json => write_json_line(out, &figures, EVENT_DECIMALS),
    })?;
    Ok(0)
}

async fn measure(args: &Load, audio: Audio) -> Result<Figures, ShellError> {
    let folder = std::env::temp_dir().join(format!("undertone-load-{}", std::process::id()));
    let failed = |source| ShellError::Write {
        path: folder.clone(),
        source,
    };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let mut receiver = Receiver::open(SECRET).await.map_err(failed)?;
    let program = std::env::current_exe().map_err(failed)?;
    let server = Subject::start(&program, &folder, &receiver.url, SECRET, 10.0).await?;
    let time = Duration::from_secs(args.seconds.into());
    let plan = Plan {
        server: server.url(),
        token: server.token().to_owned(),
        calls: args.calls as usize,
        time,
        audio,
        asks_per_s: args.asks_per_s,
    };
    let before = server.cpu_s();
    let mut figures = drive(&plan, &mut receiver).await?;
    let used = server
        .cpu_s()
        .zip(before)
        .map(|(after, before)| after - before);
    figures.server_cores = used.map(|used| used / time.as_secs_f64());
    figures.server_mib = server.resident_mib();
    drop(server);
    // What is left behind in the folder of temporary files harms nobody.
    let _ = std::fs::remove_dir_all(&folder);
    Ok(figures)
}

/// The recording's first channel at 8 kHz, as 16-bit samples. What was G.711 or 16 bits comes out as
/// it was.
pub(super) fn telephone(path: &Path) -> Result<Vec<u8>, ShellError> {
    let (mut source, splitter) = Hearing::default().open(path)?;
    if source.rate() != 8_000 {
        return Err(ShellError::Usage(format!(
            "{}: the rate is {} Hz; give a recording at 8000 Hz, such as samples/calm.wav",
            path.display(),
            source.rate()
        )));
    }
    let (mut bytes, mut block, mut caller, mut agent) = (vec![], vec![], vec![], vec![]);
    while source.next_block(&mut block)? {
        splitter.split(&block, &mut caller, &mut agent);
        let samples = caller.iter().map(|x| (x * 32_768.0).round() as i16);
        bytes.extend(samples.flat_map(i16::to_le_bytes));
    }
    if bytes.len() < 16_000 {
        return Err(ShellError::Usage(format!(
            "{}: shorter than a second; give a longer recording",
            path.display()
        )));
    }
    Ok(bytes)
}

fn text(figures: &Figures, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{} calls for {:.0} s, callers, server and receiver on this machine\n",
        figures.calls, figures.seconds
    )?;
    writeln!(
        out,
        "{:52}{:>6}{:>9}{:>9}{:>9}{:>9}",
        "ms", "n", "p50", "p90", "p99", "max"
    )?;
    for (name, times) in [
        (
            "decision -> signed webhook received",
            figures.decision_to_webhook,
        ),
        (
            "partial transcript sent -> signed webhook received",
            figures.request_to_webhook,
        ),
        (
            "partial transcript sent -> answered, safely stored",
            figures.request_to_answer,
        ),
    ] {
        row(name, times, out)?;
    }
    writeln!(
        out,
        "\nasked {}, delivered {}, wrong signatures {}, escalations by voice {}",
        figures.asked, figures.delivered, figures.forged, figures.from_voice
    )?;
    writeln!(
        out,
        "audio: {} frames sent, {} late by the load's own fault, {} calls cut, {} samples dropped",
        figures.frames_sent,
        figures.frames_late,
        figures.calls_cut,
        or_unknown(figures.samples_dropped, 0)
    )?;
    writeln!(
        out,
        "server: {} cores busy, {} MiB resident",
        or_unknown(figures.server_cores, 2),
        or_unknown(figures.server_mib, 0)
    )
}

fn row(name: &str, times: Option<Distribution>, out: &mut dyn Write) -> io::Result<()> {
    let Some(t) = times else {
        return writeln!(out, "{name:52}{:>6}", 0);
    };
    writeln!(
        out,
        "{name:52}{:>6}{:>9.1}{:>9.1}{:>9.1}{:>9.1}",
        t.n, t.p50_ms, t.p90_ms, t.p99_ms, t.max_ms
    )
}

fn or_unknown(value: Option<f64>, decimals: usize) -> String {
    value.map_or("unknown".into(), |value| format!("{value:.decimals$}"))
}
