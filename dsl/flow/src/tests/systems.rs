//! Two small systems to check folders against, and short ways to check them.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use tenon_mapper::types::{Field, Type, Types, Wire};
use tenon_source::{Diagnostic, Format, Severity, render};

use crate::{ActionFacts, Integration, Known, ResourceFacts, System, load_known, not_yet};

fn fields<const N: usize>(fields: [(&str, Field); N]) -> IndexMap<Arc<str>, Field> {
    fields.into_iter().map(|(name, field)| (Arc::from(name), field)).collect()
}

fn plain(ty: Type) -> Field {
    Field::of(ty)
}

fn maybe(ty: Type) -> Field {
    Field::of(ty.optional())
}

fn words(words: &[&str]) -> Type {
    Type::Enum(words.iter().map(|word| Arc::from(*word)).collect())
}

fn resource(record: &str, write: &str, key: &str) -> ResourceFacts {
    ResourceFacts {
        record: Type::named(record),
        row: Type::named(record),
        write: if write.is_empty() { Type::Dyn } else { Type::named(write) },
        key: key.to_owned(),
        offers: vec!["get", "list"],
        filters: Vec::new(),
        finds: Vec::new(),
        markers: Vec::new(),
        actions: BTreeMap::new(),
    }
}

fn shop() -> Known {
    let mut types = Types::default();
    types.add(
        "shop.Order",
        fields([
            ("id", plain(Type::Text)),
            ("name", plain(Type::Text)),
            ("note", maybe(Type::Text)),
            ("email", Field { personal: true, ..maybe(Type::Text) }),
            ("test", plain(Type::Bool)),
            ("createdAt", plain(Type::DateTime)),
            ("updatedAt", plain(Type::DateTime)),
            ("currency", plain(words(&["SEK", "EUR"]))),
            ("total", plain(Type::Money)),
            ("customer", maybe(Type::named("shop.Customer"))),
            ("rows", plain(Type::named("shop.Row").list())),
        ]),
    );
    types.add(
        "shop.Customer",
        fields([
            ("id", plain(Type::Text)),
            ("name", maybe(Type::Text)),
            ("email", maybe(Type::Text)),
        ]),
    );
    types.add(
        "shop.Row",
        fields([
            ("sku", maybe(Type::Text)),
            ("title", plain(Type::Text)),
            ("quantity", plain(Type::Int)),
            ("price", plain(Type::Money)),
        ]),
    );
    let resources = BTreeMap::from([
        ("order".to_owned(), resource("shop.Order", "", "id")),
        ("customer".to_owned(), resource("shop.Customer", "", "id")),
    ]);
    let topics = vec!["orders/create".to_owned(), "orders/paid".to_owned()];
    let events = vec!["orders".to_owned()];
    Known { types, system: System { connector: "shop".to_owned(), resources, topics, events } }
}

fn ledger() -> Known {
    let mut types = Types::default();
    let order = [
        ("DocumentNumber", Field { read_only: true, ..maybe(Type::Text) }),
        ("CustomerNumber", Field { required: true, ..plain(Type::Text) }),
        ("Currency", maybe(words(&["SEK", "EUR"]))),
        ("Reference", Field { max_length: Some(80), ..maybe(Type::Text) }),
        ("Remarks", maybe(Type::Text)),
        ("Total", Field { wire: Wire::Plain, ..maybe(Type::Decimal) }),
        ("Rows", maybe(Type::named("ledger.Row").list())),
        ("InvoiceReference", maybe(Type::Text)),
    ];
    types.add("ledger.Order", fields(order));
    types.add(
        "ledger.Row",
        fields([
            ("ArticleNumber", maybe(Type::Text)),
            ("AccountNumber", maybe(Type::Int)),
            ("Description", plain(Type::Text)),
            ("Quantity", plain(Type::Int)),
            ("Price", plain(Type::Decimal)),
            ("Type", maybe(words(&["article", "text"]))),
        ]),
    );
    types.add(
        "ledger.Customer",
        fields([
            ("CustomerNumber", maybe(Type::Text)),
            ("Name", Field { required: true, ..plain(Type::Text) }),
            ("Email", maybe(Type::Text)),
            ("Marker", maybe(Type::Text)),
        ]),
    );
    types.add(
        "ledger.Invoice",
        fields([("DocumentNumber", plain(Type::Text)), ("Booked", plain(Type::Bool))]),
    );
    let action = |gives: Option<&str>, arguments: &[(&str, Type)]| ActionFacts {
        gives: gives.map(str::to_owned),
        arguments: arguments.iter().map(|(k, ty)| ((*k).to_owned(), ty.clone())).collect(),
        answers: Type::Dyn,
    };
    let order = ResourceFacts {
        finds: vec!["Reference".to_owned(), "CustomerNumber".to_owned()],
        markers: vec!["Reference".to_owned()],
        offers: vec!["get", "list", "create", "update"],
        actions: BTreeMap::from([("createinvoice".to_owned(), action(Some("invoice"), &[]))]),
        ..resource("ledger.Order", "ledger.Order", "DocumentNumber")
    };
    let customer = ResourceFacts {
        finds: vec!["Email".to_owned(), "Marker".to_owned()],
        markers: vec!["Marker".to_owned()],
        offers: vec!["get", "create", "update", "delete"],
        ..resource("ledger.Customer", "ledger.Customer", "CustomerNumber")
    };
    let invoice = ResourceFacts {
        filters: vec!["status".to_owned(), "customer".to_owned()],
        actions: BTreeMap::from([("bookkeep".to_owned(), action(None, &[("date", Type::Date)]))]),
        ..resource("ledger.Invoice", "", "DocumentNumber")
    };
    let resources = BTreeMap::from([
        ("order".to_owned(), order),
        ("customer".to_owned(), customer),
        ("invoice".to_owned(), invoice),
    ]);
    Known {
        types,
        system: System { connector: "ledger".to_owned(), resources, ..System::default() },
    }
}

