//! Every verb as an operator gives it: the real binary, on a server that moves orders meanwhile; each
//! leaves who, when and why.

use std::path::Path;

use serde_json::Value;

use crate::stage::{Stage, edit, telling};

/// Orders that are moved while the verbs are given.
const LOAD: usize = 30;

/// A stage with a server at work on orders that are well.
async fn under_load() -> (Stage, Vec<String>) {
    under_load_with(|_| ()).await
}

/// The same with other documents.
async fn under_load_with(change: impl FnOnce(&Path)) -> (Stage, Vec<String>) {
    let mut stage = Stage::set().await;
    change(&stage.own_project());
    stage.collective_customer().await;
    stage.serve();
    let mut load = Vec::new();
    for _ in 0..LOAD {
        load.push(stage.order("card").await.0);
    }
    for order in &load {
        stage.tell("orders/create", order).await;
    }
    (stage, load)
}

/// A task that failed for want of a row in the table of payment methods.
async fn unpaid(stage: &Stage) -> (String, String, String) {
    let (order, name) = stage.order("unknown_payment").await;
    stage.tell("orders/create", &order).await;
    let id = stage.task(&order).await["id"].as_str().unwrap().to_owned();
    stage.state(&id, "failed").await;
    (id, order, name)
}

/// Gives a verb and wants these words in what is said.
fn says(stage: &Stage, words: &[&str], wanted: &[&str]) -> String {
    let said = stage.tenon(words);
    for part in wanted {
        assert!(said.contains(part), "tenon {words:?} does not say `{part}`:\n{said}");
    }
    said
}

/// Waits until a task waits for that; before, it may wait for other things.
async fn comes_to_wait(stage: &Stage, task: &str, reason: &str) {
    let why = async || stage.tenon(&["task", "why", task]).contains(reason).then_some(());
    stage.until(reason, why).await;
}

/// Gives a verb that is refused, with these words.
fn refused(stage: &Stage, words: &[&str], code: i32, wanted: &[&str]) {
    let said = stage.run(words, "");
    assert_eq!(said.code, code, "tenon {words:?}: {}", said.text);
    for part in wanted {
        assert!(said.text.contains(part), "tenon {words:?} does not say `{part}`:\n{}", said.text);
    }
}

/// The lines of the journal and the audit log name who and why.
fn told(stage: &Stage, task: &str, why: &str) {
    let who = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    let who = who.unwrap_or_else(|_| "command line".to_owned());
    let journal = stage.tenon(&["task", "show", task]);
    let line = journal.lines().find(|line| line.contains(why));
    let line = line.unwrap_or_else(|| panic!("the journal does not say why: {journal}"));
    assert!(line.contains(&who), "{line}");
    let log = stage.tenon(&["log", "--limit", "1000"]);
    assert!(log.lines().any(|line| line.contains(why) && line.contains(task)), "{why}: {log}");
}

async fn load_is_done(stage: &Stage, load: &[String]) {
    for order in load {
        let task = stage.task(order).await;
        stage.state(task["id"].as_str().unwrap(), "done").await;
    }
}

#[tokio::test]
async fn one_task_is_repaired_by_each_verb_and_each_leaves_who_when_and_why() {
    let (stage, load) = under_load().await;
    let (task, order, _) = unpaid(&stage).await;
    let t = task.as_str();

    // People work together on it.
    says(&stage, &["task", "assign", t, "--to", "robin", "--why", "knows vat"], &[t, "failed"]);
    told(&stage, t, "knows vat");
    says(&stage, &["task", "tag", t, "--add", "swish", "--why", "find it again"], &[t]);
    told(&stage, t, "find it again");
    says(&stage, &["task", "note", t, "--text", "asked the shop"], &[t]);
    says(&stage, &["task", "show", t], &["asked the shop", "robin", "swish"]);
    says(&stage, &["task", "snooze", t, "--until", "2h", "--why", "they answer tomorrow"], &[t]);
    told(&stage, t, "they answer tomorrow");

    // What would happen, before it does.
    let would = ["task", "retry", t, "--dry-run"];
    says(
        &stage,
        &would,
        &["nothing was done", "would: retried by", "would: everything is read afresh"],
    );
    says(&stage, &["task", "cancel", t, "--dry-run"], &["would: cancelled by"]);
    says(&stage, &["task", "rerun", t, "--dry-run"], &["a new task of flow order"]);
    says(&stage, &["task", "move", t, "--to", "latest", "--dry-run"], &["would: moved to graph"]);
    assert_eq!(stage.task(&order).await["state"], "failed");
    says(&stage, &["task", "move", t, "--to", "latest", "--why", "the newest is right"], &[t]);
    told(&stage, t, "the newest is right");

    // The record is edited; then it goes on to its end.
    let wrong = r#"[{"op": "replace", "path": "/nowhere", "value": 1}]"#;
    refused(&stage, &["task", "edit", t, "--patch", wrong], 3, &["PATCH_REFUSED", "nowhere"]);
    refused(&stage, &["task", "edit", t, "--patch", "not json"], 2, &["no JSON"]);
    let patch = r#"[{"op": "replace", "path": "/transactions/0/gateway", "value": "klarna"}]"#;
    says(&stage, &["task", "edit", t, "--patch", patch, "--why", "paid by klarna"], &[t, "failed"]);
    told(&stage, t, "paid by klarna");
    says(&stage, &["task", "retry", t, "--why", "edited"], &[t]);
    stage.state(t, "done").await;
    told(&stage, t, "edited");
    refused(&stage, &["task", "retry", t], 3, &["VERB_REFUSED", "done"]);
    refused(&stage, &["task", "skip", t, "--step", "erp_order", "--given", "{}"], 3, &["done"]);
    says(&stage, &["task", "rerun", t, "--why", "once more"], &["order"]);
    stage.quiet().await;
    assert_eq!(stage.tasks("order", &order).await.len(), 2);
    load_is_done(&stage, &load).await;
}

