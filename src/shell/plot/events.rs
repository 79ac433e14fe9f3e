//! The lane above the panels: escalations and markers by name, without overlaps.

use super::data::PlotData;
use super::{font, palette};
use crate::shell::output::clock;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Height of one row of labels, in pixels.
const ROW: i32 = 18;
/// Rows in the lane.
const ROWS: usize = 3;
/// Height of the lane, in pixels.
pub const HEIGHT: i32 = ROW * ROWS as i32 + 6;
const FONT_SIZE: i32 = 15;
/// Free pixels between two labels.
const SPACE: i32 = 10;

/// One label: the pixels it wants to start at, its text and its colour.
struct Label {
    at: i32,
    text: String,
    colour: RGBColor,
}

/// Writes the labels into `area`, whose time axis runs from pixel `left` to pixel `right`.
pub fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    data: &PlotData,
    left: i32,
    right: i32,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let pixel = |seconds: f64| {
        let share = (seconds / data.duration_s.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        left + (share * f64::from(right - left)) as i32
    };
    let escalations = data.escalations.iter().map(|mark| Label {
        at: pixel(mark.at_s),
        text: format!(
            "ESCALATE {}  {} (since {})",
            clock::tenths(mark.at_s),
            mark.label,
            clock::tenths(mark.onset_s)
        ),
        colour: palette::ALARM,
    });
    let markers = data.markers.iter().map(|span| Label {
        at: pixel(span.from_s),
        text: span.label.replace('_', " "),
        colour: palette::MARKER,
    });
    // Escalations first: where the lane is full it is a marker that stays unnamed.
    let labels: Vec<Label> = escalations.chain(markers).collect();
    let mut extents = Vec::with_capacity(labels.len());
    for label in &labels {
        let (width, _) = area.estimate_text_size(&label.text, &style(label.colour))?;
        let width = width as i32;
        // A label near the right edge ends there instead of being cut.
        let from = label.at.min(right - width).max(0);
        extents.push((from, from + width));
    }
    for ((label, extent), row) in labels.iter().zip(&extents).zip(rows(&extents)) {
        if let Some(row) = row {
            let middle = 4 + ROW * row as i32 + ROW / 2;
            area.draw_text(&label.text, &style(label.colour), (extent.0, middle))?;
        }
    }
    Ok(())
}

fn style(colour: RGBColor) -> TextStyle<'static> {
    (font::FAMILY, FONT_SIZE)
        .into_font()
        .color(&colour)
        .pos(Pos::new(HPos::Left, VPos::Center))
}

/// The first row in which each extent is free, in the order given; none where all are taken.
fn rows(extents: &[(i32, i32)]) -> Vec<Option<usize>> {
    let mut taken: Vec<Vec<(i32, i32)>> = vec![Vec::new(); ROWS];
    let mut place = |&(from, to): &(i32, i32)| {
        let free = |row: &Vec<(i32, i32)>| {
            row.iter()
                .all(|&(start, end)| to + SPACE <= start || end + SPACE <= from)
        };
        let row = taken.iter().position(free)?;
        taken[row].push((from, to));
        Some(row)
    };
    extents.iter().map(&mut place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_never_overlap_and_the_surplus_is_dropped() {
        let extents = [(0, 100), (50, 150), (60, 160), (70, 170), (120, 200)];
        assert_eq!(rows(&extents), [Some(0), Some(1), Some(2), None, Some(0)]);
    }
}
