//! A table of figures, and the three ways to write it.

use crate::shell::output::number::write_json_line;
use clap::ValueEnum;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::io::{self, Write};

/// How `eval` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// An aligned Markdown table, and notes below it.
    #[default]
    Text,
    /// One JSON object a row; `null` where a figure cannot be had.
    Json,
    /// A header and rows; an empty field where a figure cannot be had.
    Csv,
}

/// One column: its name for machines, for people, and its decimals.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub key: &'static str,
    pub title: &'static str,
    pub decimals: usize,
}

/// Decimals of every figure for machines.
const DECIMALS: i32 = 4;

impl Column {
    /// A column; `decimals` are those of the text.
    pub const fn new(key: &'static str, title: &'static str, decimals: usize) -> Self {
        Self {
            key,
            title,
            decimals,
        }
    }
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Text(String),
    Count(usize),
    Real(Option<f64>),
    /// From, to.
    Range(Option<(f64, f64)>),
}

impl From<Option<(f64, f64)>> for Cell {
    fn from(range: Option<(f64, f64)>) -> Self {
        Self::Range(range)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        Self::Real(value)
    }
}

impl Cell {
    fn text(&self, decimals: usize) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Real(Some(value)) => format!("{value:.decimals$}"),
            Self::Range(Some((low, high))) => format!("{low:.decimals$}–{high:.decimals$}"),
            Self::Real(None) | Self::Range(None) => "–".to_owned(),
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => to.serialize_str(text),
            Self::Count(count) => to.serialize_u64(*count as u64),
            Self::Real(value) => value.serialize(to),
            Self::Range(range) => range.serialize(to),
        }
    }
}

/// Columns, rows, and what a reader must know about them.
#[derive(Debug)]
pub struct Table {
    pub columns: &'static [Column],
    pub rows: Vec<Vec<Cell>>,
    pub notes: Vec<String>,
}

/// A row with the names of its columns.
struct Named<'a>(&'a [Column], &'a [Cell]);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (column, cell) in self.0.iter().zip(self.1) {
            map.serialize_entry(column.key, cell)?;
        }
        map.end()
    }
}

impl Table {
    /// Writes the table.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, format: TableFormat, out: &mut dyn Write) -> io::Result<()> {
        match format {
            TableFormat::Text => self.text(out),
            TableFormat::Json => self
                .rows
                .iter()
                .try_for_each(|row| write_json_line(out, &Named(self.columns, row), DECIMALS)),
            TableFormat::Csv => self.csv(out),
        }
    }

    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let titles = self.columns.iter().map(|column| column.title.to_owned());
        let mut lines = vec![titles.collect::<Vec<_>>()];
        for row in &self.rows {
            let cells = row.iter().zip(self.columns);
            lines.push(
                cells
                    .map(|(cell, column)| cell.text(column.decimals))
                    .collect(),
            );
        }
        let width = |place: usize| {
            let widths = lines.iter().map(|line| line[place].chars().count());
            widths.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        // A column of words stands at the left, one of figures at the right.
        let words = |place: usize| {
            matches!(
                self.rows.first().map(|row| &row[place]),
                Some(Cell::Text(_))
            )
        };
        for (number, line) in lines.iter().enumerate() {
            for (place, cell) in line.iter().enumerate() {
                let width = widths[place];
                if words(place) {
                    write!(out, "| {cell:<width$} ")?;
                } else {
                    write!(out, "| {cell:>width$} ")?;
                }
            }
            writeln!(out, "|")?;
            if number == 0 {
                for (place, width) in widths.iter().enumerate() {
                    let (rule, end) = ("-".repeat(width + 1), if words(place) { "-" } else { ":" });
                    write!(out, "|{rule}{end}")?;
                }
                writeln!(out, "|")?;
            }
        }
        if !self.notes.is_empty() {
            writeln!(out)?;
        }
        self.notes
            .iter()
            .try_for_each(|note| writeln!(out, "{note}"))
    }

    fn csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(self.columns.iter().map(|column| column.key))?;
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| match cell {
                Cell::Real(None) | Cell::Range(None) => String::new(),
                cell => cell.text(DECIMALS as usize),
            }))?;
        }
        writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::new("file", "file", 0),
        Column::new("gpe_pct", "GPE20 %", 2),
        Column::new("frames", "frames", 0),
    ];

    fn written(format: TableFormat) -> String {
        let table = Table {
            columns: COLUMNS,
            rows: vec![
                vec!["a.wav".into(), Some(12.345_678).into(), 7.into()],
                vec!["b, c".into(), Cell::Real(None), 12_000.into()],
            ],
            notes: vec!["all frames".into()],
        };
        let mut out = Vec::new();
        table.write(format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_an_aligned_table_of_markdown() {
        assert_eq!(
            written(TableFormat::Text),
            "| file  | GPE20 % | frames |\n\
             |-------|--------:|-------:|\n\
             | a.wav |   12.35 |      7 |\n\
             | b, c  |       – |  12000 |\n\
             \nall frames\n"
        );
    }

    #[test]
    fn what_cannot_be_had_is_null_or_empty() {
        assert_eq!(
            written(TableFormat::Json),
            "{\"file\":\"a.wav\",\"gpe_pct\":12.3457,\"frames\":7}\n\
             {\"file\":\"b, c\",\"gpe_pct\":null,\"frames\":12000}\n"
        );
        assert_eq!(
            written(TableFormat::Csv),
            "file,gpe_pct,frames\na.wav,12.3457,7\n\"b, c\",,12000\n"
        );
    }
}
