//! Calls of functions, and reads of stored state.

use std::sync::Arc;

use tenon_value::{Class, Fault, Value};

use super::{MISSING, Result, Run, named, ops};
use crate::code::{Code, Lookup};
use crate::functions::{Call, Function};
use crate::host::{self, EvalError, ReadKey};

/// Rows of tables that are remembered at most.
const MOST_ROWS: usize = 32;

/// Rows among which one is looked for before the key is made.
const FEW_ROWS: usize = 8;

/// Stored state that an evaluation read already.
#[derive(Default)]
pub(super) struct Known {
    settings: Vec<(Arc<str>, Value)>,
    rows: Vec<KnownRow>,
}

struct KnownRow {
    table: Arc<str>,
    /// As the host was asked.
    key: Value,
    found: Value,
}

impl KnownRow {
    /// Whether it is the row of a lookup with these values of its key's columns.
    fn is_of<'v>(
        &self,
        lookup: &Lookup,
        mut given: impl Iterator<Item = Option<&'v Value>>,
    ) -> bool {
        let mut is_next =
            |known: &Value| given.next().flatten().is_some_and(|given| given == known);
        same(&self.table, &lookup.table)
            && match &self.key {
                Value::Record(columns) if lookup.keys.len() > 1 => columns.values().all(is_next),
                only => is_next(only),
            }
    }
}

impl Known {
    /// A setting that was read.
    pub(super) fn setting(&self, name: &Arc<str>) -> Option<&Value> {
        self.settings.iter().find(|(known, _)| same(known, name)).map(|(_, value)| value)
    }
}

/// Whether two names are the same: those of one place in a program are the same text in memory.
fn same(one: &Arc<str>, other: &Arc<str>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

/// Room at once for what most mappings read.
fn reserve<T>(list: &mut Vec<T>) {
    if list.is_empty() {
        list.reserve(FEW_ROWS);
    }
}

impl Run<'_> {
    /// The value of a setting.
    pub(super) fn setting(&mut self, name: &Arc<str>) -> Result<Value> {
        if let Some(value) = self.known.setting(name) {
            return Ok(value.clone());
        }
        let value = self.host.read(&ReadKey::Setting { name: Arc::clone(name) })?;
        reserve(&mut self.known.settings);
        self.known.settings.push((Arc::clone(name), value.clone()));
        Ok(value)
    }

    /// A function's result. Its arguments lie behind those of the calls around it.
    pub(super) fn call(
        &mut self,
        function: &'static Function,
        arguments: &[Code],
    ) -> Result<Value> {
        let base = self.args.len();
        let result = self.called(function, arguments, base);
        self.args.truncate(base);
        result
    }

    fn called(
        &mut self,
        function: &'static Function,
        arguments: &[Code],
        base: usize,
    ) -> Result<Value> {
        let mut lambda = None;
        for (argument, parameter) in arguments.iter().zip(function.params) {
            if let Code::Lambda(body) = argument {
                lambda = Some(&**body);
                self.args.push(Value::Missing);
                continue;
            }
            let value = match self.glance(argument) {
                Some(value) => value.clone(),
                None => self.eval(argument)?,
            };
            let left_out = matches!(argument, Code::Omit);
            if value.is_absent() && !parameter.absent && !left_out {
                let error = EvalError::missing(&format!(
                    "the argument `{}` of `{}`",
                    parameter.name, function.name
                ));
                return Err(named(error, argument, &value));
            }
            self.args.push(value);
        }
        let mut call = Call { name: function.name, base, lambda, run: self };
        // What was made is handed on where it lies: moving a value costs as much as a small function.
        let made = (function.run)(&mut call);
        match &made {
            Ok(value) => self.spend_on(value)?,
            Err(_) => {
                return made.map_err(|e| match arguments.first() {
                    Some(first) => named(e, first, &MISSING),
                    None => e,
                });
            }
        }
        made
    }

    /// The row of a table, where it was read already and its key has not to be computed.
    pub(super) fn remembered(&self, lookup: &Lookup) -> Option<&Value> {
        let given = || lookup.keys.iter().map(|(_, code)| self.peek(code));
        let mut rows = self.known.rows.iter().take(FEW_ROWS);
        let row = rows.find(|row| row.is_of(lookup, given()))?;
        (lookup.optional || !row.found.is_absent()).then_some(&row.found)
    }

    /// The row of a table.
    pub(super) fn lookup(&mut self, lookup: &Lookup) -> Result<Value> {
        let base = self.args.len();
        let result = self.row_of(lookup, base);
        self.args.truncate(base);
        result
    }

    fn row_of(&mut self, lookup: &Lookup, base: usize) -> Result<Value> {
        for (column, code) in lookup.keys.iter() {
            let value = self.eval(code)?;
            if value.is_absent() {
                let what = format!("the key `{column}` of table `{}`", lookup.table);
                return Err(named(EvalError::missing(&what), code, &value));
            }
            self.args.push(value);
        }
        let given = self.args.get(base..).unwrap_or_default();
        let known = &self.known.rows;
        let mut known = known.iter();
        let known = known.find(|row| row.is_of(lookup, given.iter().map(Some)));
        let found = match known {
            Some(row) if self.seen.is_none() => row.found.clone(),
            _ => self.read_row(lookup, base)?,
        };
        if found.is_absent() && !lookup.optional {
            let key = table_key(lookup, self.args.get(base..).unwrap_or_default());
            return Err(row_missing(&lookup.table, key));
        }
        Ok(found)
    }

    fn read_row(&mut self, lookup: &Lookup, base: usize) -> Result<Value> {
        let given = self.args.get(base..).unwrap_or_default();
        let key = table_key(lookup, given);
        let table = Arc::clone(&lookup.table);
        let found = self.host.read(&ReadKey::Lookup { table, key: key.clone() })?;
        if let Some(seen) = &mut self.seen {
            seen.push((format!("lookup {} {}", lookup.table, ops::shown(&key)), found.clone()));
        } else if self.known.rows.len() < MOST_ROWS {
            let table = Arc::clone(&lookup.table);
            reserve(&mut self.known.rows);
            self.known.rows.push(KnownRow { table, key, found: found.clone() });
        }
        Ok(found)
    }
}

fn table_key(lookup: &Lookup, given: &[Value]) -> Value {
    match given {
        [only] => host::table_key(only),
        given => Value::record(lookup.keys.key(given.iter().map(host::table_key))),
    }
}

fn row_missing(table: &str, key: Value) -> EvalError {
    let fault = Fault::new(
        "TABLE_ROW_MISSING",
        Class::Missing,
        format!("table `{table}` has no row for {}", ops::shown(&key)),
    )
    .hint(format!("add the row (`tenon table set {table} …`), then retry the task"))
    .at(format!("table:{table}"), key.clone())
    .needs(format!("table:{table}"), key);
    EvalError::Fault(Box::new(fault))
}
