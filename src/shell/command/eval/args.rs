//! `undertone eval`: what can be asked, and the help that teaches the layout of the data.

use super::bands::BandArg;
use super::lines::LineKind;
use super::table::TableFormat;
use crate::shell::cli::Setup;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

const F0_HELP: &str = "\
Examples:
  undertone eval f0 DATA/f0
  undertone eval f0 --truth truth.csv clean.flac noisy.flac

What is read:
  FOLDER/truth_NAME.csv        time_s,f0_hz,voiced,w: one row a frame of the truth, f0_hz 0 where
                               unvoiced; w is 0 where the truth is in doubt (near voicing edges)
  FOLDER/audio/NAME_*.flac     every condition of that signal, in any format that is decoded here
Each of our frames, timed at the centre of its windows, is held against the nearest row.

What the figures mean:
  GPE20 %   of the frames voiced in both, how many are off by more than 20 %
  VDE %     of all frames, how many have the wrong voicing
  FFE %     of all frames, how many have the one error or the other
  recall %  of the voiced frames, how many were found
  cents     median distance in cents, of frames voiced in both and within 20 %
The headline is `all`: every frame of the truth. `w>0` leaves out the frames in doubt.";

const VAD_HELP: &str = "\
Examples:
  undertone eval vad DATA/pav_vad
  undertone eval vad --band telephone --format json DATA/pav_vad

What is read:
  FOLDER/manifest.csv          a column `path`, relative to the folder
  FOLDER/lab/NAME.lab          for audio/NAME.*: lines `START END V` (speech) or `START END S` (silence),
                               seconds
Frames of 10 ms, the hang-over included. What no line covers is not counted.

What the figures mean:
  error %        of all frames, how many are decided wrongly
  miss %         of the speech frames, how many were taken for silence
  false alarm %  of the silent frames, how many were taken for speech";

const PACE_HELP: &str = "\
Examples:
  undertone eval pace DATA/emodb DATA/ravdess DATA/nemo
  undertone eval pace --over speech DATA/emodb/manifest.csv

What is read:
  MANIFEST      a CSV, or a folder with manifest.csv: path,text,language; `set` where there is one.
                Clips with set = cut2s are left out: they do not hold their whole text.
Syllables are counted in the text, in de, en and pl. Nuclei are counted in the clip. Both are divided
by the same time: from the first to the last frame of speech, or with --over speech the frames of
speech alone.

What the figures mean:
  r, rho        Pearson's and Spearman's correlation of the two rates over clips
  MAE, bias     mean of |heard - text| and of heard - text, syllables a second
  r counts      Pearson's correlation of nuclei with syllables, no time in it
  r constant    what r would be for a count that is the same for every clip. The shared time alone
                correlates the rates: only what r has beyond this is hearing";

const SOUNDS_HELP: &str = "\
Examples:
  undertone eval sounds DATA/nvv --speech DATA/emodb DATA/ravdess
  undertone eval sounds --band full DATA/nvv

What is read:
  MANIFEST      a CSV, or a folder with manifest.csv: path,emotion,fold. `emotion` names the sound
  --speech      manifests of speech alone, with path,fold

What the figures mean:
  AUC           how often a clip of the class has more evidence than a clip that is not of it;
                mean and sd over folds, as `fold` parts the speakers. Nothing is fitted here.
  peak, mean    the highest and the mean evidence of a clip
  hit %         clips of the class with at least one marker
  false %       clips of the others with at least one marker, and how many a minute";

const UTTERANCES_HELP: &str = "\
Examples:
  undertone eval utterances DATA/emodb
  undertone eval utterances --line all --plot calibration.png DATA/ravdess/manifest.csv
  undertone eval utterances --line full,telephone --format json DATA/ravdess DATA/ased

What is read:
  MANIFEST      a CSV, or a folder with manifest.csv: path,speaker,emotion; `gender`, `age` and `language`
                where there are any
Of every speaker the first four calm clips (neutral, then calm, then boredom) are out of all tests.
With `own` baseline they are what the caller is held against; with `none` nobody was heard before.
Each clip is heard by itself, and is the mean of its windows. Clips with too little speech are left out.
The bundled model was trained on EmoDB: its figures there are not those of unseen speakers.

What the figures mean:
  95 %          interval of the figure before it, by bootstrap over speakers
  UAR           unweighted average recall over the emotions that manifest and model share
  anger/calm    how often an angry clip has more anger than a calm one (AUC); anger/rest: than any other
  d' 1 s ..     distance of a speaker's angry from the same speaker's calm speech, for so many seconds of
                it, in the speakers' own standard deviations (root of the mean variance)
  ECE           of the anger probability, ten bins
  risk 50 %     anger on the wrong side of 0.5, among the half with the highest confidence
  false f, m    clips of women and of men that are not angry, with anger over 0.5, %
  same %        clips whose anger lies within 0.05 of what it was over the first line named
Below the table stand the confusions, what a probability of anger was worth, and false anger by
gender, age and language.";

const CALLS_HELP: &str = "\
Examples:
  undertone eval calls CALLS
  undertone eval calls --at 0.1,0.5,2 --plot rates.png CALLS
  undertone eval calls --config calibration.toml --format json CALLS

What is read:
  NAME.wav    a call, the caller's leg, in any format that is decoded here
  NAME.json   its truth: scenario; onset_s, from where on a human should take over, null where never;
              utterances (start_s, end_s); corpus and speaker where known
  NAME.jsonl  its dialogue, where there is one

