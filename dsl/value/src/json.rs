//! JSON in and out, with exact numbers.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use indexmap::IndexSet;
use indexmap::map::Entry;

use crate::number::{Number, NumberError};
use crate::value::{Record, Value};

/// Lists and records may nest this deep.
pub const MAX_DEPTH: usize = 128;

/// Why a text is not JSON that Tenon reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at line {line}, column {column}")]
pub struct JsonError {
    /// What is wrong.
    pub reason: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Reads one JSON document.
///
/// # Errors
/// [`JsonError`] for bad syntax, bytes that are not UTF-8, nesting over [`MAX_DEPTH`], a field named
/// twice in one record, and numbers that an exact decimal can't hold.
pub fn read_bytes(bytes: &[u8]) -> Result<Value, JsonError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => read(text),
        Err(e) => {
            let good = bytes.get(..e.valid_up_to()).unwrap_or_default();
            let reader = Reader { at: good.len(), ..Reader::of(good) };
            Err(reader.error("not UTF-8"))
        }
    }
}

/// Reads one JSON document from a text.
///
/// # Errors
/// As [`read_bytes`].
pub fn read(text: &str) -> Result<Value, JsonError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader::of(text.as_bytes());
    let value = reader.value(0)?;
    reader.space();
    if reader.at < reader.bytes.len() {
        return Err(reader.error("more text after the end of the document"));
    }
    Ok(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Names of fields so far: the records of a list share them, in memory too.
    names: IndexSet<Arc<str>>,
    /// Fields of the records that are open, one record's behind another's: a record is made when its
    /// number of fields is known, and takes no more memory than they need.
    fields: Vec<Field>,
    /// Items of the lists that are open, likewise.
    items: Vec<Value>,
}

/// A field of a record that is open.
struct Field {
    /// Where its name stands.
    at: usize,
    name: Arc<str>,
    value: Value,
}

