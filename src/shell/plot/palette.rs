//! Colours by meaning, after Okabe & Ito (2008).

use crate::trajectory::Trend;
use plotters::style::RGBColor;

pub const INK: RGBColor = RGBColor(40, 40, 40);
pub const GRID: RGBColor = RGBColor(222, 222, 222);
pub const WAVE: RGBColor = RGBColor(110, 110, 110);
pub const PITCH: RGBColor = RGBColor(0, 114, 178);
pub const LEVEL: RGBColor = RGBColor(0, 158, 115);
pub const STEADY: RGBColor = RGBColor(90, 90, 90);
pub const FALLING: RGBColor = RGBColor(213, 94, 0);
pub const RISING: RGBColor = RGBColor(86, 180, 233);
pub const MARKER: RGBColor = RGBColor(170, 85, 140);
pub const ALARM: RGBColor = RGBColor(213, 94, 0);

pub fn trend(trend: Trend) -> RGBColor {
    match trend {
        Trend::Steady => STEADY,
        Trend::Falling => FALLING,
        Trend::Rising => RISING,
    }
}
