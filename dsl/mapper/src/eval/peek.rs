//! Values that stand somewhere already: looked at in place, neither copied nor computed.

use tenon_value::Value;

use super::{MISSING, Run};
use crate::code::Code;
use crate::path::FieldPath;

impl Run<'_> {
    /// The value an expression stands for, where nothing has to be computed for it.
    pub(super) fn peek<'a>(&'a self, code: &'a Code) -> Option<&'a Value> {
        match code {
            Code::Const(value) => Some(value),
            Code::Root(_) | Code::Local(..) | Code::Field(_) => self.start(code),
            Code::Nodes(base) => match self.peek(base)? {
                Value::Record(fields) => fields.get("nodes"),
                other => Some(other),
            },
            Code::Leaf(base, leaf) => self.start(base).filter(|value| leaf.fits(value)),
            // What is read or taken here is noted where it is evaluated.
            _ if self.is_watched() => None,
            Code::Setting(name) => self.known.setting(name),
            Code::Lookup(lookup) => self.remembered(lookup),
            Code::Fallback(links) => self.peek_chain(links, Value::is_blank),
            Code::Coalesce(links) => self.peek_chain(links, Value::is_absent),
            _ => None,
        }
    }

    /// As [`Run::peek`], for where paths mostly begin.
    #[inline]
    fn start<'a>(&'a self, code: &'a Code) -> Option<&'a Value> {
        match code {
            Code::Root(name) => Some(self.scope.get(name)),
            Code::Local(slot, _) => Some(self.stack.get(usize::from(*slot)).unwrap_or(&MISSING)),
            Code::Field(path) => self.walk(path),
            other => self.peek(other),
        }
    }

    /// As [`Run::peek`], for a path of fields.
    fn walk<'a>(&'a self, path: &'a FieldPath) -> Option<&'a Value> {
        let mut value = match path.base() {
            Code::Root(name) => self.scope.get(name),
            Code::Local(slot, _) => self.stack.get(usize::from(*slot)).unwrap_or(&MISSING),
            other => self.peek(other)?,
        };
        for name in path.names() {
            value = match value {
                Value::Record(fields) => name.of(fields).unwrap_or(&MISSING),
                Value::Missing | Value::Null => return Some(&MISSING),
                _ => return None,
            };
        }
        Some(value)
    }

    /// How far a path can be looked at in place: so many names, and what stands there.
    pub(super) fn reaches<'a>(&'a self, path: &'a FieldPath) -> (usize, Option<&'a Value>) {
        let mut found = (0_usize, self.start(path.base()));
        for name in path.names() {
            let Some(Value::Record(fields)) = found.1 else { break };
            found = (found.0.saturating_add(1), Some(name.of(fields).unwrap_or(&MISSING)));
        }
        found
    }

    pub(super) fn peek_chain<'a>(
        &'a self,
        links: &'a [Code],
        passes: fn(&Value) -> bool,
    ) -> Option<&'a Value> {
        let (last, before) = links.split_last()?;
        for link in before {
            let value = self.peek(link)?;
            if !passes(value) {
                return Some(value);
            }
        }
        self.peek(last)
    }

    /// Whether somebody wants to know what is read, or which parts are taken.
    pub(super) fn is_watched(&self) -> bool {
        self.seen.is_some() || self.reached.is_some()
    }

    /// As [`Run::peek`], while nobody wants to know what is read.
    pub(crate) fn glance<'a>(&'a self, code: &'a Code) -> Option<&'a Value> {
        if self.seen.is_some() { None } else { self.peek(code) }
    }
}
