//! Which channel of a recording carries the caller.

use crate::shell::error::ShellError;
use clap::ValueEnum;

/// The caller's side of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Channel {
    /// The first channel.
    Left,
    /// The second channel.
    Right,
    /// The mean of all channels.
    Mix,
    /// The first channel, with the agent on the second, heard for turn-taking alone.
    Both,
}

/// A choice of channel that is known to fit the source.
#[derive(Clone, Copy, Debug)]
pub struct Splitter {
    channel: Channel,
    channels: usize,
}

impl Splitter {
    /// Fits `channel` to a source of `channels` channels.
    ///
    /// # Errors
    /// [`ShellError::Usage`]: a source of one channel has no sides to choose from.
    pub fn new(channel: Channel, channels: u16) -> Result<Self, ShellError> {
        if channels < 2 && channel != Channel::Mix {
            let name = match channel {
                Channel::Left => "left",
                Channel::Right => "right",
                _ => "both",
            };
            return Err(ShellError::Usage(format!(
                "--channel {name} needs a stereo source and this one has a single channel: use --channel mix"
            )));
        }
        Ok(Self {
            channel,
            channels: usize::from(channels.max(1)),
        })
    }

    /// Fills `caller`, and with [`Channel::Both`] also `agent`, from interleaved frames.
    ///
    /// Both buffers are cleared first and end up with a sample a frame; `agent` stays empty but for
    /// [`Channel::Both`]. A frame cut off at the end is left out.
    pub fn split(&self, interleaved: &[f32], caller: &mut Vec<f32>, agent: &mut Vec<f32>) {
        caller.clear();
        agent.clear();
        let frames = interleaved.chunks_exact(self.channels);
        match self.channel {
            Channel::Left => caller.extend(frames.map(|frame| frame[0])),
            Channel::Right => caller.extend(frames.map(|frame| frame[1])),
            Channel::Mix => {
                let share = 1.0 / self.channels as f32;
                caller.extend(frames.map(|frame| frame.iter().sum::<f32>() * share));
            }
            Channel::Both => {
                for frame in frames {
                    caller.push(frame[0]);
                    agent.push(frame[1]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(channel: Channel, channels: u16, block: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (mut caller, mut agent) = (vec![9.0], vec![9.0]);
        let splitter = Splitter::new(channel, channels).expect("the channel fits");
        splitter.split(block, &mut caller, &mut agent);
        (caller, agent)
    }

    #[test]
    fn each_side_is_found() {
        let block = [1.0, -0.5, 0.5, 0.25];
        assert_eq!(split(Channel::Left, 2, &block), (vec![1.0, 0.5], vec![]));
        assert_eq!(split(Channel::Right, 2, &block), (vec![-0.5, 0.25], vec![]));
        assert_eq!(split(Channel::Mix, 2, &block), (vec![0.25, 0.375], vec![]));
        assert_eq!(
            split(Channel::Both, 2, &block),
            (vec![1.0, 0.5], vec![-0.5, 0.25])
        );
    }

    #[test]
    fn a_mono_source_is_its_own_mix() {
        assert_eq!(
            split(Channel::Mix, 1, &[0.5, -0.5]),
            (vec![0.5, -0.5], vec![])
        );
    }

    #[test]
    fn a_mono_source_has_no_sides() {
        for (channel, name) in [
            (Channel::Left, "left"),
            (Channel::Right, "right"),
            (Channel::Both, "both"),
        ] {
            let error = Splitter::new(channel, 1).expect_err("one channel, no sides");
            assert!(
                error.to_string().contains(&format!("--channel {name} ")),
                "{error}"
            );
            assert_eq!(error.exit_code(), 2);
        }
    }
}
