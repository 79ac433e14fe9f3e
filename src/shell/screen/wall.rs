//! The supervisor's wall: all live calls, worst first, to be read from two metres.

use super::Live;
use super::pop::{Look, rendered};
use super::spark::{Size, Spark};
use super::steps::{Steps, TransferView, elapsed};
use super::text::{Clipped, clean, clock, room, signed};
use super::words;
use crate::decision::Trigger;
use crate::dialogue::Identity;
use crate::handoff::{Channel, Stage};
use askama::Template;

/// Characters of a customer's number that the wall shows.
const ENDS: usize = 3;

/// A live call as the wall shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct WallCall {
    /// The call's name; rows are known by it.
    pub id: String,
    /// The screen pop of the call.
    pub href: Option<String>,
    /// Who calls: `masked`.
    pub caller: Option<String>,
    /// How the conversation is held.
    pub channel: Channel,
    /// Seconds since the call began.
    pub elapsed_s: f64,
    /// Seconds and sentiment −1..1, oldest first.
    pub points: Vec<[f64; 2]>,
    /// Sentiment now, −1..1.
    pub now: Option<f32>,
    /// Its slope, per minute.
    pub slope_per_min: Option<f32>,
    /// `steady`, `falling` or `rising`.
    pub trend: Option<String>,
    /// What was pulled last.
    pub trigger: Option<Trigger>,
    /// How far the transfer is, where there is one.
    pub transfer: Option<TransferView>,
    /// Seconds the caller has waited for a human.
    pub waiting_s: Option<f64>,
    /// Seconds the caller may wait.
    pub budget_s: Option<f64>,
}

/// Who calls, as a whole room may read it: the first name and the initial of the last, or the end of
/// the customer's number; with a `?` where it is only claimed. None where nothing was said of it.
pub fn masked(identity: &Identity) -> Option<String> {
    let told = |text: &Option<String>| text.as_deref().map(clean).filter(|it| !it.is_empty());
    let name = told(&identity.name).map(|name| {
        let mut names = name.split_whitespace();
        let first = names.next().unwrap_or_default().to_owned();
        match names.next_back().and_then(|last| last.chars().next()) {
            Some(initial) => format!("{first} {initial}."),
            None => first,
        }
    });
    let number = || {
        let number: Vec<char> = told(&identity.customer_id)?.chars().collect();
        // Never more than half of it.
        let shown = ENDS.min(number.len() / 2);
        let end: String = number[number.len() - shown..].iter().collect();
        Some(format!("Customer …{end}"))
    };
    let claimed = if identity.verified { "" } else { " ?" };
    Some(name.or_else(number)? + claimed)
}

impl WallCall {
    /// The share of the budget that is used; 0 where nobody waits.
    fn used(&self) -> f64 {
        match (self.waiting_s, self.budget_s) {
            (Some(waited), Some(budget)) if waited >= 0.0 && budget > 0.0 => waited / budget,
            (Some(waited), _) if waited >= 0.0 => 0.0,
            _ => -1.0,
        }
    }

    fn late(&self) -> bool {
        self.used() > 1.0 || self.transfer.is_some_and(|t| t.late)
    }

    fn failed(&self) -> bool {
        self.transfer.is_some_and(|t| t.stage == Stage::Failed)
    }

    /// Smaller is worse: failed, late, waiting, then by sentiment.
    fn rank(&self) -> (u8, f64, f64) {
        let class = match (self.failed(), self.late(), self.waiting_s.is_some()) {
            (true, ..) => 0,
            (_, true, _) => 1,
            (_, _, true) => 2,
            _ => 3,
        };
        let now = self.now.filter(|n| n.is_finite()).map_or(2.0, f64::from);
        (class, -self.used(), now)
    }
}

#[derive(Template)]
#[template(path = "screen/wall.html")]
struct Page<'a> {
    look: Look,
    live: Live<'a>,
    wall: Wall,
}

#[derive(Template)]
#[template(path = "screen/wall_body.html")]
struct Fragment {
    wall: Wall,
}

struct Wall {
    rows: Vec<Row>,
    calls: usize,
    waiting: usize,
    late: usize,
}

/// One row.
struct Row {
    id: String,
    href: Option<String>,
    caller: Clipped,
    channel: &'static str,
    elapsed: String,
    spark: Option<Spark>,
    now: Option<String>,
    word: &'static str,
    arrow: &'static str,
    trend: String,
    class: &'static str,
    trigger: &'static str,
    steps: Option<Steps>,
    waiting: Option<Waiting>,
}

