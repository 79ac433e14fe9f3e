//! A timeline that a person reads: trajectory, markers, escalations, summary.

use super::EventWriter;
use super::clock;
use super::record::Run;
use super::sparkline::{self, Stretch};
use super::terminal::{Colour, Terminal};
use crate::decision::{Escalation, Evidence};
use crate::engine::{Event, LineChange, Summary};
use crate::shell::bins::Bins;
use crate::trajectory::Marker;
use crate::units::semitones;
use serde::Serialize;
use std::io::{self, Write};

/// Markers that are listed; the rest are counted.
const LISTED_MARKERS: usize = 40;

/// Changes of the line that are listed.
const LISTED_CHANGES: usize = 20;

/// Collects one call in bounded memory and prints it once its summary is known.
pub struct TextWriter<'a, W> {
    run: &'a Run,
    file: &'a str,
    pub(super) terminal: Terminal,
    trajectory: Bins<Stretch>,
    markers: Vec<Marker>,
    unlisted: usize,
    changes: Vec<LineChange>,
    escalations: Vec<Escalation>,
    lost_samples: u64,
    pub(super) out: W,
}

impl<'a, W: Write> TextWriter<'a, W> {
    /// The timeline of `file` goes to `out`.
    pub fn new(run: &'a Run, file: &'a str, terminal: Terminal, out: W) -> Self {
        Self {
            run,
            file,
            terminal,
            trajectory: Bins::new(0.25, 1024),
            markers: Vec::new(),
            unlisted: 0,
            changes: Vec::new(),
            escalations: Vec::new(),
            lost_samples: 0,
            out,
        }
    }

    fn heading(&mut self, summary: &Summary) -> io::Result<()> {
        let name = self.terminal.paint(Colour::Bold, self.file);
        let duration = clock::tenths(summary.duration_s);
        if let Some(written) = self.run.written {
            return writeln!(self.out, "{name}  {duration}  {written}, no sound\n");
        }
        let Run { model, backend, .. } = self.run;
        writeln!(
            self.out,
            "{name}  {duration}  model {model}, backend {backend}\n"
        )
    }

    fn picture(&mut self, summary: &Summary) -> io::Result<()> {
        let mut signs: Vec<_> = self.markers.iter().map(marker_sign).collect();
        for escalation in &self.escalations {
            signs.push((escalation.onset.seconds(), '△'));
            signs.push((escalation.at.seconds(), '▲'));
        }
        let duration_s = summary.duration_s;
        for line in sparkline::draw(&self.trajectory, duration_s, &signs, self.terminal) {
            writeln!(self.out, "{line}")?;
        }
        let legend = match (self.markers.is_empty(), self.escalations.is_empty()) {
            (true, true) => "sentiment, -1..+1",
            (false, true) => "sentiment, -1..+1   · marker",
            (true, false) => "sentiment, -1..+1   △ onset   ▲ escalation",
            (false, false) => "sentiment, -1..+1   · marker   △ onset   ▲ escalation",
        };
        let legend = self.terminal.paint(Colour::Dim, legend);
        writeln!(self.out, "      {legend}\n")
    }

    fn marker_lines(&mut self) -> io::Result<()> {
        for marker in &self.markers {
            let from = clock::tenths(marker.from.seconds());
            let to = clock::tenths(marker.to.seconds());
            let kind = word(&marker.kind);
            let confidence = marker.confidence;
            writeln!(
                self.out,
                "{from} - {to}  {kind:<15} confidence {confidence:.2}"
            )?;
        }
        if self.unlisted > 0 {
            writeln!(self.out, "and {} more markers", self.unlisted)?;
        }
        if !self.markers.is_empty() {
            writeln!(self.out)?;
        }
        Ok(())
    }

    /// Where the engine did not read. A call that was read throughout has no such lines.
    fn line_lines(&mut self) -> io::Result<()> {
        if !self.changes.iter().any(|c| c.occupant.abstains()) {
            return Ok(());
        }
        for change in &self.changes {
            writeln!(self.out, "{}", line_line(change))?;
        }
        writeln!(self.out)
    }

