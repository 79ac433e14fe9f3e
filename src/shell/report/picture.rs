//! The report as a picture: which triggers decided, and how long each stage took against its budget.

use super::seed::ALARM;
use super::{Report, StageTimes};
use crate::decision::Trigger;
use crate::shell::error::ShellError;
use crate::shell::plot::{self, Drawing, Drawn, font, palette};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::path::Path;

/// The triggers, in the order of their rows.
const TRIGGERS: [Trigger; 5] = [
    Trigger::ExplicitRequest,
    Trigger::Sentiment,
    Trigger::LowConfidence,
    Trigger::PolicyIntent,
    Trigger::FailedTurns,
];
/// From where to where the seconds go, by powers of ten.
const SECONDS: [f64; 5] = [0.01, 0.1, 1.0, 10.0, 100.0];
const BAR: RGBColor = palette::PITCH;
const TITLE: i32 = 30;
const FIRST_ROW: i32 = 82;
const ROW: i32 = 46;
const LEFT: i32 = 150;
const RIGHT: i32 = 30;

/// Draws `report` into `path`.
///
/// # Errors
/// The file cannot be written, or its ending is no picture's.
pub fn write(path: &Path, report: &Report) -> Result<(), ShellError> {
    plot::write(path, report)
}

impl Drawing for Report {
    const SIZE: (u32, u32) = (1200, 360);

    fn draw<DB: DrawingBackend>(&self, root: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        root.fill(&WHITE)?;
        let (left, right) = root.split_horizontally(560);
        mix(&left, self)?;
        times(&right, &self.transfers.stages)
    }
}

/// One bar a trigger, and the line of the alarm.
fn mix<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, report: &Report) -> Drawn<DB> {
    let at = |share: f64| place(area, share);
    let title = format!("which trigger decided ({} escalations)", report.escalations);
    area.draw_text(
        &title,
        &font::text(17, palette::INK, HPos::Left),
        (LEFT, TITLE),
    )?;
    let bottom = FIRST_ROW + ROW * TRIGGERS.len() as i32;
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        rule(area, at(share), bottom, palette::GRID)?;
        let label = format!("{:.0} %", share * 100.0);
        area.draw_text(
            &label,
            &font::text(13, palette::INK, HPos::Center),
            (at(share), bottom + 14),
        )?;
    }
    for (row, trigger) in (0..).zip(TRIGGERS) {
        let (name, y) = (trigger.name(), FIRST_ROW + ROW * row + ROW / 2);
        area.draw_text(
            name,
            &font::text(14, palette::INK, HPos::Right),
            (LEFT - 10, y),
        )?;
        let shares = report.triggers.iter().flat_map(|it| &it.shares);
        let Some(found) = { shares }.find(|it| it.trigger == name) else {
            continue;
        };
        let corners = [(LEFT, y - 12), (at(found.share.share), y + 12)];
        area.draw(&Rectangle::new(corners, BAR.filled()))?;
        let count = found.share.hits.to_string();
        // Beside the bar, but never out of the picture.
        let x = (at(found.share.share) + 6).min(at(1.0) - 24);
        area.draw_text(&count, &font::text(14, palette::INK, HPos::Left), (x, y))?;
    }
    rule(area, at(ALARM), bottom, palette::ALARM)?;
    let alarm = font::text(13, palette::ALARM, HPos::Center);
    area.draw_text("alarm", &alarm, (at(ALARM), FIRST_ROW - 12))
}

/// For each stage a line from the median to the 95th percentile, and marks of target and worst case.
fn times<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, stages: &[StageTimes]) -> Drawn<DB> {
    let title = "seconds: median to 95 %, against target and worst case";
    area.draw_text(
        title,
        &font::text(17, palette::INK, HPos::Left),
        (LEFT, TITLE),
    )?;
    let decades = (SECONDS[SECONDS.len() - 1] / SECONDS[0]).log10();
    let at = |seconds: f64| {
        let share = (seconds.max(SECONDS[0]) / SECONDS[0]).log10() / decades;
        place(area, share.min(1.0))
    };
    let bottom = FIRST_ROW + ROW * stages.len() as i32;
    for seconds in SECONDS {
        rule(area, at(seconds), bottom, palette::GRID)?;
        let label = seconds.to_string();
        area.draw_text(
            &label,
            &font::text(13, palette::INK, HPos::Center),
            (at(seconds), bottom + 14),
        )?;
    }
    for (row, stage) in (0..).zip(stages) {
        let y = FIRST_ROW + ROW * row + ROW / 2;
        let name = serde_json::to_value(stage.stage).unwrap_or_default();
        let name = name.as_str().unwrap_or_default();
        area.draw_text(
            name,
            &font::text(14, palette::INK, HPos::Right),
            (LEFT - 10, y),
        )?;
        for (bound, colour) in [
            (stage.target_s, palette::LEVEL),
            (stage.worst_s, palette::ALARM),
        ] {
            let mark = [(at(bound), y - 16), (at(bound), y + 16)];
            area.draw(&PathElement::new(mark, colour.stroke_width(3)))?;
        }
        let Some(times) = &stage.seconds else {
            area.draw_text(
                "no data",
                &font::text(13, palette::INK, HPos::Left),
                (LEFT + 6, y),
            )?;
            continue;
        };
        let line = [(at(times.p50), y), (at(times.p95), y)];
        area.draw(&PathElement::new(line, BAR.stroke_width(4)))?;
        area.draw(&Circle::new((at(times.p50), y), 6, BAR.filled()))?;
        area.draw(&Circle::new((at(times.p95), y), 4, BAR.filled()))?;
    }
    Ok(())
}

/// A share of the room beside the names, in pixels.
fn place<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, share: f64) -> i32 {
    let room = area.dim_in_pixel().0 as i32 - LEFT - RIGHT;
    LEFT + (share * f64::from(room)) as i32
}

fn rule<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    x: i32,
    bottom: i32,
    colour: RGBColor,
) -> Drawn<DB> {
    area.draw(&PathElement::new([(x, FIRST_ROW), (x, bottom)], colour))
}
