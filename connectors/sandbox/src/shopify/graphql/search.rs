//! The shop's search syntax: `field:value` terms joined by AND, groups joined by OR, `-` or NOT to
//! turn a term round, comparisons with `>`, `>=`, `<`, `<=`, texts in quotes.

use crate::shopify::order::Order;
use crate::shopify::time;

/// A filter that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Any group must hold.
    groups: Vec<Vec<Term>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    not: bool,
    field: Option<String>,
    compare: &'static str,
    value: String,
}

impl Search {
    /// Reads a filter; an empty one holds for every record.
    #[must_use]
    pub fn read(text: &str) -> Search {
        let mut groups: Vec<Vec<Term>> = vec![Vec::new()];
        let mut not = false;
        for word in words(text) {
            match word.as_str() {
                "AND" => {}
                "OR" => groups.push(Vec::new()),
                "NOT" => not = true,
                _ => {
                    if let Some(group) = groups.last_mut() {
                        group.push(term(&word, not));
                    }
                    not = false;
                }
            }
        }
        Search { groups }
    }

    /// Whether an order is found; the names of filters that are not known and passed over are put
    /// into `ignored`.
    pub fn finds(&self, order: &Order, status: &str, ignored: &mut Vec<String>) -> bool {
        self.groups.iter().any(|group| {
            group.iter().all(|term| match term.holds(order, status) {
                Some(holds) => holds != term.not,
                None => {
                    let name = term.field.clone().unwrap_or_default();
                    if !ignored.contains(&name) {
                        ignored.push(name);
                    }
                    true
                }
            })
        })
    }

    /// The value of the only term of a field, such as the id in `id:1`.
    #[must_use]
    pub fn value_of(&self, field: &str) -> Option<&str> {
        self.groups
            .iter()
            .flatten()
            .find(|term| term.field.as_deref() == Some(field))
            .map(|term| term.value.as_str())
    }
}

impl Term {
    fn holds(&self, order: &Order, status: &str) -> Option<bool> {
        let Some(field) = self.field.as_deref() else {
            let mail = order.email.as_deref().unwrap_or_default();
            return Some(order.name.contains(&self.value) || mail.contains(&self.value));
        };
        let text = |own: &str| Some(own.eq_ignore_ascii_case(&self.value));
        match field {
            "id" => self.number(i64::try_from(order.id_number()).ok()?),
            "name" => {
                let wanted = self.value.trim_start_matches('#');
                Some(order.name.trim_start_matches('#') == wanted)
            }
            "created_at" | "processed_at" => self.instant(order.at_ms),
            "updated_at" => self.instant(order.updated_ms),
            "test" => text(if order.test { "true" } else { "false" }),
            "email" => text(order.email.as_deref().unwrap_or_default()),
            "tag" => Some(order.tags.iter().any(|tag| tag.eq_ignore_ascii_case(&self.value))),
            "po_number" => text(order.po_number.as_deref().unwrap_or_default()),
            "financial_status" => text(status),
            "fulfillment_status" => text(match order.fulfilled_ms {
                Some(_) => "fulfilled",
                None => "unfulfilled",
            }),
            "customer_id" => {
                let own = order.customer.as_ref().map(|person| person.number);
                Some(own.is_some_and(|number| number.to_string() == self.value))
            }
            "status" => Some(match self.value.as_str() {
                "open" | "not_closed" => order.cancelled.is_none(),
                "cancelled" => order.cancelled.is_some(),
                "closed" => false,
                _ => true,
            }),
            _ => None,
        }
    }

    fn instant(&self, own: i64) -> Option<bool> {
        time::read(&self.value).map(|wanted| self.compared(own, wanted)).or(Some(false))
    }

    fn number(&self, own: i64) -> Option<bool> {
        let digits = self.value.rsplit('/').next().unwrap_or_default();
        digits.parse().ok().map(|wanted| self.compared(own, wanted)).or(Some(false))
    }

    fn compared(&self, own: i64, wanted: i64) -> bool {
        match self.compare {
            ">" => own > wanted,
            ">=" => own >= wanted,
            "<" => own < wanted,
            "<=" => own <= wanted,
            _ => own == wanted,
        }
    }
}

fn term(word: &str, not: bool) -> Term {
    let (not, word) = match word.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (not, word),
    };
    let Some((field, value)) = word.split_once(':') else {
        return Term { not, field: None, compare: "", value: bare(word) };
    };
    let compare = [">=", "<=", ">", "<"].into_iter().find(|c| value.starts_with(c)).unwrap_or("");
    let value = value.strip_prefix(compare).unwrap_or(value);
    Term { not, field: Some(field.to_owned()), compare, value: bare(value) }
}

fn bare(text: &str) -> String {
    text.trim_matches(|c| c == '"' || c == '\'').to_owned()
}

/// Words apart by spaces, those in quotes together; brackets are not told apart.
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), _) if open == letter => {
                quote = None;
                word.push(letter);
            }
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.push(letter);
            }
            (None, ' ' | '(' | ')' | '\n' | '\t') => {
                if !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                }
            }
            _ => word.push(letter),
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}
