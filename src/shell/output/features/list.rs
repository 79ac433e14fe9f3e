//! The documentation of the feature table, as a table.

use super::selection;
use std::io::{self, Write};

/// Prints each column's name, unit, window, source and description.
pub fn write_list(out: &mut dyn Write) -> io::Result<()> {
    let mut rows = vec![["COLUMN", "UNIT", "WINDOW", "DESCRIPTION", "SOURCE"].map(str::to_owned)];
    for field in documented() {
        let window = match field.window_ms {
            0 => "-".to_owned(),
            ms => format!("{ms} ms"),
        };
        rows.push([
            field.name,
            field.unit.to_owned(),
            window,
            field.description.to_owned(),
            if field.source.is_empty() {
                "-"
            } else {
                field.source
            }
            .to_owned(),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; 5] = std::array::from_fn(|column| width(column).unwrap_or(0));
    for row in &rows {
        let cells = row.iter().zip(widths);
        let line: String = cells
            .map(|(cell, width)| format!("{cell:<width$}  "))
            .collect();
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The table, then the usual names of eGeMAPS.
fn documented() -> Vec<selection::Field> {
    let mut fields = selection::all();
    for field in selection::egemaps() {
        if fields.iter().all(|held| held.name != field.name) {
            fields.push(field);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_listed_with_its_unit_and_source() {
        let mut out = Vec::new();
        write_list(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 1 + documented().len());
        for (line, field) in text.lines().skip(1).zip(documented()) {
            assert!(line.starts_with(&field.name), "{line}");
            for part in [field.unit, field.source, field.description] {
                assert!(line.contains(part), "{line} lacks {part}");
            }
        }
    }
}
