//! The records of one call, found again in what `analyze --format jsonl` wrote.

use crate::shell::error::ShellError;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::io::{BufRead, Read};
use std::path::Path;

/// The longest line that is read, bytes; the longest record is far under it.
const MAX_LINE: usize = 1 << 20;
/// What is held of the events at most, bytes: some eighty hours of calls.
const MOST_BYTES: usize = 256 << 20;
/// Names of other recordings that an error lists.
const LISTED: usize = 5;

/// What a line must be, where it is not.
const MEND: &str = "EVENTS is what `undertone analyze --format jsonl` writes";

/// One record as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its place in the file, from 1.
    pub number: u64,
    /// `affect`, `trajectory`, `marker`, `escalation`, `line`, `gap` or `summary`.
    pub kind: String,
    /// The JSON, without the line's end.
    pub text: String,
}

/// What a summary says that its records were made with.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeWith {
    /// The summary's line, from 1.
    pub number: u64,
    /// SHA-256 of the model file, where told.
    pub model_sha256: Option<String>,
    /// SHA-256 of the effective configuration, where told.
    pub config_sha256: Option<String>,
    /// SHA-256 of what was heard, where told.
    pub heard_sha256: Option<String>,
    /// The ONNX backend, where told.
    pub backend: Option<String>,
}

/// The records of one call, in the order of their lines.
#[derive(Debug, Default)]
pub struct Call {
    /// Its recording, as it was named then; unknown where only a summary would tell and is missing.
    pub file: Option<String>,
    /// Every record names its recording, as where many were analysed.
    pub many: bool,
    /// The records.
    pub lines: Vec<Line>,
    /// From the summary; without it the events end early.
    pub made_with: Option<MadeWith>,
}

/// What a record says of itself, whatever else is in it.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    file: Option<String>,
    model_sha256: Option<String>,
    config_sha256: Option<String>,
    heard_sha256: Option<String>,
    backend: Option<String>,
}

/// Reads from `input`, called `name` in messages, the call that was recorded in `recording`.
///
/// The events of a single recording are taken whatever its name was then: a recording may have
/// moved since. Among those of many, the name decides: the whole path, or else its last part.
///
/// # Errors
/// [`ShellError::Read`]; [`ShellError::Data`] for a line that is no record, which it names;
/// [`ShellError::Format`] where there is none or far too much; [`ShellError::Usage`] where no call
/// or more than one has the recording's name.
pub fn read(name: &Path, input: impl BufRead, recording: &Path) -> Result<Call, ShellError> {
    let mut found = Found::new(recording);
    each_line(name, input, |number, text, ended| {
        match serde_json::from_str::<Head>(&text) {
            Ok(head) => found.record(head, number, text),
            // Whoever wrote was stopped in the middle of a line: the records before it stand.
            Err(_) if !ended => {}
            Err(error) => {
                let error = error.to_string();
                let reason = error.split(" at line ").next().unwrap_or(&error);
                return Err(ShellError::data(name, number, format!("{reason}; {MEND}")));
            }
        }
        if found.held > MOST_BYTES {
            return Err(ShellError::Format {
                path: name.into(),
                reason: format!(
                    "over {} MiB of records to choose from: give a file with those of this recording alone",
                    MOST_BYTES >> 20
                ),
            });
        }
        Ok(())
    })?;
    found.chosen(name)
}

/// The records in `text`, which a writer of ours has just written.
///
/// # Errors
/// None but for a fault of ours.
pub fn lines(text: &[u8]) -> Result<Vec<Line>, ShellError> {
    let name = Path::new("the replayed records");
    let mut lines = Vec::new();
    each_line(name, text, |number, text, _| {
        let head: Head = serde_json::from_str(&text)
            .map_err(|error| ShellError::data(name, number, error.to_string()))?;
        lines.push(Line {
            number,
            kind: head.kind,
            text,
        });
        Ok(())
    })?;
    Ok(lines)
}

