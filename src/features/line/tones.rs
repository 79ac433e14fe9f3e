//! Ringback, busy, SIT, fax and announcement tones: one or two lines that hold nearly all power.
//!
//! ITU-T E.180 and E.182 (tones and cadences), Q.35. A tone is known by its spectrum and its
//! length: 440+480 Hz and 400+450 Hz are ringback, 425 Hz is ringback when it lasts longer than
//! any busy tone. Everything else that is pure and holds still for a fifth of a second is a tone.

use super::partials::Partials;

/// Share of the band's power that the two strongest lines hold.
const PURE: f32 = 0.95;
/// A second line weaker than this is no part of the tone.
const SECOND: f32 = 0.05;
/// A tone lies within this of its nominal frequency (E.180: 1.5 %) …
const NEAR: f32 = 0.015;
/// … and stays within this of where it began, 9 cents, which no voice does.
const SAME: f32 = 0.005;
/// Spectra with the same lines, 50 ms apart, before it is a tone.
const RUN: u32 = 4;
/// European ringback lasts a second, busy half a second (E.180): 0.8 s tells them apart.
const LONG_RUN: u32 = 14;
/// Spectra with other sound before a tone is over: a cadence is silent in between.
const OVER: u32 = 3;
/// Silence after which a tone is over: longer than any cadence, 6 s.
const FORGOTTEN: u32 = 120;

/// A tone of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkTone {
    /// The far end rings.
    Ringback,
    /// Busy, SIT, fax, dial tone, the beep of an answering machine.
    Other,
}

/// Follows tones and their cadence.
#[derive(Default)]
pub struct ToneDetector {
    lines: [f32; 2],
    run: u32,
    other: u32,
    silent: u32,
    tone: Option<NetworkTone>,
}

impl ToneDetector {
    /// Takes a spectrum; `sound` where there is any. Gives whether the spectrum itself is a pure
    /// tone, and what tone is on the line, its cadence's silence included.
    pub fn push(&mut self, partials: &Partials, sound: bool) -> (bool, Option<NetworkTone>) {
        let [first, second] = partials.strongest;
        let pure = sound && first.share + second.share >= PURE;
        let lines = match second.share >= SECOND {
            true => [first.hz.min(second.hz), first.hz.max(second.hz)],
            false => [first.hz, 0.0],
        };
        let same = |(a, b): (&f32, &f32)| (a - b).abs() <= SAME * a.max(*b);
        let goes_on = pure && lines.iter().zip(&self.lines).all(same);
        self.run = match (pure, goes_on) {
            (true, true) => self.run + 1,
            (true, false) => 1,
            (false, _) => 0,
        };
        if !goes_on {
            self.lines = lines;
        }
        self.silent = if sound { 0 } else { self.silent + 1 };
        self.other = match (sound, pure) {
            (true, true) => 0,
            (true, false) => self.other + 1,
            (false, _) => self.other,
        };
        if self.run >= RUN {
            self.tone = Some(match (self.tone, self.name()) {
                // The rest of a burst, and the bursts to come, keep the name.
                (Some(NetworkTone::Ringback), NetworkTone::Other) if self.other == 0 => {
                    NetworkTone::Ringback
                }
                (_, name) => name,
            });
        } else if self.other >= OVER || self.silent >= FORGOTTEN {
            self.tone = None;
        }
        (pure, self.tone)
    }

    fn name(&self) -> NetworkTone {
        let is = |pair: [f32; 2]| {
            let near = |(a, b): (&f32, &f32)| (a - b).abs() <= NEAR * b;
            self.lines.iter().zip(&pair).all(near)
        };
        let european = is([425.0, 0.0]) && self.run >= LONG_RUN;
        if is([440.0, 480.0]) || is([400.0, 450.0]) || european {
            NetworkTone::Ringback
        } else {
            NetworkTone::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::partials::Partial;
    use super::*;

    fn of(lines: &[f32]) -> Partials {
        let share = 0.98 / lines.len().max(1) as f32;
        let mut partials = Partials::default();
        for (to, &hz) in partials.strongest.iter_mut().zip(lines) {
            *to = Partial { hz, share };
        }
        partials
    }

    /// Bursts of `on` spectra and pauses of `off`; what is on the line at the end of each.
    fn cadence(lines: &[f32], on: u32, off: u32) -> [Option<NetworkTone>; 2] {
        let mut detector = ToneDetector::default();
        let mut ends = [None; 2];
        for _ in 0..3 {
            (0..on).for_each(|_| ends[0] = detector.push(&of(lines), true).1);
            (0..off).for_each(|_| ends[1] = detector.push(&of(&[]), false).1);
        }
        ends
    }

    #[test]
    fn ringback_is_known_by_its_pair_or_by_its_length() {
        let ringback = [Some(NetworkTone::Ringback); 2];
        assert_eq!(cadence(&[440.0, 480.0], 38, 80), ringback, "North America");
        assert_eq!(cadence(&[450.0, 400.0], 6, 40), ringback, "United Kingdom");
        assert_eq!(cadence(&[425.0], 18, 80), ringback, "Europe");
        assert_eq!(cadence(&[431.0], 18, 80), ringback, "1.4 % off");
    }

    #[test]
    fn other_tones_are_tones() {
        let other = [Some(NetworkTone::Other); 2];
        assert_eq!(cadence(&[425.0], 8, 10), other, "busy");
        assert_eq!(
            cadence(&[480.0, 620.0], 8, 10),
            other,
            "busy, North America"
        );
        assert_eq!(cadence(&[1_400.0], 6, 20), other, "SIT");
        assert_eq!(cadence(&[2_100.0], 50, 60), other, "fax");
        assert_eq!(cadence(&[435.0], 18, 80), other, "2.4 % off ringback");
    }

    #[test]
    fn what_glides_or_is_not_pure_is_no_tone() {
        let mut detector = ToneDetector::default();
        for step in 0..400 {
            let hz = 425.0 * 1.003f32.powi(step);
            assert_eq!(detector.push(&of(&[hz]), true).1, None);
        }
        let mut rich = of(&[425.0]);
        rich.strongest[0].share = 0.9;
        for _ in 0..400 {
            assert_eq!(detector.push(&rich, true), (false, None));
        }
    }

    #[test]
    fn a_tone_is_over_when_something_else_is_heard() {
        let mut detector = ToneDetector::default();
        for _ in 0..10 {
            detector.push(&of(&[1_000.0]), true);
        }
        let after = [(); 4].map(|()| detector.push(&of(&[]), true).1.is_some());
        assert_eq!(after, [true, true, false, false]);
    }
}
