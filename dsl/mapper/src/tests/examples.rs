//! Every example of every function is true.

use indexmap::IndexMap;

use super::shown;
use crate::{Env, Scope, TableType, Type, functions};

#[test]
fn every_example_of_every_function_is_true() {
    let mut env = Env { open: true, ..Env::default() };
    let keys = IndexMap::from([("rate".to_owned(), Type::Int)]);
    env.tables.insert("vat".to_owned(), TableType { keys, value: Type::Text });
    let mut wrong = Vec::new();
    for function in functions::ALL {
        assert!(!function.examples.is_empty(), "{} has an example", function.name);
        assert!(!function.doc.is_empty(), "{} has a sentence", function.name);
        for (given, wanted) in function.examples {
            let found = shown(given, &env, &Scope::new());
            let wanted = if wanted.starts_with("fault ") || wanted.starts_with("skip ") {
                (*wanted).to_owned()
            } else {
                shown(wanted, &env, &Scope::new())
            };
            if found != wanted {
                wrong.push(format!("{given}: {found}, not {wanted}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn functions_stand_in_the_order_of_their_names() {
    let names: Vec<&str> = functions::ALL.iter().map(|f| f.name).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
}

#[test]
fn a_signature_shows_what_may_be_left_out() {
    let round = functions::Function::named("round").unwrap();
    assert_eq!(
        round.signature(),
        "round(value: number or money, scale: int, mode?: one of a few texts) -> decimal or money"
    );
}