/// Hands every line that is not blank to `take`, with its number and whether its end was there.
fn each_line(
    name: &Path,
    mut input: impl BufRead,
    mut take: impl FnMut(u64, String, bool) -> Result<(), ShellError>,
) -> Result<(), ShellError> {
    for number in 1.. {
        let mut bytes = Vec::new();
        let mut bounded = (&mut input).take(MAX_LINE as u64);
        let length = bounded.read_until(b'\n', &mut bytes);
        let length = length.map_err(|source| ShellError::Read {
            path: name.into(),
            source,
        })?;
        if length == 0 {
            break;
        }
        let ended = bytes.last() == Some(&b'\n');
        if length == MAX_LINE && !ended {
            let reason =
                format!("the line is over {MAX_LINE} bytes long, and no record is; {MEND}");
            return Err(ShellError::data(name, number, reason));
        }
        let Ok(text) = String::from_utf8(bytes) else {
            let reason = format!("not UTF-8; {MEND}");
            return Err(ShellError::data(name, number, reason));
        };
        let text = text.trim_end_matches(['\n', '\r']);
        if !text.trim().is_empty() {
            take(number, text.to_owned(), ended)?;
        }
    }
    Ok(())
}

/// The calls read so far that may be the one.
struct Found<'a> {
    recording: &'a Path,
    calls: Vec<Call>,
    /// The call whose summary has not come.
    open: Call,
    /// Recordings whose records were left out.
    others: BTreeSet<String>,
    /// Bytes of the records that are kept.
    held: usize,
}

impl<'a> Found<'a> {
    fn new(recording: &'a Path) -> Self {
        Self {
            recording,
            calls: Vec::new(),
            open: Call::default(),
            others: BTreeSet::new(),
            held: 0,
        }
    }

    fn record(&mut self, head: Head, number: u64, text: String) {
        let ends = head.kind == "summary";
        // A summary names its recording always, another record only where there were many.
        let names = head.file.is_some();
        let another = self.open.file != head.file && (self.open.many || !ends);
        if another && !self.open.lines.is_empty() {
            self.close();
        }
        self.open.many |= names && !ends;
        self.open.file = head.file;
        self.held += text.len();
        self.open.lines.push(Line {
            number,
            kind: head.kind,
            text,
        });
        if ends {
            self.open.made_with = Some(MadeWith {
                number,
                model_sha256: head.model_sha256,
                config_sha256: head.config_sha256,
                heard_sha256: head.heard_sha256,
                backend: head.backend,
            });
            self.close();
        }
    }

    /// Keeps the call that ends here, but where its own records say that it is another's.
    fn close(&mut self) {
        let call = std::mem::take(&mut self.open);
        let other = call.file.as_ref().filter(|_| call.many);
        match other.filter(|file| !named_as(file, self.recording)) {
            Some(file) => {
                self.held -= call.lines.iter().map(|line| line.text.len()).sum::<usize>();
                if self.others.len() <= LISTED {
                    self.others.insert(file.clone());
                }
            }
            None => self.calls.push(call),
        }
    }

    fn chosen(mut self, name: &Path) -> Result<Call, ShellError> {
        if !self.open.lines.is_empty() {
            self.close();
        }
        if self.calls.is_empty() && self.others.is_empty() {
            return Err(ShellError::Format {
                path: name.into(),
                reason: format!("no record in it; {MEND}"),
            });
        }
        if self.others.is_empty() && self.calls.len() == 1 {
            return Ok(self.calls.remove(0));
        }
        let shown = self.recording.display().to_string();
        let (mut exact, rest): (Vec<Call>, Vec<Call>) = self
            .calls
            .into_iter()
            .partition(|call| call.file.as_deref() == Some(&shown));
        let (mut alike, rest): (Vec<Call>, Vec<Call>) = rest.into_iter().partition(|call| {
            let file = call.file.as_deref();
            file.is_some_and(|file| named_as(file, self.recording))
        });
        let matching = if exact.is_empty() {
            &mut alike
        } else {
            &mut exact
        };
        match matching.pop() {
            Some(call) if matching.is_empty() => Ok(call),
            Some(_) => Err(ShellError::Usage(format!(
                "{}: more than one call of {shown:?}: give a file with the records of one, or the recording's path as it was named then",
                name.display()
            ))),
            None => {
                self.others
                    .extend(rest.into_iter().filter_map(|call| call.file));
                Err(ShellError::Usage(format!(
                    "{}: no records of {shown:?}, but of {}: name one of these recordings",
                    name.display(),
                    listed(&self.others)
                )))
            }
        }
    }
}

/// Whether `file` and `recording` end in the same name, in whatever folder.
fn named_as(file: &str, recording: &Path) -> bool {
    Path::new(file).file_name() == recording.file_name()
}

