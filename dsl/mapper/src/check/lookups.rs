//! `lookup`: the table and its key columns.

use std::sync::Arc;

use super::shapes::is_number;
use super::{Checker, Part, shown_type};
use crate::ast::{Ast, Kind, Word};
use crate::code::{Code, Lookup};
use crate::print::print;
use crate::types::Type;

impl Checker<'_> {
    /// `lookup("table", key)`: checked against the table's columns.
    pub(super) fn lookup(&mut self, placed: &[Option<&Ast>]) -> Part {
        let (Some(Some(table)), Some(Some(key))) = (placed.first(), placed.get(1)) else {
            return Part::unknown();
        };
        let Some(name) = table.as_plain_text() else {
            let message = "the table is named by a literal text".to_owned();
            self.error_with("M008", &table.span, message, "lookup(\"table\", key)");
            self.check(key);
            return Part::unknown();
        };
        let Some(declared) = self.env.tables.get(&name) else {
            let names: Vec<String> = self.env.tables.keys().cloned().collect();
            let inner = table.span.start.saturating_add(1)..table.span.end.saturating_sub(1);
            self.unknown(("M008", format!("there is no table `{name}`")), &name, &inner, &names);
            self.check(key);
            return Part::unknown();
        };
        let keys = match (&key.kind, declared.keys.len()) {
            (Kind::Record(entries), _) => self.key_columns(&name, entries, key),
            (_, 1) => declared.keys.iter().next().map(|(column, ty)| {
                let part = self.check(key);
                vec![(Arc::from(column.as_str()), self.key_value(part, ty, key))]
            }),
            _ => {
                self.check(key);
                let columns: Vec<&str> = declared.keys.keys().map(String::as_str).collect();
                let message = format!("the key of table `{name}` has {} columns", columns.len());
                let note = format!(
                    "write {{ {} }}",
                    columns.iter().map(|c| format!("{c} = …")).collect::<Vec<_>>().join(", ")
                );
                self.error_with("M009", &key.span, message, &note);
                None
            }
        };
        let ty = declared.value.clone();
        let Some(keys) = keys else { return Part::new(Code::Omit, ty) };
        let optional = matches!(ty, Type::Optional(_));
        let lookup = Lookup { table: Arc::from(name.as_str()), keys: keys.into(), optional };
        let code = Code::Lookup(Box::new(lookup));
        let code = match super::leaf_of(&ty, self.pick) {
            Some(leaf) => Code::Leaf(Box::new(code), leaf),
            None => code,
        };
        Part::new(code, ty)
    }

    fn key_columns(
        &mut self,
        table: &str,
        entries: &[(Word, Ast)],
        key: &Ast,
    ) -> Option<Vec<(Arc<str>, Code)>> {
        let declared = self.env.tables.get(table)?;
        let mut given = std::collections::BTreeMap::new();
        let mut clean = true;
        for (word, value) in entries {
            let part = self.check(value);
            match declared.keys.get(&word.text) {
                Some(ty) => {
                    let code = self.key_value(part, ty, value);
                    given.insert(word.text.as_str(), code);
                }
                None => {
                    let names: Vec<String> = declared.keys.keys().cloned().collect();
                    let message = format!("table `{table}` has no key column `{}`", word.text);
                    self.unknown(("M009", message), &word.text, &word.span, &names);
                    clean = false;
                }
            }
        }
        let mut keys = Vec::with_capacity(declared.keys.len());
        for column in declared.keys.keys() {
            match given.remove(column.as_str()) {
                Some(code) => keys.push((Arc::from(column.as_str()), code)),
                None if clean => {
                    let message = format!("the key of table `{table}` needs the column `{column}`");
                    self.error("M009", &key.span, message);
                    clean = false;
                }
                None => {}
            }
        }
        clean.then_some(keys)
    }

    /// A key value, brought to the column's type.
    fn key_value(&mut self, part: Part, ty: &Type, ast: &Ast) -> Code {
        if !self.needs_value(&part, ast, "a table's key") {
            return Code::Omit;
        }
        let found = part.ty.required();
        let fits = match ty.required() {
            Type::Text | Type::Enum(_) => {
                is_number(found)
                    || matches!(found, Type::Text | Type::Enum(_) | Type::Bool | Type::Dyn)
            }
            Type::Decimal | Type::Int => is_number(found) || *found == Type::Dyn,
            other => other == found || matches!(found, Type::Dyn | Type::Text),
        };
        if !fits {
            let message = format!(
                "this key column is {}, `{}` is {}",
                shown_type(ty),
                print(ast),
                shown_type(found)
            );
            if is_number(ty.required()) && *found == Type::Text {
                let note = "`number(…)` reads a text as a number";
                self.error_with("M009", &ast.span, message, note);
            } else {
                self.error("M009", &ast.span, message);
            }
        }
        match super::leaf_of(ty, self.pick) {
            Some(leaf) => Code::Leaf(Box::new(part.code), leaf),
            None => part.code,
        }
    }
}
