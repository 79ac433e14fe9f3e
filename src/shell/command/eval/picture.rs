//! Two panels: what a probability of anger was worth, and how often anger was on the wrong side among
//! the most confident clips. One line a row of the table; thick with the caller's own baseline.

use super::utterance_score::Bin;
use crate::shell::error::ShellError;
use crate::shell::plot::{self, Drawing, Drawn, Picture, font, palette};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

/// Colours of lines, the first seven after Okabe & Ito (2008); from the tenth on they come again.
const COLOURS: [RGBColor; 9] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(150, 150, 150),
    RGBColor(125, 80, 40),
];
/// A bin of fewer clips says nothing.
const LEAST: usize = 5;
/// Pixels of a line in the legend.
const LEGEND_LINE: i32 = 18;

/// One row's two lines.
#[derive(Debug)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// Which colour it has.
    pub colour: usize,
    /// With the caller's own baseline: a thicker line.
    pub own: bool,
    pub bins: Vec<Bin>,
    /// The risk among the most confident one, two, … clips.
    pub risks: Vec<f64>,
}

/// Whether `path` can be a picture, before hours of work.
///
/// # Errors
/// An ending that is no picture's.
pub fn check(path: &Path) -> Result<(), ShellError> {
    Picture::of(path).map(|_| ())
}

/// Draws `curves` into `path`.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, curves: &[Curve]) -> Result<(), ShellError> {
    plot::write(path, &Curves(curves))
}

impl Curve {
    fn stroke(&self) -> ShapeStyle {
        COLOURS[self.colour % COLOURS.len()].stroke_width(if self.own { 3 } else { 1 })
    }

    /// A line through `points`, piece by piece: joined, a thick line's mitres would leave the panel.
    fn pieces(&self, points: &[(f64, f64)]) -> Vec<PathElement<(f64, f64)>> {
        let piece = |pair: &[(f64, f64)]| PathElement::new(pair.to_vec(), self.stroke());
        points.windows(2).map(piece).collect()
    }
}

struct Curves<'a>(&'a [Curve]);

impl Drawing for Curves<'_> {
    const SIZE: (u32, u32) = (1200, 640);

    fn draw<DB: DrawingBackend>(&self, root: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        root.fill(&WHITE)?;
        let (left, right) = root.split_horizontally(600);
        self.calibration(&left)?;
        self.risk(&right)
    }
}

impl Curves<'_> {
    fn calibration<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let mut chart = chart(area, "what a probability of anger was worth", 1.0)?;
        frame(&mut chart, "probability said", "share that was angry")?;
        let ideal = [(0.0, 0.0), (1.0, 1.0)];
        chart.draw_series([PathElement::new(ideal, palette::STEADY.mix(0.5))])?;
        for curve in self.0 {
            let bins = || curve.bins.iter().filter(|bin| bin.0 >= LEAST);
            let points: Vec<_> = bins().map(|(_, said, came)| (*said, *came)).collect();
            chart.draw_series(curve.pieces(&points))?;
            // A bin's dot grows with its clips.
            let all: usize = curve.bins.iter().map(|bin| bin.0).sum();
            let dots = bins().map(|(clips, said, came)| {
                let size = 2.0 + 8.0 * (*clips as f64 / all as f64).sqrt();
                Circle::new((*said, *came), size as i32, curve.stroke().filled())
            });
            chart.draw_series(dots)?;
        }
        Ok(())
    }

    fn risk<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let most = self.0.iter().filter_map(|curve| curve.risks.last());
        let most = most.fold(0.1_f64, |a, b| a.max(*b * 1.5)).min(1.0);
        let mut chart = chart(area, "wrong side of 0.5, among the most confident", most)?;
        frame(&mut chart, "share of the clips answered", "share wrong")?;
        for curve in self.0 {
            let total = curve.risks.len().max(1) as f64;
            let points = curve.risks.iter().enumerate();
            let points = points.map(|(at, risk)| ((at + 1) as f64 / total, risk.min(most)));
            // The first few clips say nothing of a share.
            let points: Vec<_> = points.skip(curve.risks.len() / 10).collect();
            let stroke = curve.stroke();
            chart
                .draw_series(curve.pieces(&points))?
                .label(&curve.name)
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

type Plane<'a, DB> = ChartContext<
    'a,
    DB,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

fn chart<'a, DB: DrawingBackend + 'a>(
    area: &DrawingArea<DB, Shift>,
    title: &str,
    most: f64,
) -> Result<Plane<'a, DB>, DrawingAreaErrorKind<DB::ErrorType>> {
    ChartBuilder::on(area)
        .margin(12)
        .caption(title, (font::FAMILY, 18).into_font().color(&palette::INK))
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..1.0, 0.0..most)
}

fn frame<DB: DrawingBackend>(chart: &mut Plane<'_, DB>, x: &str, y: &str) -> Drawn<DB> {
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(palette::GRID)
        .axis_style(palette::INK)
        .x_desc(x)
        .y_desc(y)
        .x_labels(6)
        .y_labels(6)
        .axis_desc_style((font::FAMILY, 15).into_font().color(&palette::INK))
        .label_style((font::FAMILY, 14).into_font().color(&palette::INK))
        .draw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_lines_and_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("calibration.svg");
        let curve = |name: &str| Curve {
            name: name.to_owned(),
            colour: 0,
            own: true,
            bins: vec![(3, 0.1, 0.0), (2, 0.9, 1.0)],
            risks: vec![0.0, 0.0, 0.2],
        };
        write(
            &file,
            &[curve("here telephone own"), curve("here telephone none")],
        )
        .unwrap();
        let svg = std::fs::read_to_string(&file).unwrap();
        for name in ["here telephone own", "here telephone none", "share wrong"] {
            assert!(svg.contains(name), "{name}");
        }
        write(&file, &[]).unwrap();
        assert_eq!(check(Path::new("x.gif")).unwrap_err().exit_code(), 2);
    }
}
