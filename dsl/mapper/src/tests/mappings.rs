//! Mapping documents: what they make, what is found in them, how they explain themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use tenon_source::{Diagnostic, Document, File};
use tenon_value::{Value, json};

use super::corpus::{env, scope};
use crate::{
    CompiledMapping, Env, EvalError, Field, MappingProgram, NoHost, ResourceType, Scope, Trace,
    Type, Wire, compile_mapping,
};

fn document(text: &str) -> Document {
    let file = Arc::new(File { path: "order.map.yaml".to_owned(), text: text.to_owned() });
    let (document, found) = tenon_source::load(file);
    assert_eq!(found, [], "{text}");
    document
}

/// The shop of the corpus, and a ledger that takes orders with rows.
pub(super) fn ledger() -> Env {
    let mut env = env();
    let field = |ty: Type| Field::of(ty.optional());
    let kinds = Type::Enum(["GOODS", "FREIGHT"].map(Arc::from).into());
    let row = IndexMap::from([
        (Arc::from("Article"), field(Type::Text)),
        (Arc::from("Kind"), field(kinds)),
        (Arc::from("Price"), field(Type::Decimal)),
        (Arc::from("Quantity"), Field { wire: Wire::Text, ..field(Type::Decimal) }),
        (Arc::from("Total"), Field { read_only: true, ..field(Type::Decimal) }),
    ]);
    let address = IndexMap::from([
        (Arc::from("City"), field(Type::Text)),
        (Arc::from("Country"), field(Type::Text)),
    ]);
    let short = Field { max_length: Some(10), ..field(Type::Text) };
    let old = Field { deprecated: Some(Arc::from("use Reference")), ..field(Type::Text) };
    let order = IndexMap::from([
        (Arc::from("Customer"), Field { required: true, ..field(Type::Text) }),
        (Arc::from("Name"), field(Type::Text)),
        (Arc::from("Reference"), short),
        (Arc::from("OldReference"), old),
        (Arc::from("Day"), field(Type::Date)),
        (Arc::from("Amount"), field(Type::Decimal)),
        (Arc::from("Pieces"), field(Type::Int)),
        (Arc::from("Sent"), field(Type::Bool)),
        (Arc::from("Delivery"), field(Type::named("ledger.Address"))),
        (Arc::from("Rows"), field(Type::named("ledger.Row").list())),
    ]);
    env.types.add("ledger.Row", row);
    env.types.add("ledger.Address", address);
    env.types.add("ledger.Order", order);
    let same = |name: &str| ResourceType { record: Type::named(name), write: Type::named(name) };
    env.resources.insert("shop.order".to_owned(), same("shop.Order"));
    env.resources.insert("ledger.order".to_owned(), same("ledger.Order"));
    env.settings.insert("use_presentment".to_owned(), Type::Bool);
    env.scope.clear();
    env
}

const HEAD: &str = "mapping: order\nfrom: { order: shop.order }\nto: ledger.order\n";

fn compiled(body: &str) -> (Option<CompiledMapping>, Vec<Diagnostic>) {
    compile_mapping(&document(&format!("{HEAD}{body}")), &ledger(), &BTreeMap::new())
}

fn program(body: &str) -> MappingProgram {
    let (compiled, found) = compiled(body);
    let compiled = compiled.unwrap_or_else(|| panic!("{found:#?}"));
    let read = MappingProgram::from_text(&compiled.program.to_text()).unwrap();
    assert_eq!(read, compiled.program);
    read
}

fn codes(body: &str) -> String {
    super::codes(&compiled(body).1)
}

fn made(body: &str) -> String {
    let (program, scope, host) = (program(body), scope(), NoHost::default());
    let made = program.run(&scope, &host, None, None);
    let traced = program.run(&scope, &host, None, Some(&mut crate::Trace::default()));
    assert_eq!(made, traced, "a trace changes nothing: {body}");
    ended(made)
}

