//! Bad input that people and systems really send: a finding or a fault within bounds, never a wrong
//! value.

use std::collections::BTreeMap;

use tenon_mapper::{
    Env, EvalError, MappingProgram, NoHost, Program, Scope, Scripts, compile_text, parse,
};
use tenon_value::{Number, Value, json, time};

use super::judged;

/// What an expression comes to without a schema: JSON, or the codes of its findings or its fault.
fn ends(text: &str) -> String {
    let env = Env { open: true, ..Env::default() };
    let (compiled, found) = compile_text(text, &env, None);
    let Some(compiled) = compiled else {
        return found.iter().map(|d| d.code).collect::<Vec<_>>().join(" ");
    };
    match compiled.program.eval(&Scope::new(), &NoHost::default()) {
        Ok(value) => json::write(&value),
        Err(EvalError::Fault(fault) | EvalError::Failed(fault)) => fault.code,
        Err(other) => format!("{other:?}"),
    }
}

/// Codes of the findings in a YAML document.
fn yaml(bytes: &[u8]) -> Vec<&'static str> {
    tenon_source::load_bytes("x.yaml", bytes).1.iter().map(|finding| finding.code).collect()
}

/// Runs within the bound on time.
fn bounded(name: &str, input: &[u8], target: impl Fn(&[u8])) {
    judged(name, input, &target);
}

#[test]
fn nesting_over_the_limit_is_refused_everywhere() {
    for depth in [200, 100_000] {
        let brackets = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let records = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        bounded("json", brackets.as_bytes(), |bytes| assert!(json::read_bytes(bytes).is_err()));
        bounded("json", records.as_bytes(), |bytes| assert!(json::read_bytes(bytes).is_err()));
        bounded("yaml", brackets.as_bytes(), |bytes| assert!(!yaml(bytes).is_empty()));
        assert_eq!(ends(&brackets), "M029");
        assert_eq!(ends(&format!("{}1", "not ".repeat(depth))), "M029");
        let program = |inner: &str| format!("{{\"edition\":1,\"code\":{inner}}}");
        let negated =
            format!("{}\"Omit\"{}", "{\"Negate\":".repeat(depth * 5), "}".repeat(depth * 5));
        assert!(Program::from_text(&program(&negated)).is_err());
        assert!(Program::from_text(&program(&brackets.repeat(5))).is_err());
        assert!(MappingProgram::from_text(&program(&negated)).is_err());
    }
    let block: String = (0..200).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    assert_eq!(yaml(block.as_bytes()), ["Y009"]);
}

#[test]
fn the_deepest_expression_that_is_allowed_compiles_reads_back_and_runs() {
    let (open, close) = ("(".repeat(60), ")".repeat(60));
    let chain = |n: usize| format!("1{}", " + 1".repeat(n));
    let texts = [
        format!("{open}1{close}"),
        format!("{}1{}", "[".repeat(60), "]".repeat(60)),
        format!("{}1{}", "abs(".repeat(60), ")".repeat(60)),
        format!("{}1{}", "if true then ".repeat(60), " else 2".repeat(60)),
        format!("{}1", "not ".repeat(60)),
        chain(60),
        format!("{}{}{}", "[1] |> map(x => ".repeat(9), "1", ")".repeat(9)),
    ];
    let env = Env { open: true, ..Env::default() };
    for text in texts {
        let (Some(compiled), _) = compile_text(&text, &env, None) else { continue };
        let read = Program::from_text(&compiled.program.to_text());
        assert_eq!(read.as_ref(), Ok(&compiled.program), "{text}");
        let _ = compiled.program.eval(&Scope::new(), &NoHost::default());
    }
    assert_eq!(ends(&chain(60)), "61");
}

#[test]
fn an_expression_of_a_megabyte_is_refused_at_once() {
    for piece in ["x", "1 + ", "\"a\" // ", "((", "{ a = ", "# ", "\\", "\u{e5}"] {
        let text = piece.repeat(1_000_000 / piece.len());
        bounded("expression", text.as_bytes(), |_| {
            assert_eq!(parse::expression(&text).unwrap_err().code, "M029");
            assert_eq!(parse::template(&text).unwrap_err().code, "M029");
        });
    }
}

