//! Printing lists and records.

use comfy_table::{ContentArrangement, Table, presets};
use tenon_value::{Value, json, time};

use crate::arguments::Output;

/// A column: its title, and the dotted path of its value in a row. A whole number
/// under a path that ends in `_ms` is shown as an instant; one with decimals is a length of time.
pub type Column = (&'static str, &'static str);

/// Writes a text to standard output. A reader that went away, such as `head`, ends the process.
pub fn write(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Prints rows: as a table of these columns, or whole as JSON.
pub fn rows(output: Output, columns: &[Column], rows: &[Value]) {
    match output {
        Output::Json => outln!("{}", json::write(&Value::list(rows.to_vec()))),
        Output::Ndjson => rows.iter().for_each(|row| outln!("{}", json::write(row))),
        Output::Table => {
            let mut table = Table::new();
            table
                .load_preset(presets::NOTHING)
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_header(columns.iter().map(|(title, _)| *title));
            for row in rows {
                table.add_row(columns.iter().map(|(_, path)| shown(path, row.at(path))));
            }
            outln!("{table}");
        }
    }
}

/// Prints one record: as `name  value` lines, or as JSON.
pub fn record(output: Output, record: &Value) {
    let Some(fields) = record.as_record().filter(|_| output == Output::Table) else {
        outln!("{}", json::write(record));
        return;
    };
    let width = fields.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_absent()) {
        outln!("{name:width$}  {}", shown(name, value));
    }
}

/// A value as a person reads it.
fn shown(path: &str, value: &Value) -> String {
    if value.is_absent() {
        return String::new();
    }
    if path.ends_with("_ms")
        && let Some(at) =
            value.as_number().filter(|n| n.scale() == 0).and_then(tenon_value::Number::to_i64)
        && let Some(at) = time::from_millis(at)
    {
        return time::format_datetime(&at);
    }
    value.plain().unwrap_or_else(|| json::write(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_told_from_lengths_of_time() {
        let number = |text: &str| json::read(text).unwrap();
        assert_eq!(shown("updated_ms", &number("1773131400000")), "2026-03-10T08:30:00Z");
        assert_eq!(shown("p99_ms", &number("24.000")), "24.000");
    }
}
