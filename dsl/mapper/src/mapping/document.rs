//! Mapping documents to programs.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use tenon_source::{Diagnostic, Document, Node, NodeKind, Severity};
use tenon_value::Rounding;

use super::code::{Check, MappingCode, Named};
use super::fields::Fields;
use super::program::MappingProgram;
use crate::ast::{Ast, Kind, Piece};
use crate::check::{Checker, Part, Place};
use crate::code::{Code, Op, Pick};
use crate::compile::read_node;
use crate::env::{Env, MoneyPolicy};
use crate::print::print;
use crate::types::{Field, Type};

/// A compiled mapping document.
#[derive(Debug, Clone, PartialEq)]
pub struct CompiledMapping {
    /// The mapping's name.
    pub name: String,
    /// Names it sees with the resource, or the type, of each.
    pub from: IndexMap<String, String>,
    /// The resource it makes a record of.
    pub to: String,
    /// The program.
    pub program: MappingProgram,
}

const KEYS: [&str; 9] =
    ["mapping", "title", "from", "to", "money", "use", "let", "fields", "checks"];
const SHARED_KEYS: [&str; 6] = ["share", "title", "use", "let", "fields", "pieces"];

/// Compiles a mapping document against the resources, settings and tables of `env`. `shared` holds
/// the documents that `use:` may name. A mapping comes back only where there are no errors.
#[must_use]
pub fn compile_mapping(
    doc: &Document,
    env: &Env,
    shared: &BTreeMap<String, Document>,
) -> (Option<CompiledMapping>, Vec<Diagnostic>) {
    let Some(root) = &doc.root else {
        return (None, Vec::new());
    };
    let mut head = Head::default();
    head.read(root, env);
    let own = Env { scope: head.scope.clone(), money: head.money.clone(), ..env.clone() };
    let mut checker = Checker::new(&own, Place::Node(root));
    checker.found = std::mem::take(&mut head.found);
    let mut reader = Reader { checker, pieces: BTreeMap::new(), open_pieces: Vec::new() };
    let code = reader.mapping(root, &head, shared);
    let found = reader.checker.found;
    let clean = found.iter().all(|d| d.severity != Severity::Error);
    let compiled = clean.then(|| CompiledMapping {
        name: head.name,
        from: head.from,
        to: head.to,
        program: MappingProgram::new(code),
    });
    (compiled, found)
}

/// What stands above the fields.
#[derive(Default)]
struct Head {
    name: String,
    from: IndexMap<String, String>,
    to: String,
    scope: IndexMap<String, Type>,
    target: Option<Type>,
    money: MoneyPolicy,
    found: Vec<Diagnostic>,
}

impl Head {
    fn read(&mut self, root: &Node, env: &Env) {
        known_keys(root, &KEYS, &mut self.found);
        self.name = self.text(root, "mapping").unwrap_or_default();
        self.to = self.text(root, "to").unwrap_or_default();
        if !self.to.is_empty() {
            match env.resources.get(&self.to) {
                Some(resource) => self.target = Some(resource.write.clone()),
                None => {
                    if let Some(node) = root.get("to") {
                        let name = self.to.clone();
                        self.no_resource(node, &name, env);
                    }
                }
            }
        }
        match root.get("from") {
            Some(from) if !from.entries().is_empty() => {
                for (key, value) in from.entries() {
                    self.source(key, value, env);
                }
            }
            other => {
                let at = other.unwrap_or(root);
                let found = Diagnostic::error("M034", at.span.clone(), "a mapping needs `from:`");
                self.found.push(found.note("from: { order: shopify.order }"));
            }
        }
        shapes(root, &mut self.found);
        if let Some(money) = root.get("money") {
            known_keys(money, &["rounding", "vat", "pick"], &mut self.found);
            self.rounding(money);
        }
    }

    fn text(&mut self, root: &Node, key: &str) -> Option<String> {
        let found = root.get(key).and_then(Node::text).filter(|t| !t.trim().is_empty());
        if found.is_none() {
            let at = root.entry(key).map_or(&root.span, |(key, _)| &key.span);
            let message = format!("a mapping needs `{key}:`");
            self.found.push(Diagnostic::error("M034", at.clone(), message));
        }
        found.map(str::to_owned)
    }

