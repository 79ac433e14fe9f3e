//! Two panels over the rate of false alarms: which share of the calls is found, and after how much speech.

use crate::shell::error::ShellError;
use crate::shell::plot::{self, Drawing, Drawn, Picture, font, palette};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

/// Okabe & Ito (2008).
const COLOURS: [RGBColor; 4] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
];
/// Pixels of a line in the legend.
const LEGEND_LINE: i32 = 18;
/// The rates shown, false alarms per call-hour.
const RATES: (f64, f64) = (0.05, 20.0);
/// The longest delay shown, s of speech.
const DELAY_S: f64 = 40.0;

/// One threshold, one scenario.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Over all calls.
    pub false_per_hour: f64,
    /// Share of the scenario's calls.
    pub detected: f64,
    /// Median, s of the caller's speech; none where more than half were missed.
    pub delay_s: Option<f64>,
}

/// Whether `path` can be a picture, before hours of work.
///
/// # Errors
/// An ending that is no picture's.
pub fn check(path: &Path) -> Result<(), ShellError> {
    Picture::of(path).map(|_| ())
}

/// Draws one line a scenario into `path`.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, scenarios: &[(String, Vec<Point>)]) -> Result<(), ShellError> {
    plot::write(path, &Scenarios(scenarios))
}

struct Scenarios<'a>(&'a [(String, Vec<Point>)]);

impl Drawing for Scenarios<'_> {
    const SIZE: (u32, u32) = (1200, 560);

    fn draw<DB: DrawingBackend>(&self, root: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        root.fill(&WHITE)?;
        let (left, right) = root.split_horizontally(600);
        let found = |point: &Point| Some(point.detected);
        self.panel(&left, "calls found", "share of the calls", 1.0, found)?;
        let late = |point: &Point| point.delay_s;
        self.panel(
            &right,
            "median delay, misses counted",
            "s of the caller's speech",
            DELAY_S,
            late,
        )
    }
}

impl Scenarios<'_> {
    fn panel<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        title: &str,
        unit: &str,
        most: f64,
        value: impl Fn(&Point) -> Option<f64>,
    ) -> Drawn<DB> {
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .caption(title, (font::FAMILY, 18).into_font().color(&palette::INK))
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d((RATES.0..RATES.1).log_scale(), 0.0..most)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(palette::GRID)
            .axis_style(palette::INK)
            .x_desc("false alarms per call-hour, all calls")
            .y_desc(unit)
            .axis_desc_style((font::FAMILY, 15).into_font().color(&palette::INK))
            .label_style((font::FAMILY, 14).into_font().color(&palette::INK))
            .draw()?;
        for ((name, points), colour) in self.0.iter().zip(COLOURS.iter().cycle()) {
            let within = |rate: f64| (RATES.0..=RATES.1).contains(&rate);
            let shown = points.iter().filter(|point| within(point.false_per_hour));
            let line: Vec<(f64, f64)> = shown
                .filter_map(|point| Some((point.false_per_hour, value(point)?.min(most))))
                .collect();
            let stroke = colour.stroke_width(2);
            let dots = line.iter().map(|at| Circle::new(*at, 3, colour.filled()));
            chart.draw_series(dots.collect::<Vec<_>>())?;
            chart
                .draw_series([PathElement::new(line, stroke)])?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + LEGEND_LINE, y)], stroke));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.85))
            .border_style(palette::GRID)
            .label_font((font::FAMILY, 14).into_font().color(&palette::INK))
            .draw()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scenario_has_its_line_and_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("calls.svg");
        let point = |false_per_hour: f64, delay_s: Option<f64>| Point {
            false_per_hour,
            detected: 0.5,
            delay_s,
        };
        let curve = vec![
            point(0.5, None),
            point(2.0, Some(9.0)),
            point(900.0, Some(1.0)),
        ];
        write(&file, &[("became_angry".to_owned(), curve)]).unwrap();
        let svg = std::fs::read_to_string(&file).unwrap();
        assert!(svg.contains("became_angry") && svg.contains("median delay"));
        write(&file, &[]).unwrap();
        assert_eq!(check(Path::new("x.gif")).unwrap_err().exit_code(), 2);
    }
}
