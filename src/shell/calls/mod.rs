//! Recorded calls, with or without truth, heard for figures.
//!
//! Takes: recordings, the truth beside each (`NAME.json`), the dialogue beside each (`NAME.jsonl`).
//! Gives: what the decision saw and did in each, and what it would have done at other thresholds.
//! Remembers: one trace a call: four numbers a reading.
//! Source: thresholds for a wanted rate of false alarms are order statistics of the peaks.

mod alarms;
mod calibrate;
mod held_out;
mod trace;
mod truth;

pub use alarms::{Detector, alarms};
pub use calibrate::{Calibration, calibrate, is_heard};
pub use trace::{Decided, Heard, Step, hear};
pub use truth::{Truth, Utterance};
