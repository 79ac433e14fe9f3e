//! Stand-ins for rooms that are not merged yet. The merge deletes this file.

pub mod config {
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct EngineConfig {
        pub min_speech_s: f32,
        pub cool_down_s: f32,
    }

    impl Default for EngineConfig {
        fn default() -> Self {
            Self {
                min_speech_s: 5.0,
                cool_down_s: 60.0,
            }
        }
    }
}

pub mod engine {
    use super::config::EngineConfig;
    use crate::decision::escalation::Escalation;
    use crate::error::{BuildError, PushError};
    use crate::model::{Affect, AffectModel, ModelCard};
    use crate::trajectory::{Marker, Point};
    use crate::units::StreamTime;
    use serde::Serialize;

    #[derive(Clone, Debug, PartialEq)]
    pub enum Event {
        Affect(Affect),
        Point(Point),
        Marker(Marker),
        Escalation(Escalation),
        Gap { at: StreamTime, samples: u32 },
    }

    pub struct Engine {
        rate: u32,
        heard: u64,
    }

    impl Engine {
        pub fn new(_: &EngineConfig, source_rate: u32, _: &ModelCard) -> Result<Self, BuildError> {
            Ok(Self {
                rate: source_rate,
                heard: 0,
            })
        }

        pub fn feed(
            &mut self,
            samples: &[f32],
            _model: &mut dyn AffectModel,
            _sink: impl FnMut(Event),
        ) -> Result<(), PushError> {
            self.heard += samples.len() as u64;
            Ok(())
        }

        pub fn feed_agent(&mut self, _samples: &[f32]) {}

        pub fn finish(
            &mut self,
            _model: &mut dyn AffectModel,
            _sink: impl FnMut(Event),
        ) -> Result<(), PushError> {
            Ok(())
        }

        pub fn summary(&self) -> Summary {
            Summary {
                duration_s: self.heard as f32 / self.rate as f32,
                ..Summary::default()
            }
        }
    }

    #[derive(Clone, Debug, Default, Serialize)]
    pub struct Summary {
        pub duration_s: f32,
        pub speech_s: f32,
        pub talk_share: f32,
        pub pace_sps: f32,
        pub articulation_sps: f32,
        pub pauses: u32,
        pub pause_mean_s: f32,
        pub pause_share: f32,
        pub f0_median_hz: f32,
        pub f0_p10_hz: f32,
        pub f0_p90_hz: f32,
        pub active_level_dbfs: f32,
        pub noise_floor_dbfs: f32,
        pub worst_sentiment: Option<f32>,
        pub worst_at_s: Option<f32>,
        pub escalations: u32,
        pub notes: Vec<String>,
    }
}
