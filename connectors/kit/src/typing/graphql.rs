//! Types of what GraphQL documents select: what is not selected is not there.

use std::sync::Arc;

use apollo_compiler::ast::Type as GraphqlType;
use apollo_compiler::executable::{Field as Selected, Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use indexmap::IndexMap;
use tenon_mapper::types::{Field, Type, Wire};
use tenon_source::{Diagnostic, Node};
use tenon_value::Value;

use super::{Typing, cost};
use crate::schema::{Document, Sdl};

impl Typing {
    /// Reads and validates a document of the folder against the version's SDL.
    pub(crate) fn document(&mut self, node: &Node, name: &str, text: &str) -> Option<Document> {
        let Some(sdl) = &self.schemas.sdl else {
            self.find(
                "C007",
                node,
                format!("`{name}` needs the API's GraphQL schema under `api.schemas`"),
            );
            return None;
        };
        match sdl.document(text, name) {
            Ok(document) => Some(document),
            Err(error) => {
                self.find("C011", node, format!("`{name}` does not fit the schema: {error}"));
                None
            }
        }
    }

    fn find(&mut self, code: &'static str, node: &Node, message: String) {
        self.found.push(Diagnostic::error(code, node.span.clone(), message));
    }

    /// What a document asks of the cost bucket with these variables.
    pub(crate) fn cost(&self, document: &Document, variables: &Value) -> u32 {
        self.schemas
            .sdl
            .as_ref()
            .map_or(1, |sdl| cost::of(&document.parsed, sdl.schema(), variables))
    }

    /// The type of what stands at a dotted path below `data`; connections are plain lists.
    pub(crate) fn selected(
        &mut self,
        place: &Node,
        document: &Document,
        path: &str,
        name: &str,
    ) -> Option<Type> {
        let sdl = self.schemas.sdl.clone()?;
        let operation = document.parsed.operations.get(None).ok()?;
        let walk = Walk { sdl: &sdl, document, place };
        let name = self.name(name);
        walk.below(self, &operation.selection_set, path, &name)
    }
}

/// What must be selected, and the code of leaving it out.
struct Wanted {
    keys: [&'static str; 2],
    code: &'static str,
}

const BOTH_MONIES: Wanted = Wanted { keys: ["shopMoney", "presentmentMoney"], code: "C018" };
const WHOLE_MONEY: Wanted = Wanted { keys: ["amount", "currencyCode"], code: "C018" };
const WHOLE_PAGE: Wanted = Wanted { keys: ["hasNextPage", "endCursor"], code: "C016" };

struct Walk<'a> {
    sdl: &'a Sdl,
    document: &'a Document,
    /// Where the manifest names the document.
    place: &'a Node,
}

impl Walk<'_> {
    fn below(
        &self,
        typing: &mut Typing,
        set: &SelectionSet,
        path: &str,
        name: &str,
    ) -> Option<Type> {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let field = set.root_fields(&self.document.parsed).find(|f| f.response_key() == first)?;
        if rest.is_empty() {
            let ty = self.field_type(typing, field.ty(), &[&field.selection_set], name);
            return Some(ty.required().clone());
        }
        self.below(typing, &field.selection_set, rest, name)
    }

    /// A field's type, its records named by their path.
    fn field_type(
        &self,
        typing: &mut Typing,
        ty: &GraphqlType,
        sets: &[&SelectionSet],
        name: &str,
    ) -> Type {
        let (inner, absent) = match ty {
            GraphqlType::NonNullNamed(named) => (self.inner(typing, named, sets, name), false),
            GraphqlType::Named(named) => (self.inner(typing, named, sets, name), true),
            GraphqlType::NonNullList(item) => {
                (self.field_type(typing, item, sets, name).list(), false)
            }
            GraphqlType::List(item) => (self.field_type(typing, item, sets, name).list(), true),
        };
        if absent { inner.optional() } else { inner }
    }

    fn inner(&self, typing: &mut Typing, named: &str, sets: &[&SelectionSet], name: &str) -> Type {
        match named {
            "MoneyBag" => {
                self.selects(typing, sets, &BOTH_MONIES, name);
                for half in ["shopMoney", "presentmentMoney"] {
                    let below = self.children(sets, half);
                    let below: Vec<&SelectionSet> = below.iter().collect();
                    self.selects(typing, &below, &WHOLE_MONEY, name);
                }
                return Type::MoneyBag;
            }
            "MoneyV2" => {
                self.selects(typing, sets, &WHOLE_MONEY, name);
                return Type::Money;
            }
            _ => {}
        }
        match self.sdl.schema().types.get(named) {
            Some(ExtendedType::Enum(values)) => {
                Type::Enum(values.values.keys().map(|value| Arc::from(value.as_str())).collect())
            }
            Some(ExtendedType::Scalar(_)) | None => scalar(named),
            Some(_) if named.ends_with("Connection") => {
                let page = self.children(sets, "pageInfo");
                let page: Vec<&SelectionSet> = page.iter().collect();
                self.selects(typing, &page, &WHOLE_PAGE, name);
                let nodes: Vec<SelectionSet> = self.children(sets, "nodes");
                let nodes: Vec<&SelectionSet> = nodes.iter().collect();
                match nodes.first() {
                    Some(set) => {
                        let ty = set.ty.clone();
                        self.inner(typing, &ty, &nodes, name).list()
                    }
                    None => Type::Dyn,
                }
            }
            Some(_) => self.record(typing, named, sets, name),
        }
    }

    /// Reports what must be selected and is not.
    fn selects(&self, typing: &mut Typing, sets: &[&SelectionSet], wanted: &Wanted, name: &str) {
        for key in wanted.keys {
            if self.children(sets, key).is_empty() {
                let message = format!("{name} does not select `{key}`");
                typing.found.push(Diagnostic::error(wanted.code, self.place.span.clone(), message));
            }
        }
    }

    fn children(&self, sets: &[&SelectionSet], key: &str) -> Vec<SelectionSet> {
        sets.iter()
            .flat_map(|set| set.root_fields(&self.document.parsed))
            .filter(|field| field.response_key() == key)
            .map(|field| field.selection_set.clone())
            .collect()
    }

    fn record(&self, typing: &mut Typing, named: &str, sets: &[&SelectionSet], name: &str) -> Type {
        let mut picked: IndexMap<String, (Vec<apollo_compiler::Node<Selected>>, bool)> =
            IndexMap::new();
        for set in sets {
            self.pick(set, named, true, &mut picked);
        }
        let mut fields: IndexMap<Arc<str>, Field> = IndexMap::new();
        for (key, (selected, everywhere)) in &picked {
            let Some(first) = selected.first() else { continue };
            let below: Vec<&SelectionSet> =
                selected.iter().map(|field| &field.selection_set).collect();
            let ty = self.field_type(typing, first.ty(), &below, &format!("{name}.{key}"));
            let mut field = field_of(first, ty);
            if !everywhere {
                field.ty = field.ty.optional();
            }
            fields.insert(Arc::from(key.as_str()), field);
        }
        typing.types.add(name, fields);
        Type::named(name)
    }

    /// Fields by their key, fragments opened; a field of a fragment on another type is not everywhere.
    fn pick(
        &self,
        set: &SelectionSet,
        named: &str,
        everywhere: bool,
        into: &mut IndexMap<String, (Vec<apollo_compiler::Node<Selected>>, bool)>,
    ) {
        for selection in &set.selections {
            let (inner, condition) = match selection {
                Selection::Field(field) => {
                    let key = field.response_key().to_string();
                    let entry = into.entry(key).or_insert_with(|| (Vec::new(), everywhere));
                    entry.0.push(field.clone());
                    entry.1 |= everywhere;
                    continue;
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.type_condition.as_ref();
                    (&fragment.selection_set, condition.map(ToString::to_string))
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.parsed.fragments.get(&spread.fragment_name)
                    else {
                        continue;
                    };
                    (&fragment.selection_set, Some(fragment.selection_set.ty.to_string()))
                }
            };
            let same = condition.as_deref().is_none_or(|condition| condition == named);
            self.pick(inner, named, everywhere && same, into);
        }
    }
}