/// The two systems.
pub(crate) fn both() -> BTreeMap<String, Known> {
    BTreeMap::from([("shop".to_owned(), shop()), ("ledger".to_owned(), ledger())])
}

/// A folder that is right in every way.
pub(crate) fn good() -> BTreeMap<String, String> {
    let files: [(&str, &str); 7] = [
        ("integration.yaml", include_str!("good/integration.yaml")),
        ("order.flow.yaml", include_str!("good/order.flow.yaml")),
        ("invoice.flow.yaml", include_str!("good/invoice.flow.yaml")),
        ("order.map.yaml", include_str!("good/order.map.yaml")),
        ("customer.map.yaml", include_str!("good/customer.map.yaml")),
        ("scripts/names.rhai", include_str!("good/scripts/names.rhai")),
        ("tables/accounts.csv", include_str!("good/tables/accounts.csv")),
    ];
    files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// Checks a folder.
pub(crate) fn check(files: &BTreeMap<String, String>) -> (Option<Integration>, Vec<Diagnostic>) {
    load_known("", files, &both())
}

/// Checks a folder as if the machine ran everything already that has a form in the graph.
pub(crate) fn check_ahead(
    files: &BTreeMap<String, String>,
) -> (Option<Integration>, Vec<Diagnostic>) {
    let (integration, mut found) = crate::integration::load_unjudged("", files, &both());
    let lists = [not_yet::VERBS, not_yet::KEYS, not_yet::WHEN_LOCKED, not_yet::INTEGRATION];
    found.retain(|d| d.code != "F006" || !lists.concat().contains(&d.span.text()));
    let clean = !found.iter().any(is_error);
    (integration.filter(|_| clean), found)
}

/// The good folder with one text in one file replaced.
pub(crate) fn with(path: &str, old: &str, new: &str) -> BTreeMap<String, String> {
    let mut files = good();
    let text = files.get(path).unwrap_or_else(|| panic!("no file {path}"));
    assert!(text.contains(old), "{path} has no `{old}`");
    let text = text.replacen(old, new, 1);
    files.insert(path.to_owned(), text);
    files
}

/// What is shown of findings.
pub(crate) fn shown(found: &[Diagnostic]) -> String {
    render(found, Format::Human { color: false })
}

/// The only finding after a replacement: its code and the text it points at.
pub(crate) fn only(path: &str, old: &str, new: &str) -> Diagnostic {
    let (_, mut found) = check(&with(path, old, new));
    assert_eq!(found.len(), 1, "{}", shown(&found));
    found.remove(0)
}

/// As [`only`], with the code and the text that is pointed at compared.
pub(crate) fn finds(path: &str, old: &str, new: &str, code: &str, at: &str) -> Diagnostic {
    let found = only(path, old, new);
    assert_eq!(
        (found.code, found.span.text()),
        (code, at),
        "{}",
        shown(std::slice::from_ref(&found))
    );
    found
}

/// Whether it is an error.
pub(crate) fn is_error(found: &Diagnostic) -> bool {
    found.severity == Severity::Error
}
