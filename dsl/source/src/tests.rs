//! Tests of the loader, the places, the rendering and the names.

use std::sync::Arc;

use crate::{
    Diagnostic, Document, File, Format, Node, Style, apply_fixes, codes, expression_trap, load,
    load_bytes, near, render, sort, summary,
};

fn read(text: &str) -> (Document, Vec<Diagnostic>) {
    load(Arc::new(File { path: "a.yaml".to_owned(), text: text.to_owned() }))
}

fn clean(text: &str) -> Node {
    let (document, found) = read(text);
    assert!(found.is_empty(), "{}", render(&found, Format::Human { color: false }));
    document.root.unwrap()
}

fn only(text: &str) -> Diagnostic {
    let (_, mut found) = read(text);
    assert_eq!(found.len(), 1, "{}", render(&found, Format::Human { color: false }));
    found.remove(0)
}

/// Every word of the scalar's text stands at its place in the file, or at the raw form given.
fn places(node: &Node, pairs: &[(&str, &str)]) {
    let text = node.text().unwrap();
    for (part, raw) in pairs {
        let at = text.find(part).unwrap_or_else(|| panic!("`{part}` in `{text}`"));
        assert_eq!(node.span_of(at..at + part.len()).text(), *raw, "`{part}` of `{text}`");
    }
}

#[test]
fn a_document_is_a_tree_with_places() {
    let root =
        clean("flow: order\nsteps:\n  - get: shopify.order\n    by: order.id\n  - stop: done\n");
    assert_eq!(root.get("flow").unwrap().text(), Some("order"));
    assert_eq!(root.get("flow").unwrap().span.line_column(), (1, 7));
    let steps = root.get("steps").unwrap();
    assert_eq!(steps.items().len(), 2);
    assert_eq!(steps.span.text(), "- get: shopify.order\n    by: order.id\n  - stop: done");
    assert_eq!(steps.items()[0].get("by").unwrap().span.place(), "a.yaml:4");
    assert_eq!(root.describe(), "a mapping");
}

#[test]
fn a_plain_scalar_maps_to_its_bytes() {
    places(&clean("åäö: order.naïve // b\n").entries()[0].1, &[("naïve", "naïve"), ("b", "b")]);
}

#[test]
fn a_plain_scalar_over_lines_maps_through_the_fold() {
    let root = clean("a: order.name\n   // order.note\n\n   // last\n");
    let value = root.get("a").unwrap();
    assert_eq!(value.text(), Some("order.name // order.note\n// last"));
    places(value, &[("order.name", "order.name"), ("order.note", "order.note"), ("last", "last")]);
    places(value, &[("name //", "name\n   //")]);
}

#[test]
fn single_quotes_map_through_doubled_quotes() {
    let root = clean("a: 'it''s {order.name} and''more'\n");
    let value = root.get("a").unwrap();
    assert_eq!(value.text(), Some("it's {order.name} and'more"));
    places(value, &[("order.name", "order.name"), ("'s", "''s"), ("more", "more")]);
}

#[test]
fn double_quotes_map_through_escapes() {
    let root = clean("a: \"\\t\\u00e5 {order.name}\\x41\\U0001F600 {b} \\ud83d\\ude00 {c}\"\n");
    let value = root.get("a").unwrap();
    places(value, &[("order.name", "order.name"), ("å", "\\u00e5"), ("A", "\\x41")]);
    places(value, &[("{b}", "{b}"), ("{c}", "{c}")]);
}

#[test]
fn double_quotes_over_lines_map_through_fold_and_escaped_break() {
    let root = clean("a: \"one\n  two\n\n  three \\\n   four\"\n");
    let value = root.get("a").unwrap();
    assert_eq!(value.text(), Some("one two\nthree four"));
    places(value, &[("one", "one"), ("two", "two"), ("three", "three"), ("four", "four")]);
}

#[test]
fn a_literal_block_maps_through_its_indentation() {
    let root = clean("a:\n  b: |\n    let x = order.name in\n      x\n\n    // tail\n  c: 1\n");
    let value = root.get("a").unwrap().get("b").unwrap();
    assert_eq!(value.scalar().unwrap().style, Style::Literal);
    assert_eq!(value.text(), Some("let x = order.name in\n  x\n\n// tail\n"));
    places(value, &[("order.name", "order.name"), ("  x", "  x"), ("tail", "tail")]);
    assert!(value.span.text().starts_with('|') && value.span.text().ends_with("tail"));
}

