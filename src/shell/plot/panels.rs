//! Four panels on one time axis, under a lane of event names.

use super::data::{PlotData, Sentiment};
use super::{Drawing, Drawn, events, font, palette};
use crate::shell::output::clock;
use plotters::coord::Shift;
use plotters::coord::types::{RangedCoordf32, RangedCoordf64};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::ops::Range;

const TITLE: i32 = 34;
const AXIS: i32 = 46;
const LEFT: i32 = 84;
/// Room that turned text needs beside its own area.
const MARGIN: i32 = 14;
const RIGHT: i32 = 16;
const GAP: i32 = 8;
/// Shares of the height: waveform, pitch, level, trajectory.
const SHARES: [f64; 4] = [0.18, 0.24, 0.22, 0.36];
/// Most ticks on the time axis.
const TICKS: usize = 12;
/// Readings further apart than this have silence between them, s.
const SILENCE_S: f64 = 1.0;

type Chart<'a, DB> = ChartContext<'a, DB, Cartesian2d<RangedCoordf64, RangedCoordf32>>;

impl Drawing for PlotData {
    const SIZE: (u32, u32) = (1200, 900);

    fn draw<DB: DrawingBackend>(&self, root: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        draw(root, self)
    }
}

fn draw<DB: DrawingBackend>(root: &DrawingArea<DB, Shift>, data: &PlotData) -> Drawn<DB> {
    root.fill(&WHITE)?;
    let (wide, high) = root.dim_in_pixel();
    let (wide, high) = (wide as i32, high as i32);
    let heading = font::text(20, palette::INK, HPos::Left);
    root.draw_text(&data.title, &heading, (LEFT, TITLE / 2))?;
    let lane = root
        .clone()
        .shrink((0, TITLE), (wide as u32, events::HEIGHT as u32));
    events::draw(&lane, data, LEFT, wide - RIGHT)?;

    let top = TITLE + events::HEIGHT;
    let room = f64::from(high - top - AXIS - GAP * 3);
    let mut y = top;
    for (index, share) in SHARES.into_iter().enumerate() {
        let height = (room * share) as i32;
        let area = root.clone().shrink((0, y), (wide as u32, height as u32));
        match index {
            0 => waveform(&area, data)?,
            1 => pitch(&area, data)?,
            2 => level(&area, data)?,
            _ => trajectory(&area, data)?,
        }
        y += height + GAP;
    }
    time_axis(root, data, y - GAP, wide)
}

fn waveform<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, data: &PlotData) -> Drawn<DB> {
    let peak = data.waveform.iter().map(|(_, r)| r.low.abs().max(r.high));
    let peak = peak.fold(0.01, f32::max) * 1.05;
    let mut chart = panel(area, data, -peak..peak, "amplitude (FS)", 3)?;
    let bar = |&(t, r): &(f64, crate::shell::bins::Range)| {
        PathElement::new(vec![(t, r.low), (t, r.high)], palette::WAVE)
    };
    chart.draw_series(data.waveform.iter().map(bar))?;
    over(&mut chart, data, -peak..peak)
}

fn pitch<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, data: &PlotData) -> Drawn<DB> {
    let range = span(data.pitch.iter().map(|p| p.1), 100.0..300.0, 20.0);
    let mut chart = panel(area, data, range.clone(), "pitch (Hz)", 5)?;
    let dot = |&(t, hz): &(f64, f32)| Circle::new((t, hz), 2, palette::PITCH.filled());
    chart.draw_series(data.pitch.iter().map(dot))?;
    over(&mut chart, data, range)
}