fn scalar(named: &str) -> Type {
    match named {
        "Int" => Type::Int,
        "Float" | "Decimal" | "Money" => Type::Decimal,
        "Boolean" => Type::Bool,
        "Date" => Type::Date,
        "DateTime" => Type::DateTime,
        "UnsignedInt64" | "BigInt" => Type::Int,
        "JSON" => Type::Dyn,
        _ => Type::Text,
    }
}

const PERSONAL: [&str; 14] = [
    "email",
    "emailAddress",
    "phone",
    "phoneNumber",
    "firstName",
    "lastName",
    "name",
    "displayName",
    "address1",
    "address2",
    "zip",
    "city",
    "note",
    "company",
];

fn field_of(selected: &Selected, ty: Type) -> Field {
    let named = selected.ty().inner_named_type().as_str();
    let text = matches!(named, "Decimal" | "Money" | "UnsignedInt64" | "BigInt");
    let reason = selected
        .definition
        .directives
        .get("deprecated")
        .and_then(|d| d.specified_argument_by_name("reason"))
        .and_then(|reason| reason.as_str().map(Arc::from));
    let leaf = matches!(ty.required(), Type::Text);
    Field {
        wire: if text { Wire::Text } else { Wire::Plain },
        deprecated: reason,
        personal: leaf && PERSONAL.contains(&selected.name.as_str()),
        read_only: true,
        ..Field::of(ty)
    }
}
