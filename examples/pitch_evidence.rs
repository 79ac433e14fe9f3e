//! What the pitch decision rests on, frame by frame, for `models/training/pitch.py`.
//!
//!     pitch_evidence RATE < samples.f32 > rows.f32
//!
//! Mono f32 samples in, little endian; rows of 10 ms out: the fundamentals of eight candidates
//! (Hz, 0 where there is none), the evidence of the frame, then that of each candidate.

use std::io::{Read, Write};
use undertone::audio::Hops;
use undertone::features::Extractor;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rate = std::env::args()
        .nth(1)
        .ok_or("usage: pitch_evidence RATE < samples > rows")?;
    let mut hops = Hops::new(rate.parse()?)?;
    let mut extractor = Extractor::new(hops.rate());
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    let samples: Vec<f32> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .collect();
    let mut rows = Vec::new();
    let mut row = |values: &[f32]| values.iter().for_each(|v| rows.extend(v.to_le_bytes()));
    let mut at = 0;
    let mut heard = 0;
    while at < samples.len() {
        at += hops.fill(&samples[at..], false);
        while let Some(hop) = hops.take() {
            extractor.push(hop);
            heard += 1;
            // The windows of the first frame are full when two hops more were heard.
            if heard > 2 {
                let evidence = extractor.pitch_evidence();
                row(&evidence.f0_hz);
                row(&evidence.frame);
                evidence
                    .candidates
                    .iter()
                    .for_each(|candidate| row(candidate));
            }
        }
    }
    std::io::stdout().write_all(&rows)?;
    Ok(())
}
