//! Sounds that are formulas: each fires its own detector and no other.

use proptest::prelude::*;
use std::f64::consts::TAU;
use undertone::features::Sounds;
use undertone::{FeatureStream, PcmBlock};

const RATE: f64 = 8_000.0;
const NAMES: [&str; 6] = ["cry", "sob", "scream", "sigh", "laugh", "cough"];

/// White noise in -1..1, the same every time.
fn noise(seed: u32) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 23) - 1.0
    }
}

/// `seconds` of `sound(t)` with 0.8 s of a quiet line before and after it.
fn line(seconds: f64, mut sound: impl FnMut(f64) -> f64) -> Vec<f32> {
    let mut hiss = noise(7);
    (0..((seconds + 1.6) * RATE) as usize)
        .map(|i| {
            let t = i as f64 / RATE - 0.8;
            let heard = if (0.0..seconds).contains(&t) {
                sound(t)
            } else {
                0.0
            };
            (heard + 1e-3 * hiss()) as f32
        })
        .collect()
}

/// Harmonics under 3.4 kHz of a fundamental that is a function of time, falling as 1/h^`slope`.
fn voice(f0: impl Fn(f64) -> f64, slope: f64) -> impl FnMut(f64) -> f64 {
    let mut phase = 0.0;
    move |t| {
        phase += f0(t) / RATE;
        (1..=(3_400.0 / f0(t)) as i32)
            .map(|h| (TAU * phase * f64::from(h)).sin() / f64::from(h).powf(slope))
            .sum::<f64>()
            * 0.15
    }
}

/// Up within `attack`, then down by half every `half_life`.
fn decay(t: f64, attack: f64, half_life: f64) -> f64 {
    (t / attack).min(1.0) * (-(t - attack).max(0.0) / half_life).exp2()
}

fn sigh() -> Vec<f32> {
    let mut white = noise(3);
    line(1.4, |t| 0.1 * decay(t, 0.15, 0.25) * white())
}

fn scream() -> Vec<f32> {
    let mut high = voice(|t| 1_200.0 + 300.0 * (TAU * 0.7 * t).sin(), 0.0);
    line(1.5, |t| high(t) * (t / 0.05).min(1.0))
}

fn laugh() -> Vec<f32> {
    let mut ha = voice(|t| 290.0 - 40.0 * t, 0.7);
    // Nine notes of which each fills two fifths of its fifth of a second.
    line(1.8, |t| ha(t) * (TAU * 5.0 * t).sin().max(0.0).powi(2))
}

fn cough() -> Vec<f32> {
    let mut white = noise(11);
    let bark = |t: f64| if t < 0.0 { 0.0 } else { decay(t, 0.01, 0.08) };
    line(1.2, |t| 0.4 * white() * (bark(t) + 0.7 * bark(t - 0.65)))
}

fn cry() -> Vec<f32> {
    let mut wail = voice(|t| 350.0 + 60.0 * (TAU * 1.2 * t).sin(), 1.0);
    // The voice breaks off for a tenth of a second after every 0.8 s.
    line(2.7, |t| wail(t) * if t % 0.9 < 0.8 { 1.0 } else { 0.0 })
}

fn sob() -> Vec<f32> {
    let mut high = voice(|t| 330.0 - 60.0 * (t % 0.55), 1.0);
    line(3.3, |t| high(t) * decay(t % 0.55, 0.03, 0.04))
}

/// Syllables of uneven length, vowel and pitch, each with a fricative before it.
fn speech() -> Vec<f32> {
    let lengths = [0.17, 0.29, 0.21, 0.38, 0.14, 0.25, 0.33, 0.19];
    let starts: Vec<f64> = (0..24)
        .scan(0.0, |at, i| {
            let start = *at;
            *at += lengths[i * 5 % 8];
            Some(start)
        })
        .collect();
    let mut white = noise(5);
    let mut phase = 0.0;
    line(5.5, |t| {
        let syllable = starts.iter().rposition(|s| *s <= t).unwrap();
        let into = t - starts[syllable];
        phase += (120.0 + 12.0 * (syllable % 5) as f64 - 60.0 * into) / RATE;
        let formant = 350.0 + 150.0 * (syllable * 3 % 7) as f64;
        if into < 0.06 {
            return 0.02 * white();
        }
        (3..=25)
            .map(|h| {
                let hz = 130.0 * f64::from(h);
                let near = 1.0 / (1.0 + ((hz - formant) / 150.0).powi(2));
                (TAU * phase * f64::from(h)).sin() * (near + 0.03)
            })
            .sum::<f64>()
            * 0.1
    })
}