impl<'a> Reader<'a> {
    fn of(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0, names: IndexSet::new(), fields: Vec::new(), items: Vec::new() }
    }

    fn name(&mut self) -> Result<Arc<str>, JsonError> {
        let text = self.text()?;
        if let Some(known) = self.names.get(&*text) {
            return Ok(Arc::clone(known));
        }
        let name: Arc<str> = Arc::from(text);
        self.names.insert(Arc::clone(&name));
        Ok(name)
    }

    fn error(&self, reason: &str) -> JsonError {
        let before = self.bytes.get(..self.at).unwrap_or(self.bytes);
        let line = before.iter().filter(|b| **b == b'\n').count().saturating_add(1);
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |n| n.saturating_add(1));
        let tail = String::from_utf8_lossy(before.get(start..).unwrap_or_default());
        JsonError {
            reason: reason.to_owned(),
            line,
            column: tail.chars().count().saturating_add(1),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.step();
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        if depth > MAX_DEPTH {
            return Err(self.error("nested too deep"));
        }
        self.space();
        match self.peek() {
            None => Err(self.error("the document ends too early")),
            Some(b'{') => self.record(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.text().map(|t| Value::Text(Arc::from(t))),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err(self.error("a value was expected here")),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        let end = self.at.saturating_add(word.len());
        if self.bytes.get(self.at..end) == Some(word.as_bytes()) {
            self.at = end;
            return Ok(value);
        }
        Err(self.error("a value was expected here"))
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.step();
        }
        let raw = self.bytes.get(start..self.at).unwrap_or_default();
        let text = std::str::from_utf8(raw).unwrap_or_default();
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let leading_zero = unsigned.len() > 1
            && unsigned.starts_with('0')
            && unsigned.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        let parsed = if leading_zero {
            Err(NumberError::NotANumber(text.to_owned()))
        } else {
            Number::parse(text)
        };
        parsed.map(Value::Number).map_err(|e| {
            self.at = start;
            self.error(&e.to_string())
        })
    }

    fn list(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.step();
        self.space();
        if self.peek() == Some(b']') {
            self.step();
            return Ok(Value::list(Vec::new()));
        }
        let base = self.items.len();
        loop {
            let item = self.value(depth.saturating_add(1))?;
            self.items.push(item);
            self.space();
            match self.peek() {
                Some(b',') => self.step(),
                Some(b']') => {
                    self.step();
                    return Ok(Value::list(self.items.drain(base..).collect()));
                }
                _ => return Err(self.error("`,` or `]` was expected here")),
            }
        }
    }

    fn record(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.step();
        self.space();
        if self.peek() == Some(b'}') {
            self.step();
            return Ok(Value::record(Record::new()));
        }
        let base = self.fields.len();
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.error("a field name in quotes was expected here"));
            }
            let at = self.at;
            let name = self.name()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.error("`:` was expected here"));
            }
            self.step();
            let value = self.value(depth.saturating_add(1))?;
            self.fields.push(Field { at, name, value });
            self.space();
            match self.peek() {
                Some(b',') => self.step(),
                Some(b'}') => {
                    self.step();
                    return self.close(base);
                }
                _ => return Err(self.error("`,` or `}` was expected here")),
            }
        }
    }

    /// The record of the fields that were read last.
    fn close(&mut self, base: usize) -> Result<Value, JsonError> {
        let mut record = Record::with_capacity(self.fields.len().saturating_sub(base));
        let mut twice = None;
        for Field { at, name, value } in self.fields.drain(base..) {
            match record.entry(name) {
                Entry::Vacant(free) => {
                    free.insert(value);
                }
                Entry::Occupied(taken) => {
                    twice = twice.or_else(|| Some((at, Arc::clone(taken.key()))));
                }
            }
        }
        match twice {
            None => Ok(Value::record(record)),
            Some((at, name)) => {
                self.at = at;
                Err(self.error(&format!("the field \"{name}\" stands twice")))
            }
        }
    }

    fn text(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.step();
        let mut out = Cow::Borrowed("");
        loop {
            let start = self.at;
            while self.peek().is_some_and(|b| b != b'"' && b != b'\\' && b >= 0x20) {
                self.step();
            }
            let bytes: &'a [u8] = self.bytes;
            let run = bytes.get(start..self.at).unwrap_or_default();
            let run = std::str::from_utf8(run).map_err(|_| self.error("not UTF-8"))?;
            if out.is_empty() {
                out = Cow::Borrowed(run);
            } else {
                out.to_mut().push_str(run);
            }
            match self.peek() {
                Some(b'"') => {
                    self.step();
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.step();
                    let escaped = self.escape()?;
                    out.to_mut().push(escaped);
                }
                Some(_) => return Err(self.error("a control character stands in a text")),
                None => return Err(self.error("the text is not closed")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let letter = self.peek();
        self.step();
        Ok(match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.error("unknown escape")),
        })
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = self.four_hex()?;
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.error("not a character"));
        }
        if first < 0xdc00 && self.peek() == Some(b'\\') {
            self.step();
            if self.peek() == Some(b'u') {
                self.step();
                let second = self.four_hex()?;
                if (0xdc00..0xe000).contains(&second) {
                    let high = first.wrapping_sub(0xd800) << 10;
                    let low = second.wrapping_sub(0xdc00);
                    return char::from_u32(0x1_0000_u32.wrapping_add(high).wrapping_add(low))
                        .ok_or_else(|| self.error("not a character"));
                }
            }
        }
        Err(self.error("half of a surrogate pair"))
    }

    fn four_hex(&mut self) -> Result<u32, JsonError> {
        let raw = self.bytes.get(self.at..self.at.saturating_add(4)).unwrap_or_default();
        let text = std::str::from_utf8(raw).unwrap_or_default();
        if text.len() != 4 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(self.error("four hexadecimal digits were expected here"));
        }
        self.at = self.at.saturating_add(4);
        u32::from_str_radix(text, 16).map_err(|_| self.error("not a character"))
    }
}

/// Writes a value on one line. Missing fields are left out; money is its amount, dates and instants
/// are texts.
#[must_use]
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    put(&mut out, value, None);
    out
}

