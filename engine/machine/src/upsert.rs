//! The idempotent write: reference, find, compare, create or update.

use std::collections::BTreeSet;

use tenon_graph::{Find, UpdatePolicy, Upsert, WhenLocked};
use tenon_kit::Operation;
use tenon_mapper::Scope;
use tenon_value::{Class, Fault, Value, json};

use crate::ReadKey;
use crate::codes;
use crate::decision::{Link, Origin};
use crate::event::{How, Said, Stored, What};
use crate::outside::Intent;
use crate::state::Reason;
use crate::system::Difference;
use crate::work::{Run, Stop, Work, fault};

/// The setting that says what happens to a field which somebody else changed.
const HUMAN_EDITS: &str = "human_edits";

/// Most hits of a search that are read singly to be judged.
const MAX_JUDGED: usize = 20;

/// One upsert on its way.
pub(crate) struct Way<'n> {
    step: &'n str,
    upsert: &'n Upsert,
    scope: Scope,
    id: String,
    /// The document as the mapping makes it without looking at the target.
    made: Value,
    /// What was sent last; missing where nothing was.
    sent: Value,
}

impl Work<'_> {
    /// Runs an upsert to its output.
    pub(crate) fn upsert(
        &mut self,
        step: &str,
        upsert: &Upsert,
        scope: &Scope,
        is_used: bool,
    ) -> Run<Value> {
        if let Some(id) = self.plain(step, &upsert.reference, scope)?
            && let Some(link) = self.link(&upsert.entity, &id)?
            && link.origin == Origin::HandsOff
        {
            return self.hands_off(step, upsert, (&id, &link), is_used);
        }
        let (way, link) = self.way(step, upsert, scope)?;
        match link {
            Some(link) if same_text(&way.made, &way.sent) => self.untouched(&way, &link, is_used),
            link => {
                let keys = self.keys_of(&way, link.as_ref())?;
                self.lock(step, &keys)?;
                match link {
                    Some(link) => self.existing(&way, &link),
                    None => self.unknown_record(&way),
                }
            }
        }
    }

    /// What would be sent, what was sent last, and the reference as it is now.
    pub(crate) fn way<'n>(
        &mut self,
        step: &'n str,
        upsert: &'n Upsert,
        scope: &Scope,
    ) -> Run<(Way<'n>, Option<Link>)> {
        let Some(id) = self.plain(step, &upsert.reference, scope)? else {
            let message = format!("the reference of step `{step}` came out blank");
            return Err(fault(
                Fault::new(codes::REFERENCE_BLANK, Class::Missing, message)
                    .hint("fill the value in the source system, then retry"),
            ));
        };
        let mut inner = scope.clone();
        for (name, value) in self.named(step, &upsert.with, scope)? {
            inner.set(&name, value);
        }
        let made = self.document(step, &upsert.mapping, &inner, None)?;
        let link = self.link(&upsert.entity, &id)?;
        let sent = self.sent(&upsert.entity, &id)?;
        self.warn(step, made.warnings);
        let way = Way { step, upsert, scope: inner, id, made: made.record, sent };
        Ok((way, link))
    }

    /// What is sent: the mapping's record, or the one a person made of it.
    pub(crate) fn document(
        &self,
        step: &str,
        mapping: &str,
        scope: &Scope,
        target: Option<&Value>,
    ) -> Run<tenon_mapper::Made> {
        match self.task.step(step).and_then(|record| record.input.clone()) {
            Some(record) => Ok(tenon_mapper::Made { record, warnings: Vec::new() }),
            None => self.map(step, mapping, scope, target),
        }
    }

    /// The target is not to be touched. A task about this very record has nothing left to do; one
    /// that only uses it goes on with it as it is.
    fn hands_off(
        &mut self,
        step: &str,
        upsert: &Upsert,
        (id, link): (&str, &Link),
        is_used: bool,
    ) -> Run<Value> {
        if id == self.task.record {
            let (entity, target) = (&upsert.entity, &link.target);
            return Err(Stop::Skip(format!("{entity} is {target}, which is not to be touched")));
        }
        let of = &upsert.of;
        let output = if is_used {
            let get = Operation::Get { resource: of.resource.clone(), key: link.target.clone() };
            self.read(step, "target", &of.connection, get)?
        } else {
            let field = self.system(&of.connection)?.key_field(&of.resource);
            field.map_or(Value::Missing, |field| {
                Value::record(tenon_value::Record::new()).with(&field, Value::text(&link.target))
            })
        };
        Ok(self.step_ended(step, How::HandsOff, output, &[]))
    }

    pub(crate) fn warn(&mut self, step: &str, warnings: Vec<String>) {
        if self.replays {
            return;
        }
        let new: Vec<String> =
            warnings.into_iter().filter(|line| !self.task.warnings.contains(line)).collect();
        if !new.is_empty() {
            self.emit(What::Warned { step: step.to_owned(), warnings: new });
        }
    }

    /// The mapping gives what was sent last: nothing is sent, and nothing read unless a later step
    /// uses the record.
    fn untouched(&mut self, way: &Way<'_>, link: &Link, is_used: bool) -> Run<Value> {
        let output = if is_used {
            self.target(way, &link.target)?
        } else {
            let system = self.system(&way.upsert.of.connection)?;
            match system.key_field(&way.upsert.of.resource) {
                Some(field) => way.made.clone().with(&field, Value::text(&link.target)),
                None => way.made.clone(),
            }
        };
        Ok(self.step_ended(way.step, How::Unchanged, output, &[]))
    }

    /// A step ends without a write of its own.
    pub(crate) fn step_ended(
        &mut self,
        step: &str,
        how: How,
        output: Value,
        differences: &[Difference],
    ) -> Value {
        let differences = match differences {
            [] => Value::Missing,
            _ => Value::list(differences.iter().map(Difference::to_value).collect()),
        };
        if self.replays {
            return output;
        }
        let step = step.to_owned();
        self.emit(What::StepEnded { step, how, output: output.clone(), differences });
        output
    }

    fn target(&mut self, way: &Way<'_>, key: &str) -> Run<Value> {
        let of = &way.upsert.of;
        let get = Operation::Get { resource: of.resource.clone(), key: key.to_owned() };
        self.read(way.step, "target", &of.connection, get)
    }

    /// Locks: the source record, and everything it is searched by.
    pub(crate) fn keys_of(&self, way: &Way<'_>, link: Option<&Link>) -> Run<Vec<String>> {
        let of = &way.upsert.of;
        let base = format!("{}/{}", of.connection, of.resource);
        let mut keys = vec![format!("{base}/{}={}", way.upsert.entity, way.id)];
        match link {
            Some(link) => keys.push(format!("{base}/#{}", link.target)),
            None => {
                for (_, find, value) in self.finds(way)? {
                    keys.push(format!("{base}/{}={value}", find.field));
                }
            }
        }
        Ok(keys)
    }

    /// The searches that apply, with their values.
    fn finds<'n>(&self, way: &Way<'n>) -> Run<Vec<(usize, &'n Find, String)>> {
        let mut finds = Vec::new();
        for (n, find) in way.upsert.find.iter().enumerate() {
            if let Some(when) = &find.when
                && !self.holds(way.step, when, &way.scope)?
            {
                continue;
            }
            match self.plain(way.step, &find.value, &way.scope)? {
                Some(value) => finds.push((n, find, value)),
                None if find.marker => {
                    let message = format!("the value searched in `{}` came out blank", find.field);
                    return Err(fault(
                        Fault::new(codes::FIND_BLANK, Class::Missing, message)
                            .at(find.field.clone(), Value::Missing),
                    ));
                }
                None => {}
            }
        }
        Ok(finds)
    }

    /// No reference is known: search, adopt, ask or create.
    pub(crate) fn unknown_record(&mut self, way: &Way<'_>) -> Run<Value> {
        let said = self.task.step(way.step).and_then(|record| record.said.clone());
        match said {
            Some(Said::Link { id }) => {
                let link = Link { target: id, origin: Origin::Linked };
                return self.adopt(way, link);
            }
            Some(Said::CreateNew) => {}
            _ => {
                for (n, find, value) in self.finds(way)? {
                    if let Some(link) = self.search_for(way, n, find, value)? {
                        return self.adopt(way, link);
                    }
                }
            }
        }
        self.fresh()?;
        let of = &way.upsert.of;
        let operation =
            Operation::Create { resource: of.resource.clone(), record: way.made.clone() };
        self.intend(
            way.step,
            Intent {
                connection: of.connection.clone(),
                operation,
                document: None,
                reference: Some(stored(way, "", Origin::Ours)),
                locks: Vec::new(),
            },
        )?;
        self.output_of_write(way.step)
    }

    /// One search: a link, nothing, or a question.
    fn search_for(
        &mut self,
        way: &Way<'_>,
        n: usize,
        find: &Find,
        value: String,
    ) -> Run<Option<Link>> {
        let of = &way.upsert.of;
        let (resource, field) = (of.resource.clone(), find.field.clone());
        let operation = Operation::Find { resource, field, value, page: None };
        let found = self.read(way.step, &format!("find:{n}"), &of.connection, operation)?;
        let system = self.system(&of.connection)?;
        let key = |hit: &Value| system.key_of(&of.resource, hit);
        let hits = self.same_kind(way, find, found.items())?;
        match hits.as_slice() {
            [] => Ok(None),
            [hit] => {
                let Some(target) = key(hit) else { return Ok(None) };
                if find.marker {
                    return Ok(Some(Link { target, origin: Origin::Ours }));
                }
                // Rows of a list lack fields: the hit is read singly before it is judged.
                let there = self.target(way, &target)?;
                let differs = self.disagreements(way, &there)?;
                if way.upsert.adopt && differs.is_empty() {
                    return Ok(Some(Link { target, origin: Origin::Adopted }));
                }
                self.ask_same(way, vec![candidate(&target, &differs)])
            }
            hits => {
                let all = hits.iter().filter_map(|hit| Some(candidate(&key(hit)?, &[]))).collect();
                self.ask_same(way, all)
            }
        }
    }

    /// Hits that do not differ in the fields in which the search says they must not. Many are left as
    /// they are: a person sees them.
    fn same_kind(&mut self, way: &Way<'_>, find: &Find, hits: &[Value]) -> Run<Vec<Value>> {
        if find.same.is_empty() || hits.len() > MAX_JUDGED {
            return Ok(hits.to_vec());
        }
        let of = &way.upsert.of;
        let mut left = Vec::new();
        for hit in hits {
            let Some(key) = self.system(&of.connection)?.key_of(&of.resource, hit) else {
                continue;
            };
            let slot = format!("hit:{key}");
            let get = Operation::Get { resource: of.resource.clone(), key };
            let there = self.read(way.step, &slot, &of.connection, get)?;
            if self.differing(way, &find.same, &there)?.is_empty() {
                left.push(hit.clone());
            }
        }
        Ok(left)
    }

    /// Fields of `adopt_if` in which the hit differs.
    fn disagreements(&self, way: &Way<'_>, there: &Value) -> Run<Vec<Difference>> {
        self.differing(way, &way.upsert.adopt_if, there)
    }

    /// Those of some fields in which a record differs from what would be sent.
    fn differing(&self, way: &Way<'_>, fields: &[String], there: &Value) -> Run<Vec<Difference>> {
        let some =
            fields.iter().fold(Value::record(tenon_value::Record::new()), |record, field| {
                record.with(field, way.made.field(field).clone())
            });
        let of = &way.upsert.of;
        Ok(self.system(&of.connection)?.differences(&of.resource, &some, there))
    }

    fn ask_same(&mut self, way: &Way<'_>, candidates: Vec<Value>) -> Run<Option<Link>> {
        let question = Reason::SameRecord {
            step: way.step.to_owned(),
            connection: way.upsert.of.connection.clone(),
            resource: way.upsert.of.resource.clone(),
            candidates: Value::list(candidates),
        };
        Err(self.hold(way.step, question))
    }

    fn adopt(&mut self, way: &Way<'_>, link: Link) -> Run<Value> {
        let stored = stored(way, &link.target, link.origin);
        if self.replays {
            return Err(Stop::Wait);
        }
        self.store_reference(way.step, &way.upsert.of.connection, &stored);
        self.emit(What::Adopted { step: way.step.to_owned(), stored });
        let keys = self.keys_of(way, Some(&link))?;
        self.lock(way.step, &keys)?;
        self.existing(way, &link)
    }

    /// The target's record is known: compare three states, then update what may be updated.
    fn existing(&mut self, way: &Way<'_>, link: &Link) -> Run<Value> {
        let there = self.target(way, &link.target)?;
        let full = self.document(way.step, &way.upsert.mapping, &way.scope, Some(&there))?.record;
        let of = &way.upsert.of;
        let system = self.system(&of.connection)?;
        let all = system.differences(&of.resource, &full, &there);
        let (send, kept) = self.divide(way, link, &there, all)?;
        if send.is_empty() {
            self.store_sent(&stored(way, &link.target, link.origin), &way.made);
            let how = if kept.is_empty() { How::Unchanged } else { How::Kept };
            return Ok(self.step_ended(way.step, how, there, &kept));
        }
        let locked = system.locked(&of.resource, &there).map_err(fault)?;
        if let Some(why) = locked {
            return match way.upsert.when_locked {
                WhenLocked::Keep => Ok(self.step_ended(way.step, How::Kept, there, &send)),
                WhenLocked::Issue | WhenLocked::Correct => {
                    Err(fault(locked_differs(&why, &link.target, &send)))
                }
            };
        }
        let out: BTreeSet<&str> = kept.iter().map(|d| top(&d.field)).collect();
        let fields = full.as_record().cloned().unwrap_or_default();
        let record =
            Value::record(fields.into_iter().filter(|(name, _)| !out.contains(&**name)).collect());
        let (resource, key) = (of.resource.clone(), link.target.clone());
        self.intend(
            way.step,
            Intent {
                connection: of.connection.clone(),
                operation: Operation::Update { resource, key, record },
                document: Some(way.made.clone()),
                reference: Some(stored(way, &link.target, link.origin)),
                locks: Vec::new(),
            },
        )?;
        self.output_of_write(way.step)
    }

    /// Which differences are sent and which are kept.
    fn divide(
        &self,
        way: &Way<'_>,
        link: &Link,
        there: &Value,
        all: Vec<Difference>,
    ) -> Run<(Vec<Difference>, Vec<Difference>)> {
        if all.is_empty() {
            return Ok((all, Vec::new()));
        }
        let of = &way.upsert.of;
        let system = self.system(&of.connection)?;
        let edited = match way.sent {
            Value::Missing => Vec::new(),
            _ => system.differences(&of.resource, &way.sent, there),
        };
        let edited: BTreeSet<&str> = edited.iter().map(|d| top(&d.field)).collect();
        let edits = if edited.is_empty() { Edits::Keep } else { self.human_edits()? };
        let policy = match link.origin {
            Origin::Ours => Allowed::All,
            Origin::HandsOff => Allowed::Never,
            Origin::Adopted | Origin::Linked => self.allowed(way)?,
        };
        let (mut send, mut kept) = (Vec::new(), Vec::new());
        for difference in all {
            let by_others = edited.contains(top(&difference.field));
            if by_others && edits == Edits::Stop {
                let message = format!(
                    "somebody else changed `{}` of {} {}",
                    difference.field, of.resource, link.target
                );
                return Err(fault(
                    Fault::new(codes::CHANGED_BY_OTHERS, Class::Conflict, message)
                        .at(difference.field.clone(), difference.there.clone()),
                ));
            }
            let may = match policy {
                Allowed::All => true,
                Allowed::Never => false,
                Allowed::EmptyFields => there.field(top(&difference.field)).is_blank(),
            };
            match may && !(by_others && edits == Edits::Keep) {
                true => send.push(difference),
                false => kept.push(difference),
            }
        }
        Ok((send, kept))
    }

    fn human_edits(&self) -> Run<Edits> {
        let value = self.stored(&ReadKey::Setting { name: HUMAN_EDITS.into() })?;
        match value.as_text() {
            None | Some("keep") => Ok(Edits::Keep),
            Some("overwrite") => Ok(Edits::Overwrite),
            Some("stop") => Ok(Edits::Stop),
            Some(_) => Err(bad_choice(HUMAN_EDITS, "keep, overwrite or stop", value.clone())),
        }
    }

    fn allowed(&self, way: &Way<'_>) -> Run<Allowed> {
        match &way.upsert.update {
            UpdatePolicy::All => Ok(Allowed::All),
            UpdatePolicy::Never => Ok(Allowed::Never),
            UpdatePolicy::EmptyFields => Ok(Allowed::EmptyFields),
            UpdatePolicy::By(program) => {
                let value = self.eval(way.step, program, &way.scope)?;
                match value.as_text() {
                    Some("all") => Ok(Allowed::All),
                    Some("never") => Ok(Allowed::Never),
                    Some("empty_fields") => Ok(Allowed::EmptyFields),
                    _ => Err(bad_choice("update", "all, never or empty_fields", value)),
                }
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edits {
    Keep,
    Overwrite,
    Stop,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    All,
    Never,
    EmptyFields,
}

impl Difference {
    /// As a record.
    pub(crate) fn to_value(&self) -> Value {
        Value::of([
            ("field", Value::text(&self.field)),
            ("sent", self.sent.clone()),
            ("there", self.there.clone()),
        ])
    }
}

fn stored(way: &Way<'_>, target: &str, origin: Origin) -> Stored {
    Stored {
        entity: way.upsert.entity.clone(),
        id: way.id.clone(),
        target: target.to_owned(),
        origin,
    }
}

fn candidate(key: &str, differs: &[Difference]) -> Value {
    let differs = match differs {
        [] => Value::Missing,
        _ => Value::list(differs.iter().map(Difference::to_value).collect()),
    };
    Value::of([("id", Value::text(key)), ("differs", differs)])
}

pub(crate) fn locked_differs(why: &str, key: &str, send: &[Difference]) -> Fault {
    let fields: Vec<&str> = send.iter().map(|d| d.field.as_str()).collect();
    let message = format!("record {key} is locked ({why}) and differs in {}", fields.join(", "));
    let fault = Fault::new(codes::LOCKED_DIFFERS, Class::Conflict, message)
        .hint("correct it there with a counter-document, or cancel the task to leave it");
    match send {
        [first, ..] => fault.at(first.field.clone(), first.to_value()),
        [] => fault,
    }
}

fn bad_choice(name: &str, choices: &str, value: Value) -> Stop {
    let message = format!("`{name}` must be {choices}");
    fault(Fault::new(codes::BAD_CHOICE, Class::Missing, message).at(name, value))
}

/// The field at the top of a path such as `OrderRows[0].Price`.
fn top(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

fn same_text(a: &Value, b: &Value) -> bool {
    !matches!(b, Value::Missing) && json::write(a) == json::write(b)
}
