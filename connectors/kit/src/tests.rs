//! Tests of the kit over the connectors of the catalog.

mod bodies;
mod catalog;
mod faults;
mod manifests;
mod nested;
mod recorded;
mod searches;
mod support;
mod tokens;
mod webhooks;

use support::connector;

#[test]
fn the_catalog_loads_without_findings() {
    for name in crate::catalog_names() {
        let files = crate::catalog(name).unwrap();
        let (loaded, found) = crate::Connector::load(&files);
        let shown = tenon_source::render(&found, tenon_source::Format::Human { color: false });
        assert!(found.is_empty(), "{name}:\n{shown}");
        assert_eq!(loaded.unwrap().name(), name);
    }
    assert_eq!(connector("shopify").version(), "2026-10");
}
