//! A file of dialogue messages, one JSON object a line, in the order of their times.

use crate::dialogue::{DialogueEvent, DialogueMessage};
use crate::shell::error::ShellError;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// The longest line that is read, bytes: the largest message that passes its checks is smaller.
const MAX_LINE: u64 = 1 << 20;

/// What was told of one call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// Each with its time.
    messages: Vec<(f64, DialogueMessage)>,
}

impl Script {
    /// Reads the messages in `path`.
    ///
    /// A message without `at_s` is told where its turn ends, or else together with the line before
    /// it. Messages of one time keep the order of their lines.
    ///
    /// # Errors
    /// The file cannot be opened or read, or a line is no message; the error names file, line, key
    /// and mend.
    pub fn open(path: &Path) -> Result<Self, ShellError> {
        let file = File::open(path).map_err(|source| ShellError::Open {
            path: path.into(),
            source,
        })?;
        Self::read(path, BufReader::new(file))
    }

    fn read(path: &Path, mut reader: impl BufRead) -> Result<Self, ShellError> {
        let mut messages = Vec::new();
        let mut before = 0.0;
        for number in 1.. {
            let mut line = Vec::new();
            let mut bounded = (&mut reader).take(MAX_LINE);
            let read = bounded.read_until(b'\n', &mut line);
            let length = read.map_err(|source| ShellError::Read {
                path: path.into(),
                source,
            })?;
            if length == 0 {
                break;
            }
            if length as u64 == MAX_LINE {
                let reason = format!("the line is over {MAX_LINE} bytes long: split the message");
                return Err(ShellError::data(path, number, reason));
            }
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let message = parse(&line).map_err(|why| ShellError::data(path, number, why))?;
            let at_s = message.at_s.or(end(&message)).unwrap_or(before);
            before = at_s;
            messages.push((at_s, message));
        }
        // A stable sort: what was told at one time stays in order.
        messages.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (at_s, message) in &mut messages {
            message.at_s = Some(*at_s);
        }
        Ok(Self { messages })
    }

    /// The messages with the frame of a stream at `rate` before which each is told.
    pub fn by_frame(&self, rate: u32) -> impl Iterator<Item = (u64, &DialogueMessage)> {
        let frame = move |at_s: f64| (at_s * f64::from(rate)).round() as u64;
        self.messages
            .iter()
            .map(move |(at_s, it)| (frame(*at_s), it))
    }

    /// The messages alone.
    pub fn messages(&self) -> impl Iterator<Item = &DialogueMessage> {
        self.messages.iter().map(|(_, message)| message)
    }
}

/// When a turn was over.
fn end(message: &DialogueMessage) -> Option<f64> {
    match &message.event {
        DialogueEvent::Turn(turn) => turn.end_s.or(turn.start_s),
        _ => None,
    }
}

fn parse(line: &[u8]) -> Result<DialogueMessage, String> {
    let message: DialogueMessage = serde_json::from_slice(line).map_err(|error| {
        let error = error.to_string();
        // The place inside the line is off by what serde does not know: the line's own number is told.
        let reason = error.split(" at line ").next().unwrap_or(&error);
        format!("{reason}; `undertone schema dialogue` has the fields")
    })?;
    message.check().map_err(|error| error.to_string())?;
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Script, String> {
        let read = Script::read(Path::new("turns.jsonl"), text.as_bytes());
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn messages_come_in_the_order_of_their_times() {
        let script = read(
            r#"{"type":"turn","speaker":"caller","text":"late","start_s":4,"end_s":5}
               {"type":"intent","name":"after late"}

               {"at_s":1.5,"type":"intent","name":"first"}
               {"type":"failed_turn"}"#,
        )
        .unwrap();
        let frames: Vec<_> = script.by_frame(8_000).map(|(frame, _)| frame).collect();
        assert_eq!(frames, [12_000, 12_000, 40_000, 40_000]);
        let kinds: Vec<_> = script.messages().map(|m| &m.event).collect();
        assert!(matches!(kinds[1], DialogueEvent::FailedTurn(_)));
        assert!(matches!(kinds[3], DialogueEvent::Intent(_)));
    }

    #[test]
    fn a_bad_line_is_named_with_its_key_and_mend() {
        let good = r#"{"type":"intent_settled"}"#;
        for (line, wanted) in [
            (r#"{"type":"turn","speaker":"caller","txt":"x"}"#, "`txt`"),
            (r#"{"type":"turn","speaker":"caller"}"#, "`text`"),
            (r#"{"type":"tur"}"#, "`tur`"),
            (
                r#"{"type":"self_evaluation","score":2}"#,
                "`score` is 2: give 0 to 1",
            ),
            ("{", "EOF"),
            ("\u{7f}", "expected value"),
        ] {
            let error = read(&format!("{good}\n{line}\n")).unwrap_err();
            assert!(error.starts_with("turns.jsonl, line 2: "), "{error}");
            assert!(error.contains(wanted), "{error}");
        }
    }
}
