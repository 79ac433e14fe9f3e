//! Frames of one leg put in order, repeated ones left out, missing ones told.
//!
//! A frame follows the one before it by its number, or by its time where numbers are shared among
//! legs. Whatever does not follow waits until [`HELD`] frames wait; then what did not come is
//! missing. Source: RFC 3550 appendix A.1 for the distance at which numbers have begun anew; the
//! rest is ours, as it serves a listener that may wait and not a player that may not.

/// Frames that may wait for an earlier one: 160 ms of the usual 20 ms frames.
pub const HELD: usize = 8;
/// Two numbers in a row this far ahead are those of a source that began anew (RFC 3550, MAX_DROPOUT).
const AHEAD: u64 = 3000;
/// The same for numbers that are behind (RFC 3550, MAX_MISORDER).
const BEHIND: u64 = 100;
/// Where numbers run on, a clock that trembles must be ahead by this much to be believed, seconds.
const PAUSE_S: f64 = 0.5;
/// A clock that counts milliseconds is off by less than this, seconds.
const ROUNDED_S: f64 = 0.002;
/// A clock that jumps further ahead, or back by a second, was set anew, seconds.
const LONGEST_S: f64 = 60.0;

/// A frame as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its number; without one it follows what came before it.
    pub number: Option<u64>,
    /// Its first sample on the sender's clock, samples.
    pub at: Option<u64>,
    /// How many samples it has.
    pub samples: u32,
    /// The samples.
    pub bytes: Vec<u8>,
}

/// What comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Samples that never came.
    Missing(u32),
    /// The next samples.
    Sound(Vec<u8>),
}

/// The order of one leg.
#[derive(Clone, Debug)]
pub struct Order {
    rate: f64,
    /// Whether the clock counts samples, as far as is known: it has been off by whole frames alone.
    steady: bool,
    /// The protocol says that it does.
    exact: bool,
    /// By number, ascending.
    held: Vec<(u64, Frame)>,
    last: Option<u64>,
    /// Samples that came out, the missing ones too.
    position: i64,
    /// The sender's clock where the position is 0.
    base: Option<i64>,
    /// A number far off, which the next one confirms or not.
    stray: Option<u64>,
    repeated: u64,
}

impl Order {
    /// The order of a leg at `rate`. Where another leg of the stream has begun, `base` is its
    /// [`Order::base`], so that both stand at the same place in time.
    pub fn new(rate: u32, base: Option<i64>) -> Self {
        Self {
            rate: f64::from(rate),
            steady: true,
            exact: false,
            held: Vec::with_capacity(HELD + 1),
            last: None,
            position: 0,
            base,
            stray: None,
            repeated: 0,
        }
    }

    /// The order of a leg whose clock counts samples, whatever it does, and whose numbers begin
    /// anywhere (RFC 3550 §5.1): its first frame comes out with the second.
    pub fn by_clock(rate: u32) -> Self {
        Self {
            exact: true,
            ..Self::new(rate, None)
        }
    }

    /// The sender's clock at the leg's beginning, samples.
    pub fn base(&self) -> Option<i64> {
        self.base
    }

    /// Frames that came twice or too late, and were left out.
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    /// Takes a frame; gives what can come out.
    pub fn push(&mut self, frame: Frame, mut out: impl FnMut(Piece)) {
        let newest = self.held.last().map(|(number, _)| *number).or(self.last);
        let after = newest.map_or(0, |newest| newest + 1);
        // So that no sum of a few numbers can overflow.
        let number = frame.number.unwrap_or(after).min(u64::MAX / 2);
        let far = |newest| number > newest + AHEAD || number + BEHIND < newest;
        if newest.is_some_and(far) {
            if self.stray.and_then(|stray| stray.checked_add(1)) != Some(number) {
                self.stray = Some(number);
                return;
            }
            self.flush(&mut out);
            self.begin_anew();
        }
        self.stray = None;
        let place = self.held.binary_search_by_key(&number, |(held, _)| *held);
        match place {
            Err(place) if self.last.is_none_or(|last| number > last) => {
                self.held.insert(place, (number, frame));
            }
            _ => self.repeated += 1,
        }
        while let Some((number, frame)) = self.held.first() {
            if !self.follows(*number, frame) && self.held.len() <= HELD {
                break;
            }
            self.give(&mut out);
        }
    }

    /// Gives everything that waits: no more will come.
    pub fn flush(&mut self, mut out: impl FnMut(Piece)) {
        while !self.held.is_empty() {
            self.give(&mut out);
        }
    }

