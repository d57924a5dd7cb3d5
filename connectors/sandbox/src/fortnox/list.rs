//! Lists: paging, sorting, dates, filters and substring searches.

use std::cmp::Ordering;

use chrono::NaiveDateTime;
use chrono::TimeZone;
use tenon_value::{Number, Record, Value};

use super::answer::{Answer, Ask};
use super::company::{Company, Row};
use super::resource::Resource;

/// Answers a list.
///
/// # Errors
/// The refusal.
pub fn list(company: &Company, resource: &Resource, ask: &Ask) -> Result<Answer, Answer> {
    let page = Page::of(ask)?;
    let since_ms = ask.param("lastmodified").map(instant).transpose()?;
    if ask.param("filter").is_some_and(|filter| !resource.filters.contains(&filter)) {
        return Err(Answer::refused(2_000_587, "Ett ogiltigt filter har använts."));
    }
    let visible_ms = company.now_ms - company.search_lag_ms;
    let mut rows: Vec<&Row> = company
        .rows(resource)
        .filter(|row| row.created_ms <= visible_ms || company.search_lag_ms == 0)
        .filter(|row| since_ms.is_none_or(|since| row.changed_ms >= since))
        .filter(|row| fits(company, resource, ask, &row.record))
        .collect();
    sort(&mut rows, resource, ask)?;
    let total = if page.offset > rows.len() { 0 } else { rows.len() };
    let shown: Vec<Value> =
        rows.iter().skip(page.skipped()).take(page.limit).map(|row| item(resource, row)).collect();
    let count = |number: usize| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    let meta = Value::of([
        ("@TotalResources", count(total)),
        ("@TotalPages", count(total.div_ceil(page.limit))),
        ("@CurrentPage", count(page.number)),
    ]);
    let body = Value::of([("MetaInformation", meta), (resource.list, Value::list(shown))]);
    Ok(Answer::new(200, body))
}

struct Page {
    number: usize,
    limit: usize,
    offset: usize,
}

impl Page {
    fn of(ask: &Ask) -> Result<Page, Answer> {
        let number = |name: &str, default: usize, least: usize, most: usize| {
            let Some(text) = ask.param(name) else { return Ok(default) };
            match text.parse::<usize>() {
                Ok(number) if (least..=most).contains(&number) => Ok(number),
                _ => Err(Answer::refused(2_000_588, &format!("Ogiltig parameter: {name}={text}."))),
            }
        };
        Ok(Page {
            number: number("page", 1, 1, usize::MAX)?,
            limit: number("limit", 100, 1, 500)?,
            offset: number("offset", 0, 0, usize::MAX)?,
        })
    }

    fn skipped(&self) -> usize {
        self.offset.saturating_add((self.number - 1).saturating_mul(self.limit))
    }
}

/// `lastmodified` is a local time of the company's zone, to the minute.
fn instant(text: &str) -> Result<i64, Answer> {
    let refused =
        || Answer::refused(2_000_588, &format!("Ogiltig parameter: lastmodified={text}."));
    let local = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| tenon_value::time::parse_date(text).and_then(|day| day.and_hms_opt(0, 0, 0)))
        .ok_or_else(refused)?;
    let at = chrono_tz::Europe::Stockholm.from_local_datetime(&local).earliest();
    at.map(|at| at.timestamp_millis()).ok_or_else(refused)
}

fn fits(company: &Company, resource: &Resource, ask: &Ask, record: &Record) -> bool {
    let text = |name: &str| record.get(name).and_then(Value::plain).unwrap_or_default();
    let day = text(resource.date);
    let dated = ask.param("fromdate").is_none_or(|from| day.as_str() >= from)
        && ask.param("todate").is_none_or(|to| day.as_str() <= to);
    let searched = ask.query.iter().all(|(name, wanted)| {
        match resource.searches.iter().find(|(param, _)| param == name) {
            Some((_, field)) => contains(record, field, wanted),
            None => true,
        }
    });
    let flag = |name: &str| text(name) == "true";
    let paid = || record.get("Balance").and_then(Value::as_number).is_none_or(Number::is_zero);
    let overdue = || text("DueDate") < company.today().to_string();
    let invoiced = || !matches!(text("InvoiceReference").as_str(), "" | "0");
    let kept = match ask.param("filter") {
        None => true,
        Some("cancelled") => flag("Cancelled"),
        Some("expired") => false,
        Some("invoicecreated") => invoiced(),
        Some("invoicenotcreated") => !invoiced() && !flag("Cancelled"),
        Some("fullypaid") => flag("Booked") && paid(),
        Some("unpaid") => flag("Booked") && !paid(),
        Some("unpaidoverdue") => flag("Booked") && !paid() && overdue(),
        Some("unbooked") => !flag("Booked") && !flag("Cancelled"),
        Some("active") => flag("Active"),
        Some("inactive") => !flag("Active"),
        Some(_) => false,
    };
    dated && searched && kept
}

/// Substring search that ignores case, as the real service does.
fn contains(record: &Record, field: &str, wanted: &str) -> bool {
    let wanted = wanted.to_lowercase();
    let has =
        |value: &Value| value.plain().is_some_and(|text| text.to_lowercase().contains(&wanted));
    match field.split_once('.') {
        None => record.get(field).is_some_and(has),
        Some((rows, field)) => record
            .get(rows)
            .is_some_and(|rows| rows.items().iter().any(|row| has(row.field(field)))),
    }
}

fn sort(rows: &mut [&Row], resource: &Resource, ask: &Ask) -> Result<(), Answer> {
    if let Some(by) = ask.param("sortby") {
        let found = rows.first().map(|row| {
            row.record
                .keys()
                .find(|name| name.eq_ignore_ascii_case(by))
                .map(|name| name.to_string())
        });
        match found {
            None => {}
            Some(Some(field)) => rows.sort_by(|a, b| compare(&a.record, &b.record, &field)),
            Some(None) => {
                let says = format!("Ogiltig parameter: sortby={by}.");
                return Err(Answer::refused(2_000_588, &says));
            }
        }
    } else if resource.numbered {
        rows.sort_by(|a, b| compare(&a.record, &b.record, resource.key));
    }
    match ask.param("sortorder") {
        None | Some("ascending") => Ok(()),
        Some("descending") => {
            rows.reverse();
            Ok(())
        }
        Some(other) => {
            Err(Answer::refused(2_000_588, &format!("Ogiltig parameter: sortorder={other}.")))
        }
    }
}

fn compare(one: &Record, other: &Record, field: &str) -> Ordering {
    let text = |record: &Record| record.get(field).and_then(Value::plain).unwrap_or_default();
    let (one, other) = (text(one), text(other));
    match (Number::parse(&one), Number::parse(&other)) {
        (Ok(one), Ok(other)) => one.cmp(&other),
        _ => one.cmp(&other),
    }
}

fn item(resource: &Resource, row: &Row) -> Value {
    if resource.shown.is_empty() {
        return Value::record(row.record.clone());
    }
    let field = |name: &&str| {
        let stored = row.record.get(*name).cloned().unwrap_or_default();
        let value = match stored {
            Value::Number(_) if resource.spelled.contains(name) => {
                Value::text(&stored.plain().unwrap_or_default())
            }
            Value::Missing => Value::text(""),
            Value::Null if resource.path == "customers" => Value::text(""),
            other => other,
        };
        ((*name).into(), value)
    };
    Value::record(resource.shown.iter().map(field).collect())
}
