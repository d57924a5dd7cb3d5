//! Fields of a mapping document: scalars, chains, nested records, lists in parts.

use std::sync::Arc;

use indexmap::IndexMap;
use tenon_source::{Diagnostic, Node, NodeKind};

use super::code::{Adds, FieldCode, Gives, Named, Part as PartCode, Write};
use super::document::{Reader, known_keys};
use super::fields::Fields;
use crate::ast::Operator;
use crate::check::{Part, Place, Sort, Target};
use crate::print::print;
use crate::types::{Field, Type};

/// What a record comes to be made of, for `out`.
type MadeFields = IndexMap<Arc<str>, Field>;

const PART_KEYS: [&str; 9] =
    ["each", "as", "index", "let", "fields", "use", "when", "on_fault", "row"];

impl<'a> Reader<'a> {
    /// Fields of one record, from one or several blocks with what names each; later blocks win.
    pub(super) fn fields(
        &mut self,
        blocks: &[(&'a Node, &'a Node)],
        target: Option<&Type>,
        made: &mut MadeFields,
    ) -> Fields {
        let mut entries: IndexMap<String, (&'a Node, &'a Node)> = IndexMap::new();
        for (_, block) in blocks {
            for (key, value) in block.entries() {
                entries.insert(key.text().unwrap_or_default().to_owned(), (key, value));
            }
        }
        let known = target.and_then(|ty| self.checker.fields_of(ty)).cloned();
        let mut meant: Vec<String> = Vec::new();
        let mut codes = Vec::with_capacity(entries.len());
        for (name, (key, value)) in &entries {
            let field = known.as_ref().and_then(|fields| fields.get(name.as_str()));
            self.checker.place = Place::Node(key);
            match (&known, field) {
                (Some(fields), None) => {
                    let ty = target.cloned().unwrap_or(Type::Dyn);
                    let at = 0..name.len();
                    self.checker.no_target_field(name, &at, fields, &ty);
                    let missing =
                        fields.iter().filter(|(n, f)| f.required && !entries.contains_key(&***n));
                    let near = tenon_source::near(name, missing.map(|(n, _)| &**n));
                    meant.extend(near.map(str::to_owned));
                }
                (_, Some(field)) => self.checker.target_field(name, field, &(0..name.len())),
                _ => {}
            }
            codes.push(self.field(name, (key, value), field, made));
        }
        let absent: Vec<&str> = known
            .iter()
            .flatten()
            .filter(|(name, field)| field.required && !entries.contains_key(&***name))
            .map(|(name, _)| &**name)
            .filter(|name| !meant.iter().any(|m| m == name))
            .collect();
        if let (Some((heading, _)), false) = (blocks.last(), absent.is_empty()) {
            let message = format!("required fields are never produced: {}", absent.join(", "));
            self.checker.found.push(Diagnostic::error("M017", heading.span.clone(), message));
        }
        Fields::from(codes)
    }

    fn field(
        &mut self,
        name: &str,
        (heading, value): (&'a Node, &'a Node),
        field: Option<&Field>,
        made: &mut MadeFields,
    ) -> FieldCode {
        let anything = Field::of(Type::Dyn);
        let field = field.unwrap_or(&anything);
        let key: Arc<str> = Arc::from(name);
        let (gives, ty) = match &value.kind {
            NodeKind::Scalar(_) => {
                let (named, part) = self.candidate(value, &Target::field(name, field));
                let gives = Gives::First { candidates: vec![named], otherwise: None };
                (gives, out_type(&part, &field.ty))
            }
            NodeKind::Sequence(parts) => self.list(name, value, parts, &field.ty),
            NodeKind::Mapping(_) if value.get("first").is_some() => self.first(name, value, field),
            NodeKind::Mapping(_) => {
                self.takes_a_record(name, value, &field.ty);
                let mut inner = MadeFields::new();
                let fields = self.fields(&[(heading, value)], Some(&field.ty), &mut inner);
                (Gives::Record(fields), Type::Record(Arc::new(inner)))
            }
        };
        made.insert(Arc::clone(&key), Field { wire: field.wire, ..Field::of(ty) });
        FieldCode {
            name: key,
            gives,
            write: self.checker.write_form(field),
            required: field.required,
        }
    }