fn listed(names: &BTreeSet<String>) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(LISTED)
        .map(|it| format!("{it:?}"))
        .collect();
    let more = if names.len() > LISTED {
        " and others"
    } else {
        ""
    };
    shown.join(", ") + more
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(text: &str, recording: &str) -> Result<Call, String> {
        let call = read(Path::new("e.jsonl"), text.as_bytes(), Path::new(recording));
        call.map_err(|error| format!("{} {error}", error.exit_code()))
    }

    fn numbers(call: &Call) -> Vec<u64> {
        call.lines.iter().map(|line| line.number).collect()
    }

    #[test]
    fn the_events_of_one_recording_are_taken_whatever_its_name_was() {
        let text = "{\"type\":\"affect\",\"at_s\":1.0}\n\n\
                    {\"type\":\"summary\",\"file\":\"then.wav\",\"model_sha256\":\"ab\"}\r\n";
        let call = call(text, "now.wav").unwrap();
        assert_eq!(numbers(&call), [1, 3]);
        assert_eq!((call.file.as_deref(), call.many), (Some("then.wav"), false));
        assert!(call.lines[1].text.ends_with("\"ab\"}"));
        let made_with = call.made_with.unwrap();
        assert_eq!(made_with.model_sha256.as_deref(), Some("ab"));
        assert_eq!(made_with.config_sha256, None);
    }

    #[test]
    fn of_many_recordings_the_name_chooses() {
        let of = |file: &str| {
            format!(
                "{{\"type\":\"affect\",\"file\":\"{file}\"}}\n{{\"type\":\"summary\",\"file\":\"{file}\"}}\n"
            )
        };
        let many = of("a/one.wav") + &of("a/two.wav") + &of("b/two.wav");
        let one = call(&many, "elsewhere/one.wav").unwrap();
        assert_eq!((numbers(&one), one.many), (vec![1, 2], true));
        assert_eq!(numbers(&call(&many, "b/two.wav").unwrap()), [5, 6]);
        let error = call(&many, "two.wav").unwrap_err();
        assert!(
            error.contains("more than one call of \"two.wav\""),
            "{error}"
        );
        let error = call(&many, "three.wav").unwrap_err();
        assert!(
            error.starts_with("2 e.jsonl: no records of \"three.wav\", but of \"a/one.wav\", "),
            "{error}"
        );
    }

    #[test]
    fn files_that_were_joined_come_apart_at_their_summaries() {
        let of = |file: &str| {
            format!("{{\"type\":\"line\"}}\n{{\"type\":\"summary\",\"file\":\"{file}\"}}\n")
        };
        let joined = of("one.wav") + &of("two.wav") + "{\"type\":\"line\"}\n";
        let two = call(&joined, "two.wav").unwrap();
        assert_eq!((numbers(&two), two.many), (vec![3, 4], false));
        assert!(
            call(&joined, "three.wav")
                .unwrap_err()
                .contains("\"one.wav\", \"two.wav\"")
        );
    }

    #[test]
    fn events_that_were_cut_off_are_taken_as_far_as_they_go() {
        let call = call("{\"type\":\"line\"}\n{\"type\":\"aff", "a.wav").unwrap();
        assert_eq!((numbers(&call), call.made_with), (vec![1], None));
    }

    #[test]
    fn a_line_that_is_no_record_is_named() {
        for (line, wanted) in [
            ("{\"type\":\"aff", "4 e.jsonl, line 2: EOF"),
            ("[1]", "4 e.jsonl, line 2: "),
            ("{\"at_s\":1}", "4 e.jsonl, line 2: missing field `type`"),
            ("{\"type\":5}", "4 e.jsonl, line 2: invalid type"),
            (&"[".repeat(100_000), "4 e.jsonl, line 2: "),
            (&"x".repeat(MAX_LINE), "4 e.jsonl, line 2: the line is over"),
        ] {
            let error = call(&format!("{{\"type\":\"line\"}}\n{line}\n"), "a.wav").unwrap_err();
            assert!(error.starts_with(wanted), "{error}");
            assert!(error.contains("analyze --format jsonl"), "{error}");
        }
        let error = call("\n", "a.wav").unwrap_err();
        assert!(error.starts_with("4 e.jsonl: no record in it"), "{error}");
        let bytes: &[u8] = b"{\"type\":\"\xff\"}\n";
        let error = read(Path::new("e.jsonl"), bytes, Path::new("a.wav")).unwrap_err();
        assert!(error.to_string().contains("line 1: not UTF-8"), "{error}");
    }
}
