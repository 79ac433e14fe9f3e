//! The trajectory as a few lines of block characters over a time axis.

use super::clock;
use super::terminal::{Colour, Terminal};
use crate::shell::bins::{Bins, Mean, Merge};
use crate::trajectory::{Point, Trend};

/// Lines of bars; each has eight steps.
const ROWS: usize = 3;
/// Steps from sentiment −1 to +1.
const STEPS: usize = ROWS * 8;
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Room for the scale on the left.
const MARGIN: usize = 6;

/// A stretch of trajectory: mean sentiment, and the worst trend in it.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    sentiment: Mean,
    trend: Trend,
}

impl Stretch {
    /// One point.
    pub fn of(point: &Point) -> Self {
        Self {
            sentiment: Mean::of(point.sentiment),
            trend: point.trend,
        }
    }
}

impl Merge for Stretch {
    fn merge(&mut self, other: Self) {
        self.sentiment.merge(other.sentiment);
        self.trend = match (self.trend, other.trend) {
            (Trend::Falling, _) | (_, Trend::Falling) => Trend::Falling,
            (Trend::Rising, _) | (_, Trend::Rising) => Trend::Rising,
            (Trend::Steady, Trend::Steady) => Trend::Steady,
        };
    }
}

/// A sign under the axis at a time in seconds. Later signs are drawn over earlier ones.
pub type Sign = (f64, char);

/// Draws sentiment (−1..1, bars from the bottom) over `duration_s`, a time axis and the `signs`.
///
/// Each line ends in a newline and is at most `terminal.width` characters wide.
pub fn draw(
    bins: &Bins<Stretch>,
    duration_s: f64,
    signs: &[Sign],
    terminal: Terminal,
) -> Vec<String> {
    // A bar cannot be shorter than a bin, or the gaps between bins would look like silence.
    let most = (duration_s / bins.width_s()).ceil() as usize;
    let room = terminal.width.saturating_sub(MARGIN + 1);
    let columns = room.min(most.max(1)).max(8);
    let columns = if most < room {
        // Short calls are stretched by a whole factor.
        columns * (room / columns).max(1)
    } else {
        columns
    };
    let cells = stretched(bins, duration_s, columns, most);
    let mut lines = Vec::new();
    for row in (0..ROWS).rev() {
        let label = ["  -1", "   0", "  +1"][row];
        let label = terminal.paint(Colour::Dim, &format!("{label} │"));
        let bars: String = cells.iter().map(|cell| bar(*cell, row, terminal)).collect();
        lines.push(format!("{label}{bars}").trim_end().to_owned());
    }
    let (axis, labels) = axis(duration_s, columns);
    lines.push(terminal.paint(Colour::Dim, &axis));
    lines.push(terminal.paint(Colour::Dim, labels.trim_end()));
    if !signs.is_empty() {
        let mut line = vec![' '; columns];
        for &(seconds, sign) in signs {
            line[column(seconds, duration_s, columns)] = sign;
        }
        let line: String = line.into_iter().collect();
        let line = format!("{}{}", " ".repeat(MARGIN), line.trim_end());
        lines.push(terminal.paint(Colour::Alarm, &line));
    }
    lines
}

/// One cell a column, where one bin may fill several columns.
fn stretched(
    bins: &Bins<Stretch>,
    duration_s: f64,
    columns: usize,
    most: usize,
) -> Vec<Option<Stretch>> {
    if most >= columns {
        return bins.resample(duration_s, columns);
    }
    let mut cells = vec![None; columns];
    for (seconds, stretch) in bins.iter() {
        let half = bins.width_s() / 2.0;
        let from = column(seconds - half, duration_s, columns);
        let to = column(seconds + half, duration_s, columns);
        cells[from..=to.max(from)].fill(Some(stretch));
    }
    cells
}

fn column(seconds: f64, duration_s: f64, columns: usize) -> usize {
    let place = seconds.max(0.0) / duration_s.max(f64::MIN_POSITIVE) * columns as f64;
    (place as usize).min(columns - 1)
}