    /// Reports a record where the target takes something else.
    fn takes_a_record(&mut self, name: &str, value: &Node, ty: &Type) {
        if *ty == Type::Dyn || crate::check::is_record(ty) {
            return;
        }
        let message = format!(
            "{name} is {}, and fields of a record stand here",
            crate::check::shown_type(ty.required())
        );
        self.checker.found.push(Diagnostic::error("M004", value.span.clone(), message).note(
            "an expression that begins with a bracket stands in a block: `|` and a new line",
        ));
    }

    /// One expression for a field.
    fn candidate(&mut self, node: &'a Node, target: &Target<'_>) -> (Named, Part) {
        let Some(ast) = self.read(node) else {
            let named =
                Named { name: "".into(), text: String::new(), code: crate::code::Code::Omit };
            return (named, Part::unknown());
        };
        let before = self.checker.found.len();
        let part = self.checker.whole(&ast);
        let errors = self.checker.found.iter().skip(before);
        if errors.filter(|d| d.severity == tenon_source::Severity::Error).count() == 0 {
            self.checker.assign(&part, &ast, target);
        }
        let text = print(&ast);
        (Named { name: Arc::from(target.name), text, code: part.code.clone() }, part)
    }

    /// `first:` with `else:`.
    fn first(&mut self, name: &str, value: &'a Node, field: &Field) -> (Gives, Type) {
        known_keys(value, &["first", "else"], &mut self.checker.found);
        let items = value.get("first").map(Node::items).unwrap_or_default();
        let otherwise = value.get("else");
        let mut candidates = Vec::with_capacity(items.len());
        let mut parts: Vec<Part> = Vec::new();
        let mut full: Option<String> = None;
        let last = items.len().saturating_sub(1);
        for (n, node) in items.iter().enumerate() {
            self.unreachable(node, full.as_deref());
            let ends = n == last && otherwise.is_none();
            let target = Target { required: field.required && ends, ..Target::field(name, field) };
            let (named, part) = self.candidate(node, &target);
            if full.is_none() && self.always(node, &part) {
                full = Some(named.text.clone());
            }
            let part = if ends { part } else { Part { ty: part.ty.required().clone(), ..part } };
            if ends || part.sort != Sort::Absent {
                parts.push(part);
            }
            candidates.push(named);
        }
        if items.is_empty() {
            let message = "`first:` needs a list of candidates";
            self.checker.found.push(Diagnostic::error("M034", value.span.clone(), message));
        }
        let otherwise = otherwise.map(|node| {
            self.unreachable(node, full.as_deref());
            let (named, part) = self.candidate(node, &Target::field(name, field));
            parts.push(part);
            named
        });
        let ty = out_type_of(&parts, &field.ty);
        (Gives::First { candidates, otherwise }, ty)
    }

    fn always(&self, node: &Node, part: &Part) -> bool {
        let quoted = node.scalar().filter(|s| s.style.is_quoted() && !s.text.trim().is_empty());
        match quoted {
            Some(scalar) => !scalar.text.contains('{'),
            None => crate::parse::expression(node.text().unwrap_or_default())
                .is_ok_and(|ast| self.checker.never_passes(Operator::Fallback, part, &ast)),
        }
    }

    fn unreachable(&mut self, node: &Node, full: Option<&str>) {
        if let Some(full) = full {
            let message = format!("this candidate is never reached: `{full}` always has a value");
            self.checker.found.push(Diagnostic::warning("M010", node.span.clone(), message));
        }
    }

