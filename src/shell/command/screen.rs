//! `undertone screen`: a saved payload in, the page that a human reads out.

use super::Destination;
use crate::handoff::{HandoffPayload, SCHEMA};
use crate::shell::cli::Screen;
use crate::shell::error::ShellError;
use crate::shell::screen::pop_standalone;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A payload has a bound; a file beyond this is something else.
const MOST_BYTES: u64 = 64 << 20;

/// Draws the payload.
///
/// # Errors
/// The payload cannot be read, or is none; the page cannot be written.
pub fn run(args: &Screen) -> Result<u8, ShellError> {
    let payload = read(&args.payload)?;
    let page = pop_standalone(&payload);
    let mut out = Destination::open(args.out.as_deref())?;
    out.write(|out| {
        out.write_all(page.as_bytes())?;
        out.flush()
    })?;
    Ok(0)
}

fn read(path: &Path) -> Result<HandoffPayload, ShellError> {
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let opened = File::open(path);
        Box::new(opened.map_err(|source| ShellError::Open {
            path: path.to_owned(),
            source,
        })?)
    };
    let mut bytes = Vec::new();
    let read = input.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| ShellError::Read {
        path: path.to_owned(),
        source,
    })?;
    let refused = |reason: String| ShellError::Format {
        path: path.to_owned(),
        reason,
    };
    if bytes.len() as u64 > MOST_BYTES {
        return Err(refused("over 64 MiB, which no handoff payload is".into()));
    }
    let parsed = serde_json::from_slice::<HandoffPayload>(&bytes);
    let payload = parsed.map_err(|error| refused(format!("not a handoff payload: {error}")))?;
    if payload.schema != SCHEMA {
        return Err(refused(format!(
            "schema is {:?}, and this version reads {SCHEMA:?}",
            payload.schema
        )));
    }
    Ok(payload)
}
