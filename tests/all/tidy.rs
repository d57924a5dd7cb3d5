//! The code base keeps its own rules: who may use whom, how long a file gets, which words stand in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The dependency law: each crate and the crates of ours it may use.
const LAW: &[(&str, &[&str])] = &[
    ("value", &[]),
    ("source", &[]),
    ("mapper", &["value", "source"]),
    ("graph", &["value"]),
    ("kit", &["value", "source", "mapper"]),
    ("flow", &["value", "source", "mapper", "graph", "kit"]),
    ("machine", &["value", "graph", "mapper", "kit"]),
    ("store", &["value", "graph", "machine"]),
    ("store-sled", &["store"]),
    ("runtime", &["machine", "store", "kit", "graph", "mapper", "value"]),
    ("server", &["runtime", "store", "machine", "flow", "source", "kit", "graph", "value"]),
    ("sandbox", &["value", "kit"]),
];

/// Crates that may use all others.
const FREE: &[&str] = &["cli", "tests"];

const MOST_LINES: usize = 800;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Files that git knows, as paths from the root.
fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(listed.status.success(), "git ls-files failed: is this a clone?");
    String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .filter(|path| root().join(path).is_file())
        .collect()
}

fn text(path: &str) -> String {
    String::from_utf8_lossy(&std::fs::read(root().join(path)).unwrap()).into_owned()
}

#[test]
fn crates_use_only_what_the_dependency_law_allows() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let out = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let law: BTreeMap<&str, BTreeSet<&str>> =
        LAW.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap().trim_start_matches("tenon-").to_owned();
        seen += 1;
        if FREE.contains(&name.as_str()) {
            continue;
        }
        let Some(allowed) = law.get(name.as_str()) else {
            wrong.push(format!("{name} does not stand in the law"));
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let used = dependency["name"].as_str().unwrap();
            let Some(used) = used.strip_prefix("tenon-") else { continue };
            if dependency["kind"].is_null() && !allowed.contains(used) {
                wrong.push(format!("{name} uses {used}"));
            }
        }
    }
    assert!(seen >= 14, "only {seen} packages seen");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<String> = files()
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .map(|path| (text(&path).lines().count(), path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "over {MOST_LINES} lines: {long:#?}");
}

#[test]
fn no_module_is_a_drawer() {
    let drawers = ["utils", "util", "common", "helpers", "helper", "misc"];
    let bad: Vec<String> = files()
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .filter(|path| {
            Path::new(path)
                .components()
                .filter_map(|part| part.as_os_str().to_str())
                .any(|part| drawers.contains(&part.trim_end_matches(".rs")))
        })
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn the_top_level_is_fixed() {
    let fixed = [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "engine",
        "dsl",
        "connectors",
        "workflows",
        "examples",
        "tests",
    ];
    let other: BTreeSet<String> = files()
        .iter()
        .filter_map(|path| path.split('/').next().map(str::to_owned))
        .filter(|top| !top.starts_with('.') && !fixed.contains(&top.as_str()))
        .collect();
    assert!(other.is_empty(), "{other:?}");
}

#[test]
fn no_file_speaks_of_where_it_was_made() {
    // Spelled in two halves so that this file does not find itself.
    let words: Vec<String> = [
        ("/wo", "rk/"),
        ("/fa", "rm/"),
        ("sub", "agent"),
        ("cla", "ude"),
        ("crat", "es.io"),
        ("npm", "js.org"),
        ("py", "pi.org"),
        ("todo", "!("),
        ("unimple", "mented!("),
    ]
    .iter()
    .map(|(a, b)| format!("{a}{b}"))
    .collect();
    let mut found = Vec::new();
    for path in files().iter().filter(|path| !path.ends_with("Cargo.lock")) {
        let lower = text(path).to_lowercase();
        for word in words.iter().filter(|word| lower.contains(word.as_str())) {
            found.push(format!("{path}: {word}"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn tests_neither_sleep_nor_hide() {
    let words: Vec<String> = [("#[ign", "ore"), ("thread::sl", "eep"), ("time::sl", "eep")]
        .iter()
        .map(|(a, b)| format!("{a}{b}"))
        .collect();
    let mut found = Vec::new();
    for path in files().iter().filter(|path| path.ends_with(".rs") && path.contains("test")) {
        let text = text(path);
        for word in words.iter().filter(|word| text.contains(word.as_str())) {
            found.push(format!("{path}: {word}"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn three_architecture_pages_stay_readable() {
    for page in ["dsl/ARCHITECTURE.md", "connectors/ARCHITECTURE.md", "engine/ARCHITECTURE.md"] {
        let lines = text(page).lines().count();
        assert!((20..300).contains(&lines), "{page} has {lines} lines");
    }
    for path in files().iter().filter(|path| path.starts_with("engine/decisions/")) {
        let lines = text(path).lines().count();
        assert!(lines <= 40, "{path} has {lines} lines; a decision record takes at most 40");
    }
}

#[test]
fn every_bad_day_is_held_by_tests_that_are_there() {
    let page = text("engine/ARCHITECTURE.md");
    let (_, table) = page.split_once("## What happens on bad days").unwrap();
    let rows: Vec<&str> = table
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 30, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for row in rows.iter().skip(2) {
        let held_by = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for path in held_by.split(", ").map(|path| path.trim_matches('`')) {
            let there = [root().join(path), root().join("engine").join(path)];
            if !there.iter().any(|path| path.exists()) {
                wrong.push(format!("{path} of {row}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every code that has a page.
fn codes_with_a_page() -> BTreeSet<String> {
    let pattern = regex::Regex::new("\"([FMCY][0-9]{3}|[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)\"").unwrap();
    let pages = files().into_iter().filter(|path| path.ends_with("/src/codes.rs"));
    let mut codes = BTreeSet::new();
    for path in pages {
        codes.extend(pattern.captures_iter(&text(&path)).map(|found| found[1].to_owned()));
    }
    codes
}

/// Texts that provoke codes: tests, their corpora and snapshots, and examples of functions, which are
/// tests themselves.
fn what_tests_say() -> String {
    let mut said = String::new();
    for path in files() {
        let names = ["/tests", "tests/", "/corpus/", "/snapshots/", "/functions/", "/conformance/"];
        let data =
            ["rs", "txt", "snap", "yaml", "json"].iter().any(|e| path.ends_with(&format!(".{e}")));
        if path.ends_with("codes.rs") || path.ends_with("tidy.rs") || !data {
            continue;
        }
        let whole = text(&path);
        if names.iter().any(|name| path.contains(name)) {
            said.push_str(&whole);
        } else if let Some(at) = whole.find("#[cfg(test)]") {
            said.push_str(&whole[at..]);
        }
    }
    said
}

#[test]
fn every_code_with_a_page_is_provoked_by_a_test() {
    let codes = codes_with_a_page();
    assert!(codes.len() >= 150, "only {} codes found", codes.len());
    let word = regex::Regex::new("[A-Z][A-Z0-9_]*[A-Z0-9]").unwrap();
    let said = what_tests_say();
    let said: BTreeSet<&str> = word.find_iter(&said).map(|found| found.as_str()).collect();
    let quiet: BTreeSet<&str> =
        codes.iter().map(String::as_str).filter(|code| !said.contains(code)).collect();
    assert!(quiet.is_empty(), "no test provokes {quiet:?}");
}
