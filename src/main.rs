//! The command line: `undertone analyze | features | listen | bench | check`.

use clap::Parser;
use std::process::ExitCode;
use undertone::shell::{cli::Cli, command};

fn main() -> ExitCode {
    ExitCode::from(command::run(&Cli::parse()))
}
