//! Printing lists and records.

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

use crate::arguments::Output;

/// Prints rows: as a table of these columns, or whole as JSON.
pub fn rows(output: Output, columns: &[(&str, &str)], rows: &[Value]) {
    match output {
        Output::Json => println!("{}", Value::Array(rows.to_vec())),
        Output::Ndjson => rows.iter().for_each(|row| println!("{row}")),
        Output::Table => {
            let mut table = Table::new();
            table
                .load_preset(presets::UTF8_HORIZONTAL_ONLY)
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_header(columns.iter().map(|(title, _)| *title));
            for row in rows {
                table.add_row(columns.iter().map(|(_, pointer)| cell(row.pointer(pointer))));
            }
            println!("{table}");
        }
    }
}

/// Prints one object: as `name: value` lines, or as JSON.
pub fn object(output: Output, object: &Value) {
    match output {
        Output::Json | Output::Ndjson => println!("{object}"),
        Output::Table => match object.as_object() {
            Some(fields) => {
                let width = fields.keys().map(|k| k.chars().count()).max().unwrap_or(0);
                for (name, value) in fields.iter().filter(|(_, v)| !v.is_null()) {
                    println!("{name:width$}  {}", cell(Some(value)));
                }
            }
            None => println!("{object}"),
        },
    }
}

/// A value as a person reads it.
pub fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
