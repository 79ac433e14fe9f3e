//! One made-up call that the writers' tests share.

use super::record::Run;
use crate::decision::{Escalation, Evidence, Reason, Trigger};
use crate::engine::{Event, LineChange, Summary};
use crate::features::Occupant;
use crate::model::{Affect, Reading};
use crate::trajectory::{Marker, MarkerKind, Point, Trend};
use crate::units::StreamTime;

pub(crate) fn run() -> Run {
    Run {
        model: "prosody-v1".into(),
        model_sha256: "ab".repeat(32),
        config_sha256: "cd".repeat(32),
        backend: "embedded".into(),
        notice: "for research".into(),
        labels: vec!["neutral".into(), "anger".into()],
        many: false,
        written: None,
    }
}

pub(crate) fn events() -> Vec<Event> {
    let mut events = vec![Event::Affect(Affect {
        at: StreamTime::from_seconds(2.0),
        reading: Reading {
            arousal: 0.35,
            anger: 0.123_456,
            distress: 0.2,
            confidence: 0.9,
            classes: [0.7, 0.3].into_iter().collect(),
        },
    })];
    for quarter in 8..240_u32 {
        let seconds = f64::from(quarter) / 4.0;
        let falling = seconds > 41.0;
        let sentiment = if falling {
            0.1 - 0.04 * (seconds - 41.0)
        } else {
            0.1
        };
        events.push(Event::Point(Point {
            at: StreamTime::from_seconds(seconds),
            sentiment: sentiment as f32,
            slope_per_min: if falling { -2.4 } else { -0.2 },
            slope_sd: 0.05,
            sentiment_sd: 0.1,
            level_sd: if falling { -3.0 } else { -0.4 },
            evidence: crate::trajectory::PointEvidence::default(),
            trend: if falling {
                Trend::Falling
            } else {
                Trend::Steady
            },
        }));
    }
    events.push(Event::Marker(Marker {
        at: StreamTime::from_seconds(13.0),
        kind: MarkerKind::Hesitation,
        from: StreamTime::from_seconds(12.3),
        to: StreamTime::from_seconds(13.0),
        confidence: 0.71,
    }));
    events.push(Event::Gap {
        at: StreamTime::from_seconds(30.0),
        samples: 160,
    });
    for (at_s, occupant, band_hz) in [
        (1.5, Occupant::Voice, 0.0),
        (31.0, Occupant::Music, 3_500.0),
        (35.0, Occupant::Dtmf(b'5'), 3_500.0),
    ] {
        events.push(Event::Line(LineChange {
            at: StreamTime::from_seconds(at_s),
            occupant,
            band_hz,
        }));
    }
    events.push(Event::Escalation(escalation()));
    events
}

pub(crate) fn escalation() -> Escalation {
    let evidence = |feature, unit, baseline, now, sd| Evidence {
        feature,
        unit,
        baseline,
        now,
        sd,
    };
    Escalation {
        at: StreamTime::from_seconds(58.2),
        trigger: Trigger::Sentiment,
        reason: Reason::Trend,
        onset: StreamTime::from_seconds(41.0),
        evidence: [
            evidence("f0", "Hz", 182.0, 243.0, 3.2),
            evidence("level", "dBFS", -27.4, -20.1, 2.6),
            evidence("pace", "syll/s", 4.1, 5.4, 1.9),
        ]
        .into_iter()
        .collect(),
        confidence: 0.93,
        phrase: None,
        intent: None,
    }
}

pub(crate) fn summary() -> Summary {
    Summary {
        duration_s: 60.0,
        speech_s: 41.5,
        talk_share: 0.69,
        pace_sps: 4.3,
        articulation_sps: 5.1,
        pauses: 14,
        pause_mean_s: 0.52,
        pause_share: 0.12,
        f0_median_hz: 196.0,
        f0_p10_hz: 160.0,
        f0_p90_hz: 251.0,
        active_level_dbfs: -23.4,
        noise_floor_dbfs: -61.0,
        worst_sentiment: Some(-0.63),
        worst_at_s: Some(59.5),
        escalations: 1,
        heard_sha256: Some("ef".repeat(32)),
        ..Summary::default()
    }
}
