//! The laws of the corridor, read off the source.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in walking order. A room may name only rooms before it.
const ROOMS: [&str; 8] = [
    "wire",
    "audio",
    "features",
    "model",
    "trajectory",
    "dialogue",
    "decision",
    "handoff",
];

/// Crates that are named in exactly one file each.
const SINGLE: [(&str, &str); 5] = [
    ("cpal", "src/shell/mic.rs"),
    ("rubato", "src/audio/resample.rs"),
    ("realfft", "src/features/spectrum.rs"),
    ("rten", "src/model/embedded.rs"),
    ("ort", "src/model/native.rs"),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Source without comments: prose may name what it likes.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""));
    lines.collect::<Vec<_>>().join("\n")
}

/// Which modules of the crate `code` names, in whatever form: `crate::a::b`, `crate::a as b`,
/// `crate::{a, b::c}`.
fn named(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let mut depth = 0;
        let mut word = String::new();
        // The first word of each branch of a group, or the one word where there is no group.
        let mut first = true;
        for letter in rest.chars().filter(|letter| !letter.is_whitespace()) {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => {}
                _ if letter.is_alphanumeric() || letter == '_' => {
                    if first {
                        word.push(letter);
                    }
                    continue;
                }
                _ => {
                    first = false;
                    if depth <= 0 {
                        break;
                    }
                    continue;
                }
            }
            found.push(std::mem::take(&mut word));
            first = letter == ',' || (letter == '{' && depth == 1);
            if depth <= 0 {
                break;
            }
        }
        found.push(word);
    }
    found
}

fn names_room(code: &str, room: &str) -> bool {
    // White space is dropped, so `decision as later` is one word that begins with the room's name.
    let is = |word: &String| word == room || word.starts_with(&format!("{room}as"));
    named(code).iter().any(is)
}

#[test]
fn a_room_is_found_in_every_form_of_a_use() {
    for code in [
        "use crate::decision;",
        "use crate::decision::Decision;",
        "use crate::decision as later;",
        "use crate::{decision, units};",
        "use crate::{units::{StreamTime, semitones}, decision::{Decision}};",
        "use crate::{\n    units::StreamTime,\n    decision as d,\n};",
        "let x: crate::decision::Decision = y;",
    ] {
        assert!(names_room(code, "decision"), "{code}");
    }
    for code in [
        "use crate::decisions::Decision;",
        "use crate::units::decision;",
        "use crate::{units::{decision}, error};",
        "let decision = 1; use crate::units;",
    ] {
        assert!(!names_room(code, "decision"), "{code}");
    }
}

#[test]
fn a_room_names_only_rooms_before_it() {
    let mut seen = 0;
    for (place, room) in ROOMS.iter().enumerate() {
        for path in sources(&Path::new("src").join(room)) {
            seen += 1;
            let code = code(&path);
            // Tests stand last and one module deeper.
            let lived = code.split("#[cfg(test)]").next().unwrap_or("");
            let out = if path.ends_with("mod.rs") {
                "super::"
            } else {
                "super::super"
            };
            assert!(
                !lived.contains(out),
                "{} climbs out of its room: say crate::",
                path.display()
            );
            for later in &ROOMS[place + 1..] {
                assert!(
                    !names_room(&code, later),
                    "{} names {later}",
                    path.display()
                );
            }
            for outside in ["shell", "engine", "config", "summary"] {
                assert!(
                    !names_room(&code, outside),
                    "{} names {outside}",
                    path.display()
                );
            }
        }
    }
    assert!(seen > 40, "the walk found the rooms: {seen} files");
}

#[test]
fn each_outside_engine_is_named_in_one_file() {
    for (krate, home) in SINGLE {
        let mut homes = Vec::new();
        for path in sources(Path::new("src")) {
            let code = code(&path);
            let uses = |form: &str| code.contains(form);
            if uses(&format!("use {krate}::"))
                || uses(&format!(" {krate}::"))
                || uses(&format!("({krate}::"))
            {
                homes.push(path.display().to_string());
            }
        }
        assert_eq!(homes, [home], "{krate}");
    }
}

#[test]
fn the_core_has_no_clock_thread_lock_socket_or_file() {
    let core = sources(Path::new("src"))
        .into_iter()
        .filter(|p| !p.starts_with("src/shell") && p != Path::new("src/main.rs"));
    for path in core {
        let code = code(&path);
        for forbidden in [
            "std::time",
            "std::thread",
            "std::fs",
            "std::net",
            "std::io",
            "std::env",
            "Mutex",
            "RwLock",
            "println!",
        ] {
            assert!(
                !code.contains(forbidden),
                "{} has {forbidden}",
                path.display()
            );
        }
    }
}

#[test]
fn every_room_says_what_it_takes_gives_and_remembers() {
    for room in ROOMS {
        let text = fs::read_to_string(format!("src/{room}/mod.rs")).unwrap();
        let head: String = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        for word in ["akes", "ives", "emembers", "ource"] {
            assert!(
                head.contains(word),
                "src/{room}/mod.rs does not say what it {word}"
            );
        }
    }
}

#[test]
fn files_stay_readable() {
    for path in sources(Path::new("src")) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 450, "{} has {lines} lines", path.display());
    }
}