fn bar(cell: Option<Stretch>, row: usize, terminal: Terminal) -> String {
    let Some(stretch) = cell else {
        return " ".into();
    };
    let share = (f64::from(stretch.sentiment.value()).clamp(-1.0, 1.0) + 1.0) / 2.0;
    // The lowest bar still shows that something was said.
    let height = ((share * STEPS as f64).round() as usize).max(1);
    let block = BLOCKS[height.saturating_sub(row * 8).min(8)].to_string();
    match stretch.trend {
        Trend::Falling => terminal.paint(Colour::Falling, &block),
        Trend::Rising => terminal.paint(Colour::Rising, &block),
        Trend::Steady => block,
    }
}

fn axis(duration_s: f64, columns: usize) -> (String, String) {
    let longest = clock::whole(duration_s as u64).len() + 3;
    let step = clock::tick_step(duration_s, (columns / longest).max(1));
    let mut line: Vec<char> = vec!['─'; columns];
    let mut labels: Vec<char> = vec![' '; columns + longest];
    let mut seconds = 0;
    while seconds as f64 <= duration_s {
        let at = column(seconds as f64, duration_s, columns);
        line[at] = '┬';
        let label = clock::whole(seconds);
        // The last label may not run past the axis.
        if at + label.len() <= columns {
            for (offset, character) in label.chars().enumerate() {
                labels[at + offset] = character;
            }
        }
        seconds += step;
    }
    let margin = " ".repeat(MARGIN - 1);
    let line: String = line.into_iter().collect();
    let labels: String = labels.into_iter().collect();
    (format!("{margin}└{line}"), format!("{margin} {labels}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::StreamTime;

    fn falling(duration_s: u32) -> Bins<Stretch> {
        let mut bins = Bins::new(0.25, 1024);
        for quarter in 0..duration_s * 4 {
            let seconds = f64::from(quarter) / 4.0;
            let sentiment = 1.0 - 2.0 * seconds / f64::from(duration_s);
            let point = Point {
                at: StreamTime::from_seconds(seconds),
                sentiment: sentiment as f32,
                slope_per_min: 0.0,
                slope_sd: 0.0,
                sentiment_sd: 0.0,
                level_sd: 0.0,
                evidence: crate::trajectory::PointEvidence::default(),
                trend: Trend::Steady,
            };
            bins.add(seconds, Stretch::of(&point));
        }
        bins
    }

    #[test]
    fn it_fits_every_width_and_falls_from_left_to_right() {
        for (duration, width) in [(1, 80), (8, 80), (60, 40), (3600, 120), (20, 10), (60, 0)] {
            let lines = draw(
                &falling(duration),
                f64::from(duration),
                &[(0.5, '▲')],
                Terminal {
                    width,
                    colour: false,
                },
            );
            assert_eq!(lines.len(), ROWS + 3);
            for line in &lines {
                let wide = line.chars().count();
                assert!(
                    wide <= width.max(MARGIN + 9),
                    "{duration} s at {width}: {wide}"
                );
            }
            let top = &lines[0];
            assert!(top.chars().nth(MARGIN).is_some_and(|c| c != ' '), "{top}");
            let bottom = lines[ROWS - 1].chars().count();
            assert!(top.chars().count() < bottom, "the top row must end first");
        }
    }

    #[test]
    fn silence_is_empty() {
        let mut bins = Bins::new(0.25, 1024);
        bins.add(59.0, falling(1).iter().next().unwrap().1);
        let lines = draw(&bins, 60.0, &[], Terminal::PLAIN);
        let blanks = lines[ROWS - 1].chars().skip(MARGIN);
        assert!(blanks.take_while(|c| *c == ' ').count() > 60);
    }

    #[test]
    fn nothing_at_all_still_draws_an_axis() {
        let lines = draw(&Bins::new(0.25, 1024), 0.0, &[], Terminal::PLAIN);
        assert!(lines[ROWS].contains('┬'));
    }
}
