//! Where a test ended against what it expects.

use std::collections::BTreeMap;

use tenon_mapper::{Env, NoHost, Scope, Type, compile_text};
use tenon_value::{Fault, Value, json};

use super::{FlowEnd, Judged, Sent};

/// Where a mapping or a flow ended.
pub(super) struct End<'i> {
    inputs: &'i [(String, Value)],
    pub(super) record: Option<Value>,
    pub(super) warnings: Vec<String>,
    pub(super) fault: Option<Fault>,
    pub(super) because: Option<String>,
    /// What a snapshot holds.
    pub(super) snapshot: Value,
    flow: Option<FlowEnd>,
}

impl<'i> End<'i> {
    pub(super) fn new(inputs: &'i [(String, Value)]) -> End<'i> {
        End {
            inputs,
            record: None,
            warnings: Vec::new(),
            fault: None,
            because: None,
            snapshot: Value::Missing,
            flow: None,
        }
    }

    pub(super) fn take_flow(&mut self, end: FlowEnd) {
        self.fault = end.fault.clone();
        self.because = end.because.clone();
        self.warnings = end.warnings.clone();
        self.snapshot = Value::of([
            ("state", Value::text(&end.state)),
            ("requests", requests(&end.requests)),
            ("references", end.references.clone()),
        ]);
        // The record a flow's test speaks of is the last that was written.
        self.record = end.requests.last().map(|sent| sent.record.clone());
        self.flow = Some(end);
    }

    /// Everything the test expects, held against it.
    pub(super) fn judge(
        &self,
        test: &Value,
        files: &BTreeMap<String, String>,
        update: bool,
        snapshots: &mut BTreeMap<String, String>,
    ) -> Judged {
        let mut wrong = Vec::new();
        let mut compared = self.ending(test, &mut wrong);
        if let Value::List(wanted) = test.field("warnings") {
            compared = compared.saturating_add(1);
            let wanted: Vec<String> = wanted.iter().filter_map(Value::plain).collect();
            if wanted != self.warnings {
                wrong.push(format!("warnings are {:?}, not {wanted:?}", self.warnings));
            }
        }
        for (key, whole) in [("record", false), ("exactly", true)] {
            let wanted = test.field(key);
            if wanted.as_record().is_none() {
                continue;
            }
            match &self.record {
                Some(record) => {
                    compared =
                        compared.saturating_add(compare(("", wanted), record, whole, &mut wrong))
                }
                None => wrong.push(format!("there is no record; it came to {}", self.came_to())),
            }
        }
        for expected in test.field("expects").items() {
            compared = compared.saturating_add(1);
            wrong.extend(self.differs(expected));
        }
        if let Some(flow) = &self.flow {
            compared = compared.saturating_add(flow_differs(flow, test, &mut wrong));
        }
        if let Some(file) = test.field("snapshot").as_text() {
            compared = compared.saturating_add(1);
            let text = format!("{}\n", json::write_pretty(&self.snapshot));
            match files.get(file) {
                Some(stored) if *stored == text => {}
                _ if update => drop(snapshots.insert(file.to_owned(), text)),
                Some(_) => wrong.push(format!(
                    "tests/{file} holds something else; `tenon test --update` takes what came out"
                )),
                None => {
                    wrong.push(format!("there is no tests/{file}; `tenon test --update` writes it"))
                }
            }
        }
        Ok((wrong, compared))
    }

    /// The fault or the skip, expected or not.
    fn ending(&self, test: &Value, wrong: &mut Vec<String>) -> usize {
        let fault = test.field("fault").plain();
        let skip = test.field("skip").plain();
        let state = test.field("state").plain();
        if let Some(code) = &fault
            && self.fault.as_ref().is_none_or(|fault| fault.code != *code)
        {
            wrong.push(format!("came to {}, not to fault {code}", self.came_to()));
        }
        if let Some(because) = &skip
            && self.because.as_ref() != Some(because)
        {
            wrong.push(format!("came to {}, not to skip {because}", self.came_to()));
        }
        let ended_otherwise =
            self.fault.is_some() && fault.is_none() || self.because.is_some() && skip.is_none();
        if ended_otherwise && state.is_none() {
            wrong.push(format!("came to {}", self.came_to()));
        }
        usize::from(fault.is_some()).saturating_add(usize::from(skip.is_some()))
    }

    fn came_to(&self) -> String {
        match (&self.fault, &self.because, &self.flow) {
            (Some(fault), ..) => format!("fault {}: {}", fault.code, fault.message),
            (None, Some(because), _) => format!("skip {because}"),
            (None, None, Some(flow)) => format!("state {}", flow.state),
            (None, None, None) => "a record".to_owned(),
        }
    }

    /// What is wrong with one expectation.
    fn differs(&self, expected: &Value) -> Option<String> {
        let of = expected.field("of").plain().unwrap_or_default();
        let is = expected.field("is");
        match self.worth(&of) {
            Ok(value) if same(is, &value) => None,
            Ok(value) => {
                let because = expected.field("because").plain();
                let because = because.map_or_else(String::new, |b| format!(" ({b})"));
                Some(format!("{of} is {}, not {}{because}", shown(&value), shown(is)))
            }
            Err(error) => Some(format!("{of}: {error}")),
        }
    }

    /// The value of an expression over the outcome and the inputs.
    fn worth(&self, of: &str) -> Result<Value, String> {
        let mut names: Vec<(&str, Value)> =
            self.inputs.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        if let Some(flow) = &self.flow {
            names.push(("requests", requests(&flow.requests)));
            names.push(("references", flow.references.clone()));
            names.push(("state", Value::text(&flow.state)));
        }
        match (&self.record, self.flow.is_some()) {
            (Some(record), _) => names.push(("record", record.clone())),
            (None, true) => names.push(("record", Value::Missing)),
            (None, false) => return Err(format!("there is no record: {}", self.came_to())),
        }
        worth(of, names)
    }
}

/// The value of an expression over names of any type.
///
/// # Errors
/// Why it has none, in words.
pub fn worth(of: &str, names: Vec<(&str, Value)>) -> Result<Value, String> {
    let mut env = Env { open: true, ..Env::default() };
    let mut scope = Scope::new();
    for (name, value) in names {
        env.scope.insert(name.to_owned(), Type::Dyn);
        scope.set(name, value);
    }
    let (compiled, found) = compile_text(of, &env, None);
    let Some(compiled) = compiled else {
        return Err(found.first().map(|d| d.message.clone()).unwrap_or_default());
    };
    compiled.program.eval(&scope, &NoHost::default()).map_err(|error| match error.into_fault() {
        Some(fault) => fault.message,
        None => "has no value".to_owned(),
    })
}

fn requests(sent: &[Sent]) -> Value {
    let one = |sent: &Sent| {
        Value::of([
            ("step", Value::text(&sent.step)),
            ("operation", Value::text(&sent.operation)),
            ("request", Value::text(&sent.request)),
            ("record", sent.record.clone()),
        ])
    };
    Value::list(sent.iter().map(one).collect())
}

/// State and requests of a flow.
fn flow_differs(flow: &FlowEnd, test: &Value, wrong: &mut Vec<String>) -> usize {
    let mut compared = 0_usize;
    if let Some(state) = test.field("state").plain() {
        compared = compared.saturating_add(1);
        if state != flow.state {
            wrong.push(format!("the task is {}, not {state}", flow.state));
        }
    }
    for step in &flow.unasked {
        wrong.push(format!("step `{step}` never asked for the answer it has"));
    }
    let Value::List(wanted) = test.field("requests") else { return compared };
    compared = compared.saturating_add(wanted.len().max(1));
    if wanted.len() != flow.requests.len() {
        let sent: Vec<&str> = flow.requests.iter().map(|sent| sent.operation.as_str()).collect();
        let list = if sent.is_empty() { "none".to_owned() } else { sent.join(", ") };
        wrong.push(format!("{} requests were sent, not {}: {list}", sent.len(), wanted.len()));
        return compared;
    }
    for (n, (wanted, sent)) in wanted.iter().zip(&flow.requests).enumerate() {
        if let Some(text) = wanted.as_text() {
            if text != sent.request && text != sent.operation {
                let found = format!("{} ({})", sent.operation, sent.request);
                wrong.push(format!("requests[{n}] is {found}, not {text}"));
            }
            continue;
        }
        let sent = requests(std::slice::from_ref(sent));
        let path = format!("requests[{n}]");
        if let Some(sent) = sent.items().first() {
            compared = compared.saturating_add(compare((&path, wanted), sent, false, wrong));
        }
    }
    compared
}

/// Holds a value against the one at a path; `whole` refuses fields that are not expected. Gives how
/// many values were compared.
fn compare(
    (path, wanted): (&str, &Value),
    found: &Value,
    whole: bool,
    wrong: &mut Vec<String>,
) -> usize {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (wanted, found) {
        (Value::Record(wanted), Value::Record(there)) => {
            let mut compared = 0_usize;
            for (name, value) in wanted.iter() {
                let inner = compare((&below(name), value), found.field(name), whole, wrong);
                compared = compared.saturating_add(inner);
            }
            let more = there.iter().filter(|(name, value)| {
                whole && !value.is_absent() && !wanted.contains_key(&**name)
            });
            wrong.extend(more.map(|(name, value)| {
                format!("{} is {}, and is not expected", below(name), shown(value))
            }));
            compared
        }
        (Value::List(wanted), Value::List(items)) if wanted.len() == items.len() => {
            let pairs = wanted.iter().zip(items.iter()).enumerate();
            pairs.fold(0_usize, |compared, (n, (wanted, item))| {
                let at = format!("{path}[{n}]");
                compared.saturating_add(compare((&at, wanted), item, whole, wrong))
            })
        }
        (Value::List(wanted), Value::List(items)) => {
            wrong.push(format!("{path} has {} items, not {}", items.len(), wanted.len()));
            1
        }
        _ => {
            if !same(wanted, found) {
                wrong.push(format!("{path} is {}, not {}", shown(found), shown(wanted)));
            }
            1
        }
    }
}

/// Whether a value is the expected one: numbers with their scale, dates as they are written, a text
/// never a number.
fn same(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Missing, found) => *found == Value::Missing,
        (Value::Number(_), Value::Number(_) | Value::Money(_)) => shown(wanted) == shown(found),
        (Value::Text(text), Value::Date(_) | Value::DateTime(_) | Value::Money(_)) => {
            found.plain().as_deref() == Some(&**text)
        }
        _ => shown(wanted) == shown(found),
    }
}

/// A value in a message: texts in quotes, numbers with their scale.
fn shown(value: &Value) -> String {
    match value {
        Value::Missing => "missing".to_owned(),
        Value::Money(money) => money.amount.to_string(),
        other => json::write(other),
    }
}