    fn source(&mut self, key: &Node, value: &Node, env: &Env) {
        let (Some(name), Some(text)) = (key.text(), value.text()) else {
            let message = "a name with the resource it is a record of";
            self.found.push(Diagnostic::error("M034", value.span.clone(), message));
            return;
        };
        self.from.insert(name.to_owned(), text.to_owned());
        let plain = text.strip_suffix('?').unwrap_or(text);
        let ty = match env.resources.get(plain) {
            Some(resource) => Some(resource.record.clone()),
            None => crate::check::simple_type(plain)
                .or_else(|| env.types.fields(plain).is_some().then(|| Type::named(plain))),
        };
        let ty = match ty {
            Some(ty) if plain.len() < text.len() => ty.optional(),
            Some(ty) => ty,
            None => {
                self.no_resource(value, plain, env);
                Type::Dyn
            }
        };
        self.scope.insert(name.to_owned(), ty);
    }

    fn no_resource(&mut self, node: &Node, name: &str, env: &Env) {
        let message = format!("there is no resource `{name}`");
        let mut found = Diagnostic::error("M045", node.span.clone(), message);
        if let Some(near) = tenon_source::near(name, env.resources.keys().map(String::as_str)) {
            found =
                found.note(format!("did you mean `{near}`?")).fix(node.span.clone(), near, false);
        }
        self.found.push(found);
    }

    fn rounding(&mut self, money: &Node) {
        if let Some(node) = money.get("rounding") {
            let word = node.text().unwrap_or_default();
            self.money.rounding = Rounding::named(word);
            if self.money.rounding.is_none() {
                let modes: Vec<&str> = Rounding::ALL.iter().map(|(name, _)| *name).collect();
                let message = format!("`{word}` is no rounding mode");
                let found = Diagnostic::error("M046", node.span.clone(), message);
                self.found.push(found.note(format!("modes are {}", modes.join(", "))));
            }
        }
        if let Some(node) = money.get("vat") {
            let word = node.text().unwrap_or_default();
            self.money.vat_as_given = word == "as_given";
            if !["as_given", "computed"].contains(&word) {
                let message = format!("`{word}` is neither `as_given` nor `computed`");
                self.found.push(Diagnostic::error("M046", node.span.clone(), message));
            }
        }
    }
}

/// Reports keys that a mapping of YAML does not know there.
pub(super) fn known_keys(node: &Node, known: &[&str], found: &mut Vec<Diagnostic>) {
    for (key, _) in node.entries() {
        let name = key.text().unwrap_or_default();
        if known.contains(&name) {
            continue;
        }
        let message = format!("`{name}` is not known here");
        let mut finding = Diagnostic::error("M034", key.span.clone(), message);
        finding = match tenon_source::near(name, known.iter().copied()) {
            Some(near) => {
                finding.note(format!("did you mean `{near}`?")).fix(key.span.clone(), near, false)
            }
            None => finding.note(format!("keys here are {}", known.join(", "))),
        };
        found.push(finding);
    }
}

/// Reads a document with one checker, whose bindings are the document's.
pub(super) struct Reader<'a> {
    pub(super) checker: Checker<'a>,
    /// Shared pieces by name: what stands under `pieces:` of the documents used.
    pub(super) pieces: BTreeMap<String, &'a Node>,
    /// Names of the pieces that are being read, one inside the other.
    pub(super) open_pieces: Vec<String>,
}

/// What stands under a key is a list, or a mapping.
fn shapes(root: &Node, found: &mut Vec<Diagnostic>) {
    let wanted = [
        ("use", "a list of shared documents", false),
        ("checks", "a list of conditions", false),
        ("money", "a mapping of `rounding`, `vat` and `pick`", true),
        ("let", "a mapping of names to expressions", true),
        ("fields", "a mapping of the target's fields to expressions", true),
        ("pieces", "a mapping of names to fields", true),
    ];
    for (key, what, mapping) in wanted {
        let Some(node) = root.get(key) else { continue };
        let good = match &node.kind {
            NodeKind::Mapping(_) => mapping,
            NodeKind::Sequence(_) => !mapping,
            NodeKind::Scalar(_) => false,
        };
        if !good {
            let message = format!("`{key}:` is {what}, not {}", node.describe());
            found.push(Diagnostic::error("M034", node.span.clone(), message));
        }
    }
}

/// Most shared documents of which each uses the next.
const MAX_SHARED: usize = 16;