#[tokio::test]
async fn tasks_end_by_a_persons_word_and_outcomes_are_forgotten_from_a_step_on() {
    let (stage, load) = under_load().await;
    let (skipped, ..) = unpaid(&stage).await;
    refused(
        &stage,
        &["task", "skip", &skipped, "--step", "nowhere", "--given", "{}"],
        3,
        &["no step `nowhere`"],
    );
    let (done, ..) = unpaid(&stage).await;
    says(&stage, &["task", "done", &done, "--why", "booked by hand"], &[&done, "done"]);
    told(&stage, &done, "booked by hand");
    let (cancelled, ..) = unpaid(&stage).await;
    says(&stage, &["task", "cancel", &cancelled, "--why", "a mistake"], &[&cancelled, "cancelled"]);
    told(&stage, &cancelled, "a mistake");

    // A task that is done is not taken up again; a failed one is, from a step on.
    stage.tenon(&[
        "table",
        "set",
        "payment_methods",
        "gateway=swish",
        "at=capture",
        "terms=0",
        "mode=BG",
        "send=mark_sent",
    ]);
    let from = ["task", "retry", &skipped, "--from", "erp_order", "--why", "from the order on"];
    says(&stage, &from, &[&skipped]);
    stage.state(&skipped, "done").await;
    told(&stage, &skipped, "from the order on");
    for question in ["happened", "link"] {
        refused(&stage, &["task", question, &skipped, "--id", "7"], 3, &["VERB_REFUSED"]);
    }
    for question in ["not-happened", "create-new", "pause", "resume"] {
        refused(&stage, &["task", question, &skipped], 3, &["VERB_REFUSED"]);
    }
    load_is_done(&stage, &load).await;
}

#[tokio::test]
async fn many_tasks_are_one_issue_and_released_together_by_the_value_they_lack() {
    let (stage, load) = under_load().await;
    let mut tasks = Vec::new();
    for _ in 0..4 {
        tasks.push(unpaid(&stage).await.0);
    }
    let listed: Value =
        serde_json::from_str(&stage.tenon(&["issue", "list", "--output", "json"])).unwrap();
    let issue = listed.as_array().unwrap().iter().find(|i| i["code"] == "TABLE_ROW_MISSING");
    let issue = issue.unwrap_or_else(|| panic!("{listed:#}"));
    assert_eq!(issue["count"], 4, "{issue:#}");
    let number = issue["issue"].as_str().unwrap();
    let wanted = ["payment_methods", "explanation", "what_to_do", "swish", "4 tasks", &tasks[0]];
    says(&stage, &["issue", "show", number], &wanted);
    says(
        &stage,
        &["issue", "retry", number, "--dry-run"],
        &["retry would be given to 4 of 4 tasks; 0 writes have already happened"],
    );
    says(&stage, &["task", "retry", "--issue", number], &["retry given to 1 of 4 tasks"]);
    stage
        .until("the retry to stop", async || {
            let log = stage.tenon(&["log", "--limit", "1000"]);
            log.contains("the fault is still there").then_some(())
        })
        .await;
    says(
        &stage,
        &["task", "tag", "--where", "state=failed", "fault=TABLE_ROW_MISSING", "--add", "vat"],
        &["tag given to 1 of 4 tasks", "3 more follow in waves"],
    );
    let row = ["gateway=swish", "at=capture", "terms=0", "mode=BG", "send=mark_sent"];
    let set = [&["table", "set", "payment_methods"][..], &row].concat();
    says(&stage, &set, &["4 tasks failed for want of this", "--release"]);
    says(&stage, &[&set[..], &["--release"]].concat(), &["release given to 1 of 4 tasks"]);
    for task in &tasks {
        stage.state(task, "done").await;
    }
    says(&stage, &["task", "cancel", "--where", "tag=vat", "--dry-run"], &["0 of 0 tasks"]);
    refused(&stage, &["task", "cancel", "--where", "colour=red"], 3, &["chosen by `colour`"]);
    refused(&stage, &["task", "cancel"], 2, &["ID"]);
    load_is_done(&stage, &load).await;
}

