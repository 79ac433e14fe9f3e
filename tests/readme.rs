//! What the documents say is so: the README's output is the program's, its length is bearable,
//! links lead somewhere, and no file speaks of the machine that it was written on.
#![cfg(all(feature = "cli", feature = "embedded"))]
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands before a fenced block that is the output of a command.
const MARKER: &str = "<!-- output: undertone ";
/// The documents that must be there.
const DOCUMENTS: [&str; 4] = [
    "README.md",
    "ARCHITECTURE.md",
    "EVALUATION.md",
    "CONTRIBUTING.md",
];
/// Folders that are made, not written.
const MADE: [&str; 9] = [
    "target",
    ".git",
    "runs",
    ".venv",
    "corpus",
    "artifacts",
    "scratch",
    "shared",
    "__pycache__",
];

/// A command of the README and the block that claims to be its output.
struct Claim {
    arguments: Vec<String>,
    output: String,
}

fn claims(readme: &str) -> Result<Vec<Claim>, String> {
    let mut found = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        let Some(command) = line.trim().strip_prefix(MARKER) else {
            continue;
        };
        let command = command
            .strip_suffix("-->")
            .ok_or(format!("{line}: ends without -->"))?;
        let fence = lines.by_ref().find(|line| !line.trim().is_empty());
        if !fence.is_some_and(|line| line.starts_with("```")) {
            return Err(format!("{line}: no fenced block follows"));
        }
        let block: Vec<&str> = lines
            .by_ref()
            .take_while(|line| !line.starts_with("```"))
            .collect();
        found.push(Claim {
            arguments: command.split_whitespace().map(str::to_owned).collect(),
            output: trimmed(&block.join("\n")),
        });
    }
    if found.is_empty() {
        return Err(format!("no line begins with {MARKER:?}"));
    }
    Ok(found)
}

/// Without spaces at the ends of lines, and without empty lines at the end.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

fn output_of(arguments: &[String]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_undertone"))
        .args(arguments)
        // The README shows the runtime that is always there.
        .args(
            arguments
                .first()
                .filter(|c| *c == "analyze")
                .map(|_| "--backend=embedded"),
        )
        .env("COLUMNS", "80")
        .env("NO_COLOR", "1")
        .env_remove("ORT_DYLIB_PATH")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "undertone {}: {errors}",
        arguments.join(" ")
    );
    trimmed(&String::from_utf8(output.stdout).unwrap())
}

/// The first line of each claim that is not what the program prints.
fn false_claims(readme: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for claim in claims(readme)? {
        let truth = output_of(&claim.arguments);
        if truth != claim.output {
            let pairs = truth
                .lines()
                .chain(std::iter::repeat(""))
                .zip(claim.output.lines().chain(std::iter::repeat("")));
            let most = truth.lines().count().max(claim.output.lines().count());
            let first = pairs
                .take(most)
                .enumerate()
                .find(|(_, (truth, claim))| truth != claim);
            found.push(format!(
                "undertone {}: line, (printed, README): {first:?}\nthe whole output:\n{truth}",
                claim.arguments.join(" ")
            ));
        }
    }
    Ok(found)
}

fn readme() -> String {
    fs::read_to_string("README.md").unwrap()
}

#[test]
fn the_outputs_in_the_readme_are_the_programs() {
    assert_eq!(false_claims(&readme()), Ok(vec![]));
}

#[test]
fn the_readme_has_under_two_hundred_lines() {
    let lines = readme().lines().count();
    assert!(lines < 200, "{lines} lines");
}

/// A claim is believed when it is true and not when a letter is wrong: tried on a README of our own.
#[test]
fn a_wrong_letter_or_a_lost_marker_is_seen() {
    let version = concat!("undertone ", env!("CARGO_PKG_VERSION"));
    let with = |block: &str| format!("# T\n{MARKER}--version -->\n```text\n{block}\n```\nmore\n");
    assert_eq!(false_claims(&with(version)), Ok(vec![]));
    assert_eq!(false_claims(&with(&format!("{version}  "))), Ok(vec![]));
    for wrong in ["undertone", "Undertone 0.1.0", &format!("{version}\nmore")] {
        let found = false_claims(&with(wrong)).unwrap();
        assert_eq!(found.len(), 1, "{wrong:?} is not what --version prints");
    }
    assert!(
        false_claims("# T\n```\nundertone 0.1.0\n```\n").is_err(),
        "no marker"
    );
    assert!(
        false_claims(&format!("{MARKER}--version -->\ntext\n")).is_err(),
        "no block"
    );
    assert!(
        false_claims(&format!("{MARKER}--version\n```\n```\n")).is_err(),
        "no end"
    );
}

/// Every file of the project that is text.
fn texts() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if MADE.contains(&name.as_str()) || path.is_symlink() {
                continue;
            } else if path.is_dir() {
                walk(&path, found);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    // `.git` is a file where the project is a second working tree: skipped by name like the folder.
    walk(Path::new("."), &mut found);
    found
}

/// Targets of Markdown links and images, and of HTML images, that stand in this project.
fn links(markdown: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (open, close) in [
        ("](", [')', ' ']),
        ("src=\"", ['"', '"']),
        ("href=\"", ['"', '"']),
    ] {
        let after = markdown.split(open).skip(1);
        let targets = after.filter_map(|rest| rest.split(close).next());
        let own = targets.filter(|it| !it.contains("://") && !it.starts_with(['#', '\n']));
        found.extend(own.map(|it| it.split('#').next().unwrap_or(it).to_owned()));
    }
    found.retain(|target| !target.is_empty() && !target.starts_with("mailto:"));
    found
}

#[test]
fn every_link_leads_to_a_file() {
    for document in DOCUMENTS {
        assert!(Path::new(document).is_file(), "{document} is missing");
    }
    let mut seen = 0;
    for (path, text) in texts() {
        if path.extension().is_none_or(|ending| ending != "md") {
            continue;
        }
        for link in links(&text) {
            seen += 1;
            let target = path.parent().unwrap().join(&link);
            assert!(target.exists(), "{}: {link} leads nowhere", path.display());
        }
    }
    assert!(seen > 5, "the documents were searched: {seen} links");
}

#[test]
fn links_are_found_in_markdown_and_html() {
    let text = "[a](b/c.md#d) ![e](f.png \"g\") <img src=\"h.svg\"> [i](https://j.k) [l](#m)";
    assert_eq!(links(text), ["b/c.md", "f.png", "h.svg"]);
}

#[test]
fn no_file_speaks_of_the_machine_it_was_written_on() {
    // In two pieces, or this file would be the one that is found.
    let forbidden = [
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/"].concat(),
        ["crates.io", "/api"].concat(),
    ];
    let texts = texts();
    let sources = texts.iter().filter(|(path, _)| path.starts_with("./src"));
    assert!(sources.count() > 80, "the project was searched");
    for (path, text) in &texts {
        for (i, line) in text.lines().enumerate() {
            for word in &forbidden {
                let place = format!("{}:{}", path.display(), i + 1);
                assert!(
                    !line.contains(word.as_str()),
                    "{place} has {word}: {}",
                    line.trim()
                );
            }
        }
    }
}
