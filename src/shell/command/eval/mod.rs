//! Takes: labelled recordings: exact pitch, speech and pause, texts, kinds of sound,
//! emotions, calls in which something happens.
//! Gives: one table of figures for each question, as text, JSON lines or CSV; of utterances and calls a
//! picture too.
//! Remembers: nothing between clips; the figures of one table until it is printed.
//! Source: each score names its own.

pub mod args;
mod bands;
mod bootstrap;
mod calls;
mod calls_picture;
mod calls_score;
mod clips;
mod correlation;
mod decision_score;
mod f0;
mod f0_truth;
mod groups;
mod halving;
mod labels;
mod line;
mod lines;
mod manifest;
mod pace;
mod picture;
mod pitch_score;
mod ranking;
mod rows;
mod sounds;
mod syllables;
mod table;
mod utterance_score;
mod utterances;
mod vad;
mod voices;
mod windows;

use super::Destination;
use crate::shell::error::ShellError;
use args::{Eval, OutputArgs, Question};
use table::Table;

/// Answers one question; the exit code of the clip that went worst.
///
/// # Errors
/// Usage, labels that cannot be read, or an output that cannot be written.
pub fn run(args: &Eval) -> Result<u8, ShellError> {
    let (answered, output) = match &args.question {
        Question::F0(args) => (f0::run(args)?, &args.output),
        Question::Vad(args) => (vad::run(args)?, &args.output),
        Question::Pace(args) => (pace::run(args)?, &args.output),
        Question::Sounds(args) => (sounds::run(args)?, &args.output),
        Question::Utterances(args) => (utterances::run(args)?, &args.output),
        Question::Calls(args) => (calls::run(args)?, &args.output),
    };
    let (table, code) = answered;
    print(&table, output)?;
    Ok(code)
}

fn print(table: &Table, output: &OutputArgs) -> Result<(), ShellError> {
    let mut out = Destination::open(output.out.as_deref())?;
    out.write(|out| {
        table.write(output.format, out)?;
        out.flush()
    })
}