    /// A list in parts.
    fn list(&mut self, name: &str, node: &Node, parts: &'a [Node], ty: &Type) -> (Gives, Type) {
        let item = match ty.required() {
            Type::List(item) => (**item).clone(),
            Type::Dyn => Type::Dyn,
            other => {
                let message =
                    format!("`{name}` is {}, not a list", crate::check::shown_type(other));
                self.checker.found.push(Diagnostic::error("M004", node.span.clone(), message));
                Type::Dyn
            }
        };
        let mut shape: Option<MadeFields> = None;
        let mut codes = Vec::with_capacity(parts.len());
        for part in parts {
            let mut made = MadeFields::new();
            if let Some(code) = self.part(part, &item, &mut made) {
                codes.push(code);
            }
            if !made.is_empty() {
                shape = Some(match shape {
                    None => made,
                    Some(before) => merged(before, made),
                });
            }
        }
        let item = shape.map_or(item, |fields| Type::Record(Arc::new(fields)));
        (Gives::Parts(codes), item.list())
    }

    fn part(&mut self, node: &'a Node, item: &Type, made: &mut MadeFields) -> Option<PartCode> {
        if node.scalar().is_some() {
            return Some(PartCode { when: None, adds: self.row(node, item, made) });
        }
        known_keys(node, &PART_KEYS, &mut self.checker.found);
        if let Some(over) = node.get("each") {
            return Some(PartCode { when: None, adds: self.each(node, over, item, made) });
        }
        let when = node.get("when").and_then(|when| self.condition(when));
        if let Some(row) = node.get("row") {
            let told = node.get("when").and_then(|when| self.read(when));
            let adds = self.knowing_that(told.as_ref(), |reader| reader.row(row, item, made));
            return Some(PartCode { when, adds });
        }
        let told = node.get("when").and_then(|when| self.read(when));
        let fields = self.knowing_that(told.as_ref(), |r| r.part_fields(node, item, made))?;
        Some(PartCode { when, adds: Adds::One { fields } })
    }

    /// Checks with what a `when:` told.
    fn knowing_that<T>(
        &mut self,
        when: Option<&crate::ast::Ast>,
        body: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.checker.learn(when);
        let result = body(self);
        self.checker.forget(before);
        result
    }

    fn row(&mut self, node: &'a Node, item: &Type, made: &mut MadeFields) -> Adds {
        let several = item.clone().list();
        let ast = self.read(node);
        let Some(ast) = ast else {
            let row = Named { name: "".into(), text: String::new(), code: crate::code::Code::Omit };
            return Adds::Row { row, write: Write::Any };
        };
        let before = self.checker.found.len();
        let part = self.checker.whole(&ast);
        if self.checker.found.len() == before {
            let ty = if matches!(part.ty.required(), Type::List(_)) { &several } else { item };
            let target = Target { ty, max_length: None, required: false, name: "this row" };
            self.checker.assign(&part, &ast, &target);
        }
        let shape = match part.ty.required() {
            Type::List(inner) => (**inner).clone(),
            other => other.clone(),
        };
        if let Some(fields) = self.checker.fields_of(&shape) {
            made.extend(fields.clone());
        }
        let write = self.checker.write_of(item, None, 0);
        let row = Named { name: "row".into(), text: print(&ast), code: part.code };
        Adds::Row { row, write }
    }

