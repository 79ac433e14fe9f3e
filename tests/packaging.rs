//! What `packaging/` says of the program is true of it.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &sources(&path);
        } else if path.extension().is_some_and(|it| it == "rs") {
            text += &fs::read_to_string(path).unwrap();
        }
    }
    text
}

/// The words of `text` that are names of metrics.
fn metrics(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words
        .filter(|word| word.starts_with("undertone_"))
        .collect()
}

#[test]
fn alerts_name_metrics_that_are_counted() {
    let alerts = fs::read_to_string("packaging/alerts.yml").unwrap();
    let named = metrics(&alerts);
    assert!(named.len() >= 12, "the walk found the metrics: {named:?}");
    let source = sources(Path::new("src/shell"));
    for name in named {
        let counted = ["counter", "gauge", "histogram"].map(|kind| {
            let inline = format!("{kind}!(\"{name}\"");
            source.contains(&inline)
        });
        let listed = source.matches(&format!("\"{name}\"")).count() > 1;
        assert!(counted.contains(&true) || listed, "nothing counts {name}");
    }
}

#[test]
fn every_alert_stands_in_the_documentation() {
    let alerts = fs::read_to_string("packaging/alerts.yml").unwrap();
    let names = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let documentation = fs::read_to_string("docs/operations.md").unwrap();
    for name in names {
        let short = name.strip_prefix("Undertone").unwrap();
        let told = documentation.contains(name) || documentation.contains(&format!("`..{short}`"));
        assert!(told, "docs/operations.md says nothing of {name}");
    }
}

#[test]
fn the_unit_and_the_image_start_what_there_is() {
    for file in ["packaging/undertone.service", "packaging/Dockerfile"] {
        let text = fs::read_to_string(file).unwrap();
        for word in [
            "serve",
            "--config",
            "--log",
            "json",
            "/etc/undertone/undertone.toml",
        ] {
            assert!(text.contains(word), "{file}: {word}");
        }
    }
}
