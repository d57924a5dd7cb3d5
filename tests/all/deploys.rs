//! Flows are changed while they run, as an operator does it: the real binary, on a server under load
//! and on a directory that no server holds.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::program;
use crate::stage::{Stage, edit, replace};

/// Orders that are moved while documents are deployed.
const LOAD: usize = 20;
/// Deploys that are killed on their way.
const KILLS: u64 = 8;

/// A stage whose documents are at hand twice: as they run, and to be changed.
async fn stage() -> (Stage, PathBuf, PathBuf) {
    let mut stage = Stage::set().await;
    let runs = stage.own_project();
    stage.collective_customer().await;
    let changed = stage.folder.path().join("changed");
    crate::stage::copy(&runs, &changed);
    (stage, runs, changed)
}

fn words(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Another address, and a step without a name before the others.
fn other_documents(folder: &Path) {
    replace(
        &folder.join("order.map.yaml"),
        "  Address1: bill_to.address1",
        "  Address1: bill_to.city",
    );
    replace(
        &folder.join("order.flow.yaml"),
        "  - id: standing\n",
        "  - log: \"order {order.name} comes in\"\n  - id: standing\n",
    );
}

/// A task that failed for want of a row in the table of payment methods.
async fn unpaid(stage: &Stage) -> String {
    let (order, _) = stage.order("unknown_payment").await;
    stage.tell("orders/create", &order).await;
    let id = stage.task(&order).await["id"].as_str().unwrap().to_owned();
    stage.state(&id, "failed").await;
    id
}

fn says(stage: &Stage, words: &[&str], code: i32, wanted: &[&str]) -> String {
    let said = stage.run(words, "");
    assert_eq!(said.code, code, "tenon {words:?}: {}", said.text);
    for part in wanted {
        assert!(said.text.contains(part), "tenon {words:?} does not say `{part}`:\n{}", said.text);
    }
    said.text
}

/// The graph of each flow.
fn graphs(stage: &Stage) -> Vec<String> {
    let flows = stage.tenon(&["flow", "list", "--output", "json"]);
    let flows: Value = serde_json::from_str(&flows).unwrap();
    let one = |flow: &Value| format!("{} {}", flow["flow"], flow["graph"]);
    flows.as_array().unwrap().iter().map(one).collect()
}

#[tokio::test]
async fn documents_are_deployed_to_a_server_under_load_and_tasks_move_by_choice() {
    let (mut stage, runs, changed) = stage().await;
    stage.serve();
    let failed = unpaid(&stage).await;
    let mut load = Vec::new();
    for _ in 0..LOAD {
        load.push(stage.order("card").await.0);
    }
    for order in &load {
        stage.tell("orders/create", order).await;
    }

    // Documents with errors deploy nothing and try nothing.
    let before = graphs(&stage);
    replace(
        &changed.join("order.map.yaml"),
        "  Address1: bill_to.address1",
        "  Address1: bill_to.town",
    );
    let nothing = ["deploy", words(&changed)];
    says(&stage, &nothing, 1, &["error[", "order.map.yaml", "nothing was deployed"]);
    let against = ["flow", "shadow", "order", "--against", words(&changed)];
    says(&stage, &against, 1, &["error[", "nothing was tried"]);
    replace(
        &changed.join("order.map.yaml"),
        "  Address1: bill_to.town",
        "  Address1: bill_to.address1",
    );
    assert_eq!(graphs(&stage), before);

    // What it would mean, first.
    other_documents(&changed);
    let dry = ["deploy", words(&changed), "--dry-run"];
    says(
        &stage,
        &dry,
        0,
        &["order     changed", "customer  same", &failed, "nothing was deployed: a dry run"],
    );
    assert_eq!(graphs(&stage), before);
    let done = ["deploy", words(&changed), "--why", "cities first"];
    says(
        &stage,
        &done,
        0,
        &["deployed: new tasks go by these graphs", "open and failed tasks that stay"],
    );
    let after = graphs(&stage);
    assert_ne!(after, before);
    says(&stage, &["log", "--limit", "1000"], 0, &["deployed from", "cities first"]);
    says(&stage, &done, 0, &["there is nothing to deploy"]);

    // Old tasks ended by what they began with, new ones go by the new documents.
    for order in &load {
        stage.state(stage.task(order).await["id"].as_str().unwrap(), "done").await;
    }
    let (order, name) = stage.order("card").await;
    stage.tell("orders/create", &order).await;
    stage.state(stage.task(&order).await["id"].as_str().unwrap(), "done").await;
    let made = stage.documents("orders", &name).await;
    assert_eq!(made[0]["Address1"], made[0]["City"], "{made:#?}");
    let old = stage.documents("orders", &stage.name_of(&load[0]).await).await;
    assert_ne!(old[0]["Address1"], old[0]["City"], "{old:#?}");

    // The failed one moves by a verb, with who and why, and is told what that means first.
    let would = ["task", "move", "--where", "state=failed", "--to", "latest", "--dry-run"];
    says(
        &stage,
        &would,
        0,
        &[
            "move would be given to 1 of 1 tasks",
            "it is compatible with that graph",
            "would: moved to graph",
        ],
    );
    let moves = ["deploy", words(&changed), "--move", "compatible", "--why", "with the new rows"];
    says(&stage, &moves, 0, &["nothing to deploy", "tasks moved: 1"]);
    says(&stage, &["task", "show", &failed], 0, &["moved to graph", "with the new rows", "set_9"]);
    says(&stage, &["log", "--limit", "1000"], 0, &["with the new rows"]);
    let nowhere = ["task", "move", &failed, "--to", "latest", "--step", "erp_order=nowhere"];
    says(&stage, &nowhere, 3, &["no step `nowhere`"]);

    // A restart runs what was deployed, and says that the folder is another.
    stage.kill();
    stage.project = Some(runs.clone());
    stage.serve();
    assert_eq!(graphs(&stage), after);
    says(&stage, &["deploy", words(&runs)], 0, &["order     changed", "deployed"]);
    assert_eq!(graphs(&stage), before, "the earlier documents are the earlier graphs");
}

#[tokio::test]
async fn a_shadow_run_compares_field_by_field_and_leaves_both_sides_alone() {
    let (mut stage, runs, changed) = stage().await;
    stage.serve();
    for kind in ["card", "card", "unknown_payment"] {
        let (order, _) = stage.order(kind).await;
        stage.tell("orders/create", &order).await;
    }
    stage.quiet().await;
    let ledger = stage.control("GET", "/control/fortnox/records/orders", Value::Null).await;
    let same = ["flow", "shadow", "order", "--last", "5", "--against", words(&runs)];
    says(
        &stage,
        &same,
        0,
        &["nothing was sent or stored", "3 same, 0 different, 0 fault, 0 not comparable"],
    );
    other_documents(&changed);
    let other = ["flow", "shadow", "order", "--last", "5", "--against", words(&changed)];
    let wanted = [
        "fortnox: create order (order step erp_order): otherwise",
        "Order.Address1: \"",
        "1 same, 2 different",
    ];
    says(&stage, &other, 1, &wanted);
    let json = stage.run(&[&other[..], &["--output", "json"]].concat(), "").text;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["totals"]["different"], 2, "{json:#}");
    // A row that the new documents bring along heals what failed: what follows nobody asked then.
    edit(&changed.join("tables/payment_methods.csv"), |text| {
        let columns = text.lines().next().unwrap().split(',').count();
        let like = text
            .lines()
            .find(|line| line.split(',').count() == columns && line.starts_with("klarna"));
        let row = like.unwrap_or_else(|| panic!("{text}")).replacen("klarna", "swish", 1);
        format!("{text}{row}\n")
    });
    says(
        &stage,
        &other,
        1,
        &[
            "0 same, 2 different",
            "1 not comparable",
            "it gets past TABLE_ROW_MISSING, then it runs flow customer",
        ],
    );
    says(
        &stage,
        &["flow", "shadow", "nothing", "--against", words(&runs)],
        3,
        &["no flow `nothing`"],
    );
    let secret = says(&stage, &other, 1, &[]);
    assert!(!secret.contains("shpat_") && !secret.contains("sandbox-client-secret"));
    let now = stage.control("GET", "/control/fortnox/records/orders", Value::Null).await;
    assert_eq!(now, ledger);

    // On a directory that nobody holds, the same.
    stage.kill();
    says(&stage, &same, 0, &["3 same"]);
}

