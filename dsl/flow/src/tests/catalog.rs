//! A folder over the connectors of the catalog.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tenon_graph::Step;
use tenon_kit::Connector;

use super::systems::shown;
use crate::{Known, load_integration, load_known};

fn connectors() -> BTreeMap<String, Arc<Connector>> {
    ["shopify", "fortnox"]
        .into_iter()
        .map(|name| {
            let (connector, found) = Connector::load(&tenon_kit::catalog(name).unwrap());
            let connector = connector.unwrap_or_else(|| panic!("{}", shown(&found)));
            (name.to_owned(), Arc::new(connector))
        })
        .collect()
}

fn folder(flow: &str) -> BTreeMap<String, String> {
    let root = "integration: x\ntitle: X\nconnections:\n  shopify: { connector: shopify }\n  \
                fortnox: { connector: fortnox }\n";
    let map = "mapping: order\nfrom: { order: shopify.order }\nto: fortnox.order\nfields:\n  \
               CustomerNumber: ref(\"customer\", order.customer.id) // \"1\"\n  \
               ExternalInvoiceReference1: \"{order.name}\"\n";
    [("integration.yaml", root), ("order.map.yaml", map), ("order.flow.yaml", flow)]
        .into_iter()
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect()
}

const FLOW: &str = "flow: order
title: Orders
from: shopify.order
to: fortnox.order
triggers:
  webhook: [orders/create]
  poll: { since: updatedAt }
steps:
  - id: erp_order
    upsert: fortnox.order
    reference: order.id
    find: { ExternalInvoiceReference1: \"{order.name}\" }
    map: order
  - id: made
    call: fortnox.order.createinvoice
    key: erp_order.DocumentNumber
    stores: { entity: invoice, reference: order.id }
";

#[test]
fn a_flow_over_the_catalog_compiles() {
    let (integration, found) = load_integration(&folder(FLOW), &connectors());
    assert!(found.is_empty(), "{}", shown(&found));
    let graph = integration.unwrap().graphs.remove("order").unwrap();
    let Step::Upsert(upsert) = &graph.node("erp_order").unwrap().step else { panic!("no upsert") };
    assert!(upsert.find[0].marker);
    let Step::Call { stores: Some(stores), .. } = &graph.node("made").unwrap().step else {
        panic!("no call")
    };
    assert_eq!(stores.resource, "invoice");
}

#[test]
fn only_fields_that_carry_our_reference_are_markers() {
    let connectors = connectors();
    let fortnox = Known::from(&*connectors["fortnox"]).system.resources;
    assert_eq!(
        fortnox["order"].markers,
        ["ExternalInvoiceReference1", "ExternalInvoiceReference2"]
    );
    assert!(fortnox["customer"].markers.is_empty(), "a number or an address may be anybody's");
    assert!(fortnox["customer"].finds.contains(&"OrganisationNumber".to_owned()));
}

#[test]
fn mistakes_are_found_against_the_published_schemas() {
    let flow = FLOW.replace("erp_order.DocumentNumber", "erp_order.DocumentNumer");
    let (_, found) = load_integration(&folder(&flow), &connectors());
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["M002"], "{}", shown(&found));
    let flow = FLOW.replace("orders/create", "orders/made");
    let (_, found) = load_integration(&folder(&flow), &connectors());
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["F031"], "{}", shown(&found));
}

/// The files of a folder that a checker reads, by their paths in it.
fn read(folder: &Path, below: &str, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{below}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            read(&path, &format!("{name}/"), files);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            files.insert(name, text);
        }
    }
}

#[test]
fn shipped_integrations_have_no_findings() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
    let connectors: BTreeMap<String, Known> =
        connectors().iter().map(|(name, c)| (name.clone(), Known::from(&**c))).collect();
    let mut seen = 0;
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if !path.join("integration.yaml").is_file() {
            continue;
        }
        let mut files = BTreeMap::new();
        read(&path, "", &mut files);
        let (integration, found) = load_known("", &files, &connectors);
        assert!(integration.is_some() && found.is_empty(), "{path:?}\n{}", shown(&found));
        seen += 1;
    }
    assert!(seen > 0);
}
