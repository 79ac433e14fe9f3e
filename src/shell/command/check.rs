//! `undertone check`: the effective configuration, the model, the backend and why.

use super::{Destination, setup};
use crate::shell::cli::Check;
use crate::shell::error::ShellError;

/// Prints the configuration as TOML, so that the output is itself a configuration file.
///
/// # Errors
/// The configuration or the model cannot be used.
pub fn run(args: &Check) -> Result<u8, ShellError> {
    let mut out = Destination::open(None)?;
    // The configuration first: it is worth seeing even where the model fails.
    let (_, toml) = setup::configuration(args.setup.config.as_deref())?;
    // A server's file is held to all that a server holds it to.
    #[cfg(feature = "serve")]
    let toml = match setup::serves(&args.setup)? {
        true => {
            let (settings, file) = setup::settings(&args.setup)?;
            if let Some(tls) = &settings.around.server.tls {
                tls.load(&file)?;
            }
            settings.to_toml()
        }
        false => toml,
    };
    out.write(|out| write!(out, "{toml}"))?;
    let ready = setup::prepare(&args.setup)?;
    let run = &ready.run;
    out.write(|out| {
        writeln!(out)?;
        writeln!(out, "# config sha256  {}", run.config_sha256)?;
        writeln!(out, "# model          {}", run.model)?;
        writeln!(out, "# model sha256   {}", run.model_sha256)?;
        writeln!(out, "# licence        {}", run.notice)?;
        writeln!(
            out,
            "# backend        {} ({})",
            run.backend,
            ready.weights.why()
        )?;
        out.flush()
    })?;
    Ok(0)
}