#[tokio::test]
async fn a_deploy_to_a_stopped_directory_is_whole_however_it_is_killed() {
    let (stage, runs, changed) = stage().await;
    other_documents(&changed);
    let missing = stage.folder.path().join("nowhere");
    let said = Command::new(program::path())
        .args(["deploy", words(&runs), "--dry-run", "--dir"])
        .arg(&missing)
        .output()
        .unwrap();
    assert_eq!(said.status.code(), Some(2));
    assert!(!missing.exists(), "a dry run makes nothing");

    says(&stage, &["deploy", words(&runs)], 0, &["deployed"]);
    let old = graphs(&stage);
    says(&stage, &["deploy", words(&changed)], 0, &["deployed"]);
    let new = graphs(&stage);
    assert_ne!(old, new);
    let mut whole = [0, 0];
    for n in 0..KILLS {
        let folder = if n % 2 == 0 { &runs } else { &changed };
        let mut deploy = Command::new(program::path())
            .args(["deploy", words(folder), "--dir"])
            .arg(stage.dir())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ticks = tokio::time::interval(Duration::from_millis(20 + 60 * n));
        ticks.tick().await;
        ticks.tick().await;
        // One that has ended already cannot be killed, and need not be.
        let _ = deploy.kill();
        deploy.wait().unwrap();
        let now = graphs(&stage);
        assert!(now == old || now == new, "{now:?} is neither {old:?} nor {new:?}");
        whole[usize::from(now == new)] += 1;
        says(&stage, &["store", "verify"], 0, &["nothing is hurt"]);
    }
    assert_eq!(whole[0] + whole[1], KILLS);
    says(&stage, &["deploy", words(&runs)], 0, &["customer  same"]);
    assert_eq!(graphs(&stage), old);
}
