//! Where two requests differ, field by field.

use tenon_kit::Request;
use tenon_value::{Value, json};

/// Differences of one request that are told.
const TOLD: usize = 50;

/// A field that would be written otherwise; missing where it was or would not be there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Difference {
    pub(super) field: String,
    pub(super) was: Value,
    pub(super) would: Value,
}

/// All differences of two requests, the first ones where there are many.
pub(super) fn between(was: &Request, would: &Request) -> Vec<Difference> {
    let mut found = Vec::new();
    for (field, was, would) in
        [("method", &was.method, &would.method), ("path", &was.path, &would.path)]
    {
        if was != would {
            let (was, would) = (Value::text(was), Value::text(would));
            found.push(Difference { field: field.to_owned(), was, would });
        }
    }
    compare("", &body(was), &body(would), &mut found);
    found.truncate(TOLD);
    found
}

/// A request's body as a value.
pub(super) fn body(of: &Request) -> Value {
    let text = of.body.as_deref().unwrap_or_default();
    if text.is_empty() {
        return Value::Missing;
    }
    json::read(text).unwrap_or_else(|_| Value::text(text))
}

fn compare(path: &str, was: &Value, would: &Value, found: &mut Vec<Difference>) {
    let below = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    match (was, would) {
        (Value::Record(a), Value::Record(b)) => {
            for (name, value) in a.iter() {
                compare(&below(name), value, would.field(name), found);
            }
            for (name, value) in b.iter().filter(|(name, _)| !a.contains_key(*name)) {
                compare(&below(name), &Value::Missing, value, found);
            }
        }
        (Value::List(a), Value::List(b)) => {
            for at in 0..a.len().max(b.len()) {
                let item = |list: &[Value]| list.get(at).cloned().unwrap_or_default();
                compare(&format!("{path}[{at}]"), &item(a), &item(b), found);
            }
        }
        (was, would) if was == would => {}
        (was, would) => found.push(Difference {
            field: path.to_owned(),
            was: was.clone(),
            would: would.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &str) -> Request {
        Request {
            method: "POST".to_owned(),
            path: "/orders".to_owned(),
            headers: Vec::new(),
            body: Some(body.to_owned()),
            cost: 1,
            writes: true,
        }
    }

    #[test]
    fn fields_rows_and_amounts_are_told_apart_to_the_last_digit() {
        let was = request(r#"{"a": {"total": 10.05, "name": "x"}, "rows": [{"n": 1}], "old": 1}"#);
        let would =
            request(r#"{"a": {"total": 10.06, "name": "x"}, "rows": [{"n": 1}, {"n": 2}]}"#);
        let found: Vec<String> = between(&was, &would)
            .iter()
            .map(|d| format!("{}: {:?} {:?}", d.field, d.was, d.would))
            .collect();
        assert_eq!(
            found,
            ["a.total: 10.05 10.06", r#"rows[1]: missing {"n":2}"#, "old: 1 missing"]
        );
        assert!(between(&was, &was).is_empty());
        let other = Request { path: "/orders/7".to_owned(), ..was.clone() };
        assert_eq!(between(&was, &other).len(), 1);
    }
}
