//! `tenon map explain`, as a person reads it.

use std::process::Command;

use super::{documents, project};
use crate::program;

/// Rewrites what is generated instead of comparing it.
pub const UPDATE: &str = "TENON_UPDATE";

/// Compares a generated file with what it should hold, or writes it where that is asked for.
pub fn holds(path: &std::path::Path, text: &str) {
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(path, text).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stored == text, "{} is not fresh: run the tests with {UPDATE}=1", path.display());
}

#[test]
fn the_kept_order_is_the_sandboxs_order_of_a_company_without_an_invoice_address() {
    let order = documents::order("b2b_no_billing", 0);
    let order: serde_json::Value = serde_json::from_str(&tenon_value::json::write(&order)).unwrap();
    let text = serde_json::to_string_pretty(&order).unwrap() + "\n";
    holds(&project::folder().join("tests/b2b-no-billing.json"), &text);
}

#[test]
fn explain_shows_which_name_won_and_every_value_on_the_way() {
    let tests = project::folder().join("tests");
    let out = Command::new(program::path())
        .args(["map", "explain", "order", "--project", "."])
        .args(["--input", "tests/b2b-no-billing.json"])
        .args(["--reference", "customer:gid://shopify/Company/4100000000=S4100000000"])
        .current_dir(project::folder())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    let chain = "CustomerName = \"Kaffestugan i Ängelholm AB\"\n  \
                 x order.billingAddress.company: nothing there\n  \
                 > company.name: \"Kaffestugan i Ängelholm AB\"\n  \
                 - order.billingAddress.name\n";
    assert!(text.contains(chain), "{text}");
    holds(&tests.join("b2b-no-billing.explain.txt"), &text);
}
