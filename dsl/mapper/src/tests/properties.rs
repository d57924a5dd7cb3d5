//! What holds of every expression.

use proptest::prelude::*;

use super::corpus::{env, scope};
use crate::{NoHost, compile_text, parse, print};

/// Expressions from the grammar, deeper ones rarer.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("order".to_owned()),
        Just("order.name".to_owned()),
        Just("order.total".to_owned()),
        Just("order.quantity".to_owned()),
        Just("order.discount".to_owned()),
        Just("order.lines".to_owned()),
        Just("order.free.list".to_owned()),
        Just("order.free.nothing".to_owned()),
        Just("order.createdAt".to_owned()),
        Just("order.customer.name".to_owned()),
        Just("settings.prefix".to_owned()),
        Just("null".to_owned()),
        Just("omit".to_owned()),
        Just("true".to_owned()),
        Just("\"a {order.name}\"".to_owned()),
        Just("\"\"".to_owned()),
        Just("[]".to_owned()),
        (0_u32..1000).prop_map(|n| n.to_string()),
        (0_u32..1000, 0_u32..99).prop_map(|(a, b)| format!("{a}.{b}")),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let op = prop::sample::select(vec![
            "//", "??", "or", "and", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "+", "-",
            "*", "/", "%",
        ]);
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(a, o, b)| format!("({a}) {o} ({b})")),
            inner.clone().prop_map(|a| format!("not ({a})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.clone().prop_map(|a| format!("({a}).name")),
            inner.clone().prop_map(|a| format!("({a})[]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[where {b}]")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("if {a} then {b} else {c}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("try {a} else {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("let x = ({a}) in [x, {b}]")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("({a}) ~= ({b}) within ({c})")),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| format!("match {a} {{ 1 | \"x\" => {b}, other => other }}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("map({a}, y => [y, {b}])")),
            inner.clone().prop_map(|a| format!("({a}) |> sum()")),
            inner.clone().prop_map(|a| format!("\"<{{{a}}}>\"")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{ a = {a}, b = {b} }}")),
            inner.prop_map(|a| format!("({a}) as list<text?>")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_expression_reads_as_the_same_expression(text in expressions()) {
        if let Ok(ast) = parse::expression(&text) {
            let printed = print(&ast);
            let again = parse::expression(&printed)
                .unwrap_or_else(|e| panic!("{text}\n{printed}\n{e:?}"));
            prop_assert_eq!(print(&again), printed.clone());
            prop_assert_eq!(crate::print_structure(&again), crate::print_structure(&ast), "{}", printed);
        }
    }

    #[test]
    fn an_expression_comes_to_the_same_however_it_is_watched(text in expressions()) {
        let mut open = env();
        open.open = true;
        for env in [env(), open] {
            if let (Some(compiled), _) = compile_text(&text, &env, None) {
                let (scope, host) = (scope(), NoHost::default());
                let watched = compiled.program.explain(&scope, &host).map(|made| made.value);
                prop_assert_eq!(compiled.program.eval(&scope, &host), watched, "{}", text);
            }
        }
    }

    #[test]
    fn checking_and_evaluating_never_panics(text in expressions()) {
        let mut open = env();
        open.open = true;
        open.scope.clear();
        for env in [env(), open] {
            if let (Some(compiled), _) = compile_text(&text, &env, None) {
                let _ = compiled.program.eval(&scope(), &NoHost::default());
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z0-9 .\\[\\](){}\"=<>+*/|,?-]{0,60}") {
        let _ = parse::expression(&text);
        let _ = parse::template(&text);
    }
}

#[test]
fn deep_nesting_is_refused_before_it_is_parsed() {
    let texts = [
        format!("{}1{}", "(".repeat(65), ")".repeat(65)),
        format!("{}1", "not ".repeat(70)),
        format!("{}1", "-".repeat(70)),
        format!("{}1", "- ".repeat(70)),
        format!("{}1{}", "if a then ".repeat(70), " else 2".repeat(70)),
        format!("a{}", ".b".repeat(300)),
        format!("1{}", " + 1".repeat(300)),
        "x".repeat(20_000),
    ];
    for text in texts {
        let error = parse::expression(&text).unwrap_err();
        assert_eq!(error.code, "M029", "{text}");
    }
    assert!(parse::expression(&format!("{}1{}", "(".repeat(60), ")".repeat(60))).is_ok());
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let sources = sources(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")));
    let pages: Vec<&str> = crate::codes::PAGES.iter().map(|p| p.code).collect();
    let pattern =
        regex::Regex::new("\"(M0[0-9]{2}|MAP_[A-Z_]+|SCRIPT_[A-Z]+|TABLE_[A-Z_]+)\"").unwrap();
    for found in pattern.captures_iter(&sources) {
        assert!(pages.contains(&&found[1]), "{} has no page", &found[1]);
    }
    for page in pages {
        assert!(sources.contains(&format!("\"{page}\"")), "{page} is used nowhere");
    }
}

/// Everything under src/ but the pages and the tests.
fn sources(dir: &std::path::Path) -> String {
    let mut out = String::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("tests") || path.ends_with("codes.rs") {
            continue;
        }
        if path.is_dir() {
            out.push_str(&sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    out
}
