//! The command line: what can be asked, and the help that teaches it.

use crate::shell::channel::Channel;
use crate::shell::command::eval::args::Eval;
#[cfg(feature = "serve")]
use crate::shell::command::{call, load, report, serve, token};
use crate::shell::command::{classify_text, replay, tune};
use crate::shell::output::Format;
use crate::shell::output::features::TableFormat;
use crate::shell::weights::Backend;
use crate::wire::{pcm, raw};
use clap::builder::Styles;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  a fault of ours, or a replay that differs
  2  wrong usage or configuration
  3  an input cannot be opened or read
  4  an input is not audio that can be decoded, or labels or a payload that can be read
  5  an output cannot be written
  6  a model cannot be loaded
With many files the rest go on when one fails, and the highest code is returned.";

const MAIN_HELP: &str = "\
Examples:
  undertone analyze call.wav
  undertone analyze --format jsonl calls/ > events.jsonl
  undertone replay events.jsonl call.wav
  undertone features --format parquet --out features/ calls/
  undertone listen --format jsonl
  undertone eval f0 DATA/f0
  undertone classify-text turns.jsonl
  undertone schema handoff
  undertone check --config undertone.toml
  undertone serve --config undertone.toml";

const ANALYZE_HELP: &str = "\
Examples:
  undertone analyze call.wav                        a timeline to read
  undertone analyze --format jsonl calls/           one JSON object a line, all files of a folder
  undertone analyze --channel both stereo.wav       caller left, agent right
  undertone analyze --plot call.png call.wav        the timeline and a picture
  undertone analyze --dialogue call.jsonl --handoff call.json call.wav
                                                    with the words, and what a human would see
  undertone analyze --dialogue call.jsonl --screen call.html call.wav
                                                    the same as a page
  undertone analyze --conversation chat --dialogue chat.jsonl --handoff chat.json
  sox call.mp3 -t raw -r 8000 -c 1 -b 16 -e signed - | undertone analyze --raw s16le:8000:1 -

What the numbers mean:
  at_s           seconds since the first sample, never wall time
  sentiment      -1..1, negative is worse: from anger, distress and arousal against this
                 caller's own baseline
  slope_per_min  change of the sentiment a minute; slope_sd is its standard deviation
  level_sd       distance from this caller's own baseline, in their own standard deviations
  .._evidence_sd how strong the evidence of a change to anger, to distress, of anger from hello is
  trend          steady, falling or rising: falling and rising exceed the slope's uncertainty
  confidence     0..1
  evidence       what moved: feature, this caller's own baseline, the value now, how many sd";

const FEATURES_HELP: &str = "\
Examples:
  undertone features call.wav > call.csv
  undertone features --columns f0_hz,voicing,level_db call.wav
  undertone features --format parquet --out tables/ calls/
  undertone features --columns egemaps call.wav
  undertone features --functionals calls/ > calls.csv
  undertone features --list

One row per 10 ms. `--list` prints each column with its unit, window and source.";

const LISTEN_HELP: &str = "\
Examples:
  undertone listen                                  the default input, until Ctrl-C
  undertone listen --list-devices                   what can be named with --device
  undertone listen --format jsonl --seconds 60      one JSON object a line, for a minute

Ctrl-C ends the call, and the summary follows. Sound that comes faster than it can be heard waits
in a queue of --buffer seconds; what does not fit is lost, and shown as a gap of just that length.
This command needs a build with the feature `mic`: cargo build --release --features mic";

const BENCH_HELP: &str = "\
Examples:
  undertone bench call.wav
  undertone bench --backend embedded --format json call.wav

What is measured, at the file's own rate, with decoding left out:
  features        the feature extraction alone
  whole pipeline  everything `analyze` does with the samples, the model included
  N together      the same for N calls in turn, each elsewhere in the file and warm for 20 s
All run in pushes of 20 ms, one after the other, never two threads at a time. The cost is CPU time
of the process, as a model's runtime may keep a thread of its own; where the system has no such
clock it is wall time, and the output says so. The file is repeated until --audio-seconds are
reached. The cost is the median of 5 repetitions, with the least and the most beside it; the
percentiles are over the pushes of all repetitions. A core's channels are 1000 / cost.";

#[cfg(feature = "serve")]
const SCREEN_HELP: &str = "\
Examples:
  undertone screen handoff.json --out handoff.html  a page to open in any browser
  undertone screen - < handoff.json > handoff.html

The page is one file: it asks for nothing from anywhere and runs no script.";