#[test]
fn a_block_with_an_indentation_digit_keeps_its_places() {
    let root = clean("a: |2-\n    lead\n   in\n");
    let value = root.get("a").unwrap();
    assert_eq!(value.text(), Some("  lead\n in"));
    places(value, &[("lead", "lead"), ("in", "in"), ("  lead", "  lead")]);
}

#[test]
fn a_folded_block_maps_through_folds() {
    let root = clean("a: >-\n  order.name\n  // order.note\n\n  // last\n");
    let value = root.get("a").unwrap();
    assert_eq!(value.text(), Some("order.name // order.note\n// last"));
    places(value, &[("order.name", "order.name"), ("order.note", "order.note"), ("last", "last")]);
}

#[test]
fn windows_line_ends_are_read_and_places_stay_right() {
    let root = clean("a: |\r\n  one\r\n  two\r\nb: \"x\r\n  y\"\r\nc: z\r\n");
    places(root.get("a").unwrap(), &[("one", "one"), ("two", "two")]);
    places(root.get("b").unwrap(), &[("y", "y")]);
    assert_eq!(root.get("c").unwrap().span.line_column(), (6, 4));
}

#[test]
fn a_byte_order_mark_is_a_warning_with_a_sure_fix_and_shifts_nothing() {
    let (document, found) = read("\u{feff}a: 'b {c}'\n");
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["Y003"]);
    let root = document.root.unwrap();
    assert_eq!(root.get("a").unwrap().span.text(), "'b {c}'");
    places(root.get("a").unwrap(), &[("{c}", "{c}")]);
    let fixed = apply_fixes(&document.file.text, &[found[0].fix.clone().unwrap()]);
    assert_eq!(fixed, "a: 'b {c}'\n");
}

#[test]
fn other_encodings_are_refused_at_their_first_byte() {
    let (document, found) = load_bytes("a.yaml", b"a: caf\xe9\n");
    assert!(document.root.is_none());
    assert_eq!((found[0].code, found[0].span.line_column()), ("Y001", (1, 7)));
}

#[test]
fn control_characters_are_refused() {
    assert_eq!(only("a: b\0c\n").code, "Y002");
}

#[test]
fn a_broken_document_says_where_and_why() {
    let found = only("a: paid: no\n");
    assert_eq!((found.code, found.span.line_column().0), ("Y004", 1));
    assert_eq!(only("a: [1, 2\nb: 3\n").code, "Y004");
    assert_eq!(only("a: \"open\n").code, "Y004");
    assert_eq!(only("a: 1\n b: 2\n").code, "Y004");
    assert_eq!(only("a: @x\n").code, "Y004");
}

#[test]
fn a_key_that_stands_twice_is_found_and_the_first_counts() {
    let (document, found) = read("a: 1\nb: 2\na: 3\n");
    assert_eq!((found[0].code, found[0].span.line_column()), ("Y005", (3, 1)));
    assert!(found[0].notes[0].contains("line 1"));
    assert_eq!(document.root.unwrap().get("a").unwrap().text(), Some("1"));
}

#[test]
fn of_very_many_findings_the_first_are_shown_and_the_last_says_so() {
    let (_, found) = read(&"a: x\n".repeat(100_000));
    assert_eq!(found.len(), 200);
    assert!(found.last().unwrap().notes.iter().any(|note| note.contains("not shown")));
    let distinct: String = (0..50_000).map(|n| format!("k{n}: x\n")).collect();
    assert_eq!(clean(&distinct).entries().len(), 50_000);
}

#[test]
fn a_tab_as_indentation_is_named() {
    let found = only("a:\n\tb: 1\n");
    assert_eq!(found.code, "Y006", "{found:?}");
}

#[test]
fn anchors_and_aliases_are_found_and_still_understood() {
    let (document, found) = read("a: &x [1, 2]\nb: *x\nc: *nothing\nd: 1\n");
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["Y007", "Y007", "Y007"]);
    assert_eq!(found[1].span.text(), "*x");
    let root = document.root.unwrap();
    assert_eq!(root.get("b").unwrap().items().len(), 2);
    assert!(root.get("c").is_none());
    assert!(root.get("d").is_some());
}

