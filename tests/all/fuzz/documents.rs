//! Folders, tables and manifests.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use tenon_flow::{Known, load_known};
use tenon_kit::Connector;
use tenon_source::{Format, render};

use super::{fuzz, texts};

type Folder = BTreeMap<String, String>;

const MANIFEST: &str = r#"connector: things
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

const OPENAPI: &str = r#"{"openapi":"3.0.3","paths":{"/things":{"get":{"parameters":[{"name":"ref","in":"query","schema":{"type":"string"}}],"responses":{}},"post":{"responses":{}}},"/things/{Id}":{"get":{"responses":{}}},"/things/{Id}/close":{"put":{"responses":{}}}},"components":{"schemas":{"Thing":{"type":"object","properties":{"Id":{"type":"string"},"Ref":{"type":"string","maxLength":20},"Sum":{"type":"number"},"Closed":{"type":"boolean"}}}}}}"#;

const GRAPHQL: &str = r#"connector: things
api: { schemas: { "1": api.graphql }, endpoint: /graphql }
environments: { live: { base: "https://things.example" } }
limits: [{ cost: { capacity: 1000, restore: 50, single: 100 } }]
resources:
  thing:
    key: id
    get: { document: thing.graphql, variables: { id: "{key}" }, record: thing }
"#;

const SDL: &str = "type Query { thing(id: ID!): Thing }\ntype Thing { id: ID! total: Money! }\ntype Money { amount: String! currencyCode: String! }\n";
const DOCUMENT: &str =
    "query thing($id: ID!) { thing(id: $id) { id total { amount currencyCode } } }\n";