fn level<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, data: &PlotData) -> Drawn<DB> {
    let both = data.level.iter().chain(&data.active_level).map(|p| p.1);
    let range = span(both, -60.0..0.0, 3.0);
    let mut chart = panel(area, data, range.clone(), "level (dBFS)", 5)?;
    chart.draw_series(LineSeries::new(data.level.iter().copied(), palette::LEVEL))?;
    // Piece by piece: joined, a thick line's mitres at steep turns would leave the panel.
    let piece = |pair: &[(f64, f32)]| PathElement::new(pair.to_vec(), palette::INK.stroke_width(2));
    chart.draw_series(data.active_level.windows(2).map(piece))?;
    over(&mut chart, data, range)?;
    legend(
        area,
        &[
            ("level", palette::LEVEL),
            ("active speech level", palette::INK),
        ],
    )
}

fn trajectory<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, data: &PlotData) -> Drawn<DB> {
    let range = -1.05_f32..1.05;
    let mut chart = panel(area, data, range.clone(), "sentiment", 5)?;
    let zero = [(0.0, 0.0), (data.duration_s, 0.0)];
    chart.draw_series([PathElement::new(zero, palette::STEADY.mix(0.5))])?;
    for run in runs(&data.trajectory) {
        let upper = run.iter().map(|(t, s)| (*t, (s.value + s.band).min(1.0)));
        let lower = run.iter().map(|(t, s)| (*t, (s.value - s.band).max(-1.0)));
        let band: Vec<_> = upper.chain(lower.rev()).collect();
        chart.draw_series([Polygon::new(band, palette::STEADY.mix(0.18))])?;
        // Each piece takes the colour of the point that it leads to.
        let piece = |pair: &[(f64, Sentiment)]| {
            let colour = palette::trend(pair[1].1.trend).stroke_width(3);
            PathElement::new(
                vec![(pair[0].0, pair[0].1.value), (pair[1].0, pair[1].1.value)],
                colour,
            )
        };
        chart.draw_series(run.windows(2).map(piece))?;
    }
    over(&mut chart, data, range)?;
    legend(
        area,
        &[
            ("steady", palette::STEADY),
            ("falling", palette::FALLING),
            ("rising", palette::RISING),
        ],
    )
}

/// A framed panel with its y axis; the time axis is common and drawn once.
fn panel<'a, DB: DrawingBackend + 'a>(
    area: &DrawingArea<DB, Shift>,
    data: &PlotData,
    range: Range<f32>,
    name: &str,
    labels: usize,
) -> Result<Chart<'a, DB>, DrawingAreaErrorKind<DB::ErrorType>> {
    let mut chart = ChartBuilder::on(area)
        .margin_right(RIGHT)
        .margin_left(MARGIN)
        .set_label_area_size(LabelAreaPosition::Left, LEFT - MARGIN)
        .build_cartesian_2d(0.0..data.duration_s.max(0.01), range.clone())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .light_line_style(TRANSPARENT)
        .bold_line_style(palette::GRID)
        .axis_style(palette::INK)
        .y_labels(labels)
        .y_label_formatter(&|value| number(*value))
        .y_desc(name)
        .axis_desc_style((font::FAMILY, 15).into_font().color(&palette::INK))
        .y_label_style((font::FAMILY, 14).into_font().color(&palette::INK))
        .draw()?;
    let lines = ticks(data.duration_s).map(|t| {
        let (low, high) = ((t, range.start), (t, range.end));
        PathElement::new(vec![low, high], palette::GRID)
    });
    chart.draw_series(lines)?;
    Ok(chart)
}

