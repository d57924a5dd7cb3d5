//! What of a mapping a run can reach: what its tests should have reached in the end.

use std::fmt;

use super::code::{Adds, FieldCode, Gives, MappingCode, Named, Part};
use crate::code::Code;
use crate::eval::{address, ops};

/// Characters of an expression that are shown beside its arms and branches.
const MOST_SHOWN: usize = 60;

/// A place of a mapping that a run takes or passes over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The target field or the named value: `OrderRows[].Price`, `let country`.
    pub at: String,
    /// What of it: a candidate by its text, or an arm or branch and the expression it stands in.
    pub what: String,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

/// Every spot of a mapping with the address of its code.
pub(super) fn spots(code: &MappingCode) -> Vec<(usize, Spot)> {
    let mut list = List { spots: Vec::new() };
    for named in &code.lets {
        list.inside(&format!("let {}", named.name), named);
    }
    list.fields("", &code.fields);
    list.spots
}

struct List {
    spots: Vec<(usize, Spot)>,
}

impl List {
    fn add(&mut self, code: &Code, at: &str, what: String) {
        self.spots.push((address(code), Spot { at: at.to_owned(), what }));
    }

    fn fields(&mut self, at: &str, fields: &[FieldCode]) {
        for field in fields {
            let path =
                if at.is_empty() { field.name.to_string() } else { format!("{at}.{}", field.name) };
            match &field.gives {
                Gives::Record(fields) => self.fields(&path, fields),
                Gives::Parts(parts) => parts.iter().for_each(|part| self.part(&path, part)),
                Gives::First { candidates, otherwise } => {
                    for candidate in candidates.iter().chain(otherwise) {
                        self.add(&candidate.code, &path, one_line(&candidate.text));
                        self.inside(&path, candidate);
                    }
                }
            }
        }
    }

    fn part(&mut self, path: &str, part: &Part) {
        let item = format!("{path}[]");
        match &part.adds {
            Adds::One { fields } => self.fields(&item, fields),
            Adds::Row { row, .. } => {
                self.add(&row.code, &item, format!("row: {}", one_line(&row.text)));
                self.inside(&item, row);
            }
            Adds::Each { over, text, lets, fields, .. } => {
                self.add(over, &item, format!("each: {}", one_line(text)));
                for named in lets {
                    self.inside(&format!("{item} let {}", named.name), named);
                }
                self.fields(&item, fields);
            }
        }
    }

    /// The arms, branches and links inside an expression.
    fn inside(&mut self, at: &str, named: &Named) {
        let text = brief(&one_line(&named.text));
        let mut found = Vec::new();
        choices(&named.code, &mut found, &mut 0);
        for (code, what) in found {
            self.add(code, at, format!("{what}, in {text}"));
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The beginning of a long expression.
fn brief(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN).and_then(|(at, _)| text.get(..at)) {
        Some(start) => format!("{start}…"),
        None => text.to_owned(),
    }
}

/// Parts of an expression that are taken or not, with words for each: the choices of one expression
/// are numbered as they are read.
fn choices<'c>(code: &'c Code, found: &mut Vec<(&'c Code, String)>, number: &mut usize) {
    if matches!(code, Code::If(_) | Code::Match(..) | Code::Fallback(_) | Code::Coalesce(_)) {
        *number = number.saturating_add(1);
    }
    let n = *number;
    match code {
        Code::If(parts) => {
            let [_, then, otherwise] = &**parts;
            found.push((then, format!("choice {n}, `then`")));
            found.push((otherwise, format!("choice {n}, `else`")));
        }
        Code::Match(_, arms, other) => {
            for arm in arms {
                let values: Vec<String> = arm.values.iter().map(ops::shown).collect();
                found.push((&arm.gives, format!("choice {n}, arm {}", values.join(" | "))));
            }
            let last = |other| (other, format!("choice {n}, the last arm"));
            found.extend(other.as_deref().map(last));
        }
        Code::Fallback(links) | Code::Coalesce(links) => {
            let sign = if matches!(code, Code::Fallback(_)) { "//" } else { "??" };
            for (link, code) in links.iter().enumerate().skip(1) {
                found.push((code, format!("choice {n}, what follows {sign} number {link}")));
            }
        }
        _ => {}
    }
    for part in parts(code) {
        choices(part, found, number);
    }
}

/// The expressions an expression is made of.
fn parts(code: &Code) -> Vec<&Code> {
    match code {
        Code::Field(path) => vec![path.base()],
        Code::Nodes(of)
        | Code::Flatten(of)
        | Code::Leaf(of, _)
        | Code::Cast(of, _)
        | Code::Not(of)
        | Code::Negate(of)
        | Code::Lambda(of) => vec![of],
        Code::Index(a, b)
        | Code::Where(a, b)
        | Code::Binary(_, a, b)
        | Code::Try(a, b)
        | Code::Let(a, b) => vec![a, b],
        Code::Template(all)
        | Code::Fallback(all)
        | Code::Coalesce(all)
        | Code::List(all)
        | Code::Call(_, all) => all.iter().collect(),
        Code::Approx(three) | Code::If(three) => three.iter().collect(),
        Code::Match(of, arms, other) => std::iter::once(&**of)
            .chain(arms.iter().map(|arm| &arm.gives))
            .chain(other.as_deref())
            .collect(),
        Code::Record(entries) => entries.iter().map(|(_, value)| value).collect(),
        Code::Lookup(lookup) => lookup.keys.iter().map(|(_, key)| key).collect(),
        Code::Const(_)
        | Code::Null
        | Code::Omit
        | Code::Keep
        | Code::Root(_)
        | Code::Local(..)
        | Code::Setting(_) => Vec::new(),
    }
}
