//! Waiting: for a time, until a moment, for a signal, an outcome or another record's document.

use tenon_graph::{Program, Step as Doing, WaitOn};
use tenon_mapper::types::Type;
use tenon_source::{Diagnostic, Node, NodeKind};
use tenon_value::{Value, time};

use crate::expression;
use crate::shape;
use crate::steps::{Made, Steps};

/// What can be waited for.
const FORMS: [&str; 5] = ["for", "until", "signal", "outcome", "reference"];
/// Between two reads of an outcome, in milliseconds, where nothing else is said.
const EVERY_MS: i64 = 60_000;

impl Steps<'_> {
    pub(crate) fn wait(&mut self, node: &Node, value: &Node) -> Option<Made> {
        let form = self.form(value)?;
        let known: &[&str] = match form {
            "outcome" => &["outcome", "by", "holds", "every", "within"],
            form => &[form, "within"],
        };
        shape::keys(value, known, &format!("a `wait` for `{form}`"), &mut self.found);
        let within_ms =
            value.get("within").and_then(|node| shape::duration(node, "`within`", &mut self.found));
        if value.get("within").is_none() && !matches!(form, "for" | "until") {
            let message = format!("a `wait` for `{form}` needs `within:`, since it may never end");
            self.found.push(Diagnostic::error("F001", shape::head_of(value), message));
        }
        let asked = value.get(form)?;
        let (on, output) = match form {
            "for" => (WaitOn::For(self.length(asked)), None),
            "until" => {
                let wanted = Some(&Type::DateTime);
                let (until, ty) = expression::value(asked, &self.env, wanted, &mut self.found);
                if ty == Type::Text {
                    let message = "a moment is a datetime; this is text";
                    let finding = Diagnostic::error("F028", asked.span.clone(), message);
                    self.found.push(finding.note("`… as datetime` reads a text as one"));
                }
                (WaitOn::Until(until), None)
            }
            "signal" => {
                let name = shape::name(asked, "a signal", &mut self.found)?;
                (WaitOn::Signal(name.to_owned()), Some(Type::Dyn))
            }
            "outcome" => self.outcome(node, value, asked)?,
            _ => self.document(asked)?,
        };
        Some(Made::of(Doing::Wait { on, within_ms }, output))
    }

    /// The one form a wait has.
    fn form(&mut self, value: &Node) -> Option<&'static str> {
        let written: Vec<&'static str> =
            FORMS.into_iter().filter(|form| value.get(form).is_some()).collect();
        if let [form] = written.as_slice() {
            return Some(form);
        }
        let message = match (&value.kind, written.as_slice()) {
            (NodeKind::Mapping(_), [first, second, ..]) => {
                format!("a `wait` is for one thing; this is for `{first}` and `{second}`")
            }
            (NodeKind::Mapping(_), _) => "a `wait` says what for".to_owned(),
            _ => format!("`wait` is a mapping that says what for, not {}", value.describe()),
        };
        let span = match written.get(1).and_then(|second| value.entry(second)) {
            Some((key, _)) => key.span.clone(),
            None => shape::head_of(value),
        };
        self.found.push(
            Diagnostic::error("F004", span, message)
                .note("for: 10m · until: moment · signal: name · outcome: … · reference: …"),
        );
        None
    }

    /// A length of time, written out or as an expression.
    fn length(&mut self, node: &Node) -> Program {
        match node.text().and_then(time::parse_duration) {
            Some(ms) => expression::constant(Value::Duration(ms)),
            None => expression::value(node, &self.env, Some(&Type::Duration), &mut self.found).0,
        }
    }

    /// A record is read again and again until it `holds`.
    fn outcome(
        &mut self,
        node: &Node,
        value: &Node,
        asked: &Node,
    ) -> Option<(WaitOn, Option<Type>)> {
        let own = self.own_id(node);
        if own.is_none() && node.get("id").is_none() {
            let message = "`holds` speaks of the record by the step's `id:`, and it has none";
            self.found.push(Diagnostic::error("F001", shape::head_of_verb(node, "wait"), message));
        }
        let named = self.context.systems.offered(asked, "get", &mut self.found);
        let by = shape::required(value, "by", "a `wait` for `outcome`", &mut self.found)
            .map(|by| expression::key(by, &self.env, "a key", &mut self.found));
        let every_ms = match value.get("every") {
            Some(node) => {
                let ms = shape::duration(node, "`every`", &mut self.found);
                if ms.is_some_and(|ms| ms < 1_000) {
                    let message = "`every` is at least one second";
                    self.found.push(Diagnostic::error("F027", node.span.clone(), message));
                }
                ms.unwrap_or(EVERY_MS)
            }
            None => EVERY_MS,
        };
        let record = named.as_ref().map_or(Type::Dyn, |named| named.facts.record.clone());
        let mut env = self.env.clone();
        if let Some(own) = own {
            env.scope.insert(own, record.clone());
        }
        let holds = shape::required(value, "holds", "a `wait` for `outcome`", &mut self.found)
            .map(|holds| expression::condition(holds, &env, &mut self.found));
        let of = named?.endpoint;
        Some((WaitOn::Outcome { of, by: by?, holds: holds?, every_ms }, Some(record)))
    }

    /// Another record's document, by its entity and source id.
    fn document(&mut self, asked: &Node) -> Option<(WaitOn, Option<Type>)> {
        let what = "`reference`";
        if !shape::keys(asked, &["entity", "id"], what, &mut self.found) {
            return None;
        }
        let entity = shape::required(asked, "entity", what, &mut self.found)
            .and_then(|node| shape::name(node, "an entity", &mut self.found));
        let id = shape::required(asked, "id", what, &mut self.found)
            .map(|node| expression::key(node, &self.env, "a reference", &mut self.found));
        let on = WaitOn::Reference { entity: entity?.to_owned(), id: id? };
        Some((on, Some(Type::Text)))
    }
}