    fn each(&mut self, node: &'a Node, over: &'a Node, item: &Type, made: &mut MadeFields) -> Adds {
        let (over, text) = self.expression(over);
        let source = match over.ty.required() {
            Type::List(item) => (**item).clone(),
            Type::Dyn => Type::Dyn,
            other => {
                let message =
                    format!("`each:` needs a list, this is {}", crate::check::shown_type(other));
                let at = node.get("each").map_or(&node.span, |n| &n.span);
                self.checker.found.push(Diagnostic::error("M004", at.clone(), message));
                Type::Dyn
            }
        };
        let height = self.checker.locals.len();
        let name = node.get("as").and_then(Node::text).unwrap_or("it");
        if let Some(node) = node.get("as") {
            self.checker.place = Place::Node(node);
            self.checker.shadows(name, &(0..name.len()));
        }
        self.checker.push(name, source, false);
        let index = node.get("index").and_then(Node::text).unwrap_or("$index");
        self.checker.push(index, Type::Int, true);
        let only = node.get("when").and_then(|when| self.condition(when));
        let told = node.get("when").and_then(|when| self.read(when));
        let before = self.checker.learn(told.as_ref());
        let mut lets = Vec::new();
        let mut slots = Vec::new();
        if let Some(node) = node.get("let") {
            self.lets(node, &mut lets, Some(&mut slots));
        }
        let fields = self.part_fields(node, item, made).unwrap_or_default();
        self.checker.forget(before);
        for (slot, key) in slots {
            self.unused(slot, key);
        }
        self.checker.drop_to(height);
        let drop_faulty = match node.get("on_fault").and_then(Node::text) {
            None | Some("fail") => false,
            Some("drop") => true,
            Some(other) => {
                let message = format!("`on_fault` is `fail` or `drop`, not `{other}`");
                let at = node.get("on_fault").map_or(&node.span, |n| &n.span);
                self.checker.found.push(Diagnostic::error("M034", at.clone(), message));
                false
            }
        };
        Adds::Each { over: over.code, text, only, lets, fields, drop_faulty }
    }

    /// The fields of a part: its own, or those of a shared piece under its own.
    fn part_fields(
        &mut self,
        node: &'a Node,
        item: &Type,
        made: &mut MadeFields,
    ) -> Option<Fields> {
        let mut blocks = Vec::new();
        let open = self.open_pieces.len();
        if let Some(used) = node.get("use") {
            blocks.push((used, self.piece(used)?));
        }
        blocks.extend(node.entry("fields"));
        if blocks.is_empty() {
            let message = "a part of a list needs `fields:`, `use:` or `row:`";
            self.checker.found.push(Diagnostic::error("M034", node.span.clone(), message));
            return None;
        }
        let fields = self.fields(&blocks, Some(item), made);
        self.open_pieces.truncate(open);
        Some(fields)
    }

    /// The shared piece that a part names.
    fn piece(&mut self, used: &Node) -> Option<&'a Node> {
        let name = used.text().unwrap_or_default();
        if self.open_pieces.iter().any(|open| open == name) {
            let message = format!("the piece `{name}` uses itself");
            self.checker.found.push(Diagnostic::error("M035", used.span.clone(), message));
            return None;
        }
        let Some(piece) = self.pieces.get(name) else {
            let message = format!("there is no shared piece `{name}`");
            let mut found = Diagnostic::error("M035", used.span.clone(), message);
            let near = tenon_source::near(name, self.pieces.keys().map(String::as_str));
            if let Some(near) = near {
                found = found.note(format!("did you mean `{near}`?"));
            }
            self.checker.found.push(found);
            return None;
        };
        self.open_pieces.push(name.to_owned());
        Some(piece)
    }
}

/// The type a written field has in `out`: the target's, or the expression's where that is free.
fn out_type(part: &Part, wanted: &Type) -> Type {
    out_type_of(std::slice::from_ref(part), wanted)
}

fn out_type_of(parts: &[Part], wanted: &Type) -> Type {
    let absent =
        parts.iter().any(|part| part.sort == Sort::Absent || matches!(part.ty, Type::Optional(_)));
    let ty = match (wanted.required(), parts.first()) {
        (Type::Dyn, Some(part)) if parts.len() == 1 => part.ty.required().clone(),
        (other, _) => other.clone(),
    };
    if absent { ty.optional() } else { ty }
}

/// Fields of items of several parts: what one part lacks may be missing.
fn merged(a: MadeFields, b: MadeFields) -> MadeFields {
    let mut out = MadeFields::new();
    for (name, field) in &a {
        let ty = match b.get(name) {
            Some(other) if matches!(other.ty, Type::Optional(_)) => field.ty.clone().optional(),
            Some(_) => field.ty.clone(),
            None => field.ty.clone().optional(),
        };
        out.insert(Arc::clone(name), Field { ty, ..field.clone() });
    }
    for (name, field) in b {
        if !a.contains_key(&name) {
            out.insert(name, Field { ty: field.ty.clone().optional(), ..field });
        }
    }
    out
}