fn evidence(samples: &[f32], block: usize) -> Vec<Sounds> {
    let mut stream = FeatureStream::new(RATE as u32).unwrap();
    let mut found = Vec::new();
    for block in samples.chunks(block) {
        stream.push(PcmBlock::Samples(block), |f| found.push(f.sounds));
    }
    stream.finish(|f| found.push(f.sounds));
    found
}

/// The highest evidence of each sound, in the order of [`NAMES`].
fn peaks(samples: &[f32]) -> [f32; 6] {
    evidence(samples, 160).iter().fold([0.0; 6], |peaks, s| {
        let now = [s.cry, s.sob, s.scream, s.sigh, s.laugh, s.cough];
        std::array::from_fn(|i| peaks[i].max(now[i]))
    })
}

fn fires_alone(samples: &[f32], name: &str) {
    let peaks = peaks(samples);
    for (other, peak) in NAMES.iter().zip(peaks) {
        let fires = peak >= 0.5;
        assert_eq!(
            fires,
            *other == name,
            "{other} for {name}: {NAMES:?} {peaks:?}"
        );
    }
}

#[test]
fn a_wailing_high_voice_is_crying() {
    fires_alone(&cry(), "cry");
}

#[test]
fn slow_high_bursts_are_sobbing() {
    fires_alone(&sob(), "sob");
}

#[test]
fn a_bright_pitch_over_500_hz_is_a_scream() {
    fires_alone(&scream(), "scream");
}

#[test]
fn one_long_smooth_noise_is_a_sigh() {
    fires_alone(&sigh(), "sigh");
}

#[test]
fn five_even_notes_a_second_are_laughter() {
    fires_alone(&laugh(), "laugh");
}

#[test]
fn short_explosions_of_noise_are_coughs() {
    fires_alone(&cough(), "cough");
}

#[test]
fn of_a_rattle_only_the_first_blow_can_be_a_cough() {
    let mut white = noise(11);
    let rattle = line(3.0, |t| 0.4 * white() * decay(t % 0.3, 0.01, 0.05));
    let coughs: Vec<bool> = evidence(&rattle, 160)
        .iter()
        .map(|s| s.cough >= 0.5)
        .collect();
    let begun = coughs.windows(2).filter(|pair| !pair[0] && pair[1]).count();
    assert_eq!(begun, 1);
}

#[test]
fn speech_silence_and_a_noisy_line_are_none_of_them() {
    fires_alone(&speech(), "none");
    fires_alone(&vec![0.0; 40_000], "none");
    let mut white = noise(13);
    fires_alone(&line(10.0, |_| 0.05 * white())[8_000..80_000], "none");
}

#[test]
fn a_high_pitch_is_seen_at_sixteen_kilohertz_too() {
    let mut stream = FeatureStream::new(16_000).unwrap();
    let mut best: f32 = 0.0;
    let mut hiss = noise(7);
    let samples: Vec<f32> = (0..32_000)
        .map(|i| {
            let t = f64::from(i) / 16_000.0;
            let harmonics = (1..=3).map(|h| (TAU * 700.0 * f64::from(h) * t).sin());
            let scream = if t > 0.5 {
                0.2 * harmonics.sum::<f64>()
            } else {
                0.0
            };
            (scream + 1e-3 * hiss()) as f32
        })
        .collect();
    stream.push(PcmBlock::Samples(&samples), |f| {
        best = best.max(f.sounds.scream)
    });
    assert_eq!(best, 1.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn gain_and_block_size_do_not_matter(gain_db in -20.0f32..6.0, block in 1usize..700) {
        let gain = 10f32.powf(gain_db / 20.0);
        for sound in [cry(), sob(), scream(), sigh(), laugh(), cough(), speech()] {
            let whole = evidence(&sound, sound.len());
            prop_assert_eq!(&whole, &evidence(&sound, block));
            let scaled: Vec<f32> = sound.iter().map(|x| x * gain).collect();
            for (a, b) in peaks(&sound).iter().zip(peaks(&scaled)) {
                prop_assert!((a - b).abs() < 0.03, "{} {} at {} dB", a, b, gain_db);
            }
        }
    }
}
