//! Records and documents that are wrong: each ends in a named fault on its own task, with the field,
//! the value and what to do next; the others go on; after the repair it completes.

use serde_json::{Value, json};
use tenon_sandbox::shopify::example::VENDORS_ORDERS_CREATE;

use crate::intake::articles;
use crate::stage::{Stage, replace};

/// A fault as an operator must find it.
struct Expected {
    code: &'static str,
    field: &'static str,
    value: Value,
    /// In the message, beside the code.
    says: &'static str,
    /// In what to do next.
    next: &'static str,
}

/// A kind of order that cannot be moved as things are, and its fault.
fn bad_kinds() -> Vec<(&'static str, Expected)> {
    let rate = json!({"country": "SE", "buyer": "domestic", "rate": 13});
    vec![
        (
            "unknown_payment",
            Expected {
                code: "TABLE_ROW_MISSING",
                field: "table:payment_methods",
                value: json!("swish"),
                says: "swish",
                next: "tenon table set payment_methods",
            },
        ),
        (
            "unknown_rate",
            Expected {
                code: "TABLE_ROW_MISSING",
                field: "table:sales_accounts",
                value: rate,
                says: "\"rate\":13",
                next: "tenon table set sales_accounts",
            },
        ),
        (
            "unknown_currency",
            Expected {
                code: "NOT_FOUND",
                field: "Code",
                value: json!("CHF"),
                says: "currency CHF was not found",
                next: "make it there",
            },
        ),
        (
            "guest",
            Expected {
                code: "CUSTOMER_MISSING",
                field: "CustomerNumber",
                value: Value::Null,
                says: "the setting collective_customer is empty",
                next: "tenon setting set collective_customer",
            },
        ),
        (
            "bad_article",
            Expected {
                code: "NOT_WRITABLE",
                field: "OrderRows[0].ArticleNumber",
                value: json!("KAFFE 500g (ny)"),
                says: "taken are A-Z",
                next: "Change the article number in the shop, or map it",
            },
        ),
        (
            "many_rows",
            Expected {
                code: "TOO_MANY_ITEMS",
                field: "OrderRows",
                value: json!(501),
                says: "501 items, at most 500",
                next: "split the order",
            },
        ),
        (
            "gift_card_sold",
            Expected {
                code: "SALE_NOT_HANDLED",
                field: "OrderRows",
                value: Value::Null,
                says: "GIFT_CARD",
                next: "cancel the task",
            },
        ),
    ]
}

/// The fault of the only task of an order, held against what is expected.
async fn failed(stage: &Stage, order: &str, expected: &Expected) -> String {
    let task = stage.task(order).await;
    let id = task["id"].as_str().unwrap().to_owned();
    let fault = &task["fault"];
    assert_eq!(task["state"], "failed", "{task:#}");
    let code = fault["code"].as_str().unwrap();
    assert!(code == expected.code || code.starts_with("fortnox:"), "{fault:#}");
    assert_eq!(fault["field"], expected.field, "{fault:#}");
    assert_eq!(fault["value"], expected.value, "{fault:#}");
    assert!(fault["message"].as_str().unwrap().contains(expected.says), "{fault:#}");
    assert!(fault["hint"].as_str().unwrap_or_default().contains(expected.next), "{fault:#}");
    let why = stage.tenon(&["task", "why", &id]);
    println!("{why}");
    for part in [expected.says, expected.next, "tenon task retry", "tenon task cancel"] {
        assert!(why.contains(part), "{part}: {why}");
    }
    id
}

/// The vendor's example as an open order without any address.
async fn without_address(stage: &Stage) -> String {
    let mut payload: Value = serde_json::from_str(VENDORS_ORDERS_CREATE).unwrap();
    payload["billing_address"] = Value::Null;
    payload["shipping_address"] = Value::Null;
    let body = json!({"payload": payload, "open": true});
    let kept = stage.control("POST", "/control/shop/example", body).await;
    kept["order"].as_str().unwrap().to_owned()
}

