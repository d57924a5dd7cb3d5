//! Names, fields, indexes and filters.

use std::ops::Range;
use std::sync::Arc;

use tenon_source::Diagnostic;
use tenon_value::Value;

use super::facts::Fact;
use super::shapes::{leaf_of, picked};
use super::{Checker, Part, shown_type};
use crate::ast::{Ast, Kind, Word};
use crate::code::{Code, Leaf, Pick};
use crate::print::print;
use crate::types::{Type, Wire};

impl Checker<'_> {
    /// A path where it ends: its value is brought to its type.
    pub(super) fn path_end(&mut self, ast: &Ast) -> Part {
        if let Some(path) = plain_path(ast) {
            self.paths.insert(path);
        }
        let typed = match &ast.kind {
            Kind::Name(name) => {
                self.locals.iter().rev().find(|l| *l.name == **name).is_some_and(|l| l.typed)
            }
            _ => false,
        };
        let part = self.path(ast);
        match leaf_of(&part.ty, self.pick) {
            Some(leaf) if !typed => {
                Part::new(Code::Leaf(Box::new(part.code), leaf), picked(part.ty))
            }
            _ => Part::new(part.code, picked(part.ty)),
        }
    }

    /// A path on the way: the payload's own form.
    fn path(&mut self, ast: &Ast) -> Part {
        let mut part = match &ast.kind {
            Kind::Name(name) => self.name(name, &ast.span),
            Kind::Field(base, word) => self.field(base, word),
            Kind::Index(base, index) => self.index(base, index),
            Kind::Where(base, condition) => self.filter(base, condition),
            Kind::Flatten(base) => self.flatten(base),
            _ => self.check(ast),
        };
        if matches!(part.ty, Type::Optional(_)) && self.knows(ast, Fact::There) {
            part.ty = part.ty.required().clone();
        }
        part
    }

    pub(super) fn knows(&self, ast: &Ast, fact: Fact) -> bool {
        if self.facts.is_empty() {
            return false;
        }
        let text = print(ast);
        self.facts.iter().any(|(path, known)| *known == fact && *path == text)
    }

    fn name(&mut self, name: &str, at: &Range<usize>) -> Part {
        if let Some((slot, local)) =
            self.locals.iter_mut().enumerate().rev().find(|(_, l)| *l.name == *name)
        {
            local.used = true;
            let slot = u16::try_from(slot).unwrap_or(u16::MAX);
            return Part::new(Code::Local(slot, Arc::clone(&local.name)), local.ty.clone());
        }
        if let Some(ty) = self.env.scope.get(name) {
            self.names.insert(name.to_owned());
            return Part::new(Code::Root(Arc::from(name)), ty.clone());
        }
        if self.env.open {
            self.names.insert(name.to_owned());
            return Part::new(Code::Root(Arc::from(name)), Type::Dyn);
        }
        let message = if name == "settings" {
            "a setting needs its name: `settings.name`".to_owned()
        } else {
            format!("there is no `{name}` here")
        };
        let candidates: Vec<String> = self
            .locals
            .iter()
            .map(|l| l.name.to_string())
            .chain(self.env.scope.keys().cloned())
            .chain((name != "settings").then(|| "settings".to_owned()))
            .collect();
        self.unknown(("M002", message), name, at, &candidates);
        if let Some(found) = self.found.last_mut()
            && found.fix.is_none()
            && name != "settings"
        {
            found.notes.push(format!("a text stands in quotes: \"{name}\""));
        }
        Part::unknown()
    }

    /// Reports an unknown name, with the one that was likely meant.
    pub(super) fn unknown(
        &mut self,
        (code, message): (&'static str, String),
        name: &str,
        at: &Range<usize>,
        candidates: &[String],
    ) {
        let span = self.span(at);
        let mut found = Diagnostic::error(code, span.clone(), message);
        match tenon_source::near(name, candidates.iter().map(String::as_str)) {
            Some(near) => {
                found =
                    found.note(format!("did you mean `{near}`?")).fix(span, near, slip(name, near));
            }
            None if (1..=12).contains(&candidates.len()) => {
                found = found.note(format!("known here: {}", candidates.join(", ")));
            }
            None => {}
        }
        self.found.push(found);
    }

    fn field(&mut self, base: &Ast, word: &Word) -> Part {
        if matches!(&base.kind, Kind::Name(name) if name == "settings")
            && !self.locals.iter().any(|l| &*l.name == "settings")
            && !self.env.scope.contains_key("settings")
        {
            return self.setting(word);
        }
        let base_part = self.path(base);
        self.field_of(base_part, word, base)
    }

    fn setting(&mut self, word: &Word) -> Part {
        let code = Code::Setting(Arc::from(word.text.as_str()));
        match self.env.settings.get(&word.text) {
            Some(ty) => Part::new(code, ty.clone()),
            None if self.env.open => Part::new(code, Type::Dyn),
            None => {
                let names: Vec<String> = self.env.settings.keys().cloned().collect();
                let message = format!("there is no setting `{}`", word.text);
                self.unknown(("M039", message), &word.text, &word.span, &names);
                Part::unknown()
            }
        }
    }

    fn field_of(&mut self, base: Part, word: &Word, ast: &Ast) -> Part {
        let name: Arc<str> = Arc::from(word.text.as_str());
        let step = |code: Code| Code::field(code, Arc::clone(&name));
        match base.ty.clone() {
            Type::Dyn => Part::new(step(base.code), Type::Dyn),
            Type::Optional(inner) => {
                let part = self.field_of(Part::new(base.code, (*inner).clone()), word, ast);
                Part { ty: part.ty.optional(), ..part }
            }
            Type::List(inner) => {
                let shape = Part::new(Code::Omit, (*inner).clone());
                let part = self.field_of(shape, word, ast);
                let code = step(base.code);
                let nodes = matches!(part.code, Code::Nodes(_));
                let code = if nodes { Code::Nodes(Box::new(code)) } else { code };
                Part::new(code, part.ty.list())
            }
            Type::Map(inner) => Part::new(step(base.code), (*inner).clone().optional()),
            Type::MoneyBag => self.bag_field(base, word),
            Type::Money => {
                let ty = match word.text.as_str() {
                    "amount" => Type::Decimal,
                    "currency" | "currencyCode" => Type::Text,
                    _ => return self.no_field(word, "an amount of money", &["amount", "currency"]),
                };
                Part::new(step(Code::Leaf(Box::new(base.code), Leaf::Money)), ty)
            }
            ty @ (Type::Named(_) | Type::Record(_)) => self.record_field(base.code, &ty, word),
            other => {
                let message =
                    format!("`{}` is {} and has no fields", print(ast), shown_type(&other));
                self.error("M004", &word.span, message);
                Part::unknown()
            }
        }
    }

    fn record_field(&mut self, base: Code, ty: &Type, word: &Word) -> Part {
        let Some(fields) = self.fields_of(ty) else {
            return Part::new(Code::field(base, word.text.as_str()), Type::Dyn);
        };
        let Some((name, field)) = fields.get_key_value(word.text.as_str()) else {
            let names: Vec<String> = fields.keys().map(ToString::to_string).collect();
            let of = match ty {
                Type::Named(name) => format!("`{name}`"),
                _ => "this record".to_owned(),
            };
            let message = format!("{of} has no field `{}`", word.text);
            self.unknown(("M002", message), &word.text, &word.span, &names);
            return Part::unknown();
        };
        let code = Code::field(base, Arc::clone(name));
        let code = if field.wire == Wire::Connection { Code::Nodes(Box::new(code)) } else { code };
        let part = Part::new(code, field.ty.clone());
        self.personal |= field.personal;
        part
    }

    /// Fields of a bag of two amounts: each amount by name, or fields of the picked one.
    fn bag_field(&mut self, base: Part, word: &Word) -> Part {
        let field = |code: Code| Code::field(code, word.text.as_str());
        let picked = Code::Leaf(Box::new(base.code.clone()), Leaf::Bag(self.pick));
        match word.text.as_str() {
            "shopMoney" | "presentmentMoney" => {
                let other = if word.text == "shopMoney" { Pick::Presentment } else { Pick::Shop };
                if self.pick == other {
                    let message = format!(
                        "`{}` is the other amount than the one this mapping picks",
                        word.text
                    );
                    let note = "leave it out: `money.pick` decides once for all amounts";
                    self.error_with("M020", &word.span, message, note);
                }
                Part::new(field(base.code), Type::Money)
            }
            "amount" => Part::new(field(picked), Type::Decimal),
            "currency" | "currencyCode" => Part::new(field(picked), Type::Text),
            _ => {
                let names = ["amount", "currency", "shopMoney", "presentmentMoney"];
                self.no_field(word, "an amount of money", &names)
            }
        }
    }

    fn no_field(&mut self, word: &Word, what: &str, names: &[&str]) -> Part {
        let message = format!("{what} has no field `{}`", word.text);
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        self.unknown(("M002", message), &word.text, &word.span, &names);
        Part::unknown()
    }

    fn index(&mut self, base: &Ast, index: &Ast) -> Part {
        let base_part = self.path(base);
        let at = self.check(index);
        if !self.needs_value(&at, index, "an index") {
            return Part::unknown();
        }
        let code = Code::Index(Box::new(base_part.code), Box::new(at.code.clone()));
        let ty = match base_part.ty.required() {
            Type::Dyn => return Part::new(code, Type::Dyn),
            Type::List(item) => {
                if !matches!(at.ty.required(), Type::Int | Type::Dyn) {
                    let message =
                        format!("a list is indexed by a whole number, not {}", shown_type(&at.ty));
                    self.error("M004", &index.span, message);
                }
                (**item).clone()
            }
            Type::Map(item) => {
                self.names_a_field(&at, index);
                (**item).clone()
            }
            Type::Named(_) | Type::Record(_) => match &at.code {
                Code::Const(Value::Text(name)) => {
                    let word = Word { text: name.to_string(), span: index.span.clone() };
                    let Code::Index(base_code, _) = code else { return Part::unknown() };
                    return self.record_field(*base_code, base_part.ty.required(), &word);
                }
                _ => {
                    self.names_a_field(&at, index);
                    return Part::new(code, Type::Dyn);
                }
            },
            other => {
                let message =
                    format!("`{}` is {} and can't be indexed", print(base), shown_type(other));
                self.error("M004", &base.span, message);
                return Part::unknown();
            }
        };
        Part::new(code, ty.optional())
    }

    /// An index of a record is the name of a field.
    fn names_a_field(&mut self, at: &Part, index: &Ast) {
        if !matches!(at.ty, Type::Text | Type::Enum(_) | Type::Dyn) {
            let message = format!(
                "a field of a record is named by a text, `{}` is {}",
                print(index),
                shown_type(&at.ty)
            );
            self.error("M004", &index.span, message);
        }
    }

    fn filter(&mut self, base: &Ast, condition: &Ast) -> Part {
        let base_part = self.path(base);
        let item = match base_part.ty.required() {
            Type::List(item) => (**item).clone(),
            Type::Dyn => Type::Dyn,
            other => {
                let message = format!("`{}` is {}, not a list", print(base), shown_type(other));
                self.error("M004", &base.span, message);
                Type::Dyn
            }
        };
        self.push("it", item, false);
        let holds = self.check(condition);
        self.needs_bool(&holds, condition);
        self.pop(None);
        let code = Code::Where(Box::new(base_part.code), Box::new(holds.code));
        Part::new(code, base_part.ty)
    }

    fn flatten(&mut self, base: &Ast) -> Part {
        let base_part = self.path(base);
        let code = Code::Flatten(Box::new(base_part.code));
        let optional = matches!(base_part.ty, Type::Optional(_));
        let ty = match base_part.ty.required() {
            Type::Dyn => Type::Dyn,
            Type::List(item) => match item.required() {
                Type::List(inner) => (**inner).clone().list(),
                _ => (**item).clone().list(),
            },
            other => {
                let message = format!("`{}` is {}, not a list", print(base), shown_type(other));
                self.error("M004", &base.span, message);
                Type::Dyn
            }
        };
        Part::new(code, if optional { ty.optional() } else { ty })
    }
}

/// A path without its filters and indexes.
fn plain_path(ast: &Ast) -> Option<String> {
    Some(match &ast.kind {
        Kind::Name(name) => name.clone(),
        Kind::Field(base, word) => format!("{}.{}", plain_path(base)?, word.text),
        Kind::Index(base, _) | Kind::Where(base, _) | Kind::Flatten(base) => plain_path(base)?,
        _ => return None,
    })
}

/// Whether a name is surely another one mistyped: spelled the same but for case and underscores, or
/// one letter away.
pub(super) fn slip(name: &str, meant: &str) -> bool {
    let plain = |s: &str| s.replace('_', "").to_lowercase();
    if plain(name) == plain(meant) {
        return true;
    }
    let (a, b): (Vec<char>, Vec<char>) = (name.chars().collect(), meant.chars().collect());
    let front = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let back = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let longer = a.len().max(b.len());
    longer > 3
        && a.len().abs_diff(b.len()) <= 1
        && front.saturating_add(back) >= longer.saturating_sub(1)
        || (a.len() == b.len()
            && longer > 3
            && front.saturating_add(back) >= longer.saturating_sub(2))
}
