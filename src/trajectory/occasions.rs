//! Evidence that comes at moments and not in a stream: a sob, a sigh, an angry word, a caller who
//! breaks in. Each moment counts in full when it comes, and fades.
//!
//! Of sounds, breath and crying are two witnesses: a single sigh may be a gust of wind, and what
//! cries aloud may laugh, but both together are hardly anything else. So they count as
//! (√breath + √crying)²: both together four times as much as one.

use super::{Marker, MarkerKind};
use crate::error::MemoryError;
use crate::units::StreamTime;
use serde::{Deserialize, Serialize};

/// Time constant of the fading, s.
const FADES_S: f64 = 60.0;
/// The most that moments of one kind add up to.
const MOST: f64 = 3.0;
/// Breath that changed says half of what a sigh says, and a drawn-out sound a third of crying.
const BREATH_CHANGE: f64 = 0.5;
const HESITATION: f64 = 0.3;
/// A hasty answer, beside an interruption.
const HASTY: f64 = 0.5;

/// Moments of one kind, as they have faded.
#[derive(Clone, Copy, Debug, Default)]
struct Fading {
    sum: f64,
    at: StreamTime,
    since: Option<StreamTime>,
    count: u32,
}

impl Fading {
    fn now(&self, at: StreamTime) -> f64 {
        self.sum * (-at.since(self.at).max(0.0) / FADES_S).exp()
    }

    /// The strongest moment stands for all: more of the same noise is no more evidence.
    fn strongest(&mut self, weight: f64, at: StreamTime, from: StreamTime) {
        self.set(self.now(at).max(weight), at, from);
    }

    /// Every moment counts.
    fn add(&mut self, weight: f64, at: StreamTime, from: StreamTime) {
        self.set((self.now(at) + weight).min(MOST), at, from);
    }

    fn set(&mut self, sum: f64, at: StreamTime, from: StreamTime) {
        // What faded to nothing began anew.
        if self.now(at) < 0.1 {
            (self.since, self.count) = (None, 0);
        }
        self.since.get_or_insert(from);
        (self.sum, self.at) = (sum, at);
        self.count += 1;
    }
}

/// What was heard of them: the moments of one call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Occasions {
    breath: Fading,
    crying: Fading,
    words: Fading,
    turns: Fading,
    /// Interruptions and hasty answers that have been taken; none before the first reading.
    taken: Option<(u32, u32)>,
}

/// How much moments of a kind weigh now, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weighed {
    /// 0 where there were none.
    pub weight: f64,
    /// The first that has not faded.
    pub since: Option<StreamTime>,
}

impl Occasions {
    /// Takes a marker; most say nothing here.
    pub fn marker(&mut self, marker: &Marker) {
        use MarkerKind::{AngerWords, BreathChange, Cry, Hesitation, Scream, Sigh, Sob};
        let (kind, weight) = match marker.kind {
            Sigh => (&mut self.breath, 1.0),
            BreathChange => (&mut self.breath, BREATH_CHANGE),
            Cry | Sob | Scream => (&mut self.crying, 1.0),
            Hesitation => (&mut self.crying, HESITATION),
            AngerWords => return self.words.add(1.0, marker.at, marker.from),
            _ => return,
        };
        kind.strongest(weight, marker.at, marker.from);
    }

    /// Takes how often the caller broke in and answered in haste so far.
    pub fn turns(&mut self, interruptions: u32, hasty: u32, at: StreamTime) {
        let now = (interruptions, hasty);
        let (broke_in, hasty) = self.taken.replace(now).unwrap_or(now);
        let new = f64::from(now.0.saturating_sub(broke_in))
            + HASTY * f64::from(now.1.saturating_sub(hasty));
        if new > 0.0 {
            self.turns.add(new, at, at);
        }
    }

    /// The sounds of distress, 0 to 4.
    pub fn sounds(&self, at: StreamTime) -> Weighed {
        let (breath, crying) = (self.breath.now(at), self.crying.now(at));
        let since = [self.breath.since, self.crying.since];
        Weighed {
            weight: (breath.sqrt() + crying.sqrt()).powi(2),
            since: since.into_iter().flatten().min(),
        }
    }

    /// Words of anger, 0 to 3.
    pub fn words(&self, at: StreamTime) -> Weighed {
        weighed(&self.words, at)
    }

    /// Interruptions and hasty answers, 0 to 3.
    pub fn turn_taking(&self, at: StreamTime) -> Weighed {
        weighed(&self.turns, at)
    }

