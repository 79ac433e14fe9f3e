//! What a media stream says, whatever its protocol.

use crate::wire::pcm::Format;

/// Whose voice a track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leg {
    /// The caller: what comes in from the telephone network.
    Caller,
    /// The agent: what the caller hears.
    Agent,
}

/// What a stream says of itself before it sounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The call, as the sender names it.
    pub call_id: Option<String>,
    /// How samples are written. Each leg comes by itself, so there is one channel.
    pub format: Format,
    /// What the dialplan wrote on it, as it stood there.
    pub parameters: Vec<(String, String)>,
}

impl Opening {
    /// The value of the parameter `name`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

/// One thing that a stream says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Media {
    /// What it is. Comes once, before any sound.
    Opened(Opening),
    /// The next samples of a leg.
    Sound {
        /// Whose.
        leg: Leg,
        /// In the format of the opening.
        bytes: Vec<u8>,
    },
    /// Samples of a leg that will never come.
    Missing {
        /// Whose.
        leg: Leg,
        /// How many.
        samples: u32,
    },
    /// The caller is on hold: no sound comes, and none is meant to. Repeated while it lasts.
    Held,
    /// A key was pressed. Which one is not kept: it may belong to a card number.
    Digit,
    /// The call has ended.
    Ended,
}
