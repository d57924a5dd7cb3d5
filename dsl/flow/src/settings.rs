//! Settings of an integration: what its owner decides without touching flows.

use indexmap::IndexMap;
use tenon_mapper::types::Type;
use tenon_source::{Diagnostic, Node};
use tenon_value::Value;

use crate::shape::{self, Found};
use crate::typed;

/// One setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its type; an enum where it has `values`. Without the chance of being absent.
    pub ty: Type,
    /// What it is until somebody sets it.
    pub default: Option<Value>,
    /// Whether nothing runs before it is set.
    pub required: bool,
    /// What it decides, for people.
    pub description: String,
    /// The texts it may be; empty for any.
    pub values: Vec<String>,
}

impl Setting {
    /// Its type in expressions: optional where it may be unset.
    #[must_use]
    pub fn type_in_expressions(&self) -> Type {
        if self.default.is_some() || self.required {
            self.ty.clone()
        } else {
            self.ty.clone().optional()
        }
    }

    /// A text as a value of this setting.
    ///
    /// # Errors
    /// What was expected instead, in words.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        typed::value_of(text, &self.ty)
    }
}

/// Reads `settings:`.
pub(crate) fn read(node: &Node, found: &mut Found) -> IndexMap<String, Setting> {
    let mut settings = IndexMap::new();
    for (key, value) in node.entries() {
        let Some(name) = shape::name(key, "a setting", found) else { continue };
        let known = ["type", "default", "required", "description", "values"];
        if !shape::keys(value, &known, "a setting", found) {
            continue;
        }
        let setting = setting(value, found);
        settings.insert(name.to_owned(), setting);
    }
    settings
}

fn setting(node: &Node, found: &mut Found) -> Setting {
    let ty = shape::required(node, "type", "a setting", found)
        .and_then(|node| typed::type_of(node, found))
        .unwrap_or(Type::Dyn);
    let values: Vec<String> = match node.get("values") {
        Some(list) => shape::items(list, "`values`", found)
            .into_iter()
            .filter_map(|item| shape::text(item, "a value", found).map(str::to_owned))
            .collect(),
        None => Vec::new(),
    };
    let ty = if values.is_empty() { ty } else { typed::enum_of(&values) };
    let description = shape::required(node, "description", "a setting", found)
        .and_then(|node| shape::text(node, "`description`", found))
        .unwrap_or("")
        .to_owned();
    let default = node.get("default").filter(|node| !node.is_null()).and_then(|node| {
        let text = node.text().unwrap_or("");
        match typed::value_of(text, &ty) {
            Ok(value) => Some(value),
            Err(_) if ty == Type::Dyn => None,
            Err(wanted) => {
                let message = format!("the default `{text}` is not {wanted}");
                found.push(Diagnostic::error("F026", node.span.clone(), message));
                None
            }
        }
    });
    let required = match node.get("required") {
        Some(node) => shape::truth(node, "`required`", found).unwrap_or(false),
        None => default.is_none(),
    };
    Setting { ty, default, required, description, values }
}
