//! Takes: events and feature frames, as the engine gives them.
//! Gives: JSON lines, CSV, Parquet and a timeline for people, written to any `Write`.
//! Remembers: what one file's picture needs; tables are streamed.
//! Source: the output contract; Parquet format 2.9, RFC 4180, RFC 8259.

pub mod clock;
pub mod csv;
pub mod features;
pub mod handoff;
pub mod jsonl;
pub mod live;
pub mod number;
pub mod record;
#[cfg(test)]
pub(crate) mod sample;
pub mod sparkline;
pub mod terminal;
pub mod text;

use crate::engine::{Event, Summary};
use record::Run;
use std::io::{self, Write};
use terminal::Terminal;

/// How `analyze` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A timeline that a person reads.
    #[default]
    Text,
    /// One JSON object a line.
    Jsonl,
    /// One table: a `type` column, then the union of all columns.
    Csv,
}

/// Takes the events of one file in order, then its summary.
pub trait EventWriter {
    /// One event.
    fn event(&mut self, event: &Event) -> io::Result<()>;
    /// The end of the file; nothing comes after it.
    fn summary(&mut self, summary: &Summary) -> io::Result<()>;
}

impl Format {
    /// What stands before the first file, once.
    pub fn begin(self, run: &Run, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Csv => csv::write_header(run, out),
            Self::Text | Self::Jsonl => Ok(()),
        }
    }

    /// The writer for the events of a call that goes on: nothing waits for its end.
    pub fn live_writer<'a, W: Write + 'a>(
        self,
        run: &'a Run,
        device: &'a str,
        terminal: Terminal,
        out: W,
    ) -> Box<dyn EventWriter + 'a> {
        match self {
            Self::Text => {
                let timeline = text::TextWriter::new(run, device, terminal, out);
                Box::new(live::LiveTextWriter::new(timeline))
            }
            Self::Jsonl | Self::Csv => self.writer(run, device, terminal, out),
        }
    }

    /// The writer for the events of `file`.
    pub fn writer<'a, W: Write + 'a>(
        self,
        run: &'a Run,
        file: &'a str,
        terminal: Terminal,
        out: W,
    ) -> Box<dyn EventWriter + 'a> {
        match self {
            Self::Text => Box::new(text::TextWriter::new(run, file, terminal, out)),
            Self::Jsonl => Box::new(jsonl::JsonlWriter::new(run, file, out)),
            Self::Csv => Box::new(csv::CsvWriter::new(run, file, out)),
        }
    }
}
