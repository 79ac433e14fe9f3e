//! `undertone token`: a new bearer token, and what the configuration must say of it.

use super::Destination;
use crate::shell::error::ShellError;
use crate::shell::server::auth::Scope;
use crate::shell::server::config::TokenConfig;
use crate::shell::server::random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// What the help adds.
pub const HELP: &str = "\
Examples:
  undertone token agent
  undertone token prometheus --scope metrics:read
  undertone token agent --scope calls:write --scope calls:read >> undertone.toml

The token is printed once, on standard error; the lines for the configuration, which hold its hash
alone, on standard output.";

/// `undertone token`.
#[derive(Debug, Args)]
pub struct Token {
    /// Whose token it is, for the logs
    pub name: String,
    /// What it may do: calls:write, calls:read, transfers:write, metrics:read; all of them where
    /// none is named
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    pub scopes: Vec<Scope>,
}

fn scope(text: &str) -> Result<Scope, String> {
    let named = Scope::ALL.into_iter().find(|scope| scope.name() == text);
    named.ok_or_else(|| format!("give one of {}", Scope::ALL.map(Scope::name).join(", ")))
}

/// The section of the configuration.
#[derive(Serialize)]
struct Section {
    token: [TokenConfig; 1],
}

/// Prints a token nobody can guess.
///
/// # Errors
/// The output cannot be written, or the system gives no randomness.
pub fn run(args: &Token) -> Result<u8, ShellError> {
    let none = || ShellError::Usage("the system gives no randomness".to_owned());
    let token = format!("ut_{}", URL_SAFE_NO_PAD.encode(random().ok_or_else(none)?));
    let hash = Sha256::digest(token.as_bytes());
    let scopes = match args.scopes.as_slice() {
        [] => Scope::ALL.to_vec(),
        some => some.to_vec(),
    };
    let section = Section {
        token: [TokenConfig {
            name: args.name.clone(),
            sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            scopes,
        }],
    };
    // Plain strings under plain keys always serialise.
    let lines = toml::to_string(&section).unwrap_or_default();
    eprintln!("{token}");
    Destination::open(None)?.write(|out| write!(out, "{lines}"))?;
    Ok(0)
}
