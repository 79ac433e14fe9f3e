//! `undertone classify-text`: what a caller's words ask for, a line out for each line in.

use super::Destination;
use crate::dialogue::words::{Finding, Findings, Words};
use crate::shell::cli::ClassifyText;
use crate::shell::error::ShellError;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// What the help adds.
pub const HELP: &str = "\
Examples:
  undertone classify-text turns.jsonl               one answer a line, in the order of the lines
  echo '{\"text\": \"get me a person\"}' | undertone classify-text
  undertone classify-text --pack my.toml < turns.jsonl

A line in is {\"text\": \"...\"}, with \"history\": [\"...\"] where the caller's earlier turns are known, oldest
first (the last 20 are considered). A line out is
  {\"explicit_request\": bool, \"intents\": [...], \"distress\": bool, \"confusion\": bool, \"evidence\": [...]}
with \"repeated_question\": bool where there was a history.

What the fields mean:
  explicit_request   the caller asks for a human
  intents            fraud, account_closure, hardship, legal, self_harm: what policy gives to humans
  distress           hardship, bereavement, illness or an emergency of the caller or the family
  confusion          asks to repeat, to slow down, to explain, or did not understand
  repeated_question  asks for the same fact as an earlier turn, in the same or in other words
  evidence           for each of these: label, rule, the rule's version, and the words that fired

Each answer is written before the next line is waited for, so the command can run as a co-process. A
line that is not as above, or longer than 1 MiB, is answered with an \"error\" and nothing found; the
rest go on, and the exit code is 2. Of a text over 4096 bytes, half is read from each end.";

/// The longest line that is read, bytes.
const MAX_LINE: usize = 1 << 20;

#[derive(Deserialize)]
struct Turn {
    text: String,
    history: Option<Vec<String>>,
}

#[derive(Default, Serialize)]
struct Answer<'a> {
    explicit_request: bool,
    intents: Vec<&'static str>,
    distress: bool,
    confusion: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeated_question: Option<bool>,
    evidence: Vec<Evidence<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Evidence<'a> {
    label: &'static str,
    rule: &'a str,
    version: u32,
    phrase: &'a str,
}

impl<'a> Answer<'a> {
    fn of(findings: &'a Findings, with_history: bool) -> Self {
        let mut answer = Self {
            explicit_request: findings.explicit_request.is_some(),
            intents: findings
                .intents
                .iter()
                .map(|(intent, _)| intent.name())
                .collect(),
            distress: findings.distress.is_some(),
            confusion: findings.confusion.is_some(),
            repeated_question: with_history.then_some(findings.repeated_question.is_some()),
            ..Self::default()
        };
        let mut tell = |label, finding: Option<&'a Finding>| {
            answer.evidence.extend(finding.map(|finding| Evidence {
                label,
                rule: &finding.rule,
                version: finding.version,
                phrase: &finding.phrase,
            }));
        };
        tell("explicit_request", findings.explicit_request.as_ref());
        for (intent, finding) in &findings.intents {
            tell(intent.name(), Some(finding));
        }
        tell(
            "distress",
            findings.distress.as_ref().map(|(_, finding)| finding),
        );
        tell(
            "confusion",
            findings.confusion.as_ref().map(|(_, finding)| finding),
        );
        tell("repeated_question", findings.repeated_question.as_ref());
        answer
    }
}

/// Answers every line.
///
/// # Errors
/// The pack cannot be used, the input cannot be read, the output cannot be written. A bad line is
/// none: it is answered, and the code is 2.
pub fn run(args: &ClassifyText) -> Result<u8, ShellError> {
    let words = match &args.pack {
        None => Words::english(),
        Some(path) => Words::parse(&path.display().to_string(), &read_pack(path)?)?,
    };
    let (name, input): (&Path, Box<dyn Read>) = match args.input.as_path() {
        path if path == Path::new("-") => (Path::new("standard input"), Box::new(io::stdin())),
        path => (
            path,
            Box::new(File::open(path).map_err(|source| open_error(path, source))?),
        ),
    };
    let mut input = BufReader::new(input);
    let mut out = Destination::open(None)?;
    out.out = Box::new(BufWriter::new(out.out));
    let (mut line, mut number, mut code) = (Vec::new(), 0_u64, 0);
    loop {
        let read = read_line(&mut input, &mut line).map_err(|source| ShellError::Read {
            path: name.to_owned(),
            source,
        })?;
        let Some(whole) = read else { break };
        number += 1;
        let turn = turn(&line, whole);
        let turn = turn.map_err(|reason| format!("{}, line {number}: {reason}", name.display()));
        out.write(|out| match &turn {
            Ok(turn) => {
                let history = turn.history.as_deref().unwrap_or_default();
                let history: Vec<&str> = history.iter().map(String::as_str).collect();
                let findings = words.classify(&turn.text, &history);
                write_line(out, &Answer::of(&findings, turn.history.is_some()))
            }
            Err(error) => {
                code = 2;
                let error = Some(error.clone());
                write_line(
                    out,
                    &Answer {
                        error,
                        ..Answer::default()
                    },
                )
            }
        })?;
        // Whoever writes a line and waits for its answer gets it; a file is answered in blocks.
        if !input.buffer().contains(&b'\n') {
            out.write(|out| out.flush())?;
        }
    }
    out.write(|out| out.flush())?;
    Ok(code)
}

fn read_pack(path: &Path) -> Result<String, ShellError> {
    fs::read_to_string(path).map_err(|source| open_error(path, source))
}

fn open_error(path: &Path, source: io::Error) -> ShellError {
    ShellError::Open {
        path: path.to_owned(),
        source,
    }
}

fn write_line(out: &mut dyn Write, answer: &Answer<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, answer)?;
    out.write_all(b"\n")
}

/// Reads up to a line's end, which is left out; `false` when the line was longer than
/// [`MAX_LINE`] and its rest was skipped, `None` at the end of the input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    if input
        .by_ref()
        .take(MAX_LINE as u64 + 1)
        .read_until(b'\n', line)?
        == 0
    {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(true));
    }
    if line.len() <= MAX_LINE {
        return Ok(Some(true));
    }
    input.skip_until(b'\n')?;
    Ok(Some(false))
}

/// The turn in `line`, or why there is none and how to mend it.
fn turn(line: &[u8], whole: bool) -> Result<Turn, String> {
    if !whole {
        return Err(format!(
            "longer than {MAX_LINE} bytes; shorten the text or the history"
        ));
    }
    serde_json::from_slice(line).map_err(|error| {
        // The line of the JSON text is always the first; its column helps.
        let reason = error
            .to_string()
            .replace(" at line 1 column ", ", at byte ");
        format!(
            "{reason}; give {{\"text\": \"...\"}}, with \"history\": [\"...\"] where it is known"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_any_length_is_one_line() {
        let long = "x".repeat(MAX_LINE + 5);
        let text = format!("one\n\n{long}\nlast");
        let mut input = BufReader::new(text.as_bytes());
        let mut line = Vec::new();
        let mut next = || {
            let read = read_line(&mut input, &mut line).expect("memory is readable");
            read.map(|whole| (whole, String::from_utf8_lossy(&line).into_owned()))
        };
        assert_eq!(next(), Some((true, "one".into())));
        assert_eq!(next(), Some((true, String::new())));
        assert_eq!(next().map(|(whole, _)| whole), Some(false));
        assert_eq!(next(), Some((true, "last".into())));
        assert_eq!(next(), None);
    }
}
