//! The queue between an audio callback and the engine: bounded, and on the callback's side without
//! an allocation, a lock or a wait.
//!
//! What does not fit is counted, and becomes a gap of exactly that length in exactly that place.

use crossbeam_channel::{TryRecvError, TrySendError, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most samples in a block: 10 ms of mono at 48 kHz.
pub const BLOCK: usize = 480;
/// The most blocks in a queue: 128 MB.
const MOST: usize = 65_536;

/// Whole frames, held in the queue itself.
#[derive(Clone, Copy)]
struct Block {
    samples: [f32; BLOCK],
    len: u16,
    /// Frames that were lost since the block before.
    lost_before: u32,
}

impl Block {
    const EMPTY: Self = Self {
        samples: [0.0; BLOCK],
        len: 0,
        lost_before: 0,
    };
}

/// The callback's end.
pub struct Sender {
    channel: crossbeam_channel::Sender<Block>,
    block: Block,
    channels: usize,
    /// Samples in a full block.
    full: usize,
    lost: Arc<AtomicU64>,
}

/// The engine's end.
pub struct Receiver {
    channel: crossbeam_channel::Receiver<Block>,
    block: Block,
    held: bool,
    channels: u16,
    lost: Arc<AtomicU64>,
    told: u64,
}

/// What the engine's end finds.
#[derive(Debug, PartialEq)]
pub enum Captured<'a> {
    /// Interleaved frames, in order.
    Samples(&'a [f32]),
    /// Frames that did not fit the queue, in the place where they are missing.
    Gap {
        /// How many.
        frames: u32,
    },
    /// Nothing yet.
    Waiting,
    /// The callback's end is gone, and everything was told.
    Ended,
}

/// A queue that holds `seconds` of frames of `channels` samples, 65536 blocks at most.
///
/// A block is sent once it is full: 10 ms, or less where so many samples do not fit it. Frames of
/// more than [`BLOCK`] samples cannot be held: then there is no queue.
pub fn queue(channels: u16, rate: u32, seconds: u32) -> Option<(Sender, Receiver)> {
    let fit = BLOCK.checked_div(channels.into()).filter(|fit| *fit > 0)?;
    let frames = fit.min(rate as usize / 100).max(1);
    let blocks = (rate as usize)
        .saturating_mul(seconds as usize)
        .div_ceil(frames);
    Some(of_blocks(channels, frames, blocks.clamp(1, MOST)))
}

fn of_blocks(channels: u16, frames: usize, blocks: usize) -> (Sender, Receiver) {
    let (sender, receiver) = bounded(blocks);
    let lost = Arc::new(AtomicU64::new(0));
    let sender = Sender {
        channel: sender,
        block: Block::EMPTY,
        channels: usize::from(channels),
        full: frames * usize::from(channels),
        lost: Arc::clone(&lost),
    };
    let receiver = Receiver {
        channel: receiver,
        block: Block::EMPTY,
        held: false,
        channels,
        lost,
        told: 0,
    };
    (sender, receiver)
}

impl Sender {
    /// Takes interleaved frames; of what does not fit, the frames are counted. Never waits, never
    /// allocates.
    pub fn push(&mut self, samples: impl IntoIterator<Item = f32>) {
        for sample in samples {
            self.block.samples[usize::from(self.block.len)] = sample;
            self.block.len += 1;
            if usize::from(self.block.len) == self.full {
                self.send();
            }
        }
    }

    /// The receiver polls and never parks, so that sending takes no lock.
    fn send(&mut self) {
        let frames = usize::from(self.block.len) / self.channels;
        match self.channel.try_send(self.block) {
            Ok(()) => self.block.lost_before = 0,
            Err(TrySendError::Full(_)) => {
                self.block.lost_before = self.block.lost_before.saturating_add(frames as u32);
                self.lost.fetch_add(frames as u64, Ordering::Release);
            }
            Err(TrySendError::Disconnected(_)) => {}
        }
        self.block.len = 0;
    }
}

/// The last block is sent as it is.
impl Drop for Sender {
    fn drop(&mut self) {
        if self.block.len > 0 {
            self.send();
        }
    }
}

impl Receiver {
    /// Samples in a frame.
    pub fn channels(&self) -> u16 {
        self.channels
    }

    /// Frames lost so far.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Acquire)
    }

    /// What is next. Never waits.
    pub fn poll(&mut self) -> Captured<'_> {
        if !self.held {
            self.block = match self.channel.try_recv() {
                Ok(block) => block,
                Err(TryRecvError::Empty) => return Captured::Waiting,
                Err(TryRecvError::Disconnected) => return self.rest(),
            };
            self.held = true;
            if self.block.lost_before > 0 {
                self.told += u64::from(self.block.lost_before);
                return Captured::Gap {
                    frames: self.block.lost_before,
                };
            }
        }
        self.held = false;
        Captured::Samples(&self.block.samples[..usize::from(self.block.len)])
    }

    /// What was lost after the last block.
    fn rest(&mut self) -> Captured<'_> {
        let untold = u32::try_from(self.lost() - self.told).unwrap_or(u32::MAX);
        self.told += u64::from(untold);
        match untold {
            0 => Captured::Ended,
            frames => Captured::Gap { frames },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each sample says its place in the stream; a gap is `None`, once a frame.
    fn drain(receiver: &mut Receiver, into: &mut Vec<Option<f32>>) {
        loop {
            match receiver.poll() {
                Captured::Samples(samples) => into.extend(samples.iter().copied().map(Some)),
                Captured::Gap { frames } => into.extend((0..frames).map(|_| None)),
                Captured::Waiting | Captured::Ended => return,
            }
        }
    }

    fn numbered(range: std::ops::Range<u32>) -> impl Iterator<Item = f32> {
        range.map(|n| n as f32)
    }

    #[test]
    fn nothing_is_lost_and_the_order_kept_where_the_queue_is_drained() {
        let (mut sender, mut receiver) = of_blocks(1, 480, 4);
        let mut heard = Vec::new();
        let mut sent = 0;
        for frames in [1, 64, 480, 481, 1024, 0, 959, 17] {
            sender.push(numbered(sent..sent + frames));
            sent += frames;
            drain(&mut receiver, &mut heard);
        }
        drop(sender);
        drain(&mut receiver, &mut heard);
        assert!(heard.into_iter().eq(numbered(0..sent).map(Some)));
        assert_eq!(receiver.poll(), Captured::Ended);
        assert_eq!(receiver.lost(), 0);
    }

    #[test]
    fn an_overflow_is_a_gap_of_its_length_in_its_place() {
        let (mut sender, mut receiver) = of_blocks(1, 100, 2);
        // Two blocks fit, three do not, and of the sixth there is half.
        sender.push(numbered(0..550));
        let mut heard = Vec::new();
        drain(&mut receiver, &mut heard);
        sender.push(numbered(550..650));
        drop(sender);
        drain(&mut receiver, &mut heard);
        let here = |n: u32| !(200..500).contains(&n);
        let expected = (0..650).map(|n| here(n).then_some(n as f32));
        assert!(heard.into_iter().eq(expected));
        assert_eq!(receiver.lost(), 300);
    }

    #[test]
    fn what_is_lost_at_the_end_is_told_too() {
        let (mut sender, mut receiver) = of_blocks(2, 240, 1);
        sender.push(numbered(0..1000));
        drop(sender);
        assert!(matches!(receiver.poll(), Captured::Samples(samples) if samples.len() == 480));
        assert_eq!(receiver.poll(), Captured::Gap { frames: 260 });
        assert_eq!(receiver.poll(), Captured::Ended);
    }

    #[test]
    fn frames_stay_whole_and_the_room_is_what_was_asked_for() {
        for (channels, rate) in [
            (1, 8_000),
            (2, 8_000),
            (3, 44_100),
            (7, 48_000),
            (480, 2_000),
        ] {
            let (mut sender, mut receiver) = queue(channels, rate, 1).unwrap();
            // As a callback of 1 ms gives them.
            for _ in 0..1_000 {
                sender.push(numbered(0..rate / 1_000 * u32::from(channels)));
            }
            drop(sender);
            let mut samples = 0;
            while let Captured::Samples(block) = receiver.poll() {
                assert_eq!(block.len() % usize::from(channels), 0);
                samples += block.len();
            }
            assert_eq!(
                samples,
                (rate / 1_000 * 1_000) as usize * usize::from(channels)
            );
            assert_eq!(receiver.lost(), 0);
        }
        assert!(queue(481, 8_000, 1).is_none() && queue(0, 8_000, 1).is_none());
    }

    #[test]
    fn across_threads_every_frame_is_heard_or_counted() {
        let (mut sender, mut receiver) = of_blocks(1, 80, 3);
        let sent = 200_000;
        let callback = std::thread::spawn(move || {
            for from in (0..sent).step_by(160) {
                sender.push(numbered(from..from + 160));
            }
        });
        let mut at = 0;
        loop {
            match receiver.poll() {
                Captured::Samples(samples) => {
                    for sample in samples {
                        assert_eq!(*sample, at as f32);
                        at += 1;
                    }
                }
                Captured::Gap { frames } => at += frames,
                Captured::Waiting => std::thread::yield_now(),
                Captured::Ended => break,
            }
        }
        callback.join().unwrap();
        assert_eq!(at, sent);
    }
}