/// An operator's retry.
fn retry(stage: &Stage, task: &str, latest: bool) {
    let mut words = vec!["task", "retry", task];
    if latest {
        words.push("--latest");
    }
    stage.tenon(&words);
}

#[tokio::test]
async fn each_bad_order_ends_in_its_own_fault_and_completes_after_the_repair() {
    let mut stage = Stage::set().await;
    let project = stage.own_project();
    stage.serve();
    let mut good = vec![stage.order("card").await];
    let mut bad = Vec::new();
    for (kind, expected) in bad_kinds() {
        bad.push((kind, stage.order(kind).await, expected));
    }
    let homeless = without_address(&stage).await;
    good.push(stage.order("oss_finland").await);
    for (order, _) in good.iter().chain(bad.iter().map(|(_, order, _)| order)) {
        stage.tell("orders/create", order).await;
    }
    stage.tell("orders/create", &homeless).await;
    stage.quiet().await;
    for (order, name) in &good {
        assert_eq!(stage.task(order).await["state"], "done");
        let invoices = stage.documents("invoices", name).await;
        assert_eq!(invoices.len(), 1);
        assert_eq!(invoices[0]["Booked"], true, "{invoices:#?}");
    }
    let nowhere = Expected {
        code: "COUNTRY_MISSING",
        field: "",
        value: Value::Null,
        says: "neither a delivery nor an invoice address",
        next: "tenon setting set shop_country",
    };
    let mut tasks = Vec::new();
    for (kind, (order, name), expected) in &bad {
        tasks.push((*kind, failed(&stage, order, expected).await, name.clone()));
        assert!(stage.documents("orders", name).await.is_empty(), "{kind}: nothing was sent");
    }
    let of = |kind: &str| tasks.iter().find(|(k, _, _)| *k == kind).unwrap().1.clone();
    let homeless_task = child_or_own_fault(&stage, &homeless, &nowhere).await;

    // The repairs, as an operator makes them.
    let swish = ["gateway=swish", "at=capture", "terms=0", "mode=BG", "send=mark_sent"];
    stage.tenon(&[&["table", "set", "payment_methods"][..], &swish].concat());
    retry(&stage, &of("unknown_payment"), false);
    stage.state(&of("unknown_payment"), "done").await;
    let rate = ["country=SE", "buyer=domestic", "rate=13", "account=3004", "shipping=3523"];
    stage.tenon(&[&["table", "set", "sales_accounts"][..], &rate].concat());
    retry(&stage, &of("unknown_rate"), false);
    stage.state(&of("unknown_rate"), "done").await;
    let franc = json!({"Code": "CHF", "Description": "Schweizerfranc", "SellRate": 11.8, "BuyRate": 11.8, "Unit": 1});
    stage.in_ledger("POST", "/3/currencies", json!({"Currency": franc})).await;
    retry(&stage, &of("unknown_currency"), false);
    stage.state(&of("unknown_currency"), "done").await;
    stage.collective_customer().await;
    retry(&stage, &of("guest"), false);
    stage.state(&of("guest"), "done").await;
    stage.tenon(&["setting", "set", "shop_country", "US"]);
    retry(&stage, &homeless_task, false);
    // With that repaired, the next thing shows: the ledger does not know the articles.
    let task = stage
        .until("the fault of the articles", async || {
            let task = stage.task(&homeless).await;
            (task["fault"]["field"] == "ArticleNumber").then_some(task)
        })
        .await;
    let fault = &task["fault"];
    assert_eq!((&task["state"], &fault["field"]), (&json!("failed"), &json!("ArticleNumber")));
    assert!(fault["value"].to_string().contains("SKU2006-001"), "{fault:#}");
    assert!(fault["hint"].as_str().unwrap().contains("Create the article"), "{fault:#}");
    articles(&stage).await;
    let task = task["id"].as_str().unwrap().to_owned();
    retry(&stage, &task, false);
    stage.state(&task, "done").await;
    for kind in ["many_rows", "gift_card_sold"] {
        stage.tenon(&["task", "cancel", &of(kind), "--why", "entered by hand"]);
        let ended = stage.api(&format!("/tasks/{}", of(kind))).await;
        assert_eq!(ended["state"], "cancelled", "{ended:#}");
    }

    // The mapping gives the article a number that the ledger takes; the old graph stays as it is.
    retry(&stage, &of("bad_article"), false);
    stage.quiet().await;
    assert_eq!(stage.state(&of("bad_article"), "failed").await["fault"]["code"], "NOT_WRITABLE");
    let article = "match sale.lineItem.sku { \"KAFFE 500g (ny)\" => \"BONOR-250\", other => other } // settings.default_article";
    replace(
        &project.join("order.map.yaml"),
        " then sale.lineItem.sku // settings.default_article",
        &format!(" then {article}"),
    );
    stage.kill();
    stage.serve();
    retry(&stage, &of("bad_article"), false);
    stage.quiet().await;
    assert_eq!(stage.state(&of("bad_article"), "failed").await["fault"]["code"], "NOT_WRITABLE");
    retry(&stage, &of("bad_article"), true);
    stage.state(&of("bad_article"), "done").await;

    for (kind, _, name) in &tasks {
        let wanted = usize::from(!matches!(*kind, "many_rows" | "gift_card_sold"));
        for resource in ["orders", "invoices"] {
            let found = stage.documents(resource, name).await;
            assert_eq!(found.len(), wanted, "{kind}: {found:#?}");
        }
    }
    let books = stage.control("GET", "/control/books", Value::Null).await;
    let found = ["duplicates", "lost", "unwanted"].map(|name| &books[name]);
    assert_eq!(found, [0, 0, 0], "{books:#}");
}

