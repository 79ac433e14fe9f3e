//! `undertone analyze`: recordings in, events out.

use super::setup::{self, Ready};
use super::{Destination, chain, hearing, is_broken_pipe, pool, write_error};
use crate::handoff::{Channel, HandoffPayload};
use crate::shell::cli::{Analyze, Conversation};
use crate::shell::error::ShellError;
use crate::shell::output::terminal::Terminal;
use crate::shell::output::{Format, handoff as text};
use crate::shell::plot::{self, Picture};
use crate::shell::progress::Progress;
use crate::shell::runner::{self, Heard, Hearing};
use crate::shell::script::Script;
use crate::shell::{batch, inputs};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What every file is analysed with.
struct Task<'a> {
    ready: &'a Ready,
    hearing: Hearing,
    format: Format,
    terminal: Terminal,
    plot: Option<&'a Path>,
    script: Script,
    handoff: Option<&'a Path>,
    screen: Option<&'a Path>,
}

/// Analyses every input; the exit code of the worst.
///
/// # Errors
/// What stops the whole command: usage, configuration, model, or an output that cannot be written.
pub fn run(args: &Analyze) -> Result<u8, ShellError> {
    let files = match args.conversation {
        Some(_) => Vec::new(),
        None => inputs::collect(&args.inputs)?,
    };
    if let Some(path) = &args.plot {
        Picture::of(path)?;
    }
    #[cfg(feature = "serve")]
    let screen = args.screen.as_deref();
    #[cfg(not(feature = "serve"))]
    let screen = None;
    for (flag, given) in [
        ("--plot draws", args.plot.is_some()),
        ("--dialogue tells of", args.dialogue.is_some()),
        ("--handoff hands over", args.handoff.is_some()),
        ("--screen draws", screen.is_some()),
    ] {
        if given && files.len() > 1 {
            return Err(ShellError::Usage(format!(
                "{flag} one call and {} were given: name one file",
                files.len()
            )));
        }
    }
    let handoff = args.handoff.as_deref();
    if handoff == Some(Path::new("-")) && args.out.is_none() {
        let why =
            "--handoff - and the events both want standard output: name a file, or give --out";
        return Err(ShellError::Usage(why.to_owned()));
    }
    let script = args.dialogue.as_deref().map(Script::open).transpose()?;
    let mut ready = setup::prepare(&args.setup)?;
    ready.run.many = files.len() > 1;
    ready.run.written = args.conversation.map(|held| match held {
        Conversation::Chat => "chat",
        Conversation::Email => "e-mails",
    });
    let task = Task {
        ready: &ready,
        hearing: hearing(&args.hearing),
        format: args.format,
        terminal: match args.out {
            Some(_) => Terminal::PLAIN,
            None => Terminal::of_stdout(),
        },
        plot: args.plot.as_deref(),
        script: script.unwrap_or_default(),
        handoff,
        screen,
    };
    let mut out = Destination::open(args.out.as_deref())?;
    out.write(|out| args.format.begin(&ready.run, out))?;
    let code = match (args.conversation, files.as_slice()) {
        (Some(held), _) => written(&task, held, args, &mut out),
        (None, [file]) => one(&task, file, &mut out),
        (None, files) => many(&task, files, args, &mut out),
    }?;
    out.write(|out| out.flush())?;
    Ok(code)
}

/// A single input is written as it is heard, so that a live pipe gives live lines.
fn one(task: &Task<'_>, file: &Path, out: &mut Destination) -> Result<u8, ShellError> {
    let Destination { name, out } = out;
    task.analyse(file, name, out)?;
    Ok(0)
}

/// A conversation in writing, named after its file of messages.
fn written(
    task: &Task<'_>,
    held: Conversation,
    args: &Analyze,
    out: &mut Destination,
) -> Result<u8, ShellError> {
    let Destination { name, out } = out;
    let shown = args.dialogue.as_deref().unwrap_or(Path::new("-"));
    let shown = shown.display().to_string();
    let run = &task.ready.run;
    let mut writer = task.format.writer(run, &shown, task.terminal, &mut *out);
    let channel = match held {
        Conversation::Chat => Channel::Chat,
        Conversation::Email => Channel::Email,
    };
    let config = &task.ready.config;
    let heard = runner::converse(&task.script, channel, config, &mut |event| {
        let written = writer.event(event);
        written.map_err(|source| write_error(name, source))
    })?;
    let written = writer.summary(&heard.summary);
    drop(writer);
    written.map_err(|source| write_error(name, source))?;
    task.hand_over(&heard.handoff, name, out)?;
    Ok(0)
}