#[test]
fn yaml_anchors_that_explode_are_findings_and_take_no_room() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..60 {
        let before = format!("*a{}, ", n - 1).repeat(9);
        bomb.push_str(&format!("a{n}: &a{n} [{before}]\n"));
    }
    bounded("yaml", bomb.as_bytes(), |bytes| {
        let found = yaml(bytes);
        assert!(found.iter().all(|code| *code == "Y007"), "{found:?}");
        assert!(!found.is_empty());
    });
}

#[test]
fn yaml_traps_are_findings_with_their_codes() {
    assert_eq!(yaml(b"a: 1\na: 2\n"), ["Y005"]);
    assert_eq!(yaml(b"a:\n\tb: 1\n"), ["Y006"]);
    assert_eq!(yaml(b"\xef\xbb\xbfa: 1\n"), ["Y003"]);
    assert_eq!(yaml(b"a: \xe5\n"), ["Y001"]);
    assert_eq!(yaml(b"a: \"x\0\"\n"), ["Y002"]);
    assert_eq!(yaml(b"a: !!str 1\n"), ["Y008"]);
    assert_eq!(yaml(b"a: [1\n"), ["Y004"]);
    assert_eq!(yaml(&[b"a: ".as_slice(), &vec![b'x'; 2 << 20], b"\n"].concat()), ["Y010"]);
}

#[test]
fn line_ends_of_windows_change_nothing() {
    let unix = "a: |\n  order.name\n  // \"x\"\nb:\n  - 'c'\n  - d # e\n";
    let (one, found) = tenon_source::load_bytes("x.yaml", unix.as_bytes());
    assert_eq!(found, []);
    let (other, found) = tenon_source::load_bytes("x.yaml", unix.replace('\n', "\r\n").as_bytes());
    assert_eq!(found, []);
    let shape = |document: &tenon_source::Document| {
        let root = document.root.as_ref().unwrap();
        let scalar = |key: &str| root.get(key).unwrap().scalar().unwrap().text.clone();
        (scalar("a"), root.get("b").unwrap().items().len())
    };
    assert_eq!(shape(&one), shape(&other));
}

#[test]
fn numbers_that_cannot_be_held_are_refused_wherever_they_stand() {
    let digits = "79228162514264337593543950336";
    for text in [digits, "1e400", "1e-400", "0.00000000000000000000000000001", "1e9999999999"] {
        assert!(Number::parse(text).is_err(), "{text}");
        assert!(json::read(text).is_err(), "{text}");
        assert!(json::read(&format!("{{\"a\":[{text}]}}")).is_err(), "{text}");
    }
    for text in [digits, "1e400", "0.00000000000000000000000000001"] {
        assert_eq!(ends(text), "M001", "{text}");
        assert_eq!(ends(&format!("number(\"{text}\")")), "MAP_WRONG_TYPE");
    }
    for text in ["NaN", "Infinity", "-Infinity", "0x10", "1_000", "+1", ".5", "5.", "01"] {
        assert!(json::read(text).is_err(), "{text}");
    }
    assert_eq!(json::write(&json::read("1e5").unwrap()), "100000");
}

#[test]
fn json_that_readers_disagree_on_is_refused() {
    for text in
        ["{\"a\":1,\"a\":2}", "{\"a\":1,}", "[1,]", "\"\\ud800\"", "\"a\0b\"", "'a'", "", "1 2"]
    {
        assert!(json::read(text).is_err(), "{text:?}");
    }
    assert!(json::read_bytes(b"\"\xff\"").is_err());
    assert!(json::read_bytes(b"\"\xed\xa0\x80\"").is_err());
}

#[test]
fn days_around_a_clock_gap_are_those_of_the_zone() {
    let day = |at: &str, zone: &str| ends(&format!("date(parse_datetime(\"{at}\"), \"{zone}\")"));
    // 2026-03-29 02:00 to 03:00 does not exist in Stockholm; 2026-10-25 02:00 to 03:00 stands twice.
    assert_eq!(day("2026-03-28T22:59:59Z", "Europe/Stockholm"), "\"2026-03-28\"");
    assert_eq!(day("2026-03-28T23:00:00Z", "Europe/Stockholm"), "\"2026-03-29\"");
    assert_eq!(day("2026-03-29T21:59:59Z", "Europe/Stockholm"), "\"2026-03-29\"");
    assert_eq!(day("2026-03-29T22:00:00Z", "Europe/Stockholm"), "\"2026-03-30\"");
    assert_eq!(day("2026-10-25T22:59:59Z", "Europe/Stockholm"), "\"2026-10-25\"");
    // Midnight itself fell into a gap in São Paulo in 2018.
    assert_eq!(day("2018-11-04T02:59:59Z", "America/Sao_Paulo"), "\"2018-11-03\"");
    assert_eq!(day("2018-11-04T03:00:00Z", "America/Sao_Paulo"), "\"2018-11-04\"");
    let shown = |at: &str| {
        ends(&format!("format_datetime(parse_datetime(\"{at}\"), \"%H:%M\", \"Europe/Stockholm\")"))
    };
    assert_eq!(shown("2026-03-29T00:59:00Z"), "\"01:59\"");
    assert_eq!(shown("2026-03-29T01:00:00Z"), "\"03:00\"");
    for text in ["2026-02-29", "2026-13-01", "0000-00-00", "2026-1", "99999-01-01"] {
        assert_eq!(time::parse_date(text), None, "{text}");
    }
    for text in ["2026-03-29T02:30:00", "2026-03-29T25:00:00Z", "2026-03-29 02:30"] {
        assert_eq!(
            time::parse_datetime(text),
            None,
            "{text}: which instant it is depends on the zone"
        );
    }
}