#[tokio::test]
async fn flows_connections_and_records_are_held_and_let_go() {
    let (stage, load) = under_load().await;
    says(&stage, &["flow", "pause", "order", "--why", "stock count"], &["stock count"]);
    let (order, _) = stage.order("card").await;
    stage.tell("orders/create", &order).await;
    let held = stage.task(&order).await["id"].as_str().unwrap().to_owned();
    says(&stage, &["task", "why", &held], &["flow order is paused by", "stock count"]);
    says(&stage, &["flow", "list"], &["stock count"]);
    says(&stage, &["flow", "graphs", "order"], &["true"]);
    says(&stage, &["flow", "resume", "order"], &["order"]);
    stage.state(&held, "done").await;

    says(&stage, &["connection", "pause", "fortnox", "--why", "closing"], &["paused"]);
    let (order, _) = stage.order("card").await;
    stage.tell("orders/create", &order).await;
    let parked = stage.task(&order).await["id"].as_str().unwrap().to_owned();
    comes_to_wait(&stage, &parked, "paused by").await;
    says(&stage, &["connection", "resume", "fortnox"], &["up"]);
    stage.state(&parked, "done").await;

    let (task, order, _) = unpaid(&stage).await;
    refused(&stage, &["record", "ignore", &order], 3, &["needs a reason"]);
    says(&stage, &["record", "ignore", &order, "--why", "a staff order"], &[&task]);
    stage.state(&task, "cancelled").await;
    says(&stage, &["record", "ignored"], &["a staff order"]);
    refused(&stage, &["task", "rerun", &task], 3, &["RECORD_IGNORED", "record heed"]);
    says(&stage, &["record", "heed", &order], &["false"]);

    let (task, order, _) = unpaid(&stage).await;
    let link = [
        "record",
        "link",
        &order,
        "--entity",
        "order",
        "--target",
        "12",
        "--hands-off",
        "--why",
        "made there",
    ];
    says(&stage, &link, &["12", &task, "done"]);
    let log = stage.tenon(&["log", "--limit", "1000"]);
    for what in
        ["flow_paused", "connection_resumed", "record_ignored", "record_heeded", "reference_added"]
    {
        assert!(log.contains(what), "{what}: {log}");
    }
    load_is_done(&stage, &load).await;
}

/// An order that the shop has and no webhook told of.
async fn untold(stage: &Stage) -> String {
    stage.order("card").await.0
}

#[tokio::test]
async fn records_that_were_not_told_are_exported_reconciled_and_loaded_again() {
    let (stage, load) = under_load_with(|project| {
        edit(&project.join("order.flow.yaml"), |text| {
            text.replace(
                "  webhook:",
                "  poll: { since: updatedAt, overlap: 2m, every: 24h }\n  webhook:",
            )
        });
    })
    .await;
    let (one, two) = (untold(&stage).await, untold(&stage).await);
    let export = ["flow", "export", "order", "--id", &one];
    says(&stage, &[&export[..], &["--dry-run"]].concat(), &[&one, "started   0"]);
    assert!(stage.tasks("order", &one).await.is_empty());
    says(&stage, &[&export[..], &["--why", "asked by the shop"]].concat(), &[&one, "started   1"]);
    let task = stage.task(&one).await["id"].as_str().unwrap().to_owned();
    stage.state(&task, "done").await;

    let reconcile = ["flow", "reconcile", "order", "--from", "2020-01-01T00:00:00Z"];
    says(&stage, &[&reconcile[..], &["--dry-run"]].concat(), &[&two]);
    says(&stage, &[&reconcile[..], &["--why", "month's end"]].concat(), &[&two]);
    let task = stage.task(&two).await["id"].as_str().unwrap().to_owned();
    stage.state(&task, "done").await;
    assert_eq!(stage.tasks("order", &one).await.len(), 1, "what is known is not started again");

    says(&stage, &["history", "list"], &["order"]);
    let set = ["history", "set", "order", "2020-01-01T00:00:00Z"];
    says(&stage, &[&set[..], &["--dry-run"]].concat(), &["record"]);
    says(&stage, &[&set[..], &["--why", "loaded again"]].concat(), &["2020-01-01"]);
    says(&stage, &["history", "list"], &["2020-01-01"]);
    refused(&stage, &["history", "set", "order", "yesterday"], 3, &["`yesterday` is no instant"]);
    refused(&stage, &["flow", "export", "nowhere", "--id", "1"], 3, &["nowhere"]);
    let log = stage.tenon(&["log", "--limit", "1000"]);
    for why in ["asked by the shop", "month's end", "loaded again"] {
        assert!(log.contains(why), "{why}: {log}");
    }
    load_is_done(&stage, &load).await;
}