/// A fault that a child met may stand on the child; the parent says which one.
async fn child_or_own_fault(stage: &Stage, order: &str, expected: &Expected) -> String {
    let parent = stage.task(order).await;
    assert_eq!(parent["state"], "failed", "{parent:#}");
    assert!(parent["fault"]["message"].as_str().unwrap().contains(expected.says), "{parent:#}");
    assert!(parent["fault"]["hint"].as_str().unwrap().contains(expected.next), "{parent:#}");
    let children = stage.tasks("customer", order).await;
    match children.first() {
        Some(child) if child["state"] == "failed" => {
            assert_eq!(child["fault"]["code"], expected.code, "{child:#}");
            assert!(child["fault"]["field"].is_string(), "{child:#}");
            child["id"].as_str().unwrap().to_owned()
        }
        _ => {
            assert_eq!(parent["fault"]["code"], expected.code, "{parent:#}");
            parent["id"].as_str().unwrap().to_owned()
        }
    }
}

#[tokio::test]
async fn an_order_changed_after_booking_is_named_and_ends_by_a_changed_flow_or_a_cancel() {
    let mut stage = Stage::set().await;
    let project = stage.own_project();
    stage.serve();
    let mut changed = Vec::new();
    for _ in 0..2 {
        let (order, name) = stage.order("card").await;
        stage.tell("orders/create", &order).await;
        stage.quiet().await;
        assert_eq!(stage.documents("invoices", &name).await[0]["Booked"], true);
        let path = format!("/control/shop/orders/{}/street", name.replace('#', "%23"));
        stage.control("POST", &path, json!({"text": "Nya gatan 7"})).await;
        stage.tell("orders/updated", &order).await;
        stage.quiet().await;
        let tasks = stage.tasks("order", &order).await;
        let failed = tasks.iter().find(|task| task["state"] == "failed");
        let task = failed.unwrap_or_else(|| panic!("{tasks:#?}")).clone();
        let fault = &task["fault"];
        assert_eq!(fault["code"], "LOCKED_DIFFERS", "{fault:#}");
        assert!(fault["message"].as_str().unwrap().contains("is locked"), "{fault:#}");
        assert!(fault["field"].as_str().unwrap().contains("Address1"), "{fault:#}");
        assert!(fault["value"].to_string().contains("Nya gatan 7"), "{fault:#}");
        assert!(fault["hint"].as_str().unwrap().contains("cancel the task"), "{fault:#}");
        changed.push((task["id"].as_str().unwrap().to_owned(), name));
    }
    let [(first, _), (second, _)] = &changed[..] else { panic!("two") };
    stage.tenon(&["task", "cancel", first, "--why", "the invoice was sent already"]);
    assert_eq!(stage.api(&format!("/tasks/{first}")).await["state"], "cancelled");
    replace(&project.join("order.flow.yaml"), "when_locked: issue", "when_locked: keep");
    stage.kill();
    stage.serve();
    retry(&stage, second, true);
    stage.state(second, "done").await;
    for (_, name) in &changed {
        for resource in ["orders", "invoices"] {
            assert_eq!(stage.documents(resource, name).await.len(), 1, "{name}");
        }
    }
}

