//! `tenon explain shopify.order`: the resources of a connector and the fields of their records.

use tenon_kit::Connector;
use tenon_mapper::{Field, Type, Types};

use crate::exit::Failure;
use crate::project;

/// What stands under a dotted path that begins with a connector's name; none where it does not.
///
/// # Errors
/// When the path leads nowhere, with the near name.
pub fn page(path: &str) -> Result<Option<String>, Failure> {
    let mut parts = path.split('.');
    let connectors = project::connectors()?;
    let Some(connector) = parts.next().and_then(|name| connectors.get(name)) else {
        return Ok(None);
    };
    let Some(name) = parts.next() else { return Ok(Some(resources(connector))) };
    let Some(resource) = connector.resource(name) else {
        let known = connector.resources().map(|resource| resource.name.as_str());
        return Err(astray(path, name, known));
    };
    let rest: Vec<&str> = parts.collect();
    let mut out = String::new();
    let (mut read, mut written) = (Some(resource.record.clone()), Some(resource.write.clone()));
    for part in &rest {
        let known: Vec<String> = [&read, &written]
            .into_iter()
            .flatten()
            .flat_map(|ty| fields(ty, connector.types()))
            .map(|(name, _)| name)
            .collect();
        read = read.and_then(|ty| step(&ty, part, connector.types()));
        written = written.and_then(|ty| step(&ty, part, connector.types()));
        if read.is_none() && written.is_none() {
            return Err(astray(path, part, known.iter().map(String::as_str)));
        }
    }
    for (title, ty) in [("read", read), ("written", written)] {
        let Some(ty) = ty.filter(|ty| *ty != Type::Dyn) else { continue };
        out.push_str(&format!("{path}, as it is {title}: {ty}\n"));
        let all = fields(&ty, connector.types());
        let width = all.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, field) in all {
            out.push_str(&format!("  {name:width$}  {}\n", line(&field, title == "written")));
        }
        out.push('\n');
    }
    out.push_str("A `?` behind a type says that the value may be absent. A further name in the path, as in\n");
    out.push_str("shopify.order.customer, shows what is inside.\n");
    Ok(Some(out))
}

fn astray<'a>(path: &str, part: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let failure = Failure::usage(format!("{path}: there is no `{part}`"));
    match tenon_source::near(part, known) {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure.hint("one name less in the path lists what there is"),
    }
}

fn resources(connector: &Connector) -> String {
    let name = connector.name();
    let mut out = format!("{name}: {}\n", connector.title());
    for resource in connector.resources() {
        let path = format!("{name}.{}", resource.name);
        out.push_str(&format!("  {path:<32} {}\n", resource.title));
    }
    out
}

/// The type without its chance of being absent, and of the items where it is a list.
fn inside(ty: &Type) -> &Type {
    match ty {
        Type::Optional(inner) | Type::List(inner) => inside(inner),
        other => other,
    }
}

fn fields(ty: &Type, types: &Types) -> Vec<(String, Field)> {
    let fields = match inside(ty) {
        Type::Named(name) => types.fields(name),
        Type::Record(fields) => Some(&**fields),
        _ => None,
    };
    let all = fields.into_iter().flatten();
    all.map(|(name, field)| (name.to_string(), field.clone())).collect()
}

fn step(ty: &Type, part: &str, types: &Types) -> Option<Type> {
    let part = part.trim_end_matches("[]");
    fields(ty, types).into_iter().find(|(name, _)| name == part).map(|(_, field)| field.ty)
}

/// A field's type, and what a target says of it.
fn line(field: &Field, written: bool) -> String {
    let mut says = vec![field.ty.to_string()];
    if written {
        says.extend(field.required.then(|| "must be there".to_owned()));
        says.extend(field.max_length.map(|most| format!("at most {most} characters")));
        says.extend(field.read_only.then(|| "set by the system".to_owned()));
    }
    says.join(", ")
}
