//! Stand-ins for rooms that are not merged yet. The merge deletes this file.

pub mod audio {
    pub mod block {
        pub enum PcmBlock<'a> {
            Samples(&'a [f32]),
            Gap { samples: u32 },
        }
    }
}


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

pub mod model {
    pub struct ModelCard {
        pub name: String,
        pub labels: Vec<String>,
    }
    pub trait AffectModel {}
}

pub mod table {
    use crate::features::frame::FeatureFrame;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Kind {
        Real,
        Flag,
        Count,
    }

    pub struct Column {
        pub name: &'static str,
        pub unit: &'static str,
        pub window_ms: u16,
        pub kind: Kind,
        pub source: &'static str,
        pub description: &'static str,
        pub get: fn(&FeatureFrame) -> f32,
    }

    const fn real(
        name: &'static str,
        unit: &'static str,
        get: fn(&FeatureFrame) -> f32,
    ) -> Column {
        Column {
            name,
            unit,
            window_ms: 30,
            kind: Kind::Real,
            source: "stand-in",
            description: "A measured quantity, described at some length here",
            get,
        }
    }

    pub const COLUMNS: &[Column] = &[
        real("time_s", "s", |f| f.at.seconds() as f32),
        real("f0_hz", "Hz", |f| f.f0_hz),
        Column {
            kind: Kind::Flag,
            ..real("voiced", "flag", |f| f32::from(f.voiced))
        },
        real("voicing", "0..1", |f| f.voicing),
        Column {
            kind: Kind::Flag,
            ..real("speech", "flag", |f| f32::from(f.speech))
        },
        real("level_db", "dBFS", |f| f.level_db),
        real("pace_sps", "syllables/s", |f| f.pace_sps),
        real("hnr_db", "dB", |f| f.hnr_db),
        real("jitter", "ratio", |f| f.jitter),
        real("shimmer", "ratio", |f| f.shimmer),
        real("spectral_tilt_db", "dB/octave", |f| f.spectral_tilt_db),
        Column {
            kind: Kind::Count,
            ..real("pauses", "count", |f| f.pauses as f32)
        },
    ];
}

pub mod stream {}

pub mod engine {
    use crate::decision::escalation::Escalation;
    use crate::model::affect::Affect;
    use crate::trajectory::{marker::Marker, point::Point};
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