#[tokio::test]
async fn a_buyer_who_may_be_two_people_waits_for_a_person_and_a_reference_settles_it() {
    let mut stage = Stage::set().await;
    stage.own_project();
    for number in ["901", "902"] {
        let email = "asa.lindqvist@example.com";
        let card =
            json!({"CustomerNumber": number, "Name": "Åsa L", "Email": email, "Type": "PRIVATE"});
        stage.in_ledger("POST", "/3/customers", json!({"Customer": card})).await;
    }
    stage.serve();
    let (order, name) = stage.order("card").await;
    stage.tell("orders/create", &order).await;
    let child = stage
        .until("the question", async || {
            let children = stage.tasks("customer", &order).await;
            children.into_iter().find(|child| child["state"] == "needs_person")
        })
        .await;
    let id = child["id"].as_str().unwrap();
    let parent = stage.task(&order).await["id"].as_str().unwrap().to_owned();
    let why = stage.tenon(&["task", "why", &parent]);
    println!("{why}");
    for part in ["901", "902", "tenon task link", "tenon task create-new"] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let buyer = "gid://shopify/Customer/7008369000000";
    stage.tenon(&["reference", "add", "customer", buyer, "902"]);
    retry(&stage, id, false);
    stage.state(&parent, "done").await;
    let orders = stage.documents("orders", &name).await;
    assert_eq!(orders[0]["CustomerNumber"], "902", "{orders:#?}");
}

#[tokio::test]
async fn a_wrong_project_is_refused_with_every_finding_in_one_pass() {
    let mut stage = Stage::set().await;
    let project = stage.own_project();
    let map = project.join("order.map.yaml");
    replace(&map, "bill_to.city", "bill_to.citty");
    replace(&map, "  YourOrderNumber:", "  YourOrderNumbr:");
    replace(&project.join("order.flow.yaml"), "order.cancelledAt", "order.canceledAt");
    let folder = project.display().to_string();
    let out = crate::program::run(&["check", &folder, "--format", "json"]);
    let text = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(1), "{text}");
    let findings: Vec<Value> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for (wrong, near) in
        [("citty", "city"), ("YourOrderNumbr", "YourOrderNumber"), ("canceledAt", "cancelledAt")]
    {
        let finding = findings.iter().find(|finding| finding.to_string().contains(wrong));
        let finding = finding.unwrap_or_else(|| panic!("{wrong}: {text}"));
        assert!(finding["code"].is_string(), "{finding:#}");
        assert!(finding.to_string().contains(near), "{finding:#}");
    }
    let serve = stage.run(&["serve", "--listen", "127.0.0.1:0"], "");
    assert_eq!(serve.code, 1, "{serve:?}");
    for wrong in ["citty", "YourOrderNumbr", "canceledAt"] {
        assert!(serve.text.contains(wrong), "{wrong}: {}", serve.text);
    }
}