/// Shared documents that are taken in.
#[derive(Default)]
struct Used<'a> {
    /// In the order their names are seen, with what each is called.
    documents: Vec<(&'a str, &'a Node)>,
    /// Those whose own `use:` is being read, one inside the other.
    open: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn mapping(
        &mut self,
        root: &'a Node,
        head: &Head,
        shared: &'a BTreeMap<String, Document>,
    ) -> MappingCode {
        let pick = root.get("money").and_then(|m| m.get("pick")).and_then(|n| self.pick(n));
        let used = self.used(root, shared);
        let mut lets = Vec::new();
        for document in &used {
            if let Some(node) = document.get("let") {
                self.lets(node, &mut lets, None);
            }
        }
        let mut own_lets = Vec::new();
        if let Some(node) = root.get("let") {
            self.lets(node, &mut lets, Some(&mut own_lets));
        }
        let mut made = IndexMap::new();
        let mut nodes: Vec<_> = used.iter().filter_map(|d| d.entry("fields")).collect();
        match root.entry("fields") {
            Some(entry) if matches!(entry.1.kind, NodeKind::Mapping(_)) => nodes.push(entry),
            Some(_) => return empty(head),
            None => {
                let message = "a mapping needs `fields:`";
                self.checker.found.push(Diagnostic::error("M034", root.span.clone(), message));
            }
        }
        let fields = self.fields(&nodes, head.target.as_ref(), &mut made);
        let checks = self.checks(root, made);
        for (slot, key) in own_lets {
            self.unused(slot, key);
        }
        MappingCode { pick, lets, fields, checks, ..empty(head) }
    }

    /// `money.pick`: a word, or an expression that gives one of the two.
    fn pick(&mut self, node: &'a Node) -> Option<Code> {
        match node.text() {
            Some("shop") => {
                self.checker.pick = Pick::Shop;
                return None;
            }
            Some("presentment") => {
                self.checker.pick = Pick::Presentment;
                return None;
            }
            _ => {}
        }
        let mut ast = self.read(node)?;
        words(&mut ast);
        let part = self.checker.whole(&ast);
        let wanted = Type::Enum(["shop", "presentment"].map(Arc::from).into());
        let target = crate::check::Target::wanted(&wanted);
        self.checker.assign(&part, &ast, &target);
        let slot = self.checker.push("$pick", Type::Text, true);
        self.checker.pick = Pick::Slot(slot);
        Some(part.code)
    }

    /// The shared documents of `use:`, and those that they use before them, each once.
    fn used(&mut self, root: &'a Node, shared: &'a BTreeMap<String, Document>) -> Vec<&'a Node> {
        let mut used = Used::default();
        self.take(root, shared, &mut used);
        used.documents.into_iter().map(|(_, document)| document).collect()
    }

    fn take(
        &mut self,
        root: &'a Node,
        shared: &'a BTreeMap<String, Document>,
        used: &mut Used<'a>,
    ) {
        for node in root.get("use").map(Node::items).unwrap_or_default() {
            let name = node.text().unwrap_or_default();
            if used.open.contains(&name) {
                let message = format!("the shared document `{name}` uses itself");
                let around = used.open.iter().skip_while(|open| **open != name);
                let around: Vec<&str> = around.copied().chain([name]).collect();
                let found = Diagnostic::error("M035", node.span.clone(), message);
                self.checker.found.push(found.note(around.join(" uses ")));
                continue;
            }
            let Some(document) = shared.get(name).and_then(|document| document.root.as_ref())
            else {
                self.no_document(node, name, shared);
                continue;
            };
            if used.documents.iter().any(|(taken, _)| *taken == name) {
                continue;
            }
            known_keys(document, &SHARED_KEYS, &mut self.checker.found);
            shapes(document, &mut self.checker.found);
            if used.open.len() >= MAX_SHARED {
                let message = format!("more than {MAX_SHARED} shared documents use one another");
                self.checker.found.push(Diagnostic::error("M035", node.span.clone(), message));
                continue;
            }
            used.open.push(name);
            self.take(document, shared, used);
            used.open.pop();
            for (key, piece) in document.get("pieces").map(Node::entries).unwrap_or_default() {
                self.pieces.insert(key.text().unwrap_or_default().to_owned(), piece);
            }
            used.documents.push((name, document));
        }
    }

    fn no_document(&mut self, node: &Node, name: &str, shared: &BTreeMap<String, Document>) {
        let message = format!("there is no shared document `{name}`");
        let mut found = Diagnostic::error("M035", node.span.clone(), message);
        if let Some(near) = tenon_source::near(name, shared.keys().map(String::as_str)) {
            found = found.note(format!("did you mean `{near}`?"));
        }
        self.checker.found.push(found);
    }

    /// Named values: each is seen by those after it.
    pub(super) fn lets(
        &mut self,
        node: &'a Node,
        lets: &mut Vec<Named>,
        mut slots: Option<&mut Vec<(u16, &'a Node)>>,
    ) {
        for (key, value) in node.entries() {
            let name = key.text().unwrap_or_default();
            let (part, text) = self.expression(value);
            self.checker.place = Place::Node(key);
            self.checker.shadows(name, &(0..name.len()));
            let slot = self.checker.push(name, part.ty, true);
            if let Some(slots) = &mut slots {
                slots.push((slot, key));
            }
            lets.push(Named { name: Arc::from(name), text, code: part.code });
        }
    }

    pub(super) fn unused(&mut self, slot: u16, key: &Node) {
        let used = self.checker.locals.get(usize::from(slot)).is_none_or(|local| local.used);
        let name = key.text().unwrap_or_default();
        if !used && !name.starts_with('_') {
            let message = format!("`{name}` is never used");
            self.checker.found.push(Diagnostic::warning("M021", key.span.clone(), message));
        }
    }

    /// The tree of a scalar.
    pub(super) fn read(&mut self, node: &'a Node) -> Option<Ast> {
        self.checker.place = Place::Node(node);
        read_node(node, &mut self.checker)
    }

    /// An expression of no wanted type.
    pub(super) fn expression(&mut self, node: &'a Node) -> (Part, String) {
        match self.read(node) {
            Some(ast) => (self.checker.check(&ast), print(&ast)),
            None => (Part::unknown(), String::new()),
        }
    }

    /// A condition.
    pub(super) fn condition(&mut self, node: &'a Node) -> Option<Code> {
        let ast = self.read(node)?;
        let before = self.checker.found.len();
        let part = self.checker.check(&ast);
        if self.checker.found.len() == before {
            self.checker.needs_bool(&part, &ast);
        }
        Some(part.code)
    }

    fn checks(&mut self, root: &'a Node, made: IndexMap<Arc<str>, Field>) -> Vec<Check> {
        self.checker.push("out", Type::Record(Arc::new(made)), false);
        let mut checks = Vec::new();
        for node in root.get("checks").map(Node::items).unwrap_or_default() {
            let Some(ast) = self.read(node) else { continue };
            let before = self.checker.found.len();
            let part = self.checker.check(&ast);
            if self.checker.found.len() == before {
                self.checker.needs_bool(&part, &ast);
            }
            let sides = sides(&part.code);
            checks.push(Check { text: print(&ast), code: part.code, sides });
        }
        checks
    }
}

