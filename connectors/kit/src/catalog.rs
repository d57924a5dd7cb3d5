//! The connectors that come with Tenon, built in.

use std::collections::BTreeMap;

macro_rules! folder {
    ($name:literal: $($file:literal),+ $(,)?) => {
        (
            $name,
            &[$(($file, include_str!(concat!("../../catalog/", $name, "/", $file)))),+],
        )
    };
}

type Folder = (&'static str, &'static [(&'static str, &'static str)]);

const FOLDERS: &[Folder] = &[
    folder!("fortnox": "connector.yaml", "openapi.json", "schema.NOTICE", "README.md"),
    folder!(
        "shopify": "connector.yaml",
        "admin-2026-01.graphql",
        "admin-2026-10.graphql",
        "customer.graphql",
        "order.graphql",
        "order_agreements.graphql",
        "order_metafields.graphql",
        "order_update.graphql",
        "orders.graphql",
        "shop.graphql",
        "schema.NOTICE",
        "README.md",
    ),
];

/// Names of the built-in connectors.
pub fn catalog_names() -> impl Iterator<Item = &'static str> {
    FOLDERS.iter().map(|(name, _)| *name)
}

/// The files of a built-in connector by path in its folder, as [`crate::Connector::load`] takes them.
#[must_use]
pub fn catalog(name: &str) -> Option<BTreeMap<String, String>> {
    let (_, files) = FOLDERS.iter().find(|(n, _)| *n == name)?;
    Some(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
}
