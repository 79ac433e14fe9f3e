//! The font of every picture, carried in the binary so that no system font is needed.

use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, IntoFont, RGBColor, TextStyle, register_font};
use std::sync::Once;

/// The family that every text names. SVG viewers resolve it to their own sans serif.
pub const FAMILY: &str = "sans-serif";

/// Registers DejaVu Sans (Bitstream Vera licence) once for the process.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // A refusal would mean a broken font in the crate; texts then fail with a clear error.
        let _ = register_font(FAMILY, FontStyle::Normal, dejavu::sans::regular());
    });
}

/// Text of `size` pixels whose middle stands at its place, and whose `side` does.
pub fn text(size: i32, colour: RGBColor, side: HPos) -> TextStyle<'static> {
    let style = (FAMILY, size).into_font().color(&colour);
    style.pos(Pos::new(side, VPos::Center))
}