/// What stands for a mapping that is not handed out.
fn empty(head: &Head) -> MappingCode {
    MappingCode {
        name: head.name.clone(),
        from: head.from.clone(),
        to: head.to.clone(),
        pick: None,
        lets: Vec::new(),
        fields: Fields::default(),
        checks: Vec::new(),
    }
}

/// Both sides of a comparison.
fn sides(code: &Code) -> Option<(Code, Code)> {
    match code {
        Code::Approx(sides) => {
            let [a, b, _] = &**sides;
            Some((a.clone(), b.clone()))
        }
        Code::Binary(op, a, b) if !matches!(op, Op::And | Op::Or) => {
            Some(((**a).clone(), (**b).clone()))
        }
        _ => None,
    }
}

/// The words `shop` and `presentment` as texts, where a choice ends in them.
fn words(ast: &mut Ast) {
    match &mut ast.kind {
        Kind::Name(name) if name == "shop" || name == "presentment" => {
            ast.kind = Kind::Template(vec![Piece::Text(name.clone())]);
        }
        Kind::If(_, a, b) | Kind::Try(a, b) | Kind::Binary(_, a, b) => {
            words(a);
            words(b);
        }
        Kind::Match(_, arms) => arms.iter_mut().for_each(|arm| words(&mut arm.gives)),
        _ => {}
    }
}
