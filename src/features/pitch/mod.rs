//! Pitch and voicing.
//!
//! - **Takes** 46 ms of samples every 10 ms.
//! - **Gives** the fundamental, or "unvoiced", of the frame [`PATH_LAG`] before.
//! - **Remembers** the paths of the last frames, the recent peak and the noise floor.
//! - **Source**: Boersma 1993 (peaks, path); Bourlard & Morgan 1994 (odds from a network).

mod evidence;
mod path;
mod peaks;
mod weights;

pub use evidence::{CANDIDATE_EVIDENCE, CandidateEvidence, FRAME_EVIDENCE, FrameEvidence};
pub use path::{Decision, PATH_LAG};

use evidence::{Evidence, unvoiced_strength, voiced_strength};
use path::{Candidate, Candidates, PitchPath};
use peaks::{CANDIDATES, PeakAnalysis};

/// The evidence of one frame, as the weights are trained on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct PitchEvidence {
    /// Of the frame.
    pub frame: FrameEvidence,
    /// Fundamentals of the candidates, Hz; 0 where there is none.
    pub f0_hz: [f32; CANDIDATES],
    /// Of each candidate.
    pub candidates: [CandidateEvidence; CANDIDATES],
}

/// Follows one caller's pitch.
pub struct PitchTracker {
    peaks: PeakAnalysis,
    evidence: Evidence,
    path: PitchPath,
    last: PitchEvidence,
}

impl PitchTracker {
    pub fn new(rate: u32) -> Self {
        Self {
            peaks: PeakAnalysis::new(rate),
            evidence: Evidence::new(),
            path: PitchPath::new(),
            last: PitchEvidence::default(),
        }
    }

    /// Length of the window, samples.
    pub fn window_len(&self) -> usize {
        self.peaks.window_len()
    }

    /// The autocorrelation of the newest window, lag 0 first: 1 at lag 0.
    pub fn lags(&self) -> &[f32] {
        self.peaks.lags()
    }

    /// What the newest frame's decision will rest on.
    pub fn evidence(&self) -> &PitchEvidence {
        &self.last
    }

    /// Takes the next window. Gives the height of its highest peak, 0..1, and the decision about
    /// the window [`PATH_LAG`] before it, once there is one.
    pub fn push(&mut self, samples: &[f32]) -> (f32, Option<Decision>) {
        let (window, peaks) = self.peaks.analyse(samples);
        let (frame, candidates) = self.evidence.weigh(&window, &peaks);
        let mut f0_hz = [0.0; CANDIDATES];
        let mut states = Candidates::new();
        for ((to, peak), evidence) in f0_hz.iter_mut().zip(&peaks).zip(&candidates) {
            *to = peak.f0_hz;
            states.push(Candidate {
                f0_hz: peak.f0_hz,
                height: peak.height,
                strength: voiced_strength(evidence),
            });
        }
        let decision = self.path.push(&states, unvoiced_strength(&frame));
        let height = peaks.iter().map(|peak| peak.height).fold(0.0, f32::max);
        self.last = PitchEvidence {
            frame,
            f0_hz,
            candidates,
        };
        (height, decision)
    }
}
