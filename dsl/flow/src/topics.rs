//! Short pages about the language for `tenon explain`: enough for somebody who knows YAML and
//! spreadsheets. Every example in them is checked by a test.

macro_rules! topics {
    ($($name:literal: $title:literal),+ $(,)?) => {
        &[$(Topic { name: $name, title: $title, text: include_str!(concat!("../topics/", $name, ".md")) }),+]
    };
}

/// A page about a part of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// The word it is asked for by.
    pub name: &'static str,
    /// What it is about, in one line.
    pub title: &'static str,
    /// The page, in Markdown.
    pub text: &'static str,
}

/// Every page, in the order somebody new reads them.
pub const TOPICS: &[Topic] = topics! {
    "start": "where to begin: files of a project and commands",
    "integration": "connections, settings and tables of a project",
    "mappings": "how a record is made from another",
    "expressions": "operators, paths, choices",
    "yaml": "where an expression stands in YAML",
    "missing": "missing, null, blank, omit and keep",
    "fallback": "chains of candidates",
    "numbers": "exact decimals, rounding, money",
    "lookups": "tables, settings, references, what was sent",
    "scripts": "what an expression can't say",
    "tests": "tests beside the documents",
    "flows": "what happens, and what starts it",
    "steps": "the verbs of flows and their keys",
    "deploy": "changing flows that run: deploy, move, shadow run",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_documents_stands_in_a_topic() {
        let mut keys: Vec<&str> = crate::head::KEYS.to_vec();
        for verb in crate::verb::VERBS {
            keys.extend(crate::verb::keys_of(verb));
        }
        keys.extend(crate::test_documents::KEYS);
        keys.extend(crate::test_documents::FLOW_KEYS);
        keys.extend(crate::test_documents::REQUEST_KEYS);
        keys.extend([
            "mapping", "use", "let", "fields", "checks", "money", "rounding", "vat", "pick",
        ]);
        keys.extend(["each", "as", "index", "when", "on_fault", "row", "first", "else", "share"]);
        keys.extend(["same", "holds", "code", "stores", "file", "key", "value", "on_missing"]);
        keys.extend([
            "type",
            "default",
            "required",
            "description",
            "values",
            "schedules",
            "pieces",
        ]);
        let silent: Vec<&str> = keys
            .into_iter()
            .filter(|key| {
                let words = [
                    format!("`{key}"),
                    format!(" {key}:"),
                    format!("{{ {key}"),
                    format!("\n{key}:"),
                ];
                !TOPICS
                    .iter()
                    .any(|topic| words.iter().any(|word| topic.text.contains(word.as_str())))
            })
            .collect();
        assert_eq!(silent, Vec::<&str>::new(), "no topic says what these are");
    }
}