fn files(files: &[(&str, &str)]) -> Folder {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn changed(folder: &Folder, path: &str, bytes: &[u8]) -> Folder {
    let mut folder = folder.clone();
    folder.insert(path.to_owned(), String::from_utf8_lossy(bytes).into_owned());
    folder
}

fn looked_at(found: &[tenon_source::Diagnostic]) {
    if !found.is_empty() {
        assert!(!render(found, Format::Human { color: false }).is_empty());
    }
}

#[test]
fn any_text_is_a_manifest_or_refused() {
    let rest = files(&[("connector.yaml", MANIFEST), ("openapi.json", OPENAPI)]);
    let graphql =
        files(&[("connector.yaml", GRAPHQL), ("api.graphql", SDL), ("thing.graphql", DOCUMENT)]);
    for folder in [&rest, &graphql] {
        let (connector, found) = Connector::load(folder);
        assert!(connector.is_some(), "{}", render(&found, Format::Human { color: false }));
    }
    fuzz("manifest", &texts(&[MANIFEST, GRAPHQL]), |bytes| {
        for folder in [&rest, &graphql] {
            looked_at(&Connector::load(&changed(folder, "connector.yaml", bytes)).1);
        }
    });
    fuzz("openapi", &texts(&[OPENAPI]), |bytes| {
        looked_at(&Connector::load(&changed(&rest, "openapi.json", bytes)).1);
    });
    fuzz("graphql", &texts(&[SDL, DOCUMENT]), |bytes| {
        looked_at(&Connector::load(&changed(&graphql, "api.graphql", bytes)).1);
        looked_at(&Connector::load(&changed(&graphql, "thing.graphql", bytes)).1);
    });
}

const ROOT: &str = "integration: pair\ntitle: Things to things\nconnections:\n  one: { connector: things }\n  two: { connector: things }\nsettings:\n  live: { type: bool, default: true, description: d }\n  since: { type: date, required: true, description: d }\ntables:\n  accounts:\n    file: tables/accounts.csv\n    key: { country: text, rate: decimal }\n    value: { account: int }\n    on_missing: \"null\"\nschedules:\n  often: { flow: thing, every: 15m, jitter: 30s, overlap: queue_one, catch_up: 1h }\n  early: { flow: thing, cron: \"30 6 L * MON-FRI\", zone: Europe/Stockholm }\n";
const FLOW: &str = "flow: thing\ntitle: Things\nfrom: one.thing\nto: two.thing\nentity: thing\ntriggers: { manual: [id] }\nskip:\n  - if: thing.Closed ?? false\n    because: closed\nretry: { attempts: 3, first: 1s, factor: 2, max: 1m, jitter: full }\nsteps:\n  - id: there\n    get: two.thing\n    by: thing.Id ?? \"1\"\n  - choose:\n      - if: settings.live\n        steps:\n          - log: \"live\"\n    otherwise:\n      - stop: done\n  - set: { n: 1 }\n  - call: two.thing.close\n    key: there.Id ?? \"1\"\n  - stop: done\n";
const NESTED: &str = "flow: thing\ntitle: Things\nfrom: one.thing\nto: two.thing\nentity: thing\ntriggers: { manual: [id], events: [t] }\nlane: thing.Id\nsteps:\n  - id: made\n    create: two.thing\n    reference: thing.Id\n    map: thing\n    timeout: 5m\n    undo:\n      - delete: two.thing\n        key: made.Id\n        reference: thing.Id\n  - id: all\n    list: two.thing\n    where: { Ref: thing.Id }\n    limit: 9\n  - id: rows\n    each: all\n    as: row\n    index: n\n    at_once: 3\n    failures: collect\n    gather:\n      sum: sum(row.Sum ?? 0)\n      closed: count(where row.Closed ?? false)\n      refs: list(row.Ref, max = 7)\n    steps:\n      - log: \"{n}\"\n      - each: all\n        as: other\n        detach: true\n        steps:\n          - run: thing\n    after:\n      - log: \"{rows.closed}\"\n  - together:\n      a:\n        - wait: { for: 5s, within: 1m }\n      b:\n        - id: said\n          wait: { signal: paid, within: 1d }\n      c:\n        - id: shut\n          wait:\n            outcome: two.thing\n            by: thing.Id\n            holds: shut.Closed\n            every: 5s\n            within: 1d\n      d:\n        - wait:\n            reference: { entity: thing, id: thing.Id }\n            within: 1d\n  - update: two.thing\n    key: thing.Id\n    map: thing\n    when_locked: correct\n  - script: script(\"s.rhai::f\", thing) as text\n";
const TABLE: &str = "country,rate,account\nSE,25.00,3001\n\"N\"\"O\",12,3105\n \"x\", 1, \"2\"\n";

static KNOWN: LazyLock<BTreeMap<String, Known>> = LazyLock::new(|| {
    let (connector, _) =
        Connector::load(&files(&[("connector.yaml", MANIFEST), ("openapi.json", OPENAPI)]));
    BTreeMap::from([("things".to_owned(), Known::from(&connector.unwrap()))])
});

fn folder() -> Folder {
    files(&[
        ("integration.yaml", ROOT),
        ("thing.flow.yaml", FLOW),
        ("tables/accounts.csv", TABLE),
        ("scripts/s.rhai", "fn f(x) { x }\n"),
    ])
}

#[test]
fn any_text_is_a_flow_or_an_integration_or_refused() {
    fuzz("flow", &texts(&[FLOW, NESTED]), |bytes| {
        let (_, found) = load_known("", &changed(&folder(), "thing.flow.yaml", bytes), &KNOWN);
        looked_at(&found);
    });
    fuzz("integration", &texts(&[ROOT]), |bytes| {
        let (_, found) = load_known("", &changed(&folder(), "integration.yaml", bytes), &KNOWN);
        looked_at(&found);
    });
}

#[test]
fn any_text_is_a_table_or_refused() {
    let seeds = texts(&[TABLE, "country;rate;account\r\nSE;25;3001\r\n", "country,rate,account\n"]);
    fuzz("table", &seeds, |bytes| {
        let (_, found) = load_known("", &changed(&folder(), "tables/accounts.csv", bytes), &KNOWN);
        looked_at(&found);
    });
}
