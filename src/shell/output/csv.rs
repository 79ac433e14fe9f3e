//! All events in one table: a `type` column, then the union of every type's fields.
//!
//! A cell is empty where its type has no such field. `classes{}` becomes one `class_<name>` column
//! a class. `evidence[]` becomes one text cell, `; ` between the items:
//! `f0 182.0 -> 243.0 Hz (3.2 sd)`.

use super::EventWriter;
use super::number::{EVENT_DECIMALS, decimal};
use super::record::{Record, Run};
use crate::engine::{Event, Summary};
use serde_json::{Map, Value};
use std::io::{self, Write};

/// Columns that every table has, in order, before `class_<name>` and the summary's.
pub const EVENT_COLUMNS: &[&str] = &[
    "type",
    "file",
    "at_s",
    "arousal",
    "anger",
    "distress",
    "confidence",
    "sentiment",
    "sentiment_sd",
    "slope_per_min",
    "slope_sd",
    "level_sd",
    "trend",
    "anger_evidence_sd",
    "distress_evidence_sd",
    "hello_evidence_sd",
    "kind",
    "from_s",
    "to_s",
    "trigger",
    "reason",
    "onset_s",
    "evidence",
    "phrase",
    "rule",
    "rule_version",
    "samples",
    "occupant",
    "key",
    "abstains",
    "band_hz",
];

/// Columns that only a `summary` row fills.
pub const SUMMARY_COLUMNS: &[&str] = &[
    "duration_s",
    "speech_s",
    "talk_share",
    "pace_sps",
    "articulation_sps",
    "pauses",
    "pause_mean_s",
    "pause_share",
    "f0_median_hz",
    "f0_p10_hz",
    "f0_p90_hz",
    "active_level_dbfs",
    "noise_floor_dbfs",
    "clipped_share",
    "lost_share",
    "abstained_s",
    "worst_sentiment",
    "worst_at_s",
    "escalations",
    "turns",
    "heard_sha256",
    "notes",
    "model",
    "model_sha256",
    "config_sha256",
    "backend",
    "notice",
];

/// Writes the header line, once for a run.
pub fn write_header(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    write_row(out, columns(run).iter().map(String::as_str))
}

/// Writes events of one file as rows, each as soon as it is known.
pub struct CsvWriter<'a, W> {
    run: &'a Run,
    file: &'a str,
    columns: Vec<String>,
    out: W,
}

impl<'a, W: Write> CsvWriter<'a, W> {
    /// Events of `file` go to `out`, which has its header already.
    pub fn new(run: &'a Run, file: &'a str, out: W) -> Self {
        let columns = columns(run);
        Self {
            run,
            file,
            columns,
            out,
        }
    }

    fn row(&mut self, record: &Record<'_>) -> io::Result<()> {
        let Value::Object(mut fields) = serde_json::to_value(record)? else {
            return Err(io::Error::other("a record is not an object"));
        };
        flatten_classes(&mut fields);
        // The one table names the file in every row: a column that comes and goes is no column.
        fields.insert("file".into(), self.file.into());
        let cells = self.columns.iter().map(|name| cell(fields.get(name)));
        write_row(&mut self.out, cells)
    }
}

impl<W: Write> EventWriter for CsvWriter<'_, W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.row(&Record::event(self.run, self.file, event))
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.row(&Record::summary(self.run, self.file, summary))
    }
}

fn columns(run: &Run) -> Vec<String> {
    let classes = run.labels.iter().map(|label| format!("class_{label}"));
    let events = EVENT_COLUMNS.iter().map(|&name| name.to_owned());
    let summary = SUMMARY_COLUMNS.iter().map(|&name| name.to_owned());
    events.chain(classes).chain(summary).collect()
}

fn flatten_classes(fields: &mut Map<String, Value>) {
    if let Some(Value::Object(classes)) = fields.remove("classes") {
        for (label, value) in classes {
            fields.insert(format!("class_{label}"), value);
        }
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(item).collect();
            items.join("; ")
        }
        Some(value) => match value.as_f64() {
            Some(number) if value.is_f64() => decimal(number, EVENT_DECIMALS),
            _ => value.to_string(),
        },
    }
}

/// One line of evidence, or a plain value, as text inside a cell.
fn item(value: &Value) -> String {
    let Value::Object(evidence) = value else {
        return cell(Some(value));
    };
    let part = |key: &str| cell(evidence.get(key));
    if evidence.get("unit").is_some_and(|unit| unit == "signs") {
        return format!("{} {} signs", part("feature"), part("now"));
    }
    format!(
        "{} {} -> {} {} ({} sd)",
        part("feature"),
        part("baseline"),
        part("now"),
        part("unit"),
        part("sd")
    )
}

fn write_row<T: AsRef<[u8]>>(
    out: &mut dyn Write,
    cells: impl IntoIterator<Item = T>,
) -> io::Result<()> {
    // The writer is made anew for each row so that nothing is held back from a pipe.
    let mut row = csv::Writer::from_writer(out);
    row.write_record(cells).map_err(io::Error::other)?;
    row.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::output::sample;
    use std::collections::HashMap;

    fn rows() -> Vec<HashMap<String, String>> {
        let run = sample::run();
        let mut out = Vec::new();
        write_header(&run, &mut out).unwrap();
        let mut writer = CsvWriter::new(&run, "call.wav", &mut out);
        for event in sample::events() {
            writer.event(&event).unwrap();
        }
        writer.summary(&sample::summary()).unwrap();
        let mut reader = csv::Reader::from_reader(out.as_slice());
        reader.deserialize().map(Result::unwrap).collect()
    }

    #[test]
    fn every_field_of_every_record_has_a_column() {
        let run = sample::run();
        let known = columns(&run);
        let events = sample::events();
        let summary = sample::summary();
        let records = events
            .iter()
            .map(|event| Record::event(&run, "call.wav", event))
            .chain([Record::summary(&run, "call.wav", &summary)]);
        for record in records {
            let Value::Object(mut fields) = serde_json::to_value(record).unwrap() else {
                panic!("a record is not an object");
            };
            flatten_classes(&mut fields);
            for name in fields.keys() {
                assert!(known.contains(name), "no column for {name}");
            }
        }
    }

    #[test]
    fn rows_fill_their_own_columns_and_no_others() {
        let rows = rows();
        let affect = rows.iter().find(|row| row["type"] == "affect").unwrap();
        assert_eq!(affect["class_anger"], "0.3");
        assert_eq!(affect["sentiment"], "");
        let escalation = rows.iter().find(|row| row["type"] == "escalation").unwrap();
        assert!(
            escalation["evidence"].starts_with("f0 182.0 -> 243.0 Hz (3.2 sd); "),
            "{}",
            escalation["evidence"]
        );
        let line = rows.iter().find(|row| row["occupant"] == "music").unwrap();
        assert_eq!(
            (line["type"].as_str(), line["abstains"].as_str()),
            ("line", "true")
        );
        assert_eq!(
            (line["key"].as_str(), line["band_hz"].as_str()),
            ("", "3500.0")
        );
        let last = rows.last().unwrap();
        assert_eq!(last["type"], "summary");
        assert_eq!(last["escalations"], "1");
        assert_eq!(last["file"], "call.wav");
    }
}
