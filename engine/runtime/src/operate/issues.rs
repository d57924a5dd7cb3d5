//! Issues: faults of one fingerprint, with a count, examples, what they mean and what to do next.
//!
//! Nothing of an issue is stored. Its number is a digest of connector, code, flow, step, field and
//! message with the values taken out, so that the same fault has the same number tomorrow.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tenon_graph::{Graph, Step};
use tenon_store::{Row, Select, TaskRow};
use tenon_value::{Fault, Value, json};

use crate::engine::{Engine, Runtime};
use crate::live::all;
use crate::refusal::Refusal;

/// States whose faults make issues.
const TROUBLED: &[&str] = &["failed", "needs_person"];
/// A parent fails because its child did: only the child's fault is an issue.
const FOLLOWS: &str = "CHILD_FAILED";
/// Examples an issue shows.
const EXAMPLES: usize = 5;

/// What makes faults the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fingerprint {
    connector: String,
    code: String,
    flow: String,
    step: String,
    field: String,
    message: String,
}

impl Fingerprint {
    /// Eight hexadecimal digits.
    pub(crate) fn number(&self) -> String {
        let parts =
            [&self.connector, &self.code, &self.flow, &self.step, &self.field, &self.message];
        let joined = parts.map(String::as_str).join("\n");
        let digest = Sha256::digest(joined.as_bytes());
        hex::encode(digest.get(..4).unwrap_or_default())
    }
}

/// One issue with its tasks.
#[derive(Default)]
struct Issue {
    tasks: Vec<TaskRow>,
    last: Option<Fault>,
    first_ms: i64,
    last_ms: i64,
    needs: BTreeMap<String, i64>,
}

impl Runtime {
    /// Every issue, the largest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn issues(&self) -> Result<Value, Refusal> {
        let mut issues: Vec<_> = self.gathered().await?.into_iter().collect();
        issues.sort_by_key(|(print, issue)| (std::cmp::Reverse(issue.tasks.len()), print.clone()));
        Ok(Value::list(issues.iter().map(|(print, issue)| shown(print, issue)).collect()))
    }

    /// One issue by its number.
    ///
    /// # Errors
    /// When no task has such a fault now, or the store cannot be read.
    pub async fn issue(&self, number: &str) -> Result<Value, Refusal> {
        let issues = self.gathered().await?;
        let found = issues.iter().find(|(print, _)| print.number() == number);
        let (print, issue) = found.ok_or_else(|| Refusal::not_found("issue", number))?;
        let page = page(&print.code);
        let verb = format!("tenon issue retry {number}");
        Ok(shown(print, issue)
            .with("explanation", page.map_or(Value::Missing, |(why, _)| Value::text(why)))
            .with("what_to_do", page.map_or(Value::Missing, |(_, todo)| Value::text(todo)))
            .with("then", Value::from(verb)))
    }

    async fn gathered(&self) -> Result<BTreeMap<Fingerprint, Issue>, Refusal> {
        let engine = self.engine();
        let mut graphs = BTreeMap::new();
        let mut issues: BTreeMap<Fingerprint, Issue> = BTreeMap::new();
        for state in TROUBLED {
            let select = Select::TasksInState((*state).to_owned());
            for row in all(&*engine.store, select).await? {
                let Row::Task(row) = row else { continue };
                let Some(fault) = fault_of(&row) else { continue };
                let connector = connector(engine, &mut graphs, &row).await;
                let Some(print) = fingerprint(&row, &fault, connector) else { continue };
                let issue = issues.entry(print).or_default();
                let first = issue.tasks.is_empty();
                issue.first_ms =
                    if first { row.updated_ms } else { issue.first_ms.min(row.updated_ms) };
                if let Some(needs) = &fault.needs {
                    let what = format!("{} {}", needs.what, json::write(&needs.key));
                    *issue.needs.entry(what).or_default() += 1;
                }
                if first || row.updated_ms >= issue.last_ms {
                    issue.last_ms = row.updated_ms;
                    issue.last = Some(fault);
                }
                issue.tasks.push(row);
            }
        }
        Ok(issues)
    }

    /// The tasks of an issue.
    pub(crate) async fn tasks_of_issue(&self, number: &str) -> Result<Vec<TaskRow>, Refusal> {
        let issues = self.gathered().await?;
        let found = issues.into_iter().find(|(print, _)| print.number() == number);
        Ok(found.ok_or_else(|| Refusal::not_found("issue", number))?.1.tasks)
    }

    /// Tasks that failed for want of a value: `what` is `table:NAME` or `setting:NAME`; a table's key
    /// as it is stored.
    pub(crate) async fn tasks_that_need(
        &self,
        what: &str,
        is_key: impl Fn(&Value) -> bool,
    ) -> Result<Vec<TaskRow>, Refusal> {
        let mut found = Vec::new();
        for state in TROUBLED {
            let select = Select::TasksInState((*state).to_owned());
            for row in all(&*self.engine().store, select).await? {
                let Row::Task(row) = row else { continue };
                let needs = fault_of(&row).and_then(|fault| fault.needs);
                if needs.is_some_and(|needs| needs.what == what && is_key(&needs.key)) {
                    found.push(row);
                }
            }
        }
        Ok(found)
    }
}

