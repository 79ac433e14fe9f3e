//! A table of labels, row by row; what is wrong in it is told with file, line and column.

use crate::shell::error::ShellError;
use csv::{Position, StringRecord};
use std::fs::File;
use std::path::{Path, PathBuf};

/// An open CSV file with a header.
pub struct Rows {
    path: PathBuf,
    header: StringRecord,
    reader: csv::Reader<File>,
}

/// One row.
pub struct Row<'a> {
    path: &'a Path,
    header: &'a StringRecord,
    /// The line in the file, from 1.
    pub line: u64,
    record: StringRecord,
}

impl Rows {
    /// Opens the file at `path`, which must have the columns `needed`.
    ///
    /// # Errors
    /// It cannot be opened, is no text, or lacks a column.
    pub fn open(path: &Path, needed: &[&str]) -> Result<Self, ShellError> {
        let file = File::open(path).map_err(|source| ShellError::Open {
            path: path.into(),
            source,
        })?;
        let mut reader = csv::Reader::from_reader(file);
        let header = reader.headers().map_err(|e| broken(path, &e))?.clone();
        for column in needed {
            if !header.iter().any(|name| name == *column) {
                let there = header.iter().collect::<Vec<_>>().join(", ");
                let reason = format!(
                    "there is no column `{column}`; needed are {}, and there are: {there}",
                    needed.join(", ")
                );
                return Err(ShellError::data(path, 1, reason));
            }
        }
        Ok(Self {
            path: path.into(),
            header,
            reader,
        })
    }

    /// Whether there is a column of this name.
    pub fn has(&self, column: &str) -> bool {
        self.header.iter().any(|name| name == column)
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// A row with more or fewer fields than the header, or that is no text.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, ShellError> {
        let mut record = StringRecord::new();
        let read = self.reader.read_record(&mut record);
        if !read.map_err(|error| broken(&self.path, &error))? {
            return Ok(None);
        }
        Ok(Some(Row {
            path: &self.path,
            header: &self.header,
            line: record.position().map_or(0, Position::line),
            record,
        }))
    }
}

impl Row<'_> {
    /// The field under `column`; empty where there is no such column.
    pub fn text(&self, column: &str) -> &str {
        let place = self.header.iter().position(|name| name == column);
        place
            .and_then(|place| self.record.get(place))
            .map_or("", str::trim)
    }

    /// The finite number under `column`.
    ///
    /// # Errors
    /// The field is no number.
    pub fn number(&self, column: &str) -> Result<f64, ShellError> {
        let text = self.text(column);
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(self.wrong(column, "is not a number: write one, such as 0.25")),
        }
    }

    /// The error that the field under `column` is `complaint`.
    pub fn wrong(&self, column: &str, complaint: &str) -> ShellError {
        let reason = format!("column `{column}`: `{}` {complaint}", self.text(column));
        ShellError::data(self.path, self.line, reason)
    }
}

fn broken(path: &Path, error: &csv::Error) -> ShellError {
    let line = error.position().map_or(1, Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} fields, and the header has {expected_len}: one for each column"),
        csv::ErrorKind::Utf8 { .. } => "not UTF-8: save the file as UTF-8".to_owned(),
        _ => error.to_string(),
    };
    ShellError::data(path, line, reason)
}
