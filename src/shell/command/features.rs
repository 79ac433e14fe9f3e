//! `undertone features`: recordings in, the feature table out.

use super::{Destination, chain, hearing, pool, write_error};
use crate::features::FeatureFrame;
use crate::shell::cli::Features;
use crate::shell::error::ShellError;
use crate::shell::output::features::selection::{self, Field};
use crate::shell::output::features::{Functionals, TableFormat, write_list};
use crate::shell::output::number::{FEATURE_DECIMALS, decimal};
use crate::shell::progress::Progress;
use crate::shell::runner::{self, Hearing};
use crate::shell::{batch, inputs};
use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes one table for each input; the exit code of the worst.
///
/// # Errors
/// What stops the whole command: usage, or an output that cannot be written.
pub fn run(args: &Features) -> Result<u8, ShellError> {
    if args.list {
        let mut out = Destination::open(None)?;
        out.write(|out| write_list(out))?;
        return Ok(0);
    }
    if args.functionals {
        return functionals(args);
    }
    let usage = |error: selection::UnknownColumn| ShellError::Usage(error.to_string());
    let fields = selection::select(&args.columns).map_err(usage)?;
    let files = inputs::collect(&args.inputs)?;
    let hearing = hearing(&args.hearing);
    match (files.as_slice(), &args.out) {
        ([file], out) if !out.as_deref().is_some_and(Path::is_dir) => {
            let out = Destination::open(out.as_deref())?;
            table(file, &hearing, args.format, &fields, out)?;
            Ok(0)
        }
        (files, Some(folder)) => many(args, files, folder, &hearing, &fields),
        (files, None) => Err(ShellError::Usage(format!(
            "{} inputs make {0} tables: name a folder for them with --out FOLDER",
            files.len()
        ))),
    }
}

/// One table with a row for each input.
fn functionals(args: &Features) -> Result<u8, ShellError> {
    if args.format == TableFormat::Parquet {
        return Err(ShellError::Usage(
            "--functionals: a row a recording is written as csv or jsonl".into(),
        ));
    }
    let files = inputs::collect(&args.inputs)?;
    let hearing = hearing(&args.hearing);
    let mut out = Destination::open(args.out.as_deref())?;
    let progress = Progress::new(files.len(), args.quiet);
    let mut worst = 0;
    let mut header = args.format == TableFormat::Csv;
    let work = |file: &PathBuf| {
        let mut functionals = Functionals::default();
        let sink = &mut |frame: &FeatureFrame| {
            functionals.push(frame);
            Ok(())
        };
        runner::features(file, &hearing, sink).map(|()| functionals.row())
    };
    let deliver = |file: &PathBuf, row: Result<Vec<(String, f64)>, ShellError>| {
        match row {
            Ok(row) => out.write(|out| {
                let name = file.display().to_string();
                match args.format {
                    TableFormat::Csv => csv_row(out, &name, &row, std::mem::take(&mut header)),
                    _ => json_row(out, &name, &row),
                }
            })?,
            Err(error) => {
                progress.say(&format!("undertone: {}", chain(&error)));
                worst = worst.max(error.exit_code());
            }
        }
        progress.done(&file.display().to_string());
        Ok::<(), ShellError>(())
    };
    let delivered = batch::in_order(&pool(args.jobs)?, &files, work, deliver);
    progress.finish();
    delivered?;
    out.write(|out| out.flush())?;
    Ok(worst)
}

/// The recording's name may need quotes, the numbers do not; what is absent is empty.
fn csv_row(out: &mut dyn Write, file: &str, row: &[(String, f64)], header: bool) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    if header {
        let names = row.iter().map(|(name, _)| name.as_str());
        writer.write_record(std::iter::once("file").chain(names))?;
    }
    let number = |value: f64| match value.is_finite() {
        true => decimal(value, FEATURE_DECIMALS),
        false => String::new(),
    };
    let numbers = row.iter().map(|(_, value)| number(*value));
    writer.write_record(std::iter::once(file.to_owned()).chain(numbers))?;
    writer.flush()
}

fn json_row(out: &mut dyn Write, file: &str, row: &[(String, f64)]) -> io::Result<()> {
    write!(out, "{{\"file\":{}", serde_json::Value::from(file))?;
    for (name, value) in row {
        match value.is_finite() {
            true => write!(out, ",\"{name}\":{}", decimal(*value, FEATURE_DECIMALS))?,
            false => write!(out, ",\"{name}\":null")?,
        }
    }
    writeln!(out, "}}")
}

fn many(
    args: &Features,
    files: &[PathBuf],
    folder: &Path,
    hearing: &Hearing,
    fields: &[Field],
) -> Result<u8, ShellError> {
    fs::create_dir_all(folder).map_err(|source| write_error(folder, source))?;
    let tables: Vec<(&PathBuf, PathBuf)> = files.iter().zip(names(files, args.format)).collect();
    let progress = Progress::new(files.len(), args.quiet);
    let mut worst = 0;
    let work = |(file, name): &(&PathBuf, PathBuf)| {
        let out = Destination::open(Some(&folder.join(name)))?;
        table(file, hearing, args.format, fields, out)
    };
    let deliver = |(file, _): &(&PathBuf, PathBuf), done: Result<(), ShellError>| {
        if let Err(error) = done {
            progress.say(&format!("undertone: {}", chain(&error)));
            worst = worst.max(error.exit_code());
        }
        progress.done(&file.display().to_string());
        Ok::<(), ShellError>(())
    };
    let delivered = batch::in_order(&pool(args.jobs)?, &tables, work, deliver);
    progress.finish();
    delivered.map(|()| worst)
}

/// One table's name for each input: its own with another ending, numbered where that is taken.
fn names(files: &[PathBuf], format: TableFormat) -> Vec<PathBuf> {
    let mut taken = HashSet::new();
    let mut name = |file: &PathBuf| {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let numbered = |n: u32| match n {
            1 => format!("{stem}.{}", format.extension()),
            n => format!("{stem}-{n}.{}", format.extension()),
        };
        let free = (1..).map(numbered).find(|name| taken.insert(name.clone()));
        PathBuf::from(free.unwrap_or_default())
    };
    files.iter().map(&mut name).collect()
}

fn table(
    file: &Path,
    hearing: &Hearing,
    format: TableFormat,
    fields: &[Field],
    out: Destination,
) -> Result<(), ShellError> {
    let Destination { name, out } = out;
    let failed = |source| write_error(&name, source);
    let mut writer = format.writer(fields, out).map_err(failed)?;
    runner::features(file, hearing, &mut |frame| {
        writer.row(frame).map_err(failed)
    })?;
    writer.finish().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_of_one_name_make_two_tables() {
        let files = ["a/x.wav", "b/x.flac", "x-2.wav"].map(PathBuf::from);
        assert_eq!(
            names(&files, TableFormat::Csv),
            ["x.csv", "x-2.csv", "x-2-2.csv"].map(PathBuf::from)
        );
    }
}
