//! JSON Patch (RFC 6902) on values: what a person changes in a record, step by step.

use std::sync::Arc;

use tenon_value::{Record, Value, json};

/// Applies the operations of a patch in order; all of them or none.
///
/// # Errors
/// Which operation does not fit, in words.
pub(crate) fn apply(value: &Value, patch: &Value) -> Result<Value, String> {
    let Value::List(operations) = patch else {
        return Err("a patch is a list of operations".to_owned());
    };
    let mut now = value.clone();
    for (n, operation) in operations.iter().enumerate() {
        let number = n.saturating_add(1);
        now = one(&now, operation).map_err(|why| format!("operation {number}: {why}"))?;
    }
    Ok(now)
}

fn one(value: &Value, operation: &Value) -> Result<Value, String> {
    let text = |name: &str| operation.field(name).as_text();
    let path = pointer(text("path").ok_or("it has no `path`")?)?;
    let from = || pointer(text("from").ok_or("it has no `from`")?);
    let given = || match operation.as_record().and_then(|fields| fields.get("value")) {
        Some(value) => Ok(value.clone()),
        None => Err("it has no `value`".to_owned()),
    };
    match text("op").unwrap_or_default() {
        "add" => change(value, &path, &Change::Add(given()?)),
        "replace" => change(value, &path, &Change::Replace(given()?)),
        "remove" => change(value, &path, &Change::Remove),
        "copy" => {
            let copied = find(value, &from()?)?.clone();
            change(value, &path, &Change::Add(copied))
        }
        "move" => {
            let from = from()?;
            let moved = find(value, &from)?.clone();
            change(&change(value, &from, &Change::Remove)?, &path, &Change::Add(moved))
        }
        "test" => {
            let (there, wanted) = (find(value, &path)?, given()?);
            match json::write(there) == json::write(&wanted) {
                true => Ok(value.clone()),
                false => Err(format!("{there:?} stands there, not {wanted:?}")),
            }
        }
        other => Err(format!("there is no `{other}`: add, replace, remove, copy, move, test")),
    }
}

fn pointer(text: &str) -> Result<Vec<String>, String> {
    let Some(rest) = text.strip_prefix('/') else {
        return match text {
            "" => Ok(Vec::new()),
            _ => Err(format!("the path `{text}` does not begin with `/`")),
        };
    };
    Ok(rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

fn find<'v>(value: &'v Value, path: &[String]) -> Result<&'v Value, String> {
    path.iter().try_fold(value, |at, part| {
        let found = match at {
            Value::Record(fields) => fields.get(part.as_str()),
            Value::List(items) => part.parse::<usize>().ok().and_then(|n| items.get(n)),
            _ => None,
        };
        found.ok_or_else(|| format!("nothing stands at `{part}`"))
    })
}

enum Change {
    Add(Value),
    Replace(Value),
    Remove,
}

fn change(value: &Value, path: &[String], how: &Change) -> Result<Value, String> {
    let Some((part, rest)) = path.split_first() else {
        return match how {
            Change::Add(new) | Change::Replace(new) => Ok(new.clone()),
            Change::Remove => Err("the whole cannot be removed".to_owned()),
        };
    };
    match value {
        Value::Record(fields) => in_record(fields, part, rest, how),
        Value::List(items) => in_list(items, part, rest, how),
        _ => Err(format!("nothing stands at `{part}`")),
    }
}

fn in_record(fields: &Record, part: &str, rest: &[String], how: &Change) -> Result<Value, String> {
    let absent = || format!("nothing stands at `{part}`");
    if let (true, Change::Remove) = (rest.is_empty(), how) {
        if !fields.contains_key(part) {
            return Err(absent());
        }
        let kept = fields.iter().filter(|(name, _)| &***name != part);
        return Ok(Value::record(kept.map(|(name, v)| (name.clone(), v.clone())).collect()));
    }
    let new = match (fields.get(part), how) {
        (Some(inner), _) => change(inner, rest, how)?,
        (None, Change::Add(new)) if rest.is_empty() => new.clone(),
        (None, _) => return Err(absent()),
    };
    let mut fields = fields.clone();
    fields.insert(Arc::from(part), new);
    Ok(Value::record(fields))
}

