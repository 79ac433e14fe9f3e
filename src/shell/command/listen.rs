//! `undertone listen`: a live input in, events out as they come.

use crate::shell::cli::Listen;
use crate::shell::error::ShellError;

/// This build cannot: says how to build one that can.
///
/// # Errors
/// Always.
#[cfg(not(feature = "mic"))]
pub fn run(_: &Listen) -> Result<u8, ShellError> {
    Err(ShellError::Usage(
        "this build cannot listen; build it with `cargo build --release --features mic` \
         (on Linux that needs the ALSA headers: libasound2-dev or alsa-lib-devel)"
            .into(),
    ))
}

/// Listens until told to stop.
///
/// # Errors
/// The device is absent or fails, or what stops every command: configuration, model, output.
#[cfg(feature = "mic")]
pub fn run(args: &Listen) -> Result<u8, ShellError> {
    if args.list_devices {
        return live::list();
    }
    live::listen(args)
}

#[cfg(feature = "mic")]
mod live {
    use super::super::{Destination, setup, write_error};
    use super::{Listen, ShellError};
    use crate::shell::channel::Channel;
    use crate::shell::live::{self, End, Live, Word};
    use crate::shell::mic::{self, Microphone};
    use crate::shell::output::terminal::Terminal;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    pub fn list() -> Result<u8, ShellError> {
        let devices = mic::list()?;
        let width = devices.iter().map(|(id, _)| id.len()).max().unwrap_or(0);
        let mut out = Destination::open(None)?;
        out.write(|out| {
            for (id, words) in &devices {
                writeln!(out, "{id:width$}  {words}")?;
            }
            out.flush()
        })?;
        Ok(0)
    }

    pub fn listen(args: &Listen) -> Result<u8, ShellError> {
        // All that can be refused is refused before the microphone opens.
        let ready = setup::prepare(&args.setup)?;
        let mut model = ready.weights.take()?;
        let stop = stop_on_signal()?;
        let Destination { name, mut out } = Destination::open(args.out.as_deref())?;
        let fail = |source| write_error(&name, source);
        let (microphone, mut sound) =
            Microphone::open(args.device.as_deref(), args.rate, args.buffer.into())?;
        let live = Live {
            rate: microphone.rate,
            channel: args.channel.unwrap_or(Channel::Mix),
            frames: args
                .seconds
                .map(|s| (s * f64::from(microphone.rate)).round() as u64),
        };
        args.format.begin(&ready.run, &mut out).map_err(fail)?;
        let terminal = match args.out {
            Some(_) => Terminal::PLAIN,
            None => Terminal::of_stdout(),
        };
        let mut writer = args
            .format
            .live_writer(&ready.run, &microphone.name, terminal, &mut out);
        let mut word = || match microphone.failure() {
            Some(error) => Word::Fail(error),
            None if stop.load(Ordering::Relaxed) => Word::Stop,
            None => Word::GoOn,
        };
        let (mut summary, end) = live::follow(
            &mut sound,
            live,
            &ready.config,
            model.as_mut(),
            &mut word,
            &mut |event| writer.event(event).map_err(fail),
        )?;
        if microphone.overruns() > 0 {
            let times = microphone.overruns();
            let note =
                format!("the device dropped sound {times} times; how much, it does not tell");
            summary.notes.push(note);
        }
        writer.summary(&summary).map_err(fail)?;
        drop(writer);
        out.flush().map_err(fail)?;
        match end {
            End::Asked => Ok(0),
            End::Failed(error) => Err(error),
            End::Stalled => Err(ShellError::Device {
                name: microphone.name,
                reason: "it gives no sound at all; check that it is plugged in and not suspended, \
                         or name another; see `undertone listen --list-devices`"
                    .into(),
            }),
        }
    }

    /// Set by the first Ctrl-C or termination; the second ends the program at once.
    fn stop_on_signal() -> Result<Arc<AtomicBool>, ShellError> {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let handled = ctrlc::set_handler(move || {
            if told.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        });
        handled.map_err(|error| ShellError::Usage(format!("Ctrl-C cannot be handled: {error}")))?;
        Ok(stop)
    }
}
