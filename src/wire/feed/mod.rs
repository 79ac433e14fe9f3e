//! Live calls, as telephony media servers send them.
//!
//! - **Takes** the messages of one stream in the order of their arrival, and no trust in them.
//! - **Gives** [`Media`]: what the stream is, whose sound comes, in order, what is missing, and the
//!   end.
//! - **Remembers** frames that came too early, [`order::HELD`] a leg; sound that came before its
//!   format, 32 KiB; places in time. It has no clock: a frame waits for later frames, not for time.
//! - **Source**: each file names its protocol.

pub mod audiohook;
mod audiohook_offer;
pub mod audiosocket;
mod json;
pub mod l16;
mod media;
pub mod order;
pub mod rtp;
mod rtp_packet;
pub mod twilio;

pub use media::{Leg, Media, Opening};