#[test]
fn a_tag_is_found_at_the_tag() {
    let found = only("a: !!str 12\n");
    assert_eq!((found.code, found.span.text()), ("Y008", "!!str"));
}

#[test]
fn nesting_is_bounded() {
    assert_eq!(only(&format!("{}1{}\n", "[".repeat(70), "]".repeat(70))).code, "Y009");
    let deep: String = (0..70).map(|n| format!("{}- \n", " ".repeat(n))).collect();
    assert_eq!(only(&deep).code, "Y009");
}

#[test]
fn size_is_bounded() {
    assert_eq!(only(&"# comment\n".repeat(110_000)).code, "Y010");
}

#[test]
fn a_file_holds_one_document() {
    let found = only("a: 1\n---\nb: 2\n");
    assert_eq!((found.code, found.span.line_column().0), ("Y011", 2));
}

#[test]
fn a_key_is_a_word() {
    assert_eq!(only("? [a, b]\n: 1\n").code, "Y012");
}

#[test]
fn an_empty_document_has_no_root_and_no_findings() {
    for text in ["", "\n", "# only a comment\n", "---\n"] {
        let (document, found) = read(text);
        assert!(document.root.is_none() && found.is_empty(), "{text:?}");
    }
}

#[test]
fn an_empty_value_stands_behind_its_key() {
    let root = clean("a:\nb: 1\n");
    assert!(root.get("a").unwrap().is_null());
    assert_eq!(root.get("a").unwrap().span.line_column(), (1, 3));
}

#[test]
fn all_findings_come_in_one_pass() {
    let (_, found) = read("a: !!str 1\na: 2\nb: &x 3\nc: 1\nc: 2\n");
    let codes: Vec<_> = found.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["Y008", "Y005", "Y007", "Y005"]);
}

#[test]
fn traps_of_expressions_are_found() {
    let root = clean(
        "a: 2026-01-01\nb: 007\nc: ~\nd: { e: a + 1, f: order.id, g: 3, h: \"a + 1\" }\ni: 0.5\n",
    );
    let code = |node: &Node| expression_trap(node).map(|found| found.code);
    let of = |key: &str| code(root.get(key).unwrap());
    assert_eq!(
        (of("a"), of("b"), of("c"), of("i")),
        (Some("Y015"), Some("Y015"), Some("Y015"), None)
    );
    let inner: Vec<_> = root.get("d").unwrap().entries().iter().map(|(_, v)| code(v)).collect();
    assert_eq!(inner, [Some("Y014"), None, None, None]);
}

#[test]
fn findings_are_shown_in_three_forms() {
    let (document, _) = read("flow: order\nsteps:\n  - gett: shopify.order\n");
    let key =
        document.root.as_ref().unwrap().get("steps").unwrap().items()[0].entries()[0].0.clone();
    let found = vec![
        Diagnostic::error("F002", key.span.clone(), "no step is called `gett`")
            .label("unknown")
            .note("steps: get, map")
            .fix(key.span.clone(), "get", true),
    ];
    let mut text = String::new();
    for format in [Format::Human { color: false }, Format::Json, Format::Github] {
        text.push_str(&render(&found, format));
        text.push_str("----\n");
    }
    text.push_str(&summary(&found));
    insta::assert_snapshot!("rendered", text);
    assert!(render(&found, Format::Human { color: true }).contains("\u{1b}["));
}

#[test]
fn findings_are_sorted_by_place_and_doubles_go() {
    let (_, mut found) = read("a: 1\na: 2\nb: &x 3\n");
    found.reverse();
    found.push(found[0].clone());
    sort(&mut found);
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["Y005", "Y007"]);
    assert_eq!(summary(&found), "2 errors");
    assert_eq!(summary(&[]), "no findings");
}

#[test]
fn fixes_are_applied_once_and_never_over_each_other() {
    let (document, _) = read("abcdef\n");
    let node = document.root.unwrap();
    let fix = |range: std::ops::Range<usize>, text: &str| crate::Fix {
        span: node.span.part(range),
        replacement: text.to_owned(),
        sure: true,
    };
    let fixes = [fix(4..5, "E"), fix(0..1, "A"), fix(0..1, "A"), fix(0..2, "X"), fix(9..12, "no")];
    assert_eq!(apply_fixes("abcdef", &fixes), "AbcdEf");
}

