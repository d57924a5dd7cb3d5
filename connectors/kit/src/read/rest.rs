//! Answers of REST APIs.

use tenon_value::{Number, Value, json};

use super::{Answer, Expected, Reading, failed, hits, writes};
use crate::connector::Connector;
use crate::faults::codes;
use crate::operation::{Operation, Outcome};
use crate::resource::{Call, Pages};

impl Connector {
    pub(super) fn read_rest(
        &self,
        operation: &Operation,
        expected: &Expected<'_>,
        answer: Answer<'_>,
    ) -> Reading {
        if !(200..300).contains(&answer.status) {
            return self.refused(operation, answer);
        }
        let writing = writes(operation);
        let unreadable = |why: &str| Reading::of(failed(codes::unreadable(why, writing), writing));
        if answer.body.trim().is_empty() && answer.status == 204 {
            return Reading::of(Outcome::Record(Value::Missing));
        }
        let body = match json::read(answer.body) {
            Ok(body) => body,
            Err(error) => return unreadable(&error.to_string()),
        };
        match expected {
            Expected::Record(Call::Rest { record, .. }) => {
                let found = record.as_deref().map_or(&body, |path| body.at(path));
                if found.as_record().is_none() {
                    let at = record.as_deref().unwrap_or("the body");
                    return unreadable(&format!("no record stands under {at}"));
                }
                Reading::of(Outcome::Record(found.clone()))
            }
            Expected::Rows { list, find, page } => {
                let Value::List(rows) = body.at(&list.records) else {
                    return unreadable(&format!("no list stands under {}", list.records));
                };
                let next = next_page(&list.pages, &body, *page).filter(|_| !rows.is_empty());
                let records = hits(rows.to_vec(), *find);
                Reading::of(Outcome::Page { records, next })
            }
            _ => unreadable("nothing of the kind was asked"),
        }
    }
}

fn next_page(pages: &Pages, body: &Value, page: Option<&str>) -> Option<String> {
    let Pages::Number { total, .. } = pages else { return None };
    let total = body.at(total);
    let total = total.as_number().or_else(|| Number::parse(total.as_text()?).ok())?.to_i64()?;
    let next = page.unwrap_or("1").parse::<i64>().ok()?.saturating_add(1);
    (next <= total).then(|| next.to_string())
}
