//! The examples on the pages of codes, checked over the published schemas: what a page calls bad has
//! that finding and no other, what it calls good has none.
//!
//! An example is a document's top-level keys, a target field, a script, or an expression; it is laid
//! over a small folder that is right.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenon_kit::Connector;
use tenon_mapper::{Env, compile_text};
use tenon_source::{Diagnostic, File, Page};

use super::systems::shown;
use crate::{Known, load_known};

const ROOT: &str = "integration: x
title: X
connections:
  shopify: { connector: shopify }
  fortnox: { connector: fortnox }
settings:
  collective_customer: { type: text, default: \"1\", description: The customer of guests. }
  reference_prefix: { type: text, default: \"W\", description: Before the order's name. }
  parcels: { type: int, default: 2, description: Parcels of an order. }
tables:
  accounts:
    file: tables/accounts.csv
    title: Accounts by country
    key: { country: text }
    value: { account: int }
    on_missing: fault
  sales_accounts:
    file: tables/sales_accounts.csv
    title: Accounts by country and rate
    key: { country: text, rate: decimal }
    value: { account: int }
    on_missing: fault
";

const MAPPING: [(&str, &str); 5] = [
    ("mapping", "mapping: order\n"),
    ("from", "from: { order: shopify.order }\n"),
    ("to", "to: fortnox.order\n"),
    ("money", "money: { rounding: half_up, vat: as_given, pick: shop }\n"),
    ("fields", "fields:\n  CustomerNumber: settings.collective_customer\n"),
];

const FLOW: [(&str, &str); 6] = [
    ("flow", "flow: order\n"),
    ("title", "title: Orders to Fortnox\n"),
    ("from", "from: shopify.order\n"),
    ("to", "to: fortnox.order\n"),
    ("triggers", "triggers: { manual: [id] }\n"),
    ("steps", "steps:\n  - run: invoice\n    with: { order: order }\n"),
];

/// Pages whose examples are no text that is checked alone; other tests provoke their codes. M016 needs
/// a schema with a deprecated field, M029 an expression of 65 levels, Y001 a file that is no text, Y009
/// and Y010 one that is too deep or too large; Y011 and the flows tell of several documents.
const IN_WORDS: [&str; 12] = [
    "M016", "M029", "Y001", "Y009", "Y010", "Y011", "F016", "F035", "F043", "F046", "F047", "F048",
];

fn connectors() -> BTreeMap<String, Known> {
    ["shopify", "fortnox"]
        .into_iter()
        .map(|name| {
            let (connector, found) = Connector::load(&tenon_kit::catalog(name).unwrap());
            let connector = connector.unwrap_or_else(|| panic!("{}", shown(&found)));
            (name.to_owned(), Known::from(&connector))
        })
        .collect()
}

type Files = BTreeMap<String, String>;

/// A folder without findings.
fn good() -> Files {
    let mapping: String = MAPPING.iter().map(|(_, text)| *text).collect();
    let flow: String = FLOW.iter().map(|(_, text)| *text).collect();
    let invoice = "flow: invoice\ntitle: Invoices\nfrom: shopify.order\nto: fortnox.invoice\n\
                   triggers: { manual: [id] }\nsteps:\n  - log: \"{order.id}\"\n";
    let customer = "mapping: customer\nfrom: { order: shopify.order }\nto: fortnox.customer\n\
                    fields:\n  Name: order.name\n";
    let address = "share: address\nlet:\n  _city: order.shippingAddress.city\n";
    [
        ("integration.yaml", ROOT),
        ("tables/accounts.csv", "country,account\nSE,3001\n"),
        ("tables/sales_accounts.csv", "country,rate,account\nSE,25,3001\n"),
        ("scripts/names.rhai", "fn from_note(order) { \"x\" }\n"),
        ("common/address.map.yaml", address),
        ("order.map.yaml", &mapping),
        ("customer.map.yaml", customer),
        ("order.flow.yaml", &flow),
        ("invoice.flow.yaml", invoice),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .into()
}

/// The top-level keys of a text.
fn keys(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().filter(|line| !line.starts_with(' '));
    lines.filter_map(|line| line.split_once(':')).map(|(key, _)| key).collect()
}

/// A document with top-level keys replaced by those of the example.
fn over(document: &[(&str, &str)], example: &str) -> String {
    let given = keys(example);
    let kept = document.iter().filter(|(key, _)| !given.contains(key));
    kept.map(|(_, text)| *text).chain([example, "\n"]).collect()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// The folder with the example of a mapping's page: a target field, or keys of the document.
fn with_mapping(example: &str) -> Files {
    let text = if !example.starts_with(char::is_uppercase) {
        over(&MAPPING, example)
    } else if example.starts_with("CustomerNumber") {
        over(&MAPPING, &format!("fields:\n{}", indented(example)))
    } else {
        let required = "  CustomerNumber: settings.collective_customer\n";
        over(&MAPPING, &format!("fields:\n{required}{}", indented(example)))
    };
    let mut files = good();
    files.insert("order.map.yaml".to_owned(), text);
    files
}

/// The folder with the example of a flow's page: steps, keys of the flow or of `integration.yaml`, a
/// table or a script.
fn with_flow(example: &str) -> Files {
    let mut files = good();
    let first = example.lines().next().unwrap_or_default();
    let (path, text) = match first.split(':').next().unwrap_or_default() {
        _ if first.starts_with("- ") => {
            ("order.flow.yaml", over(&FLOW, &format!("steps:\n{}", indented(example))))
        }
        _ if first.starts_with("fn ") => ("scripts/names.rhai", example.to_owned()),
        _ if !first.contains(':') => ("tables/accounts.csv", example.to_owned()),
        key @ ("settings" | "tables" | "schedules") => {
            let head = format!("{key}:\n");
            let rest = example.strip_prefix(&head).unwrap().to_owned();
            let root = if ROOT.contains(&head) {
                ROOT.replace(&head, &format!("{head}{rest}\n"))
            } else {
                format!("{ROOT}{example}\n")
            };
            ("integration.yaml", root)
        }
        "connections" => {
            files.retain(|path, _| !path.ends_with(".map.yaml") && !path.ends_with(".flow.yaml"));
            ("integration.yaml", format!("integration: x\ntitle: X\n{example}\n"))
        }
        "flow" => {
            let rest = FLOW.iter().filter(|(key, _)| ["triggers", "steps"].contains(key));
            ("order.flow.yaml", rest.fold(format!("{example}\n"), |text, (_, key)| text + *key))
        }
        "lane" => {
            files.remove("invoice.flow.yaml");
            let steps = format!("{example}\nsteps:\n  - log: read");
            ("order.flow.yaml", over(&FLOW, &steps))
        }
        _ => ("order.flow.yaml", over(&FLOW, example)),
    };
    files.insert(path.to_owned(), text);
    files
}

/// Whether an example is keys of a document.
fn is_document(example: &str) -> bool {
    let first = example.lines().next().unwrap_or_default();
    first.split_once(':').is_some_and(|(key, _)| {
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

fn expressions(connectors: &BTreeMap<String, Known>) -> Env {
    let (integration, found) = load_known("", &good(), connectors);
    let integration = integration.unwrap_or_else(|| panic!("{}", shown(&found)));
    let mut env = Env::default();
    for known in connectors.values() {
        env.types.extend(&known.types);
    }
    let order = connectors["shopify"].system.resources["order"].record.clone();
    env.scope.insert("order".to_owned(), order);
    for (name, setting) in &integration.settings {
        env.settings.insert(name.clone(), setting.type_in_expressions());
    }
    for (name, table) in &integration.tables {
        env.tables.insert(name.clone(), table.table_type());
    }
    for (name, text) in &integration.scripts {
        env.scripts.insert(name.clone(), text.clone());
    }
    env
}

/// What is found in an example of a mapping.
fn found(example: &str, env: &Env, connectors: &BTreeMap<String, Known>) -> Vec<Diagnostic> {
    if example.starts_with("fn ") {
        let file = File { path: "scripts/x.rhai".to_owned(), text: example.to_owned() };
        return tenon_mapper::check_scripts(&[Arc::new(file)]);
    }
    if is_document(example) {
        return load_known("", &with_mapping(example), connectors).1;
    }
    compile_text(example, env, None).1
}

/// Every example whose findings are not those of its page, with them.
fn lies(pages: &[Page], found: impl Fn(&str) -> Vec<Diagnostic>) -> String {
    let mut wrong = String::new();
    for page in pages.iter().filter(|page| !IN_WORDS.contains(&page.code)) {
        for (example, wanted) in
            [(page.bad, BTreeSet::from([page.code])), (page.good, BTreeSet::new())]
        {
            let found = found(example);
            if found.iter().map(|d| d.code).collect::<BTreeSet<_>>() != wanted {
                wrong.push_str(&format!("{}\n{example}\n{}\n", page.code, shown(&found)));
            }
        }
    }
    wrong
}

#[test]
fn examples_of_mappings_have_exactly_the_finding_of_their_page() {
    let connectors = connectors();
    let env = expressions(&connectors);
    let mut pages = tenon_mapper::codes::PAGES.to_vec();
    pages.retain(|page| page.code.starts_with("M0"));
    assert!(pages.len() >= 40, "only {} pages", pages.len());
    let wrong = lies(&pages, |example| found(example, &env, &connectors));
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn examples_of_yaml_have_exactly_the_finding_of_their_page() {
    let connectors = connectors();
    let wrong = lies(tenon_source::codes::PAGES, |example| {
        if example.starts_with("- ") {
            return load_known("", &with_flow(example), &connectors).1;
        }
        let text = example.replace("<TAB>", "\t").replace("<NUL>", "\0");
        let text = text.replace("<BOM>", "\u{feff}");
        tenon_source::load(Arc::new(File { path: "x.yaml".to_owned(), text })).1
    });
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn examples_of_flows_have_exactly_the_finding_of_their_page() {
    let connectors = connectors();
    let pages = crate::codes::PAGES;
    assert!(pages.len() >= 45, "only {} pages", pages.len());
    let wrong = lies(pages, |example| load_known("", &with_flow(example), &connectors).1);
    assert!(wrong.is_empty(), "{wrong}");
}
