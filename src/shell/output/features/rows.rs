//! The feature table as CSV and as JSON lines, row by row.

use super::TableWriter;
use super::selection::Field;
use crate::features::FeatureFrame;
use crate::features::table::Kind;
use crate::shell::output::number::{FEATURE_DECIMALS, decimal};
use std::io::{self, Write};

/// Header first, then one row a frame; flags are 0 and 1.
pub struct CsvWriter<'a, W> {
    fields: &'a [Field],
    out: W,
    line: String,
}

impl<'a, W: Write> CsvWriter<'a, W> {
    /// Writes the header.
    pub fn new(fields: &'a [Field], mut out: W) -> io::Result<Self> {
        // No name, and no number, holds a comma or a quote: nothing has to be escaped.
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        writeln!(out, "{}", names.join(","))?;
        Ok(Self {
            fields,
            out,
            line: String::new(),
        })
    }
}

impl<W: Write> TableWriter for CsvWriter<'_, W> {
    fn row(&mut self, frame: &FeatureFrame) -> io::Result<()> {
        self.line.clear();
        for (place, field) in self.fields.iter().enumerate() {
            if place > 0 {
                self.line.push(',');
            }
            let value = field.value(frame);
            match field.kind {
                // An empty cell is the missing value of every CSV reader.
                _ if !value.is_finite() => {}
                Kind::Real => self.line.push_str(&decimal(value, FEATURE_DECIMALS)),
                Kind::Flag | Kind::Count => self.line.push_str(&(value as i64).to_string()),
            }
        }
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

/// One object a frame; flags are `true` and `false`.
pub struct JsonlWriter<'a, W> {
    fields: &'a [Field],
    out: W,
    line: String,
}

impl<'a, W: Write> JsonlWriter<'a, W> {
    /// Objects go to `out`.
    pub fn new(fields: &'a [Field], out: W) -> Self {
        Self {
            fields,
            out,
            line: String::new(),
        }
    }
}

impl<W: Write> TableWriter for JsonlWriter<'_, W> {
    fn row(&mut self, frame: &FeatureFrame) -> io::Result<()> {
        self.line.clear();
        for (place, field) in self.fields.iter().enumerate() {
            let start = if place == 0 { '{' } else { ',' };
            let value = field.value(frame);
            let text = match field.kind {
                _ if !value.is_finite() => "null".to_owned(),
                Kind::Real => decimal(value, FEATURE_DECIMALS),
                Kind::Flag => (value != 0.0).to_string(),
                Kind::Count => (value as i64).to_string(),
            };
            self.line.push(start);
            self.line.push_str(&format!("\"{}\":{text}", field.name));
        }
        self.line.push_str("}\n");
        self.out.write_all(self.line.as_bytes())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{TableFormat, sample, selection};

    fn table(format: TableFormat, spec: &str, frames: u32) -> String {
        let fields = selection::select(spec).unwrap();
        let mut out = Vec::new();
        let mut writer = format.writer(&fields, &mut out).unwrap();
        for index in 0..frames {
            writer.row(&sample::frame(index)).unwrap();
        }
        writer.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn csv_has_its_header_first_and_what_is_absent_is_empty() {
        let text = table(TableFormat::Csv, "f0_hz,voiced,jitter,shimmer,pauses", 3);
        assert_eq!(
            text,
            "time_s,f0_hz,voiced,jitter,shimmer,pauses\n\
             0.015,0.0,0,0.00512,,0\n\
             0.025,180.25,1,0.00512,,0\n\
             0.035,180.5,1,0.00512,,0\n"
        );
    }

    #[test]
    fn jsonl_keeps_the_types() {
        assert_eq!(
            table(TableFormat::Jsonl, "f0_hz,voiced,shimmer,pauses", 1),
            "{\"time_s\":0.015,\"f0_hz\":0.0,\"voiced\":false,\"shimmer\":null,\"pauses\":0}\n"
        );
    }

    #[test]
    fn every_row_has_every_column() {
        let text = table(TableFormat::Csv, "all", 5);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().len(), selection::all().len());
        // The reader refuses a row of another length.
        assert!(reader.records().all(|record| record.is_ok()));
    }
}