    /// How many of each are behind that: breath, crying, words, turns.
    pub fn counts(&self) -> [u32; 4] {
        [&self.breath, &self.crying, &self.words, &self.turns].map(|kind| kind.count)
    }
}

fn weighed(kind: &Fading, at: StreamTime) -> Weighed {
    Weighed {
        weight: kind.now(at),
        since: kind.since,
    }
}

/// Of each kind: sum, when, since when, how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OccasionsMemory([(f64, u64, Option<u64>, u32); 4]);

impl OccasionsMemory {
    /// # Errors
    /// When a value cannot be.
    pub fn check(&self) -> Result<(), MemoryError> {
        for (sum, at, since, count) in &self.0 {
            MemoryError::within("occasions.sum", *sum, 0.0, MOST)?;
            MemoryError::place("occasions.at", *at)?;
            MemoryError::place("occasions.since", since.unwrap_or(0))?;
            MemoryError::events("occasions.count", *count)?;
        }
        Ok(())
    }
}

impl Occasions {
    /// What there was.
    pub fn memory(&self) -> OccasionsMemory {
        let told = |it: &Fading| {
            let since = it.since.map(StreamTime::ticks);
            (it.sum, it.at.ticks(), since, it.count)
        };
        OccasionsMemory([&self.breath, &self.crying, &self.words, &self.turns].map(told))
    }

    /// Goes on from there.
    pub fn recall(&mut self, memory: &OccasionsMemory) {
        let known = |(sum, at, since, count): (f64, u64, Option<u64>, u32)| Fading {
            sum,
            at: StreamTime::from_ticks(at),
            since: since.map(StreamTime::from_ticks),
            count,
        };
        let [breath, crying, words, turns] = memory.0.map(known);
        *self = Self {
            breath,
            crying,
            words,
            turns,
            taken: None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> StreamTime {
        StreamTime::from_seconds(seconds)
    }

    fn marker(kind: MarkerKind, seconds: f64) -> Marker {
        Marker {
            at: at(seconds),
            kind,
            from: at(seconds - 1.0),
            to: at(seconds),
            confidence: 1.0,
        }
    }

    #[test]
    fn breath_and_crying_together_are_four_times_one_and_fade() {
        let mut occasions = Occasions::default();
        assert_eq!(occasions.sounds(at(5.0)), Weighed::default());
        occasions.marker(&marker(MarkerKind::Sigh, 10.0));
        occasions.marker(&marker(MarkerKind::Sigh, 10.0));
        assert_eq!(occasions.sounds(at(10.0)).weight, 1.0);
        occasions.marker(&marker(MarkerKind::Cry, 10.0));
        let both = occasions.sounds(at(10.0));
        assert_eq!((both.weight, both.since), (4.0, Some(at(9.0))));
        let later = occasions.sounds(at(10.0 + FADES_S)).weight;
        assert!((later - 4.0 / 1f64.exp()).abs() < 1e-12, "{later}");
        assert_eq!(occasions.counts(), [2, 1, 0, 0]);
        assert_eq!(occasions.words(at(10.0)).weight, 0.0);
    }

    #[test]
    fn angry_words_add_up_to_a_bound_and_what_has_faded_begins_anew() {
        let mut occasions = Occasions::default();
        for _ in 0..5 {
            occasions.marker(&marker(MarkerKind::AngerWords, 20.0));
        }
        assert_eq!(occasions.words(at(20.0)).weight, MOST);
        occasions.marker(&marker(MarkerKind::AngerWords, 500.0));
        let anew = occasions.words(at(500.0));
        assert!((anew.weight - 1.0).abs() < 0.01 && anew.since == Some(at(499.0)));
        assert_eq!(occasions.counts()[2], 1);
    }

    #[test]
    fn only_new_interruptions_count_and_a_memory_counts_none_twice() {
        let mut occasions = Occasions::default();
        // What came before the first look has been there for long.
        occasions.turns(4, 0, at(30.0));
        assert_eq!(occasions.turn_taking(at(30.0)).weight, 0.0);
        occasions.turns(5, 1, at(31.0));
        assert_eq!(occasions.turn_taking(at(31.0)).weight, 1.5);
        let memory = occasions.memory();
        memory.check().unwrap();
        let mut again = Occasions::default();
        again.recall(&memory);
        again.turns(5, 1, at(31.0));
        assert_eq!(again.turn_taking(at(31.0)).weight, 1.5);
        assert_eq!(again.memory(), memory);
    }
}