pub(crate) fn fault_of(row: &TaskRow) -> Option<Fault> {
    Some(Fault::from_value(&json::read(row.fault.as_deref()?).ok()?))
}

/// The fingerprint of a task's fault; none for a fault that follows from another task's.
pub(crate) fn fingerprint(row: &TaskRow, fault: &Fault, connector: String) -> Option<Fingerprint> {
    (fault.code != FOLLOWS).then(|| Fingerprint {
        connector,
        code: fault.code.clone(),
        flow: row.flow.clone(),
        step: without_places(row.step.as_deref().unwrap_or_default()),
        field: without_places(fault.field.as_deref().unwrap_or_default()),
        message: without_values(fault),
    })
}

/// The connector that a task's step talks to.
pub(crate) async fn connector(
    engine: &Engine,
    graphs: &mut BTreeMap<String, Option<Arc<Graph>>>,
    row: &TaskRow,
) -> String {
    if !graphs.contains_key(&row.graph) {
        let key = tenon_store::Key::Graph { hash: row.graph.clone() };
        let graph = match engine.store.get(&key).await {
            Ok(Some(Row::Graph(row))) => {
                Graph::from_json(&String::from_utf8_lossy(&row.bytes)).ok().map(Arc::new)
            }
            _ => None,
        };
        graphs.insert(row.graph.clone(), graph);
    }
    let graph = graphs.get(&row.graph).and_then(Option::as_ref);
    let step = without_places(row.step.as_deref().unwrap_or_default());
    let connection = graph.and_then(|graph| {
        let node = graph.nodes.iter().find(|node| node.id == step);
        match node {
            Some(node) => connection_of(&node.step),
            None => Some(graph.from.connection.as_str()),
        }
    });
    let peer = connection.and_then(|name| engine.connections.get(name));
    peer.map_or_else(String::new, |connection| connection.peer.name().to_owned())
}

fn connection_of(step: &Step) -> Option<&str> {
    match step {
        Step::Get { of, .. }
        | Step::List { of, .. }
        | Step::Delete { of, .. }
        | Step::Call { of, .. } => Some(&of.connection),
        Step::Upsert(upsert) => Some(&upsert.of.connection),
        Step::Create(create) => Some(&create.of.connection),
        Step::Update(update) => Some(&update.of.connection),
        _ => None,
    }
}