#[test]
fn near_names_are_near_and_never_nonsense() {
    let names =
        ["currency", "totalPrice", "shippingAddress", "billingAddress", "customer_number", "id"];
    let near = |name| near(name, names);
    assert_eq!(near("curency"), Some("currency"));
    assert_eq!(near("curerncy"), Some("currency"));
    assert_eq!(near("total_price"), Some("totalPrice"));
    assert_eq!(near("CustomerNumber"), Some("customer_number"));
    assert_eq!(near("total"), Some("totalPrice"));
    assert_eq!(near("shipping"), Some("shippingAddress"));
    assert_eq!(near("priceTotal"), Some("totalPrice"));
    assert_eq!(near("x"), None);
    assert_eq!(near("weather"), None);
    assert_eq!(near("ib"), None);
    assert_eq!(near(""), None);
}

#[test]
fn a_name_is_suggested_for_a_slip_and_never_for_another_word() {
    let fields = [
        "id",
        "name",
        "createdAt",
        "cancelledAt",
        "totalPrice",
        "totalTax",
        "customer",
        "currency",
        "quantity",
        "discount",
        "shippingAddress",
        "billingAddress",
        "email",
        "phone",
        "sku",
        "CustomerNumber",
        "CustomerName",
        "DeliveryAddress1",
        "DeliveryAddress2",
        "OrderRows",
    ];
    let near = |name| near(name, fields);
    for (slip, meant) in [
        ("nmae", "name"),
        ("Name", "name"),
        ("names", "name"),
        ("createdat", "createdAt"),
        ("created_at", "createdAt"),
        ("canceledAt", "cancelledAt"),
        ("totalprice", "totalPrice"),
        ("custmer", "customer"),
        ("currrency", "currency"),
        ("quanity", "quantity"),
        ("disount", "discount"),
        ("shippingAdress", "shippingAddress"),
        ("address_billing", "billingAddress"),
        ("e-mail", "email"),
        ("emial", "email"),
        ("phne", "phone"),
        ("skus", "sku"),
        ("CustomerNumbr", "CustomerNumber"),
        ("Customer_Number", "CustomerNumber"),
        ("DeliveryAdress1", "DeliveryAddress1"),
        ("orderRows", "OrderRows"),
        ("OrderRow", "OrderRows"),
    ] {
        assert_eq!(near(slip), Some(meant), "{slip}");
    }
    for word in [
        "",
        "x",
        "ib",
        "di",
        "no",
        "weather",
        "warehouse",
        "country",
        "note",
        "gift",
        "tags",
        "refunds",
        "transactions",
        "amount",
        "price2",
        "zip",
        "city",
        "fulfilments",
        "Ordernummer",
        "123",
        "!!",
        "åäö",
    ] {
        let found = near(word);
        assert!(
            found.is_none() || found.is_some_and(|f| f.to_lowercase().contains(word)),
            "{word} is not {found:?}"
        );
    }
}

#[test]
fn every_code_has_one_page() {
    let mut seen = std::collections::BTreeSet::new();
    for page in codes::PAGES {
        assert!(seen.insert(page.code), "{} stands twice", page.code);
        assert!(page.render().contains(page.title));
    }
}

/// Every part of every scalar lies inside the scalar's own place.
fn inside(node: &Node) {
    if let Some(text) = node.text() {
        for (at, c) in text.char_indices() {
            let span = node.span_of(at..at + c.len_utf8());
            assert!(span.file.text.get(span.bytes.clone()).is_some(), "`{text}` at {at}");
            assert!(span.bytes.start >= node.span.bytes.start, "`{text}` at {at}: {span:?}");
        }
    }
    node.items().iter().for_each(inside);
    for (key, value) in node.entries() {
        inside(key);
        inside(value);
    }
}

#[test]
fn every_prefix_of_a_document_is_read_without_a_panic_and_with_places() {
    let text = "flow: 'it''s å'\nsteps:\n  - if: |\n      a == 1\n        and b\n\n      or c\n    \
                set: { x: [1, \"\\u00e5\\n\\\n      two\n\n      three\"], y: &a b }\n  - log: >2-\n      one\n     two\n\n\
                \x20   last\n  - *a\n  - !!str x\nplain: one\n  two\r\n  three 😀 four # note\n";
    for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
        let (document, _) = read(text.get(..at).unwrap());
        document.root.iter().for_each(inside);
        let (document, _) = read(text.get(at..).unwrap());
        document.root.iter().for_each(inside);
    }
}
