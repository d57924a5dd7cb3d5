//! Findings about manifests: each code provoked, all in one pass.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Connector, lint};

const OPENAPI: &str = r##"{"openapi":"3.0.3","paths":{
    "/things":{"get":{"parameters":[{"name":"ref","in":"query","schema":{"type":"string"}}],"responses":{}},"post":{"responses":{}}},
    "/things/{Id}":{"get":{"responses":{}}},"/things/{Id}/close":{"put":{"responses":{}}}},
    "components":{"schemas":{"Thing":{"type":"object","properties":{"Id":{"type":"string"},"Ref":{"type":"string"},"Closed":{"type":"boolean"}}}}}}"##;

const SDL: &str =
    "type Query { thing(id: ID!): Thing things(first: Int, after: String): ThingConnection! }
    type Thing { id: ID! total: MoneyBag! parts(first: Int): ThingConnection! }
    type ThingConnection { nodes: [Thing!]! pageInfo: PageInfo! }
    type PageInfo { hasNextPage: Boolean! endCursor: String }
    type MoneyBag { shopMoney: MoneyV2! presentmentMoney: MoneyV2! }
    type MoneyV2 { amount: String! currencyCode: String! }";

const GOOD: &str = r#"connector: things
kind: data
trust: facts
api: { version: "1", schema: openapi.json }
environments: { live: { base: "https://things.example" } }
resources:
  thing:
    schema: Thing
    key: Id
    get: { get: "/things/{Id}" }
    find:
      - { by: Ref, get: /things, param: ref, records: Things }
    create: { post: /things, unknown: [Ref] }
    actions:
      close: { put: "/things/{Id}/close", once: true, proof: { Closed: true }, already: done }
"#;

const GRAPHQL: &str = r#"connector: things
api: { schemas: { "1": api.graphql }, endpoint: /graphql }
environments: { live: { base: "https://things.example" } }
limits: [{ cost: { capacity: 1000, restore: 50, single: 100 } }]
resources:
  thing:
    key: id
    get: { document: thing.graphql, variables: { id: "{key}" }, record: thing }
"#;

