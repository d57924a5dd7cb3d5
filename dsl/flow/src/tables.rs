//! Lookup tables: CSV files with typed columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use tenon_mapper::TableType;
use tenon_mapper::types::{Field, Type};
use tenon_source::{Diagnostic, File, Node, Span, near};
use tenon_value::{Record, Value};

use crate::csv::{self, Cell};
use crate::shape::{self, Found};
use crate::typed;

/// Most findings about one file; a wrong separator would give one a row.
const MOST_FINDINGS: usize = 20;

/// A table with its rows as they stand in the folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What it holds, for people.
    pub title: String,
    /// Key columns with their types, in order.
    pub keys: IndexMap<String, Type>,
    /// Value columns with their types, in order.
    pub values: IndexMap<String, Type>,
    /// Keys and values. A key is a record of its columns, or the value itself where there is one key
    /// column, as `ReadKey::Lookup` has it; a value likewise.
    pub rows: Vec<(Value, Value)>,
    /// What a missing row means.
    pub on_missing: OnMissing,
}

/// What a missing row means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMissing {
    /// A fault that names the table and the key.
    Fault,
    /// The lookup is missing, and a fallback takes its place.
    Null,
}

impl Table {
    /// What expressions know of it.
    #[must_use]
    pub fn table_type(&self) -> TableType {
        let value = match self.values.first() {
            Some((_, ty)) if self.values.len() == 1 => ty.clone(),
            _ => Type::Record(Arc::new(
                self.values
                    .iter()
                    .map(|(name, ty)| (Arc::from(name.as_str()), Field::of(ty.clone())))
                    .collect(),
            )),
        };
        let value = if self.on_missing == OnMissing::Null { value.optional() } else { value };
        TableType { keys: self.keys.clone(), value }
    }
}

/// Reads `tables:` and the files it names.
pub(crate) fn read(
    node: &Node,
    files: &BTreeMap<String, Arc<File>>,
    found: &mut Found,
) -> BTreeMap<String, Table> {
    let mut tables = BTreeMap::new();
    for (key, value) in node.entries() {
        let Some(name) = shape::name(key, "a table", found) else { continue };
        if let Some(table) = table(value, files, found) {
            tables.insert(name.to_owned(), table);
        }
    }
    tables
}

fn table(node: &Node, files: &BTreeMap<String, Arc<File>>, found: &mut Found) -> Option<Table> {
    let known = ["file", "title", "key", "value", "on_missing"];
    if !shape::keys(node, &known, "a table", found) {
        return None;
    }
    let file = shape::required(node, "file", "a table", found);
    let keys = columns(shape::required(node, "key", "a table", found), found);
    let values = columns(shape::required(node, "value", "a table", found), found);
    let on_missing = match node.get("on_missing") {
        None => OnMissing::Fault,
        Some(node) if node.is_null() => OnMissing::Null,
        Some(node) => match shape::word(node, &["fault", "null"], "`on_missing`", found) {
            Some("null") => OnMissing::Null,
            _ => OnMissing::Fault,
        },
    };
    let title = node.get("title").and_then(Node::text).unwrap_or("").to_owned();
    let mut table = Table { title, keys, values, rows: Vec::new(), on_missing };
    if let Some(node) = file
        && let Some(path) = shape::text(node, "`file`", found)
    {
        match files.get(path) {
            Some(file) => rows(&mut table, file, found),
            None => {
                let message = format!("there is no file `{path}` in the folder");
                let finding = Diagnostic::error("F020", node.span.clone(), message);
                let known: Vec<&str> = files.keys().map(String::as_str).collect();
                found.push(
                    match near(path, known.iter().copied().filter(|p| p.ends_with(".csv"))) {
                        Some(near) => finding.fix(node.span.clone(), near, false),
                        None => finding,
                    },
                );
            }
        }
    }
    Some(table)
}

fn columns(node: Option<&Node>, found: &mut Found) -> IndexMap<String, Type> {
    let mut columns = IndexMap::new();
    let Some(node) = node else { return columns };
    if node.entries().is_empty() {
        let message = format!("columns are a mapping of names to types, not {}", node.describe());
        found.push(Diagnostic::error("F004", node.span.clone(), message));
    }
    for (key, value) in node.entries() {
        let Some(name) = shape::text(key, "a column", found) else { continue };
        let ty = typed::type_of(value, found).unwrap_or(Type::Dyn);
        columns.insert(name.to_owned(), ty);
    }
    columns
}