What the figures mean:
  declared      operating_point.false_alarms_per_call_hour, for which the thresholds were made
  detected      of the calls with an onset, how many have an escalation at or after it
  95 %          interval of the figure before it, by bootstrap over speakers
  delay, p90    median and 90th percentile from the onset to that escalation, misses counted as longer
                than any: – where the percentile is a miss
  false alarms  escalations before the onset, or in a call without one; quiet h: hours of that
--plot draws detection and delay over the rate of false alarms. Thresholds come from other calls
(undertone tune): on the calls that they were made from the figures are too good.";

/// `undertone eval`.
#[derive(Debug, Args)]
pub struct Eval {
    /// Which table.
    #[command(subcommand)]
    pub question: Question,
}

/// The tables.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// Pitch against exact truth: gross errors, voicing errors, cents
    #[command(after_help = F0_HELP)]
    F0(F0Args),
    /// Speech and pause against labels: frame error, misses, false alarms
    #[command(after_help = VAD_HELP)]
    Vad(VadArgs),
    /// Speaking rate against the syllables of the text: correlation and error
    #[command(after_help = PACE_HELP)]
    Pace(PaceArgs),
    /// Non-verbal sounds against other sounds and against speech: AUC by fold, markers
    #[command(after_help = SOUNDS_HELP)]
    Sounds(SoundsArgs),
    /// The prosody model on labelled clips: UAR, AUC, d', calibration, risk, confusions
    #[command(after_help = UTTERANCES_HELP)]
    Utterances(UtterancesArgs),
    /// Escalations on calls with truth: detected, delay, false alarms per call-hour
    #[command(after_help = CALLS_HELP)]
    Calls(CallsArgs),
}

/// `undertone eval f0`.
#[derive(Debug, Args)]
pub struct F0Args {
    /// Folders of signals with their truth; with --truth, recordings that all have this truth
    #[arg(required = true, value_name = "FOLDER|FILE")]
    pub data: Vec<PathBuf>,
    /// The truth of every recording named
    #[arg(long, value_name = "CSV")]
    pub truth: Option<PathBuf>,
    /// Where the table goes
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `undertone eval vad`.
#[derive(Debug, Args)]
pub struct VadArgs {
    /// Folders with manifest.csv and lab/
    #[arg(required = true, value_name = "FOLDER")]
    pub data: Vec<PathBuf>,
    /// As the clips are, through a telephone line (300-3400 Hz, mu-law, 8 kHz), or both
    #[arg(long, value_enum, default_value_t = BandArg::Both)]
    pub band: BandArg,
    /// Where the table goes
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `undertone eval pace`.
#[derive(Debug, Args)]
pub struct PaceArgs {
    /// Manifests, or folders with manifest.csv
    #[arg(required = true, value_name = "MANIFEST")]
    pub data: Vec<PathBuf>,
    /// The time by which both counts are divided
    #[arg(long, value_enum, default_value_t)]
    pub over: Over,
    /// As the clips are, through a telephone line (300-3400 Hz, mu-law, 8 kHz), or both
    #[arg(long, value_enum, default_value_t = BandArg::Full)]
    pub band: BandArg,
    /// Where the table goes
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `undertone eval sounds`.
#[derive(Debug, Args)]
pub struct SoundsArgs {
    /// Manifests of sounds, or folders with manifest.csv
    #[arg(required = true, value_name = "MANIFEST")]
    pub data: Vec<PathBuf>,
    /// Manifests of speech, or folders with manifest.csv
    #[arg(long, value_name = "MANIFEST", num_args = 1..)]
    pub speech: Vec<PathBuf>,
    /// As the clips are, through a telephone line (300-3400 Hz, mu-law, 8 kHz), or both
    #[arg(long, value_enum, default_value_t = BandArg::Telephone)]
    pub band: BandArg,
    /// Where the table goes
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `undertone eval utterances`.
#[derive(Debug, Args)]
pub struct UtterancesArgs {
    /// Manifests, or folders with manifest.csv
    #[arg(required = true, value_name = "MANIFEST")]
    pub data: Vec<PathBuf>,
    /// The model; its card is the .toml beside it. Without it the bundled one
    #[arg(long, value_name = "ONNX")]
    pub model: Option<PathBuf>,
    /// Over which line the clips are heard; several with commas
    #[arg(long, value_enum, value_delimiter = ',', default_value = "telephone")]
    pub line: Vec<LineKind>,
    /// Draw calibration, and risk against coverage, into this .png or .svg
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Where the table goes
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `undertone eval calls`.
#[derive(Debug, Args)]
pub struct CallsArgs {
    /// Recordings with their truth, or folders of them
    #[arg(required = true, value_name = "FOLDER|FILE")]
    pub calls: Vec<PathBuf>,
    /// Declared rates of false alarm to score at; without it that of the configuration
    #[arg(long, value_delimiter = ',', value_name = "PER_HOUR")]
    pub at: Vec<f64>,
    /// Draw detection and delay over the rate of false alarms into this .png or .svg
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Configuration and model
    #[command(flatten)]
    pub setup: Setup,
    /// Where the table goes
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The time by which syllables are divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Over {
    /// From the first to the last frame of speech, pauses included: speaking rate.
    #[default]
    Span,
    /// The frames of speech alone: articulation rate.
    Speech,
}

/// Where a table goes, and how.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// A table to read, one JSON object a row, or CSV
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
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