    /// An escalation with its evidence.
    pub(super) fn escalation_block(&self, escalation: &Escalation) -> String {
        let at = clock::tenths(escalation.at.seconds());
        let trigger = escalation.trigger.name();
        let reason = escalation.reason_name();
        let head = self
            .terminal
            .paint(Colour::Alarm, &format!("ESCALATE at {at}"));
        let onset = clock::tenths(escalation.onset.seconds());
        let confidence = escalation.confidence;
        let mut block = format!(
            "{head}  trigger {trigger}, reason {reason}  (since {onset}, confidence {confidence:.2})\n"
        );
        if let Some(phrase) = &escalation.phrase {
            let (rule, version) = (&phrase.rule, phrase.version);
            let text = &phrase.text;
            block.push_str(&format!(
                "    \u{201c}{text}\u{201d}  (rule {rule}, version {version})\n"
            ));
        }
        for (place, evidence) in escalation.evidence.iter().enumerate() {
            block.push_str(&evidence_line(evidence, place == 0));
            block.push('\n');
        }
        block
    }

    fn closing(&mut self, summary: &Summary) -> io::Result<()> {
        let escalations = match summary.escalations {
            0 => "no escalation".to_owned(),
            1 => "1 escalation".to_owned(),
            more => format!("{more} escalations"),
        };
        if self.run.written.is_some() {
            return writeln!(self.out, "summary  {escalations}\n");
        }
        let mut line = format!(
            "summary  speech {:.1} s of {:.1} s ({:.0} %), pace {:.1} syll/s, {} pauses (mean {:.2} s), \
             pitch {:.0} Hz ({:.0}..{:.0}), level {:.1} dBFS",
            summary.speech_s,
            summary.duration_s,
            100.0 * summary.talk_share,
            summary.pace_sps,
            summary.pauses,
            summary.pause_mean_s,
            summary.f0_median_hz,
            summary.f0_p10_hz,
            summary.f0_p90_hz,
            summary.active_level_dbfs,
        );
        if let (Some(worst), Some(at)) = (summary.worst_sentiment, summary.worst_at_s) {
            let at = clock::tenths(at);
            line.push_str(&format!(", worst sentiment {worst:+.2} at {at}"));
        }
        if self.lost_samples > 0 {
            line.push_str(&format!(", {} samples lost", self.lost_samples));
        }
        line.push_str(&format!(", {escalations}"));
        for line in wrapped(&line, self.terminal.width, "         ") {
            writeln!(self.out, "{line}")?;
        }
        for note in &summary.notes {
            writeln!(self.out, "note     {note}")?;
        }
        writeln!(self.out)
    }
}

impl<W: Write> EventWriter for TextWriter<'_, W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Affect(_) => {}
            Event::Point(point) => self.trajectory.add(point.at.seconds(), Stretch::of(point)),
            Event::Marker(marker) if self.markers.len() < LISTED_MARKERS => {
                self.markers.push(*marker);
            }
            Event::Marker(_) => self.unlisted += 1,
            Event::Escalation(escalation) => self.escalations.push(escalation.clone()),
            Event::Line(change) if self.changes.len() < LISTED_CHANGES => {
                self.changes.push(*change);
            }
            Event::Line(_) => {}
            Event::Gap { samples, .. } => self.lost_samples += u64::from(*samples),
        }
        Ok(())
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.heading(summary)?;
        if self.run.written.is_none() {
            self.picture(summary)?;
        }
        self.marker_lines()?;
        self.line_lines()?;
        for escalation in &self.escalations {
            let block = self.escalation_block(escalation);
            writeln!(self.out, "{block}")?;
        }
        self.closing(summary)
    }
}

fn marker_sign(marker: &Marker) -> (f64, char) {
    (marker.from.seconds(), '·')
}

/// `00:12.0  line: music; not read`
pub(super) fn line_line(change: &LineChange) -> String {
    let at = clock::tenths(change.at.seconds());
    let name = change.occupant.name();
    let key = match change.occupant.key() {
        0 => String::new(),
        key => format!(" {}", char::from(key)),
    };
    let read = match change.occupant.abstains() {
        true => "; not read",
        false => "",
    };
    format!("{at}  line: {name}{key}{read}")
}

/// The name that the output contract gives a value: `breath_change`.
pub(super) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::from("unnamed"),
    }
}

