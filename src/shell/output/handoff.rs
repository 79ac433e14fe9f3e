//! The handoff's digest for a person at a terminal.

use super::terminal::{Colour, Terminal};
use super::text::wrapped;
use crate::handoff::{FieldState, HandoffPayload};

/// Under `summary` and `note`.
const INDENT: &str = "         ";

/// Headline, lines and tone, and what nobody has said.
pub fn gist(payload: &HandoffPayload, terminal: Terminal) -> String {
    let digest = &payload.digest;
    let width = terminal.width.saturating_sub(INDENT.len());
    let tone = format!("Tone: {}", digest.tone);
    let headline = wrapped(&digest.headline, width, "");
    let mut lines: Vec<String> = headline
        .iter()
        .map(|line| format!("{INDENT}{}", terminal.paint(Colour::Bold, line)))
        .collect();
    for line in digest.lines.iter().chain([&tone]) {
        let parts = wrapped(line, width, "  ");
        lines.extend(parts.iter().map(|part| format!("{INDENT}{part}")));
    }
    if let Some(first) = lines.first_mut() {
        first.replace_range(..INDENT.len(), "handoff  ");
    }
    let states = payload.fields.values();
    let missing: Vec<&str> = payload
        .fields
        .iter()
        .filter(|(_, state)| **state == FieldState::Missing)
        .map(|(name, _)| name.as_str())
        .collect();
    let applicable = states.filter(|state| **state != FieldState::NotApplicable);
    let applicable = applicable.count();
    let complete = format!("complete {}/{applicable}", applicable - missing.len());
    let complete = match missing.as_slice() {
        [] => complete,
        missing => format!("{complete}, nobody said: {}", missing.join(", ")),
    };
    let parts = wrapped(&complete, width, "  ");
    lines.extend(parts.iter().map(|part| format!("{INDENT}{part}")));
    lines.push(String::new());
    lines.join("\n") + "\n"
}