fn in_list(items: &[Value], part: &str, rest: &[String], how: &Change) -> Result<Value, String> {
    let mut items = items.to_vec();
    let adds = rest.is_empty() && matches!(how, Change::Add(_));
    let at = match part {
        "-" if adds => items.len(),
        part => part.parse::<usize>().map_err(|_| format!("`{part}` is no place in a list"))?,
    };
    let most = if adds { items.len() } else { items.len().saturating_sub(1) };
    if at > most || (items.is_empty() && !adds) {
        return Err(format!("the list has no place {at}"));
    }
    match (rest.is_empty(), how) {
        (true, Change::Add(new)) => items.insert(at, new.clone()),
        (true, Change::Remove) => drop(items.remove(at)),
        _ => {
            if let Some(slot) = items.get_mut(at) {
                *slot = change(slot, rest, how)?;
            }
        }
    }
    Ok(Value::list(items))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(value: &str, patch: &str) -> Result<String, String> {
        let done = apply(&json::read(value).unwrap(), &json::read(patch).unwrap())?;
        Ok(json::write(&done))
    }

    #[test]
    fn operations_change_records_and_lists_as_the_standard_says() {
        let value = r#"{"a":1.50,"rows":[{"x":1},{"x":2}],"s/l":"t"}"#;
        for (patch, wanted) in [
            (r#"[{"op":"replace","path":"/a","value":2.00}]"#, r#""a":2.00"#),
            (r#"[{"op":"add","path":"/rows/1","value":9}]"#, r#"[{"x":1},9,{"x":2}]"#),
            (r#"[{"op":"add","path":"/rows/-","value":9}]"#, r#"{"x":2},9]"#),
            (r#"[{"op":"remove","path":"/rows/0"}]"#, r#""rows":[{"x":2}]"#),
            (r#"[{"op":"replace","path":"/rows/1/x","value":null}]"#, r#"{"x":null}"#),
            (r#"[{"op":"move","from":"/a","path":"/b"}]"#, r#""b":1.50"#),
            (r#"[{"op":"copy","from":"/rows/0","path":"/c"}]"#, r#""c":{"x":1}"#),
            (r#"[{"op":"replace","path":"/s~1l","value":"u"}]"#, r#""s/l":"u""#),
            (r#"[{"op":"test","path":"/a","value":1.50},{"op":"remove","path":"/s~1l"}]"#, "[{"),
        ] {
            let done = patched(value, patch).unwrap();
            assert!(done.contains(wanted), "{patch}: {done}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_and_changes_nothing() {
        for (patch, why) in [
            (r#"[{"op":"replace","path":"/b","value":2}]"#, "operation 1: nothing stands at `b`"),
            (r#"[{"op":"remove","path":"/rows/2"}]"#, "no place 2"),
            (r#"[{"op":"remove","path":"/rows/x"}]"#, "no place in a list"),
            (r#"[{"op":"test","path":"/a","value":2}]"#, "stands there"),
            (r#"[{"op":"add","path":"/a/b","value":2}]"#, "nothing stands at `b`"),
            (r#"[{"op":"add","path":"a","value":2}]"#, "does not begin with"),
            (r#"[{"op":"add","path":"/a"}]"#, "has no `value`"),
            (r#"[{"op":"swap","path":"/a"}]"#, "there is no `swap`"),
            (r#"{"op":"remove"}"#, "a list of operations"),
        ] {
            let failed = patched(r#"{"a":1,"rows":[1,2]}"#, patch).unwrap_err();
            assert!(failed.contains(why), "{patch}: {failed}");
        }
    }
}