fn folder(manifest: &str, document: &str) -> BTreeMap<String, String> {
    [
        ("connector.yaml", manifest),
        ("openapi.json", OPENAPI),
        ("api.graphql", SDL),
        ("thing.graphql", document),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .into()
}

/// Codes found, with the line each stands in.
fn found(manifest: &str, document: &str) -> Vec<(&'static str, usize)> {
    let (_, found) = Connector::load(&folder(manifest, document));
    found.iter().map(|f| (f.code, f.span.line_column().0)).collect()
}

fn rest(from: &str, to: &str) -> Vec<(&'static str, usize)> {
    assert!(GOOD.contains(from));
    found(&GOOD.replace(from, to), "")
}

#[test]
fn a_good_manifest_has_no_findings() {
    assert_eq!(found(GOOD, ""), []);
    assert_eq!(found(GRAPHQL, "query($id: ID!) { thing(id: $id) { id } }"), []);
}

#[test]
fn each_mistake_in_a_rest_manifest_is_found_where_it_stands() {
    assert_eq!(rest("thing:\n    schema: Thing", "thing:\n    shema: Thing"), [("C002", 8)]);
    assert_eq!(rest("key: Id", "key: [Id]"), [("C001", 9)]);
    assert_eq!(rest(", records: Things", ""), [("C003", 12)]);
    assert_eq!(rest("kind: data", "kind: dat"), [("C004", 2)]);
    assert_eq!(rest("schema: openapi.json", "schema: api.json"), [("C005", 4)]);
    assert_eq!(rest("schema: openapi.json", "schema: api.graphql"), [("C007", 4)]);
    assert_eq!(rest("schema: Thing", "schema: Thong"), [("C008", 8)]);
    assert_eq!(rest("by: Ref", "by: Reff"), [("C015", 13), ("C009", 12)]);
    assert_eq!(rest("proof: { Closed: true }", "proof: { Clsed: true }"), [("C009", 15)]);
    assert_eq!(rest("/things/{Id}/close", "/things/{Id}/open"), [("C010", 15)]);
    assert_eq!(rest("param: ref", "param: reference"), [("C013", 12)]);
    assert_eq!(rest(", proof: { Closed: true }", ""), [("C014", 15)]);
    assert_eq!(rest(", unknown: [Ref]", ""), [("C015", 13)]);
    let gives = "already: done, gives: { resource: receipt, answer: Id, proof: Id }";
    assert_eq!(rest("already: done", gives), [("C006", 8)]);
}

#[test]
fn each_mistake_in_a_document_is_found() {
    let codes = |document: &str| -> Vec<&str> {
        found(GRAPHQL, document).into_iter().map(|(code, _)| code).collect()
    };
    assert_eq!(codes("query($id: ID!) { thing(id: $id) { id price } }"), ["C011"]);
    assert_eq!(codes("query($nr: ID!) { thing(id: $nr) { id } }"), ["C012"]);
    assert_eq!(codes("query($id: ID!) { other: thing(id: $id) { id } }"), ["C012"]);
    let parts = "query($id: ID!) { thing(id: $id) { id parts(first: 5) { nodes { id } } } }";
    assert_eq!(codes(parts), ["C016", "C016"]);
    let half =
        "query($id: ID!) { thing(id: $id) { id total { shopMoney { amount currencyCode } } } }";
    assert!(codes(half).iter().all(|code| *code == "C018") && !codes(half).is_empty());
    let dear = "query($id: ID!) { thing(id: $id) { id parts(first: 100) { nodes { id } pageInfo { hasNextPage endCursor } } } }";
    assert_eq!(codes(dear), ["C017"]);
}

/// What a page calls good stands in a manifest without findings, or is a document without any; with
/// what it calls bad in its place, its code is found and no other. What `lint` finds is about files
/// beside the manifest.
#[test]
fn examples_have_exactly_the_finding_of_their_page() {
    let pages = crate::codes::PAGES.iter();
    let pages = pages.filter(|page| page.code.starts_with("C0"));
    let mut wrong = Vec::new();
    for page in pages.filter(|page| !["C019", "C020"].contains(&page.code)) {
        let (good, bad) = if page.good.starts_with("query") {
            (found(GRAPHQL, page.good), found(GRAPHQL, page.bad))
        } else {
            assert!(GOOD.contains(page.good), "{}: {}", page.code, page.good);
            (found(GOOD, ""), rest(page.good, page.bad))
        };
        let bad: BTreeSet<&str> = bad.into_iter().map(|(code, _)| code).collect();
        if !good.is_empty() || bad != BTreeSet::from([page.code]) {
            wrong.push(format!("{}: good has {good:?}, bad has {bad:?}", page.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_mistakes_come_in_one_pass() {
    let bad = GOOD
        .replace("kind: data", "kind: dat")
        .replace("schema: Thing", "schema: Thong")
        .replace("param: ref", "param: reference")
        .replace(", unknown: [Ref]", "");
    let lines: Vec<usize> = found(&bad, "").into_iter().map(|(_, line)| line).collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
}

#[test]
fn lint_asks_for_the_licence_and_finds_what_is_not_used() {
    let codes = |files: &BTreeMap<String, String>| -> Vec<&'static str> {
        lint(files).iter().map(|f| f.code).collect()
    };
    let mut files = folder(GOOD, "");
    assert_eq!(codes(&files), ["C019", "C020", "C020"]);
    files.insert("schema.NOTICE".into(), "MIT".into());
    files.remove("api.graphql");
    files.remove("thing.graphql");
    assert_eq!(codes(&files), [] as [&str; 0]);
}

#[test]
fn every_finding_has_its_page_and_every_page_a_test() {
    let sources = [
        include_str!("../manifest/mod.rs"),
        include_str!("../manifest/account.rs"),
        include_str!("../manifest/calls.rs"),
        include_str!("../manifest/fields.rs"),
        include_str!("../manifest/reader.rs"),
        include_str!("../manifest/resources.rs"),
        include_str!("../manifest/schemas.rs"),
        include_str!("../typing/graphql.rs"),
        include_str!("../lint.rs"),
    ];
    let mut used = BTreeSet::new();
    for source in sources {
        for part in source.split("\"C").skip(1) {
            if part.get(..3).is_some_and(|digits| digits.chars().all(|c| c.is_ascii_digit())) {
                used.insert(format!("C{}", part.get(..3).unwrap()));
            }
        }
    }
    let pages: BTreeSet<String> = crate::codes::PAGES
        .iter()
        .map(|p| p.code.to_owned())
        .filter(|c| c.starts_with("C0"))
        .collect();
    assert_eq!(used, pages);
    let tests = include_str!("manifests.rs");
    assert!(pages.iter().all(|code| tests.contains(&format!("\"{code}\""))));
}
