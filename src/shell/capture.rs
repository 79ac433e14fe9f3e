//! The queue between an audio callback and the engine: bounded, and on the callback's side without
//! an allocation, a lock or a wait.
//!
//! What does not fit is counted, and becomes a gap of exactly that length in exactly that place.

use crossbeam_channel::{TryRecvError, TrySendError, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Samples in a block: 10 ms of mono at 48 kHz, and whole frames of 1, 2, 3, 4, 5, 6 or 8 channels.
pub const BLOCK: usize = 480;

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

/// A queue for frames of `channels` samples that holds `frames` of them, where each block is full.
///
/// Frames of more than [`BLOCK`] samples cannot be held: then there is no queue.
pub fn queue(channels: u16, frames: usize) -> Option<(Sender, Receiver)> {
    if channels == 0 || usize::from(channels) > BLOCK {
        return None;
    }
    let blocks = frames.div_ceil(BLOCK / usize::from(channels)).max(1);
    let (sender, receiver) = bounded(blocks);
    let lost = Arc::new(AtomicU64::new(0));
    let sender = Sender {
        channel: sender,
        block: Block::EMPTY,
        channels: usize::from(channels),
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
    Some((sender, receiver))
}

impl Sender {
    /// Sends whole interleaved frames; what does not fit is counted. Never waits, never allocates.
    pub fn push(&mut self, samples: impl IntoIterator<Item = f32>) {
        let whole = BLOCK / self.channels * self.channels;
        for sample in samples {
            self.block.samples[usize::from(self.block.len)] = sample;
            self.block.len += 1;
            if usize::from(self.block.len) == whole {
                self.send();
            }
        }
        if self.block.len > 0 {
            self.send();
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
        let (mut sender, mut receiver) = queue(1, 4 * BLOCK).unwrap();
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
        let (mut sender, mut receiver) = queue(1, 2 * BLOCK).unwrap();
        // Two blocks fit; 480 + 40 frames do not.
        sender.push(numbered(0..1480));
        let mut heard = Vec::new();
        drain(&mut receiver, &mut heard);
        sender.push(numbered(1480..1500));
        drain(&mut receiver, &mut heard);
        let here = |n: u32| !(960..1480).contains(&n);
        let expected = (0..1500).map(|n| here(n).then_some(n as f32));
        assert!(heard.into_iter().eq(expected));
        assert_eq!(receiver.lost(), 520);
    }

    #[test]
    fn what_is_lost_at_the_end_is_told_too() {
        let (mut sender, mut receiver) = queue(2, BLOCK / 2).unwrap();
        sender.push(numbered(0..1000));
        drop(sender);
        assert!(matches!(receiver.poll(), Captured::Samples(samples) if samples.len() == 480));
        assert_eq!(receiver.poll(), Captured::Gap { frames: 260 });
        assert_eq!(receiver.poll(), Captured::Ended);
    }

    #[test]
    fn frames_stay_whole_for_any_number_of_channels() {
        for channels in [1, 2, 3, 7, 11, 32, 479, 480] {
            let (mut sender, mut receiver) = queue(channels, 48_000).unwrap();
            sender.push(numbered(0..100 * u32::from(channels)));
            let mut samples = 0;
            while let Captured::Samples(block) = receiver.poll() {
                assert_eq!(block.len() % usize::from(channels), 0);
                samples += block.len();
            }
            assert_eq!(samples, 100 * usize::from(channels));
        }
        assert!(queue(481, 1).is_none() && queue(0, 1).is_none());
    }

    #[test]
    fn across_threads_every_frame_is_heard_or_counted() {
        let (mut sender, mut receiver) = queue(1, BLOCK).unwrap();
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