fn many(
    task: &Task<'_>,
    files: &[PathBuf],
    args: &Analyze,
    out: &mut Destination,
) -> Result<u8, ShellError> {
    let progress = Progress::new(files.len(), args.quiet);
    let name = out.name.clone();
    let mut worst = 0;
    let work = |file: &PathBuf| {
        let mut text = Vec::new();
        let done = task.analyse(file, &name, &mut text);
        (text, done)
    };
    let deliver = |file: &PathBuf, (text, done): (Vec<u8>, Result<(), ShellError>)| {
        progress.pause(|| out.write(|out| out.write_all(&text)))?;
        if let Err(error) = done {
            progress.say(&format!("undertone: {}", naming(file, &error)));
            worst = worst.max(error.exit_code());
        }
        progress.done(&file.display().to_string());
        Ok::<(), ShellError>(())
    };
    let delivered = batch::in_order(&pool(args.jobs)?, files, work, deliver);
    progress.finish();
    delivered.map(|()| worst)
}

/// The error's own words, with the file in front where they do not name it.
fn naming(file: &Path, error: &ShellError) -> String {
    let (file, words) = (file.display().to_string(), chain(error));
    if words.starts_with(&file) {
        words
    } else {
        format!("{file}: {words}")
    }
}

impl Task<'_> {
    /// Analyses `file` into `out`, which is called `name` in messages.
    fn analyse(&self, file: &Path, name: &Path, out: &mut dyn Write) -> Result<(), ShellError> {
        let shown = file.display().to_string();
        let run = &self.ready.run;
        let mut writer = self.format.writer(run, &shown, self.terminal, &mut *out);
        let mut model = self.ready.weights.take()?;
        let heard = runner::analyse(
            file,
            &self.hearing,
            &self.ready.config,
            model.as_mut(),
            &self.script,
            self.plot.is_some(),
            &mut |event| {
                writer
                    .event(event)
                    .map_err(|source| write_error(name, source))
            },
        );
        self.ready.weights.give_back(model);
        let Heard {
            summary,
            picture,
            handoff,
        } = heard?;
        let written = writer.summary(&summary);
        drop(writer);
        let written = written.map_err(|source| write_error(name, source));
        // A reader that has gone away does not keep the picture from being drawn.
        if let Err(error) = written
            && !(is_broken_pipe(&error) && self.plot.is_some())
        {
            return Err(error);
        }
        self.hand_over(&handoff, name, out)?;
        match (self.plot, picture) {
            (Some(path), Some(picture)) => plot::write(path, &picture.data(&shown)),
            _ => Ok(()),
        }
    }

    /// Writes the payload and its page where they were asked for, and for a person its gist after the timeline.
    fn hand_over(
        &self,
        payload: &HandoffPayload,
        name: &Path,
        out: &mut dyn Write,
    ) -> Result<(), ShellError> {
        #[cfg(feature = "serve")]
        if let Some(path) = self.screen {
            let page = crate::shell::screen::pop_standalone(payload);
            let mut to = Destination::open(Some(path))?;
            to.write(|to| {
                to.write_all(page.as_bytes())?;
                to.flush()
            })?;
        }
        let Some(path) = self.handoff else {
            return Ok(());
        };
        let mut to = Destination::open((path != Path::new("-")).then_some(path))?;
        to.write(|to| {
            serde_json::to_writer_pretty(&mut *to, payload)?;
            writeln!(to)?;
            to.flush()
        })?;
        if self.format != Format::Text {
            return Ok(());
        }
        let gist = text::gist(payload, self.terminal);
        let written = out.write_all(gist.as_bytes());
        written.map_err(|source| write_error(name, source))
    }
}