fn ended(result: Result<crate::Made, EvalError>) -> String {
    match result {
        Ok(made) => json::write(&made.record),
        Err(EvalError::Fault(fault) | EvalError::Failed(fault)) => {
            format!("{} at {}", fault.code, fault.field.unwrap_or_default())
        }
        Err(other) => format!("{other:?}"),
    }
}

#[test]
fn a_field_that_is_missing_or_null_is_left_out_and_a_literal_null_is_sent() {
    let body = "fields:\n  Customer: \"1\"\n  Name: order.email\n  Reference: omit\n  Day: null\n  Sent: |\n    if order.test then true else null\n";
    assert_eq!(made(body), r#"{"Customer":"1","Day":null,"Sent":null}"#);
}

#[test]
fn keep_takes_the_targets_value_on_update_and_nothing_on_create() {
    let program = program("fields:\n  Customer: keep\n  Name: order.note // keep\n");
    let there = json::read(r#"{"Customer":"7","Name":"old"}"#).unwrap();
    let update = program.run(&scope(), &NoHost::default(), Some(&there), None);
    assert_eq!(ended(update), r#"{"Customer":"7","Name":"old"}"#);
    let create = program.run(&scope(), &NoHost::default(), None, None);
    assert_eq!(ended(create), "MAP_VALUE_MISSING at Customer");
}

#[test]
fn values_are_written_as_the_target_wants_them() {
    let body = "fields:\n  Customer: \"1\"\n  Day: date(order.createdAt, \"Europe/Stockholm\")\n  Amount: order.total\n  Pieces: order.quantity\n  Rows:\n    - each: order.lines\n      as: line\n      fields:\n        Quantity: line.quantity\n        Price: line.price\n";
    assert_eq!(
        made(body),
        r#"{"Customer":"1","Day":"2026-04-01","Amount":125.00,"Pieces":3,"Rows":[{"Quantity":"2","Price":50.00},{"Quantity":"10","Price":5.5}]}"#
    );
}

#[test]
fn a_list_is_made_of_parts_in_order() {
    let body = "let:\n  sales: order.agreements[where it.reason == \"ORDER\"].sales[]\nfields:\n  Customer: \"1\"\n  Rows:\n    - each: sales\n      as: sale\n      index: i\n      when: sale.kind == \"PRODUCT\"\n      let:\n        pieces: sale.quantity ?? 1\n      fields:\n        Article: \"{i}-{sale.kind}\"\n        Quantity: pieces\n        Price: unit_price(sale.amount, pieces, 2, \"half_up\")\n    - when: order.discount != null\n      row: |\n        { Article = \"discount\", Price = -order.discount }\n    - when: order.test\n      fields:\n        Article: \"never\"\n    - row: map(order.lines, l => { Article = l.sku // \"none\", Quantity = l.quantity })\nchecks:\n  - count(out.Rows) == 4\n";
    assert_eq!(
        made(body),
        r#"{"Customer":"1","Rows":[{"Article":"0-PRODUCT","Quantity":"2","Price":50.00},{"Article":"discount","Price":-12.50},{"Article":"A-1","Quantity":"2"},{"Article":"none","Quantity":"10"}]}"#
    );
}

#[test]
fn money_is_picked_once_for_all_bags() {
    let amount = |pick: &str| {
        made(&format!(
            "money: {{ pick: {pick} }}\nfields:\n  Customer: \"1\"\n  Amount: order.total\n"
        ))
    };
    assert_eq!(amount("shop"), r#"{"Customer":"1","Amount":125.00}"#);
    assert_eq!(amount("presentment"), r#"{"Customer":"1","Amount":11.20}"#);
    let by_setting = "money:\n  pick: if settings.use_presentment then presentment else shop\nfields:\n  Customer: \"1\"\n  Amount: order.total\n";
    let program = program(by_setting);
    let ended = ended(program.run(&scope(), &Settings(true), None, None));
    assert_eq!(ended, r#"{"Customer":"1","Amount":11.20}"#);
    let mixed = "money: { pick: shop }\nfields:\n  Customer: \"1\"\n  Amount: order.total.presentmentMoney\n";
    assert_eq!(codes(mixed), "M020");
}

struct Settings(bool);

impl crate::Host for Settings {
    fn read(&self, key: &crate::ReadKey) -> Result<Value, EvalError> {
        match key {
            crate::ReadKey::Setting { name } if &**name == "use_presentment" => {
                Ok(Value::Bool(self.0))
            }
            _ => Err(EvalError::Pending),
        }
    }

    fn scripts(&self) -> &crate::Scripts {
        static NONE: std::sync::LazyLock<crate::Scripts> =
            std::sync::LazyLock::new(crate::Scripts::default);
        &NONE
    }

    fn started_at(&self) -> chrono::DateTime<chrono::FixedOffset> {
        chrono::DateTime::UNIX_EPOCH.fixed_offset()
    }
}

#[test]
fn what_must_be_fetched_first_is_pending_even_inside_try() {
    let body = "fields:\n  Customer: try ref(\"customer\", order.id) // \"x\" else \"y\"\n";
    let result = program(body).run(&scope(), &Settings(true), None, None);
    assert_eq!(result, Err(EvalError::Pending));
}

#[test]
fn the_mappings_rounding_is_that_of_its_functions() {
    let body = "money: { rounding: half_up }\nfields:\n  Customer: \"1\"\n  Amount: div(order.total, 3, 2)\n";
    assert_eq!(made(body), r#"{"Customer":"1","Amount":41.67}"#);
}

#[test]
fn faults_name_the_field_the_code_and_the_value() {
    let rows = |fields: &str| {
        made(&format!(
            "fields:\n  Customer: \"1\"\n  Rows:\n    - each: order.lines\n      as: line\n      fields:\n        {fields}\n"
        ))
    };
    assert_eq!(rows("Kind: order.free.text"), "MAP_NOT_IN_ENUM at Rows[0].Kind");
    assert_eq!(rows("Price: order.free.text"), "MAP_WRONG_TYPE at Rows[0].Price");
    assert_eq!(rows("Price: number(\"{line.sku ?? \"\"}\")"), "MAP_WRONG_TYPE at Rows[0].Price");
    let long = "fields:\n  Customer: \"1\"\n  Reference: \"{order.name} and more\"\n";
    assert_eq!(made(long), "MAP_TOO_LONG at Reference");
    let none = "fields:\n  Customer: order.free.nothing\n";
    assert_eq!(made(none), "MAP_VALUE_MISSING at Customer");
    let fails =
        "fields:\n  Customer: order.note // fail(\"NO_CUSTOMER\", \"order {order.name}\")\n";
    assert_eq!(made(fails), "NO_CUSTOMER at Customer");
    let row = "fields:\n  Customer: text(lookup(\"accounts\", { country = \"SE\", rate = 25 }))\n";
    assert_eq!(made(row), "TABLE_ROW_MISSING at table:accounts");
    let skipped = "fields:\n  Customer: order.note // skip(\"no note\")\n";
    assert_eq!(made(skipped), r#"Skip(Skip { because: "no note" })"#);
}

#[test]
fn a_value_the_schema_does_not_list_meets_no_arm() {
    let body = "fields:\n  Customer: |\n    match order.status { \"PAID\" => \"a\", \"PENDING\" => \"b\", \"REFUNDED\" => \"c\" }\n";
    let strange = json::read(r#"{"status":"VOIDED"}"#).unwrap();
    let scope = Scope::new().with("order", strange);
    let result = program(body).run(&scope, &NoHost::default(), None, None);
    assert_eq!(ended(result), "MAP_NO_MATCH at Customer");
}

#[test]
fn a_faulty_item_is_left_out_where_the_mapping_says_so() {
    let body = "fields:\n  Customer: \"1\"\n  Rows:\n    - each: order.lines\n      as: line\n      on_fault: drop\n      fields:\n        Article: line.sku // fail(\"NO_SKU\", \"no article\")\n";
    let made = program(body).run(&scope(), &NoHost::default(), None, None).unwrap();
    assert_eq!(json::write(&made.record), r#"{"Customer":"1","Rows":[{"Article":"A-1"}]}"#);
    assert_eq!(made.warnings, ["Rows: item 1 left out: NO_SKU: no article (missing)"]);
}

#[test]
fn a_check_that_fails_stops_the_record_and_shows_both_sides() {
    let body = "fields:\n  Customer: \"1\"\n  Rows:\n    - each: order.lines\n      as: line\n      fields:\n        Price: line.price\n        Quantity: line.quantity\nchecks:\n  - sum(out.Rows[].Price * out.Rows[].Quantity) ~= order.total within 0.01 * count(out.Rows)\n";
    let result = program(body).run(&scope(), &NoHost::default(), None, None);
    let Err(EvalError::Fault(fault)) = result else { panic!("{result:?}") };
    assert_eq!(fault.code, "MAP_CHECK_FAILED");
    assert!(fault.message.ends_with(": 155.00 against 125.00 SEK"), "{}", fault.message);
}

#[test]
fn pieces_and_names_are_shared_between_documents() {
    let shared = document(
        "share: common\nlet:\n  ship_to: order.shippingAddress ?? order.billingAddress\nfields:\n  Delivery:\n    City: ship_to.city\npieces:\n  freight:\n    Kind: \"FREIGHT\"\n    Price: sale.amount\n",
    );
    let shared = BTreeMap::from([("common/address".to_owned(), shared)]);
    let body = "use: [common/address]\nfields:\n  Customer: ship_to.city\n  Rows:\n    - each: order.agreements.sales[]\n      as: sale\n      when: sale.kind == \"SHIPPING\"\n      use: freight\n      fields:\n        Article: \"F\"\n";
    let document = document(&format!("{HEAD}{body}"));
    let (compiled, found) = compile_mapping(&document, &ledger(), &shared);
    assert_eq!(found, []);
    let result = compiled.unwrap().program.run(&scope(), &NoHost::default(), None, None);
    assert_eq!(
        ended(result),
        r#"{"Delivery":{"City":"Umeå"},"Customer":"Umeå","Rows":[{"Kind":"FREIGHT","Price":25.00,"Article":"F"}]}"#
    );
}

#[test]
fn shared_documents_may_use_each_other_but_not_in_a_circle() {
    let shared = |address: &str| {
        BTreeMap::from([
            ("common/address".to_owned(), document(address)),
            (
                "common/order".to_owned(),
                document("share: order\nuse: [common/address]\nlet:\n  home: city ?? \"none\"\n"),
            ),
        ])
    };
    let body = "use: [common/order, common/address]\nfields:\n  Customer: home\n  Name: city\n";
    let document = document(&format!("{HEAD}{body}"));
    let good = shared("share: address\nlet:\n  city: order.shippingAddress.city\n");
    let (compiled, found) = compile_mapping(&document, &ledger(), &good);
    assert_eq!(found, []);
    let made = compiled.unwrap().program.run(&scope(), &NoHost::default(), None, None);
    assert_eq!(ended(made), r#"{"Customer":"Umeå","Name":"Umeå"}"#);
    let circle =
        shared("share: address\nuse: [common/order]\nlet:\n  city: order.shippingAddress.city\n");
    let (compiled, found) = compile_mapping(&document, &ledger(), &circle);
    assert!(compiled.is_none());
    let at: Vec<_> = found.iter().map(|d| (d.code, d.span.text(), &*d.notes[0])).collect();
    let around = "common/order uses common/address uses common/order";
    assert_eq!(at, [("M035", "common/order", around)]);
    let chain = (0..40).map(|n| {
        let next = super::mappings::document(&format!("share: x\nuse: [\"{}\"]\n", n + 1));
        (n.to_string(), next)
    });
    let chain: BTreeMap<String, _> = chain.collect();
    let long =
        super::mappings::document(&format!("{HEAD}use: [\"0\"]\nfields:\n  Customer: \"1\"\n"));
    let (_, found) = compile_mapping(&long, &ledger(), &chain);
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["M035"]);
}

#[test]
fn explain_shows_which_candidate_won_and_every_value_on_the_way() {
    let body = "let:\n  ship_to: order.shippingAddress ?? order.billingAddress\nfields:\n  Customer: order.name\n  Name:\n    first:\n      - ship_to.company\n      - order.customer.name\n      - order.billingAddress.company\n      - order.email\n    else: fail(\"NO_NAME\", \"order {order.name} has no name\")\nchecks:\n  - out.Name != null\n";
    let mut trace = Trace::default();
    program(body).run(&scope(), &NoHost::default(), None, Some(&mut trace)).unwrap();
    let wanted = r##"
NAMED VALUES
  ship_to = { city: "Umeå", country: "SE", and 1 more }
      order.shippingAddress ?? order.billingAddress
        order.shippingAddress = { city: "Umeå", country: "SE", and 1 more }

FIELDS
Customer = "#1001"
  > order.name
Name = "Bolaget AB"
  x ship_to.company: "  ", blank
  x order.customer.name: nothing there
  > order.billingAddress.company: "Bolaget AB"
  - order.email
  - fail("NO_NAME", "order {order.name} has no name")

CHECKS
holds: out.Name != null
"##;
    assert_eq!(trace.render().split_once("way.\n").unwrap().1, wanted);
}

#[test]
fn each_mistake_in_a_document_is_one_finding() {
    let fields = |text: &str| codes(&format!("fields:\n  Customer: \"1\"\n  {text}\n"));
    assert_eq!(codes("fields:\n  Customer: order.note\n"), "M003");
    assert_eq!(codes("fields:\n  Name: order.name\n"), "M017");
    assert_eq!(fields("Nam: order.name"), "M014");
    assert_eq!(fields("OldReference: order.name"), "M016");
    assert_eq!(fields("Amount: order.total / 3"), "M007");
    assert_eq!(fields("Amount: order.name"), "M004");
    assert_eq!(fields("Name: order.total"), "M004");
    assert_eq!(fields("Name: order.tags"), "M032");
    assert_eq!(fields("Day: order.createdAt"), "M030");
    assert_eq!(fields("Day: \"2026-13-01\""), "M004");
    assert_eq!(fields("Pieces: order.weight"), "M031");
    assert_eq!(fields("Reference: \"longer than ten\""), "M013");
    assert_eq!(fields("Name: \"order.name\""), "M024");
    assert_eq!(fields("Rows: order.name"), "M004");
    assert_eq!(fields("Rows:\n    - row: |\n        { Kind = \"GOODZ\" }"), "M011");
    assert_eq!(fields("Rows:\n    - row: |\n        { Knd = \"GOODS\" }"), "M014");
    assert_eq!(fields("Rows:\n    - row: |\n        { Total = 1 }"), "M015");
    assert_eq!(
        fields("Rows:\n    - each: order.name\n      fields: { Article: order.name }"),
        "M004"
    );
    assert_eq!(fields("Rows:\n    - use: freight"), "M035");
    assert_eq!(fields("Rows:\n    - each: order.lines"), "M034");
    assert_eq!(fields("Name:\n    first: [order.name, order.note, order.email]"), "");
    assert_eq!(
        fields("Pieces:\n    first:\n      - order.quantity\n      - order.quantity"),
        "M010"
    );
    assert_eq!(codes("let:\n  x: order.name\nfields:\n  Customer: order.name\n"), "M021");
    assert_eq!(codes("use: [common]\nfields:\n  Customer: order.name\n"), "M035");
    assert_eq!(codes("feilds: {}\nfields:\n  Customer: order.name\n"), "M034");
    let vat = "money: { rounding: half_up, vat: as_given }\nfields:\n  Customer: \"1\"\n  Amount: net(order.total, 25, 2)\n";
    assert_eq!(codes(vat), "M042");
    assert_eq!(codes("money: { rounding: up_half }\nfields:\n  Customer: order.name\n"), "M046");
    let text =
        "mapping: a\nfrom: { order: shop.ordr }\nto: ledger.order\nfields:\n  Customer: order.x\n";
    assert_eq!(
        super::codes(&compile_mapping(&document(text), &ledger(), &BTreeMap::new()).1),
        "M045"
    );
}

#[test]
fn all_mistakes_of_a_document_are_found_in_one_pass_at_their_places() {
    let body = "fields:\n  Customer: ordr.name\n  Name: truncat(order.name, 5)\n  Amount: order.total / 3\n  Delivery:\n    City: order.shippingAddress.cty\n  Rows:\n    - each: order.lines\n      as: line\n      fields:\n        Article: line.skuu // \"{line.price + order.discount}\"\n";
    let found = compiled(body).1;
    let places: Vec<String> = found
        .iter()
        .map(|d| {
            let (line, column) = d.span.line_column();
            let fix = d.fix.as_ref().map_or("", |f| f.replacement.as_str());
            format!("{} {line}:{column} {fix}", d.code)
        })
        .collect();
    assert_eq!(
        places,
        [
            "M002 5:13 order",
            "M005 6:9 truncate",
            "M007 7:11 ",
            "M002 9:33 city",
            "M002 14:23 sku",
            "M023 14:46 ",
        ]
    );
}

#[test]
fn a_field_nearly_right_is_not_said_to_be_missing_too() {
    assert_eq!(codes("fields:\n  Custmer: order.name\n"), "M014");
    assert_eq!(codes("fields:\n  Custmer: order.name\n  Zebra: order.name\n"), "M014 M014");
    assert_eq!(codes("fields:\n  Zebra: order.name\n"), "M014 M017");
}

#[test]
fn a_text_that_is_cut_to_more_than_the_target_takes_is_found() {
    let fields = |text: &str| codes(&format!("fields:\n  Customer: \"1\"\n  {text}\n"));
    assert_eq!(fields("Reference: truncate(order.name, 11)"), "M013");
    assert_eq!(fields("Reference: order.name |> truncate(11)"), "M013");
    assert_eq!(fields("Reference: order.note // truncate(order.name, 11)"), "M013");
    assert_eq!(fields("Reference: truncate(order.name, 10)"), "");
}

#[test]
fn what_stands_under_a_key_in_the_wrong_shape_is_found_and_not_passed_over() {
    let rest = "fields:\n  Customer: order.name\n";
    for wrong in ["use: common", "checks: x", "let: 5", "money: half_up", "use: { a: b }"] {
        assert_eq!(codes(&format!("{wrong}\n{rest}")), "M034", "{wrong}");
    }
    assert_eq!(codes("fields: [a]\n"), "M034");
    assert_eq!(codes("fields: 1\n"), "M034");
}

fn with_shared(shared: &str, body: &str) -> String {
    let shared = BTreeMap::from([("common".to_owned(), document(shared))]);
    super::codes(&compile_mapping(&document(&format!("{HEAD}{body}")), &ledger(), &shared).1)
}

#[test]
fn a_piece_that_uses_itself_is_found() {
    let shared = "share: common\npieces:\n  one:\n    Rows:\n      - use: two\n  two:\n    Rows:\n      - use: one\n";
    let body = "use: [common]\nfields:\n  Customer: \"1\"\n  Rows:\n    - use: one\n";
    let found = with_shared(shared, body);
    assert!(found.contains("M035") && found.len() < 60, "{found}");
    let nested = "share: common\nuse: [common]\nfields:\n  Name: order.name\n";
    assert_eq!(with_shared(nested, "use: [common]\nfields:\n  Customer: \"1\"\n"), "M035");
    for wrong in ["use: a", "let: [a]", "fields: 1", "pieces: [a]"] {
        let shared = format!("share: common\n{wrong}\n");
        let body = "use: [common]\nfields:\n  Customer: \"1\"\n";
        assert_eq!(with_shared(&shared, body), "M034", "{wrong}");
    }
}

#[test]
fn an_item_that_fails_is_left_out_and_listed_where_the_part_says_so() {
    let body = |on_fault: &str| {
        format!(
            "fields:\n  Customer: \"1\"\n  Rows:\n    - each: order.lines\n      as: line\n{on_fault}      fields:\n        Article: line.sku // fail(\"NO_SKU\", \"no sku\")\n"
        )
    };
    assert_eq!(made(&body("")), "NO_SKU at Rows[1].Article");
    assert_eq!(made(&body("      on_fault: fail\n")), "NO_SKU at Rows[1].Article");
    let run = program(&body("      on_fault: drop\n"));
    let run = run.run(&scope(), &NoHost::default(), None, None).unwrap();
    assert_eq!(json::write(&run.record), r#"{"Customer":"1","Rows":[{"Article":"A-1"}]}"#);
    let [warning] = run.warnings.as_slice() else { panic!("{:?}", run.warnings) };
    assert!(warning.contains("item 1") && warning.contains("NO_SKU"), "{warning}");
    assert_eq!(codes(&body("      on_fault: skip\n")), "M034");
    // What was written by a skip ends the whole all the same.
    let skips = "fields:\n  Customer: \"1\"\n  Rows:\n    - each: order.lines\n      as: line\n      on_fault: drop\n      fields:\n        Article: line.sku // skip(\"no sku\")\n";
    assert_eq!(made(skips), "Skip(Skip { because: \"no sku\" })");
}

#[test]
fn a_check_that_does_not_hold_stops_the_record_with_both_sides_shown() {
    let run = |checks: &str| {
        let body = format!("fields:\n  Customer: \"1\"\n  Amount: order.total\nchecks:\n{checks}");
        program(&body).run(&scope(), &NoHost::default(), None, None)
    };
    assert!(run("  - out.Amount == 125\n  - out.Amount ~= 125.01 within 0.01\n").is_ok());
    match run("  - out.Amount == 125\n  - out.Amount ~= 126 within 0.01\n") {
        Err(EvalError::Fault(fault)) => {
            assert_eq!(fault.code, "MAP_CHECK_FAILED");
            assert_eq!(json::write(&fault.value), r#"{"left":125.00,"right":126}"#);
            assert!(fault.message.contains("125.00 against 126"), "{}", fault.message);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(codes("fields:\n  Customer: \"1\"\nchecks:\n  - order.name\n"), "M004");
    assert_eq!(codes("fields:\n  Customer: \"1\"\nchecks:\n  - out.Nme != null\n"), "M002");
}

#[test]
fn a_rounding_row_takes_up_what_is_left_and_nothing_where_there_is_nothing() {
    let body = |total: &str| {
        format!(
            "let:\n  left: amount(order.total) - {total}\nfields:\n  Customer: \"1\"\n  Rows:\n    - row: |\n        rounding_row(left, {{ Article = \"rounding\", Price = left }}, limit = 1.00)\n"
        )
    };
    assert_eq!(
        made(&body("124.70")),
        r#"{"Customer":"1","Rows":[{"Article":"rounding","Price":0.30}]}"#
    );
    assert_eq!(made(&body("125")), r#"{"Customer":"1","Rows":[]}"#);
    assert_eq!(made(&body("100")), "MAP_ROUNDING_LIMIT at Rows");
}
