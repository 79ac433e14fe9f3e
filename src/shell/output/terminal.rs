//! What the reader's terminal can show: its width, and colour where there is one.

use std::io::IsTerminal;

/// Width where nothing says otherwise.
const DEFAULT_WIDTH: usize = 80;

/// How text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Characters in a line.
    pub width: usize,
    /// ANSI colours may be written.
    pub colour: bool,
}

impl Terminal {
    /// 80 characters, no colour: what goes into a file.
    pub const PLAIN: Self = Self {
        width: DEFAULT_WIDTH,
        colour: false,
    };

    /// Standard output as it is: `COLUMNS`, else the terminal's own width, else 80; colour only on
    /// a terminal, and never where `NO_COLOR` is set (<https://no-color.org>).
    pub fn of_stdout() -> Self {
        let told = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
        let seen = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            width: told.or_else(seen).unwrap_or(DEFAULT_WIDTH),
            colour: std::io::stdout().is_terminal() && !no_colour,
        }
    }

    /// `text` in `colour`, or as it is.
    pub fn paint(self, colour: Colour, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match colour {
            Colour::Dim => "2",
            Colour::Bold => "1",
            Colour::Falling => "38;5;208",
            Colour::Rising => "38;5;39",
            Colour::Alarm => "1;38;5;208",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Colours by meaning. Orange and blue stay apart for every common colour blindness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Frames, axes, side notes.
    Dim,
    /// Headings.
    Bold,
    /// Getting worse.
    Falling,
    /// Getting better.
    Rising,
    /// An escalation.
    Alarm,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_colour_means_no_escape() {
        assert_eq!(Terminal::PLAIN.paint(Colour::Alarm, "now"), "now");
        let colour = Terminal {
            colour: true,
            ..Terminal::PLAIN
        };
        assert_eq!(colour.paint(Colour::Bold, "now"), "\x1b[1mnow\x1b[0m");
    }
}
