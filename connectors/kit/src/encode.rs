//! Percent encoding of paths, queries and forms (RFC 3986, and the form encoding of WHATWG).

use std::fmt::Write as _;

/// A value as one segment of a path or one part of a query.
#[must_use]
pub(crate) fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Name and value pairs as a query or form.
#[must_use]
pub(crate) fn form(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(k, v)| format!("{}={}", percent(k), percent(v))).collect();
    pairs.join("&")
}
