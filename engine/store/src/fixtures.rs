//! Stored forms of released formats, as files: what was written once is read for ever.
//!
//! `fixtures/rows-1.txt` holds a row a line: stored key, row, and the head cell of a store, in
//! hexadecimal digits. `fixtures/export-1.tenon` is an export. A changed form needs a new file beside
//! these, not other bytes in them; `TENON_UPDATE=1` only makes what is missing.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::cells::{judge, prepare, read_row};
use crate::conformance::samples;
use crate::export::{Entry, Exporter, Head, Importer};
use crate::rows::Row;
use crate::{Commit, Key, MemoryStore, Position};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// One of every table, none of them long.
fn rows() -> Vec<Row> {
    let mut rows = samples();
    for row in &mut rows {
        match row {
            Row::Graph(row) => row.bytes.truncate(20),
            Row::Sent(row) => row.document.truncate(20),
            Row::Delivery(row) => row.body.truncate(20),
            _ => {}
        }
    }
    rows
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let digit =
        |at: usize| u8::try_from(char::from(text.as_bytes()[at]).to_digit(16).unwrap()).unwrap();
    (0..text.len()).step_by(2).map(|at| digit(at) << 4 | digit(at + 1)).collect()
}

fn made(name: &str, bytes: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    let path = path(name);
    if !path.exists() && std::env::var_os("TENON_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes()).unwrap();
    }
    std::fs::read(&path).unwrap()
}

fn line(row: &Row) -> String {
    let key = row.key().to_bytes();
    let writes = judge(
        prepare(Commit::new().put(row.clone())).unwrap(),
        Position(7),
        &crate::cells::Nothing,
    );
    let head = writes.unwrap().into_iter().find(|write| write.key == key).unwrap();
    format!("{} {} {}", hex(&key), hex(&row.encode()), hex(&head.value.unwrap()))
}

#[test]
fn rows_of_the_first_format_are_read_and_written_the_same() {
    let text =
        made("rows-1.txt", || rows().iter().map(line).collect::<Vec<_>>().join("\n").into_bytes());
    let text = String::from_utf8(text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), rows().len(), "a row of every table");
    for (kept, row) in lines.into_iter().zip(rows()) {
        assert_eq!(kept, line(&row), "{} is written as it was", row.key());
        let parts: Vec<Vec<u8>> = kept.split(' ').map(unhex).collect();
        assert_eq!(Key::parse(&parts[0]), Some(row.key()));
        let read = crate::cells::row(row.key().table(), &parts[0], &parts[1]).unwrap();
        assert_eq!(read, row);
        let one = crate::cells::One { key: parts[0].clone(), value: parts[2].clone() };
        assert_eq!(read_row(&one, &row.key()).unwrap(), Some((row, Position(7))));
    }
}

#[tokio::test]
async fn an_export_of_the_first_format_is_read() {
    let bytes = made("export-1.tenon", || {
        let head = Head { at_ms: 1_767_225_600_000, by: "tenon 0.1.0".into() };
        let mut file = Exporter::new(Vec::new(), &head).unwrap();
        rows().iter().for_each(|row| file.row(row, false).unwrap());
        file.row(&samples()[1], true).unwrap();
        file.removed(&rows()[4].key()).unwrap();
        file.finish().unwrap().0
    });
    let mut file = Importer::new(bytes.as_slice()).unwrap();
    assert_eq!(file.head().by, "tenon 0.1.0");
    for row in rows() {
        assert_eq!(file.next_entry().unwrap(), Some(Entry::Row { row, again: false }));
    }
    let again = Entry::Row { row: samples()[1].clone(), again: true };
    assert_eq!(file.next_entry().unwrap(), Some(again));
    assert_eq!(file.next_entry().unwrap(), Some(Entry::Removed(rows()[4].key())));
    assert_eq!(file.next_entry().unwrap(), None);
    let store = MemoryStore::new();
    let count = crate::copy::import(&store, bytes.as_slice(), 5).await.unwrap();
    assert_eq!(count, rows().len() as u64 + 1);
}