#[test]
fn patterns_that_blow_up_elsewhere_end_here() {
    let a = "a".repeat(5_000);
    for pattern in ["(a+)+$", "(a|a)*b", "(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)*x"] {
        bounded("pattern", pattern.as_bytes(), |_| {
            assert_eq!(ends(&format!("matches(\"{a}\", \"{pattern}x\")")), "false");
        });
    }
    bounded("pattern", b"", |_| {
        assert_eq!(ends("matches(\"a\", \"((a{{1000}}){{1000}}){{10}}\")"), "M025");
        assert_eq!(ends("matches(\"a\", \"(\")"), "M025");
    });
}

#[test]
fn scripts_that_never_end_or_grow_without_bound_end_in_a_fault() {
    let bodies = [
        "loop { }",
        "while true { }",
        "let a = []; loop { a.push(a); }",
        "let s = \"x\"; loop { s += s; }",
        "let m = #{}; let i = 0; loop { m[`k${i}`] = m; i += 1; }",
        "f()",
        "g(|x| f(), 1)",
        "let x = 2; loop { x = x * x; }",
        "for i in 0..9999999999 { let y = i; }",
    ];
    for body in bodies {
        bounded("script", body.as_bytes(), |_| {
            let text = format!("fn f() {{ {body} }}\nfn g(a, b) {{ f() }}");
            let (scripts, found) = Scripts::compile(&BTreeMap::from([("s.rhai".to_owned(), text)]));
            if !found.is_empty() {
                return;
            }
            match scripts.call("s.rhai::f", &[]) {
                Err(EvalError::Fault(fault)) => assert_eq!(fault.code, "SCRIPT_FAILED", "{body}"),
                other => panic!("{body} ended in {other:?}"),
            }
        });
    }
}

/// 40 bindings, each twice the one before.
fn doubled(form: &str, first: &str) -> String {
    let mut text = format!("let x0 = {first} in ");
    for n in 1..40 {
        let before = format!("x{}", n - 1);
        let form = form.replace('@', &before);
        text.push_str(&format!("let x{n} = {form} in "));
    }
    text + "x39"
}

#[test]
fn lists_and_texts_that_multiply_stay_within_bounds() {
    let list = Value::list((0..1_000).map(|n| Value::from(i64::from(n))).collect());
    let env = Env { open: true, ..Env::default() };
    let scope = Scope::new().with("a", list);
    for text in [
        "count(flat_map(a, x => flat_map(a, y => a)))",
        "length(join(map(a, x => join(map(a, y => join(a))))))",
        "count(map(range(10000), x => map(range(10000), y => y)))",
        "1000000000 |> range()",
        &doubled("\"{@}{@}\"", "\"xxxxxxxx\""),
        &doubled("[@, @]", "[1, 2]"),
        &doubled("{ a = @, b = @ }", "{ a = 1 }"),
        &doubled("concat(@, @)", "[1, 2]"),
    ] {
        bounded("size", text.as_bytes(), |_| {
            let (compiled, found) = compile_text(text, &env, None);
            let compiled = compiled.unwrap_or_else(|| panic!("{found:?}"));
            match compiled.program.eval(&scope, &NoHost::default()) {
                Err(EvalError::Fault(fault)) => assert_eq!(fault.code, "MAP_LIMIT", "{text}"),
                other => panic!("{text} came to {:?}", other.map(|v| v.kind())),
            }
        });
    }
}