/// Writes a value over several lines, two spaces a level.
#[must_use]
pub fn write_pretty(value: &Value) -> String {
    let mut out = String::new();
    put(&mut out, value, Some(0));
    out
}

fn line(out: &mut String, level: Option<usize>) {
    if let Some(level) = level {
        out.push('\n');
        for _ in 0..level {
            out.push_str("  ");
        }
    }
}

fn put(out: &mut String, value: &Value, level: Option<usize>) {
    let inner = level.map(|l| l.saturating_add(1));
    match value {
        Value::Missing | Value::Null => out.push_str("null"),
        Value::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Money(money) => {
            let _ = write!(out, "{}", money.amount);
        }
        Value::Text(text) => put_text(out, text),
        Value::Date(_) | Value::DateTime(_) | Value::Duration(_) => {
            put_text(out, &value.plain().unwrap_or_default());
        }
        Value::List(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                line(out, inner);
                put(out, item, inner);
            }
            if !items.is_empty() {
                line(out, level);
            }
            out.push(']');
        }
        Value::Record(fields) => {
            out.push('{');
            let mut first = true;
            for (name, item) in fields.iter().filter(|(_, v)| !matches!(v, Value::Missing)) {
                if !first {
                    out.push(',');
                }
                first = false;
                line(out, inner);
                put_text(out, name);
                out.push(':');
                if level.is_some() {
                    out.push(' ');
                }
                put(out, item, inner);
            }
            if !first {
                line(out, level);
            }
            out.push('}');
        }
    }
}

/// Writes a text in quotes with everything escaped that must be.
pub fn put_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_of_one_document_share_the_names_of_their_fields() {
        let value = read(r#"[{"name":1},{"n\u0061me":2}]"#).unwrap();
        let names: Vec<&Arc<str>> =
            value.items().iter().filter_map(|r| r.as_record()?.keys().next()).collect();
        assert!(matches!(names.as_slice(), [a, b] if Arc::ptr_eq(a, b)), "{names:?}");
    }

    #[test]
    fn numbers_keep_their_text() {
        let text = r#"{"a":1.10,"b":-0.00500,"c":820982911946154508,"d":[0,1.0]}"#;
        assert_eq!(write(&read(text).unwrap()), text);
    }

    #[test]
    fn bad_documents_name_the_place() {
        let cases = [
            ("{\"a\":1,\n \"a\":2}", "the field \"a\" stands twice at line 2, column 2"),
            ("[1,]", "a value was expected here at line 1, column 4"),
            ("{\"a\":01}", "`01` is not a number at line 1, column 6"),
            (
                "[1e400]",
                "1e400 has more digits than an exact number can hold (28) at line 1, column 2",
            ),
            ("\"a", "the text is not closed at line 1, column 3"),
            ("1 2", "more text after the end of the document at line 1, column 3"),
            ("\"\\ud800\"", "half of a surrogate pair at line 1, column 8"),
            ("", "the document ends too early at line 1, column 1"),
        ];
        for (text, message) in cases {
            assert_eq!(read(text).unwrap_err().to_string(), message, "{text}");
        }
        assert!(read_bytes(b"[\"\xff\"]").unwrap_err().to_string().starts_with("not UTF-8"));
        assert!(read(&"[".repeat(100_000)).is_err());
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (any::<i64>(), 0_u32..18).prop_map(|(n, s)| {
                Value::Number(Number::from_decimal(rust_decimal::Decimal::new(n, s)))
            }),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::list),
                prop::collection::vec((".{0,8}", inner), 0..6).prop_map(|fields| {
                    Value::record(fields.into_iter().map(|(k, v)| (Arc::from(k), v)).collect())
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(value in any_value()) {
            prop_assert_eq!(&read(&write(&value)).unwrap(), &value);
            prop_assert_eq!(&read(&write_pretty(&value)).unwrap(), &value);
            prop_assert_eq!(write(&read(&write(&value)).unwrap()), write(&value));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_bytes(&bytes);
        }
    }
}
