//! `undertone replay`: a recording heard again, and every record held against what was written.

mod difference;
mod events;

use super::setup::{self, Ready};
use super::{Destination, hearing, write_error};
use crate::shell::cli::{HearingArgs, Setup};
use crate::shell::error::ShellError;
use crate::shell::output::EventWriter;
use crate::shell::output::jsonl::JsonlWriter;
use crate::shell::output::record::Run;
use crate::shell::runner;
use crate::shell::script::Script;
use crate::summary::Summary;
use clap::Args;
use difference::{Pair, pairs, printable};
use events::{Call, Line, MadeWith};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// What `--help` teaches.
pub const HELP: &str = "\
Examples:
  undertone analyze --format jsonl call.wav > events.jsonl
  undertone replay events.jsonl call.wav            the same again?
  undertone replay all.jsonl calls/call.wav         one call of the events of many
  undertone replay --channel left --dialogue turns.jsonl events.jsonl stereo.wav
  gunzip -c events.jsonl.gz | undertone replay --config then.toml - call.wav

The recording is analysed again, and every record must come out as it was written, byte for byte:
each escalation with trigger, reason, times, evidence and confidence, and all other records, in
their order. Records have four decimals, so this is what is compared.

What comes out, a line for each escalation:
  same     every byte
  DIFFERS  with the first field that differs, as it is now and as it was
  GONE     it did not come out again
  NEW      it is not in the events
then the first record of any kind that differs, as it was and as it is, and the counts.

The summary says which model, configuration and backend made the events, and the hash of what was
heard: another recording or channel is told. Another configuration or
model is refused before anything is heard: name the right one with --config or --model. Another
backend is told, and compared nevertheless: ONNX runtimes may differ in the last bits. Events that
end before their summary are compared as far as they go. The events do not tell --channel, --raw and
--dialogue: give those of the analysis.

The exit code is 0 where everything is the same, and 1 where anything differs.";

/// `undertone replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// What `analyze --format jsonl` wrote, or `-` for standard input
    #[arg(value_name = "EVENTS")]
    pub events: PathBuf,
    /// The recording, or `-` for standard input
    #[arg(value_name = "RECORDING")]
    pub recording: PathBuf,
    /// How the recording is heard
    #[command(flatten)]
    pub hearing: HearingArgs,
    /// What was told of the call, as `analyze --dialogue` reads it
    #[arg(long, value_name = "FILE.jsonl")]
    pub dialogue: Option<PathBuf>,
    /// Configuration and model
    #[command(flatten)]
    pub setup: Setup,
}

/// Hears the recording again and compares; 0 where everything is the same, else 1.
///
/// # Errors
/// The events, the dialogue or the recording cannot be read, the events were made with another
/// configuration or model, or the output cannot be written.
pub fn run(args: &Replay) -> Result<u8, ShellError> {
    let script = args.dialogue.as_deref().map(Script::open).transpose()?;
    let (name, call) = open(&args.events, &args.recording)?;
    let mut ready = setup::prepare(&args.setup)?;
    match &call.made_with {
        Some(made_with) => same_setup(&name, made_with, &mut ready.run)?,
        None => eprintln!(
            "undertone: {}: no summary after line {}: the events end early, and which model and configuration made them is unknown",
            name.display(),
            call.lines.last().map_or(0, |line| line.number)
        ),
    }
    ready.run.many = call.many;
    let again = hear(args, &call, &ready, &script.unwrap_or_default())?;
    report(&name, args, &call, &again)
}

/// The call's records, and the name of their file in messages.
fn open(events: &Path, recording: &Path) -> Result<(PathBuf, Call), ShellError> {
    let stdin = Path::new("-");
    let (name, input): (&Path, Box<dyn BufRead>) = if events != stdin {
        let file = File::open(events).map_err(|source| ShellError::Open {
            path: events.to_owned(),
            source,
        })?;
        (events, Box::new(BufReader::new(file)))
    } else if recording != stdin {
        (Path::new("standard input"), Box::new(io::stdin().lock()))
    } else {
        let why = "EVENTS and RECORDING both want standard input: name one of them";
        return Err(ShellError::Usage(why.to_owned()));
    };
    Ok((name.to_owned(), events::read(name, input, recording)?))
}