/// Markers as shaded spans; escalations as a line, dashed where the change began.
fn over<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    data: &PlotData,
    range: Range<f32>,
) -> Drawn<DB> {
    let (low, high) = (range.start, range.end);
    let span = |from: f64, to: f64, colour: RGBColor, share: f64| {
        Rectangle::new([(from, low), (to, high)], colour.mix(share).filled())
    };
    let markers = data.markers.iter();
    chart.draw_series(markers.map(|m| span(m.from_s, m.to_s, palette::MARKER, 0.25)))?;
    // On a long call a span is thinner than a pixel: its beginning is drawn as a line as well.
    let begins = data.markers.iter();
    chart.draw_series(begins.map(|m| {
        PathElement::new(
            [(m.from_s, low), (m.from_s, high)],
            palette::MARKER.mix(0.6),
        )
    }))?;
    for mark in &data.escalations {
        chart.draw_series([span(mark.onset_s, mark.at_s, palette::ALARM, 0.07)])?;
        let line = |t: f64| [(t, low), (t, high)];
        let onset = DashedLineSeries::new(line(mark.onset_s), 6, 4, palette::ALARM.stroke_width(2));
        chart.draw_series(onset)?;
        let decided = PathElement::new(line(mark.at_s), palette::ALARM.stroke_width(3));
        chart.draw_series([decided])?;
    }
    Ok(())
}

/// Names of colours, side by side in the panel's lower left corner.
fn legend<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    entries: &[(&str, RGBColor)],
) -> Drawn<DB> {
    let (_, high) = area.dim_in_pixel();
    let middle = high as i32 - 14;
    let mut x = LEFT + 10;
    for (name, colour) in entries {
        let style = font::text(14, palette::INK, HPos::Left);
        let (width, _) = area.estimate_text_size(name, &style)?;
        let (from, to) = ((x - 4, middle - 9), (x + 30 + width as i32, middle + 9));
        area.draw(&Rectangle::new([from, to], WHITE.mix(0.85).filled()))?;
        let stroke = vec![(x, middle), (x + 18, middle)];
        area.draw(&PathElement::new(stroke, colour.stroke_width(3)))?;
        area.draw_text(name, &style, (x + 24, middle))?;
        x += 24 + width as i32 + 20;
    }
    Ok(())
}

fn time_axis<DB: DrawingBackend>(
    root: &DrawingArea<DB, Shift>,
    data: &PlotData,
    y: i32,
    wide: i32,
) -> Drawn<DB> {
    let (left, right) = (LEFT, wide - RIGHT);
    let style = font::text(14, palette::INK, HPos::Center);
    for seconds in ticks(data.duration_s) {
        let share = seconds / data.duration_s.max(0.01);
        let x = left + (share * f64::from(right - left)) as i32;
        root.draw(&PathElement::new(vec![(x, y), (x, y + 5)], palette::INK))?;
        // The label of a tick at the very end would be cut in half.
        let x = x.min(wide - 26);
        root.draw_text(&clock::whole(seconds as u64), &style, (x, y + 14))?;
    }
    root.draw(&PathElement::new(vec![(left, y), (right, y)], palette::INK))?;
    let middle = (left + right) / 2;
    root.draw_text(
        "time since the first sample (min:s)",
        &style,
        (middle, y + 33),
    )
}

fn ticks(duration_s: f64) -> impl Iterator<Item = f64> {
    let step = clock::tick_step(duration_s, TICKS) as f64;
    (0..)
        .map(move |n| f64::from(n) * step)
        .take_while(move |t| *t <= duration_s)
}

/// A tick's value: whole where it is whole, with a true minus.
fn number(value: f32) -> String {
    let text = if value.fract().abs() < 1e-3 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    };
    text.replace('-', "\u{2212}")
}

/// From the smallest to the largest of `values` with `room` on both sides, or `otherwise`.
fn span(values: impl Iterator<Item = f32>, otherwise: Range<f32>, room: f32) -> Range<f32> {
    let finite = values.filter(|value| value.is_finite());
    let widen = |(low, high): (f32, f32), v: f32| (low.min(v), high.max(v));
    let (low, high) = finite.fold((f32::INFINITY, f32::NEG_INFINITY), widen);
    if low > high {
        return otherwise;
    }
    low - room..high + room
}

/// The trajectory cut where the caller was silent.
fn runs(points: &[(f64, Sentiment)]) -> impl Iterator<Item = &[(f64, Sentiment)]> {
    points.chunk_by(|before, after| after.0 - before.0 < SILENCE_S)
}
