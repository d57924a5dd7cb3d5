//! A value a person typed, as the type it is for.

use tenon_mapper::Type;
use tenon_value::{Number, Value, time};

/// The value as its type: a text such as `25` becomes the number where a number is wanted, a number
/// becomes its text where a text is.
///
/// # Errors
/// What was wanted instead, as a sentence for the person.
pub fn fit(ty: &Type, value: &Value) -> Result<Value, String> {
    if let Type::Optional(inner) = ty {
        return if value.is_absent() { Ok(value.clone()) } else { fit(inner, value) };
    }
    let wrong = || Err(format!("{} is wanted, not {value:?}", shown(ty)));
    let text = value.as_text().map(str::trim);
    let number = || value.as_number().or_else(|| text.and_then(|t| Number::parse(t).ok()));
    match ty {
        Type::Text => match value {
            Value::Text(_) => Ok(value.clone()),
            Value::Number(_) | Value::Bool(_) => Ok(value.plain().map_or(Value::Null, Value::from)),
            _ => wrong(),
        },
        Type::Enum(values) => match text {
            Some(text) if values.iter().any(|v| &**v == text) => Ok(Value::text(text)),
            _ => wrong(),
        },
        Type::Bool => match (value, text) {
            (Value::Bool(_), _) => Ok(value.clone()),
            (_, Some("true")) => Ok(Value::Bool(true)),
            (_, Some("false")) => Ok(Value::Bool(false)),
            _ => wrong(),
        },
        Type::Int => match number().filter(|n| n.is_whole()) {
            Some(number) => Ok(Value::Number(number)),
            None => wrong(),
        },
        Type::Decimal => number().map_or_else(wrong, |number| Ok(Value::Number(number))),
        Type::Date => match text.and_then(time::parse_date) {
            Some(date) => Ok(Value::Date(date)),
            None => wrong(),
        },
        Type::DateTime => match text.and_then(time::parse_datetime) {
            Some(at) => Ok(Value::DateTime(at)),
            None => wrong(),
        },
        Type::Duration => match text.and_then(time::parse_duration) {
            Some(ms) => Ok(Value::Duration(ms)),
            None => wrong(),
        },
        _ => Ok(value.clone()),
    }
}

/// A type as a person is told of it.
fn shown(ty: &Type) -> String {
    match ty {
        Type::Enum(values) => format!("one of {}", values.join(", ")),
        Type::Date => "a date such as 2026-01-31".to_owned(),
        Type::DateTime => "an instant such as 2026-01-31T08:00:00Z".to_owned(),
        Type::Duration => "a time such as 2h30m".to_owned(),
        Type::Bool => "true or false".to_owned(),
        Type::Int => "a whole number".to_owned(),
        Type::Decimal => "a number".to_owned(),
        other => format!("a {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_types_becomes_what_is_wanted_or_is_refused() {
        let fits = |ty: &Type, text: &str| fit(ty, &Value::text(text));
        assert_eq!(fits(&Type::Decimal, "25.5"), Ok(Value::Number(Number::parse("25.5").unwrap())));
        assert_eq!(fit(&Type::Text, &Value::from(1001)), Ok(Value::text("1001")));
        assert_eq!(fits(&Type::Bool, "true"), Ok(Value::Bool(true)));
        let policy = Type::Enum(["all", "never"].map(std::sync::Arc::from).into());
        assert_eq!(fits(&policy, "never"), Ok(Value::text("never")));
        let refused = fits(&policy, "sometimes").unwrap_err();
        assert_eq!(refused, "one of all, never is wanted, not \"sometimes\"");
        let refused = fits(&Type::Int, "3.5").unwrap_err();
        assert_eq!(refused, "a whole number is wanted, not \"3.5\"");
        assert!(fits(&Type::Date, "31/1 2026").is_err());
        assert_eq!(fit(&Type::Date.optional(), &Value::Null), Ok(Value::Null));
    }
}