fn rows(table: &mut Table, file: &Arc<File>, found: &mut Found) {
    let mut lines = csv::read(file, found).into_iter();
    let Some(header) = lines.next() else {
        if !found.iter().any(|finding| finding.span.file == *file) {
            let message = "the table's file is empty; its first line names the columns";
            found.push(Diagnostic::error("F021", Span::new(file, 0..0), message));
        }
        return;
    };
    let Some(places) = places(table, &header, file, found) else { return };
    let mut seen = Seen::default();
    let before = found.len();
    for line in lines {
        if found.len() - before >= MOST_FINDINGS {
            return;
        }
        if line.len() != header.len() {
            let (wanted, there) = (header.len(), line.len());
            let message =
                format!("this row has {there} cells; the first line names {wanted} columns");
            let at = line.first().map_or(0..0, |cell| cell.at.clone());
            found.push(Diagnostic::error("F021", Span::new(file, at), message));
            continue;
        }
        let key = record(&table.keys, &line, &places, (file, true), found);
        let value = record(&table.values, &line, &places, (file, false), found);
        let (Some(key), Some(value)) = (key, value) else { continue };
        let at = line.first().map_or(0..0, |cell| cell.at.clone());
        if seen.is_new(&key, &Span::new(file, at), found) {
            table.rows.push((tenon_mapper::table_key(&alone(key)), alone(value)));
        }
    }
}

/// Where each column stands in a row.
fn places(
    table: &Table,
    header: &[Cell],
    file: &Arc<File>,
    found: &mut Found,
) -> Option<BTreeMap<String, usize>> {
    let mut places = BTreeMap::new();
    let known: Vec<&str> =
        table.keys.keys().chain(table.values.keys()).map(String::as_str).collect();
    for (n, cell) in header.iter().enumerate() {
        let name = cell.text.trim();
        let span = Span::new(file, cell.at.clone());
        if !known.contains(&name) {
            let message = format!("the column `{name}` is not declared and is not read");
            found.push(Diagnostic::warning("F022", span, message));
        } else if places.insert(name.to_owned(), n).is_some() {
            let message = format!("the column `{name}` stands here twice");
            found.push(Diagnostic::error("F022", span, message));
        }
    }
    let mut whole = true;
    for name in known.iter().filter(|name| !places.contains_key(**name)) {
        whole = false;
        let at = header.first().map_or(0..0, |cell| cell.at.clone());
        let message = format!("the declared column `{name}` does not stand in the first line");
        found.push(Diagnostic::error("F022", Span::new(file, at), message));
    }
    whole.then_some(places)
}

fn record(
    columns: &IndexMap<String, Type>,
    line: &[Cell],
    places: &BTreeMap<String, usize>,
    (file, key): (&Arc<File>, bool),
    found: &mut Found,
) -> Option<Record> {
    let mut record = Record::new();
    let mut whole = true;
    for (name, ty) in columns {
        let Some(cell) = places.get(name).and_then(|place| line.get(*place)) else { continue };
        let text = cell.text.trim();
        let made = if key && text.is_empty() {
            Err("something: a key is never empty".to_owned())
        } else {
            typed::value_of(text, ty)
        };
        match made {
            Ok(value) => {
                record.insert(Arc::from(name.as_str()), value);
            }
            Err(_) if *ty == Type::Dyn => whole = false,
            Err(wanted) => {
                whole = false;
                let message = format!("`{text}` in the column `{name}` is not {wanted}");
                found.push(Diagnostic::error("F023", Span::new(file, cell.at.clone()), message));
            }
        }
    }
    whole.then_some(record)
}

/// A record of one column as that column's value.
fn alone(record: Record) -> Value {
    match record.first() {
        Some((_, value)) if record.len() == 1 => value.clone(),
        _ => Value::record(record),
    }
}

/// Keys so far: as they are, and without case and space.
#[derive(Default)]
struct Seen {
    exact: BTreeMap<String, usize>,
    folded: BTreeMap<String, (usize, String)>,
}

impl Seen {
    fn is_new(&mut self, key: &Record, span: &Span, found: &mut Found) -> bool {
        let parts: Vec<String> = key
            .values()
            .map(|value| match value {
                Value::Number(number) => number.normalised().to_string(),
                other => other.plain().unwrap_or_default(),
            })
            .collect();
        let shown = parts.join(", ");
        let exact = parts.join("\u{1f}");
        let folded: String =
            exact.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
        let (line, _) = span.line_column();
        if let Some(first) = self.exact.get(&exact) {
            let message = format!("the key {shown} stands here twice, first in line {first}");
            found.push(Diagnostic::error("F024", span.clone(), message));
            return false;
        }
        if let Some((first, other)) = self.folded.get(&folded) {
            let message = format!(
                "the key {shown} differs only by case or space from {other} in line {first}"
            );
            found.push(Diagnostic::warning("F025", span.clone(), message));
        }
        self.exact.insert(exact, line);
        self.folded.insert(folded, (line, shown));
        true
    }
}