/// Hears how a caller sounds, follows where that is heading, and says when a human should take
/// over.
#[derive(Debug, Parser)]
#[command(name = "undertone", version, styles = Styles::plain(), after_help = MAIN_HELP, after_long_help = format!("{MAIN_HELP}\n\n{EXIT_CODES}"))]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Follow a caller's voice through recordings and say when a human should take over
    #[command(after_help = ANALYZE_HELP, after_long_help = format!("{ANALYZE_HELP}\n\n{EXIT_CODES}"))]
    Analyze(Analyze),
    /// Print the feature table: one row per 10 ms
    #[command(after_help = FEATURES_HELP, after_long_help = format!("{FEATURES_HELP}\n\n{EXIT_CODES}"))]
    Features(Features),
    /// Follow a caller's voice live, from a microphone or any other input device
    #[command(after_help = LISTEN_HELP, after_long_help = format!("{LISTEN_HELP}\n\n{EXIT_CODES}"))]
    Listen(Listen),
    /// Measure what a second of audio costs on this machine, and how many calls a core carries
    #[command(after_help = BENCH_HELP, after_long_help = format!("{BENCH_HELP}\n\n{EXIT_CODES}"))]
    Bench(Bench),
    /// Play a recording to a server in real time, as Twilio, FreeSWITCH, Asterisk or an RTP sender would
    #[cfg(feature = "serve")]
    #[command(after_help = call::HELP, after_long_help = format!("{}\n\n{EXIT_CODES}", call::HELP))]
    Call(call::Call),
    /// Put many calls on a server and measure how long it takes to act
    #[cfg(feature = "serve")]
    #[command(after_help = load::HELP, after_long_help = format!("{}\n\n{EXIT_CODES}", load::HELP))]
    Load(load::Load),
    /// Measure the features against labelled recordings: pitch, speech, pace, non-verbal sounds
    #[command(after_help = EXIT_CODES)]
    Eval(Eval),
    /// Derive the thresholds for a wanted rate of false alarms from recordings of your own
    #[command(after_help = tune::HELP, after_long_help = format!("{}\n\n{EXIT_CODES}", tune::HELP))]
    Tune(tune::Tune),
    /// Analyse a recording again and prove that the same records come out, byte for byte
    #[command(after_help = replay::HELP, after_long_help = format!("{}\n\n{EXIT_CODES}", replay::HELP))]
    Replay(replay::Replay),
    /// Draw a saved handoff payload as the page that a human reads before the call connects
    #[cfg(feature = "serve")]
    #[command(after_help = SCREEN_HELP, after_long_help = format!("{SCREEN_HELP}\n\n{EXIT_CODES}"))]
    Screen(Screen),
    /// Say what a caller's words ask for: JSON lines in, JSON lines out, one for one
    #[command(after_help = classify_text::HELP, after_long_help = format!("{}\n\n{EXIT_CODES}", classify_text::HELP))]
    ClassifyText(ClassifyText),
    /// Print the JSON Schema of the handoff payload, or of the dialogue messages
    #[command(after_help = EXIT_CODES)]
    Schema(Schema),
    /// Print what the server's store says about the handoffs: time to human, completeness, triggers
    #[cfg(feature = "serve")]
    #[command(after_help = report::HELP, after_long_help = format!("{}\n\n{EXIT_CODES}", report::HELP))]
    Report(report::Report),
    /// Print the effective configuration, load the model, and say which backend runs and why
    #[command(after_help = EXIT_CODES)]
    Check(Check),
    /// Serve voice agents: dialogue and sound in, escalations and handoffs out
    #[cfg(feature = "serve")]
    #[command(after_help = serve::HELP)]
    Serve(serve::Serve),
    /// Make a bearer token, and the lines of the configuration that let it in
    #[cfg(feature = "serve")]
    #[command(after_help = token::HELP)]
    Token(token::Token),
}

/// `undertone analyze`.
#[derive(Debug, Args)]
pub struct Analyze {
    /// Recordings, folders of recordings, or `-` for standard input
    #[arg(required_unless_present = "conversation", value_name = "FILE|FOLDER")]
    pub inputs: Vec<PathBuf>,
    /// How events are written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// How inputs are heard
    #[command(flatten)]
    pub hearing: HearingArgs,
    /// What was told of the call: turns and reports, one JSON object a line (one input only);
    /// `undertone schema dialogue` describes them
    #[arg(long, value_name = "FILE.jsonl")]
    pub dialogue: Option<PathBuf>,
    /// Write what a human would see, as JSON (one input only); `-` for standard output, where --out
    /// takes the events
    #[arg(long, value_name = "FILE.json")]
    pub handoff: Option<PathBuf>,
    /// Draw what a human would see, as one HTML page (one input only)
    #[cfg(feature = "serve")]
    #[arg(long, value_name = "FILE.html")]
    pub screen: Option<PathBuf>,
    /// There is no recording: the dialogue is a conversation in writing
    #[arg(long, value_enum, requires = "dialogue", conflicts_with_all = ["inputs", "plot", "channel", "raw"])]
    pub conversation: Option<Conversation>,
    /// Also draw the call, as PNG or SVG (one input only)
    #[arg(long, value_name = "PATH.png|PATH.svg")]
    pub plot: Option<PathBuf>,
    /// Configuration and model
    #[command(flatten)]
    pub setup: Setup,
    /// How many files at once, 0 for one per core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub jobs: usize,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// No progress bar
    #[arg(long)]
    pub quiet: bool,
}

