//! One JSON object a line.

use super::EventWriter;
use super::number::{EVENT_DECIMALS, write_json_line};
use super::record::{Record, Run};
use crate::engine::{Event, Summary};
use std::io::{self, Write};

/// Writes events of one file as JSON lines, each as soon as it is known.
pub struct JsonlWriter<'a, W> {
    run: &'a Run,
    file: &'a str,
    out: W,
}

impl<'a, W: Write> JsonlWriter<'a, W> {
    /// Events of `file` go to `out`.
    pub fn new(run: &'a Run, file: &'a str, out: W) -> Self {
        Self { run, file, out }
    }
}

impl<W: Write> EventWriter for JsonlWriter<'_, W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let record = Record::event(self.run, self.file, event);
        write_json_line(&mut self.out, &record, EVENT_DECIMALS)
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let record = Record::summary(self.run, self.file, summary);
        write_json_line(&mut self.out, &record, EVENT_DECIMALS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::output::sample;
    use serde_json::Value;

    fn lines(many: bool) -> Vec<String> {
        let mut out = Vec::new();
        let run = Run {
            many,
            ..sample::run()
        };
        let mut writer = JsonlWriter::new(&run, "call.wav", &mut out);
        for event in sample::events() {
            writer.event(&event).unwrap();
        }
        writer.summary(&sample::summary()).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn line_of(kind: &str, many: bool) -> String {
        let start = format!("{{\"type\":\"{kind}\"");
        let mut lines = lines(many).into_iter();
        lines.find(|line| line.starts_with(&start)).unwrap()
    }

    #[test]
    fn affect_names_its_classes() {
        assert_eq!(
            line_of("affect", false),
            r#"{"type":"affect","at_s":2.0,"arousal":0.35,"anger":0.1235,"distress":0.2,"confidence":0.9,"classes":{"neutral":0.7,"anger":0.3}}"#
        );
    }

    #[test]
    fn trajectory_and_marker_follow_the_contract() {
        assert_eq!(
            line_of("trajectory", false),
            r#"{"type":"trajectory","at_s":2.0,"sentiment":0.1,"sentiment_sd":0.1,"slope_per_min":-0.2,"slope_sd":0.05,"level_sd":-0.4,"trend":"steady","anger_evidence_sd":0.0,"distress_evidence_sd":0.0,"hello_evidence_sd":0.0}"#
        );
        assert_eq!(
            line_of("marker", false),
            r#"{"type":"marker","at_s":13.0,"kind":"hesitation","from_s":12.3,"to_s":13.0,"confidence":0.71}"#
        );
    }

    #[test]
    fn a_change_of_the_line_says_whether_it_is_read() {
        let lines = lines(false);
        let lines: Vec<_> = lines.iter().filter(|l| l.contains(r#":"line""#)).collect();
        assert_eq!(
            lines,
            [
                r#"{"type":"line","at_s":1.5,"occupant":"voice","abstains":false}"#,
                r#"{"type":"line","at_s":31.0,"occupant":"music","abstains":true,"band_hz":3500.0}"#,
                r#"{"type":"line","at_s":35.0,"occupant":"dtmf","key":"5","abstains":true,"band_hz":3500.0}"#,
            ]
        );
    }

    #[test]
    fn escalation_carries_its_evidence_as_objects() {
        let value: Value = serde_json::from_str(&line_of("escalation", false)).unwrap();
        assert_eq!(value["trigger"], "sentiment");
        assert_eq!(value["reason"], "trend");
        assert_eq!(value["onset_s"], 41.0);
        assert_eq!(value["evidence"][0]["feature"], "f0");
        assert_eq!(value["evidence"][0]["sd"], 3.2);
    }

    #[test]
    fn the_summary_is_last_and_names_file_model_and_hashes() {
        let lines = lines(false);
        let value: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
        assert_eq!(value["type"], "summary");
        assert_eq!(value["file"], "call.wav");
        assert_eq!(value["escalations"], 1);
        for key in ["model", "model_sha256", "config_sha256", "backend"] {
            assert!(value[key].is_string(), "{key} is missing");
        }
    }

    #[test]
    fn with_many_files_every_line_names_its_file() {
        for line in lines(true) {
            let value: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(value["file"], "call.wav", "{line}");
        }
    }
}