/// `    f0            +5.0 st      3.2 sd above this caller's own baseline (182 Hz -> 243 Hz)`
fn evidence_line(evidence: &Evidence, first: bool) -> String {
    let Evidence {
        feature,
        unit,
        baseline,
        now,
        sd,
    } = *evidence;
    if unit == "signs" {
        let plural = if now == 1.0 { "" } else { "s" };
        return format!("    {feature:<18}{now:.0} sign{plural} in the words");
    }
    let (change, from, to) = match unit {
        // Pitch is heard in semitones and known in hertz: both are given.
        "Hz" => (
            format!("{:+.1} st", semitones(now) - semitones(baseline)),
            format!("{baseline:.0} Hz"),
            format!("{now:.0} Hz"),
        ),
        "probability" => (
            format!("{:+.2}", now - baseline),
            format!("{baseline:.2}"),
            format!("{now:.2}"),
        ),
        _ => (
            format!("{} {}", signed(now - baseline), change_unit(unit)),
            measured(baseline, unit),
            measured(now, unit),
        ),
    };
    let side = if sd < 0.0 { "below" } else { "above" };
    // Who the caller is compared with is said once; the lines under it stay short.
    let whose = if first {
        " this caller's own baseline"
    } else {
        ""
    };
    let sd = sd.abs();
    format!(
        "    {feature:<18}{:<10}{sd:>4.1} sd {side}{whose} ({from} -> {to})",
        change.trim_end()
    )
}

/// A difference of levels is in dB, whatever they are relative to.
fn change_unit(unit: &str) -> &str {
    if unit.starts_with("dB") && !unit.contains('/') {
        "dB"
    } else {
        unit
    }
}

/// Small numbers keep the digits that tell them apart.
fn signed(value: f32) -> String {
    if value.abs() < 1.0 {
        format!("{value:+.3}")
    } else {
        format!("{value:+.1}")
    }
}

fn measured(value: f32, unit: &str) -> String {
    let number = if value.abs() < 1.0 {
        format!("{value:.3}")
    } else {
        format!("{value:.1}")
    };
    format!("{number} {unit}").trim_end().to_owned()
}

/// `text` broken at spaces to `width`; every line but the first is indented.
pub(super) fn wrapped(text: &str, width: usize, indent: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let longer = line.chars().count() + 1 + word.chars().count();
        if line.len() > indent.len() && longer > width {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::output::sample;

    fn timeline(terminal: Terminal) -> String {
        told(&sample::run(), terminal)
    }

    fn told(run: &Run, terminal: Terminal) -> String {
        let mut out = Vec::new();
        let mut writer = TextWriter::new(run, "became-angry.wav", terminal, &mut out);
        for event in sample::events() {
            writer.event(&event).unwrap();
        }
        writer.summary(&sample::summary()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_timeline_says_what_happened_when_and_why() {
        let text = timeline(Terminal::PLAIN);
        println!("{text}");
        let wanted = [
            "became-angry.wav  01:00.0  model prosody-v1, backend embedded\n",
            "00:12.3 - 00:13.0  hesitation      confidence 0.71\n",
            "00:01.5  line: voice\n00:31.0  line: music; not read\n00:35.0  line: dtmf 5; not read\n",
            "ESCALATE at 00:58.2  trigger sentiment, reason trend  (since 00:41.0, confidence 0.93)\n",
            "    f0                +5.0 st    3.2 sd above this caller's own baseline (182 Hz -> 243 Hz)\n",
            "    level             +7.3 dB    2.6 sd above (-27.4 dBFS -> -20.1 dBFS)\n",
            "worst sentiment -0.63 at\n         00:59.5",
            "1 escalation\n",
        ];
        for line in wanted {
            assert!(text.contains(line), "{line:?} is missing in\n{text}");
        }
    }

    #[test]
    fn of_a_conversation_in_writing_nothing_is_said_to_be_heard() {
        let run = Run {
            written: Some("chat"),
            ..sample::run()
        };
        let text = told(&run, Terminal::PLAIN);
        assert!(text.contains("chat, no sound"), "{text}");
        assert!(text.contains("ESCALATE at 00:58.2"), "{text}");
        for sound in ["dBFS,", "model", "+1 │"] {
            assert!(!text.contains(sound), "{sound} in\n{text}");
        }
    }

    #[test]
    fn without_a_terminal_there_is_no_escape_and_no_long_picture() {
        let text = timeline(Terminal::PLAIN);
        assert!(!text.contains('\x1b'));
        let picture = text.lines().take(8);
        assert!(picture.map(|l| l.chars().count()).max().unwrap() <= 80);
        let colour = Terminal {
            colour: true,
            ..Terminal::PLAIN
        };
        assert!(timeline(colour).contains('\x1b'));
    }
}
