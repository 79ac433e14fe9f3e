//! A call for a person while it goes on: line by line, and the timeline at its end.

use super::EventWriter;
use super::clock::tenths;
use super::terminal::Colour;
use super::text::{TextWriter, line_line, word};
use crate::engine::{Event, Summary};
use crate::trajectory::{Point, Trend};
use std::io::{self, Write};

/// Seconds of stream between two lines of the trajectory.
const EVERY_S: f64 = 2.0;

/// Writes each event as it comes, but of the trajectory one point in two seconds.
pub struct LiveTextWriter<'a, W> {
    timeline: TextWriter<'a, W>,
    next_point_s: f64,
}

impl<'a, W: Write> LiveTextWriter<'a, W> {
    /// Lines first, then what `timeline` makes of the call.
    pub fn new(timeline: TextWriter<'a, W>) -> Self {
        Self {
            timeline,
            next_point_s: 0.0,
        }
    }

    fn point(&mut self, point: &Point) -> io::Result<()> {
        let at_s = point.at.seconds();
        if at_s < self.next_point_s {
            return Ok(());
        }
        self.next_point_s = at_s + EVERY_S;
        let trend = match point.trend {
            Trend::Steady => "steady".to_owned(),
            Trend::Falling => self.timeline.terminal.paint(Colour::Falling, "falling"),
            Trend::Rising => self.timeline.terminal.paint(Colour::Rising, "rising"),
        };
        let sentiment = point.sentiment;
        writeln!(
            self.timeline.out,
            "{}  sentiment {sentiment:+.2}, {trend}",
            tenths(at_s)
        )
    }
}

impl<W: Write> EventWriter for LiveTextWriter<'_, W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Affect(_) => {}
            Event::Point(point) => self.point(point)?,
            Event::Marker(marker) => writeln!(
                self.timeline.out,
                "{}  {}, confidence {:.2}",
                tenths(marker.at.seconds()),
                word(&marker.kind),
                marker.confidence
            )?,
            Event::Escalation(escalation) => {
                let block = self.timeline.escalation_block(escalation);
                write!(self.timeline.out, "{block}")?;
            }
            Event::Line(change) => writeln!(self.timeline.out, "{}", line_line(change))?,
            Event::Gap { at, samples } => writeln!(
                self.timeline.out,
                "{}  {samples} samples lost",
                tenths(at.seconds())
            )?,
        }
        self.timeline.out.flush()?;
        self.timeline.event(event)
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        writeln!(self.timeline.out)?;
        self.timeline.summary(summary)?;
        self.timeline.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::output::sample;
    use crate::shell::output::terminal::Terminal;

    #[test]
    fn an_escalation_is_there_before_the_call_ends() {
        let run = sample::run();
        let mut out = Vec::new();
        let mut writer =
            LiveTextWriter::new(TextWriter::new(&run, "mic", Terminal::PLAIN, &mut out));
        for event in sample::events() {
            writer.event(&event).unwrap();
        }
        drop(writer);
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("ESCALATE at "), "{text}");
        assert!(text.contains("00:31.0  line: music; not read\n"), "{text}");
        assert!(!text.contains("summary"), "{text}");
        let points = text
            .lines()
            .filter(|line| line.contains("sentiment "))
            .count();
        // 2 s to 60 s at four a second would be 232 lines.
        assert!((20..40).contains(&points), "{text}");
    }
}