    /// What comes next has other numbers and another clock, and follows without a gap.
    pub fn begin_anew(&mut self) {
        (self.last, self.base) = (None, None);
    }

    fn follows(&self, number: u64, frame: &Frame) -> bool {
        let Some(last) = self.last else {
            // These numbers begin anywhere, so only the second frame tells whether the first is early.
            if self.exact {
                return self.held.len() > 1;
            }
            // Numbers begin at 0 or 1, unless the stream is taken up in its middle.
            return match self.base {
                None => !(2..=HELD as u64).contains(&number),
                Some(_) => self.touches(frame).unwrap_or(true),
            };
        };
        number == last + 1 || self.touches(frame).unwrap_or(false)
    }

    /// Whether it begins where the last one ended, by the sender's clock.
    fn touches(&self, frame: &Frame) -> Option<bool> {
        let ahead = self.ahead(frame)?;
        Some(ahead.abs() <= i64::from(frame.samples / 2))
    }

    fn ahead(&self, frame: &Frame) -> Option<i64> {
        let at = i64::try_from(frame.at?).ok()?;
        at.checked_sub(self.base?)?.checked_sub(self.position)
    }

    /// The first that waits comes out, and before it what is missing.
    fn give(&mut self, out: &mut impl FnMut(Piece)) {
        let (number, frame) = self.held.remove(0);
        let at = frame.at.and_then(|at| i64::try_from(at).ok());
        if self.base.is_none() {
            self.base = at.map(|at| at - self.position);
        }
        let skipped = match self.last {
            Some(last) => number - last - 1,
            // Another leg began before this one.
            None => u64::from(self.position == 0),
        };
        let missing = match self.ahead(&frame) {
            Some(ahead) if !self.plausible(ahead) => {
                self.base = at.map(|at| at - self.position);
                0
            }
            Some(ahead) => {
                let whole = self.whole_frames(ahead, frame.samples);
                // Numbers do not tell of a loss before they are given, nor of a silence.
                if skipped == 0 && whole.is_none_or(|whole| whole < 0) {
                    self.steady = self.exact;
                }
                let least = i64::from(frame.samples / 2).max(self.samples(ROUNDED_S));
                let believed = skipped > 0 || self.steady || ahead >= self.samples(PAUSE_S);
                match ahead > least && believed {
                    true => whole.unwrap_or(ahead),
                    false => 0,
                }
            }
            None if self.last.is_some() => (skipped * u64::from(frame.samples)) as i64,
            None => 0,
        };
        if missing > 0 && self.plausible(missing) {
            self.position += missing;
            // A minute of samples fits: rates end at 384 kHz.
            out(Piece::Missing(missing as u32));
        }
        self.position += i64::from(frame.samples);
        self.last = Some(number);
        out(Piece::Sound(frame.bytes));
    }

    fn plausible(&self, ahead: i64) -> bool {
        let seconds = ahead as f64 / self.rate;
        (-1.0..=LONGEST_S).contains(&seconds)
    }

    /// So many whole frames as `ahead` is, or nearly is.
    fn whole_frames(&self, ahead: i64, samples: u32) -> Option<i64> {
        let samples = i64::from(samples.max(1));
        let whole = (ahead + samples / 2).div_euclid(samples) * samples;
        let close = (whole - ahead).abs() <= self.samples(ROUNDED_S);
        close.then_some(whole)
    }