/// A path without its places in lists.
fn without_places(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// The message without quoted texts, the offending value, and words with a digit in them.
fn without_values(fault: &Fault) -> String {
    let mut unquoted = String::with_capacity(fault.message.len());
    let mut quoted = false;
    for c in fault.message.chars() {
        match c {
            '"' => {
                if !quoted {
                    unquoted.push('#');
                }
                quoted = !quoted;
            }
            c if !quoted => unquoted.push(c),
            _ => {}
        }
    }
    let value = fault.value.plain().filter(|text| text.chars().count() > 2);
    let unquoted = match &value {
        Some(value) => unquoted.replace(value.as_str(), "#"),
        None => unquoted,
    };
    let words = unquoted.split_whitespace().map(|word| {
        let is_value = word.chars().any(|c| c.is_ascii_digit()) || word.contains('@');
        if is_value { "#" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn shown(print: &Fingerprint, issue: &Issue) -> Value {
    let last = issue.last.as_ref();
    let text = |text: &str| if text.is_empty() { Value::Missing } else { Value::text(text) };
    let needs = issue.needs.iter().map(|(what, count)| {
        Value::of([("needs", Value::text(what)), ("tasks", Value::from(*count))])
    });
    let examples = issue.tasks.iter().rev().take(EXAMPLES).map(|row| {
        Value::of([
            ("task", Value::text(&row.id)),
            ("record", Value::text(row.title.as_deref().or(row.record.as_deref()).unwrap_or(""))),
        ])
    });
    Value::of([
        ("issue", Value::from(print.number())),
        ("count", Value::from(i64::try_from(issue.tasks.len()).unwrap_or(i64::MAX))),
        ("connector", text(&print.connector)),
        ("code", text(&print.code)),
        ("flow", text(&print.flow)),
        ("step", text(&print.step)),
        ("field", text(&print.field)),
        ("message", last.map_or(Value::Missing, |fault| Value::text(&fault.message))),
        ("next", last.and_then(|f| f.hint.as_deref()).map_or(Value::Missing, Value::text)),
        ("needs", Value::list(needs.collect())),
        ("first_ms", Value::from(issue.first_ms)),
        ("last_ms", Value::from(issue.last_ms)),
        ("examples", Value::list(examples.collect())),
    ])
}

/// Why a code of ours appears, and what to do about it.
fn page(code: &str) -> Option<(&'static str, &'static str)> {
    let told = [tenon_machine::codes::PAGES, tenon_store::codes::PAGES, crate::codes::PAGES];
    let told = told.into_iter().flatten().map(|(code, _, why, todo)| (*code, *why, *todo));
    let written = [tenon_mapper::codes::PAGES, tenon_kit::codes::PAGES];
    let written = written.into_iter().flatten().map(|page| (page.code, page.why, page.good));
    told.chain(written).find(|(known, ..)| *known == code).map(|(_, why, todo)| (why, todo))
}

#[cfg(test)]
mod tests {
    use tenon_value::Class;

    use super::*;

    fn print(message: &str, field: &str, value: &str) -> String {
        let fault = Fault::new("toy:7", Class::Rejected, message).at(field, Value::text(value));
        let row =
            TaskRow { flow: "order".into(), step: Some("card[3]".into()), ..TaskRow::default() };
        fingerprint(&row, &fault, "toy".into()).unwrap().number()
    }

    #[test]
    fn faults_that_differ_in_values_only_are_one_issue() {
        let one = print(
            "the email kim@example.org of customer \"Kim K\" is wrong",
            "rows[0].email",
            "kim",
        );
        let two = print(
            "the email robin@example.org of customer \"R\" is wrong",
            "rows[12].email",
            "robin",
        );
        assert_eq!(one, two);
        assert_eq!(
            print("row 4 has VAT 25.00", "", "25.00"),
            print("row 17 has VAT 12.5", "", "12.5")
        );
        assert_ne!(one, print("the email of customer is wrong", "rows[0].phone", "kim"));
        assert_ne!(print("no article", "a", "x"), print("no customer", "a", "x"));
    }

    #[test]
    fn a_parent_that_follows_its_child_is_no_issue() {
        let fault = Fault::new(FOLLOWS, Class::Conflict, "task x ended as failed");
        assert_eq!(fingerprint(&TaskRow::default(), &fault, String::new()), None);
    }
}
