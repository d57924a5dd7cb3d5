//! Rhai as the fallback: exact, bounded, verified.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_value::{Value, json};

use crate::{EvalError, NoHost, Scope, Scripts, check_scripts};

fn called(script: &str, args: &[Value]) -> String {
    let files = BTreeMap::from([("s.rhai".to_owned(), script.to_owned())]);
    let (scripts, found) = Scripts::compile(&files);
    assert_eq!(found, []);
    match scripts.call("s.rhai::f", args) {
        Ok((value, _)) => json::write(&value),
        Err(error) => {
            let fault = error.into_fault().unwrap();
            format!("{}: {}", fault.code, fault.message)
        }
    }
}

fn number(text: &str) -> Value {
    Value::Number(tenon_value::Number::parse(text).unwrap())
}

#[test]
fn numbers_in_scripts_are_exact_and_division_never_truncates() {
    assert_eq!(called("fn f(x) { x / 4 }", &[Value::from(10_i64)]), "2.5");
    assert_eq!(called("fn f(x) { x * 3 }", &[number("0.10")]), "0.30");
    assert_eq!(called("fn f(x) { round(x / 3, 2, \"half_up\") }", &[number("10")]), "3.33");
    assert_eq!(called("fn f() { 0.1 + 0.2 }", &[]), "0.3");
    assert!(
        called("fn f(x) { x / 0 }", &[number("1")]).starts_with("SCRIPT_FAILED: s.rhai:1:13: ")
    );
}

#[test]
fn records_and_lists_go_in_and_come_out() {
    let order = json::read(r#"{"rows":[{"q":2},{"q":3}],"note":null}"#).unwrap();
    let script = "fn f(o) { let n = 0; for r in o.rows { n += r.q; } #{ n: n, none: o.note } }";
    assert_eq!(called(script, &[order]), r#"{"n":5}"#);
}

#[test]
fn an_endless_script_ends_in_a_fault() {
    let end = called("fn f() { loop { } }", &[]);
    assert!(end.starts_with("SCRIPT_FAILED: s.rhai:1:"), "{end}");
    let end = called("fn f(x) { g(x) }\nfn g(x) { f(x) }", &[Value::from(1_i64)]);
    assert!(end.starts_with("SCRIPT_FAILED: "), "{end}");
    let end = called("fn f() { let s = \"x\"; loop { s += s; } }", &[]);
    assert!(end.starts_with("SCRIPT_FAILED: "), "{end}");
}

#[test]
fn scripts_can_neither_evaluate_texts_nor_wait() {
    assert_eq!(
        called("fn f() { sleep(1) }", &[]),
        "SCRIPT_FAILED: s.rhai:1:10: scripts can't wait"
    );
    for script in ["fn f() { eval(\"1\") }", "import \"x\" as y;"] {
        let file = tenon_source::File { path: "s.rhai".to_owned(), text: script.to_owned() };
        let found = check_scripts(&[Arc::new(file)]);
        assert_eq!(found.len(), 1, "{script}");
    }
}

#[test]
fn a_broken_script_is_a_finding_with_its_place() {
    let text = "fn f(x) {\n  x +\n}\n";
    let file = tenon_source::File { path: "s.rhai".to_owned(), text: text.to_owned() };
    let found = check_scripts(&[Arc::new(file)]);
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["M026"]);
    assert_eq!(found[0].span.line_column().0, 3);
    let (_, lines) = Scripts::compile(&BTreeMap::from([("s.rhai".to_owned(), text.to_owned())]));
    assert_eq!((lines[0].0.as_str(), lines[0].1), ("s.rhai", 3));
}

#[test]
fn what_a_script_prints_stands_in_the_trace_and_its_result_is_verified() {
    let text = "fn f(x) { print(\"saw \" + x); x }";
    let files = BTreeMap::from([("s.rhai".to_owned(), text.to_owned())]);
    let (scripts, _) = Scripts::compile(&files);
    let env = crate::Env { scripts: files, open: true, ..crate::Env::default() };
    let host = NoHost::with_scripts(scripts);
    let run = |text: &str| {
        let (compiled, found) = crate::compile_text(text, &env, None);
        compiled.unwrap_or_else(|| panic!("{found:?}")).program.explain(&Scope::new(), &host)
    };
    let explained = run("script(\"s.rhai::f\", \"a\") as text").unwrap();
    assert_eq!(explained.value, Value::text("a"));
    assert_eq!(explained.read, [("print s.rhai::f".to_owned(), Value::text("saw a"))]);
    match run("script(\"s.rhai::f\", \"a\") as int") {
        Err(EvalError::Fault(fault)) => assert_eq!(fault.code, "MAP_WRONG_TYPE"),
        other => panic!("{other:?}"),
    }
}
