//! Writes the pages as a server would give them, for the browser test and for pictures.
//!
//!     cargo run --release --example screen_pages -- PAYLOAD.json FOLDER
#![allow(clippy::disallowed_methods)]

use std::error::Error;
use std::fs;
use std::path::Path;
use undertone::decision::Trigger;
use undertone::handoff::{Channel, Failure, HandoffPayload, Stage};
use undertone::shell::screen::{self, Live, TransferView, WallCall};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(payload), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("give a payload and a folder".into());
    };
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("assets"))?;
    for asset in screen::assets() {
        fs::write(folder.join("assets").join(&asset.name), asset.body)?;
    }
    fs::write(folder.join("policy"), screen::CONTENT_SECURITY_POLICY)?;

    let mut payload: HandoffPayload = serde_json::from_slice(&fs::read(payload)?)?;
    let live = Live {
        events_url: Some("/events"),
        fragment_url: Some("/fragment"),
        refresh_url: Some("/pop"),
    };
    let at = |stage, elapsed_ms| TransferView {
        stage,
        failure: None,
        attempt: 1,
        elapsed_ms,
        queue_estimate_s: Some(20.0),
        late: stage == Stage::Ringing,
    };
    let page = screen::pop(&payload, Some(&at(Stage::Initiated, 400)), live);
    fs::write(folder.join("pop.html"), page)?;
    let mut ringing = at(Stage::Ringing, 3_100);
    ringing.late = false;
    ringing.queue_estimate_s = None;
    let page = screen::pop(&payload, Some(&ringing), live);
    fs::write(folder.join("pop-ringing.html"), page)?;
    // Meanwhile the agent goes on talking, and takes its suggestion back.
    payload.suggested_next_action = None;
    if let Some(turns) = &mut payload.transcript
        && let Some(last) = turns.last().cloned()
    {
        turns.push(last);
    }
    payload.complete();
    let fragment = screen::pop_fragment(&payload, Some(&at(Stage::Ringing, 6_200)));
    fs::write(folder.join("pop.fragment.html"), fragment)?;

    for count in [0, 12, 300] {
        let calls: Vec<WallCall> = (0..count).map(call).collect();
        let live = Live {
            events_url: Some("/events"),
            fragment_url: Some("/fragment"),
            refresh_url: Some("/wall"),
        };
        fs::write(
            folder.join(format!("wall-{count}.html")),
            screen::wall(&calls, live),
        )?;
        let later: Vec<WallCall> = (1..=count).map(call).collect();
        let fragment = screen::wall_fragment(&later);
        fs::write(folder.join(format!("wall-{count}.fragment.html")), fragment)?;
    }
    Ok(())
}

/// A call that is made up, and different for each `n`.
fn call(n: u32) -> WallCall {
    let phase = f64::from(n) * 1.7;
    let falls = f64::from(n % 5) / 4.0;
    let point = |k: u32| {
        let t = f64::from(k) / 39.0;
        let value = 0.35 + 0.12 * (phase + f64::from(k) * 0.7).sin() - 1.3 * falls * t * t;
        [f64::from(k) * 4.0, value.max(-0.98)]
    };
    let points: Vec<[f64; 2]> = (0..40).map(point).collect();
    let now = points[39][1] as f32;
    let (stage, failure) = match n % 11 {
        1 => (Some(Stage::Ringing), None),
        4 => (Some(Stage::Initiated), None),
        9 if n % 2 == 1 => (Some(Stage::Failed), Some(Failure::NoAnswer)),
        _ => (None, None),
    };
    let waited = f64::from(n * 7 % 40) + 3.0;
    WallCall {
        id: format!("call-{n}"),
        href: Some(format!("/screen/call-{n}")),
        caller: (n % 6 != 2).then(|| format!("+49 ••• ••{:02}", n * 37 % 100)),
        channel: match n % 7 {
            5 => Channel::Chat,
            _ => Channel::Voice,
        },
        elapsed_s: 30.0 + f64::from(n * 53 % 700),
        now: Some(now),
        slope_per_min: Some((-1.9 * falls) as f32),
        points,
        trend: None,
        trigger: stage.map(|_| match n % 3 {
            0 => Trigger::Sentiment,
            1 => Trigger::LowConfidence,
            _ => Trigger::ExplicitRequest,
        }),
        transfer: stage.map(|stage| TransferView {
            stage,
            failure,
            attempt: 1 + n % 2,
            elapsed_ms: (waited * 1000.0) as u64,
            queue_estimate_s: None,
            late: waited > 30.0,
        }),
        waiting_s: stage.map(|_| waited),
        budget_s: Some(30.0),
    }
}