/// Holds what would run now against what ran then.
///
/// Another backend is told once, here. The records then bear the name of the one that ran first, so
/// that what is compared is what was heard.
fn same_setup(name: &Path, then: &MadeWith, now: &mut Run) -> Result<(), ShellError> {
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for (key, was, is, mend) in [
        (
            "config_sha256",
            &then.config_sha256,
            &now.config_sha256,
            "name the configuration that made the events with --config (`undertone check` prints the one that runs)",
        ),
        (
            "model_sha256",
            &then.model_sha256,
            &now.model_sha256,
            "name the model that made the events with --model",
        ),
    ] {
        match was {
            Some(was) if was != is => {
                wrong.push(format!("{key} is {was:?}, and here it is {is:?}: {mend}"));
            }
            Some(_) => {}
            None => unknown.push(key),
        }
    }
    let name = name.display();
    let number = then.number;
    if !wrong.is_empty() {
        let wrong = wrong.join("; ");
        return Err(ShellError::Usage(format!("{name}, line {number}: {wrong}")));
    }
    for key in unknown {
        eprintln!(
            "undertone: {name}, line {number}: the summary has no {key}: what made the events is unknown"
        );
    }
    if let Some(backend) = then.backend.as_ref().filter(|it| **it != now.backend) {
        eprintln!(
            "undertone: {name}, line {number}: backend is {backend:?}, and here it is {:?}: runtimes may differ in the last bits; --backend chooses",
            now.backend
        );
        now.backend.clone_from(backend);
    }
    Ok(())
}

/// The records that come out now, under the name that the recording had then.
fn hear(
    args: &Replay,
    call: &Call,
    ready: &Ready,
    script: &Script,
) -> Result<Vec<Line>, ShellError> {
    let shown = args.recording.display().to_string();
    let file = call.file.as_deref().unwrap_or(&shown);
    let mut text = Vec::new();
    let mut writer = JsonlWriter::new(&ready.run, file, &mut text);
    let failed = |source| write_error(Path::new("the replayed records"), source);
    let mut model = ready.weights.take()?;
    let heard = runner::analyse(
        &args.recording,
        &hearing(&args.hearing),
        &ready.config,
        model.as_mut(),
        script,
        false,
        &mut |event| writer.event(event).map_err(failed),
    );
    ready.weights.give_back(model);
    let summary = heard?.summary;
    same_recording(args, call, &summary);
    writer.summary(&summary).map_err(failed)?;
    events::lines(&text)
}

/// Tells where what was heard now is not what was heard then: no record can be the same but by
/// chance.
fn same_recording(args: &Replay, call: &Call, now: &Summary) {
    let then = call.made_with.as_ref();
    let then = then.and_then(|then| then.heard_sha256.as_ref());
    if let (Some(then), Some(now)) = (then, &now.heard_sha256)
        && then != now
    {
        eprintln!(
            "undertone: {}: not what was heard then: heard_sha256 is {now:?}, and was {then:?}: another recording, --channel or --raw",
            args.recording.display()
        );
    }
}

/// Tells what is the same; the exit code.
fn report(name: &Path, args: &Replay, call: &Call, again: &[Line]) -> Result<u8, ShellError> {
    let pairs = pairs(&call.lines, again, call.made_with.is_some());
    let same = pairs.iter().filter(|pair| pair.same()).count();
    let decisions: Vec<&Pair<'_>> = pairs.iter().filter(|pair| pair.decides()).collect();
    let decided = decisions.iter().filter(|pair| pair.same()).count();
    // Where every record is the same, the order still may not be.
    let mut beside = call.lines.iter().zip(again);
    let moved = beside.find(|(was, is)| was.text != is.text);
    let moved = moved.map(|(was, is)| Pair {
        was: Some(was),
        is: Some(is),
    });
    let differing = pairs.iter().find(|pair| !pair.same()).copied();
    let mut out = Destination::open(None)?;
    out.write(|out| {
        for pair in &decisions {
            writeln!(out, "{}", pair.told())?;
        }
        if let Some(Pair { was, is }) = differing.or(moved) {
            let what = match differing {
                Some(_) => "the first record that differs",
                None => "the order differs from here on",
            };
            let place = was.map_or("after the last line".into(), |was| {
                format!("line {}", was.number)
            });
            writeln!(out, "{what}: {}, {place}", name.display())?;
            for (when, line) in [("was", was), ("is ", is)] {
                let text = line.map_or("nothing".into(), |line| printable(&line.text));
                writeln!(out, "  {when}  {text}")?;
            }
        }
        writeln!(
            out,
            "replayed: {decided} of {} escalations the same, {same} of {} records the same",
            decisions.len(),
            pairs.len()
        )?;
        out.flush()
    })?;
    if differing.or(moved).is_none() {
        return Ok(0);
    }
    hint(args, call);
    Ok(1)
}

/// What the events do not tell, and so may be what differs.
fn hint(args: &Replay, call: &Call) {
    let flags: Vec<&str> = [
        ("--channel", args.hearing.channel.is_some()),
        ("--dialogue", args.dialogue.is_some()),
    ]
    .into_iter()
    .filter_map(|(flag, given)| (!given).then_some(flag))
    .collect();
    let file = call.file.as_deref().unwrap_or("the recording");
    if !flags.is_empty() {
        eprintln!(
            "undertone: if {file:?} was analysed with {}, give the same here",
            flags.join(" or ")
        );
    }
}
