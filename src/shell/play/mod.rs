//! Calls of our own, made as media servers make them: to try a server without a phone system.
//!
//! - **Takes** a recording, a protocol, an address, and a number of calls.
//! - **Gives** the calls, a frame at a time by the clock, and how many frames were late.
//! - **Remembers** the recording, and each call's place in it.
//! - **Source**: the protocols as `wire/feed` names them, from the sender's side.

mod audiohook;
mod call;
mod connect;
mod messages;

pub use audiohook::Key;
pub use call::{Player, Tally};
pub use connect::trust;

use clap::ValueEnum;

/// The protocol of a media server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    /// Twilio Media Streams: JSON over WebSocket.
    Twilio,
    /// A text that describes, then raw samples, over WebSocket.
    L16,
    /// Asterisk AudioSocket over TCP.
    Audiosocket,
    /// RTP over UDP, PCMU.
    Rtp,
    /// Genesys AudioHook over WebSocket, signed where there is a key.
    Audiohook,
}

impl Peer {
    /// Where `undertone serve` listens for it, by the documentation's configuration.
    pub fn usual_address(self) -> &'static str {
        match self {
            Self::Twilio => "ws://127.0.0.1:8080/v1/feed/twilio",
            Self::L16 => "ws://127.0.0.1:8080/v1/feed/l16",
            Self::Audiosocket => "127.0.0.1:9092",
            Self::Rtp => "127.0.0.1:4000",
            Self::Audiohook => "ws://127.0.0.1:8080/v1/feed/audiohook",
        }
    }
}
