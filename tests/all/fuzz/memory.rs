//! Bad input stays within memory too: each command runs with an address space of its own, which is
//! small, and ends by itself.

use std::process::{Command, Output};

use crate::program;

/// Address space of one command, in KiB. The program itself with its threads' stacks takes a part.
const MOST_KIB: u64 = 1_500_000;

fn bounded(words: &[&str], input: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let given = folder.path().join("input.json");
    std::fs::write(&given, input).unwrap();
    let given = given.display().to_string();
    let words: Vec<&str> = words.iter().map(|w| if *w == "INPUT" { &given } else { *w }).collect();
    Command::new("sh")
        .args(["-c", &format!("ulimit -v {MOST_KIB}; exec \"$@\""), "sh"])
        .arg(program::path())
        .args(words)
        .output()
        .unwrap()
}

/// The code of the fault or the finding a command ended with.
fn ended(expression: &str, input: &str) -> String {
    let out = bounded(&["map", "eval", expression, "--input", "INPUT"], input);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.code().is_some(), "killed: {expression}: {text}");
    assert!(!text.contains("memory allocation"), "{expression}: {text}");
    assert!(!text.contains("panicked"), "{expression}: {text}");
    format!("{text}{}", String::from_utf8_lossy(&out.stdout))
}

fn doubled(form: &str, first: &str) -> String {
    let mut text = format!("let x0 = {first} in ");
    for n in 1..60 {
        let form = form.replace('@', &format!("x{}", n - 1));
        text.push_str(&format!("let x{n} = {form} in "));
    }
    text + "x59"
}

#[test]
fn expressions_that_multiply_end_in_their_fault_within_memory() {
    for (form, first) in [
        ("\"{@}{@}\"", "\"xxxxxxxx\""),
        ("[@, @]", "[1, 2]"),
        ("{ a = @, b = @ }", "{ a = 1 }"),
        ("concat(@, @)", "[1, 2]"),
        ("join([@, @], \"\")", "\"xxxxxxxx\""),
        ("replace(@, \"x\", \"xx\")", "\"xxxxxxxx\""),
        ("split(join([@, @], \"\"), \"\") |> join(\"\")", "\"xxxxxxxx\""),
    ] {
        let said = ended(&doubled(form, first), "{}");
        assert!(said.contains("MAP_LIMIT"), "{form}: {said}");
    }
}

#[test]
fn one_step_never_makes_more_than_the_whole_may() {
    let eight = |name: &str| format!("\"{}\"", format!("{{{name}}}").repeat(8));
    let mut big = "let a = \"xxxxxxxx\" in ".to_owned();
    for (name, before) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "d"), ("f", "e"), ("g", "f")] {
        big.push_str(&format!("let {name} = {} in ", eight(before)));
    }
    for step in [
        "length(replace(g, \"x\", g))".to_owned(),
        "length(join(range(10000), g))".to_owned(),
        format!("count(split({}, \"\"))", eight("g")),
        format!("length(\"{}\")", "{g}".repeat(4_000)),
    ] {
        let said = ended(&format!("{big}{step}"), "{}");
        assert!(said.contains("MAP_LIMIT"), "{step:.60}: {said}");
    }
    assert!(ended("pad_left(\"x\", 1000000000)", "{}").contains("MAP_OUT_OF_RANGE"));
}

#[test]
fn inputs_and_expressions_of_any_size_end_within_memory() {
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    assert!(!ended("1", &deep).is_empty());
    let wide = format!("[{}1]", "1,".repeat(2_000_000));
    let _ = ended("count(input)", &wide);
    let long = "1 + ".repeat(30_000);
    assert!(ended(&long, "{}").contains("M029"));
}

/// A project whose document is that text.
fn checked(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("integration.yaml"), text).unwrap();
    let out = bounded(&["check", &folder.path().display().to_string()], "");
    let said =
        format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.status.code(), Some(1), "{name}: {said}");
    assert!(!said.contains("panicked") && !said.contains("memory allocation"), "{name}: {said}");
    said
}

#[test]
fn documents_that_explode_are_findings_within_memory() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..200 {
        let before = format!("*a{}, ", n - 1).repeat(9);
        bomb.push_str(&format!("a{n}: &a{n} [{before}]\n"));
    }
    assert!(checked("anchors", &bomb).contains("Y007"));
    assert!(checked("size", &"a: x\n".repeat(300_000)).contains("Y010"));
    assert!(checked("far too large", &"a: x\n".repeat(1_000_000)).contains("at most"));
    assert!(checked("nesting", &"[".repeat(500_000)).contains("Y0"));
    assert!(checked("twice", &"a: x\n".repeat(100_000)).contains("Y005"));
}