/// `undertone features`.
#[derive(Debug, Args)]
pub struct Features {
    /// Recordings, folders of recordings, or `-` for standard input
    #[arg(required_unless_present = "list", value_name = "FILE|FOLDER")]
    pub inputs: Vec<PathBuf>,
    /// How rows are written
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
    /// How inputs are heard
    #[command(flatten)]
    pub hearing: HearingArgs,
    /// Columns by name, or the groups default (all but log-mel), mel, all and egemaps
    #[arg(long, value_name = "NAME,NAME", default_value = "default")]
    pub columns: String,
    /// Write to this file; with many inputs, one file for each in this folder
    #[arg(long, value_name = "FILE|FOLDER")]
    pub out: Option<PathBuf>,
    /// How many files at once, 0 for one per core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub jobs: usize,
    /// No progress bar
    #[arg(long)]
    pub quiet: bool,
    /// One row a recording instead: means, spreads and voiced segments, under their eGeMAPS names
    /// where the definition is the same; CSV or JSON lines, all inputs in one table
    #[arg(long, conflicts_with = "columns")]
    pub functionals: bool,
    /// Print the documentation of every column, and stop
    #[arg(long)]
    pub list: bool,
}

/// `undertone listen`.
#[derive(Debug, Args)]
pub struct Listen {
    /// How events are written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// The input device, as --list-devices names it; without it the system's default
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// Print the input devices, and stop
    #[arg(long)]
    pub list_devices: bool,
    /// Which channel carries the caller; without it the mean of all
    #[arg(long, value_enum)]
    pub channel: Option<Channel>,
    /// The rate to open the device at, Hz; without it the device's own
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(i64::from(pcm::MIN_RATE)..=i64::from(pcm::MAX_RATE)))]
    pub rate: Option<u32>,
    /// Stop after so many seconds of sound
    #[arg(long, value_name = "N", value_parser = seconds)]
    pub seconds: Option<f64>,
    /// How many seconds of sound may wait to be heard
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=300), default_value_t = 2)]
    pub buffer: u16,
    /// Configuration and model
    #[command(flatten)]
    pub setup: Setup,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `undertone bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// Recordings to measure with
    #[arg(required = true, value_name = "FILE")]
    pub inputs: Vec<PathBuf>,
    /// A table to read, or one JSON object a line
    #[arg(long, value_enum, default_value_t)]
    pub format: BenchFormat,
    /// Seconds of audio in one measurement
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=86_400), default_value_t = 60)]
    pub audio_seconds: u32,
    /// Calls side by side in the last measurement
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000), default_value_t = 32)]
    pub calls: u32,
    /// How inputs are heard
    #[command(flatten)]
    pub hearing: HearingArgs,
    /// Configuration and model
    #[command(flatten)]
    pub setup: Setup,
}

/// `undertone classify-text`.
#[derive(Debug, Args)]
pub struct ClassifyText {
    /// A file of JSON lines, or `-` for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub input: PathBuf,
    /// Another language pack than the built-in English; docs/words.md has the format
    #[arg(long, value_name = "FILE.toml")]
    pub pack: Option<PathBuf>,
}

/// A conversation in writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Conversation {
    /// A chat.
    Chat,
    /// E-mails.
    Email,
}

/// `undertone schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// Of what
    #[arg(value_enum)]
    pub of: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The payload that a human sees.
    Handoff,
    /// A message about a call.
    Dialogue,
}

/// How `bench` and `load` write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BenchFormat {
    /// An aligned table.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `undertone screen`.
#[cfg(feature = "serve")]
#[derive(Debug, Args)]
pub struct Screen {
    /// A handoff payload in JSON, or `-` for standard input
    #[arg(value_name = "PAYLOAD.json")]
    pub payload: PathBuf,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `undertone check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Configuration and model
    #[command(flatten)]
    pub setup: Setup,
}

/// How inputs are heard.
#[derive(Debug, Args)]
pub struct HearingArgs {
    /// Which channel carries the caller; without it the mean of all
    #[arg(long, value_enum)]
    pub channel: Option<Channel>,
    /// Inputs are headerless PCM, such as s16le:8000:1
    #[arg(long, value_name = "FORMAT:RATE:CHANNELS", value_parser = raw::parse)]
    pub raw: Option<pcm::Format>,
}

/// Configuration and model.
#[derive(Debug, Args)]
pub struct Setup {
    /// Configuration in TOML; what it leaves out keeps its default
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// An ONNX model with its card, a .toml of the same name, beside it
    #[arg(long, value_name = "PATH.onnx")]
    pub model: Option<PathBuf>,
    /// Which ONNX runtime runs the model
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// The native ONNX Runtime library
    #[arg(long, value_name = "PATH")]
    pub onnxruntime: Option<PathBuf>,
}

/// A length of time above zero.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && f64::is_finite(seconds) => Ok(seconds),
        _ => Err("give a number of seconds above 0".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
