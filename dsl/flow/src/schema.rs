//! JSON Schemas of the kinds of documents, for editors: keys and shapes. What an expression may say
//! and which names there are only the checker knows.

/// Kinds of documents with their schemas, as JSON texts.
pub const SCHEMAS: &[(&str, &str)] = &[
    ("integration", include_str!("../schema/integration.json")),
    ("flow", include_str!("../schema/flow.json")),
    ("mapping", include_str!("../schema/mapping.json")),
    ("test", include_str!("../schema/test.json")),
    ("connector", include_str!("../schema/connector.json")),
];

/// The schema of a kind of document.
#[must_use]
pub fn schema(kind: &str) -> Option<&'static str> {
    SCHEMAS.iter().find(|(name, _)| *name == kind).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verb::{VERBS, keys_of};
    use tenon_value::{Value, json};

    fn keys(of: &Value) -> Vec<&str> {
        of.as_record().unwrap().keys().map(|key| &**key).collect()
    }

    #[test]
    fn the_schema_of_a_flow_knows_the_keys_and_verbs_that_the_checker_knows() {
        let flow = json::read(schema("flow").unwrap()).unwrap();
        let mut wanted: Vec<&str> = crate::head::KEYS.to_vec();
        let mut found = keys(flow.field("properties"));
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted);
        for verb in VERBS {
            let mut found = keys(flow.field("$defs").field(verb).field("properties"));
            let mut wanted = keys_of(verb);
            found.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{verb}");
        }
        let steps = flow.field("$defs").field("step").field("oneOf");
        assert_eq!(steps.items().len(), VERBS.len());
    }

    #[test]
    fn the_schema_of_tests_knows_the_keys_that_the_reader_knows() {
        use crate::test_documents::{FLOW_KEYS, KEYS, REQUEST_KEYS};
        let test = json::read(schema("test").unwrap()).unwrap().field("items").clone();
        let mut found = keys(test.field("properties"));
        let mut wanted: Vec<&str> = KEYS.iter().chain(FLOW_KEYS).copied().collect();
        wanted.push("mapping");
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted);
        let request = test.field("properties").field("requests").field("items").clone();
        let request = request.field("oneOf").items()[1].field("properties").clone();
        assert_eq!(keys(&request), REQUEST_KEYS);
    }

    #[test]
    fn every_schema_is_json() {
        for (kind, text) in SCHEMAS {
            assert!(json::read(text).unwrap().field("title").as_text().is_some(), "{kind}");
        }
        assert_eq!(schema("recipe"), None);
    }
}
