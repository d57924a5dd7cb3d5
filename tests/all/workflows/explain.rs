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

/// Every field of every kind of order says where its value comes from: which candidate won, or that
/// none gave anything, or which fault stopped it.
#[test]
fn explain_gives_a_reason_for_each_field_of_every_kind_of_order() {
    for (_, kind, _) in tenon_sandbox::shopify::kinds::Kind::ALL {
        let out = crate::program::run(&[
            "map",
            "explain",
            "order",
            "--kind",
            kind,
            "--set",
            "collective_customer=WEBB",
        ]);
        let text = String::from_utf8(out.stdout).unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        let fields = text.split_once("\nFIELDS\n").unwrap_or_else(|| panic!("{kind}: {said}")).1;
        let fields = fields.split("\nCHECKS\n").next().unwrap();
        let lines: Vec<&str> = fields.lines().filter(|line| !line.is_empty()).collect();
        let mut reasons = 0;
        for pair in lines.windows(2) {
            let [line, below] = pair else { unreachable!() };
            if line.starts_with(' ') || line.starts_with("named values") {
                continue;
            }
            let below = below.trim_start();
            let given = below.starts_with("> ") || below.starts_with("x ");
            assert!(given, "{kind}: no reason for `{line}`:\n{below}");
            reasons += 1;
        }
        let stopped = !out.status.success();
        assert!(reasons >= 20 || stopped, "{kind}: {reasons} fields\n{text}");
        assert!(!stopped || said.contains("\"code\""), "{kind}: {said}");
    }
}