#[tokio::test]
async fn kept_webhooks_are_listed_and_taken_once_more() {
    let (stage, load) = under_load().await;
    stage.quiet().await;
    let listed: Value =
        serde_json::from_str(&stage.tenon(&["delivery", "list", "--output", "json"])).unwrap();
    let deliveries = listed.as_array().unwrap();
    assert_eq!(deliveries.len(), LOAD, "{listed:#}");
    let id = deliveries[0]["id"].as_str().unwrap();
    says(&stage, &["delivery", "replay", id, "--why", "the first went wrong"], &[id, "task_"]);
    stage.quiet().await;
    let (status, _) = stage
        .webhook("orders/create", "forged", &telling(&load[0]))
        .signed("another secret")
        .post()
        .await
        .unwrap();
    assert_eq!(status, 401);
    says(&stage, &["delivery", "list", "--acceptance", "rejected"], &["signature fits none"]);
    refused(&stage, &["delivery", "replay", "delivery_none"], 3, &["delivery_none"]);
    let log = stage.tenon(&["log", "--limit", "1000"]);
    assert!(log.contains("the first went wrong"), "{log}");
    let tasks = stage.tenon(&["task", "list", "--limit", "1000", "--output", "json"]);
    let tasks: Value = serde_json::from_str(&tasks).unwrap();
    let of_orders = tasks.as_array().unwrap().iter().filter(|task| task["flow"] == "order");
    assert_eq!(of_orders.count(), LOAD + 1, "the webhook taken again is one more task");
}

#[tokio::test]
async fn a_schedule_is_listed_paused_resumed_and_run_by_hand() {
    let mut stage = Stage::set().await;
    let project = stage.own_project();
    edit(&project.join("integration.yaml"), |text| {
        format!(
            "{text}\nschedules:\n  nightly: {{ flow: order, cron: \"0 3 * * *\", zone: Europe/Stockholm }}\n"
        )
    });
    stage.collective_customer().await;
    stage.serve();
    let order = untold(&stage).await;
    says(&stage, &["schedule", "list"], &["nightly", "order", "T03:00:00+01:00"]);
    says(&stage, &["schedule", "pause", "nightly", "--why", "stock count"], &["nightly"]);
    says(&stage, &["schedule", "list"], &["stock count"]);
    says(&stage, &["schedule", "resume", "nightly", "--why", "counted"], &["nightly"]);
    says(&stage, &["schedule", "run", "nightly", "--why", "now"], &["nightly"]);
    let task = stage
        .until("the order to be moved", async || stage.tasks("order", &order).await.pop())
        .await;
    stage.state(task["id"].as_str().unwrap(), "done").await;
    refused(&stage, &["schedule", "run", "daily"], 3, &["daily"]);
    let log = stage.tenon(&["log", "--limit", "1000"]);
    for why in ["stock count", "counted", "now"] {
        assert!(log.contains(why), "{why}: {log}");
    }
}

#[tokio::test]
async fn a_connection_that_is_removed_keeps_its_tasks_until_it_is_added_again() {
    let (stage, load) = under_load().await;
    says(&stage, &["connection", "remove", "fortnox", "--why", "the books are sold"], &["auth"]);
    let (order, _) = stage.order("card").await;
    stage.tell("orders/create", &order).await;
    let parked = stage.task(&order).await["id"].as_str().unwrap().to_owned();
    comes_to_wait(&stage, &parked, "removed its credentials").await;
    says(&stage, &["task", "why", &parked], &["tenon connection add"]);
    says(&stage, &["log", "--limit", "1000"], &["connection_removed", "the books are sold"]);
    refused(&stage, &["connection", "remove", "nowhere"], 3, &["nowhere"]);
    stage.add_ledger().await;
    stage.state(&parked, "done").await;
    load_is_done(&stage, &load).await;
}
