//! Ringback, busy, SIT, fax and announcement tones: one or two lines that hold nearly all power.
//!
//! ITU-T E.180 and E.182 (tones and cadences), Q.35. A tone is known by its spectrum and its
//! length: 440+480 Hz and 400+450 Hz are ringback, 425 Hz is ringback when it lasts longer than
//! any busy tone. Everything else that is pure and holds still for a fifth of a second is a tone.

use super::partials::Partials;

/// Share of the band's power that the two strongest lines hold.
const PURE: f32 = 0.9;
/// A second line weaker than this is no part of the tone.
const SECOND: f32 = 0.05;
/// A tone stays within this of its frequency (E.180: 1.5 %).
const SAME: f32 = 0.015;
/// Spectra with the same lines, 50 ms apart, before it is a tone.
const RUN: u32 = 3;
/// European ringback lasts a second, busy half a second (E.180): 0.8 s tells them apart.
const LONG_RUN: u32 = 13;
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
        self.lines = lines;
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
            let near = |(a, b): (&f32, &f32)| (a - b).abs() <= SAME * b;
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
