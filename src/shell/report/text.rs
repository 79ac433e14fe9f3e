//! The report as lines to read: one figure a line, its cases beside it, its target behind it.

use super::figures::{Share, Spread};
use super::{Csat, Report};
use crate::handoff::FIELDS;
use std::fmt::Write;

const NO_DATA: &str = "no data";

/// The lines of `report`.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    let since = report.since.as_deref().unwrap_or("the beginning");
    line(&mut out, "since", since);
    line(&mut out, "calls", &report.calls.to_string());
    line(&mut out, "escalations", &report.escalations.to_string());

    heading(&mut out, "Payload completeness");
    match &report.completeness {
        None => line(&mut out, "complete", NO_DATA),
        Some(it) => {
            line(&mut out, "complete", &share(Some(it.whole)));
            line(&mut out, "mean", &percent(it.mean));
            for name in FIELDS {
                let said = it.fields.get(name).copied().flatten();
                line(&mut out, &format!("  {name}"), &share(said));
            }
        }
    }

    heading(&mut out, "Time to human (s)");
    for it in &report.transfers.stages {
        let name = serde_json::to_value(it.stage).unwrap_or_default();
        let mut value = spread(it.seconds.as_ref());
        let _ = write!(value, "  target {}, worst {}", it.target_s, it.worst_s);
        if let (Some(target), Some(worst)) = (it.over_target, it.over_worst) {
            let _ = write!(
                value,
                ": {} over target, {} over worst",
                target.hits, worst.hits
            );
        }
        line(&mut out, name.as_str().unwrap_or_default(), &value);
    }

    heading(&mut out, "Transfers");
    line(
        &mut out,
        "reached a human",
        &share(report.transfers.connected),
    );
    line(&mut out, "still open", &report.transfers.open.to_string());
    for (name, count) in &report.transfers.failures {
        line(&mut out, &format!("failed: {name}"), &count.to_string());
    }

    heading(&mut out, "Trigger mix");
    match &report.triggers {
        None => line(&mut out, "triggers", NO_DATA),
        Some(it) => {
            for trigger in &it.shares {
                line(&mut out, &trigger.trigger, &share(Some(trigger.share)));
            }
            if let Some(name) = &it.alarm {
                line(
                    &mut out,
                    "WARNING",
                    &format!("{name} has over 70 %: tune it, or see whether the others work"),
                );
            }
        }
    }

    heading(&mut out, "Quality of the handoff");
    let unknown = report.without_customer;
    let again = share(report.escalated_again);
    line(
        &mut out,
        "escalated again",
        &format!("{again}  target under 8 %; {unknown} calls without a customer id"),
    );
    let repeats = report.caller_repeats.as_ref();
    let repeated = share(repeats.map(|it| it.calls));
    line(
        &mut out,
        "caller repeats",
        &format!("{repeated}  target under 10 %"),
    );
    for (kind, count) in repeats.into_iter().flat_map(|it| &it.kinds) {
        let name = serde_json::to_value(kind).unwrap_or_default();
        line(
            &mut out,
            &format!("  {}", name.as_str().unwrap_or_default()),
            &count.to_string(),
        );
    }
    csat(&mut out, &report.csat);

    heading(&mut out, "Deliveries");
    if report.deliveries.is_empty() {
        line(&mut out, "destinations", NO_DATA);
    }
    for it in &report.deliveries {
        let counts = format!(
            "{} delivered, {} expired, {} failed, {} pending; s: {}",
            it.delivered,
            it.expired,
            it.failed,
            it.pending,
            spread(it.seconds.as_ref())
        );
        line(&mut out, &it.destination, &counts);
    }
    out
}

fn csat(out: &mut String, it: &Csat) {
    let group = |mean: Option<f64>, n: usize| match mean {
        None => NO_DATA.to_owned(),
        Some(mean) => format!("{mean:.2} (n {n})"),
    };
    line(
        out,
        "CSAT escalated",
        &group(it.escalated_mean, it.escalated_n),
    );
    line(
        out,
        "CSAT human only",
        &group(it.human_only_mean, it.human_only_n),
    );
    let difference = match (it.difference, it.difference_interval_95) {
        (None, _) => NO_DATA.to_owned(),
        (Some(it), None) => format!("{it:+.2} (too few for an interval)"),
        (Some(it), Some([low, high])) => format!("{it:+.2} (95 %: {low:+.2} to {high:+.2})"),
    };
    line(out, "difference", &difference);
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "\n{text}");
}

fn line(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "  {name:<24} {value}");
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn share(share: Option<Share>) -> String {
    share.map_or(NO_DATA.to_owned(), |it| {
        format!("{} ({} of {})", percent(it.share), it.hits, it.n)
    })
}

fn spread(spread: Option<&Spread>) -> String {
    spread.map_or(NO_DATA.to_owned(), |it| {
        format!(
            "p50 {:.2}, p95 {:.2}, worst {:.2} (n {})",
            it.p50, it.p95, it.worst, it.n
        )
    })
}