    fn samples(&self, seconds: f64) -> i64 {
        (seconds * self.rate) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(number: u64, at: Option<u64>) -> Frame {
        Frame {
            number: Some(number),
            at,
            samples: 160,
            bytes: vec![number as u8; 160],
        }
    }

    /// What comes out, each frame by its number and each gap by its samples, negative.
    fn ordered(order: &mut Order, frames: impl IntoIterator<Item = Frame>) -> Vec<i64> {
        let mut out = Vec::new();
        let mut take = |piece| match piece {
            Piece::Missing(samples) => out.push(-i64::from(samples)),
            Piece::Sound(bytes) => out.push(i64::from(bytes[0])),
        };
        for frame in frames {
            order.push(frame, &mut take);
        }
        order.flush(&mut take);
        out
    }

    fn of(numbers: &[u64]) -> Vec<i64> {
        let frames = numbers.iter().map(|n| frame(*n, Some(n * 160)));
        ordered(&mut Order::new(8000, None), frames)
    }

    #[test]
    fn frames_in_order_come_out_at_once() {
        let mut order = Order::new(8000, None);
        let mut count = 0;
        for n in 1..100 {
            order.push(frame(n, Some(n * 160)), |_| count += 1);
            assert_eq!(count, n);
        }
    }

    #[test]
    fn early_frames_wait_and_missing_ones_are_told() {
        assert_eq!(of(&[1, 3, 2, 4]), [1, 2, 3, 4]);
        assert_eq!(of(&[2, 1, 3]), [1, 2, 3], "also at the beginning");
        assert_eq!(of(&[1, 2, 5, 6]), [1, 2, -320, 5, 6]);
        assert_eq!(of(&[1, 2, 2, 1, 3]), [1, 2, 3], "repeated");
        let mut long: Vec<u64> = (1..=20).collect();
        long.remove(4);
        long.push(5);
        let mut expected: Vec<i64> = (1..=20).collect();
        expected[4] = -160;
        assert_eq!(of(&long), expected, "too late is too late");
    }

    #[test]
    fn without_a_clock_numbers_alone_tell() {
        let frames = [1, 2, 4].map(|n| frame(n, None));
        let out = ordered(&mut Order::new(8000, None), frames);
        assert_eq!(out, [1, 2, -160, 4]);
    }

    #[test]
    fn numbers_that_two_legs_share_are_no_loss() {
        let frames = (0..50).map(|n| frame(1 + 2 * n, Some(n * 160)));
        let mut order = Order::new(8000, None);
        let mut at_once = 0;
        for frame in frames {
            order.push(frame, |piece| {
                assert!(matches!(piece, Piece::Sound(_)));
                at_once += 1;
            });
        }
        assert_eq!(at_once, 50);
    }

    #[test]
    fn a_leg_that_begins_later_stands_where_it_began() {
        let mut order = Order::new(8000, Some(800));
        let out = ordered(&mut order, [frame(1, Some(2400)), frame(2, Some(2560))]);
        assert_eq!(out, [-1600, 1, 2]);
    }

    #[test]
    fn a_silent_sender_leaves_a_gap_and_a_trembling_clock_none() {
        let pause = [frame(1, Some(0)), frame(2, Some(160)), frame(3, Some(8320))];
        assert_eq!(
            ordered(&mut Order::new(8000, None), pause),
            [1, 2, -8000, 3]
        );
        let one_lost = [frame(1, Some(0)), frame(2, Some(320)), frame(3, Some(480))];
        let out = ordered(&mut Order::new(8000, None), one_lost);
        assert_eq!(out, [1, -160, 2, 3], "numbered after the loss");
        let trembling = (1..50).map(|n| frame(n, Some(n * 160 + n % 3 * 400)));
        let out = ordered(&mut Order::new(8000, None), trembling);
        assert!(out.iter().all(|n| *n > 0), "{out:?}");
    }

    #[test]
    fn a_clock_set_anew_and_numbers_begun_anew_are_no_gap() {
        let clock = [frame(1, Some(0)), frame(2, Some(1 << 40)), frame(3, None)];
        assert_eq!(ordered(&mut Order::new(8000, None), clock), [1, 2, 3]);
        let numbers = [9000, 9001, 1, 2, 3, 7000, 4].map(|n| frame(n, Some(n * 160)));
        let out = ordered(&mut Order::new(8000, None), numbers);
        // Bytes hold the numbers' last eight bits. One that is far off proves nothing by itself.
        assert_eq!(out, [40, 41, 2, 3, 4]);
    }

    proptest! {
        /// Shuffled within the window and with losses, time comes out whole: what is given and what
        /// is missing add up to the sender's clock.
        #[test]
        fn time_adds_up(lost in proptest::collection::vec(any::<bool>(), 60), swaps in proptest::collection::vec(0usize..55, 0..20)) {
            let mut frames: Vec<_> = (0..60u64).filter(|n| *n == 0 || *n == 59 || !lost[*n as usize])
                .map(|n| frame(n, Some(n * 160))).collect();
            for at in swaps {
                let at = 1 + at % (frames.len() - 1);
                if at + 1 < frames.len() { frames.swap(at, at + 1); }
            }
            let sent: Vec<_> = frames.iter().map(|frame| frame.number.unwrap()).collect();
            let mut order = Order::new(8000, None);
            let out = ordered(&mut order, frames);
            let total: i64 = out.iter().map(|n| if *n < 0 { -n } else { 160 }).sum();
            let last = *sent.iter().max().unwrap() as i64;
            prop_assert_eq!(total, (last + 1) * 160);
            let given: Vec<_> = out.iter().filter(|n| **n >= 0).collect();
            prop_assert!(given.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
