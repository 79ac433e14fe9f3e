//! The handoff's digest for a person at a terminal.

use super::terminal::{Colour, Terminal};
use super::text::wrapped;
use crate::handoff::{FieldState, HandoffPayload};

/// Headline, lines and tone, and what nobody has said.
pub fn gist(payload: &HandoffPayload, terminal: Terminal) -> String {
    let digest = &payload.digest;
    let headline = terminal.paint(Colour::Bold, &digest.headline);
    let mut lines = vec![format!("handoff  {headline}")];
    let tone = format!("Tone: {}", digest.tone);
    for line in digest.lines.iter().chain([&tone]) {
        let indented = format!("         {line}");
        lines.extend(wrapped(&indented, terminal.width, "           "));
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
    let complete = format!(
        "         complete {}/{applicable}",
        applicable - missing.len()
    );
    lines.push(match missing.as_slice() {
        [] => complete,
        missing => format!("{complete}, nobody said: {}", missing.join(", ")),
    });
    lines.push(String::new());
    lines.join("\n") + "\n"
}
