//! The sound card, through `cpal`: the only file that knows it.

use crate::shell::capture::{self, Receiver, Sender};
use crate::shell::error::ShellError;
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    Device, ErrorKind, FromSample, Sample, SampleFormat, SizedSample, SupportedStreamConfig,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A device that is being heard. Dropping it ends the sound.
pub struct Microphone {
    /// Its name, for messages.
    pub name: String,
    /// Frames per second.
    pub rate: u32,
    failed: crossbeam_channel::Receiver<cpal::Error>,
    overruns: Arc<AtomicU32>,
    _stream: cpal::Stream,
}

impl Microphone {
    /// Opens `device`, or the default one, at `rate` or its own, and starts it. Sound for
    /// `buffer_s` seconds may wait in the queue.
    ///
    /// # Errors
    /// [`ShellError::Device`] where it is absent or cannot be opened, [`ShellError::Usage`] for a
    /// rate that it does not have.
    pub fn open(
        device: Option<&str>,
        rate: Option<u32>,
        buffer_s: u32,
    ) -> Result<(Self, Receiver), ShellError> {
        let (device, name) = find(device)?;
        let fail = |error| device_error(&name, &error);
        let config = match rate {
            None => device.default_input_config().map_err(fail)?,
            Some(rate) => at_rate(&device, &name, rate)?,
        };
        let queue = capture::queue(config.channels(), config.sample_rate(), buffer_s);
        let (sender, receiver) = queue.ok_or_else(|| {
            refused(
                &name,
                format!(
                    "it has {} channels, {} at most are heard",
                    config.channels(),
                    capture::BLOCK
                ),
            )
        })?;
        // A failure ends the call, so one is enough.
        let (tell, failed) = crossbeam_channel::bounded(1);
        let overruns = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&overruns);
        let on_error = move |error: cpal::Error| match error.kind() {
            ErrorKind::Xrun => {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {}
            _ => {
                let _ = tell.try_send(error);
            }
        };
        let stream = match config.sample_format() {
            SampleFormat::I8 => build::<i8>(&device, &config, sender, on_error),
            SampleFormat::I16 => build::<i16>(&device, &config, sender, on_error),
            SampleFormat::I24 => build::<cpal::I24>(&device, &config, sender, on_error),
            SampleFormat::I32 => build::<i32>(&device, &config, sender, on_error),
            SampleFormat::U8 => build::<u8>(&device, &config, sender, on_error),
            SampleFormat::U16 => build::<u16>(&device, &config, sender, on_error),
            SampleFormat::U32 => build::<u32>(&device, &config, sender, on_error),
            SampleFormat::F32 => build::<f32>(&device, &config, sender, on_error),
            SampleFormat::F64 => build::<f64>(&device, &config, sender, on_error),
            other => {
                return Err(refused(
                    &name,
                    format!("samples of the format {other} are not read here"),
                ));
            }
        };
        let stream = stream.map_err(fail)?;
        stream.play().map_err(fail)?;
        let microphone = Self {
            rate: config.sample_rate(),
            failed,
            overruns,
            _stream: stream,
            name,
        };
        Ok((microphone, receiver))
    }

    /// The failure that ended the sound, if there was one.
    pub fn failure(&self) -> Option<ShellError> {
        let error = self.failed.try_recv().ok()?;
        Some(device_error(&self.name, &error))
    }

    /// How often the device itself dropped sound; how much, it does not tell.
    pub fn overruns(&self) -> u32 {
        self.overruns.load(Ordering::Relaxed)
    }
}

/// The callback: it converts, fills the queue's blocks and nothing else.
fn build<T>(
    device: &Device,
    config: &SupportedStreamConfig,
    mut sender: Sender,
    on_error: impl FnMut(cpal::Error) + Send + 'static,
) -> Result<cpal::Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    device.build_input_stream(
        config.config(),
        move |samples: &[T], _: &cpal::InputCallbackInfo| {
            sender.push(samples.iter().map(|sample| f32::from_sample(*sample)));
        },
        on_error,
        None,
    )
}

/// The best format of the device at `rate`.
fn at_rate(device: &Device, name: &str, rate: u32) -> Result<SupportedStreamConfig, ShellError> {
    let configs = device.supported_input_configs();
    let configs = configs.map_err(|error| device_error(name, &error))?;
    configs
        .filter(|config| usize::from(config.channels()) <= capture::BLOCK)
        .filter_map(|config| Some((config, config.try_with_sample_rate(rate)?)))
        .max_by(|(a, _), (b, _)| a.cmp_default_heuristics(b))
        .map(|(_, config)| config)
        .ok_or_else(|| {
            ShellError::Usage(format!(
                "--rate {rate}: the input device `{name}` does not have it; leave --rate out for the device's own"
            ))
        })
}

/// Each input device: what --device takes, and what the system calls it.
///
/// # Errors
/// [`ShellError::Device`] where the system has no sound.
pub fn list() -> Result<Vec<(String, String)>, ShellError> {
    let devices = cpal::default_host().input_devices();
    let devices = devices.map_err(|error| device_error("any", &error))?;
    Ok(devices
        .filter_map(|device| Some((short_id(&device)?, device.to_string())))
        .collect())
}

fn find(wanted: Option<&str>) -> Result<(Device, String), ShellError> {
    let host = cpal::default_host();
    let Some(wanted) = wanted else {
        let device = host.default_input_device().ok_or_else(|| {
            refused("default", "the system has no input device; plug one in, or see `undertone listen --list-devices`")
        })?;
        let name = short_id(&device).unwrap_or_else(|| "default".into());
        return Ok((device, name));
    };
    let devices = host.input_devices();
    let mut devices = devices.map_err(|error| device_error(wanted, &error))?;
    let found = devices.find(|device| {
        short_id(device).is_some_and(|id| id == wanted) || device.to_string() == wanted
    });
    let found = found.ok_or_else(|| {
        refused(
            wanted,
            "there is no such device; `undertone listen --list-devices` names those there are",
        )
    })?;
    Ok((found, wanted.to_owned()))
}

/// The system's own name of the device, as in `hw:CARD=0,DEV=0`.
fn short_id(device: &Device) -> Option<String> {
    Some(device.id().ok()?.id().to_owned())
}

fn device_error(name: &str, error: &cpal::Error) -> ShellError {
    let mend = match error.kind() {
        ErrorKind::DeviceBusy => "close the program that uses it",
        ErrorKind::PermissionDenied => {
            "allow this program to use the microphone; on Linux add the user to the group `audio`"
        }
        ErrorKind::HostUnavailable => "start the system's sound service",
        _ => "check that it is plugged in, or name another; see `undertone listen --list-devices`",
    };
    let said = error.to_string();
    refused(name, format!("{}; {mend}", said.trim_end_matches('.')))
}

fn refused(name: &str, reason: impl Into<String>) -> ShellError {
    ShellError::Device {
        name: name.to_owned(),
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_there_is_named_and_ends_with_three() {
        let opened = Microphone::open(Some("no-such-device"), None, 1);
        let error = opened.err().expect("there is none of this name");
        assert_eq!(error.exit_code(), 3);
        let words = error.to_string();
        assert!(
            words.contains("`no-such-device`") && words.contains("--list-devices"),
            "{words}"
        );
    }
}
