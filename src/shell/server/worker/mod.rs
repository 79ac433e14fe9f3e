//! The threads that hear calls.
//!
//! - **Takes** messages and sound of the calls that are theirs, from two bounded queues.
//! - **Gives** records to the store, events to the bus after the commit, answers to who asked.
//! - **Remembers** the engines of its open calls, and how far their transfers are.
//! - **Source**: none; a call belongs to one thread, so that nothing in it needs a lock.

mod command;
mod live;
mod load;
mod names;
mod pool;
mod readings;
mod restore;
mod sound;
mod thread;
mod transfer;
mod voice;

pub use command::{
    Ask, Format, Listening, Restored, RestoredTransfer, Say, Side, Sound, Taken, TransferReport,
};
pub use pool::{Pool, Threads};
pub use thread::World;
