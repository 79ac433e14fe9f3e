//! Hand labels of speech and silence.

use crate::shell::error::ShellError;
use std::path::Path;

/// Stretches in order of time: start, end, speech.
pub struct Labels(Vec<(f64, f64, bool)>);

impl Labels {
    /// Reads lines `START END V` or `START END S`, seconds.
    ///
    /// # Errors
    /// Names the line: other words, an end before its start, stretches out of order.
    pub fn read(path: &Path) -> Result<Self, ShellError> {
        let text = std::fs::read_to_string(path).map_err(|source| ShellError::Open {
            path: path.into(),
            source,
        })?;
        let mut stretches: Vec<(f64, f64, bool)> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let wrong = |reason: &str| ShellError::data(path, number as u64 + 1, reason);
            let mut words = line.split_whitespace();
            let (start, end, kind) = match (words.next(), words.next(), words.next(), words.next())
            {
                (None, ..) => continue,
                (Some(start), Some(end), Some(kind), None) => (start, end, kind),
                _ => return Err(wrong("write START END V or START END S")),
            };
            let seconds = |column: &str, word: &str| match word.parse::<f64>() {
                Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(seconds),
                _ => Err(wrong(&format!("{column}: `{word}` is no time in seconds"))),
            };
            let (start, end) = (seconds("START", start)?, seconds("END", end)?);
            let speech = match kind {
                "V" => true,
                "S" => false,
                _ => return Err(wrong("the third word is V (speech) or S (silence)")),
            };
            let before = stretches.last().map_or(0.0, |&(_, end, _)| end);
            if end < start || start < before {
                return Err(wrong(
                    "the stretch ends before it begins, or overlaps the one before",
                ));
            }
            stretches.push((start, end, speech));
        }
        if stretches.is_empty() {
            return Err(ShellError::data(
                path,
                1,
                "no labels: START END V|S on each line",
            ));
        }
        Ok(Self(stretches))
    }

    /// Speech or silence at `at_s`; nothing where no label is.
    pub fn at(&self, at_s: f64) -> Option<bool> {
        let after = self.0.partition_point(|&(_, end, _)| end <= at_s);
        let &(start, _, speech) = self.0.get(after)?;
        (at_s >= start).then_some(speech)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Result<Labels, ShellError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Labels::read(file.path())
    }

    #[test]
    fn a_moment_lies_in_its_stretch_or_in_none() {
        let labels = labels("0 1 S\n1 2.5 V\n\n3 4 S\n").unwrap();
        let at = |at_s| labels.at(at_s);
        assert_eq!(
            [at(0.5), at(1.0), at(2.7), at(3.0), at(4.5)],
            [Some(false), Some(true), None, Some(false), None]
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line) in [
            ("0 1 S\n1 2 X\n", 2),
            ("0 1\n", 1),
            ("0 one V\n", 1),
            ("0 1 S\n\n0.5 2 V\n", 3),
            ("", 1),
        ] {
            let error = labels(text).err().unwrap().to_string();
            assert!(error.contains(&format!("line {line}")), "{error}");
        }
    }
}
