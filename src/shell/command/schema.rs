//! `undertone schema`: what payloads and messages look like, for machines.

use super::Destination;
use crate::dialogue::DialogueMessage;
use crate::handoff::{HandoffPayload, SCHEMA};
use crate::shell::cli::{Schema, SchemaOf};
use crate::shell::error::ShellError;
use schemars::schema_for;

/// The JSON Schema (2020-12), made from the types themselves.
pub fn text(of: SchemaOf) -> String {
    let (mut schema, title) = match of {
        SchemaOf::Handoff => (schema_for!(HandoffPayload), SCHEMA),
        SchemaOf::Dialogue => (schema_for!(DialogueMessage), "undertone.dialogue/1"),
    };
    schema.insert("title".to_owned(), title.into());
    // Plain values under plain keys always serialise.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// Prints it.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(args: &Schema) -> Result<u8, ShellError> {
    let mut out = Destination::open(None)?;
    out.write(|out| {
        out.write_all(text(args.of).as_bytes())?;
        out.flush()
    })?;
    Ok(0)
}