struct Waiting {
    text: String,
    /// Length of the bar, 0..100; absent without a budget.
    bar: Option<f64>,
    over: bool,
}

const DRAWING: Size = Size {
    width: 180.0,
    height: 44.0,
};

impl Row {
    fn new(call: &WallCall) -> Self {
        let slope = call.slope_per_min.map(f64::from);
        let (arrow, trend) = words::trend(call.trend.as_deref(), slope);
        let now = call.now.map(f64::from).filter(|n| n.is_finite());
        Self {
            id: Clipped::new(&call.id, room::LINE).head,
            // Only a place on this server: a path, and no `//host`.
            href: call
                .href
                .clone()
                .filter(|h| h.starts_with('/') && !h.starts_with("//")),
            caller: Clipped::new(
                call.caller.as_deref().unwrap_or("Unknown caller"),
                room::LABEL,
            ),
            channel: words::channel(call.channel),
            elapsed: clock(call.elapsed_s),
            spark: Spark::new(&call.points, DRAWING),
            now: now.and_then(|n| signed(n, 2)),
            word: now.map_or("not read", words::sentiment),
            arrow,
            trend: Clipped::new(&trend, room::LABEL).head,
            class: match (call.failed() || call.late(), call.waiting_s.is_some()) {
                (true, _) => "row-late",
                (_, true) => "row-waits",
                _ => "row-calm",
            },
            trigger: call.trigger.map_or("–", words::trigger),
            steps: call.transfer.as_ref().map(Steps::new),
            waiting: waiting(call),
        }
    }
}

fn waiting(call: &WallCall) -> Option<Waiting> {
    let seconds = |s: f64| elapsed((s.clamp(0.0, 1e9) * 1000.0) as u64);
    let waited = call.waiting_s.filter(|s| s.is_finite())?;
    let budget = call.budget_s.filter(|s| s.is_finite() && *s > 0.0);
    let over = budget.is_some_and(|budget| waited > budget);
    let text = match budget {
        Some(budget) if over => format!("{}, over {}", seconds(waited), seconds(budget)),
        Some(budget) => format!("{} of {}", seconds(waited), seconds(budget)),
        None => seconds(waited),
    };
    Some(Waiting {
        text,
        bar: budget.map(|budget| (waited / budget).clamp(0.0, 1.0) * 100.0),
        over,
    })
}

impl Wall {
    fn new(calls: &[WallCall]) -> Self {
        let mut order: Vec<(&WallCall, (u8, f64, f64))> =
            calls.iter().map(|call| (call, call.rank())).collect();
        order.sort_by(|(a, x), (b, y)| {
            let by_rank =
                x.0.cmp(&y.0)
                    .then(x.1.total_cmp(&y.1))
                    .then(x.2.total_cmp(&y.2));
            by_rank.then_with(|| a.id.cmp(&b.id))
        });
        Self {
            rows: order.iter().map(|(call, _)| Row::new(call)).collect(),
            calls: calls.len(),
            waiting: calls.iter().filter(|c| c.waiting_s.is_some()).count(),
            late: calls.iter().filter(|c| c.late()).count(),
        }
    }
}

/// The whole page, as a server gives it.
pub fn wall(calls: &[WallCall], live: Live<'_>) -> String {
    rendered(&Page {
        look: Look::linked(),
        live,
        wall: Wall::new(calls),
    })
}

/// What replaces the rows that changed.
pub fn wall_fragment(calls: &[WallCall]) -> String {
    rendered(&Fragment {
        wall: Wall::new(calls),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(verified: bool, name: &str, number: &str) -> Option<String> {
        let told = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        masked(&Identity {
            verified,
            name: told(name),
            customer_id: told(number),
            method: None,
        })
    }

    #[test]
    fn a_room_reads_no_whole_name_and_no_whole_number() {
        assert_eq!(caller(true, "Dana Reyes", "C-4812").unwrap(), "Dana R.");
        assert_eq!(caller(true, "  Ana  de la Cruz ", "").unwrap(), "Ana C.");
        assert_eq!(caller(false, "Özgür", "C-4812").unwrap(), "Özgür ?");
        assert_eq!(caller(true, "", "C-4812").unwrap(), "Customer …812");
        assert_eq!(caller(false, " ", "77").unwrap(), "Customer …7 ?");
        assert_eq!(caller(true, "", ""), None);
    }
}
